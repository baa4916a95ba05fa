// Phases 6 and 7: die, divide, become and leave compete. Each agent has a chain of exponential waiting times within the
// step, drawn from her own key; all events of the step happen in the order of (time within the step, key).
#include <algorithm>
#include <queue>

#include "base/key.hpp"
#include "base/math.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {

class Engine::Queue : public std::priority_queue<Fate, std::vector<Fate>, std::greater<>> {
 public:
  explicit Queue(std::vector<Fate> fates) : priority_queue(std::greater<>(), std::move(fates)) {}
};

// The rates of an agent's fates as she is now, the maps and fields being frozen: for those whose type has changed, and
// for the newborn.
std::uint32_t Engine::rates_now(const process::Context& here, std::uint32_t slot) {
  const auto row = static_cast<std::uint32_t>(rows_.size() / fate_stride_);
  const auto code = agents_.type[slot];
  const auto& plan = plans_[code - 1U];
  for (const int k : plan.fates) {
    const auto& behaviour =
        here.behaviour(specification_.types[code - 1U], plan.columns[static_cast<std::size_t>(k)].behaviour);
    rows_.push_back(behaviour.deferred ? behaviour.base : here.evaluate(slot, behaviour));
  }
  rows_.resize((row + 1) * fate_stride_, 0.0F);
  return row;
}

// The next event of an agent after `from`, if it falls into this step: one draw for the time, one for the choice.
bool Engine::next_fate(std::uint32_t slot, std::uint32_t row, double from, std::uint32_t number, Fate& fate) const {
  const auto code = agents_.type[slot];
  const auto& type = specification_.types[code - 1U];
  const float* rates = rows_.data() + row * fate_stride_;
  const std::size_t staying = type.die.size() + type.divide.size() + type.become.size();
  const std::size_t kinds = staying + (!type.leave.empty() && near_vessel_[agents_.voxel[slot]] != 0 ? 1 : 0);
  double total = 0.0;
  for (std::size_t k = 0; k < kinds; ++k) total += static_cast<double>(rates[k]);
  if (total <= 0.0) return false;
  const auto words =
      base::draw(seed_, agents_.key[slot], static_cast<std::uint32_t>(step_), base::Purpose::fate, number);
  const double u = base::uniform(words[0]);
  if (u <= 1.0 - total * (specification_.dt - from)) return false;  // since exp(-x) >= 1 - x
  const double time = from - base::log(u) / total;
  if (time >= specification_.dt) return false;
  double choice = base::uniform(words[1]) * total;
  std::size_t chosen = 0;
  for (std::size_t k = 0; k < kinds; ++k) {
    if (rates[k] <= 0.0F) continue;
    chosen = k;
    choice -= static_cast<double>(rates[k]);
    if (choice <= 0.0) break;
  }
  auto kind = Fate::Kind::die;
  std::size_t which = chosen;
  for (const auto& [next, before] :
       {std::pair{Fate::Kind::divide, type.die.size()},
        std::pair{Fate::Kind::become, type.die.size() + type.divide.size()}, std::pair{Fate::Kind::leave, staying}})
    if (chosen >= before) {
      kind = next;
      which = chosen - before;
    }
  fate = {time, agents_.key[slot], slot, number, words[2], row, code, kind, static_cast<std::uint16_t>(which)};
  return true;
}

void Engine::fates() {
  auto here = context();
  std::vector<Fate> found;
  Fate fate{};
  rows_.clear();
  if (fate_stride_ > 0) {
    for (const auto& yield : yields_) {
      const auto first = static_cast<std::uint32_t>(rows_.size() / fate_stride_);
      rows_.insert(rows_.end(), yield.rows.begin(), yield.rows.end());
      for (std::uint32_t k = 0; k < yield.candidates.size(); ++k) {
        const auto& [slot, type] = yield.candidates[k];
        if (agents_.type[slot] == type && next_fate(slot, first + k, 0.0, 0, fate)) found.push_back(fate);
      }
    }
    if (killed_again_) {
      std::sort(remains_.begin(), remains_.end());
      remains_.erase(std::unique(remains_.begin(), remains_.end()), remains_.end());
    }
    for (const auto slot : remains_)
      if (agents_.type[slot] != agent::gone && next_fate(slot, rates_now(here, slot), 0.0, 0, fate))
        found.push_back(fate);
  }
  remains_.clear();
  Queue queue(std::move(found));
  recruits(queue);
  while (!queue.empty()) {
    fate = queue.top();
    queue.pop();
    apply(fate, queue);
  }
}

// The agent lives on: her next event, from the time of this one.
void Engine::go_on(const Fate& fate, Queue& queue) {
  const auto row = agents_.type[fate.slot] == fate.type ? fate.row : rates_now(context(), fate.slot);
  Fate next{};
  if (next_fate(fate.slot, row, fate.time, fate.number + 1, next)) queue.push(next);
}

void Engine::apply(const Fate& fate, Queue& queue) {
  const double when = day() + fate.time;
  if (fate.kind == Fate::Kind::recruit) return enter(fate);
  if (agents_.type[fate.slot] == agent::gone) return;  // pushed out of an open edge earlier in this step
  const auto code = agents_.type[fate.slot];
  const auto& type = specification_.types[code - 1U];
  switch (fate.kind) {
    case Fate::Kind::die: {
      const auto& die = type.die[fate.which];
      record(when, fate.slot, Happening::died, static_cast<std::size_t>(die.cause));
      tally_.add(Tally::first_cause + static_cast<std::size_t>(die.cause), code);
      if (die.into == agent::gone) return vanish(fate.slot);
      turn_into(fate.slot, die.into);
      tally_.add(Tally::remains, die.into);
      return go_on(fate, queue);
    }
    case Fate::Kind::become: {
      const auto into = type.become[fate.which].into;
      turn_into(fate.slot, into);
      tally_.add(Tally::became_out, code);
      tally_.add(Tally::became_in, into);
      record(when, fate.slot, Happening::became);
      return go_on(fate, queue);
    }
    case Fate::Kind::leave:
      record(when, fate.slot, Happening::left);
      tally_.add(Tally::left, code);
      return vanish(fate.slot);
    case Fate::Kind::divide:
      divide(fate, queue);
      return go_on(fate, queue);
    case Fate::Kind::recruit:
      return;
  }
}

// No room: it does not happen, the mother goes on as she would have.
void Engine::divide(const Fate& fate, Queue& queue) {
  auto here = context();
  const auto mother = fate.slot;
  const auto code = agents_.type[mother];
  const auto& type = specification_.types[code - 1U];
  const double when = day() + fate.time;
  std::int64_t place = agents_.voxel[mother];
  if (type.occupies == process::Occupies::small) {
    place = process::divide::room(here, place, type.cost, fate.word);
    if (place < 0) return;
  } else if (type.occupies == process::Occupies::solid) {
    const auto way = process::divide::way(here, mother, reach_[code - 1U], specification_.open_edges, fate.word);
    if (way.empty()) return;
    for (std::size_t k = way.size() - 1; k >= 2; --k) {  // from the far end: each cell moves one place on
      const auto pushed = occupancy_.solid(way[k - 1]);
      if (way[k] < 0) {
        record(when, pushed, Happening::moved_out);
        tally_.add(Tally::moved_out, agents_.type[pushed]);
        vanish(pushed);
      } else {
        occupancy_.take_solid(way[k - 1]);
        occupancy_.put_solid(way[k], pushed, agents_.type[pushed]);
        agents_.voxel[pushed] = static_cast<std::uint32_t>(way[k]);
      }
    }
    place = way[1];
  }

  agent::Agent daughter;
  daughter.key = base::mix(agents_.key[mother], ++agents_.births[mother]);
  daughter.parent = agents_.id[mother];
  daughter.type = process::divide::daughter(type.divide.front(), code, seed_, daughter.key);
  daughter.born = static_cast<std::uint32_t>(step_) + 1;
  for (std::size_t k = 0; k < type.traits.size(); ++k) {
    auto& own = agents_.trait[k][mother];
    if (type.traits[k].inheritance == process::Inheritance::halve) own *= 0.5F;
    if (type.traits[k].inheritance == process::Inheritance::reset) own = static_cast<float>(type.traits[k].base);
    daughter.traits[k] = own;
  }
  tally_.add(Tally::born, daughter.type);
  if (place < 0) {  // born beyond an open edge
    tally_.add(Tally::moved_out, daughter.type);
    if (lineage_) {
      events_.push_back({when, next_id_, daughter.parent, daughter.type, Happening::born, 0});
      events_.push_back({when, next_id_, daughter.parent, daughter.type, Happening::moved_out, 0});
    }
    ++next_id_;
    return;
  }
  daughter.voxel = static_cast<std::uint32_t>(place);
  const auto slot = add(daughter);
  record(when, slot, Happening::born);
  Fate next{};
  if (next_fate(slot, rates_now(context(), slot), fate.time, 0, next)) queue.push(next);
}

// The flux from blood adds to the transit account; whenever it holds a whole cell, one is due.
void Engine::recruits(Queue& queue) {
  for (std::size_t t = 0; t < specification_.types.size(); ++t) {
    const auto& type = specification_.types[t];
    if (type.recruit.empty() || vessels_.empty()) continue;
    const auto& spec = type.recruit.front();
    const double flux = body_[static_cast<std::size_t>(spec.blood)] * spec.clearance;  // cells per day
    const double before = transit_[t];
    transit_[t] += flux * specification_.dt;
    for (std::uint64_t due = 1; due <= static_cast<std::uint64_t>(transit_[t]); ++due) {
      const double time = static_cast<double>(due) <= before ? 0.0 : (static_cast<double>(due) - before) / flux;
      const auto key =
          base::mix(base::mix(static_cast<std::uint64_t>(base::Purpose::recruit), type.label), serial_[t]++);
      queue.push({std::min(time, specification_.dt), key, static_cast<std::uint32_t>(t), 0, 0, 0, agent::gone,
                  Fate::Kind::recruit, 0});
    }
  }
}

// A recruited cell takes its place at a vessel, or waits in transit for the next step.
void Engine::enter(const Fate& fate) {
  const auto t = static_cast<std::size_t>(fate.slot);
  const auto& type = specification_.types[t];
  const auto here = context();
  const auto place = process::recruit::entry(here, type, vessels_, fate.key);
  if (place < 0) return;
  agent::Agent agent;
  agent.key = fate.key;
  agent.voxel = static_cast<std::uint32_t>(place);
  agent.type = static_cast<std::uint8_t>(t + 1);
  agent.born = static_cast<std::uint32_t>(step_) + 1;
  agent.traits = drawn_traits(type, fate.key);
  const auto slot = add(agent);
  transit_[t] -= 1.0;
  tally_.add(Tally::recruited, agent.type);
  record(day() + fate.time, slot, Happening::recruited);
}

Engine::FateRates Engine::fate_rates(std::span<const double> body) {
  std::copy(body.begin(), body.end(), body_.begin());
  map_contacts();
  const auto here = context();
  const auto types = specification_.types.size();
  FateRates rates{std::vector<double>(types), std::vector<double>(types), std::vector<double>(types),
                  std::vector<double>(types), std::vector<double>(types)};
  Block block;
  ByType by_type(types);
  const auto agents = static_cast<std::int64_t>(agents_.size());
  for (std::int64_t from = 0; from < agents; from += Block::most)
    by_type.each(agents_, from, std::min(agents, from + Block::most),
                 [&](std::uint8_t code, std::span<const std::uint32_t> slots) {
                   const std::size_t t = code - 1U;
                   const auto& type = specification_.types[t];
                   block.evaluate(here, plans_[t], code, slots);
                   auto column = plans_[t].fates.begin();
                   const auto sum = [&](auto&& counts) {
                     const float* values = block.column(*column++);
                     double total = 0.0;
                     for (std::size_t i = 0; i < slots.size(); ++i)
                       if (counts(slots[i])) total += static_cast<double>(values[i]);
                     return total;
                   };
                   const auto all = [](std::uint32_t) { return true; };
                   for (std::size_t k = 0; k < type.die.size(); ++k) rates.dies[t] += sum(all);
                   for (const auto& divide : type.divide) {
                     const double total = sum(all);
                     const double unlike = divide.into == agent::gone ? 0.0 : divide.fraction * total;
                     rates.divides[t] += total - unlike;
                     if (unlike > 0.0) rates.arrives[divide.into - 1U] += unlike;
                   }
                   for (const auto& become : type.become) {
                     const double out = sum(all);
                     rates.becomes_other[t] += out;
                     rates.arrives[become.into - 1U] += out;
                   }
                   if (!type.leave.empty())
                     rates.leaves[t] += sum([&](std::uint32_t slot) { return near_vessel_[agents_.voxel[slot]] != 0; });
                 });
  return rates;
}

}  // namespace qsp::engine

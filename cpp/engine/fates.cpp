// Phases 6 and 7: die, divide, become and leave compete. Each agent has a chain of exponential waiting times within the
// step, drawn from her own key; all events of the step happen in the order of (time within the step, key).
#include <algorithm>
#include <queue>

#include "base/key.hpp"
#include "base/math.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {

class Engine::Queue : public std::priority_queue<Fate, std::vector<Fate>, std::greater<>> {};

double Engine::rate(const process::Context& here, std::uint32_t slot, int behaviour) const {
  return static_cast<double>(here.value(slot, behaviour));
}

// The next event of an agent after `from`, if it falls into this step: one draw for the time, one for the choice.
bool Engine::next_fate(const process::Context& here, std::uint32_t slot, double from, std::uint32_t number,
                       Fate& fate) const {
  const auto& type = here.type_of(slot);
  double total = 0.0;
  const auto each = [&](auto&& visit) {
    for (std::size_t k = 0; k < type.die.size(); ++k) visit(Fate::Kind::die, k, rate(here, slot, type.die[k].rate));
    for (std::size_t k = 0; k < type.divide.size(); ++k)
      visit(Fate::Kind::divide, k, rate(here, slot, type.divide[k].rate));
    for (std::size_t k = 0; k < type.become.size(); ++k)
      visit(Fate::Kind::become, k, rate(here, slot, type.become[k].rate));
    if (!type.leave.empty() && near_vessel_[agents_.voxel[slot]] != 0)
      visit(Fate::Kind::leave, std::size_t{0}, rate(here, slot, type.leave.front().rate));
  };
  each([&](Fate::Kind, std::size_t, double one) { total += one; });
  if (total <= 0.0) return false;
  const auto words = here.draw(slot, base::Purpose::fate, number);
  const double u = base::uniform(words[0]);
  const double left = specification_.dt - from;
  if (u <= 1.0 - total * left) return false;  // since exp(-x) >= 1 - x: no logarithm for the many who live on
  const double time = from - base::log(u) / total;
  if (time >= specification_.dt) return false;
  fate = {time, agents_.key[slot], slot, number, words[2], Fate::Kind::die, 0};
  double choice = base::uniform(words[1]) * total;
  bool chosen = false;
  each([&](Fate::Kind kind, std::size_t which, double one) {
    if (chosen || one <= 0.0) return;
    fate.kind = kind;
    fate.which = static_cast<std::uint16_t>(which);
    choice -= one;
    chosen = choice <= 0.0;
  });
  return true;
}

void Engine::fates() {
  auto here = context();
  const auto chunks = (static_cast<std::int64_t>(agents_.size()) + chunk - 1) / chunk;
  std::vector<std::vector<Fate>> found(static_cast<std::size_t>(chunks));
  each_chunk([&](std::int64_t first, std::int64_t last) {
    auto& list = found[static_cast<std::size_t>(first / chunk)];
    Fate fate{};
    for (auto s = first; s < last; ++s) {
      const auto slot = static_cast<std::uint32_t>(s);
      if (agents_.type[slot] == agent::gone) continue;
      if (agents_.type[slot] != evaluated_as_[slot])
        evaluate(here, slot);  // killed a moment ago: the remains have rates of their own
      if (next_fate(here, slot, 0.0, 0, fate)) list.push_back(fate);
    }
  });
  Queue queue;
  for (const auto& list : found)
    for (const auto& fate : list) queue.push(fate);
  recruits(queue);
  while (!queue.empty()) {
    const auto fate = queue.top();
    queue.pop();
    apply(fate, queue);
  }
}

// The agent lives on: her next event, from the time of this one.
void Engine::go_on(const Fate& fate, Queue& queue) {
  auto here = context();
  if (evaluated_as_[fate.slot] != agents_.type[fate.slot]) evaluate(here, fate.slot);
  Fate next{};
  if (next_fate(here, fate.slot, fate.time, fate.number + 1, next)) queue.push(next);
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
        occupancy_.put_solid(way[k], pushed);
        agents_.voxel[pushed] = static_cast<std::uint32_t>(way[k]);
      }
    }
    place = way[1];
  }

  agent::Agent daughter;
  daughter.key = base::mix(agents_.key[mother], ++agents_.births[mother]);
  daughter.parent = agents_.id[mother];
  daughter.type = code;
  daughter.born = static_cast<std::uint32_t>(step_) + 1;
  for (std::size_t k = 0; k < type.traits.size(); ++k) {
    auto& own = agents_.trait[k][mother];
    if (type.traits[k].inheritance == process::Inheritance::halve) own *= 0.5F;
    if (type.traits[k].inheritance == process::Inheritance::reset) own = static_cast<float>(type.traits[k].base);
    daughter.traits[k] = own;
  }
  tally_.add(Tally::born, code);
  if (place < 0) {  // born beyond an open edge
    tally_.add(Tally::moved_out, code);
    events_.push_back({when, next_id_, daughter.parent, code, Happening::born, 0});
    events_.push_back({when, next_id_++, daughter.parent, code, Happening::moved_out, 0});
    return;
  }
  daughter.voxel = static_cast<std::uint32_t>(place);
  const auto slot = add(daughter);
  record(when, slot, Happening::born);
  values_.resize(agents_.size() * stride_);
  evaluated_as_.push_back(agent::gone);
  auto after = context();
  evaluate(after, slot);
  Fate next{};
  if (next_fate(after, slot, fate.time, 0, next)) queue.push(next);
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
      queue.push({std::min(time, specification_.dt), key, static_cast<std::uint32_t>(t), 0, 0, Fate::Kind::recruit, 0});
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
  values_.resize(agents_.size() * stride_);  // she acts from the next step on
  evaluated_as_.push_back(agent::gone);
}

Engine::FateRates Engine::fate_rates(std::span<const double> body) {
  std::copy(body.begin(), body.end(), body_.begin());
  map_contacts();
  evaluate_all();
  const auto here = context();
  const auto types = specification_.types.size();
  FateRates rates{std::vector<double>(types), std::vector<double>(types), std::vector<double>(types),
                  std::vector<double>(types), std::vector<double>(types)};
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) {
    const auto& type = here.type_of(slot);
    const auto t = static_cast<std::size_t>(agents_.type[slot] - 1U);
    for (const auto& die : type.die) rates.dies[t] += rate(here, slot, die.rate);
    for (const auto& divide : type.divide) rates.divides[t] += rate(here, slot, divide.rate);
    for (const auto& become : type.become) {
      rates.becomes_other[t] += rate(here, slot, become.rate);
      rates.arrives[become.into - 1U] += rate(here, slot, become.rate);
    }
    if (!type.leave.empty() && near_vessel_[agents_.voxel[slot]] != 0)
      rates.leaves[t] += rate(here, slot, type.leave.front().rate);
  }
  return rates;
}

}  // namespace qsp::engine

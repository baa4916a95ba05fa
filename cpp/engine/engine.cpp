#include "engine/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/errors.hpp"
#include "base/key.hpp"
#include "base/math.hpp"

namespace qsp::engine {
namespace {

// The number of motile sub-steps: the largest hop probability that any rule allows stays at or below one.
int needed_sub_steps(const process::Specification& specification, const lattice::Geometry& geometry,
                     const lattice::Neighbourhood& neighbourhood) {
  constexpr int most = 10000;
  int needed = 1;
  for (const auto& type : specification.types)
    for (const auto& move : type.move) {
      const auto& motility = specification.behaviours[static_cast<std::size_t>(type.first_behaviour + move.motility)];
      const double largest = static_cast<double>(motility.largest());
      while (process::move::hop(largest, process::move::pace(move.persistence, specification.dt / needed, geometry,
                                                             neighbourhood)) > 1.0)
        if (++needed > most)
          throw base::ModelError(type.name + ": move.motility needs more than " + std::to_string(most) +
                                 " sub-steps per step; allowed: a smaller motility, a shorter dt or wider voxels");
    }
  return needed;
}

}  // namespace

Engine::Engine(const lattice::Geometry& geometry, process::Specification specification,
               const std::vector<field::Description>& fields, std::vector<VesselExchange> exchanges,
               std::vector<std::int64_t> vessels, std::uint64_t seed, int threads)
    : geometry_(geometry),
      neighbourhood_(geometry),
      specification_(std::move(specification)),
      seed_(seed),
      threads_(std::make_unique<base::Threads>(threads)),
      vessels_(std::move(vessels)),
      near_vessel_(static_cast<std::size_t>(geometry.size()), 0),
      exchanges_(std::move(exchanges)),
      occupancy_(geometry.size()),
      reports_(fields.size()),
      field_ledgers_(fields.size()),
      transit_(specification_.types.size(), 0.0),
      serial_(specification_.types.size(), 0),
      tally_(specification_.types.size(), specification_.causes),
      body_(static_cast<std::size_t>(specification_.body_signals), 0.0),
      contacts_(specification_.contacts.size(),
                std::vector<std::uint8_t>(static_cast<std::size_t>(geometry.size()), 0)) {
  for (const auto& description : fields)
    fields_.emplace_back(geometry_, description, fields_.empty() ? nullptr : fields_.front().workspace());
  for (const auto vessel : vessels_) {
    near_vessel_[static_cast<std::size_t>(vessel)] = 1;
    neighbourhood_.each(vessel, [&](std::int64_t near, int) { near_vessel_[static_cast<std::size_t>(near)] = 1; });
  }
  for (const auto& type : specification_.types) {
    stride_ = std::max(stride_, static_cast<std::size_t>(type.behaviours));
    reach_.emplace_back(geometry_, type.divide.empty() ? 1 : type.divide.front().push);
  }
  sub_steps_ = needed_sub_steps(specification_, geometry_, neighbourhood_);
  for (auto& type : specification_.types)
    for (auto& move : type.move)
      move.pace = process::move::pace(move.persistence, specification_.dt / sub_steps_, geometry_, neighbourhood_);
}

process::Context Engine::context() {
  return {specification_, geometry_, neighbourhood_, occupancy_, agents_, fields_,
          body_,          contacts_, values_,        stride_,    seed_,   static_cast<std::uint32_t>(step_)};
}

void Engine::each_chunk(const std::function<void(std::int64_t, std::int64_t)>& body) {
  const auto agents = static_cast<std::int64_t>(agents_.size());
  threads_->each((agents + chunk - 1) / chunk,
                 [&](std::int64_t item) { body(item * chunk, std::min(agents, (item + 1) * chunk)); });
}

std::array<float, agent::trait_slots> Engine::drawn_traits(const process::TypeSpec& type, std::uint64_t key) const {
  std::array<float, agent::trait_slots> traits{};
  for (std::size_t slot = 0; slot < type.traits.size(); ++slot) {
    const auto& trait = type.traits[slot];
    double value = trait.value;
    if (trait.law == process::Law::lognormal) {
      const auto words = base::draw(seed_, key, 0, base::Purpose::trait, static_cast<std::uint32_t>(slot));
      value *= base::exp(trait.sigma * base::normal_quantile(base::uniform(words[0])));
    }
    traits[slot] = static_cast<float>(value);
  }
  return traits;
}

std::uint32_t Engine::add(const agent::Agent& agent) {
  if (next_id_ == 0) throw base::SolverError("more than 4294967295 cells have existed in this simulation");
  auto numbered = agent;
  numbered.id = next_id_++;
  const auto slot = agents_.append(numbered);
  occupy(slot);
  return slot;
}

bool Engine::fits(const process::TypeSpec& type, std::int64_t voxel) const {
  if (voxel < 0 || voxel >= geometry_.size()) return false;
  if (type.occupies == process::Occupies::solid) return occupancy_.room_for_solid(voxel);
  return type.occupies == process::Occupies::none || occupancy_.room_for_small(voxel, type.cost);
}

void Engine::occupy(std::uint32_t slot) {
  const auto& type = specification_.types[agents_.type[slot] - 1U];
  if (type.occupies == process::Occupies::solid) occupancy_.put_solid(agents_.voxel[slot], slot);
  if (type.occupies == process::Occupies::small) occupancy_.put_small(agents_.voxel[slot], type.cost);
}

void Engine::vanish(std::uint32_t slot) {
  const auto& type = specification_.types[agents_.type[slot] - 1U];
  if (type.occupies == process::Occupies::solid) occupancy_.take_solid(agents_.voxel[slot]);
  if (type.occupies == process::Occupies::small) occupancy_.take_small(agents_.voxel[slot], type.cost);
  agents_.type[slot] = agent::gone;
}

void Engine::turn_into(std::uint32_t slot,
                       std::uint8_t type) {  // types of a group take the same room: the compiler sees to it
  agents_.type[slot] = type;
  agents_.hits[slot] = 0;
  agents_.target[slot] = 0;
}

void Engine::record(double day, std::uint32_t slot, Happening what, std::size_t cause) {
  events_.push_back(
      {day, agents_.id[slot], agents_.parent[slot], agents_.type[slot], what, static_cast<std::uint8_t>(cause)});
}

void Engine::place(std::span<const std::uint8_t> types, std::span<const std::int64_t> voxels,
                   std::span<const std::uint64_t> keys) {
  for (std::size_t k = 0; k < types.size(); ++k) {
    const auto& type = specification_.types.at(types[k] - 1U);
    if (!fits(type, voxels[k]))
      throw base::ModelError("start: no room for a cell of type '" + type.name + "' in voxel " +
                             std::to_string(voxels[k]));
    agent::Agent agent;
    agent.key = keys[k];
    agent.voxel = static_cast<std::uint32_t>(voxels[k]);
    agent.type = types[k];
    agent.traits = drawn_traits(type, keys[k]);
    const auto slot = add(agent);
    tally_.add(Tally::started, types[k]);
    record(day(), slot, Happening::started);
  }
}

std::int64_t Engine::give(std::uint8_t code, std::span<const std::int64_t> voxels) {
  const auto& type = specification_.types.at(code - 1U);
  std::int64_t found = 0;
  for (const auto voxel : voxels) {
    if (!fits(type, voxel)) continue;
    agent::Agent agent;
    agent.key =
        base::mix(base::mix(static_cast<std::uint64_t>(base::Purpose::given), type.label), serial_[code - 1U]++);
    agent.voxel = static_cast<std::uint32_t>(voxel);
    agent.type = code;
    agent.born = static_cast<std::uint32_t>(step_);
    agent.traits = drawn_traits(type, agent.key);
    const auto slot = add(agent);
    tally_.add(Tally::given, code);
    record(day(), slot, Happening::given);
    ++found;
  }
  return found;
}

void Engine::remove(std::span<const std::uint32_t> ids) {
  std::vector<std::uint32_t> slots;  // all of them, before anything changes
  for (const auto id : ids) slots.push_back(slot_of(id, "remove"));
  for (const auto slot : slots) {
    if (agents_.type[slot] == agent::gone) continue;  // named twice
    record(day(), slot, Happening::removed);
    tally_.add(Tally::removed, agents_.type[slot]);
    vanish(slot);
  }
  agents_.compact();
  rebuild_occupancy();
}

void Engine::set_trait(std::span<const std::uint32_t> ids, int trait, std::span<const float> values) {
  std::vector<std::uint32_t> slots;
  for (const auto id : ids) slots.push_back(slot_of(id, "set_trait"));
  auto& column = agents_.trait.at(static_cast<std::size_t>(trait));
  for (std::size_t k = 0; k < slots.size(); ++k) column[slots[k]] = values[k];
}

std::uint32_t Engine::slot_of(std::uint32_t id, const std::string& who) const {
  const auto found = std::lower_bound(agents_.id.begin(), agents_.id.end(), id);
  if (found == agents_.id.end() || *found != id)
    throw base::ModelError(who + ": no cell has the id " + std::to_string(id));
  return static_cast<std::uint32_t>(found - agents_.id.begin());
}

void Engine::set_clearance(std::uint8_t type, double clearance) {
  for (auto& recruit : specification_.types.at(type - 1U).recruit) recruit.clearance = clearance;
}

void Engine::rebuild_occupancy() {
  occupancy_ = lattice::Occupancy(geometry_.size());
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) occupy(slot);
}

std::vector<std::int64_t> Engine::counts() const {
  std::vector<std::int64_t> counts(specification_.types.size(), 0);
  for (const auto type : agents_.type)
    if (type != agent::gone) ++counts[type - 1U];
  return counts;
}

void Engine::run(std::int64_t steps, std::span<const double> body) {
  const auto width = body_.size();
  if (body.size() != width * static_cast<std::size_t>(steps))
    throw std::invalid_argument("run: body has the wrong size");
  for (std::int64_t k = 0; k < steps; ++k) {
    std::copy_n(body.begin() + static_cast<std::ptrdiff_t>(width * static_cast<std::size_t>(k)), width, body_.begin());
    step();
  }
}

void Engine::step() {
  map_contacts();
  deposit();
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    reports_[f] = fields_[f].step(specification_.dt, *threads_);
    auto& sum = field_ledgers_[f];
    const auto& part = reports_[f].ledger;
    sum.produced += part.produced;
    sum.decayed += part.decayed;
    sum.taken_up += part.taken_up;
    sum.exchanged += part.exchanged;
    sum.boundary += part.boundary;
    sum.change += part.change;
    sum.residual += part.residual;
  }
  evaluate_all();
  for (int k = 0; k < sub_steps_; ++k) motile_sub_step(static_cast<std::uint32_t>(k));
  relax_traits();
  fates();
  const auto before = agents_.size();
  agents_.compact();
  if (agents_.size() != before) rebuild_occupancy();
  ++step_;
#ifdef QSP_CHECKS
  check();
#endif
}

void Engine::check() const {
  lattice::Occupancy expected(geometry_.size());
  std::vector<std::int64_t> solids(static_cast<std::size_t>(geometry_.size()), 0);
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) {
    const auto who = "agent " + std::to_string(agents_.id[slot]);
    if (agents_.type[slot] == agent::gone) throw std::logic_error(who + " is gone but still listed");
    if (slot > 0 && agents_.id[slot] <= agents_.id[slot - 1]) throw std::logic_error(who + " is out of order");
    const auto& type = specification_.types[agents_.type[slot] - 1U];
    const auto voxel = static_cast<std::int64_t>(agents_.voxel[slot]);
    if (type.occupies == process::Occupies::solid) {
      if (++solids[static_cast<std::size_t>(voxel)] > 1)
        throw std::logic_error(who + " shares a voxel with a solid cell");
      if (occupancy_.solid(voxel) != slot) throw std::logic_error(who + " is not where the lattice says");
      expected.put_solid(voxel, slot);
    } else if (type.occupies == process::Occupies::small) {
      expected.put_small(voxel, type.cost);
    }
  }
  for (std::int64_t voxel = 0; voxel < geometry_.size(); ++voxel) {
    const auto where = "voxel " + std::to_string(voxel);
    if (occupancy_.solid(voxel) != expected.solid(voxel) ||
        occupancy_.small_cells(voxel) != expected.small_cells(voxel) ||
        occupancy_.filled(voxel) != expected.filled(voxel))
      throw std::logic_error(where + ": the lattice and the agents disagree");
    if (expected.filled(voxel) > lattice::full_room || (expected.has_solid(voxel) && expected.small_cells(voxel) > 1))
      throw std::logic_error(where + " holds more than it can");
  }
  const auto present = counts();
  for (std::size_t type = 0; type < present.size(); ++type)
    if (present[type] != tally_.present(type))
      throw std::logic_error("type '" + specification_.types[type].name + "': " + std::to_string(present[type]) +
                             " cells, but the tally says " + std::to_string(tally_.present(type)));
}

Engine::State Engine::state() const {
  State state{step_, next_id_, transit_, serial_, tally_.counts(), {}};
  for (const auto& ledger : field_ledgers_)
    state.field_ledgers.insert(state.field_ledgers.end(),
                               {ledger.produced, ledger.decayed, ledger.taken_up, ledger.exchanged, ledger.boundary,
                                ledger.change, ledger.residual});
  return state;
}

void Engine::restore(const State& state, const std::vector<std::vector<float>>& fields) {
  step_ = state.step;
  next_id_ = state.next_id;
  transit_ = state.transit;
  serial_ = state.serial;
  tally_.restore(state.tally);
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    fields_[f].restore(fields[f]);
    const double* row = state.field_ledgers.data() + 7 * f;
    field_ledgers_[f] = {row[0], row[1], row[2], row[3], row[4], row[5], row[6]};
  }
  events_.clear();
  rebuild_occupancy();
}

}  // namespace qsp::engine

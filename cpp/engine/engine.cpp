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

int most_traits(const process::Specification& specification) {
  std::size_t most = 0;
  for (const auto& type : specification.types) most = std::max(most, type.traits.size());
  return static_cast<int>(most);
}

}  // namespace

Engine::Engine(const lattice::Geometry& geometry, process::Specification specification,
               const std::vector<field::Description>& fields, const std::vector<VesselExchange>& exchanges,
               std::vector<std::int64_t> vessels, std::uint64_t seed, const Settings& settings)
    : geometry_(geometry),
      neighbourhood_(geometry),
      specification_(std::move(specification)),
      seed_(seed),
      threads_(std::make_unique<base::Threads>(settings.threads)),
      instructions_(settings.instructions),
      lineage_(settings.lineage),
      vessels_(std::move(vessels)),
      near_vessel_(static_cast<std::size_t>(geometry.size()), 0),
      agents_(most_traits(specification_)),
      occupancy_(geometry.size()),
      reports_(fields.size()),
      field_ledgers_(fields.size()),
      transit_(specification_.types.size(), 0.0),
      serial_(specification_.types.size(), 0),
      tally_(specification_.types.size(), specification_.causes),
      body_(static_cast<std::size_t>(specification_.body_signals), 0.0),
      relaxed_(agents_.trait.size()) {
  for (const auto& description : fields) {
    if (workspace_ == nullptr) workspace_ = std::make_shared<field::Workspace>(geometry_, instructions_);
    fields_.emplace_back(geometry_, description, workspace_);
    const auto& exchange = exchanges[fields_.size() - 1];
    if (exchange.rate > 0.0) fields_.back().set_exchange(vessels_, exchange.rate, exchange.value);
  }
  for (const auto vessel : vessels_) {
    near_vessel_[static_cast<std::size_t>(vessel)] = 1;
    neighbourhood_.each(vessel, [&](std::int64_t near, int) { near_vessel_[static_cast<std::size_t>(near)] = 1; });
  }
  map_crowding();
  contacts_.assign(specification_.contacts.size(),
                   agent::Column<std::uint8_t>(static_cast<std::size_t>(geometry.size()), 0));
  if (!contacts_.empty()) present_.assign(static_cast<std::size_t>(geometry.size()), 0);
  for (const auto& type : specification_.types) {
    reach_.emplace_back(geometry_, type.divide.empty() ? 1 : type.divide.front().push);
    plans_.emplace_back(specification_, type);
    fate_stride_ = std::max(fate_stride_, plans_.back().fates.size());
  }
  plan_deposits();
  for (std::size_t type = 0; type < specification_.types.size(); ++type) {
    active_[type + 1] = specification_.types[type].active();
    const auto remains = specification_.types[type].hits.into;
    killed_again_ = killed_again_ || (remains != agent::gone && specification_.types[remains - 1U].hits.threshold > 0);
  }
  sub_steps_ = needed_sub_steps(specification_, geometry_, neighbourhood_);
  for (auto& type : specification_.types)
    for (auto& move : type.move)
      move.pace = process::move::pace(move.persistence, specification_.dt / sub_steps_, geometry_, neighbourhood_);
  // Two pencils of one colour are a pencil's width apart. Within k sub-steps a cell drifts k voxels at most, and
  // touches one further: 2 (k + 1) voxels must fit in between.
  if (!geometry_.is_2d() && std::min(geometry_.ny, geometry_.nz) >= 128) pencil_ = 16;
  bin_interval_ = pencil_ / 2 - 1;
}

// Crowding is read from a contact map of its own, of all solid types.
void Engine::map_crowding() {
  process::TypeMask solid{};
  for (std::size_t type = 0; type < specification_.types.size(); ++type)
    solid[type + 1] = specification_.types[type].occupies == process::Occupies::solid;
  for (auto& signal : specification_.signals)
    if (signal.source == rule::Source::crowding) {
      signal.index = static_cast<std::int32_t>(specification_.contacts.size());
      specification_.contacts.push_back(solid);
      return;  // signals are listed once
    }
}

process::Context Engine::context() {
  return {specification_,
          geometry_,
          neighbourhood_,
          occupancy_,
          agents_,
          fields_,
          body_,
          contacts_,
          rule::hill_kernels(instructions_),
          seed_,
          static_cast<std::uint32_t>(step_)};
}

void Engine::each_chunk(std::int64_t items, std::int64_t length,
                        const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t chunks = (items + length - 1) / length;
  const auto one = [&](std::int64_t item) { body(item * length, std::min(items, (item + 1) * length)); };
  if (chunks > 1)
    threads_->each(chunks, one);
  else if (chunks == 1)
    one(0);
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
  const auto code = agents_.type[slot];
  const auto& type = specification_.types[code - 1U];
  if (type.occupies == process::Occupies::solid) occupancy_.put_solid(agents_.voxel[slot], slot, code);
  if (type.occupies == process::Occupies::small) occupancy_.put_small(agents_.voxel[slot], type.cost);
}

void Engine::vanish(std::uint32_t slot) {
  const auto& type = specification_.types[agents_.type[slot] - 1U];
  if (type.occupies == process::Occupies::solid) occupancy_.take_solid(agents_.voxel[slot]);
  if (type.occupies == process::Occupies::small) occupancy_.take_small(agents_.voxel[slot], type.cost);
  agents_.type[slot] = agent::gone;
}

// Types of a group take the same room: the compiler sees to it.
void Engine::turn_into(std::uint32_t slot, std::uint8_t type) {
  agents_.type[slot] = type;
  agents_.hits[slot] = 0;
  agents_.target[slot] = 0;
  if (specification_.types[type - 1U].occupies == process::Occupies::solid)
    occupancy_.put_solid(agents_.voxel[slot], slot, type);
}

void Engine::record(double day, std::uint32_t slot, Happening what, std::size_t cause) {
  if (!lineage_) return;
  events_.push_back(
      {day, agents_.id[slot], agents_.parent[slot], agents_.type[slot], what, static_cast<std::uint8_t>(cause)});
}

void Engine::place(std::span<const std::uint8_t> types, std::span<const std::int64_t> voxels,
                   std::span<const std::uint64_t> keys) {
  agents_.reserve(agents_.size() + types.size());
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
  for (const auto slot : slots_of(ids, "remove")) {
    if (agents_.type[slot] == agent::gone) continue;  // named twice
    record(day(), slot, Happening::removed);
    tally_.add(Tally::removed, agents_.type[slot]);
    vanish(slot);
  }
}

void Engine::set_trait(std::span<const std::uint32_t> ids, int trait, std::span<const float> values) {
  const auto slots = slots_of(ids, "set_trait");
  auto& column = agents_.trait.at(static_cast<std::size_t>(trait));
  for (std::size_t k = 0; k < slots.size(); ++k) column[slots[k]] = values[k];
}

std::vector<std::uint32_t> Engine::slots_of(std::span<const std::uint32_t> ids, const std::string& who) const {
  const auto present = agents_.by_id();
  std::vector<std::uint32_t> slots;
  for (const auto id : ids) {
    const auto found = std::lower_bound(present.begin(), present.end(), id,
                                        [&](std::uint32_t slot, std::uint32_t one) { return agents_.id[slot] < one; });
    if (found == present.end() || agents_.id[*found] != id)
      throw base::ModelError(who + ": no cell has the id " + std::to_string(id));
    slots.push_back(*found);
  }
  return slots;
}

void Engine::set_clearance(std::uint8_t type, double clearance) {
  for (auto& recruit : specification_.types.at(type - 1U).recruit) recruit.clearance = clearance;
}

void Engine::rebuild_occupancy() {
  occupancy_ = lattice::Occupancy(geometry_.size());
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot)
    if (agents_.type[slot] != agent::gone) occupy(slot);
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
  phases_.begin();
  if (step_ % sort_interval == 0) sort();
  survey();
  phases_.done(Phases::sort);
  map_contacts();
  phases_.done(Phases::contacts);
  step_fields();
  evaluate();
  phases_.done(Phases::rules);
  for (int k = 0; k < sub_steps_; ++k) motile_sub_step(static_cast<std::uint32_t>(k));
  settle_motile();
  relax_traits();
  phases_.done(Phases::motile);
  fates();
  phases_.done(Phases::fates);
  ++step_;
#ifdef QSP_CHECKS
  check();
#endif
}

void Engine::check() const {
  lattice::Occupancy expected(geometry_.size());
  std::int64_t solids = 0;
  std::vector<std::uint32_t> ids;
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) {
    const auto code = agents_.type[slot];
    if (code == agent::gone) continue;
    const auto who = "agent " + std::to_string(agents_.id[slot]);
    ids.push_back(agents_.id[slot]);
    const auto& type = specification_.types[code - 1U];
    const auto voxel = static_cast<std::int64_t>(agents_.voxel[slot]);
    if (type.occupies == process::Occupies::solid) {
      if (expected.has_solid(voxel)) throw std::logic_error(who + " shares a voxel with a solid cell");
      if (occupancy_.solid(voxel) != slot) throw std::logic_error(who + " is not where the lattice says");
      expected.put_solid(voxel, slot, code);
      ++solids;
    } else if (type.occupies == process::Occupies::small) {
      expected.put_small(voxel, type.cost);
    }
  }
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) throw std::logic_error("two agents have one id");
  for (std::int64_t voxel = 0; voxel < geometry_.size(); ++voxel) {
    const auto where = "voxel " + std::to_string(voxel);
    if (occupancy_.solid(voxel) != expected.solid(voxel) || occupancy_.code(voxel) != expected.code(voxel) ||
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

std::array<std::pair<const char*, std::int64_t>, 5> Engine::memory() const {
  const auto bytes = [](const auto& column) {
    return static_cast<std::int64_t>(column.capacity() * sizeof(column[0]));
  };
  std::int64_t lattice = occupancy_.bytes() + bytes(near_vessel_) + bytes(present_), fields = 0, scratch = 0;
  for (const auto& map : contacts_) lattice += bytes(map);
  for (const auto& field : fields_) fields += static_cast<std::int64_t>(field.stored().size_bytes());
  for (const auto& column : relaxed_) scratch += bytes(column);
  for (const auto& column : deposit_rates_) scratch += bytes(column);
  scratch += bytes(motile_) + bytes(by_pencil_) + bytes(was_by_pencil_) + bytes(rows_) + bytes(events_);
  return {{{"agents", agents_.bytes()},
           {"lattice", lattice},
           {"fields", fields},
           {"workspace", workspace_ == nullptr ? 0 : workspace_->bytes()},
           {"scratch", scratch}}};
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

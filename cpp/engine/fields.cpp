// Phase 3 and the start of 4: what agents release and take up, contact maps, rules, traits.
#include <algorithm>

#include "base/math.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {

// Sources and sinks from the present state of the agents, summed in the order of ids: the same bits whatever the
// threads.
void Engine::deposit() {
  if (fields_.empty()) return;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    fields_[f].clear();
    if (exchanges_[f].rate > 0.0) fields_[f].exchange(vessels_, exchanges_[f].rate, exchanges_[f].value);
  }
  auto here = context();
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) {
    const auto& type = here.type_of(slot);
    const auto rate = [&](int behaviour) {
      return here.evaluate(slot, specification_.behaviours[static_cast<std::size_t>(type.first_behaviour + behaviour)]);
    };
    for (const auto& spec : type.secrete) process::secrete::act(here, slot, spec, rate(spec.rate));
    for (const auto& spec : type.take_up) process::take_up::act(here, slot, spec, rate(spec.clearance));
  }
}

void Engine::settle() {
  map_contacts();
  deposit();
  for (auto& one : fields_) {
    auto trial = one;
    if (trial.step(specification_.dt, *threads_).quasi_steady) one.restore(trial.stored());
  }
}

// For each set of types, how many of its cells are in the Moore neighbourhood and the voxel itself: dense, one pass per
// axis.
void Engine::map_contacts() {
  const int nx = geometry_.nx, ny = geometry_.ny, nz = geometry_.nz;
  std::vector<std::uint8_t> line(static_cast<std::size_t>(std::max({nx, ny, nz})) + 2, 0);
  const auto saturated = [](int sum) { return static_cast<std::uint8_t>(std::min(sum, 255)); };
  for (std::size_t set = 0; set < contacts_.size(); ++set) {
    auto& map = contacts_[set];
    std::fill(map.begin(), map.end(), std::uint8_t{0});
    const auto& mask = specification_.contacts[set];
    for (std::size_t slot = 0; slot < agents_.size(); ++slot)
      if (mask[agents_.type[slot]]) map[agents_.voxel[slot]] = saturated(map[agents_.voxel[slot]] + 1);
    const auto sweep = [&](std::int64_t first, std::int64_t stride, int length) {
      line[0] = 0;
      for (int k = 0; k < length; ++k)
        line[static_cast<std::size_t>(k) + 1] = map[static_cast<std::size_t>(first + k * stride)];
      line[static_cast<std::size_t>(length) + 1] = 0;
      for (std::size_t k = 0; k < static_cast<std::size_t>(length); ++k)
        map[static_cast<std::size_t>(first + static_cast<std::int64_t>(k) * stride)] =
            saturated(line[k] + line[k + 1] + line[k + 2]);
    };
    for (int z = 0; z < nz; ++z)
      for (int y = 0; y < ny; ++y) sweep(geometry_.index(0, y, z), 1, nx);
    for (int z = 0; z < nz; ++z)
      for (int x = 0; x < nx; ++x) sweep(geometry_.index(x, 0, z), nx, ny);
    if (nz > 1)
      for (int y = 0; y < ny; ++y)
        for (int x = 0; x < nx; ++x) sweep(geometry_.index(x, y, 0), std::int64_t{nx} * ny, nz);
  }
}

void Engine::evaluate(const process::Context& here, std::uint32_t slot) {
  const auto& type = here.type_of(slot);
  float* row = values_.data() + slot * stride_;
  for (int k = 0; k < type.behaviours; ++k) {
    const auto& behaviour = specification_.behaviours[static_cast<std::size_t>(type.first_behaviour + k)];
    row[k] = behaviour.deferred ? behaviour.base : here.evaluate(slot, behaviour);
  }
  evaluated_as_[slot] = agents_.type[slot];
}

void Engine::evaluate_all() {
  values_.resize(agents_.size() * stride_);
  evaluated_as_.resize(agents_.size());
  const auto here = context();
  each_chunk([&](std::int64_t first, std::int64_t last) {
    for (auto slot = first; slot < last; ++slot) evaluate(here, static_cast<std::uint32_t>(slot));
  });
}

// Each trait relaxes towards its target over the step: exact for a target that is constant during the step.
void Engine::relax_traits() {
  const double dt = specification_.dt;
  std::vector<std::array<double, 2 * agent::trait_slots>> shares(
      specification_.types.size());  // rise, decay of each trait
  for (std::size_t type = 0; type < shares.size(); ++type)
    for (std::size_t k = 0; k < specification_.types[type].traits.size(); ++k) {
      const auto& trait = specification_.types[type].traits[k];
      shares[type][2 * k] = trait.rise > 0.0 ? base::hazard(1.0 / trait.rise, dt) : 0.0;
      shares[type][2 * k + 1] = trait.decay > 0.0 ? base::hazard(1.0 / trait.decay, dt) : 0.0;
    }
  const auto here = context();
  each_chunk([&](std::int64_t first, std::int64_t last) {
    for (auto s = first; s < last; ++s) {
      const auto slot = static_cast<std::uint32_t>(s);
      if (agents_.type[slot] == agent::gone || agents_.type[slot] != evaluated_as_[slot]) continue;
      const auto& type = here.type_of(slot);
      const auto& share = shares[agents_.type[slot] - 1U];
      for (std::size_t k = 0; k < type.traits.size(); ++k) {
        if (type.traits[k].target < 0) continue;
        auto& value = agents_.trait[k][slot];
        const double gap = static_cast<double>(here.value(slot, type.traits[k].target)) - static_cast<double>(value);
        value = static_cast<float>(static_cast<double>(value) + gap * share[2 * k + (gap > 0.0 ? 0 : 1)]);
      }
    }
  });
}

}  // namespace qsp::engine

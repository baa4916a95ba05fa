// kill: engage one adjacent target at a time, deliver hits, let go. Hits add up on the target and are lost together
// when its recovery clock fires (additive cytotoxicity).
#pragma once

#include "base/math.hpp"
#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::kill {

inline const Declaration declaration{
    "kill",
    "engages one adjacent target at a time, delivers hits that add up until the target dies or recovers, and lets go",
    {{"engage", "1/day", true}, {"hit_rate", "1/day", true}, {"detach", "1/day", true}}};

// The slot of the engaged target: verified where it was, else looked for once around; nobody if it
// is gone, dead or out of reach.
[[nodiscard]] inline std::uint32_t verify(const Context& context, std::uint32_t slot, const KillSpec& spec) {
  auto& agents = context.agents;
  const std::uint32_t wanted = agents.target[slot];
  if (wanted == 0) return lattice::Occupancy::nobody;
  const std::int64_t here = agents.voxel[slot];
  const auto holds = [&](std::int64_t voxel) {
    const auto other = context.occupancy.solid(voxel);
    const bool same =
        other != lattice::Occupancy::nobody && agents.id[other] == wanted && spec.targets[agents.type[other]];
    return same ? other : lattice::Occupancy::nobody;
  };
  std::uint32_t found = lattice::Occupancy::nobody;
  if (context.neighbourhood.adjacent(here, agents.target_voxel[slot])) found = holds(agents.target_voxel[slot]);
  if (found == lattice::Occupancy::nobody) found = holds(here);
  if (found == lattice::Occupancy::nobody)
    context.neighbourhood.each(here, [&](std::int64_t near, int) {
      if (found == lattice::Occupancy::nobody) found = holds(near);
    });
  if (found == lattice::Occupancy::nobody)
    agents.target[slot] = 0;
  else
    agents.target_voxel[slot] = agents.voxel[found];
  return found;
}

// A random adjacent target (or one in the same voxel), or nobody.
[[nodiscard]] inline std::uint32_t look_around(const Context& context, std::uint32_t slot, const KillSpec& spec,
                                               std::uint32_t word) {
  std::array<std::uint32_t, 27> found{};
  std::uint32_t count = 0;
  const auto look = [&](std::int64_t voxel, int) {
    const auto other = context.occupancy.solid(voxel);
    if (other != lattice::Occupancy::nobody && other != slot && spec.targets[context.agents.type[other]])
      found[count++] = other;
  };
  look(context.agents.voxel[slot], 0);
  context.neighbourhood.each(context.agents.voxel[slot], look);
  return count == 0 ? lattice::Occupancy::nobody : found[base::below(word, count)];
}

// Length of the recovery clock that a hit starts: Erlang with the target's stages and mean, in days.
[[nodiscard]] inline double recovery(const Context& context, std::uint32_t killer, const HitsSpec& hits,
                                     std::uint32_t sub_step) {
  double sum = 0.0;
  for (int stage = 0; stage < hits.stages; ++stage) {
    const auto words =
        context.draw(killer, base::Purpose::recover, sub_step * 4U + static_cast<std::uint32_t>(stage) / 4U);
    sum -= base::log(base::uniform(words[static_cast<std::size_t>(stage) % 4]));
  }
  return sum * hits.recovery / hits.stages;
}

// One sub-step of length tau that ends at `now` (days). Returns the slot of a target that dies of it, or nobody.
[[nodiscard]] inline std::uint32_t act(Context& context, std::uint32_t slot, const KillSpec& spec,
                                       std::uint32_t engaged, double tau, std::uint32_t sub_step, double now) {
  auto& agents = context.agents;
  const auto words = context.draw(slot, base::Purpose::engage, sub_step);
  if (engaged == lattice::Occupancy::nobody) {
    const auto target = look_around(context, slot, spec, words[2]);
    if (target == lattice::Occupancy::nobody) return target;
    if (base::uniform(words[0]) < base::hazard(static_cast<double>(context.value(slot, spec.engage)), tau)) {
      agents.target[slot] = agents.id[target];
      agents.target_voxel[slot] = agents.voxel[target];
    }
    return lattice::Occupancy::nobody;
  }

  const auto& type = context.type_of(slot);
  const auto rate = [&](int behaviour) {
    const auto& row = context.specification.behaviours[static_cast<std::size_t>(type.first_behaviour + behaviour)];
    return static_cast<double>(row.deferred ? context.evaluate(slot, row, engaged) : context.value(slot, behaviour));
  };
  if (base::uniform(words[0]) < base::hazard(rate(spec.hit_rate), tau)) {
    const auto& hits = context.type_of(engaged).hits;
    const auto second = static_cast<std::uint32_t>(now * 86400.0);
    if (agents.hits[engaged] > 0 && second >= agents.recovered_at[engaged]) agents.hits[engaged] = 0;
    ++agents.hits[engaged];
    if (agents.hits[engaged] >= hits.threshold) {
      agents.target[slot] = 0;
      return engaged;
    }
    agents.recovered_at[engaged] =
        static_cast<std::uint32_t>((now + recovery(context, slot, hits, sub_step)) * 86400.0);
  }
  if (base::uniform(words[1]) < base::hazard(rate(spec.detach), tau)) agents.target[slot] = 0;
  return lattice::Occupancy::nobody;
}

}  // namespace qsp::process::kill

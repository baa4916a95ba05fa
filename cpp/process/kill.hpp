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

struct Engagement {
  std::uint32_t target = 0;    // id, 0: none
  std::uint8_t direction = 0;  // in which it was last seen; the number of directions: in the same voxel
};

// The slot of the engaged target: verified where it was last seen, else looked for once around; nobody if it is gone,
// dead or out of reach.
[[nodiscard]] inline std::uint32_t verify(const Context& context, Engagement& engaged, const KillSpec& spec,
                                          const lattice::Site& site) {
  if (engaged.target == 0) return lattice::Occupancy::nobody;
  const auto holds = [&](std::int64_t voxel) {
    if (!spec.targets[context.occupancy.code(voxel)]) return lattice::Occupancy::nobody;
    const auto other = context.occupancy.solid(voxel);
    return context.agents.id[other] == engaged.target ? other : lattice::Occupancy::nobody;
  };
  const int here = context.neighbourhood.count();
  const std::int64_t seen =
      engaged.direction < here ? context.neighbourhood.neighbour(site, engaged.direction).voxel : site.voxel;
  std::uint32_t found = seen >= 0 ? holds(seen) : lattice::Occupancy::nobody;
  if (found != lattice::Occupancy::nobody) return found;
  int direction = here;
  found = holds(site.voxel);
  context.neighbourhood.each(site, [&](std::int64_t near, int d) {
    if (found != lattice::Occupancy::nobody) return;
    found = holds(near);
    direction = d;
  });
  if (found == lattice::Occupancy::nobody)
    engaged.target = 0;
  else
    engaged.direction = static_cast<std::uint8_t>(direction);
  return found;
}

struct Sighting {
  std::uint32_t slot = lattice::Occupancy::nobody;
  std::uint8_t direction = 0;
};

// A random adjacent target (or one in the same voxel), or nobody.
[[nodiscard]] inline Sighting look_around(const Context& context, std::uint32_t slot, const KillSpec& spec,
                                          const lattice::Site& site, std::uint32_t word) {
  std::array<std::int64_t, 27> voxels;
  std::array<std::uint8_t, 27> directions;
  std::uint32_t count = 0;
  const auto look = [&](std::int64_t voxel, int direction) {
    if (!spec.targets[context.occupancy.code(voxel)]) return;
    voxels[count] = voxel;
    directions[count++] = static_cast<std::uint8_t>(direction);
  };
  if (context.occupancy.solid(site.voxel) != slot) look(site.voxel, context.neighbourhood.count());
  context.neighbourhood.each(site, look);
  if (count == 0) return {};
  const auto chosen = base::below(word, count);
  return {context.occupancy.solid(voxels[chosen]), directions[chosen]};
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

struct Chances {  // within a sub-step
  double hit, detach;
};

// Nobody is engaged: engages an adjacent target, perhaps.
inline void engage(const Context& context, std::uint32_t slot, Engagement& engaged, const KillSpec& spec, double chance,
                   const base::Words& words, const lattice::Site& site) {
  if (base::uniform(words[0]) >= chance) return;
  const auto target = look_around(context, slot, spec, site, words[2]);
  if (target.slot != lattice::Occupancy::nobody) engaged = {context.agents.id[target.slot], target.direction};
}

// One sub-step with an engaged target, that ends at `now` (days). Returns whether the target dies of it.
[[nodiscard]] inline bool strike(Context& context, std::uint32_t slot, Engagement& engaged, std::uint32_t target,
                                 const Chances& chances, const base::Words& words, std::uint32_t sub_step, double now) {
  auto& agents = context.agents;
  if (base::uniform(words[0]) < chances.hit) {
    const auto& hits = context.type_of(target).hits;
    const auto second = static_cast<std::uint32_t>(now * 86400.0);
    if (agents.hits[target] > 0 && second >= agents.recovered_at[target]) agents.hits[target] = 0;
    ++agents.hits[target];
    if (agents.hits[target] >= hits.threshold) {
      engaged.target = 0;
      return true;
    }
    agents.recovered_at[target] = static_cast<std::uint32_t>((now + recovery(context, slot, hits, sub_step)) * 86400.0);
  }
  if (base::uniform(words[1]) < chances.detach) engaged.target = 0;
  return false;
}

}  // namespace qsp::process::kill

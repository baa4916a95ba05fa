// divide: the daughter takes the nearest voxel that is free, pushing the cells in between one voxel further; beyond the
// cap the division does not happen and the mother draws again.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::divide {

inline const Declaration declaration{"divide",
                                     "divides into two of its type; the daughter takes the nearest free voxel, pushing "
                                     "at most `push` cells out of the way",
                                     {{"rate", "1/day", true}, {"push", "", false}}};

// The type of a daughter: her mother's, or in a fraction of the divisions another one of the group.
[[nodiscard]] inline std::uint8_t daughter(const DivideSpec& spec, std::uint8_t mother, std::uint64_t seed,
                                           std::uint64_t key) {
  if (spec.into == agent::gone) return mother;
  const auto word = base::draw(seed, key, 0, base::Purpose::daughter, 0)[0];
  return base::uniform(word) < spec.fraction ? spec.into : mother;
}

// All steps within a radius, nearest first: where a free voxel may be.
struct Reach {
  struct Step {
    int dx, dy, dz, squared;
  };
  std::vector<Step> steps;

  // Without pushing the edges count as neighbours but not the corners: with them clusters grow faster along the corners
  // of the lattice (axis to corner 0.95 at 50 voxels), without them at the same pace everywhere (1.02).
  Reach(const lattice::Geometry& geometry, int radius) {
    const int depth = geometry.is_2d() ? 0 : radius;
    for (int dz = -depth; dz <= depth; ++dz)
      for (int dy = -radius; dy <= radius; ++dy)
        for (int dx = -radius; dx <= radius; ++dx) {
          const int squared = dx * dx + dy * dy + dz * dz;
          if (squared > 0 && squared <= std::max(radius * radius, 2)) steps.push_back({dx, dy, dz, squared});
        }
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.squared < b.squared; });
  }
};

// Calls visit(voxel), -1 beyond an edge, for the voxels on the straight way from a mother to a step from her, until it
// returns false.
template <class Visit>
void along(const Context& context, const lattice::Site& from, const Reach::Step& step, Visit&& visit) {
  const int length = std::max({std::abs(step.dx), std::abs(step.dy), std::abs(step.dz)});
  const auto part = [length](int start, int delta, int k) {  // the nearest lattice point, ties away from zero
    const int twice = 2 * std::abs(delta) * k + length;
    const int moved = twice / (2 * length);
    return start + (delta < 0 ? -moved : moved);
  };
  for (int k = 1; k <= length; ++k) {
    const int x = part(from.x, step.dx, k), y = part(from.y, step.dy, k), z = part(from.z, step.dz, k);
    if (!visit(context.geometry.inside(x, y, z) ? context.geometry.index(x, y, z) : -1)) return;
  }
}

// Whether cells can be pushed along a way: it comes to a free voxel or beyond an edge through nothing but solid cells.
[[nodiscard]] inline bool passable(const Context& context, const lattice::Site& from, const Reach::Step& step) {
  bool arrives = false;
  along(context, from, step, [&](std::int64_t voxel) {
    arrives = voxel < 0 || context.occupancy.room_for_solid(voxel);
    return !arrives && context.occupancy.has_solid(voxel);  // small cells may crowd it: no room for a solid one
  });
  return arrives;
}

// Where the daughter of a solid mother goes: the voxels of the shortest way to a free one, the mother's and the free
// one included, -1 beyond an open edge; chosen at random among the equally near ones. Empty if there is none.
[[nodiscard]] inline std::vector<std::int64_t> way(const Context& context, std::uint32_t mother, const Reach& reach,
                                                   bool open, std::uint32_t word) {
  const auto from = context.geometry.site(context.agents.voxel[mother]);
  std::vector<const Reach::Step*> ways;
  for (const auto& step : reach.steps) {
    if (!ways.empty() && step.squared > ways.front()->squared) break;
    const int x = from.x + step.dx, y = from.y + step.dy, z = from.z + step.dz;
    if (context.geometry.inside(x, y, z) ? !context.occupancy.room_for_solid(context.geometry.index(x, y, z)) : !open)
      continue;
    if (passable(context, from, step)) ways.push_back(&step);
  }
  if (ways.empty()) return {};
  std::vector<std::int64_t> voxels{from.voxel};
  along(context, from, *ways[base::below(word, static_cast<std::uint32_t>(ways.size()))], [&](std::int64_t voxel) {
    voxels.push_back(voxel);
    return voxel >= 0 && !context.occupancy.room_for_solid(voxel);
  });
  return voxels;
}

// A voxel with room for the daughter of a small mother: her own, else a random neighbour; -1 if there is none.
[[nodiscard]] inline std::int64_t room(const Context& context, std::int64_t from, int cost, std::uint32_t word) {
  if (context.occupancy.room_for_small(from, cost)) return from;
  std::array<std::int64_t, 26> free{};
  std::uint32_t count = 0;
  context.neighbourhood.each(from, [&](std::int64_t near, int) {
    if (context.occupancy.room_for_small(near, cost)) free[count++] = near;
  });
  return count == 0 ? -1 : free[base::below(word, count)];
}

}  // namespace qsp::process::divide

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

// The voxels from a mother to a free voxel, both included, -1 beyond an open edge; empty if something in between is
// neither free nor a cell that can be pushed.
[[nodiscard]] inline std::vector<std::int64_t> path(const Context& context, std::int64_t from,
                                                    const Reach::Step& step) {
  const auto [x, y, z] = context.geometry.position(from);
  const int length = std::max({std::abs(step.dx), std::abs(step.dy), std::abs(step.dz)});
  const auto along = [length](int start, int delta, int k) {  // the nearest lattice point, ties away from zero
    const int twice = 2 * std::abs(delta) * k + length;
    const int moved = twice / (2 * length);
    return start + (delta < 0 ? -moved : moved);
  };
  std::vector<std::int64_t> voxels{from};
  for (int k = 1; k <= length; ++k) {
    const int px = along(x, step.dx, k), py = along(y, step.dy, k), pz = along(z, step.dz, k);
    if (!context.geometry.inside(px, py, pz)) {
      voxels.push_back(-1);
      return voxels;
    }
    const auto voxel = context.geometry.index(px, py, pz);
    voxels.push_back(voxel);
    if (context.occupancy.room_for_solid(voxel)) return voxels;
    if (!context.occupancy.has_solid(voxel)) return {};  // small cells crowd it: no room for a solid one
  }
  return {};
}

// Where the daughter of a solid mother goes: the shortest way to a free voxel, chosen at random among the equally near
// ones.
[[nodiscard]] inline std::vector<std::int64_t> way(const Context& context, std::uint32_t mother, const Reach& reach,
                                                   bool open, std::uint32_t word) {
  const std::int64_t from = context.agents.voxel[mother];
  const auto [x, y, z] = context.geometry.position(from);
  std::vector<std::vector<std::int64_t>> ways;
  int nearest = -1;
  for (const auto& step : reach.steps) {
    if (nearest >= 0 && step.squared > nearest) break;
    const bool inside = context.geometry.inside(x + step.dx, y + step.dy, z + step.dz);
    if (!inside && !open) continue;
    if (inside && !context.occupancy.room_for_solid(context.geometry.index(x + step.dx, y + step.dy, z + step.dz)))
      continue;
    auto found = path(context, from, step);
    if (found.empty()) continue;
    nearest = step.squared;
    ways.push_back(std::move(found));
  }
  if (ways.empty()) return {};
  return std::move(ways[base::below(word, static_cast<std::uint32_t>(ways.size()))]);
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

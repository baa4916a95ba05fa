// move: hop from voxel to voxel along a heading that persists.
#pragma once

#include <cmath>

#include "base/math.hpp"
#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::move {

inline const Declaration declaration{
    "move",
    "hops from voxel to voxel along a heading that persists, so that its mean squared displacement is 2 n M t",
    {{"motility", "um^2/day", true}, {"persistence", "day", false}}};

// Probability per sub-step of length tau of hopping along an axis, such that the long-time mean squared displacement of
// the discrete walk is exactly 2 n M t; a hop along a diagonal of length d has this over d. With a the probability, w
// the mean length of a heading and q the probability of turning, h^2 (a w + 2 a^2 (1 - q) / q) = 2 n M tau; a
// memoryless walk (no persistence) has h^2 a <d^2> = 2 n M tau. Above 1 the sub-step is too long.
[[nodiscard]] inline double hop(double motility, const Pace& pace) {
  const double wanted = motility * pace.per_motility;
  if (pace.turn >= 1.0) return wanted / pace.width;
  return 2.0 * wanted / (pace.width + std::sqrt(pace.width * pace.width + 4.0 * pace.memory * wanted));
}

// The probability of turning is such that the sub-steps before the next turn last the persistence time P in the mean:
// then the hop rate a / tau, and with it the mean speed, does not depend on tau either (h^2 (k w + 2 k^2 P) = 2 n M).
// Displacements correlate over tau / log(1 + tau / P), at most 16 % above P where k P >= 3.
[[nodiscard]] inline Pace pace(double persistence, double tau, const lattice::Geometry& geometry,
                               const lattice::Neighbourhood& neighbourhood) {
  Pace pace;
  pace.per_motility = 2.0 * geometry.dimensions() * tau / (geometry.spacing * geometry.spacing);
  if (persistence <= 0.0) return {1.0, 0.0, neighbourhood.mean_square_hop(), pace.per_motility};
  pace.turn = tau / (persistence + tau);
  pace.memory = 2.0 * (1.0 - pace.turn) / pace.turn;
  pace.width = neighbourhood.mean_turn_length();
  return pace;
}

// Draws a new heading, biased up the gradients that the type follows: the weight of a direction d of length l is that
// without a gradient times exp(pull d / l).
[[nodiscard]] inline std::uint8_t heading(const Context& context, std::uint32_t slot, const MoveSpec& spec,
                                          std::uint32_t word) {
  const bool persistent = spec.persistence > 0.0;
  if (spec.chemotaxis.empty()) return context.neighbourhood.draw(persistent, word);
  std::array<double, 3> pull{0.0, 0.0, 0.0};
  for (const auto& taxis : spec.chemotaxis) {
    const auto& field = context.fields[static_cast<std::size_t>(taxis.field)];
    const std::int64_t voxel = context.agents.voxel[slot];
    const auto gradient = field.gradient(voxel);
    const double strength = taxis.sensitivity / (field.at(voxel) + taxis.half);
    for (std::size_t axis = 0; axis < 3; ++axis) pull[axis] += strength * gradient[axis];
  }
  // exp(pull / l) along each axis, down, level and up, for axis, edge and corner.
  std::array<std::array<std::array<double, 3>, 3>, 3> factor;
  for (std::size_t kind = 0; kind < 3; ++kind)
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double up = base::exp(pull[axis] / std::sqrt(static_cast<double>(kind + 1)));
      factor[kind][axis] = {1.0 / up, 1.0, up};
    }
  const auto& directions = context.neighbourhood.directions();
  std::array<double, 26> weight;
  double sum = 0.0;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    const auto& step = directions[d];
    const auto kind = static_cast<std::size_t>(step.dx * step.dx + step.dy * step.dy + step.dz * step.dz - 1);
    const auto along = [&](std::size_t axis, int by) { return factor[kind][axis][static_cast<std::size_t>(by + 1)]; };
    weight[d] = (persistent ? step.turn : step.memoryless) * along(0, step.dx) * along(1, step.dy) * along(2, step.dz);
    sum += weight[d];
  }
  double left = base::uniform(word) * sum;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    left -= weight[d];
    if (left <= 0.0) return static_cast<std::uint8_t>(d);
  }
  return static_cast<std::uint8_t>(directions.size() - 1);
}

// One sub-step: `along` is the probability of a hop along an axis, `words` the draw of the agent and the sub-step.
inline void act(Context& context, Walker& walker, const TypeSpec& type, std::uint8_t code, double along,
                const base::Words& words) {
  const MoveSpec& spec = type.move.front();
  const bool turns = walker.heading == agent::no_heading || base::uniform(words[0]) < spec.pace.turn;
  if (turns) walker.heading = heading(context, walker.slot, spec, words[1]);

  const double length = spec.persistence > 0.0 ? context.neighbourhood.directions()[walker.heading].length : 1.0;
  if (base::uniform(words[2]) >= along / length) return;

  const lattice::Site to = context.neighbourhood.neighbour(walker.site(context.geometry), walker.heading);
  auto& occupancy = context.occupancy;
  bool free = to.voxel >= 0;
  if (free && type.occupies == Occupies::solid) free = occupancy.room_for_solid(to.voxel);
  if (free && type.occupies == Occupies::small) {
    free = occupancy.room_for_small(to.voxel, type.cost);
    if (free && occupancy.has_solid(to.voxel))
      free = base::uniform(words[3]) < static_cast<double>(spec.permeability[occupancy.code(to.voxel)]);
  }
  if (!free) {
    // It turns back. Every change of place or heading then has a partner of the same rate, so that walls, obstacles and
    // crowding leave every place equally likely; a heading drawn anew would gather cells at walls and in corners.
    walker.heading = context.neighbourhood.opposite(walker.heading);
    return;
  }
  auto& voxel = context.agents.voxel[walker.slot];
  if (type.occupies == Occupies::solid) {
    occupancy.take_solid(voxel);
    occupancy.put_solid(to.voxel, walker.slot, code);
  } else if (type.occupies == Occupies::small) {
    occupancy.take_small(voxel, type.cost);
    occupancy.put_small(to.voxel, type.cost);
  }
  voxel = static_cast<std::uint32_t>(to.voxel);
  walker.stand(to);
}

}  // namespace qsp::process::move

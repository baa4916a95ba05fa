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

// Draws a new heading, biased up the gradients that the type follows.
[[nodiscard]] inline std::uint8_t heading(const Context& context, std::uint32_t slot, const MoveSpec& spec,
                                          std::uint32_t word) {
  const auto& directions = context.neighbourhood.directions();
  if (spec.persistence > 0.0 && spec.chemotaxis.empty() && context.geometry.is_2d())  // equal weights
    return static_cast<std::uint8_t>(base::below(word, static_cast<std::uint32_t>(directions.size())));
  std::array<double, 3> pull{0.0, 0.0, 0.0};
  for (const auto& taxis : spec.chemotaxis) {
    const auto& field = context.fields[static_cast<std::size_t>(taxis.field)];
    const std::int64_t voxel = context.agents.voxel[slot];
    const auto gradient = field.gradient(voxel);
    const double strength = taxis.sensitivity / (field.at(voxel) + taxis.half);
    for (std::size_t axis = 0; axis < 3; ++axis) pull[axis] += strength * gradient[axis];
  }
  std::array<double, 26> weight{};
  double sum = 0.0;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    const auto& step = directions[d];
    double w = spec.persistence > 0.0 ? step.turn : step.memoryless;
    if (!spec.chemotaxis.empty())
      w *= base::exp((pull[0] * step.dx + pull[1] * step.dy + pull[2] * step.dz) / step.length);
    weight[d] = w;
    sum += w;
  }
  double left = base::uniform(word) * sum;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    left -= weight[d];
    if (left <= 0.0) return static_cast<std::uint8_t>(d);
  }
  return static_cast<std::uint8_t>(directions.size() - 1);
}

// One sub-step.
inline void act(Context& context, std::uint32_t slot, const MoveSpec& spec, std::uint32_t sub_step) {
  auto& agents = context.agents;
  const double along = hop(static_cast<double>(context.value(slot, spec.motility)), spec.pace);
  if (along <= 0.0) return;
  const auto words = context.draw(slot, base::Purpose::move, sub_step);
  auto& heading_now = agents.heading[slot];
  const bool turns = heading_now == agent::no_heading || base::uniform(words[0]) < spec.pace.turn;
  if (turns) heading_now = heading(context, slot, spec, words[1]);

  const double length = spec.persistence > 0.0 ? context.neighbourhood.directions()[heading_now].length : 1.0;
  if (base::uniform(words[2]) >= along / length) return;

  const std::int64_t from = agents.voxel[slot];
  const std::int64_t to = context.neighbourhood.neighbour(from, heading_now);
  const auto& type = context.type_of(slot);
  auto& occupancy = context.occupancy;
  bool free = to >= 0;
  if (free && type.occupies == Occupies::solid) free = occupancy.room_for_solid(to);
  if (free && type.occupies == Occupies::small) {
    free = occupancy.room_for_small(to, type.cost);
    if (const auto solid = occupancy.solid(to); free && solid != lattice::Occupancy::nobody)
      free = base::uniform(words[3]) < static_cast<double>(spec.permeability[agents.type[solid]]);
  }
  if (!free) {
    // It turns back. Every change of place or heading then has a partner of the same rate, so that walls, obstacles and
    // crowding leave every place equally likely; a heading drawn anew would gather cells at walls and in corners.
    heading_now = context.neighbourhood.opposite(heading_now);
    return;
  }
  if (type.occupies == Occupies::solid) {
    occupancy.take_solid(from);
    occupancy.put_solid(to, slot);
  } else if (type.occupies == Occupies::small) {
    occupancy.take_small(from, type.cost);
    occupancy.put_small(to, type.cost);
  }
  agents.voxel[slot] = static_cast<std::uint32_t>(to);
}

}  // namespace qsp::process::move

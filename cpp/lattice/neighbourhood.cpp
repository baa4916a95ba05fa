#include "lattice/neighbourhood.hpp"

#include <cmath>
#include <cstdlib>

namespace qsp::lattice {

Neighbourhood::Neighbourhood(const Geometry& geometry) : geometry_(geometry) {
  const int depth = geometry.is_2d() ? 0 : 1;
  double turn = 0.0, memoryless = 0.0;
  for (int dz = -depth; dz <= depth; ++dz)
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const int squared = dx * dx + dy * dy + dz * dz;
        if (squared == 0) continue;
        // Axis, edge, corner: 1/21, 4/105, 9/280 in a volume (a quadrature of the sphere of fourth order); equal in a
        // section.
        constexpr double turns[] = {1.0 / 21, 4.0 / 105, 9.0 / 280};
        constexpr double hops[] = {1.0, 1.0 / 4, 1.0 / 16};
        Direction step{dx, dy, dz, std::sqrt(static_cast<double>(squared)), 0.0, hops[squared - 1]};
        step.turn = geometry.is_2d() ? 1.0 / 8 : turns[squared - 1];
        directions_.push_back(step);
        offsets_.push_back(dx + std::int64_t{geometry.nx} * (dy + std::int64_t{geometry.ny} * dz));
        turn += step.turn;
        memoryless += step.memoryless;
        mean_turn_length_ += step.turn * step.length;
        mean_square_hop_ += step.memoryless * squared;
      }
  mean_turn_length_ /= turn;
  mean_square_hop_ /= memoryless;
}

bool Neighbourhood::adjacent(std::int64_t a, std::int64_t b) const {
  const auto p = geometry_.position(a), q = geometry_.position(b);
  return std::abs(p[0] - q[0]) <= 1 && std::abs(p[1] - q[1]) <= 1 && std::abs(p[2] - q[2]) <= 1;
}

}  // namespace qsp::lattice

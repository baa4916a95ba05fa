#include "lattice/neighbourhood.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace qsp::lattice {

Wheel::Wheel(const std::vector<double>& weights) {
  double sum = 0.0, whole = 0.0;
  for (const double weight : weights) whole += weight;
  for (const double weight : weights) {
    sum += weight;
    last_.push_back(static_cast<std::uint32_t>(std::min(sum / whole * 0x1p32, 0x1p32 - 1.0)));
  }
  last_.back() = 0xFFFFFFFFU;
  std::uint8_t choice = 0;
  for (std::uint32_t lead = 0; lead < first_.size(); ++lead) {
    while (lead << 24 > last_[choice]) ++choice;
    first_[lead] = choice;
  }
}

Neighbourhood::Neighbourhood(const Geometry& geometry) : geometry_(geometry) {
  const int depth = geometry.is_2d() ? 0 : 1;
  double turn = 0.0, memoryless = 0.0;
  std::vector<double> turn_weights, hop_weights;
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
        turn_weights.push_back(step.turn);
        hop_weights.push_back(step.memoryless);
        turn += step.turn;
        memoryless += step.memoryless;
        mean_turn_length_ += step.turn * step.length;
        mean_square_hop_ += step.memoryless * squared;
      }
  offsets_.push_back(0);
  mean_turn_length_ /= turn;
  mean_square_hop_ /= memoryless;
  turn_wheel_ = Wheel(turn_weights);
  hop_wheel_ = Wheel(hop_weights);
}

bool Neighbourhood::adjacent(std::int64_t a, std::int64_t b) const {
  const auto p = geometry_.position(a), q = geometry_.position(b);
  return std::abs(p[0] - q[0]) <= 1 && std::abs(p[1] - q[1]) <= 1 && std::abs(p[2] - q[2]) <= 1;
}

}  // namespace qsp::lattice

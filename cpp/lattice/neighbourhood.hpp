// The Moore neighbourhood (8 in a section, 26 in a volume) and the weights with which directions are drawn.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lattice/geometry.hpp"

namespace qsp::lattice {

struct Direction {
  int dx, dy, dz;
  double length;      // of the step, in voxels: 1, sqrt 2 or sqrt 3
  double turn;        // weight of a persistent mover's new heading: isotropic to fourth order as a unit vector
  double memoryless;  // weight of a memoryless hop: 1 : 1/4 (: 1/16), isotropic to fourth order as a step
};

class Neighbourhood {
 public:
  explicit Neighbourhood(const Geometry& geometry);

  [[nodiscard]] const std::vector<Direction>& directions() const { return directions_; }
  [[nodiscard]] int count() const { return static_cast<int>(directions_.size()); }

  // Mean step length of a new heading and mean squared step of a memoryless hop, in voxels.
  [[nodiscard]] double mean_turn_length() const { return mean_turn_length_; }
  [[nodiscard]] double mean_square_hop() const { return mean_square_hop_; }

  // Calls visit(neighbour voxel, direction) for every neighbour inside the box, in a fixed order.
  template <class Visit>
  void each(std::int64_t voxel, Visit&& visit) const {
    const auto [x, y, z] = geometry_.position(voxel);
    const bool deep = x > 0 && x < geometry_.nx - 1 && y > 0 && y < geometry_.ny - 1 &&
                      (geometry_.nz == 1 || (z > 0 && z < geometry_.nz - 1));
    for (int d = 0; d < count(); ++d) {
      const auto& step = directions_[static_cast<std::size_t>(d)];
      if (deep || geometry_.inside(x + step.dx, y + step.dy, z + step.dz))
        visit(voxel + offsets_[static_cast<std::size_t>(d)], d);
    }
  }

  // The neighbour in one direction, or -1 outside the box.
  [[nodiscard]] std::int64_t neighbour(std::int64_t voxel, int direction) const {
    const auto [x, y, z] = geometry_.position(voxel);
    const auto& step = directions_[static_cast<std::size_t>(direction)];
    if (!geometry_.inside(x + step.dx, y + step.dy, z + step.dz)) return -1;
    return voxel + offsets_[static_cast<std::size_t>(direction)];
  }

  // The direction that leads back: directions are listed symmetrically about the centre.
  [[nodiscard]] std::uint8_t opposite(std::uint8_t direction) const {
    return static_cast<std::uint8_t>(count() - 1 - direction);
  }

  // Whether two voxels are the same or neighbours.
  [[nodiscard]] bool adjacent(std::int64_t a, std::int64_t b) const;

 private:
  Geometry geometry_;
  std::vector<Direction> directions_;
  std::vector<std::int64_t> offsets_;
  double mean_turn_length_ = 0.0, mean_square_hop_ = 0.0;
};

}  // namespace qsp::lattice

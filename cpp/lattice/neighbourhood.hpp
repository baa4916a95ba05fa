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

// Draws one of several choices with given weights from a 32-bit word.
class Wheel {
 public:
  explicit Wheel(const std::vector<double>& weights);
  [[nodiscard]] std::uint8_t operator()(std::uint32_t word) const {
    std::uint8_t choice = first_[word >> 24];
    while (word > last_[choice]) ++choice;
    return choice;
  }

 private:
  std::vector<std::uint32_t> last_;        // word of each choice
  std::array<std::uint8_t, 256> first_{};  // choice for words with these leading bits
};

class Neighbourhood {
 public:
  explicit Neighbourhood(const Geometry& geometry);

  [[nodiscard]] const std::vector<Direction>& directions() const { return directions_; }
  [[nodiscard]] int count() const { return static_cast<int>(directions_.size()); }

  // A direction drawn with the weights of a persistent mover, or of a memoryless one.
  [[nodiscard]] std::uint8_t draw(bool persistent, std::uint32_t word) const {
    return persistent ? turn_wheel_(word) : hop_wheel_(word);
  }

  // Mean step length of a new heading and mean squared step of a memoryless hop, in voxels.
  [[nodiscard]] double mean_turn_length() const { return mean_turn_length_; }
  [[nodiscard]] double mean_square_hop() const { return mean_square_hop_; }

  // Calls visit(neighbour voxel, direction) for every neighbour inside the box, in a fixed order.
  template <class Visit>
  void each(const Site& site, Visit&& visit) const {
    const bool deep = site.x > 0 && site.x < geometry_.nx - 1 && site.y > 0 && site.y < geometry_.ny - 1 &&
                      (geometry_.nz == 1 || (site.z > 0 && site.z < geometry_.nz - 1));
    for (int d = 0; d < count(); ++d) {
      const auto& step = directions_[static_cast<std::size_t>(d)];
      if (deep || geometry_.inside(site.x + step.dx, site.y + step.dy, site.z + step.dz))
        visit(site.voxel + offsets_[static_cast<std::size_t>(d)], d);
    }
  }
  template <class Visit>
  void each(std::int64_t voxel, Visit&& visit) const {
    each(geometry_.site(voxel), visit);
  }

  // The neighbour in one direction; its voxel is -1 outside the box.
  [[nodiscard]] Site neighbour(const Site& site, int direction) const {
    const auto& step = directions_[static_cast<std::size_t>(direction)];
    const Site next{site.voxel + offsets_[static_cast<std::size_t>(direction)], site.x + step.dx, site.y + step.dy,
                    site.z + step.dz};
    return geometry_.inside(next.x, next.y, next.z) ? next : Site{-1, next.x, next.y, next.z};
  }

  // From a voxel to its neighbour in one direction; 0 for the number of directions, which stands for the voxel itself.
  [[nodiscard]] std::int64_t offset(int direction) const { return offsets_[static_cast<std::size_t>(direction)]; }

  // How many neighbours of a voxel lie inside the box.
  [[nodiscard]] int count_at(const Site& site) const {
    const auto along = [](int at, int cells) { return 1 + (at > 0 ? 1 : 0) + (at < cells - 1 ? 1 : 0); };
    return along(site.x, geometry_.nx) * along(site.y, geometry_.ny) * along(site.z, geometry_.nz) - 1;
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
  Wheel turn_wheel_{{1.0}}, hop_wheel_{{1.0}};
};

}  // namespace qsp::lattice

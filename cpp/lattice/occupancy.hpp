// Who is where: one solid cell per voxel (a voxel-to-agent index), and how much of it small cells fill.
//
// A voxel without a solid cell holds small cells up to a full room of 252 units, of which a type of capacity n costs
// floor(252 / n). Beside a solid cell in the same voxel exactly one small cell fits.
#pragma once

#include <cstdint>
#include <vector>

namespace qsp::lattice {

inline constexpr int full_room = 252;  // divisible by 1..4, 6, 7, 9, 12, 14: exact shares for the common capacities

class Occupancy {
 public:
  static constexpr std::uint32_t nobody = 0xFFFFFFFFU;

  explicit Occupancy(std::int64_t voxels)
      : solid_(static_cast<std::size_t>(voxels), nobody),
        filled_(static_cast<std::size_t>(voxels), 0),
        small_(static_cast<std::size_t>(voxels), 0) {}

  [[nodiscard]] std::uint32_t solid(std::int64_t voxel) const { return solid_[static_cast<std::size_t>(voxel)]; }
  [[nodiscard]] bool has_solid(std::int64_t voxel) const { return solid(voxel) != nobody; }
  [[nodiscard]] int small_cells(std::int64_t voxel) const { return small_[static_cast<std::size_t>(voxel)]; }

  [[nodiscard]] bool room_for_solid(std::int64_t voxel) const { return !has_solid(voxel) && small_cells(voxel) <= 1; }
  [[nodiscard]] bool room_for_small(std::int64_t voxel, int cost) const {
    const auto v = static_cast<std::size_t>(voxel);
    return has_solid(voxel) ? small_[v] == 0 : filled_[v] + cost <= full_room;
  }

  void put_solid(std::int64_t voxel, std::uint32_t slot) { solid_[static_cast<std::size_t>(voxel)] = slot; }
  void take_solid(std::int64_t voxel) { solid_[static_cast<std::size_t>(voxel)] = nobody; }
  void put_small(std::int64_t voxel, int cost) {
    filled_[static_cast<std::size_t>(voxel)] =
        static_cast<std::uint8_t>(filled_[static_cast<std::size_t>(voxel)] + cost);
    ++small_[static_cast<std::size_t>(voxel)];
  }
  void take_small(std::int64_t voxel, int cost) {
    filled_[static_cast<std::size_t>(voxel)] =
        static_cast<std::uint8_t>(filled_[static_cast<std::size_t>(voxel)] - cost);
    --small_[static_cast<std::size_t>(voxel)];
  }
  [[nodiscard]] int filled(std::int64_t voxel) const { return filled_[static_cast<std::size_t>(voxel)]; }

 private:
  std::vector<std::uint32_t> solid_;
  std::vector<std::uint8_t> filled_, small_;
};

}  // namespace qsp::lattice

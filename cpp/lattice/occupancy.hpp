// Who is where: one solid cell per voxel (its slot and its type), and how much of the voxel small cells fill.
//
// A voxel without a solid cell holds small cells up to a full room of 252 units, of which a type of capacity n costs
// floor(252 / n). Beside a solid cell in the same voxel exactly one small cell fits.
#pragma once

#include <cstdint>

#include "base/memory.hpp"

namespace qsp::lattice {

inline constexpr int full_room = 252;  // divisible by 1..4, 6, 7, 9, 12, 14: exact shares for the common capacities

class Occupancy {
 public:
  static constexpr std::uint32_t nobody = 0xFFFFFFFFU;

  explicit Occupancy(std::int64_t voxels)
      : solid_(static_cast<std::size_t>(voxels), nobody),
        code_(static_cast<std::size_t>(voxels), 0),
        small_(static_cast<std::size_t>(voxels)) {}

  // The slot of the solid cell, or nobody; its type code, or 0.
  [[nodiscard]] std::uint32_t solid(std::int64_t voxel) const { return solid_[static_cast<std::size_t>(voxel)]; }
  [[nodiscard]] std::uint8_t code(std::int64_t voxel) const { return code_[static_cast<std::size_t>(voxel)]; }
  [[nodiscard]] bool has_solid(std::int64_t voxel) const { return code(voxel) != 0; }
  [[nodiscard]] int small_cells(std::int64_t voxel) const { return small_[static_cast<std::size_t>(voxel)].cells; }
  [[nodiscard]] int filled(std::int64_t voxel) const { return small_[static_cast<std::size_t>(voxel)].filled; }

  [[nodiscard]] bool room_for_solid(std::int64_t voxel) const { return !has_solid(voxel) && small_cells(voxel) <= 1; }
  [[nodiscard]] bool room_for_small(std::int64_t voxel, int cost) const {
    return has_solid(voxel) ? small_cells(voxel) == 0 : filled(voxel) + cost <= full_room;
  }

  void put_solid(std::int64_t voxel, std::uint32_t slot, std::uint8_t code) {
    solid_[static_cast<std::size_t>(voxel)] = slot;
    code_[static_cast<std::size_t>(voxel)] = code;
  }
  void take_solid(std::int64_t voxel) { put_solid(voxel, nobody, 0); }
  void put_small(std::int64_t voxel, int cost) {
    auto& here = small_[static_cast<std::size_t>(voxel)];
    here.filled = static_cast<std::uint8_t>(here.filled + cost);
    ++here.cells;
  }
  void take_small(std::int64_t voxel, int cost) {
    auto& here = small_[static_cast<std::size_t>(voxel)];
    here.filled = static_cast<std::uint8_t>(here.filled - cost);
    --here.cells;
  }

  [[nodiscard]] const std::uint8_t* codes() const { return code_.data(); }
  [[nodiscard]] std::int64_t bytes() const { return static_cast<std::int64_t>(solid_.size()) * 7; }
  // Says that the voxel will be looked at soon, or the solid cell in it.
  void fetch(std::int64_t voxel) const {
    base::prefetch(&code_[static_cast<std::size_t>(voxel)]);
    base::prefetch(&small_[static_cast<std::size_t>(voxel)]);
  }
  void fetch_solid(std::int64_t voxel) const { base::prefetch(&solid_[static_cast<std::size_t>(voxel)]); }

 private:
  struct Small {  // cells in a voxel, and how much of its room they fill
    std::uint8_t filled = 0, cells = 0;
  };
  base::Array<std::uint32_t> solid_;
  base::Array<std::uint8_t> code_;
  base::Array<Small> small_;
};

}  // namespace qsp::lattice

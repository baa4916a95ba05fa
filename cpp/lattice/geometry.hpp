// The box of voxels, fewer than 2^31. With nz = 1 it is a slab, one section of tissue `thickness` deep.
#pragma once

#include <array>
#include <cstdint>

namespace qsp::lattice {

struct Geometry {
  int nx = 1, ny = 1, nz = 1;
  double spacing = 1.0;    // um
  double thickness = 1.0;  // um, the z extent of a voxel when nz == 1; equal to spacing otherwise

  [[nodiscard]] bool is_2d() const { return nz == 1; }
  [[nodiscard]] int dimensions() const { return is_2d() ? 2 : 3; }
  [[nodiscard]] std::int64_t size() const { return std::int64_t{nx} * ny * nz; }
  [[nodiscard]] double voxel_volume() const { return spacing * spacing * (is_2d() ? thickness : spacing); }  // um3
  [[nodiscard]] std::int64_t index(int x, int y, int z) const {
    return x + std::int64_t{nx} * (y + std::int64_t{ny} * z);
  }
  [[nodiscard]] std::array<int, 3> position(std::int64_t voxel) const {
    const auto width = static_cast<std::uint32_t>(nx),
               height = static_cast<std::uint32_t>(ny);  // 32 bits divide much faster
    const auto row = static_cast<std::uint32_t>(voxel) / width, z = row / height;
    return {static_cast<int>(static_cast<std::uint32_t>(voxel) - row * width), static_cast<int>(row - z * height),
            static_cast<int>(z)};
  }
  [[nodiscard]] bool inside(int x, int y, int z) const {
    return x >= 0 && x < nx && y >= 0 && y < ny && z >= 0 && z < nz;
  }
};

}  // namespace qsp::lattice

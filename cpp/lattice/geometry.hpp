// The box of voxels, fewer than 2^31. With nz = 1 it is a slab, one section of tissue `thickness` deep.
#pragma once

#include <array>
#include <cstdint>

namespace qsp::lattice {

struct Site {  // a voxel with its place in the box
  std::int64_t voxel;
  int x, y, z;
};

// Division of numbers below 2^31 by a fixed one, as a multiplication: v / d = v m >> s with m = ceil(2^s / d) and
// 2^(s - 31) >= d is exact (Granlund and Montgomery, doi:10.1145/773473.178249).
class Divider {
 public:
  explicit Divider(std::uint32_t divisor) {
    while ((std::uint64_t{1} << (shift_ - 31)) < divisor) ++shift_;
    multiplier_ = ((std::uint64_t{1} << shift_) + divisor - 1) / divisor;
  }
  [[nodiscard]] std::uint32_t operator()(std::uint32_t value) const {
    return static_cast<std::uint32_t>(value * multiplier_ >> shift_);
  }

 private:
  int shift_ = 31;
  std::uint64_t multiplier_ = 1;
};

struct Geometry {
  int nx = 1, ny = 1, nz = 1;
  double spacing = 1.0;    // um
  double thickness = 1.0;  // um, the z extent of a voxel when nz == 1; equal to spacing otherwise

  Geometry(int x, int y, int z, double side, double depth)
      : nx(x), ny(y), nz(z), spacing(side), thickness(depth), by_nx_(divider(x)), by_ny_(divider(y)) {}

  [[nodiscard]] bool is_2d() const { return nz == 1; }
  [[nodiscard]] int dimensions() const { return is_2d() ? 2 : 3; }
  [[nodiscard]] std::int64_t size() const { return std::int64_t{nx} * ny * nz; }
  [[nodiscard]] double voxel_volume() const { return spacing * spacing * (is_2d() ? thickness : spacing); }  // um3
  [[nodiscard]] std::int64_t index(int x, int y, int z) const {
    return x + std::int64_t{nx} * (y + std::int64_t{ny} * z);
  }
  [[nodiscard]] std::array<int, 3> position(std::int64_t voxel) const {
    const auto number = static_cast<std::uint32_t>(voxel);
    const auto row = by_nx_(number), z = by_ny_(row);
    return {static_cast<int>(number - row * static_cast<std::uint32_t>(nx)),
            static_cast<int>(row - z * static_cast<std::uint32_t>(ny)), static_cast<int>(z)};
  }
  [[nodiscard]] Site site(std::int64_t voxel) const {
    const auto [x, y, z] = position(voxel);
    return {voxel, x, y, z};
  }
  [[nodiscard]] bool inside(int x, int y, int z) const {
    return x >= 0 && x < nx && y >= 0 && y < ny && z >= 0 && z < nz;
  }

 private:
  [[nodiscard]] static Divider divider(int side) { return Divider(static_cast<std::uint32_t>(side > 0 ? side : 1)); }

  Divider by_nx_, by_ny_;
};

}  // namespace qsp::lattice

#include "lattice/contacts.hpp"

#include <algorithm>
#include <vector>

namespace qsp::lattice {
namespace {

constexpr int rows_at_once = 32;

}  // namespace

// Row by row: three rows across z, three of those sums across y, three voxels along x.
void sum_neighbourhoods(const Geometry& geometry, std::span<const std::uint8_t> present, std::span<std::uint8_t> around,
                        const ContactKernels& kernels, base::Threads& threads) {
  const int nx = geometry.nx, ny = geometry.ny, nz = geometry.nz;
  const int blocks = (ny + rows_at_once - 1) / rows_at_once;
  const auto width = static_cast<std::size_t>(nx);
  threads.each(std::int64_t{blocks} * nz, [&](std::int64_t item) {
    const int z = static_cast<int>(item / blocks), first = static_cast<int>(item % blocks) * rows_at_once;
    const int last = std::min(ny, first + rows_at_once);
    std::vector<std::uint8_t> none(width, 0), ring(3 * width, 0), line(width + 2, 0);
    const auto row = [&](int y, int zz) {
      return zz < 0 || zz >= nz ? none.data() : present.data() + geometry.index(0, y, zz);
    };
    const auto layer = [&](int y) {  // the sum across z of row y, in the ring
      std::uint8_t* sum = ring.data() + static_cast<std::size_t>((y + 3) % 3) * width;
      if (y < 0 || y >= ny)
        std::fill(sum, sum + width, std::uint8_t{0});
      else
        kernels.add(sum, row(y, z - 1), row(y, z), row(y, z + 1), nx);
    };
    layer(first - 1);
    layer(first);
    for (int y = first; y < last; ++y) {
      layer(y + 1);
      kernels.add(line.data() + 1, ring.data(), ring.data() + width, ring.data() + 2 * width, nx);
      kernels.add(around.data() + geometry.index(0, y, z), line.data(), line.data() + 1, line.data() + 2, nx);
    }
  });
}

}  // namespace qsp::lattice

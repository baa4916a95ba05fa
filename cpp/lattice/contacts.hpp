// How many cells of a set of types stand in the Moore neighbourhood of each voxel and in the voxel itself, for all
// voxels at once; saturated at 255.
#pragma once

#include <cstdint>
#include <span>

#include "base/instructions.hpp"
#include "base/threads.hpp"
#include "lattice/geometry.hpp"

namespace qsp::lattice {

struct ContactKernels {
  // out = 1 where code is one of `codes`, else 0
  void (*match)(std::uint8_t* out, const std::uint8_t* code, const std::uint8_t* codes, int count, std::int64_t n);
  // out = a + b + c, saturated
  void (*add)(std::uint8_t* out, const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c, std::int64_t n);
};

QSP_KERNEL_TABLE(ContactKernels, contact_kernels)

// `present`: cells of the set in each voxel; `around`: the sums.
void sum_neighbourhoods(const Geometry& geometry, std::span<const std::uint8_t> present, std::span<std::uint8_t> around,
                        const ContactKernels& kernels, base::Threads& threads);

}  // namespace qsp::lattice

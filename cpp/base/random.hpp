// Philox for many agents at once: the same words as base::draw gives one by one.
#pragma once

#include <cstdint>

#include "base/instructions.hpp"

namespace qsp::base {

struct RandomKernels {
  // The low halves of words[w * n + i] are word w < wanted of draw(seed, keys[i], step, purpose, number), where `last`
  // is purpose << 24 | number; the high halves mean nothing.
  void (*draw)(std::uint64_t* words, int wanted, const std::uint64_t* keys, int n, std::uint64_t seed,
               std::uint32_t step, std::uint32_t last);
};

QSP_KERNEL_TABLE(RandomKernels, random_kernels)

}  // namespace qsp::base

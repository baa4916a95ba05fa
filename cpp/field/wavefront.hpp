// Runs sweeps over the rows of a lattice one closely behind the other, while the rows are still in the cache.
//
// Sweep s trails sweep s - 1 by one row and one plane. A sweep may read the rows next to the one that it writes, in y
// and in z, as the sweeps before have left them and those behind have not yet touched them: the result is that of full
// sweeps one after the other, bit by bit. For several threads the lattice is cut across; each block is swept as far as
// it can be without its neighbour (one plane less with every sweep), and what is left around the cuts follows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/threads.hpp"

namespace qsp::field {

// sweep(s, first row, last row, plane) for s in [0, sweeps)
using Sweep = std::function<void(int, int, int, int)>;

struct Wavefront {
  int ny, nz;
  int sweeps;
  int rows;  // of a tile: as many as keep the planes between first and last sweep in the cache

  void run(base::Threads& threads, int blocks, const Sweep& sweep) const {
    const bool along_z = nz >= 4 * sweeps;
    const int length = along_z ? nz : ny;
    blocks = std::max(1, std::min(blocks, length / (4 * sweeps)));
    // Pairs of planes that the last sweep joins into one of the coarser lattice must not be cut.
    const auto cut = [&](std::int64_t i) {
      if (i <= 0 || i >= blocks) return i <= 0 ? 0 : length;
      const auto middle = static_cast<int>(length * i / blocks);
      return middle + ((middle + sweeps - 1) & 1);
    };
    const auto block = [&](int first, int last, int grow_first, int grow_last) {
      if (along_z)
        sweep_block({0, ny, 0, 0}, {first, last, grow_first, grow_last}, sweep);
      else
        sweep_block({first, last, grow_first, grow_last}, {0, nz, 0, 0}, sweep);
    };
    if (blocks == 1) return block(0, length, 0, 0);
    threads.each(blocks, [&](std::int64_t i) { block(cut(i), cut(i + 1), i > 0 ? 1 : 0, i + 1 < blocks ? -1 : 0); });
    threads.each(blocks - 1, [&](std::int64_t i) { block(cut(i + 1), cut(i + 1), -1, 1); });
  }

 private:
  struct Range {  // sweep s covers [first + s grow_first, last + s grow_last)
    int first, last, grow_first, grow_last;
    [[nodiscard]] int low(int s) const { return first + s * grow_first; }
    [[nodiscard]] int high(int s) const { return last + s * grow_last; }
  };

  void sweep_block(Range y, Range z, const Sweep& sweep) const {
    const int top = std::max(y.low(0), y.low(sweeps - 1)), bottom = std::max(y.high(0), y.high(sweeps - 1));
    const int tiles = std::max(1, (bottom - top + rows - 1) / rows);
    for (int tile = 0; tile < tiles; ++tile) {
      const int from = top + static_cast<int>(std::int64_t{bottom - top} * tile / tiles);
      const int to = top + static_cast<int>(std::int64_t{bottom - top} * (tile + 1) / tiles);
      const int end = std::max(z.high(0), z.high(sweeps - 1) + sweeps - 1);
      for (int front = std::min(z.low(0), z.low(sweeps - 1) + sweeps - 1); front < end; ++front)
        for (int s = 0; s < sweeps; ++s) {
          const int plane = front - s;
          if (plane < z.low(s) || plane >= z.high(s)) continue;
          const int first = tile == 0 ? y.low(s) : std::max(y.low(s), from - s);
          const int last = tile + 1 == tiles ? y.high(s) : std::min(y.high(s), to - s);
          if (first < last) sweep(s, first, last, plane);
        }
    }
  }
};

}  // namespace qsp::field

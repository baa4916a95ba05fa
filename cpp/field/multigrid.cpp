#include "field/multigrid.hpp"

#include <algorithm>

#include "field/rows.hpp"

namespace qsp::field {

namespace {

// Working rows of the calling thread, at least `size` floats, not cleared.
float* scratch(std::size_t size) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < size) buffer.resize(size);
  return buffer.data();
}

void split(const std::vector<float>& whole, std::size_t padded, std::array<std::vector<float>, 2>& halves) {
  for (std::size_t parity = 0; parity < 2; ++parity) {
    halves[parity].assign(padded, 0.0f);
    for (std::size_t i = 0; 2 * i + parity < whole.size(); ++i) halves[parity][i] = whole[2 * i + parity];
  }
}

}  // namespace

Multigrid::Multigrid(const lattice::Geometry& geometry, base::Instructions instructions) : rows_(&rows(instructions)) {
  std::array<Axis, 3> axes;
  const std::array<int, 3> shape{geometry.nx, geometry.ny, geometry.nz};
  for (std::size_t d = 0; d < 3; ++d) {
    axes[d].cells = shape[d];
    axes[d].width.assign(static_cast<std::size_t>(shape[d]), geometry.spacing);
  }
  for (;;) {
    Level level;
    level.nx = axes[0].cells;
    level.ny = axes[1].cells;
    level.nz = axes[2].cells;
    level.half = (level.nx + 1) / 2;
    level.padded = (level.half + 3) / 4 * 4;
    level.planes_in_front = geometry.nz > 1 ? 1 : 0;
    level.stride = 2 * (static_cast<std::size_t>(level.padded) + gap);
    level.plane = level.stride * static_cast<std::size_t>(level.ny + 2);
    level.axes = axes;
    const std::size_t size = level.plane * static_cast<std::size_t>(level.nz + 2 * level.planes_in_front) + 2 * gap;
    for (auto* array : {&level.solution, &level.right_side, &level.reaction, &level.inverse}) array->assign(size, 0.0f);
    levels_.push_back(std::move(level));
    if (levels_.back().nx == 1 && levels_.back().ny == 1 && levels_.back().nz == 1) break;
    for (auto& axis : axes) {
      std::vector<double> width(static_cast<std::size_t>((axis.cells + 1) / 2), 0.0);
      for (std::size_t i = 0; i < axis.width.size(); ++i) width[i / 2] += axis.width[i];
      axis.cells = static_cast<int>(width.size());
      axis.width = std::move(width);
    }
  }
}

void Multigrid::couple(Axis& axis, double diffusion, bool fixed_low, bool fixed_high) {
  const auto n = static_cast<std::size_t>(axis.cells);
  axis.minus.assign(n, 0.0f);
  axis.plus.assign(n, 0.0f);
  for (std::size_t i = 0; i < n; ++i) {
    const double width = axis.width[i];
    const double before = i > 0 ? 0.5 * (axis.width[i - 1] + width) : 0.5 * width;
    const double behind = i + 1 < n ? 0.5 * (axis.width[i + 1] + width) : 0.5 * width;
    if (i > 0 || fixed_low) axis.minus[i] = static_cast<float>(diffusion / (width * before));
    if (i + 1 < n || fixed_high) axis.plus[i] = static_cast<float>(diffusion / (width * behind));
  }
}

void Multigrid::link(Axis& fine, const Axis& coarse, bool fixed_low, bool fixed_high) {
  const auto n = static_cast<std::size_t>(fine.cells);
  fine.share.assign(n, 0.0f);
  fine.own.assign(n, 1.0f);
  fine.other.assign(n, 0.0f);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t parent = i / 2;
    const double width = coarse.width[parent];
    fine.share[i] = static_cast<float>(fine.width[i] / width);
    if (fine.width[i] == width) continue;                 // alone in its parent: takes its correction as it is
    const double offset = 0.5 * (width - fine.width[i]);  // between the centres of parent and child
    const bool low = i % 2 == 0;
    const bool at_wall = low ? parent == 0 : parent + 1 == coarse.width.size();
    if (at_wall) {
      if (low ? fixed_low : fixed_high) fine.own[i] = static_cast<float>(1.0 - offset / (0.5 * width));
      continue;
    }
    const double distance = 0.5 * (width + coarse.width[low ? parent - 1 : parent + 1]);
    fine.own[i] = static_cast<float>(1.0 - offset / distance);
    fine.other[i] = static_cast<float>(offset / distance);
  }
}

void Multigrid::set_operator(double diffusion, const std::array<bool, 6>& fixed) {
  for (auto& level : levels_) {
    const bool slab = level.planes_in_front == 0;
    for (std::size_t d = 0; d < 3; ++d) {
      const bool open = d < 2 || !slab;
      couple(level.axes[d], diffusion, open && fixed[2 * d], open && fixed[2 * d + 1]);
    }
    // Ghosts are zero, so only couplings between voxels decide whether one number will do.
    level.uniform = true;
    level.coupling = 0.0f;
    for (const auto& axis : level.axes)
      for (std::size_t i = 1; i < axis.width.size(); ++i) {
        if (level.coupling == 0.0f) level.coupling = axis.minus[i];
        level.uniform = level.uniform && axis.minus[i] == level.coupling && axis.plus[i - 1] == level.coupling;
      }
  }
  for (std::size_t l = 0; l + 1 < levels_.size(); ++l)
    for (std::size_t d = 0; d < 3; ++d)
      link(levels_[l].axes[d], levels_[l + 1].axes[d], fixed[2 * d], fixed[2 * d + 1]);
  for (auto& level : levels_) {
    const auto padded = static_cast<std::size_t>(level.padded);
    const Axis& x = level.axes[0];
    std::vector<float> diagonal(x.minus.size());
    for (std::size_t i = 0; i < diagonal.size(); ++i) diagonal[i] = x.minus[i] + x.plus[i];
    split(x.minus, padded, level.minus);
    split(x.plus, padded, level.plus);
    split(diagonal, padded, level.diagonal);
    split(x.share, padded, level.share);
    split(x.own, padded, level.own);
    split(x.other, padded, level.other);
  }
  const double spacing = levels_.front().axes[0].width[0];
  face_coupling_ = static_cast<float>(2.0 * diffusion / (spacing * spacing));
}

std::size_t Multigrid::position(int x, int y, int z) const {
  const Level& level = levels_.front();
  return level.row(y, z) + static_cast<std::size_t>(x / 2) + (x % 2 != 0 ? level.other_half() : 0);
}

void Multigrid::each_rows(const Level& level, std::int64_t rows, base::Threads& threads,
                          const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (threads.count() == 1 || level.rows() * level.nx < voxels_worth_threads) return body(0, rows);
  const std::int64_t chunk = std::max<std::int64_t>(1, rows * 16384 / (level.rows() * level.nx));
  threads.each((rows + chunk - 1) / chunk, [&](std::int64_t i) { body(i * chunk, std::min(rows, (i + 1) * chunk)); });
}

void Multigrid::pack(std::span<const float> dense, float factor, std::span<float> padded,
                     base::Threads& threads) const {
  const Level& level = levels_.front();
  const int even = level.half, odd = level.nx / 2;
  each_rows(level, level.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* __restrict low = padded.data() + level.row(static_cast<int>(r % level.ny), static_cast<int>(r / level.ny));
      float* __restrict high = low + level.other_half();
      const float* __restrict from = dense.data() + r * level.nx;
      for (int i = 0; i < odd; ++i) {
        low[i] = from[2 * i] * factor;
        high[i] = from[2 * i + 1] * factor;
      }
      if (even > odd) low[odd] = from[2 * odd] * factor;
    }
  });
}

void Multigrid::unpack(std::span<const float> padded, std::span<float> dense, base::Threads& threads) const {
  const Level& level = levels_.front();
  const int even = level.half, odd = level.nx / 2;
  each_rows(level, level.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const float* low = padded.data() + level.row(static_cast<int>(r % level.ny), static_cast<int>(r / level.ny));
      float* to = dense.data() + r * level.nx;
      rows_->interleave(to, low, low + level.other_half(), odd);
      if (even > odd) to[2 * odd] = low[odd];
    }
  });
}

void Multigrid::invert(Level& level, base::Threads& threads) const {
  each_rows(level, level.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const auto y = static_cast<std::size_t>(r % level.ny), z = static_cast<std::size_t>(r / level.ny);
      const float rest =
          (level.axes[1].minus[y] + level.axes[1].plus[y]) + (level.axes[2].minus[z] + level.axes[2].plus[z]);
      for (std::size_t parity = 0; parity < 2; ++parity) {
        const std::size_t at = level.row(static_cast<int>(y), static_cast<int>(z)) + parity * level.other_half();
        rows_->invert(level.inverse.data() + at, level.reaction.data() + at, level.diagonal[parity].data(), rest,
                      parity == 0 ? level.half : level.nx / 2);
      }
    }
  });
}

// The reaction that a coarse cell sees is the mean of its children's, weighted by how much of the concentration around
// is left in each child (its inverse diagonal): strong uptake in single voxels is limited by the way to them.
void Multigrid::coarsen_reaction(const Level& fine, Level& coarse, base::Threads& threads) const {
  const auto width = static_cast<std::size_t>(fine.padded) + 2;
  each_rows(fine, coarse.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    float* numerator = scratch(2 * width);
    float* denominator = numerator + width;
    for (std::int64_t r = first; r < last; ++r) {
      const int y = static_cast<int>(r % coarse.ny), z = static_cast<int>(r / coarse.ny);
      std::fill(numerator, numerator + 2 * width, 0.0f);
      for (int zz = 2 * z; zz < std::min(2 * z + 2, fine.nz); ++zz)
        for (int yy = 2 * y; yy < std::min(2 * y + 2, fine.ny); ++yy) {
          const float weight =
              fine.axes[1].share[static_cast<std::size_t>(yy)] * fine.axes[2].share[static_cast<std::size_t>(zz)];
          for (std::size_t parity = 0; parity < 2; ++parity) {
            const std::size_t at = fine.row(yy, zz) + parity * fine.other_half();
            rows_->average(numerator, denominator, fine.reaction.data() + at, fine.inverse.data() + at,
                           fine.share[parity].data(), weight, fine.padded);
          }
        }
      for (int x = 0; x < coarse.nx; ++x)
        coarse.reaction[coarse.row(y, z) + static_cast<std::size_t>(x / 2) + (x % 2 != 0 ? coarse.other_half() : 0)] =
            denominator[x] > 0.0f ? numerator[x] / denominator[x] : 0.0f;
    }
  });
}

void Multigrid::prepare(base::Threads& threads) {
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    invert(levels_[l], threads);
    if (l + 1 < levels_.size()) coarsen_reaction(levels_[l], levels_[l + 1], threads);
  }
  // Strong and uneven reaction slows the cycle (about 0.5 for V(1,1)); a second sweep is then worth its price.
  const Level& finest = levels_.front();
  std::array<float, 8> lanes{};
  const float* reaction = finest.reaction.data();
  for (std::size_t i = 0; i + lanes.size() <= finest.reaction.size(); i += lanes.size())
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      lanes[lane] = reaction[i + lane] > lanes[lane] ? reaction[i + lane] : lanes[lane];
  const float strongest = *std::max_element(lanes.begin(), lanes.end());
  sweeps_ = strongest > 0.5f * (levels_.back().reaction[levels_.back().row(0, 0)] + finest.coupling) ? 2 : 1;
}

Around Multigrid::around(const Level& level, std::size_t at, bool odd) {
  const float* u = level.solution.data() + at;
  const float* across = odd ? u - level.other_half() : u + level.other_half();
  const float* left = odd ? across : across - 1;
  const bool slab = level.planes_in_front == 0;
  return {left,
          left + 1,
          u - level.stride,
          u + level.stride,
          slab ? nullptr : u - level.plane,
          slab ? nullptr : u + level.plane};
}

Coupling Multigrid::coupling(const Level& level, std::size_t y, std::size_t z, bool odd) {
  return {level.minus[odd].data(), level.plus[odd].data(), level.axes[1].minus[y],
          level.axes[1].plus[y],   level.axes[2].minus[z], level.axes[2].plus[z]};
}

// One colour: 0 is the voxels of even x + y + z. Its neighbours all have the other colour, so order does not matter.
void Multigrid::relax(Level& level, int colour, base::Threads& threads) const {
  each_rows(level, level.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const int y = static_cast<int>(r % level.ny), z = static_cast<int>(r / level.ny);
      const bool odd = ((y + z + colour) & 1) != 0;
      const std::size_t at = level.row(y, z) + (odd ? level.other_half() : 0);
      float* u = level.solution.data() + at;
      const float* right_side = level.right_side.data() + at;
      const float* inverse = level.inverse.data() + at;
      if (level.uniform)
        rows_->relax_uniform(u, around(level, at, odd), level.coupling, right_side, inverse, level.padded);
      else
        rows_->relax(u, around(level, at, odd),
                     coupling(level, static_cast<std::size_t>(y), static_cast<std::size_t>(z), odd), right_side,
                     inverse, level.padded);
    }
  });
}

// The first half sweep from a solution of zero, which need not be stored: the other colour is overwritten next.
void Multigrid::start(Level& level, base::Threads& threads) const {
  each_rows(level, level.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const int y = static_cast<int>(r % level.ny), z = static_cast<int>(r / level.ny);
      const std::size_t at = level.row(y, z) + (((y + z) & 1) != 0 ? level.other_half() : 0);
      rows_->multiply(level.solution.data() + at, level.right_side.data() + at, level.inverse.data() + at,
                      level.padded);
    }
  });
}

void Multigrid::smooth(Level& level, bool from_zero, base::Threads& threads) const {
  const int sweeps = level.rows() * level.nx <= cells_swept_twice ? 2 : sweeps_;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    if (from_zero && sweep == 0)
      start(level, threads);
    else
      relax(level, 0, threads);
    relax(level, 1, threads);
  }
}

void Multigrid::go_down(const Level& fine, Level& coarse, base::Threads& threads) const {
  const auto width = static_cast<std::size_t>(fine.padded) + 2;
  each_rows(fine, coarse.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    float* whole = scratch(width);
    for (std::int64_t r = first; r < last; ++r) {
      const int y = static_cast<int>(r % coarse.ny), z = static_cast<int>(r / coarse.ny);
      std::fill(whole, whole + width, 0.0f);
      for (int zz = 2 * z; zz < std::min(2 * z + 2, fine.nz); ++zz)
        for (int yy = 2 * y; yy < std::min(2 * y + 2, fine.ny); ++yy) {
          const auto row = static_cast<std::size_t>(yy), layer = static_cast<std::size_t>(zz);
          const float weight = fine.axes[1].share[row] * fine.axes[2].share[layer];
          for (const bool odd : {false, true}) {
            const std::size_t at = fine.row(yy, zz) + (odd ? fine.other_half() : 0);
            rows_->restrict_residual(whole, fine.solution.data() + at, around(fine, at, odd),
                                     coupling(fine, row, layer, odd), fine.right_side.data() + at,
                                     fine.reaction.data() + at, fine.share[odd].data(), weight, fine.padded);
          }
        }
      const std::size_t at = coarse.row(y, z);
      rows_->divide_up(whole, coarse.right_side.data() + at, coarse.right_side.data() + at + coarse.other_half(),
                       coarse.half);
    }
  });
}

void Multigrid::go_up(const Level& coarse, Level& fine, base::Threads& threads) const {
  const auto half = static_cast<std::size_t>(coarse.half);
  each_rows(fine, fine.rows(), threads, [&](std::int64_t first, std::int64_t last) {
    // [blend of even cells | of odd cells | 0, the whole row, 0 ...]
    const auto width = static_cast<std::size_t>(fine.padded) + 4;
    float* even = scratch(2 * half + width + 2);
    float* odd = even + half;
    float* whole = odd + half + 1;
    whole[-1] = 0.0f;
    std::fill(whole, whole + width, 0.0f);
    for (std::int64_t r = first; r < last; ++r) {
      const auto y = static_cast<std::size_t>(r % fine.ny), z = static_cast<std::size_t>(r / fine.ny);
      const auto towards = [](std::size_t child,
                              float weight) {  // the parent's neighbour, or itself where there is none
        return static_cast<int>(child / 2) + (weight == 0.0f ? 0 : child % 2 == 0 ? -1 : 1);
      };
      const Axis &along_y = fine.axes[1], &along_z = fine.axes[2];
      const int y0 = static_cast<int>(y / 2), y1 = towards(y, along_y.other[y]);
      const int z0 = static_cast<int>(z / 2), z1 = towards(z, along_z.other[z]);
      rows_->blend(even, coarse.solution.data() + coarse.row(y0, z0), coarse.solution.data() + coarse.row(y1, z0),
                   along_y.own[y] * along_z.own[z], along_y.other[y] * along_z.own[z], coarse.half,
                   coarse.other_half());
      if (along_z.other[z] != 0.0f)
        rows_->blend_more(even, coarse.solution.data() + coarse.row(y0, z1),
                          coarse.solution.data() + coarse.row(y1, z1), along_y.own[y] * along_z.other[z],
                          along_y.other[y] * along_z.other[z], coarse.half, coarse.other_half());
      rows_->interleave(whole, even, odd, coarse.half);
      float* u = fine.solution.data() + fine.row(static_cast<int>(y), static_cast<int>(z));
      rows_->correct(u, fine.own[0].data(), whole, fine.other[0].data(), whole - 1, fine.padded);
      rows_->correct(u + fine.other_half(), fine.own[1].data(), whole, fine.other[1].data(), whole + 1, fine.padded);
    }
  });
}

void Multigrid::cycle(base::Threads& threads, bool from_zero) {
  const std::size_t coarsest = levels_.size() - 1;
  for (std::size_t l = 0; l < coarsest; ++l) {
    smooth(levels_[l], l > 0 || from_zero, threads);
    go_down(levels_[l], levels_[l + 1], threads);
  }
  start(levels_[coarsest], threads);  // one cell: exact
  for (std::size_t l = coarsest; l-- > 0;) {
    go_up(levels_[l + 1], levels_[l], threads);
    smooth(levels_[l], false, threads);
  }
}

}  // namespace qsp::field

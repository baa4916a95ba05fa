#include "field/multigrid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qsp::field {

namespace {

// What the sweeps of a wavefront have in the works should stay in the second-level cache of one core.
constexpr std::size_t cache_bytes = std::size_t{384} << 10;

[[nodiscard]] std::size_t whole_lanes(std::size_t n) { return (n + lanes - 1) / lanes * lanes; }

// Working rows of the calling thread, at least `size` floats, not cleared.
float* scratch(std::size_t size) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < size) buffer.resize(size);
  return buffer.data();
}

void split(const std::vector<float>& whole, int padded, std::array<std::vector<float>, 2>& halves, float pad = 0.0f) {
  for (std::size_t parity = 0; parity < 2; ++parity) {
    halves[parity].assign(static_cast<std::size_t>(padded), pad);
    for (std::size_t i = 0; 2 * i + parity < whole.size(); ++i) halves[parity][i] = whole[2 * i + parity];
  }
}

[[nodiscard]] bool is_odd(int y, int z, int colour) { return ((y + z + colour) & 1) != 0; }

}  // namespace

Multigrid::Multigrid(const lattice::Geometry& geometry, base::Instructions instructions)
    : rows_(&field::rows(instructions)) {
  std::array<Axis, 3> axes;
  const std::array<int, 3> shape{geometry.nx, geometry.ny, geometry.nz};
  for (std::size_t d = 0; d < 3; ++d) {
    axes[d].cells = shape[d];
    axes[d].width.assign(static_cast<std::size_t>(shape[d]), geometry.spacing);
  }
  const bool flat = geometry.nz == 1;
  for (;;) {
    Level level;
    level.nx = axes[0].cells;
    level.ny = axes[1].cells;
    level.nz = axes[2].cells;
    const auto even = static_cast<std::size_t>((level.nx + 1) / 2);
    level.layout.n = static_cast<int>(whole_lanes(even));
    level.layout.half = whole_lanes(even + 1);  // at least one pad lies between the halves
    level.layout.stride = level.layout.half + whole_lanes(even);
    const std::size_t plane = level.layout.stride * static_cast<std::size_t>(level.ny + 2);
    level.layout.plane = flat ? 0 : plane;
    level.first = level.layout.plane + level.layout.stride;
    level.size = plane * static_cast<std::size_t>(flat ? 1 : level.nz + 2) + lanes;
    level.axes = axes;
    if (levels_.size() < 2) level.sums.assign(2 * static_cast<std::size_t>(level.rows()), 0.0f);
    levels_.push_back(std::move(level));
    if (levels_.back().cells() == 1) break;
    for (auto& axis : axes) {
      std::vector<double> width(static_cast<std::size_t>((axis.cells + 1) / 2), 0.0);
      for (std::size_t i = 0; i < axis.width.size(); ++i) width[i / 2] += axis.width[i];
      axis.cells = static_cast<int>(width.size());
      axis.width = std::move(width);
    }
  }
  inverse_.assign(levels_.front().size, 0.0f);
  levels_.front().inverse = inverse_.data();
  std::size_t size = 0;
  for (std::size_t l = 1; l < levels_.size(); ++l) size += 4 * whole_lanes(levels_[l].size);
  coarser_.assign(size, 0.0f);
  float* next = coarser_.data();
  for (std::size_t l = 1; l < levels_.size(); ++l) {
    Level& level = levels_[l];
    for (float** array : {&level.solution, &level.own_right_side, &level.own_reaction, &level.inverse}) {
      *array = next;
      next += whole_lanes(level.size);
    }
    level.right_side = level.own_right_side;
    level.reaction = level.own_reaction;
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
  const bool flat = levels_.front().layout.plane == 0;
  for (auto& level : levels_) {
    for (std::size_t d = 0; d < 3; ++d) {
      const bool open = d < 2 || !flat;
      couple(level.axes[d], diffusion, open && fixed[2 * d], open && fixed[2 * d + 1]);
    }
    // Ghosts are zero, so only couplings between cells decide whether one number will do.
    level.uniform = true;
    level.coupling = 0.0f;
    for (const auto& axis : level.axes)
      for (std::size_t i = 1; i < axis.width.size(); ++i) {
        if (level.coupling == 0.0f) level.coupling = axis.minus[i];
        level.uniform = level.uniform && axis.minus[i] == level.coupling && axis.plus[i - 1] == level.coupling;
      }
    level.uniform = level.uniform && level.coupling > 0.0f;
    for (auto& axis : level.axes) {
      axis.neighbours.assign(axis.minus.size(), 0.0f);
      if (!level.uniform) continue;
      for (std::size_t i = 0; i < axis.minus.size(); ++i)
        axis.neighbours[i] = axis.minus[i] / level.coupling + axis.plus[i] / level.coupling;
    }
  }
  for (std::size_t l = 0; l + 1 < levels_.size(); ++l)
    for (std::size_t d = 0; d < 3; ++d)
      link(levels_[l].axes[d], levels_[l + 1].axes[d], fixed[2 * d], fixed[2 * d + 1]);
  for (auto& level : levels_) {
    const Axis& x = level.axes[0];
    std::vector<float> diagonal(x.minus.size());
    for (std::size_t i = 0; i < diagonal.size(); ++i) diagonal[i] = x.minus[i] + x.plus[i];
    split(x.minus, level.layout.n, level.minus);
    split(x.plus, level.layout.n, level.plus);
    split(diagonal, level.layout.n, level.diagonal, std::numeric_limits<float>::infinity());  // pads stay zero
    split(x.neighbours, level.layout.n, level.neighbours);
    split(x.share, level.layout.n, level.share);
    split(x.own, level.layout.n, level.own);
    split(x.other, level.layout.n, level.other);
    level.transfer = {{level.share[0].data(), level.share[1].data()},
                      {level.own[0].data(), level.own[1].data()},
                      {level.other[0].data(), level.other[1].data()}};
  }
  const double spacing = levels_.front().axes[0].width[0];
  voxel_coupling_ = static_cast<float>(diffusion / (spacing * spacing));
}

void Multigrid::pack(std::span<const float> dense, std::span<float> padded, base::Threads& threads) const {
  const Level& level = levels_.front();
  each_rows(threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* even = padded.data() + level.row(static_cast<int>(r % level.ny), static_cast<int>(r / level.ny));
      float* odd = even + level.layout.half;
      const float* from = dense.data() + r * level.nx;
      rows_->divide(from, even, odd, level.nx / 2);
      if (level.nx % 2 != 0) even[level.nx / 2] = from[level.nx - 1];
    }
  });
}

void Multigrid::each_rows(const Level& level, std::int64_t rows, base::Threads& threads,
                          const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (threads.count() == 1 || level.cells() < voxels_worth_threads) return body(0, rows);
  const std::int64_t chunk = std::max<std::int64_t>(1, rows * 65536 / level.cells());
  threads.each((rows + chunk - 1) / chunk, [&](std::int64_t i) { body(i * chunk, std::min(rows, (i + 1) * chunk)); });
}

// The inverse diagonals of a level, and the reaction of the next: that of a coarse cell is the mean of its children's,
// weighted by how much of the concentration around is left in each child (its inverse diagonal), since strong uptake in
// single voxels is limited by the way to them.
void Multigrid::prepare_level(std::size_t l, base::Threads& threads) {
  Level& fine = levels_[l];
  Level* coarse = l + 1 < levels_.size() ? &levels_[l + 1] : nullptr;
  const auto n = static_cast<std::size_t>(fine.layout.n);
  const Axis &along_y = fine.axes[1], &along_z = fine.axes[2];
  const auto invert = [&](int y, int z) {
    const auto yy = static_cast<std::size_t>(y), zz = static_cast<std::size_t>(z);
    const float rest = (along_y.minus[yy] + along_y.plus[yy]) + (along_z.minus[zz] + along_z.plus[zz]);
    for (std::size_t parity = 0; parity < 2; ++parity) {
      const std::size_t at = fine.row(y, z) + parity * fine.layout.half;
      rows_->invert(fine.inverse + at, fine.reaction + at, fine.constant, fine.diagonal[parity].data(), rest,
                    fine.layout.n);
    }
  };
  if (coarse == nullptr) return invert(0, 0);
  each_rows(fine, coarse->rows(), threads, [&](std::int64_t first, std::int64_t last) {
    float* numerator = scratch(4 * n + lanes);
    float *denominator = numerator + n, *whole = denominator + n;
    std::fill(whole, whole + 2 * n + lanes, 0.0f);
    for (std::int64_t r = first; r < last; ++r) {
      const int y = static_cast<int>(r % coarse->ny), z = static_cast<int>(r / coarse->ny);
      std::fill(numerator, numerator + 2 * n, 0.0f);
      for (int zz = 2 * z; zz < std::min(2 * z + 2, fine.nz); ++zz)
        for (int yy = 2 * y; yy < std::min(2 * y + 2, fine.ny); ++yy) {
          invert(yy, zz);
          const float weight =
              along_y.share[static_cast<std::size_t>(yy)] * along_z.share[static_cast<std::size_t>(zz)];
          for (std::size_t parity = 0; parity < 2; ++parity) {
            const std::size_t at = fine.row(yy, zz) + parity * fine.layout.half;
            rows_->average(numerator, denominator, fine.reaction + at, fine.constant, fine.inverse + at,
                           fine.share[parity].data(), weight, fine.layout.n);
          }
        }
      rows_->quotient(whole, numerator, denominator, fine.layout.n);
      float* out = coarse->own_reaction + coarse->row(y, z);
      rows_->divide(whole, out, out + coarse->layout.half, coarse->layout.n);
    }
  });
}

void Multigrid::prepare(const float* reaction, float constant, float strongest, base::Threads& threads) {
  Level& finest = levels_.front();
  finest.reaction = reaction;
  finest.constant = constant;
  for (std::size_t l = 0; l < levels_.size(); ++l) prepare_level(l, threads);
  held_ = strongest >= hold;
  // Strong and uneven reaction slows the cycle (about 0.5 for V(1,1)); a second sweep is then worth its price.
  const Level& coarsest = levels_.back();
  const float mean = coarsest.reaction[coarsest.row(0, 0)] + coarsest.constant;
  sweeps_ = strongest + constant > 0.5f * (mean + finest.coupling) ? 2 : 1;
  colours_ = mean < rounding_matters * finest.coupling ? 2 : 1;
}

void Multigrid::relax(Level& level, const Stage& stage, int first, int last, int z) const {
  const std::size_t at = level.row(first, z);
  const bool odd = is_odd(first, z, stage.colour);
  const auto y = static_cast<std::size_t>(first), zz = static_cast<std::size_t>(z);
  float* sums = stage.measured ? level.sums.data() + 2 * (zz * static_cast<std::size_t>(level.ny) + y) : nullptr;
  if (stage.kind == Stage::Kind::start)
    rows_->start(level.layout, level.solution + at, level.right_side + at, level.inverse + at, last - first, odd);
  else if (level.uniform)
    rows_->relax_uniform(level.layout, level.solution + at, level.right_side + at, level.inverse + at, level.coupling,
                         last - first, odd, sums);
  else
    rows_->relax(level.layout, level.solution + at, level.right_side + at, level.inverse + at,
                 {{level.minus[0].data(), level.minus[1].data()},
                  {level.plus[0].data(), level.plus[1].data()},
                  level.axes[1].minus.data() + y,
                  level.axes[1].plus.data() + y,
                  level.axes[2].minus[zz],
                  level.axes[2].plus[zz]},
                 last - first, odd, sums);
}

// Coarse rows of which the last child lies in the given rows of the given plane.
void Multigrid::restrict(const Level& fine, Level& coarse, int first, int last, int z) const {
  if (z % 2 == 0 && z + 1 < fine.nz) return;  // not the last plane of its parent
  const auto n = static_cast<std::size_t>(fine.layout.n);
  const Axis &along_y = fine.axes[1], &along_z = fine.axes[2];
  const Coupling along_x{{fine.minus[0].data(), fine.minus[1].data()},
                         {fine.plus[0].data(), fine.plus[1].data()},
                         nullptr,
                         nullptr,
                         0.0f,
                         0.0f};
  const float* neighbours[2] = {fine.neighbours[0].data(), fine.neighbours[1].data()};
  float* whole = scratch(2 * n + lanes);
  std::fill(whole + n, whole + 2 * n + lanes, 0.0f);
  for (int y = first / 2; 2 * y < last; ++y) {
    const int end = std::min(2 * y + 2, fine.ny);
    if (end - 1 < first || end - 1 >= last) continue;
    Child children[8];
    int count = 0;
    for (int zz = z - z % 2; zz <= z; ++zz)
      for (int yy = 2 * y; yy < end; ++yy) {
        const std::size_t at = fine.row(yy, zz);
        const auto row = static_cast<std::size_t>(yy), layer = static_cast<std::size_t>(zz);
        for (int colour = 0; colour < colours_; ++colour)
          children[count++] = {fine.solution + at,
                               fine.right_side + at,
                               fine.reaction + at,
                               is_odd(yy, zz, colour),
                               along_y.share[row] * along_z.share[layer],
                               along_y.neighbours[row] + along_z.neighbours[layer],
                               along_y.minus[row],
                               along_y.plus[row],
                               along_z.minus[layer],
                               along_z.plus[layer]};
      }
    if (fine.uniform && colours_ == 1)
      rows_->residual_uniform(fine.layout, whole, children, count, fine.coupling, fine.constant, neighbours,
                              fine.transfer);
    else
      rows_->residual(fine.layout, whole, children, count, fine.constant, along_x, fine.transfer);
    float* out = coarse.own_right_side + coarse.row(y, z / 2);
    rows_->divide(whole, out, out + coarse.layout.half, coarse.layout.n);
  }
}

// Adds the correction to the black voxels of the given rows.
void Multigrid::correct(const Level& coarse, Level& fine, int first, int last, int z) const {
  const auto towards = [](int child, float weight) {  // the parent's neighbour, or the parent where there is none
    return child / 2 + (weight == 0.0f ? 0 : child % 2 == 0 ? -1 : 1);
  };
  const Axis &along_y = fine.axes[1], &along_z = fine.axes[2];
  const auto layer = static_cast<std::size_t>(z);
  const int z0 = z / 2, z1 = towards(z, along_z.other[layer]);
  // Coarse rows brought to the width of the fine ones, even and odd voxels; three are in use at a time.
  const auto n = static_cast<std::size_t>(fine.layout.n);
  const std::size_t width = 2 * static_cast<std::size_t>(coarse.layout.n) + 2 * lanes;
  float* whole = scratch(width + 6 * n);
  std::fill(whole, whole + width, 0.0f);
  int ready[3] = {-1, -1, -1};
  const auto brought = [&](int y) {
    const int slot = y % 3;
    float* rows = whole + width + 2 * n * static_cast<std::size_t>(slot);
    if (ready[slot] != y)
      rows_->spread(coarse.layout, coarse.solution + coarse.row(y, z0), coarse.solution + coarse.row(y, z1),
                    along_z.own[layer], along_z.other[layer], whole, fine.transfer, fine.layout.n, rows, rows + n);
    ready[slot] = y;
    return rows;
  };
  for (int y = first; y < last; ++y) {
    const auto row = static_cast<std::size_t>(y);
    const bool odd = is_odd(y, z, 1);
    const std::size_t half = odd ? n : 0, at = fine.row(y, z) + (odd ? fine.layout.half : 0);
    const float* here = brought(y / 2) + half;
    const float* there = brought(towards(y, along_y.other[row])) + half;
    if (held_)
      rows_->correct_free(fine.solution + at, here, there, along_y.own[row], along_y.other[row], fine.inverse + at,
                          fine.layout.n);
    else
      rows_->correct(fine.solution + at, here, there, along_y.own[row], along_y.other[row], fine.layout.n);
  }
}

void Multigrid::run(std::size_t l, const Stage& stage, int first, int last, int z) {
  switch (stage.kind) {
    case Stage::Kind::visit:
      for (int y = first; y < last; ++y) (*stage.visit)(y, z);
      break;
    case Stage::Kind::correct:
      correct(levels_[l + 1], levels_[l], first, last, z);
      break;
    case Stage::Kind::restrict:
      restrict(levels_[l], levels_[l + 1], first, last, z);
      break;
    default:
      relax(levels_[l], stage, first, last, z);
  }
}

void Multigrid::run(std::size_t l, const std::vector<Stage>& stages, base::Threads& threads) {
  const Level& level = levels_[l];
  const auto sweep = [&](int s, int first, int last, int z) {
    run(l, stages[static_cast<std::size_t>(s)], first, last, z);
  };
  const int sweeps = static_cast<int>(stages.size());
  if (!fused_) {
    for (int s = 0; s < sweeps; ++s)
      for (int z = 0; z < level.nz; ++z) sweep(s, 0, level.ny, z);
    return;
  }
  const auto planes = static_cast<std::size_t>(std::min(level.nz, sweeps + 2));
  const std::size_t rows = cache_bytes / (level.layout.stride * sizeof(float) * 3 * planes);
  const int blocks = level.cells() < voxels_worth_threads ? 1 : threads.count();
  Wavefront{level.ny, level.nz, sweeps, static_cast<int>(std::max<std::size_t>(8, rows))}.run(threads, blocks, sweep);
}

void Multigrid::go_down(std::vector<Stage>& stages, std::size_t l, bool from_zero) const {
  using Kind = Stage::Kind;
  const int sweeps = levels_[l].cells() <= cells_swept_twice ? 2 : sweeps_;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const bool first = sweep == 0;
    stages.push_back({from_zero && first ? Kind::start : Kind::relax, 0, nullptr, l == 0 && first && !from_zero});
    stages.push_back({Kind::relax, 1, nullptr, false});
  }
  if (l + 1 < levels_.size()) stages.push_back({Kind::restrict, 0, nullptr, false});
}

void Multigrid::go_up(std::vector<Stage>& stages, std::size_t l) const {
  using Kind = Stage::Kind;
  const int sweeps = levels_[l].cells() <= cells_swept_twice ? 2 : sweeps_;
  if (l + 1 < levels_.size()) stages.push_back({Kind::correct, 1, nullptr, false});
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    stages.push_back({Kind::relax, 0, nullptr, l == 1 && sweep + 1 == sweeps});
    stages.push_back({Kind::relax, 1, nullptr, false});
  }
}

void Multigrid::solve_coarser(base::Threads& threads) {
  const std::size_t coarsest = levels_.size() - 1;
  if (coarsest == 0) return;
  std::vector<Stage> stages;
  for (std::size_t l = 1; l < coarsest; ++l) {
    stages.clear();
    go_down(stages, l, true);
    run(l, stages, threads);
  }
  run(coarsest, {Stage::Kind::start, 0, nullptr, false}, 0, 1, 0);  // one cell: exact
  for (std::size_t l = coarsest; l-- > 1;) {
    stages.clear();
    go_up(stages, l);
    run(l, stages, threads);
  }
}

Multigrid::Measure Multigrid::measure() const {
  const Level& finest = levels_.front();
  const auto all = static_cast<double>(finest.cells());
  double change = 0.0, size = 0.0;
  for (std::size_t i = 0; i < finest.sums.size(); i += 2) {  // red voxels, every other one
    change += static_cast<double>(finest.sums[i]);
    size += static_cast<double>(finest.sums[i + 1]);
  }
  const auto red = static_cast<double>((finest.cells() + 1) / 2);
  Measure measure{change * (all / red), size * (all / red)};
  if (levels_.size() == 2) {
    const double correction = levels_[1].solution[levels_[1].row(0, 0)];
    measure.change += correction * correction * all;
  } else if (levels_.size() > 2) {
    const Level& next = levels_[1];
    double corrections = 0.0;
    for (std::size_t i = 1; i < next.sums.size(); i += 2) corrections += static_cast<double>(next.sums[i]);
    measure.change += corrections * (all / static_cast<double>((next.cells() + 1) / 2));
  }
  return {std::sqrt(measure.change), std::sqrt(measure.size)};
}

void Multigrid::descend(base::Threads& threads, const Visit& before, bool from_zero) {
  std::vector<Stage> stages;
  if (before) stages.push_back({Stage::Kind::visit, 0, &before, false});
  go_down(stages, 0, from_zero);
  run(0, stages, threads);
  solve_coarser(threads);
}

void Multigrid::turn(base::Threads& threads, const Visit& between) {
  std::vector<Stage> stages;
  go_up(stages, 0);
  if (between) stages.push_back({Stage::Kind::visit, 0, &between, false});
  go_down(stages, 0, false);
  run(0, stages, threads);
  solve_coarser(threads);
}

void Multigrid::ascend(base::Threads& threads, const Visit& behind) {
  std::vector<Stage> stages;
  go_up(stages, 0);
  if (behind) stages.push_back({Stage::Kind::visit, 0, &behind, false});
  run(0, stages, threads);
}

}  // namespace qsp::field

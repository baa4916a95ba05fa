#include "field/step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.hpp"

namespace qsp::field {

namespace {

constexpr double gamma = 0.29289321881345248;  // of SDIRK2: 1 - 1 / sqrt 2
constexpr double quasi_steady_below = 0.1;     // relaxation time over step
// Makes the filtered difference of the stage slopes a bound of the error of SDIRK2 for every decaying mode: exact for
// those that relax in a tenth of the sub-step, a factor of three too large for those that relax in one sub-step.
constexpr double error_weight = 0.175;
constexpr double allowed_undershoot = 1e-4;
constexpr double negligible = 1e-12;      // of the scale
constexpr double tangent_matters = 1e-3;  // repeat the tangent while cycles change u by more
constexpr double largest_balance = 0.01;  // more than this is not what is left of a solve
constexpr int most_cycles = 100;
constexpr int most_parts = 64;
constexpr double damping = 0.2;     // largest factor of SDIRK2 for modes faster than the sub-step
constexpr std::size_t columns = 8;  // sums that a visit may leave for each row

}  // namespace

Step::Step(Field& field, double dt, base::Threads& threads)
    : field_(field),
      description_(field.description_),
      work_(*field.workspace_),
      multigrid_(work_.multigrid_),
      rows_(multigrid_.rows()),
      threads_(threads),
      dt_(dt),
      nx_(field.geometry_.nx),
      half_saturation_(static_cast<float>(description_.half_saturation / description_.scale)),
      least_norm_(description_.significant * std::sqrt(static_cast<double>(field.geometry_.size()))),
      saturates_(work_.saturates_),
      start_(field.values_.data()) {
  work_.row_sums_.resize(columns * static_cast<std::size_t>(field.geometry_.ny) *
                         static_cast<std::size_t>(field.geometry_.nz));
}

void Step::fail(const std::string& what) const {
  throw base::SolverError("field '" + description_.name + "': " + what);
}

Report Step::run() {
  if (saturates_ && description_.half_saturation == 0.0) fail("there is saturable uptake, but no half saturation");
  std::array<bool, 6> fixed{};
  for (std::size_t face = 0; face < faces(); ++face) fixed[face] = description_.faces[face].kind == Boundary::fixed;
  multigrid_.set_operator(description_.diffusion, fixed);
  multigrid_.set_solution(work_.solution_.data());
  survey();
  add_faces();
  add_exchange();
  hold_voxels();
  if (report_.quasi_steady)
    quasi_steady();
  else
    transient();
  finish();
  return report_;
}

// body(position, voxel, stored value at the face), in a fixed order; voxels at edges come once per face
template <class Body>
void Step::each_fixed_voxel(const Body& body) const {
  const Geometry& geometry = field_.geometry_;
  const std::array<int, 3> shape{geometry.nx, geometry.ny, geometry.nz};
  for (std::size_t face = 0; face < faces(); ++face) {
    if (description_.faces[face].kind != Boundary::fixed) continue;
    const double value = description_.faces[face].value / description_.scale;
    const std::size_t normal = face / 2, a = (normal + 1) % 3, b = (normal + 2) % 3;
    std::array<int, 3> at{};
    at[normal] = face % 2 == 0 ? 0 : shape[normal] - 1;
    for (at[b] = 0; at[b] < shape[b]; ++at[b])
      for (at[a] = 0; at[a] < shape[a]; ++at[a])
        body(multigrid_.position(at[0], at[1], at[2]), geometry.index(at[0], at[1], at[2]), value);
  }
}

float* Step::sums(int y, int z) const {
  return work_.row_sums_.data() +
         columns * (static_cast<std::size_t>(z) * static_cast<std::size_t>(field_.geometry_.ny) +
                    static_cast<std::size_t>(y));
}

const float* Step::dense(const float* values, int y, int z) const { return values + field_.geometry_.index(0, y, z); }

template <class Body>  // body(y, z)
void Step::each_row(const Body& body) const {
  const int ny = field_.geometry_.ny;
  multigrid_.each_rows(threads_, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) body(static_cast<int>(r % ny), static_cast<int>(r / ny));
  });
}

// The first columns of the row sums, added up in a fixed order.
template <std::size_t Count>
std::array<double, Count> Step::totals() const {
  std::array<double, Count> total{};
  for (std::size_t row = 0; row < work_.row_sums_.size(); row += columns)
    for (std::size_t c = 0; c < Count; ++c) total[c] += static_cast<double>(work_.row_sums_[row + c]);
  return total;
}

Step::Extent Step::extent(std::size_t low, std::size_t high) const {
  Extent all;
  for (std::size_t row = 0; row < work_.row_sums_.size(); row += columns) {
    all.low = std::min(all.low, work_.row_sums_[row + low]);
    all.high = std::max(all.high, work_.row_sums_[row + high]);
  }
  return all;
}

double Step::undershoot(const Extent& extent) {
  if (extent.low > -static_cast<float>(negligible)) return 0.0;
  return extent.high > 0.0f ? static_cast<double>(extent.low) / static_cast<double>(extent.high) : -1.0;
}

// The mean uptake decides between the schemes, the strongest on how the multigrid relaxes.
void Step::survey() {
  const std::size_t stride = multigrid_.layout().stride;
  each_row([&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    float* out = sums(y, z);
    rows_.survey(work_.uptake_.data() + at, stride, out);
    if (!saturates_) return;
    rows_.load(multigrid_.layout(), dense(start_, y, z), nx_, work_.solution_.data() + at, work_.source_.data() + at,
               0.0f, nullptr, out + 2);
    rows_.saturation(multigrid_.layout(), work_.solution_.data() + at, work_.saturable_.data() + at, half_saturation_,
                     out + 2);
  });
  const auto [linear, unused, saturable] = totals<3>();
  strongest_ = extent(0, 1).high;
  const double exchange = field_.exchange_.rate * static_cast<double>(field_.exchange_.voxels.size());
  const double mean =
      (linear + exchange + (saturates_ ? saturable : 0.0)) / static_cast<double>(field_.geometry_.size());
  const double relaxation = description_.decay + mean;
  report_.relaxation_time = relaxation > 0.0 ? 1.0 / relaxation : std::numeric_limits<double>::infinity();
  report_.quasi_steady =
      description_.scheme == Scheme::quasi_steady ||
      (description_.scheme == Scheme::automatic && report_.relaxation_time < quasi_steady_below * dt_);
}

void Step::add_faces() {
  each_fixed_voxel([&](std::size_t at, std::int64_t, double value) {
    const auto inflow = static_cast<float>(static_cast<double>(multigrid_.face_coupling()) * value);
    work_.source_[at] += inflow;
    inflow_ += static_cast<double>(inflow);
  });
}

void Step::add_exchange() {
  const auto& exchange = field_.exchange_;
  const auto rate = static_cast<float>(exchange.rate);
  const auto inflow = static_cast<float>(exchange.rate * exchange.value / description_.scale);
  for (const std::int64_t voxel : exchange.voxels) {
    const auto [x, y, z] = field_.geometry_.position(voxel);
    const std::size_t at = multigrid_.position(x, y, z);
    work_.uptake_[at] += rate;
    work_.source_[at] += inflow;
    strongest_ = std::max(strongest_, work_.uptake_[at]);
  }
  received_ = static_cast<double>(inflow) * static_cast<double>(exchange.voxels.size());
}

// A held voxel keeps a concentration of zero while the step is computed, under an uptake without bounds; its
// neighbours get what would come from its true value as a source.
void Step::hold_voxels() {
  const auto& held = field_.held_;
  if (held.voxels.empty()) return;
  const Geometry& geometry = field_.geometry_;
  const auto inflow = static_cast<float>(static_cast<double>(multigrid_.coupling()) * held.value / description_.scale);
  for (const std::int64_t voxel : held.voxels) {
    const auto [x, y, z] = geometry.position(voxel);
    const std::size_t at = multigrid_.position(x, y, z);
    work_.uptake_[at] = Multigrid::hold;
    field_.values_[static_cast<std::size_t>(voxel)] = 0.0f;
    if (saturates_) work_.saturable_[at] = 0.0f;
  }
  for (const std::int64_t voxel : held.voxels) {
    const auto [x, y, z] = geometry.position(voxel);
    for (const auto& [dx, dy, dz] : {std::array{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}) {
      if (!geometry.inside(x + dx, y + dy, z + dz)) continue;
      const std::size_t at = multigrid_.position(x + dx, y + dy, z + dz);
      if (work_.uptake_[at] >= Multigrid::hold) continue;
      work_.source_[at] += inflow;
      inflow_ += static_cast<double>(inflow);
    }
  }
  // Faces and exchange may have put sources into held voxels.
  const auto clear = [&](std::size_t at, double& booked, double inflow) {
    if (work_.uptake_[at] >= Multigrid::hold) booked -= inflow;
  };
  each_fixed_voxel([&](std::size_t at, std::int64_t, double value) {
    clear(at, inflow_,
          static_cast<double>(static_cast<float>(static_cast<double>(multigrid_.face_coupling()) * value)));
  });
  const auto received =
      static_cast<double>(static_cast<float>(field_.exchange_.rate * field_.exchange_.value / description_.scale));
  for (const std::int64_t voxel : field_.exchange_.voxels) {
    const auto [x, y, z] = geometry.position(voxel);
    clear(multigrid_.position(x, y, z), received_, received);
  }
  for (const std::int64_t voxel : held.voxels) {
    const auto [x, y, z] = geometry.position(voxel);
    work_.source_[multigrid_.position(x, y, z)] = 0.0f;
  }
  strongest_ = Multigrid::hold;
}

// Prepares the multigrid for (rate + uptake - D laplacian) u = right side, with the tangent of the saturable uptake at
// the present solution: V u / (K + u) ~ slope u + rest, both never negative.
void Step::assemble(double rate) {
  if (!saturates_) {
    if (matrix_rate_ != rate) multigrid_.prepare(work_.uptake_.data(), static_cast<float>(rate), strongest_, threads_);
    matrix_rate_ = rate;
    return;
  }
  work_.need(work_.reaction_);
  work_.need(work_.right_side_);
  multigrid_.set_right_side(work_.right_side_.data());
  each_row([&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.linearise(multigrid_.layout(), work_.solution_.data() + at, work_.uptake_.data() + at,
                    work_.saturable_.data() + at, base_ + at, half_saturation_, work_.reaction_.data() + at,
                    work_.right_side_.data() + at, sums(y, z) + 3);
  });
  multigrid_.prepare(work_.reaction_.data(), static_cast<float>(rate), extent(3, 3).high, threads_);
  matrix_rate_ = rate;
}

// Cycles until the one under way is the last. settled: it changes u by less than the tolerance; exact: hardly at all;
// followed: by less than a part of what the first one did, for stages that start from the value before, or by less than
// the tolerance.
void Step::iterate(Until until) {
  double first_change = 0.0;
  for (int cycle = 1;; ++cycle) {
    ++report_.cycles;
    const auto [change, norm] = multigrid_.measure();
    if (!std::isfinite(change) || !std::isfinite(norm))
      fail("the solution is not finite; check its sources and uptake");
    if (cycle == 1) first_change = change;
    bool done = change <= 1e-6 * norm || norm == 0.0;
    if (until == Until::settled) done = done || change <= description_.solve_tolerance * std::max(norm, least_norm_);
    if (until == Until::followed)
      done = done || (cycle > 1 && change <= description_.stage_tolerance * first_change) ||
             change <= description_.solve_tolerance * std::max(norm, least_norm_);
    if (until == Until::exact) done = done || change <= 1e-5 * norm;
    if (done) return;
    if (cycle == most_cycles) {
      if (change <= 1e-3 * norm) return;
      fail("multigrid does not converge: the last of " + std::to_string(most_cycles) + " cycles still changed it by " +
           std::to_string(change / norm) + " of its size");
    }
    if (saturates_ && change > tangent_matters * norm) {
      multigrid_.ascend(threads_);
      assemble(matrix_rate_);
      multigrid_.descend(threads_);
    } else {
      multigrid_.turn(threads_);
    }
  }
}

// Leaves the last cycle under way.
void Step::solve(double rate, Until until, const Visit& before) {
  if (saturates_) {
    each_row(before);
    assemble(rate);
    multigrid_.descend(threads_);
  } else {
    multigrid_.set_right_side(base_);
    assemble(rate);
    multigrid_.descend(threads_, before);
  }
  iterate(until);
}

template <class Value>  // value(position, voxel)
void Step::gather(Content& content, const Value& value) const {
  const Geometry& geometry = field_.geometry_;
  const auto add = [&](std::span<const std::int64_t> voxels, double& total) {
    for (const std::int64_t voxel : voxels) {
      const auto [x, y, z] = geometry.position(voxel);
      total += value(multigrid_.position(x, y, z), voxel);
    }
  };
  add(field_.exchange_.voxels, content.exchanging);
  add(field_.held_.voxels, content.holding);
  content.holding *= static_cast<double>(Multigrid::hold);
  each_fixed_voxel([&](std::size_t at, std::int64_t voxel, double) { content.at_faces += value(at, voxel); });
}

// Solves for the end of the step or sub-step itself, and weighs it.
void Step::settle(double rate, Until until) {
  const float storage = static_cast<float>(rate - description_.decay);
  const auto& layout = multigrid_.layout();
  const float* u = work_.solution_.data();
  solve(rate, until, [&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.load(layout, dense(start_, y, z), nx_, work_.solution_.data() + at, work_.source_.data() + at, storage,
               base_ + at, sums(y, z));
  });
  const auto [content, square, supplied] = totals<3>();
  start_content_ = content;
  supplied_ = supplied;
  for (int more = 0;; ++more) {
    multigrid_.ascend(threads_, [&](int y, int z) {
      const std::size_t at = multigrid_.row(y, z);
      rows_.weigh(layout, u + at, work_.uptake_.data() + at, sums(y, z));
      if (saturates_) rows_.saturation(layout, u + at, work_.saturable_.data() + at, half_saturation_, sums(y, z) + 5);
    });
    extent_ = extent(3, 4);
    if (undershoot(extent_) >= -allowed_undershoot || more == most_cycles) break;
    multigrid_.descend(threads_);
    iterate(until);
  }
  const auto found = totals<7>();
  first_ = {};
  last_ = {found[1], found[2], saturates_ ? found[6] : 0.0};
  gather(last_, [&](std::size_t at, std::int64_t) { return static_cast<double>(u[at]); });
}

void Step::quasi_steady() {
  if (report_.relaxation_time == std::numeric_limits<double>::infinity() && field_.held_.voxels.empty() &&
      std::none_of(description_.faces.data(), description_.faces.data() + faces(),
                   [](const Face& face) { return face.kind == Boundary::fixed; }))
    fail("no steady state: there is no decay, no uptake and no fixed face; give it one of them or scheme 'transient'");
  base_ = work_.source_.data();
  settle(description_.decay, Until::settled);
  first_content_ = start_content_;
  report_.substeps = 1;
  report_.undershoot = undershoot(extent_);
  account(dt_, 1.0);
  store(field_.values_.data());
}

double Step::sdirk(double duration, bool judge) {
  const double rate = 1.0 / (gamma * duration);
  const auto storage = static_cast<float>(rate);
  const auto onwards = static_cast<float>(rate * (1.0 - gamma) / gamma);
  const auto per = static_cast<float>(1.0 / gamma);
  const auto& layout = multigrid_.layout();
  float *u = work_.solution_.data(), *first = work_.first_stage_.data();
  const float *uptake = work_.uptake_.data(), *source = work_.source_.data();

  solve(description_.decay + rate, Until::followed, [&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.load(layout, dense(start_, y, z), nx_, u + at, source + at, storage, base_ + at, sums(y, z));
  });
  const auto [content, square, supplied] = totals<3>();
  start_content_ = content;
  start_square_ = square;
  supplied_ = supplied;

  const Visit advance = [&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.advance(layout, dense(start_, y, z), nx_, u + at, uptake + at, onwards, base_ + at, first + at, sums(y, z));
    if (saturates_) rows_.saturation(layout, u + at, work_.saturable_.data() + at, half_saturation_, sums(y, z) + 2);
  };
  if (saturates_) {
    multigrid_.ascend(threads_, advance);
    const auto found = totals<4>();
    first_ = {found[0], found[1], found[3]};
    assemble(matrix_rate_);
    multigrid_.descend(threads_);
  } else {
    multigrid_.turn(threads_, advance);
    const auto found = totals<2>();
    first_ = {found[0], found[1]};
  }
  iterate(Until::followed);

  multigrid_.ascend(threads_, [&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.judge(layout, dense(start_, y, z), nx_, u + at, uptake + at, first + at, per, nullptr, sums(y, z));
    if (saturates_) rows_.saturation(layout, u + at, work_.saturable_.data() + at, half_saturation_, sums(y, z) + 6);
  });
  const auto found = totals<8>();
  extent_ = extent(4, 5);
  last_ = {found[2], found[3], saturates_ ? found[7] : 0.0};
  gather(last_, [&](std::size_t at, std::int64_t) { return static_cast<double>(u[at]); });
  gather(first_, [&](std::size_t at, std::int64_t) { return static_cast<double>(first[at]); });

  if (!judge) return 0.0;
  // Difference of the two slopes times the duration; if large, filtered by one solve so that stiff modes do not count.
  const double norm = std::max(std::sqrt(std::max(found[1], start_square_)), least_norm_);
  if (norm == 0.0) return 0.0;
  const double weight = error_weight / (gamma * norm);
  const double estimate = weight * std::sqrt(found[0]);
  if (estimate <= description_.step_tolerance) return estimate;
  work_.need(work_.filtered_);
  multigrid_.set_solution(work_.filtered_.data());
  multigrid_.set_right_side(work_.right_side_.data());
  multigrid_.descend(
      threads_,
      [&](int y, int z) {
        const std::size_t at = multigrid_.row(y, z);
        rows_.judge(layout, dense(start_, y, z), nx_, u + at, uptake + at, first + at, per,
                    work_.right_side_.data() + at, sums(y, z));
      },
      true);
  multigrid_.ascend(threads_, [&](int y, int z) {
    const std::size_t at = multigrid_.row(y, z);
    rows_.weigh(layout, work_.filtered_.data() + at, uptake + at, sums(y, z));
  });
  ++report_.cycles;
  multigrid_.set_solution(u);
  return weight * rate * std::sqrt(totals<1>()[0]);
}

void Step::euler(double duration) { settle(description_.decay + 1.0 / duration, Until::exact); }

// Equal sub-steps, as many as it takes for the last of them to be accurate enough. What the earlier ones have done
// wrong is not judged: errors in stiff modes are damped by those that follow, errors in slow ones are as large in the
// last.
void Step::transient() {
  work_.need(work_.right_side_);
  work_.need(work_.first_stage_);
  if (saturates_) work_.need(work_.before_tangent_);
  base_ = saturates_ ? work_.before_tangent_.data() : work_.right_side_.data();
  const double tolerance = description_.step_tolerance;
  for (int parts = 1;;) {
    report_.ledger = {};
    report_.undershoot = 0.0;
    const double duration = dt_ / parts;
    for (int part = 1; part <= parts; ++part) {
      report_.error_estimate = sdirk(duration, part == parts);
      if (part == 1) first_content_ = start_content_;
      if (part == parts && report_.error_estimate > tolerance && parts < most_parts) break;
      double later = gamma;
      if (undershoot(extent_) < -allowed_undershoot) {
        euler(duration);
        ++report_.euler;
        later = 1.0;
      }
      report_.undershoot = std::min(report_.undershoot, undershoot(extent_));
      account(duration, later);
      if (part < parts && work_.start_.empty()) work_.start_.resize(field_.values_.size());
      float* kept = part < parts ? work_.start_.data() : field_.values_.data();
      store(kept);
      start_ = kept;
      report_.substeps = part;
    }
    if (report_.substeps == parts) return;
    ++report_.rejected;
    if (report_.rejected > 1)
      parts *= 2;
    else
      for (double error = report_.error_estimate; error > tolerance; error *= damping) ++parts;
    parts = std::min(parts, most_parts);
    report_.substeps = report_.euler = 0;
    start_ = field_.values_.data();
  }
}

double Step::lost(const Content& content) const {
  return description_.decay * content.all + content.taken + content.saturable +
         static_cast<double>(multigrid_.face_coupling()) * content.at_faces;
}

// Books what has happened over `duration`, with the first stage and the last value in the parts 1 - later and later.
// One factor very near to one takes what the cycles have left out of the sum over the box,
// so that all that is not stored or lost is what has been supplied.
void Step::account(double duration, double later) {
  const double sooner = 1.0 - later;
  double expected = supplied_, found = lost(last_);
  if (!report_.quasi_steady) {
    expected = start_content_ + duration * (supplied_ - sooner * lost(first_));
    found = last_.all + duration * later * lost(last_);
  }
  double factor = found > 0.0 ? expected / found : 1.0;
  if (!(std::abs(factor - 1.0) < largest_balance)) factor = 1.0;

  const auto mean = [&](double Content::* part) { return sooner * first_.*part + later * factor * last_.*part; };
  const double amount = duration * description_.scale * field_.geometry_.voxel_volume();
  const double removed = field_.exchange_.rate * mean(&Content::exchanging), held = mean(&Content::holding);
  Ledger& ledger = report_.ledger;
  ledger.produced += amount * (supplied_ - received_ - inflow_);
  ledger.decayed += amount * description_.decay * mean(&Content::all);
  ledger.taken_up += amount * (mean(&Content::taken) + mean(&Content::saturable) - removed - held);
  ledger.exchanged += amount * (received_ - removed);
  ledger.boundary +=
      amount * (inflow_ - static_cast<double>(multigrid_.face_coupling()) * mean(&Content::at_faces) - held);
  balance_ = static_cast<float>(factor);
}

void Step::store(float* to) {
  each_row([&](int y, int z) {
    rows_.store(multigrid_.layout(), work_.solution_.data() + multigrid_.row(y, z), nx_, balance_,
                static_cast<float>(negligible), to + field_.geometry_.index(0, y, z), sums(y, z));
  });
  stored_ = totals<1>()[0];
}

void Step::finish() {
  for (const std::int64_t voxel : field_.held_.voxels)
    field_.values_[static_cast<std::size_t>(voxel)] = static_cast<float>(field_.held_.value / description_.scale);
  Ledger& ledger = report_.ledger;
  ledger.change = description_.scale * field_.geometry_.voxel_volume() * (stored_ - first_content_);
  ledger.residual = ledger.produced + ledger.exchanged + ledger.boundary - ledger.decayed - ledger.taken_up;
  if (!report_.quasi_steady) ledger.residual -= ledger.change;
}

}  // namespace qsp::field

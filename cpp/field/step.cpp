#include "field/step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "field/sums.hpp"

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
constexpr double damping = 0.2;  // largest factor of SDIRK2 for modes faster than the sub-step

}  // namespace

Step::Step(Field& field, double dt, base::Threads& threads)
    : field_(field),
      description_(field.description_),
      work_(*field.workspace_),
      multigrid_(work_.multigrid),
      threads_(threads),
      dt_(dt),
      half_saturation_(static_cast<float>(description_.half_saturation / description_.scale)),
      least_norm_(description_.significant * std::sqrt(static_cast<double>(field.geometry_.size()))) {}

void Step::fail(const std::string& what) const {
  throw base::SolverError("field '" + description_.name + "': " + what);
}

Report Step::run() {
  pack();
  const double relaxation = description_.decay + mean_uptake();
  report_.relaxation_time = relaxation > 0.0 ? 1.0 / relaxation : std::numeric_limits<double>::infinity();
  report_.quasi_steady =
      description_.scheme == Scheme::quasi_steady ||
      (description_.scheme == Scheme::automatic && report_.relaxation_time < quasi_steady_below * dt_);
  if (report_.quasi_steady)
    quasi_steady();
  else
    transient();
  finish();
  return report_;
}

// body(position, stored value at the face), in a fixed order; voxels at edges come once per face
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
      for (at[a] = 0; at[a] < shape[a]; ++at[a]) body(multigrid_.position(at[0], at[1], at[2]), value);
  }
}

void Step::pack() {
  const Geometry& geometry = field_.geometry_;
  std::array<bool, 6> fixed{};
  for (std::size_t face = 0; face < faces(); ++face) fixed[face] = description_.faces[face].kind == Boundary::fixed;
  multigrid_.set_operator(description_.diffusion, fixed);

  const auto to_stored = static_cast<float>(1.0 / description_.scale);
  multigrid_.pack(field_.values_, 1.0f, work_.start, threads_);
  multigrid_.pack(field_.source_, to_stored, work_.inflow, threads_);
  multigrid_.pack(field_.sink_, 1.0f, work_.uptake, threads_);
  saturates_ = !field_.saturable_.empty();
  if (saturates_) multigrid_.pack(field_.saturable_, to_stored, work_.saturable, threads_);
  for (const auto& exchange : field_.exchanges_) {
    const auto [x, y, z] = geometry.position(exchange.voxel);
    const std::size_t at = multigrid_.position(x, y, z);
    work_.uptake[at] += static_cast<float>(exchange.rate);
    work_.inflow[at] += static_cast<float>(exchange.rate * exchange.value / description_.scale);
  }
  each_fixed_voxel([&](std::size_t at, double value) {
    work_.inflow[at] += static_cast<float>(multigrid_.face_coupling() * value);
  });
  std::copy(work_.start.begin(), work_.start.end(), multigrid_.solution().begin());
}

double Step::mean_uptake() {
  const float *k = work_.uptake.data(), *v = work_.saturable.data(), *u = work_.start.data(), half = half_saturation_;
  const double voxels = static_cast<double>(field_.geometry_.size());
  const auto linear =
      sum_chunks<1, float>(work_.uptake.size(), threads_, [=](std::size_t i) { return std::array<float, 1>{k[i]}; });
  double saturable = 0.0;
  if (saturates_)
    saturable = sum_chunks<1, float>(work_.uptake.size(), threads_, [=](std::size_t i) {
      return std::array<float, 1>{v[i] / (half + (u[i] > 0.0f ? u[i] : 0.0f))};
    })[0];
  return (linear[0] + saturable) / voxels;
}

// Prepares the multigrid for (rate + uptake - D laplacian) u = right side, with the tangent of the saturable uptake at
// the present solution: V u / (K + u) ~ slope u + rest, both never negative.
void Step::assemble(double rate) {
  const auto constant = static_cast<float>(rate);
  const float* k = work_.uptake.data();
  float* __restrict reaction = multigrid_.reaction().data();
  if (!saturates_) {
    each_chunk(multigrid_.size(), threads_, [=](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) reaction[i] = k[i] + constant;
    });
  } else {
    const float *v = work_.saturable.data(), *u = multigrid_.solution().data(), *from = work_.right_side.data();
    float* __restrict right_side = multigrid_.right_side().data();
    const float half = half_saturation_;
    each_chunk(multigrid_.size(), threads_, [=](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const float here = u[i] > 0.0f ? u[i] : 0.0f;
        const float inverse = 1.0f / (half + here);
        const float most = v[i] * inverse;
        const float full = here * inverse;
        reaction[i] = (k[i] + constant) + most * (half * inverse);
        right_side[i] = from[i] - v[i] * (full * full);
      }
    });
  }
  multigrid_.prepare(threads_);
  matrix_rate_ = rate;
}

// settled: a cycle changes u by less than the tolerance; exact: hardly at all;
// followed: by less than a part of what the first one did, for stages that start from the value before.
void Step::solve(double rate, Until until) {
  const std::size_t size = multigrid_.size();
  float* __restrict previous = work_.previous.data();
  const float* u = multigrid_.solution().data();
  std::copy(u, u + size, previous);
  if (saturates_ || matrix_rate_ != rate) assemble(rate);
  double first_change = 0.0;
  for (int cycle = 1;; ++cycle) {
    multigrid_.cycle(threads_);
    ++report_.cycles;
    const auto sums = sum_chunks<2, float>(size, threads_, [=](std::size_t i) {
      const float difference = u[i] - previous[i];
      return std::array<float, 2>{difference * difference, u[i] * u[i]};
    });
    const double change = std::sqrt(sums[0]), norm = std::sqrt(sums[1]);
    if (!std::isfinite(change) || !std::isfinite(norm))
      fail("the solution is not finite; check its sources and uptake");
    if (cycle == 1) first_change = change;
    bool done = change <= 1e-6 * norm || norm == 0.0;
    if (until == Until::settled) done = done || change <= description_.solve_tolerance * std::max(norm, least_norm_);
    if (until == Until::followed) done = done || (cycle > 1 && change <= description_.stage_tolerance * first_change);
    if (until == Until::exact) done = done || change <= 1e-5 * norm;
    if (done && (until == Until::followed || undershoot() >= -allowed_undershoot)) break;
    if (cycle == most_cycles) {
      if (change <= 1e-3 * norm) break;
      fail("multigrid does not converge: the last of " + std::to_string(most_cycles) + " cycles still changed it by " +
           std::to_string(change / norm) + " of its size");
    }
    std::copy(u, u + size, previous);
    if (saturates_ && change > tangent_matters * norm) assemble(rate);
  }
  balance();
}

// Takes what the cycles have left out of the sum over the box: one factor, very near to one, so that all that is lost
// is what has been produced.
void Step::balance() {
  const float *reaction = multigrid_.reaction().data(), *right_side = multigrid_.right_side().data();
  float* __restrict u = multigrid_.solution().data();
  const auto sums = sum_chunks<2, double>(multigrid_.size(), threads_, [=](std::size_t i) {
    return std::array<double, 2>{static_cast<double>(reaction[i]) * static_cast<double>(u[i]), right_side[i]};
  });
  double lost = sums[0];
  each_fixed_voxel([&](std::size_t at, double) {
    lost += static_cast<double>(multigrid_.face_coupling()) * static_cast<double>(u[at]);
  });
  const double excess = lost > 0.0 ? sums[1] / lost - 1.0 : 0.0;
  if (!(std::abs(excess) < largest_balance)) return;
  const auto factor = static_cast<float>(excess);
  each_chunk(multigrid_.size(), threads_, [=](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) u[i] += factor * u[i];
  });
}

double Step::undershoot() {
  const std::span<const float> u = multigrid_.solution();
  std::vector<std::array<float, 2>> ends((u.size() + chunk_length - 1) / chunk_length);
  each_chunk(u.size(), threads_, [&](std::size_t first, std::size_t last) {
    constexpr std::size_t width = 8;
    float low[width] = {}, high[width] = {};
    std::size_t i = first;
    for (; i + width <= last; i += width)
      for (std::size_t lane = 0; lane < width; ++lane) {
        const float here = u[i + lane];
        low[lane] = here < low[lane] ? here : low[lane];
        high[lane] = here > high[lane] ? here : high[lane];
      }
    for (; i < last; ++i) {
      low[0] = u[i] < low[0] ? u[i] : low[0];
      high[0] = u[i] > high[0] ? u[i] : high[0];
    }
    ends[first / chunk_length] = {*std::min_element(low, low + width), *std::max_element(high, high + width)};
  });
  float low = 0.0f, high = 0.0f;
  for (const auto& end : ends) {
    low = std::min(low, end[0]);
    high = std::max(high, end[1]);
  }
  if (low > -static_cast<float>(negligible)) return 0.0;
  return high > 0.0f ? static_cast<double>(low) / high : -1.0;
}

void Step::quasi_steady() {
  if (report_.relaxation_time == std::numeric_limits<double>::infinity() &&
      std::none_of(description_.faces.data(), description_.faces.data() + faces(),
                   [](const Face& face) { return face.kind == Boundary::fixed; }))
    fail("no steady state: there is no decay, no uptake and no fixed face; give it one of them or scheme 'transient'");
  auto right_side = saturates_ ? std::span<float>(work_.right_side) : multigrid_.right_side();
  std::copy(work_.inflow.begin(), work_.inflow.end(), right_side.begin());
  solve(description_.decay, Until::settled);
  report_.substeps = 1;
  report_.undershoot = undershoot();
  account(dt_, 1.0);
}

double Step::sdirk(double duration, bool judge) {
  const std::size_t size = multigrid_.size();
  const double rate = 1.0 / (gamma * duration);
  const auto storage = static_cast<float>(rate);
  const auto onwards = static_cast<float>((1.0 - gamma) / gamma);
  const float *start = work_.start.data(), *inflow = work_.inflow.data();
  float* __restrict right_side = saturates_ ? work_.right_side.data() : multigrid_.right_side().data();
  float* __restrict first = work_.first.data();
  float* __restrict u = multigrid_.solution().data();

  each_chunk(size, threads_, [=](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) right_side[i] = inflow[i] + storage * start[i];
  });
  solve(description_.decay + rate, Until::followed);
  each_chunk(size, threads_, [=](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      first[i] = u[i];
      right_side[i] = inflow[i] + storage * (start[i] + onwards * (u[i] - start[i]));
    }
  });
  solve(description_.decay + rate, Until::followed);

  if (!judge) return 0.0;
  // Difference of the two slopes times the duration; if large, filtered by one solve so that stiff modes do not count.
  const auto per_gamma = static_cast<float>(1.0 / gamma);
  const auto sums = sum_chunks<3, float>(size, threads_, [=](std::size_t i) {
    const float slopes = ((u[i] - start[i]) - per_gamma * (first[i] - start[i])) * per_gamma;
    return std::array<float, 3>{slopes * slopes, u[i] * u[i], start[i] * start[i]};
  });
  const double norm = std::max(std::sqrt(std::max(sums[1], sums[2])), least_norm_);
  if (norm == 0.0) return 0.0;
  const double estimate = error_weight * std::sqrt(sums[0]) / norm;
  if (estimate <= description_.step_tolerance) return estimate;
  float* __restrict kept = work_.previous.data();
  float* __restrict filtered = multigrid_.right_side().data();
  each_chunk(size, threads_, [=](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      kept[i] = u[i];
      filtered[i] = storage * (((u[i] - start[i]) - per_gamma * (first[i] - start[i])) * per_gamma);
    }
  });
  multigrid_.cycle(threads_, true);
  ++report_.cycles;
  const auto left =
      sum_chunks<1, float>(size, threads_, [=](std::size_t i) { return std::array<float, 1>{u[i] * u[i]}; });
  std::copy(kept, kept + size, u);
  return error_weight * std::sqrt(left[0]) / norm;
}

void Step::euler(double duration) {
  const auto storage = static_cast<float>(1.0 / duration);
  const float *start = work_.start.data(), *inflow = work_.inflow.data();
  float* __restrict right_side = saturates_ ? work_.right_side.data() : multigrid_.right_side().data();
  each_chunk(multigrid_.size(), threads_, [=](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) right_side[i] = inflow[i] + storage * start[i];
  });
  std::copy(work_.start.begin(), work_.start.end(), multigrid_.solution().begin());
  solve(description_.decay + 1.0 / duration, Until::exact);
}

// Equal sub-steps, as many as it takes for the last of them to be accurate enough. What the earlier ones have done
// wrong is not judged: errors in stiff modes are damped by those that follow, errors in slow ones are as large in the
// last.
void Step::transient() {
  const double tolerance = description_.step_tolerance;
  for (int parts = 1;;) {
    report_.ledger = {};
    report_.undershoot = 0.0;
    const double duration = dt_ / parts;
    for (int part = 1; part <= parts; ++part) {
      report_.error_estimate = sdirk(duration, part == parts);
      if (part == parts && report_.error_estimate > tolerance && parts < most_parts) break;
      accept(duration);
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
    multigrid_.pack(field_.values_, 1.0f, work_.start, threads_);
    std::copy(work_.start.begin(), work_.start.end(), multigrid_.solution().begin());
  }
}

// Takes the sub-step just made, or one of backward Euler if it undershoots.
void Step::accept(double duration) {
  double weight = gamma;
  double low = undershoot();
  if (low < -allowed_undershoot) {
    euler(duration);
    ++report_.euler;
    weight = 1.0;
    low = undershoot();
  }
  report_.undershoot = std::min(report_.undershoot, low);
  account(duration, weight);
  std::copy(multigrid_.solution().begin(), multigrid_.solution().end(), work_.start.begin());
}

void Step::account(double duration, double weight) {
  const float *first = work_.first.data(), *u = multigrid_.solution().data(), *k = work_.uptake.data(),
              *v = work_.saturable.data();
  const float later = static_cast<float>(weight), sooner = static_cast<float>(1.0 - weight), half = half_saturation_;
  const auto mean = [=](std::size_t i) { return sooner * first[i] + later * u[i]; };
  const auto linear = sum_chunks<2, double>(multigrid_.size(), threads_, [=](std::size_t i) {
    const float here = sooner == 0.0f ? u[i] : mean(i);
    return std::array<double, 2>{here, k[i] * here};
  });
  double saturable = 0.0;
  if (saturates_)
    saturable = sum_chunks<1, double>(multigrid_.size(), threads_, [=](std::size_t i) {
      const float a = first[i] > 0.0f ? first[i] : 0.0f, b = u[i] > 0.0f ? u[i] : 0.0f;
      return std::array<double, 1>{v[i] * (later * (b / (half + b)) + sooner * (a / (half + a)))};
    })[0];

  const Geometry& geometry = field_.geometry_;
  const auto here = [&](std::size_t i) { return static_cast<double>(sooner == 0.0f ? u[i] : mean(i)); };
  double received = 0.0, removed = 0.0;  // by exchange
  for (const auto& exchange : field_.exchanges_) {
    const auto [x, y, z] = geometry.position(exchange.voxel);
    received += exchange.rate * exchange.value / description_.scale;
    removed += exchange.rate * here(multigrid_.position(x, y, z));
  }
  double boundary = 0.0;
  each_fixed_voxel([&](std::size_t at, double value) {
    boundary += static_cast<double>(multigrid_.face_coupling()) * (value - here(at));
  });
  const double amount = duration * description_.scale * geometry.voxel_volume();
  Ledger& ledger = report_.ledger;
  ledger.decayed += amount * description_.decay * linear[0];
  ledger.taken_up += amount * (linear[1] - removed + saturable);
  ledger.exchanged += amount * (received - removed);
  ledger.boundary += amount * boundary;
}

void Step::finish() {
  const double amount = description_.scale * field_.geometry_.voxel_volume();
  const float* source = field_.source_.data();
  float* values = field_.values_.data();
  const std::size_t size = field_.values_.size();
  const auto before =
      sum_chunks<2, double>(size, threads_, [=](std::size_t i) { return std::array<double, 2>{values[i], source[i]}; });
  multigrid_.unpack(multigrid_.solution(), field_.values_, threads_);
  each_chunk(size, threads_, [=](std::size_t first, std::size_t last) {
    constexpr auto least = static_cast<float>(negligible);
    for (std::size_t i = first; i < last; ++i) values[i] = values[i] < least && values[i] > -least ? 0.0f : values[i];
  });
  const auto after =
      sum_chunks<1, double>(size, threads_, [=](std::size_t i) { return std::array<double, 1>{values[i]}; });
  Ledger& ledger = report_.ledger;
  ledger.produced = dt_ * field_.geometry_.voxel_volume() * before[1];
  ledger.change = amount * (after[0] - before[0]);
  ledger.residual = ledger.produced + ledger.exchanged + ledger.boundary - ledger.decayed - ledger.taken_up;
  if (!report_.quasi_steady) ledger.residual -= ledger.change;
}

}  // namespace qsp::field

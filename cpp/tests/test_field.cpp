#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "field/field.hpp"
#include "field/multigrid.hpp"
#include "tests/field_helpers.hpp"

namespace {

using namespace qsp;
using field::Boundary;
using field::Description;
using field::Field;
using field::Geometry;
using field::Report;
using field::Scheme;

using tests::box;
using tests::describe;
using tests::Driven;
using tests::minutes_per_day;
using tests::step_6min;
using tests::uniform;

base::Threads single(1);

Description precise(Description description) {
  description.solve_tolerance = 1e-6;
  description.stage_tolerance = 1e-5;
  return description;
}

double flux(const Report& report) {
  const auto& l = report.ledger;
  return std::max({std::abs(l.produced), std::abs(l.decayed), std::abs(l.taken_up), std::abs(l.exchanged),
                   std::abs(l.boundary), report.quasi_steady ? 0.0 : std::abs(l.change)});
}

// Independent steady state in double by conjugate gradients: reaction u - D laplacian u = source, fixed faces included.
std::vector<double> reference(const Geometry& g, const Description& d, const std::vector<double>& reaction,
                              const std::vector<double>& source) {
  const double a = d.diffusion / (g.spacing * g.spacing);
  const std::array<int, 3> shape{g.nx, g.ny, g.nz};
  const auto size = static_cast<std::size_t>(g.size());
  std::vector<double> right = source;
  const auto apply = [&](const std::vector<double>& u, std::vector<double>& out, std::vector<double>* inflow) {
    for (std::size_t i = 0; i < size; ++i) {
      const auto at = g.position(static_cast<std::int64_t>(i));
      double sum = reaction[i] * u[i];
      std::int64_t stride = 1;
      for (std::size_t axis = 0; axis < (g.is_2d() ? 2u : 3u); stride *= shape[axis], ++axis)
        for (int side = 0; side < 2; ++side) {
          const bool inside = side == 0 ? at[axis] > 0 : at[axis] + 1 < shape[axis];
          const auto& face = d.faces[2 * axis + static_cast<std::size_t>(side)];
          if (inside)
            sum +=
                a * (u[i] - u[static_cast<std::size_t>(static_cast<std::int64_t>(i) + (side == 0 ? -stride : stride))]);
          else if (face.kind == Boundary::fixed) {
            sum += 2.0 * a * u[i];
            if (inflow) (*inflow)[i] += 2.0 * a * face.value;
          }
        }
      out[i] = sum;
    }
  };
  std::vector<double> u(size, 0.0), residual(size), direction, product(size);
  apply(u, product, &right);
  residual = right;
  direction = residual;
  double square = 0.0;
  for (const double r : residual) square += r * r;
  const double enough = square * 1e-24;
  for (int iteration = 0; iteration < 20000 && square > enough; ++iteration) {
    apply(direction, product, nullptr);
    double curvature = 0.0, next = 0.0;
    for (std::size_t i = 0; i < size; ++i) curvature += direction[i] * product[i];
    for (std::size_t i = 0; i < size; ++i) {
      u[i] += square / curvature * direction[i];
      residual[i] -= square / curvature * product[i];
      next += residual[i] * residual[i];
    }
    for (std::size_t i = 0; i < size; ++i) direction[i] = residual[i] + next / square * direction[i];
    square = next;
  }
  return u;
}

double relative_error(const Field& field, const std::vector<double>& expected) {
  double error = 0.0, norm = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = field.stored()[i] * field.description().scale - expected[i];
    error += difference * difference;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(error / norm);
}

// Worst factor by which a cycle reduces an error, after the first few.
double contraction(const Geometry& g, double diffusion, const std::function<double(std::int64_t)>& reaction,
                   const std::array<bool, 6>& fixed = {}) {
  field::Multigrid multigrid(g);
  multigrid.set_operator(diffusion, fixed);
  std::vector<float> rates(multigrid.size()), solution(multigrid.size()), nothing(multigrid.size());
  float strongest = 0.0f;
  for (std::int64_t i = 0; i < g.size(); ++i) {
    const auto at = g.position(i);
    const std::size_t here = multigrid.position(at[0], at[1], at[2]);
    rates[here] = static_cast<float>(reaction(i));
    strongest = std::max(strongest, rates[here]);
    solution[here] = static_cast<float>(uniform(static_cast<std::uint64_t>(i)));
  }
  multigrid.set_solution(solution.data());
  multigrid.set_right_side(nothing.data());
  multigrid.prepare(rates.data(), 0.0f, strongest, single);
  const auto norm = [&] {
    double sum = 0.0;
    for (const float u : solution) sum += static_cast<double>(u) * u;
    return std::sqrt(sum);
  };
  double last = norm(), before = 0.0;
  for (int cycle = 0; cycle < 12; ++cycle) {
    multigrid.descend(single);
    multigrid.ascend(single);
    if (cycle == 3) before = norm();
    last = norm();
    if (last < 1e-30) return 0.0;
  }
  return std::pow(last / before, 1.0 / 8.0);
}

}  // namespace

TEST_CASE("field: second order in space") {
  for (const int dimensions : {2, 3}) {
    for (const int coarse : {8, 10}) {
      double last = 0.0;
      for (const int n : {coarse, 2 * coarse, 4 * coarse}) {
        const double length = 800.0, wave = std::numbers::pi / length;
        const Geometry g = box(n, n, dimensions == 3 ? n : 1, length / n);
        Driven field(g, precise(describe(1e3, 0.01, Scheme::quasi_steady)));
        const Description& d = field.description();
        std::vector<double> exact;
        for (std::int64_t i = 0; i < g.size(); ++i) {
          const auto at = g.position(i);
          double mode = std::cos(wave * (at[0] + 0.5) * g.spacing) * std::cos(2 * wave * (at[1] + 0.5) * g.spacing);
          double rate = d.decay + 5.0 * d.diffusion * wave * wave;
          if (dimensions == 3) {
            mode *= std::cos(wave * (at[2] + 0.5) * g.spacing);
            rate += d.diffusion * wave * wave;
          }
          exact.push_back(2.0 + mode);
          field.source()[static_cast<std::size_t>(i)] = static_cast<float>(2.0 * d.decay + rate * mode);
        }
        field.step(1.0, single);
        const double error = relative_error(field, exact);
        CAPTURE(dimensions);
        CAPTURE(n);
        if (last > 0.0) CHECK(last / error == doctest::Approx(4.0).epsilon(0.08));
        last = error;
      }
    }
  }
}

TEST_CASE("field: implicit Dirichlet plates") {
  for (const int nz : {1, 3})
    for (const double decay : {0.1, 1.0, 10.0}) {
      const Geometry g = box(50, 4, nz);
      Description d = describe(1e5, decay);
      d.scale = 38.0;
      d.faces[0] = d.faces[1] = {Boundary::fixed, 38.0};
      Driven field(g, d);
      for (int step = 0; step < 4; ++step) field.step(60.0 / minutes_per_day, single);
      const double root = std::sqrt(decay / 1e5), half = 500.0;
      double worst = 0.0;
      for (int x = 0; x < 50; ++x)
        worst = std::max(worst, std::abs(field.at(g.index(x, 1, nz / 2)) -
                                         38.0 * std::cosh(root * ((x + 0.5) * 20.0 - half)) / std::cosh(root * half)));
      CAPTURE(decay);
      CHECK(worst / 38.0 < 0.01);
    }
}

TEST_CASE("field: linear profile between two fixed faces is exact") {
  for (const int n : {1, 2, 37, 64}) {
    const Geometry g = box(3, n, 5);
    Description d = precise(describe(1e5, 0.0, Scheme::quasi_steady));
    d.faces[2] = {Boundary::fixed, 1.0};
    d.faces[3] = {Boundary::fixed, 3.0};
    Driven field(g, d);
    const Report report = field.step(1.0, single);
    for (int y = 0; y < n; ++y) {
      CHECK(field.at(g.index(1, y, 2)) == doctest::Approx(1.0 + 2.0 * (y + 0.5) / n).epsilon(2e-5));
      CHECK(field.gradient(g.index(1, y, 2))[1] == doctest::Approx(2.0 / (20.0 * n)).epsilon(1e-2));
    }
    CHECK(field.gradient(g.index(0, 0, 0))[0] == doctest::Approx(0.0));
    CHECK(std::abs(report.ledger.boundary) < 1e-3 * 1e5 * minutes_per_day * 300.0 * 20.0 * 2.0 / n);
  }
}

TEST_CASE("field: steady state with voxel-wise uptake, independent of the step") {
  for (const Geometry& g : {box(23, 17, 5), box(50, 37, 1), box(7, 5, 3), box(1, 1, 1), box(2, 1, 1), box(1, 7, 1),
                            box(3, 1, 5), box(16, 16, 16)}) {
    Description d = precise(describe(1e5, 0.1));
    d.faces[0] = {Boundary::fixed, 20.0};
    std::vector<double> reaction, source;
    std::vector<std::int64_t> vessels;
    for (std::int64_t i = 0; i < g.size(); ++i) {
      const auto u = static_cast<std::uint64_t>(i);
      const double uptake = uniform(7 * u) < 0.5 ? 10.0 * uniform(11 * u) : 0.0,
                   made = uniform(5 * u) < 0.1 ? 30.0 : 0.0;
      const double rate = uniform(3 * u) < 0.05 ? 10.0 : 0.0;
      if (rate > 0.0) vessels.push_back(i);
      reaction.push_back((0.1 + uptake + rate) * minutes_per_day);
      source.push_back((made + rate * 38.0) * minutes_per_day);
    }
    const auto expected = reference(g, d, reaction, source);
    const auto solve = [&](Scheme scheme, double dt, int steps) {
      d.scheme = scheme;
      Driven field(g, d);
      for (std::int64_t i = 0; i < g.size(); ++i) {
        const auto u = static_cast<std::uint64_t>(i);
        field.sink()[static_cast<std::size_t>(i)] =
            static_cast<float>(uniform(7 * u) < 0.5 ? 10.0 * uniform(11 * u) * minutes_per_day : 0.0);
        field.source()[static_cast<std::size_t>(i)] =
            static_cast<float>(uniform(5 * u) < 0.1 ? 30.0 * minutes_per_day : 0.0);
      }
      field.set_exchange(vessels, 10.0 * minutes_per_day, 38.0);
      Report report;
      for (int step = 0; step < steps; ++step) report = field.step(dt / minutes_per_day, single);
      CHECK(std::abs(report.ledger.residual) <= 1e-3 * flux(report));
      return relative_error(field, expected);
    };
    CAPTURE(g.nx);
    CAPTURE(g.nz);
    CHECK(solve(Scheme::quasi_steady, 6.0, 1) < 2e-5);
    CHECK(solve(Scheme::transient, 6.0, 15) < 2e-5);
    CHECK(solve(Scheme::transient, 60.0, 8) < 2e-5);
    d.solve_tolerance = Description{}.solve_tolerance;
    d.stage_tolerance = Description{}.stage_tolerance;
    CHECK(solve(Scheme::quasi_steady, 6.0, 1) < 5e-4);
    CHECK(solve(Scheme::transient, 6.0, 15) < 1e-3);
  }
}

TEST_CASE("field: SDIRK2 is of second order, sub-steps hold the error") {
  const int n = 32;
  const Geometry g = box(n, 6, 1);
  const double wave = std::numbers::pi / n, per_voxel = 2.0 * std::sin(0.5 * wave);
  for (const double duration : {6.0, 60.0}) {
    Description d = precise(describe(2e3, 0.05, Scheme::transient));
    const double decay = 0.05, mode_rate = decay + 2e3 / 400.0 * per_voxel * per_voxel;  // 1/min
    const auto exact = [&](double t, int x) {  // from 1 + cos / 2, with a source of 0.1 / min since t = 0
      return std::exp(-decay * t) + 0.1 / decay * (1.0 - std::exp(-decay * t)) +
             0.5 * std::cos(wave * (x + 0.5)) * std::exp(-mode_rate * t);
    };
    const auto run = [&](int steps) {
      Driven field(g, d);
      std::vector<float> start;
      for (std::int64_t i = 0; i < g.size(); ++i) start.push_back(static_cast<float>(exact(0.0, g.position(i)[0])));
      field.restore(start);
      std::fill(field.source().begin(), field.source().end(), static_cast<float>(0.1 * minutes_per_day));
      for (int step = 0; step < steps; ++step) field.step(duration / steps / minutes_per_day, single);
      std::vector<double> expected;
      for (std::int64_t i = 0; i < g.size(); ++i) expected.push_back(exact(duration, g.position(i)[0]));
      return relative_error(field, expected);
    };
    CHECK(run(1) < 0.01);  // automatic sub-steps
    d.step_tolerance = 1e9;
    const double coarse = run(8), fine = run(16);
    CAPTURE(coarse);
    CHECK(coarse / fine == doctest::Approx(4.0).epsilon(0.25));
  }
}

TEST_CASE("field: error below one per cent of the field after a source jump") {
  const Geometry g = box(48, 48, 1);
  const auto run = [&](double step, double tolerance, Report& report) {
    Description d = describe(6e3, 0.01, Scheme::transient);
    d.step_tolerance = tolerance;
    Driven field(g, d);
    const auto deposit = [&](std::uint64_t seed) {
      field.clear();
      for (std::int64_t i = 0; i < g.size(); ++i) {
        const auto u = static_cast<std::uint64_t>(i);
        if (uniform(seed + 29 * u) < 0.05) field.source()[static_cast<std::size_t>(i)] = 1440.0f;
        if (uniform(7 * u) < 0.4) field.sink()[static_cast<std::size_t>(i)] = static_cast<float>(0.1 * minutes_per_day);
      }
    };
    deposit(1);
    for (int i = 0; i < 20; ++i) field.step(step_6min, single);
    deposit(1000003);
    for (std::size_t i = 0; i < 48u * 24u; ++i) field.source()[i] *= 5.0f;
    for (double t = 0.0; t < 6.0 - 1e-9; t += step) report = field.step(step / minutes_per_day, single);
    return std::vector<double>(field.stored().begin(), field.stored().end());
  };
  Report coarse, fine;
  const auto expected = run(0.05, 1e9, fine), found = run(6.0, Description{}.step_tolerance, coarse);
  double error = 0.0, norm = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (found[i] - expected[i]) * (found[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  CHECK(coarse.substeps > 1);
  CHECK(std::sqrt(error / norm) < 0.01);
}

TEST_CASE("field: error below one per cent where a few sources move far with every step") {
  const Geometry g = box(60, 60, 1);
  for (const double diffusion : {300.0, 6e3}) {
    const auto run = [&](int parts, double tolerance) {
      Description d = describe(diffusion, 0.02, Scheme::transient);
      d.step_tolerance = tolerance;
      Driven field(g, d);
      for (std::uint64_t step = 0; step < 12; ++step) {
        field.clear();
        for (std::uint64_t source = 0; source < 4; ++source)
          field.source()[static_cast<std::size_t>(uniform(100 * step + source) * 3600.0)] = 1440.0f;
        for (int part = 0; part < parts; ++part) CHECK(field.step(step_6min / parts, single).substeps < 8);
      }
      return std::vector<double>(field.stored().begin(), field.stored().end());
    };
    const auto expected = run(60, 1e9), found = run(1, Description{}.step_tolerance);
    double error = 0.0, norm = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      error += (found[i] - expected[i]) * (found[i] - expected[i]);
      norm += expected[i] * expected[i];
    }
    CAPTURE(diffusion);
    CHECK(std::sqrt(error / norm) < 0.01);
  }
}

TEST_CASE("field: the ledger closes") {
  for (const Scheme scheme : {Scheme::quasi_steady, Scheme::transient})
    for (const bool walls : {false, true}) {
      const Geometry g = box(33, 21, 4);
      Description d = describe(5e3, 0.02, scheme);
      d.half_saturation = 2.0;
      if (walls) d.faces[3] = d.faces[4] = {Boundary::fixed, 5.0};
      Driven field(g, d);
      const std::vector<std::int64_t> vessels{5, 77, 901, 901};
      for (int step = 0; step < 6; ++step) {
        field.clear();
        for (std::int64_t i = 0; i < g.size(); ++i) {
          const auto u = static_cast<std::uint64_t>(i + 31 * step);
          const auto at = static_cast<std::size_t>(i);
          field.source()[at] = uniform(u) < 0.1 ? 3000.0f : 0.0f;
          field.sink()[at] = uniform(3 * u) < 0.2 ? 70.0f : 0.0f;
          field.saturable()[at] = uniform(5 * u) < 0.3 ? 400.0f : 0.0f;
        }
        field.set_exchange(vessels, 500.0, 9.0);
        const Report report = field.step(step_6min, single);
        CAPTURE(step);
        CHECK(std::abs(report.ledger.residual) <= 1e-3 * flux(report));
        CHECK(report.ledger.produced > 0.0);
        CHECK(report.ledger.taken_up > 0.0);
        CHECK((report.ledger.boundary != 0.0) == walls);
      }
    }
}

TEST_CASE("field: without flux through the walls all that is produced is lost") {
  const Geometry g = box(40, 31, 1);
  Driven field(g, describe(1e5, 0.01, Scheme::quasi_steady));
  for (std::size_t i = 0; i < 1240; ++i) {
    field.source()[i] = uniform(i) < 0.02 ? 1e4f : 0.0f;
    field.sink()[i] = uniform(9 * i) < 0.5 ? 144.0f : 0.0f;
  }
  field.step(step_6min, single);
  double made = 0.0, lost = 0.0;
  for (std::size_t i = 0; i < 1240; ++i) {
    made += field.source()[i];
    lost += (field.description().decay + field.sink()[i]) * static_cast<double>(field.stored()[i]);
  }
  CHECK(lost == doctest::Approx(made).epsilon(1e-5));
}

TEST_CASE("field: positive after sharp jumps") {
  for (const double tolerance : {5e-3, 1e9}) {
    const Geometry g = box(31, 31, 1);
    Description d = describe(2e3, 0.5, Scheme::transient);
    d.step_tolerance = tolerance;
    Driven field(g, d);
    int euler = 0;
    for (int step = 0; step < 12; ++step) {
      field.clear();
      if (step % 4 < 2) field.source()[static_cast<std::size_t>(step % 8 < 4 ? 480 : 100)] = 1e8f;
      if (step % 3 == 0)
        for (std::size_t i = 300; i < 600; ++i) field.sink()[i] = 1e5f;
      const Report report = field.step(step_6min, single);
      const auto stored = field.stored();
      const float low = *std::min_element(stored.begin(), stored.end()),
                  high = *std::max_element(stored.begin(), stored.end());
      CHECK(low >= -1.01e-4f * high);
      CHECK(report.undershoot >= -1e-4);
      euler += report.euler;
      for (std::int64_t i = 0; i < g.size(); ++i) REQUIRE(field.at(i) >= 0.0);
    }
    if (tolerance > 1.0) CHECK(euler > 0);
  }
}

TEST_CASE("field: saturable uptake") {
  SUBCASE("in one voxel, against the ordinary differential equation") {
    Description d = precise(describe(1e3, 0.0));
    d.scale = 3.0;
    d.half_saturation = 2.0;
    d.initial = 30.0;
    d.scheme = Scheme::transient;
    Driven field(box(1, 1, 1), d);
    field.saturable()[0] = 3000.0f;
    field.source()[0] = 1000.0f;
    double u = 30.0;
    const double h = step_6min / 1000.0;
    const auto slope = [](double x) { return 1000.0 - 3000.0 * x / (2.0 + x); };
    for (int step = 0; step < 8; ++step) {
      field.step(step_6min, single);
      for (int i = 0; i < 1000; ++i) {
        const double a = slope(u), b = slope(u + 0.5 * h * a), c = slope(u + 0.5 * h * b), e = slope(u + h * c);
        u += h / 6.0 * (a + 2.0 * b + 2.0 * c + e);
      }
      CHECK(std::abs(field.at(0) - u) < 0.01 * std::max(u, 1.0));
    }
    d.scheme = Scheme::quasi_steady;
    Driven steady(box(1, 1, 1), d);
    steady.saturable()[0] = 3000.0f;
    steady.source()[0] = 1000.0f;
    steady.step(1.0, single);
    CHECK(steady.at(0) == doctest::Approx(1.0).epsilon(1e-4));
  }
  SUBCASE("steady along a line, against Newton in double") {
    const int n = 40;
    Description d = precise(describe(1e5, 0.0, Scheme::quasi_steady));
    d.half_saturation = 1.0;
    d.initial = 40.0;
    d.faces[0] = {Boundary::fixed, 40.0};
    Driven field(box(n, 1, 1), d);
    const double most = 60.0 * minutes_per_day, a = d.diffusion / 400.0;
    std::fill(field.saturable().begin(), field.saturable().end(), static_cast<float>(most));
    const Report report = field.step(step_6min, single);
    std::vector<double> u(n, 1.0);
    for (int iteration = 0; iteration < 60; ++iteration) {  // the Thomas algorithm
      std::vector<double> diagonal(n), right(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double whole = 1.0 + u[i];
        diagonal[i] = most / (whole * whole) + (i == 0 ? 2.0 * a : a) + (i + 1 < n ? a : 0.0);
        right[i] = (i == 0 ? 2.0 * a * 40.0 : 0.0) - most * u[i] * u[i] / (whole * whole);
        if (i > 0) {
          right[i] += a / diagonal[i - 1] * right[i - 1];
          diagonal[i] -= a * a / diagonal[i - 1];
        }
      }
      for (std::size_t i = n; i-- > 0;)
        u[i] = std::max(0.0, (right[i] + (i + 1 < n ? a * u[i + 1] : 0.0)) / diagonal[i]);
    }
    for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(field.at(static_cast<std::int64_t>(i)) - u[i]) < 2e-4 * 40.0);
    CHECK(std::abs(report.ledger.residual) <= 1e-3 * flux(report));
    CHECK(u[n - 1] < 0.1);  // the far end starves
  }
}

TEST_CASE("field: contraction of the cycle") {
  const double day = minutes_per_day;
  const auto oxygen = [&](std::int64_t i) {
    const auto u = static_cast<std::uint64_t>(i);
    return (0.1 + (uniform(7 * u) < 0.6 ? 10.0 : 0.0) + (uniform(31 * u) < 0.01 ? 10.0 : 0.0)) * day;
  };
  const auto scattered = [&](double strength, double share) {  // in units of D/h^2 at D = 300
    return [=](std::int64_t i) {
      return (0.01 + (uniform(7 * static_cast<std::uint64_t>(i)) < share ? strength * 300.0 / 400.0 : 0.0)) * day;
    };
  };
  for (const Geometry& g :
       {box(64, 64, 64), box(16, 16, 16), box(150, 150, 1), box(100, 37, 1), box(65, 33, 1), box(129, 129, 1),
        box(33, 33, 33), box(7, 5, 3), box(200, 3, 2), box(150, 150, 4), box(300, 1, 1), box(75, 75, 75)}) {
    CAPTURE(g.nx);
    CAPTURE(g.ny);
    CAPTURE(g.nz);
    const auto check = [&](const std::string& what, double value, double limit) {
      INFO(what);
      CHECK(value < limit);
    };
    check("oxygen", contraction(g, 1e5 * day, oxygen), 0.3);
    check("weakly damped", contraction(g, 1e5 * day, [&](std::int64_t) { return 0.01; }), 0.3);
    check("fixed faces",
          contraction(g, 1e5 * day, [&](std::int64_t) { return 0.0; }, {true, true, true, false, false, true}), 0.3);
    check("k h2/D = 1", contraction(g, 300 * day, scattered(1.0, 0.4)), 0.3);
    check("k h2/D = 10", contraction(g, 300 * day, scattered(10.0, 0.4)), 0.3);
    check("k h2/D = 130", contraction(g, 300 * day, scattered(130.0, 0.4)), 0.4);
    check("one in a hundred at 400", contraction(g, 300 * day, scattered(400.0, 0.01)), 0.4);
  }
}

TEST_CASE("field: a slowly changing quasi-steady field needs one or two cycles") {
  const Geometry g = box(150, 150, 1);
  Description d = describe(1e5, 0.1);
  d.scale = 38.0;
  d.initial = 38.0;
  d.half_saturation = 1.5;
  Driven field(g, d);
  std::vector<std::int64_t> vessels;
  for (std::int64_t i = 0; i < g.size(); ++i)
    if (uniform(31 * static_cast<std::uint64_t>(i)) < 0.04) vessels.push_back(i);
  for (int step = 0; step < 6; ++step) {
    field.clear();
    for (std::size_t i = 0; i < 22500; ++i) {
      const double draw =
          uniform(1000003u * static_cast<std::size_t>(step) + i) < 0.02 ? uniform(17 * i + 1) : uniform(7 * i);
      if (i > 6000 && i < 16000 && draw < 0.6) field.saturable()[i] = static_cast<float>(20.0 * minutes_per_day);
    }
    field.set_exchange(vessels, 60.0 * minutes_per_day, 38.0);
    const Report report = field.step(step_6min, single);
    CHECK(report.quasi_steady);
    CHECK(std::abs(report.ledger.residual) <= 1e-3 * flux(report));
    if (step > 0) CHECK(report.cycles <= 3);
    if (step > 1) CHECK(report.cycles <= 2);
  }
  std::vector<double> solved;
  Driven afresh(g, precise(d));
  std::copy(field.saturable().begin(), field.saturable().end(), afresh.saturable().begin());
  afresh.set_exchange(vessels, 60.0 * minutes_per_day, 38.0);
  afresh.step(step_6min, single);
  for (std::int64_t i = 0; i < g.size(); ++i) solved.push_back(afresh.at(i));
  CHECK(relative_error(field, solved) < 5e-4);
}

TEST_CASE("field: the same bits for any number of threads and after a restart") {
  for (const Geometry& g : {box(70, 61, 33), box(410, 333, 1)})
    for (const Scheme scheme : {Scheme::quasi_steady, Scheme::transient}) {
      Description d = describe(6e3, 0.05, scheme);
      d.half_saturation = 0.5;
      d.faces[1] = {Boundary::fixed, 2.0};
      const auto run = [&](int threads, bool restart) {
        base::Threads pool(threads);
        auto shared = std::make_shared<Driven>(g, d);
        for (int step = 0; step < 3; ++step) {
          for (std::int64_t i = 0; i < g.size(); ++i) {
            const auto u = static_cast<std::uint64_t>(i + 1000 * step);
            shared->source()[static_cast<std::size_t>(i)] = uniform(u) < 0.02 ? 2000.0f : 0.0f;
            shared->saturable()[static_cast<std::size_t>(i)] = uniform(3 * u) < 0.3 ? 300.0f : 0.0f;
          }
          shared->step(step_6min, pool);
          if (restart) {
            auto other = std::make_shared<Driven>(g, d, shared->workspace());
            other->restore(shared->stored());
            shared = other;
          }
        }
        return std::vector<float>(shared->stored().begin(), shared->stored().end());
      };
      const auto one = run(1, false);
      for (const auto& other : {run(2, false), run(3, false), run(1, true)})
        CHECK(std::memcmp(one.data(), other.data(), one.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("field: point source") {  // c = S / (4 pi D r) exp(-r / L)
  const int n = 61;
  const Geometry g = box(n, n, n);
  const double diffusion = 6e3, length = 100.0;
  Driven field(g, describe(diffusion, diffusion / (length * length), Scheme::quasi_steady));
  field.source()[static_cast<std::size_t>(g.index(30, 30, 30))] = static_cast<float>(minutes_per_day);  // 1 per min
  field.step(1.0, single);
  for (const int distance : {4, 6, 8, 10}) {
    const double r = 20.0 * distance;
    const double expected = g.voxel_volume() / (4.0 * std::numbers::pi * diffusion * r) * std::exp(-r / length);
    CHECK(field.at(g.index(30 + distance, 30, 30)) == doctest::Approx(expected).epsilon(0.03));
    CHECK(field.at(g.index(30, 30, 30 - distance)) == doctest::Approx(expected).epsilon(0.03));
  }
}

TEST_CASE("field: what cannot be solved is refused by name") {
  Driven singular(box(8, 8, 1), describe(1e5, 0.0, Scheme::quasi_steady));
  singular.source()[3] = 1.0f;
  CHECK_THROWS_WITH_AS(
      singular.step(1.0, single),
      "field 'oxygen': no steady state: there is no decay, no uptake and no fixed face; give it one of "
      "them or scheme 'transient'",
      base::SolverError);
  CHECK_THROWS_AS(Driven(box(8, 8, 1), describe(-1.0, 0.0)), base::ModelError);
  Description d = describe(1.0, 0.0);
  d.scale = 0.0;
  CHECK_THROWS_AS(Driven(box(8, 8, 1), d), base::ModelError);
  Driven field(box(8, 8, 1), describe(1.0, 1.0));
  CHECK_THROWS_AS(field.restore(std::vector<float>(3)), base::ModelError);
  CHECK_THROWS_AS(field.set_exchange(std::vector<std::int64_t>{64}, 1.0, 1.0), base::ModelError);
  CHECK_THROWS_AS(field.step(std::nan(""), single), base::ModelError);
  field.source()[5] = std::nanf("");
  CHECK_THROWS_AS(field.step(1.0, single), base::SolverError);
  const auto shared = Driven(box(8, 8, 1), describe(1.0, 1.0)).workspace();
  CHECK_THROWS_AS(Driven(box(8, 9, 1), describe(1.0, 1.0), shared), base::ModelError);
}

TEST_CASE("field: automatic without losses is transient and conserves") {
  Driven field(box(9, 9, 1), describe(1e3, 0.0));
  field.source()[40] = 1440.0f;
  for (int step = 0; step < 5; ++step) CHECK_FALSE(field.step(step_6min, single).quasi_steady);
  double sum = 0.0;
  for (std::int64_t i = 0; i < 81; ++i) sum += field.at(i);
  CHECK(sum == doctest::Approx(30.0).epsilon(1e-5));
}

TEST_CASE("field: without diffusion every voxel is on its own") {
  Description d = precise(describe(0.0, 0.01, Scheme::transient));
  d.initial = 1.0;
  Driven field(box(5, 4, 3), d);
  for (std::size_t i = 0; i < 60; ++i) field.sink()[i] = static_cast<float>(i);
  field.step(step_6min, single);
  for (std::size_t i = 0; i < 60; ++i)
    CHECK(field.at(static_cast<std::int64_t>(i)) ==
          doctest::Approx(std::exp(-(0.06 + static_cast<double>(i) * step_6min))).epsilon(2e-3));
}

TEST_CASE("field: nothing stays nothing, and what fades becomes zero") {
  Description d = describe(1e3, 10.0);
  d.initial = 0.0;
  Driven field(box(20, 20, 1), d);
  const Report report = field.step(step_6min, single);
  CHECK(report.cycles <= 2);
  for (std::int64_t i = 0; i < 400; ++i) REQUIRE(field.at(i) == 0.0);
  d.scheme = Scheme::transient;
  d.initial = 1.0;
  Driven fading(box(20, 20, 1), d);
  for (int step = 0; step < 30; ++step) fading.step(step_6min, single);
  for (const float u : fading.stored()) REQUIRE(u == 0.0f);
}

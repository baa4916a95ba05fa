#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <vector>

#include "base/philox.hpp"
#include "base/threads.hpp"
#include "lattice/contacts.hpp"
#include "lattice/geometry.hpp"
#include "lattice/neighbourhood.hpp"
#include "lattice/occupancy.hpp"

namespace {

using namespace qsp::lattice;

Geometry box(int nx, int ny, int nz) { return {nx, ny, nz, 20.0, 20.0}; }

struct Moments {  // of weighted vectors: <x2>, <x4>, <x2 y2> over the sum of weights, and the first and third
  double second = 0.0, fourth = 0.0, mixed = 0.0, odd = 0.0;
};

template <class Vector, class Weight>
Moments moments(const Neighbourhood& neighbourhood, Vector vector, Weight weight) {
  Moments m;
  double sum = 0.0;
  for (const auto& d : neighbourhood.directions()) {
    const std::array<double, 3> v = vector(d);
    const double w = weight(d);
    sum += w;
    m.second += w * v[0] * v[0];
    m.fourth += w * v[0] * v[0] * v[0] * v[0];
    m.mixed += w * v[0] * v[0] * v[1] * v[1];
    m.odd += w * (v[0] + v[0] * v[1] * v[1] + v[0] * v[0] * v[0]);
  }
  return {m.second / sum, m.fourth / sum, m.mixed / sum, m.odd / sum};
}

}  // namespace

TEST_CASE("lattice: voxel index and position are inverse") {
  const auto geometry = box(5, 4, 3);
  CHECK(geometry.size() == 60);
  for (std::int64_t v = 0; v < geometry.size(); ++v) {
    const auto [x, y, z] = geometry.position(v);
    CHECK(geometry.inside(x, y, z));
    CHECK(geometry.index(x, y, z) == v);
  }
  CHECK_FALSE(geometry.inside(5, 0, 0));
  CHECK_FALSE(geometry.inside(0, -1, 0));
}

TEST_CASE("lattice: a section has a thickness") {
  CHECK(Geometry{10, 10, 1, 8.0, 15.0}.voxel_volume() == doctest::Approx(960.0));
  CHECK(Geometry{10, 10, 2, 8.0, 8.0}.voxel_volume() == doctest::Approx(512.0));
}

TEST_CASE("lattice: headings are isotropic unit vectors up to fourth order in a volume") {
  const Neighbourhood neighbourhood(box(3, 3, 3));
  REQUIRE(neighbourhood.count() == 26);
  const auto m = moments(
      neighbourhood, [](const Direction& d) { return std::array{d.dx / d.length, d.dy / d.length, d.dz / d.length}; },
      [](const Direction& d) { return d.turn; });
  CHECK(m.second == doctest::Approx(1.0 / 3));
  CHECK(m.fourth == doctest::Approx(1.0 / 5));
  CHECK(m.mixed == doctest::Approx(1.0 / 15));
  CHECK(m.odd == doctest::Approx(0.0));
}

TEST_CASE("lattice: headings are isotropic unit vectors up to fourth order in a section") {
  const Neighbourhood neighbourhood(box(3, 3, 1));
  REQUIRE(neighbourhood.count() == 8);
  const auto m = moments(
      neighbourhood, [](const Direction& d) { return std::array{d.dx / d.length, d.dy / d.length, 0.0}; },
      [](const Direction& d) { return d.turn; });
  CHECK(m.second == doctest::Approx(1.0 / 2));
  CHECK(m.fourth == doctest::Approx(3.0 / 8));
  CHECK(m.mixed == doctest::Approx(1.0 / 8));
  CHECK(m.odd == doctest::Approx(0.0));
}

TEST_CASE("lattice: memoryless steps are isotropic up to fourth order, <x4> = 3 <x2 y2>") {
  for (const int nz : {1, 3}) {
    const Neighbourhood neighbourhood(box(3, 3, nz));
    const auto m = moments(
        neighbourhood, [](const Direction& d) { return std::array<double, 3>{1.0 * d.dx, 1.0 * d.dy, 1.0 * d.dz}; },
        [](const Direction& d) { return d.memoryless; });
    CHECK(m.fourth == doctest::Approx(3.0 * m.mixed));
    CHECK(m.odd == doctest::Approx(0.0));
    CHECK(neighbourhood.mean_square_hop() == doctest::Approx((nz == 1 ? 2 : 3) * m.second));
  }
}

TEST_CASE("lattice: neighbours stay in the box, are adjacent, distinct, and as many as they should be") {
  for (const int nz : {1, 4}) {
    const auto geometry = box(5, 4, nz);
    const Neighbourhood neighbourhood(geometry);
    std::map<std::int64_t, int> visits;
    for (std::int64_t v = 0; v < geometry.size(); ++v) {
      std::set<std::int64_t> found;
      neighbourhood.each(v, [&](std::int64_t near, int direction) {
        CHECK(near != v);
        CHECK(neighbourhood.adjacent(v, near));
        CHECK(neighbourhood.neighbour(geometry.site(v), direction).voxel == near);
        found.insert(near);
        ++visits[near];
      });
      const auto [x, y, z] = geometry.position(v);
      int expected = 0;
      for (std::int64_t w = 0; w < geometry.size(); ++w) {
        const auto [a, b, c] = geometry.position(w);
        const bool touches = std::abs(a - x) <= 1 && std::abs(b - y) <= 1 && std::abs(c - z) <= 1;
        CHECK(neighbourhood.adjacent(v, w) == touches);
        expected += touches && w != v ? 1 : 0;
      }
      CHECK(static_cast<int>(found.size()) == expected);
    }
  }
}

TEST_CASE("lattice: a neighbour outside the box is -1, also where the next row would be") {
  const auto geometry = box(4, 4, 1);
  const Neighbourhood neighbourhood(geometry);
  for (int d = 0; d < neighbourhood.count(); ++d)
    if (neighbourhood.directions()[static_cast<std::size_t>(d)].dx == 1)
      CHECK(neighbourhood.neighbour(geometry.site(geometry.index(3, 1, 0)), d).voxel == -1);
}

TEST_CASE("lattice: DT-06: no mixture of small cells ever exceeds what a voxel holds, one beside a solid cell") {
  // Three types with capacities 8, 8 and 4, and a solid cell that comes and goes, in random order.
  const std::array<int, 3> cost{full_room / 8, full_room / 8, full_room / 4};
  Occupancy occupancy(1);
  std::array<int, 3> held{};
  bool solid = false;
  for (std::uint64_t k = 0; k < 100000; ++k) {
    const auto words = qsp::base::draw(7, k, 0, qsp::base::Purpose::start, 0);
    const auto kind = static_cast<std::size_t>(qsp::base::below(words[0], 4));
    const bool comes = qsp::base::below(words[1], 5) < 3;
    const int small = held[0] + held[1] + held[2];
    if (kind == 3) {
      if (comes && occupancy.room_for_solid(0)) {
        CHECK((!solid && small <= 1));
        occupancy.put_solid(0, 42, 3);
        solid = true;
      } else if (!comes && solid) {
        occupancy.take_solid(0);
        solid = false;
      }
    } else if (comes && occupancy.room_for_small(0, cost[kind])) {
      occupancy.put_small(0, cost[kind]);
      ++held[kind];
    } else if (!comes && held[kind] > 0) {
      occupancy.take_small(0, cost[kind]);
      --held[kind];
    }
    const int now = held[0] + held[1] + held[2];
    CHECK(occupancy.small_cells(0) == now);
    CHECK(occupancy.has_solid(0) == solid);
    CHECK(held[0] / 8.0 + held[1] / 8.0 + held[2] / 4.0 <= 1.0);
    if (solid) CHECK(now <= 1);
  }
}

TEST_CASE("lattice: every capacity from 1 to 15 is reached and not exceeded") {
  for (int capacity = 1; capacity <= 15; ++capacity) {
    Occupancy occupancy(1);
    int held = 0;
    while (occupancy.room_for_small(0, full_room / capacity)) {
      occupancy.put_small(0, full_room / capacity);
      ++held;
    }
    CHECK(held == capacity);
  }
}

TEST_CASE("lattice: division by a fixed number is exact for every number below 2^31 that matters") {
  for (const std::uint32_t divisor :
       {1U, 2U, 3U, 5U, 7U, 64U, 149U, 600U, 601U, 1023U, 65535U, 1000003U, 2147483647U}) {
    const qsp::lattice::Divider divide(divisor);
    for (std::uint64_t k = 0; k < 4000; ++k) {
      const auto near = std::min<std::uint64_t>((k / 2 + 1) * divisor - k % 2, 0x7FFFFFFFU);  // a multiple, one less
      const auto far = static_cast<std::uint32_t>(0x7FFFFFFFU - k);
      CHECK(divide(static_cast<std::uint32_t>(near)) == near / divisor);
      CHECK(divide(far) == far / divisor);
    }
  }
}

TEST_CASE("lattice: a wheel draws each choice as often as its weight says, whatever the word") {
  const std::vector<double> weights{1.0, 0.0, 3.0, 0.001, 4.0};
  const qsp::lattice::Wheel wheel(weights);
  std::vector<double> found(weights.size(), 0.0);
  constexpr std::uint64_t words = 1 << 20;
  for (std::uint64_t k = 0; k < words; ++k) found[wheel(static_cast<std::uint32_t>(k << 12 | 0x800U))] += 1.0;
  for (std::size_t choice = 0; choice < weights.size(); ++choice)
    CHECK(found[choice] / words == doctest::Approx(weights[choice] / 8.001).epsilon(0.02));
  CHECK(wheel(0xFFFFFFFFU) == 4);
}

TEST_CASE("lattice: contact maps are the sums over the neighbourhood, saturated, with any instructions and threads") {
  for (const auto& [nx, ny, nz] : {std::array{37, 41, 1}, std::array{19, 70, 9}, std::array{1, 5, 3}}) {
    const Geometry geometry{nx, ny, nz, 10.0, 10.0};
    const Neighbourhood neighbourhood(geometry);
    std::vector<std::uint8_t> present(static_cast<std::size_t>(geometry.size()));
    for (std::size_t v = 0; v < present.size(); ++v)
      present[v] = static_cast<std::uint8_t>((v * 2654435761U) >> 20 & 15U);
    std::vector<std::uint8_t> expected(present.size());
    for (std::int64_t v = 0; v < geometry.size(); ++v) {
      int sum = present[static_cast<std::size_t>(v)];
      neighbourhood.each(v, [&](std::int64_t near, int) { sum += present[static_cast<std::size_t>(near)]; });
      expected[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(std::min(sum, 255));
    }
    for (const auto set : qsp::base::available_instructions())
      for (const int threads : {1, 3}) {
        qsp::base::Threads pool(threads);
        std::vector<std::uint8_t> around(present.size());
        qsp::lattice::sum_neighbourhoods(geometry, present, around, qsp::lattice::contact_kernels(set), pool);
        CHECK(around == expected);
      }
  }
}

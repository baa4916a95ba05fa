#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "base/instructions.hpp"
#include "base/key.hpp"
#include "base/math.hpp"
#include "process/verbs.hpp"
#include "rule/hill.hpp"

namespace {

using namespace qsp;
using process::Occupies;

// A lattice with one solid type (code 1), one small type of capacity 3 (code 2), and nothing else.
struct World {
  explicit World(const lattice::Geometry& box) : geometry(box), neighbourhood(box), occupancy(box.size()) {
    process::TypeSpec solid, small;
    solid.occupies = Occupies::solid;
    solid.hits = {3, 4, 120.0 / 1440.0, agent::gone};
    small.occupies = Occupies::small;
    small.cost = lattice::full_room / 3;
    specification.types = {solid, small};
    specification.dt = 6.0 / 1440.0;
  }

  std::uint32_t put(std::uint8_t type, std::int64_t voxel) {
    agent::Agent agent;
    agent.id = static_cast<std::uint32_t>(agents.size()) + 1;
    agent.key = base::mix(77, agent.id);
    agent.type = type;
    agent.voxel = static_cast<std::uint32_t>(voxel);
    const auto slot = agents.append(agent);
    if (type == 1) occupancy.put_solid(voxel, slot, type);
    if (type == 2) occupancy.put_small(voxel, specification.types[1].cost);
    return slot;
  }

  lattice::Site site(std::uint32_t slot) const { return geometry.site(agents.voxel[slot]); }

  process::Context context(std::uint32_t step = 0) {
    return {specification,
            geometry,
            neighbourhood,
            occupancy,
            agents,
            fields,
            body,
            contacts,
            rule::hill_kernels(base::best_instructions()),
            5,
            step};
  }

  lattice::Geometry geometry;
  lattice::Neighbourhood neighbourhood;
  lattice::Occupancy occupancy;
  agent::Table agents;
  process::Specification specification;
  std::vector<field::Field> fields;
  std::vector<double> body;
  std::vector<agent::Column<std::uint8_t>> contacts;
};

lattice::Geometry section(int nx, int ny) { return {nx, ny, 1, 20.0, 20.0}; }

}  // namespace

TEST_CASE("process: every verb has a name of its own, a sentence and parameters with a unit or none") {
  std::set<std::string> names;
  for (const auto* declaration : process::verbs()) {
    names.insert(std::string(declaration->verb));
    CHECK_FALSE(declaration->sentence.empty());
    for (const auto& parameter : declaration->parameters) CHECK_FALSE(parameter.name.empty());
  }
  CHECK(names ==
        std::set<std::string>{"secrete", "take_up", "move", "kill", "die", "divide", "become", "leave", "recruit"});
}

TEST_CASE(
    "process: the hop solves h^2 (k w + 2 k^2 P) = 2 n M for every sub-step, so that the mean speed is the same") {
  for (const int nz : {1, 9}) {
    const lattice::Geometry geometry{9, 9, nz, 10.0, 10.0};
    const lattice::Neighbourhood neighbourhood(geometry);
    for (const double persistence : {0.0, 2.0, 15.0}) {
      double first = 0.0;
      for (const double tau : {0.1, 0.7, 1.5}) {
        const auto pace = process::move::pace(persistence, tau, geometry, neighbourhood);
        const double rate = process::move::hop(7.0, pace) / tau;
        if (first == 0.0) first = rate;
        CHECK(rate == doctest::Approx(first).epsilon(1e-9));
        const double wanted = 2.0 * geometry.dimensions() * 7.0 / 100.0;
        const double got = persistence > 0.0 ? rate * neighbourhood.mean_turn_length() + 2.0 * rate * rate * persistence
                                             : rate * neighbourhood.mean_square_hop();
        CHECK(got == doctest::Approx(wanted).epsilon(1e-9));
      }
    }
    CHECK(process::move::hop(0.0, process::move::pace(2.0, 1.0, geometry, neighbourhood)) == 0.0);
  }
}

TEST_CASE("process: a daughter takes the nearest free voxel, any of the equally near ones") {
  World world(section(7, 7));
  const auto mother = world.put(1, world.geometry.index(3, 3, 0));
  const process::divide::Reach reach(world.geometry, 5);
  std::set<std::int64_t> seen;
  for (std::uint32_t k = 0; k < 64; ++k) {
    const auto way = process::divide::way(world.context(), mother, reach, false, k << 26);
    REQUIRE(way.size() == 2);
    CHECK(way[0] == world.geometry.index(3, 3, 0));
    seen.insert(way[1]);
  }
  CHECK(seen.size() == 4);  // the four along the axes are nearest
}

TEST_CASE("process: cells are pushed along the shortest way, and no further than the cap") {
  World world(section(15, 15));
  for (int y = 4; y <= 10; ++y)
    for (int x = 4; x <= 10; ++x) world.put(1, world.geometry.index(x, y, 0));  // 7 x 7: the middle is 4 away from room
  const auto mother = world.occupancy.solid(world.geometry.index(7, 7, 0));
  const auto way = [&](int push) {
    return process::divide::way(world.context(), mother, process::divide::Reach(world.geometry, push), false, 1);
  };
  CHECK(way(1).empty());
  CHECK(way(3).empty());
  const auto found = way(4);
  REQUIRE(found.size() == 5);
  CHECK(world.occupancy.room_for_solid(found.back()));
  for (std::size_t k = 1; k + 1 < found.size(); ++k) {
    CHECK(world.occupancy.has_solid(found[k]));
    CHECK(world.neighbourhood.adjacent(found[k - 1], found[k]));
  }
}

TEST_CASE("process: nothing is pushed out of a closed edge; an open one lets cells out") {
  World world(section(3, 3));
  for (std::int64_t v = 0; v < 9; ++v) world.put(1, v);
  const process::divide::Reach reach(world.geometry, 3);
  CHECK(process::divide::way(world.context(), 4, reach, false, 1).empty());
  const auto way = process::divide::way(world.context(), 4, reach, true, 1);
  REQUIRE(way.size() == 3);
  CHECK(way.back() == -1);
}

TEST_CASE("process: a solid cell is not pushed into a voxel crowded by small ones, but beside one") {
  World world(section(2, 1));
  const auto mother = world.put(1, 0);
  const process::divide::Reach reach(world.geometry, 1);
  world.put(2, 1);
  CHECK(process::divide::way(world.context(), mother, reach, false, 0).size() == 2);
  world.put(2, 1);
  CHECK(process::divide::way(world.context(), mother, reach, false, 0).empty());
}

TEST_CASE("process: the daughter of a small cell stays if there is room, else takes a neighbour, else nothing") {
  World world(section(2, 1));
  const int cost = world.specification.types[1].cost;
  world.put(2, 0);
  CHECK(process::divide::room(world.context(), 0, cost, 0) == 0);
  world.put(2, 0);
  world.put(2, 0);
  CHECK(process::divide::room(world.context(), 0, cost, 0) == 1);
  for (int k = 0; k < 3; ++k) world.put(2, 1);
  CHECK(process::divide::room(world.context(), 0, cost, 0) == -1);
}

TEST_CASE("process: the recovery clock is Erlang with four stages: mean, variance, and the chance to outlast a gap") {
  World world(section(3, 3));
  const auto killer = world.put(2, 4);
  const auto hits = world.specification.types[0].hits;
  constexpr int n = 200000;
  double sum = 0.0, squares = 0.0;
  int outlasts_50 = 0, outlasts_180 = 0;
  for (std::uint32_t k = 0; k < n; ++k) {
    const double minutes = process::kill::recovery(world.context(k), killer, hits, k % 7) * 1440.0;
    sum += minutes;
    squares += minutes * minutes;
    outlasts_50 += minutes > 50.0 ? 1 : 0;
    outlasts_180 += minutes > 180.0 ? 1 : 0;
  }
  CHECK(sum / n == doctest::Approx(120.0).epsilon(0.005));
  CHECK(squares / n - sum * sum / n / n == doctest::Approx(120.0 * 120.0 / 4).epsilon(0.02));
  // Three hits at gaps g kill if the clock outlasts two gaps: 0.83 at 50 min, 0.02 at 180 min.
  CHECK(std::pow(static_cast<double>(outlasts_50) / n, 2) == doctest::Approx(0.831).epsilon(0.01));
  CHECK(std::pow(static_cast<double>(outlasts_180) / n, 2) == doctest::Approx(0.0229).epsilon(0.05));
}

TEST_CASE("process: an engaged target is found where it went, and let go when it is out of reach or another type") {
  World world(section(9, 9));
  const auto target = world.put(1, world.geometry.index(4, 4, 0));
  const auto killer = world.put(2, world.geometry.index(3, 4, 0));
  process::KillSpec spec;
  spec.targets[1] = true;
  process::kill::Engagement engaged;
  const auto engage = [&] {
    engaged = {world.agents.id[target], 0};  // not in that direction
  };
  const auto move = [&](int x, int y) {
    world.occupancy.take_solid(world.agents.voxel[target]);
    world.agents.voxel[target] = static_cast<std::uint32_t>(world.geometry.index(x, y, 0));
    world.occupancy.put_solid(world.agents.voxel[target], target, 1);
  };
  engage();
  CHECK(process::kill::verify(world.context(), engaged, spec, world.site(killer)) == target);
  move(2, 3);  // on the other side, still a neighbour
  CHECK(process::kill::verify(world.context(), engaged, spec, world.site(killer)) == target);
  const auto direction = engaged.direction;
  CHECK(world.neighbourhood.neighbour(world.geometry.site(world.agents.voxel[killer]), direction).voxel ==
        world.agents.voxel[target]);
  move(7, 7);
  CHECK(process::kill::verify(world.context(), engaged, spec, world.site(killer)) == lattice::Occupancy::nobody);
  CHECK(engaged.target == 0);
  move(4, 4);
  engage();
  spec.targets[1] = false;
  CHECK(process::kill::verify(world.context(), engaged, spec, world.site(killer)) == lattice::Occupancy::nobody);
}

TEST_CASE("process: only solid cells of the target types are engaged, each with the same chance, never oneself") {
  World world(section(9, 9));
  const auto killer = world.put(1, world.geometry.index(4, 4, 0));
  process::KillSpec spec;
  spec.targets[1] = true;
  CHECK(process::kill::look_around(world.context(), killer, spec, world.site(killer), 0).slot ==
        lattice::Occupancy::nobody);
  world.put(2, world.geometry.index(5, 4, 0));
  CHECK(process::kill::look_around(world.context(), killer, spec, world.site(killer), 0).slot ==
        lattice::Occupancy::nobody);
  std::set<std::uint32_t> near{world.put(1, world.geometry.index(3, 3, 0)),
                               world.put(1, world.geometry.index(5, 5, 0))};
  world.put(1, world.geometry.index(7, 7, 0));
  std::set<std::uint32_t> found;
  for (std::uint32_t k = 0; k < 16; ++k)
    found.insert(process::kill::look_around(world.context(), killer, spec, world.site(killer), k << 28).slot);
  CHECK(found == near);
}

TEST_CASE("rule: no terms give the base; signals at or below zero are silent; saturation gives the limit") {
  World world(section(3, 3));
  auto& specification = world.specification;
  specification.signals = {{rule::Source::body, 0}, {rule::Source::body, 1}};
  specification.terms = {{0, 2.0F, 1.0F, true}, {1, 3.0F, 2.0F, false}};
  rule::Behaviour behaviour{1.0F, 11.0F, 0.5F, 0, 2, false};
  const auto cell = world.put(1, 4);
  const auto with = [&](double a, double b) {
    world.body = {a, b};
    return world.context().evaluate(cell, behaviour);
  };
  CHECK(with(0.0, 0.0) == 1.0F);
  CHECK(with(-5.0, -5.0) == 1.0F);
  CHECK(with(2.0, 0.0) == doctest::Approx(6.0));
  CHECK(with(1e12, 0.0) == doctest::Approx(11.0));
  CHECK(with(2.0, 3.0) == doctest::Approx(3.25));  // half way from 6 to 0.5
  CHECK(with(0.0, 1e30) == doctest::Approx(0.5));
  CHECK(behaviour.largest() == 11.0F);
  behaviour.terms = 0;
  CHECK(with(9.0, 9.0) == 1.0F);
}

TEST_CASE("rule: whole and broken powers, one cell or many, with any instructions: the same bits, and the right ones") {
  constexpr int n = 100;
  std::vector<float> values(n);
  for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i * i) * 0.01F - 1.0F;
  for (const float power : {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F, 0.5F, 2.5F}) {
    const rule::Term term{0, 1.7F, power, true};
    std::vector<float> first;
    for (const auto set : base::available_instructions()) {
      const auto& kernels = rule::hill_kernels(set);
      std::vector<float> all(n, 0.25F), one(n, 0.25F);
      rule::add_term(kernels, term, values.data(), all.data(), n);
      for (int i = 0; i < n; ++i) rule::add_term(kernels, term, values.data() + i, one.data() + i, 1);
      CHECK(all == one);
      std::vector<float> result(n);
      kernels.respond(result.data(), all.data(), one.data(), 1.0F, 5.0F, 0.2F, n);
      if (first.empty()) first = result;
      CHECK(result == first);
      for (std::size_t i = 0; i < n; ++i) {
        const double x = values[i] > 0.0F ? std::pow(static_cast<double>(values[i]) / 1.7, power) : 0.0;
        CHECK(static_cast<double>(all[i]) == doctest::Approx(0.25 + x).epsilon(1e-5));
      }
    }
  }
}

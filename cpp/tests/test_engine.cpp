#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "base/key.hpp"
#include "engine/engine.hpp"

namespace {

using namespace qsp;
using engine::Engine;
using engine::Tally;

lattice::Geometry section(int side) { return {side, side, 1, 10.0, 10.0}; }

// Types: 1 a solid cell that divides, dies and may be killed; 2 its remains; 3 a small killer that walks and is
// recruited.
process::Specification busy(double dt = 6.0 / 1440.0, bool open = false) {
  process::Specification all;
  process::TypeSpec cell, remains, killer;
  const auto behaviour = [&](process::TypeSpec& type, double base) {
    all.behaviours.push_back(
        {static_cast<float>(base), static_cast<float>(base), static_cast<float>(base), 0, 0, false});
    return type.behaviours++;
  };
  cell.name = "cell";
  cell.label = 11;
  cell.hits = {2, 4, 0.1, 2};
  cell.traits = {process::TraitSpec{}};
  cell.divide = {{behaviour(cell, 4.0), 3}};
  cell.die = {{behaviour(cell, 0.5), 1, 2}};
  remains.name = "remains";
  remains.label = 12;
  remains.dead = true;
  remains.first_behaviour = cell.behaviours;
  remains.die = {{behaviour(remains, 5.0), 2, agent::gone}};
  killer.name = "killer";
  killer.label = 13;
  killer.occupies = process::Occupies::small;
  killer.cost = lattice::full_room / 4;
  killer.first_behaviour = remains.first_behaviour + remains.behaviours;
  process::MoveSpec move;
  move.motility = behaviour(killer, 5.0 * 1440.0);
  move.persistence = 3.0 / 1440.0;
  move.permeability.fill(0.5F);
  killer.move = {move};
  process::KillSpec kill;
  kill.engage = behaviour(killer, 100.0);
  kill.hit_rate = behaviour(killer, 100.0);
  kill.detach = behaviour(killer, 20.0);
  kill.targets[1] = true;
  killer.kill = {kill};
  killer.recruit = {{0, 2.0}};
  killer.leave = {{behaviour(killer, 1.0)}};
  all.types = {cell, remains, killer};
  all.causes = {"killed", "age", "clearance"};
  all.body_signals = 1;
  all.open_edges = open;
  all.dt = dt;
  return all;
}

Engine build(int side, int threads = 1, std::uint64_t seed = 3, process::Specification specification = busy()) {
  engine::Settings settings;
  settings.threads = threads;
  return {section(side), std::move(specification), {}, {}, {5, side * 3LL}, seed, settings};
}

void start(Engine& engine, int cells) {
  std::vector<std::uint8_t> types;
  std::vector<std::int64_t> voxels;
  std::vector<std::uint64_t> keys;
  for (int k = 0; k < cells; ++k) {
    types.push_back(k % 3 == 0 ? 3 : 1);
    voxels.push_back(2 * k % engine.geometry().size());
    keys.push_back(base::mix(1, static_cast<std::uint64_t>(k)));
  }
  engine.place(types, voxels, keys);
}

void run(Engine& engine, std::int64_t steps, double blood = 10.0) {
  engine.run(steps, std::vector<double>(static_cast<std::size_t>(steps), blood));
}

std::string bytes(const agent::Table& table) {  // by id
  std::string all;
  const auto slots = table.by_id();
  table.each_column([&](const std::string&, const auto& column) {
    for (const auto slot : slots)
      all.append(reinterpret_cast<const char*>(&column[slot]), sizeof(column[0]));  // NOLINT
  });
  return all;
}

// What a snapshot keeps: the agents that are there, in storage order.
agent::Table present(const agent::Table& table) {
  agent::Table copy = table;
  agent::Column<std::uint32_t> order;
  for (std::uint32_t slot = 0; slot < table.size(); ++slot)
    if (table.type[slot] != agent::gone) order.push_back(slot);
  base::Threads threads(1);
  copy.reorder(order, threads);
  return copy;
}

}  // namespace

TEST_CASE("engine: a busy tissue keeps its books over many steps, closed and open") {
  for (const bool open : {false, true}) {
    auto engine = build(20, 1, 3, busy(6.0 / 1440.0, open));
    start(engine, 150);
    engine.check();
    for (int k = 0; k < 200; ++k) {
      run(engine, 1);
      engine.check();
    }
    const auto counts = engine.counts();
    const auto& tally = engine.tally();
    for (std::size_t type = 0; type < counts.size(); ++type) CHECK(counts[type] == tally.present(type));
    CHECK(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) ==
          static_cast<std::int64_t>(engine.agents().by_id().size()));
    CHECK(tally.counts()[Tally::born * 3] > 20);
    CHECK(tally.counts()[Tally::first_cause * 3] > 10);
    CHECK((tally.counts()[Tally::moved_out * 3] > 0) == open);
  }
}

TEST_CASE("engine: the same bits for any number of threads") {
  std::string first;
  for (const int threads : {1, 2, 3}) {
    auto engine = build(64, threads);
    start(engine, 2000);
    run(engine, 30);
    const auto now = bytes(engine.agents());
    if (threads == 1) first = now;
    CHECK(now == first);
    CHECK(engine.threads().count() == threads);
  }
}

TEST_CASE("engine: a state restored at any step between two sortings goes on bit for bit") {
  constexpr int steps = 40;
  auto whole = build(24);
  start(whole, 250);
  run(whole, steps);
  for (int stop = 1; stop <= 20; ++stop) {
    auto part = build(24);
    start(part, 250);
    run(part, stop);
    auto copy = build(24, 2);
    copy.agents() = present(part.agents());
    copy.restore(part.state(), {});
    copy.check();
    CHECK(copy.step_number() == stop);
    run(copy, steps - stop);
    CHECK(bytes(whole.agents()) == bytes(copy.agents()));
    CHECK(whole.tally().counts() == copy.tally().counts());
    CHECK(whole.transit() == copy.transit());
  }
}

TEST_CASE("engine: another seed, another history") {
  auto one = build(24, 1, 3), other = build(24, 1, 4);
  start(one, 250);
  start(other, 250);
  run(one, 20);
  run(other, 20);
  CHECK(bytes(one.agents()) != bytes(other.agents()));
}

TEST_CASE("engine: ids and keys differ, parents come before their daughters") {
  auto engine = build(24);
  start(engine, 250);
  run(engine, 100);
  const auto& agents = engine.agents();
  const auto slots = agents.by_id();
  std::set<std::uint64_t> keys;
  for (std::size_t k = 0; k < slots.size(); ++k) {
    if (k > 0) CHECK(agents.id[slots[k]] > agents.id[slots[k - 1]]);
    CHECK(agents.parent[slots[k]] < agents.id[slots[k]]);
    keys.insert(agents.key[slots[k]]);
  }
  CHECK(keys.size() == slots.size());
}

TEST_CASE("engine: agents are sorted by voxel, then id, without gaps, when it is time") {
  auto engine = build(24);
  start(engine, 250);
  run(engine, 33);  // the first thing that step 32 did was to sort; nothing of it can be seen after its fates
  const auto& agents = engine.agents();
  std::size_t up = 0;
  for (std::size_t k = 1; k < agents.size(); ++k) up += agents.voxel[k] >= agents.voxel[k - 1] ? 1 : 0;
  CHECK(up > agents.size() * 8 / 10);
}

TEST_CASE("engine: recruits that entered and that wait are the flux") {
  auto engine = build(24);
  run(engine, 100, 33.0);
  const auto entered = engine.tally().counts()[Tally::recruited * 3 + 2];
  const double flux = 33.0 * 2.0 * 100 * 6.0 / 1440.0;
  CHECK(static_cast<double>(entered) + engine.transit()[2] == doctest::Approx(flux));
}

TEST_CASE("engine: no room, no place, no id: refused, and nothing has changed") {
  auto engine = build(24);
  const auto place = [&](std::uint8_t type, std::int64_t voxel) {
    const std::uint64_t key = 9;
    engine.place({&type, 1}, {&voxel, 1}, {&key, 1});
  };
  place(1, 7);
  CHECK_THROWS_AS(place(1, 7), base::ModelError);
  CHECK_THROWS_AS(place(1, -1), base::ModelError);
  CHECK_THROWS_AS(place(1, 24 * 24), base::ModelError);
  const std::int64_t voxels[] = {7, 8, -3, 1000000};
  CHECK(engine.give(1, voxels) == 1);
  const std::uint32_t ids[] = {1, 77};
  CHECK_THROWS_AS(engine.remove(ids), base::ModelError);
  const float values[] = {1.0F, 2.0F};
  CHECK_THROWS_AS(engine.set_trait(ids, 0, values), base::ModelError);
  CHECK(engine.agents().trait[0][0] == 0.0F);
  CHECK(engine.counts()[0] == 2);
  engine.check();
  const std::uint32_t twice[] = {1, 1};
  engine.remove(twice);
  CHECK(engine.counts()[0] == 1);
  engine.check();
}

TEST_CASE("engine: check finds what does not fit") {
  const auto broken = [](auto&& harm) {
    auto engine = build(24);
    start(engine, 100);
    harm(engine);
    CHECK_THROWS_AS(engine.check(), std::logic_error);
  };
  broken([](Engine& engine) { engine.agents().voxel[1] += 1; });
  broken([](Engine& engine) { engine.agents().type[1] = 2; });
  broken([](Engine& engine) { engine.agents().id[1] = 1; });
  broken([](Engine& engine) { engine.agents().type[1] = agent::gone; });
}

TEST_CASE("engine: a motility beyond any number of sub-steps is refused by name") {
  auto specification = busy();
  auto& row = specification.behaviours[static_cast<std::size_t>(specification.types[2].first_behaviour)];
  row.base = row.limit_up = row.limit_down = 1e12F;
  CHECK_THROWS_WITH_AS(build(24, 1, 3, specification), doctest::Contains("killer: move.motility"), base::ModelError);
}

TEST_CASE("engine: rates of fates are the sums over the cells") {
  auto engine = build(24);
  start(engine, 99);
  const double blood = 0.0;
  const auto rates = engine.fate_rates({&blood, 1});
  CHECK(rates.divides[0] == doctest::Approx(66 * 4.0));
  CHECK(rates.dies[0] == doctest::Approx(66 * 0.5));
  CHECK(rates.dies[2] == 0.0);
  CHECK(rates.leaves[2] >= 0.0);
}

TEST_CASE("engine: the tally of the present adds what came and takes away what went") {
  Tally tally(2, {"killed", "age"});
  tally.add(Tally::started, 1, 10);
  tally.add(Tally::born, 1, 4);
  tally.add(Tally::became_out, 1, 3);
  tally.add(Tally::became_in, 2, 3);
  tally.add(Tally::first_cause + 1, 1, 2);
  tally.add(Tally::moved_out, 1);
  CHECK(tally.present(0) == 8);
  CHECK(tally.present(1) == 3);
  CHECK(tally.names().back() == "died_age");
}

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "agent/table.hpp"

namespace {

using namespace qsp::agent;

Agent numbered(std::uint32_t id) {
  Agent agent;
  agent.id = id;
  agent.key = 1000 + id;
  agent.parent = id / 2;
  agent.voxel = 10 * id;
  agent.born = 7;
  agent.type = 3;
  for (std::size_t k = 0; k < agent.traits.size(); ++k) agent.traits[k] = static_cast<float>(id * 10 + k);
  return agent;
}

}  // namespace

TEST_CASE("agent: what is appended is there, everything else begins at nothing") {
  Table table;
  for (std::uint32_t id = 1; id <= 5; ++id) CHECK(table.append(numbered(id)) == id - 1);
  CHECK(table.size() == 5);
  CHECK(table.key[2] == 1003);
  CHECK(table.parent[4] == 2);
  CHECK(table.voxel[3] == 40);
  CHECK(table.born[0] == 7);
  CHECK(table.type[0] == 3);
  CHECK(table.births[0] == 0);
  CHECK(table.target[0] == 0);
  CHECK(table.hits[0] == 0);
  CHECK(table.heading[0] == no_heading);
  for (std::size_t k = 0; k < trait_slots; ++k) CHECK(table.trait[k][4] == static_cast<float>(50 + k));
}

TEST_CASE("agent: every column has one row per agent and a name of its own") {
  Table table;
  table.append(numbered(1));
  table.append(numbered(2));
  std::vector<std::string> names;
  table.each_column([&](const std::string& name, auto& column) {
    CHECK(column.size() == 2);
    for (const auto& other : names) CHECK(other != name);
    names.push_back(name);
  });
  CHECK(names.size() == 12 + trait_slots);
}

TEST_CASE("agent: a new order keeps rows together and drops what it leaves out") {
  Table table;
  for (std::uint32_t id = 1; id <= 6; ++id) table.append(numbered(id));
  table.type[0] = gone;
  CHECK(table.by_id() == std::vector<std::uint32_t>{1, 2, 3, 4, 5});
  qsp::base::Threads threads(2);
  table.reorder({4, 2, 1}, threads);
  REQUIRE(table.size() == 3);
  const std::uint32_t kept[] = {5, 3, 2};
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(table.id[k] == kept[k]);
    CHECK(table.key[k] == 1000 + kept[k]);
    CHECK(table.trait[6][k] == static_cast<float>(kept[k] * 10 + 6));
  }
  CHECK(table.by_id() == std::vector<std::uint32_t>{2, 1, 0});
}

TEST_CASE("agent: without traits an agent takes 38 bytes, and 4 more for each") {
  for (const int traits : {0, 2, 6}) {
    Table table(traits);
    for (std::uint32_t id = 1; id <= 10; ++id) table.append(numbered(id));
    CHECK(table.bytes() == 10 * (38 + 4 * traits));
  }
}

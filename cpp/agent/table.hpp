// All agents of a simulation: a struct of arrays. The engine sorts it by place now and then, at steps that are fixed,
// so the storage order is a function of the history alone; the dead leave gaps until the next sorting.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/memory.hpp"
#include "base/threads.hpp"

namespace qsp::agent {

inline constexpr int trait_slots = 7;            // at most, for each group
inline constexpr std::uint8_t no_heading = 255;  // draws one before the first hop
inline constexpr std::uint8_t gone = 0;          // type code of an agent that is no longer there; types count from 1

template <class T>
using Column = base::Array<T>;

struct Agent {  // what a new agent brings along
  std::uint32_t id = 0;
  std::uint32_t parent = 0;
  std::uint64_t key = 0;
  std::uint32_t voxel = 0;
  std::uint32_t born = 0;
  std::uint8_t type = gone;
  std::array<float, trait_slots> traits{};
};

class Table {
 public:
  explicit Table(int traits = trait_slots) : trait(static_cast<std::size_t>(traits)) {}

  Column<std::uint64_t> key;
  Column<std::uint32_t> id, parent, voxel;
  Column<std::uint32_t> born;          // step
  Column<std::uint32_t> target;        // id of the engaged target, 0 = none
  Column<std::uint32_t> recovered_at;  // second at which the hits received so far are lost
  Column<std::uint16_t> births;        // daughters so far: the birth number of the next daughter's key
  Column<std::uint8_t> type, hits, heading;
  Column<std::uint8_t> target_direction;  // in which the target was last seen
  std::vector<Column<float>> trait;

  [[nodiscard]] std::size_t size() const { return id.size(); }
  void reserve(std::size_t agents);
  std::uint32_t append(const Agent& agent);  // returns its slot
  // New slot k holds what was in slot order[k]; slots that the order leaves out are dropped.
  void reorder(const Column<std::uint32_t>& order, base::Threads& threads);

  // Slots of those that are there, by id.
  [[nodiscard]] std::vector<std::uint32_t> by_id() const;
  [[nodiscard]] std::int64_t bytes() const;  // in use

  // Calls act(name, column) for every column, in a fixed order: snapshots and digests go through here.
  template <class Act>
  void each_column(Act&& act) {
    visit(*this, act);
  }
  template <class Act>
  void each_column(Act&& act) const {
    visit(*this, act);
  }

 private:
  template <class Self, class Act>
  static void visit(Self& self, Act& act) {
    act("key", self.key);
    act("id", self.id);
    act("parent", self.parent);
    act("voxel", self.voxel);
    act("born", self.born);
    act("births", self.births);
    act("target", self.target);
    act("target_direction", self.target_direction);
    act("recovered_at", self.recovered_at);
    act("type", self.type);
    act("hits", self.hits);
    act("heading", self.heading);
    for (std::size_t slot = 0; slot < self.trait.size(); ++slot) act("trait" + std::to_string(slot), self.trait[slot]);
  }
};

}  // namespace qsp::agent

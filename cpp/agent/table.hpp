// All agents of a simulation: a struct of arrays in the order of their ids. Ids are given in a canonical order, so the
// storage order is canonical too; the dead leave gaps until `compact`.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace qsp::agent {

inline constexpr int trait_slots = 7;
inline constexpr std::uint8_t no_heading = 255;  // draws one before the first hop
inline constexpr std::uint8_t gone = 0;          // type code of an agent that is no longer there; types count from 1

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
  std::vector<std::uint64_t> key;
  std::vector<std::uint32_t> id, parent, voxel;
  std::vector<std::uint32_t> born;          // step
  std::vector<std::uint32_t> births;        // daughters so far: the birth number of the next daughter's key
  std::vector<std::uint32_t> target;        // id of the engaged target, 0 = none
  std::vector<std::uint32_t> target_voxel;  // where it was engaged
  std::vector<std::uint32_t> recovered_at;  // second at which the hits received so far are lost
  std::vector<std::uint8_t> type, hits, heading;
  std::array<std::vector<float>, trait_slots> trait;

  [[nodiscard]] std::size_t size() const { return id.size(); }
  std::uint32_t append(const Agent& agent);  // returns its slot
  void compact();                            // drops those gone, keeps the order

  // Calls act(name, column) for every column, in a fixed order: snapshots and digests go through here.
  template <class Act>
  void each_column(Act&& act) {
    act("key", key);
    act("id", id);
    act("parent", parent);
    act("voxel", voxel);
    act("born", born);
    act("births", births);
    act("target", target);
    act("target_voxel", target_voxel);
    act("recovered_at", recovered_at);
    act("type", type);
    act("hits", hits);
    act("heading", heading);
    for (int slot = 0; slot < trait_slots; ++slot)
      act("trait" + std::to_string(slot), trait[static_cast<std::size_t>(slot)]);
  }
};

}  // namespace qsp::agent

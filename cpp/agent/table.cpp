#include "agent/table.hpp"

namespace qsp::agent {

std::uint32_t Table::append(const Agent& agent) {
  const auto slot = static_cast<std::uint32_t>(size());
  each_column([](const std::string&, auto& column) { column.emplace_back(); });
  key.back() = agent.key;
  id.back() = agent.id;
  parent.back() = agent.parent;
  voxel.back() = agent.voxel;
  born.back() = agent.born;
  type.back() = agent.type;
  heading.back() = no_heading;
  for (int t = 0; t < trait_slots; ++t)
    trait[static_cast<std::size_t>(t)].back() = agent.traits[static_cast<std::size_t>(t)];
  return slot;
}

void Table::compact() {
  std::vector<std::uint32_t> kept;
  kept.reserve(size());
  for (std::uint32_t slot = 0; slot < size(); ++slot)
    if (type[slot] != gone) kept.push_back(slot);
  if (kept.size() == size()) return;
  each_column([&kept](const std::string&, auto& column) {
    for (std::size_t k = 0; k < kept.size(); ++k) column[k] = column[kept[k]];
    column.resize(kept.size());
  });
}

}  // namespace qsp::agent

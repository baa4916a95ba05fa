#include "agent/table.hpp"

#include <algorithm>
#include <type_traits>

namespace qsp::agent {

void Table::reserve(std::size_t agents) {
  each_column([agents](const std::string&, auto& column) { column.reserve(agents); });
}

std::uint32_t Table::append(const Agent& agent) {
  const auto slot = static_cast<std::uint32_t>(size());
  key.push_back(agent.key);
  id.push_back(agent.id);
  parent.push_back(agent.parent);
  voxel.push_back(agent.voxel);
  born.push_back(agent.born);
  births.push_back(0);
  target.push_back(0);
  target_direction.push_back(0);
  recovered_at.push_back(0);
  type.push_back(agent.type);
  hits.push_back(0);
  heading.push_back(no_heading);
  for (std::size_t k = 0; k < trait.size(); ++k) trait[k].push_back(agent.traits[k]);
  return slot;
}

void Table::reorder(const Column<std::uint32_t>& order, base::Threads& threads) {
  constexpr std::int64_t chunk = 16384;
  const auto kept = static_cast<std::int64_t>(order.size());
  each_column([&](const std::string&, auto& column) {
    std::remove_reference_t<decltype(column)> sorted(order.size());
    threads.each((kept + chunk - 1) / chunk, [&](std::int64_t item) {
      const auto last = static_cast<std::size_t>(std::min(kept, (item + 1) * chunk));
      for (auto k = static_cast<std::size_t>(item * chunk); k < last; ++k) sorted[k] = column[order[k]];
    });
    column.swap(sorted);
  });
}

std::vector<std::uint32_t> Table::by_id() const {
  std::vector<std::uint32_t> slots;
  slots.reserve(size());
  for (std::uint32_t slot = 0; slot < size(); ++slot)
    if (type[slot] != gone) slots.push_back(slot);
  std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) { return id[a] < id[b]; });
  return slots;
}

std::int64_t Table::bytes() const {
  std::int64_t sum = 0;
  each_column([&sum](const std::string&, const auto& column) {
    sum += static_cast<std::int64_t>(column.size() * sizeof(column[0]));
  });
  return sum;
}

}  // namespace qsp::agent

// The order in memory: agents are sorted by voxel, then id, at every step that is a multiple of the sorting interval,
// so that what one agent reads lies beside what the next one reads. The dead are dropped at the same time.
#include <algorithm>
#include <numeric>

#include "engine/engine.hpp"

namespace qsp::engine {

// Two stable counting sorts: by shelf (a range of voxels), then within each shelf by voxel.
void Engine::sort() {
  constexpr int shelf_bits = 12;
  constexpr std::uint32_t shelf_size = 1U << shelf_bits;
  constexpr std::int64_t parts = 16;  // fixed, so that the order cannot depend on the threads
  const auto agents = static_cast<std::int64_t>(agents_.size());
  const auto shelves = static_cast<std::size_t>((geometry_.size() + shelf_size - 1) >> shelf_bits);
  const std::int64_t part = (agents + parts - 1) / parts;
  if (agents == 0) return;

  std::vector<std::uint32_t> next(static_cast<std::size_t>(parts) * shelves, 0);  // by part, then shelf
  const auto each_part = [&](auto&& act) {
    threads_->each(parts, [&](std::int64_t p) {
      std::uint32_t* counts = next.data() + static_cast<std::size_t>(p) * shelves;
      const auto last = static_cast<std::uint32_t>(std::min(agents, (p + 1) * part));
      for (auto slot = static_cast<std::uint32_t>(std::min(agents, p * part)); slot < last; ++slot)
        if (agents_.type[slot] != agent::gone) act(slot, counts[agents_.voxel[slot] >> shelf_bits]);
    });
  };
  each_part([](std::uint32_t, std::uint32_t& count) { ++count; });
  std::vector<std::uint32_t> shelf_start(shelves + 1, 0);
  std::uint32_t sum = 0;
  for (std::size_t shelf = 0; shelf < shelves; ++shelf) {
    shelf_start[shelf] = sum;
    for (std::size_t p = 0; p < static_cast<std::size_t>(parts); ++p) {
      const auto count = next[p * shelves + shelf];
      next[p * shelves + shelf] = sum;
      sum += count;
    }
  }
  shelf_start[shelves] = sum;
  agent::Column<std::uint32_t> order(sum);
  each_part([&](std::uint32_t slot, std::uint32_t& place) { order[place++] = slot; });

  each_chunk(static_cast<std::int64_t>(shelves), 16, [&](std::int64_t first, std::int64_t last) {
    std::vector<std::uint32_t> start(shelf_size + 1), sorted;
    for (auto shelf = static_cast<std::size_t>(first); shelf < static_cast<std::size_t>(last); ++shelf) {
      const std::span<std::uint32_t> here(order.data() + shelf_start[shelf],
                                          shelf_start[shelf + 1] - shelf_start[shelf]);
      if (here.empty()) continue;
      std::fill(start.begin(), start.end(), 0U);
      const auto place = [&](std::uint32_t slot) { return agents_.voxel[slot] & (shelf_size - 1); };
      for (const auto slot : here) ++start[place(slot) + 1];
      std::partial_sum(start.begin(), start.end(), start.begin());
      sorted.resize(here.size());
      for (const auto slot : here) sorted[start[place(slot)]++] = slot;
      for (std::size_t k = 0, end = 0; k < sorted.size(); k = end) {  // the few that share a voxel: by id
        while (end < sorted.size() && agents_.voxel[sorted[end]] == agents_.voxel[sorted[k]]) ++end;
        if (end - k > 1)
          std::sort(sorted.begin() + static_cast<std::ptrdiff_t>(k), sorted.begin() + static_cast<std::ptrdiff_t>(end),
                    [this](std::uint32_t a, std::uint32_t b) { return agents_.id[a] < agents_.id[b]; });
      }
      std::copy(sorted.begin(), sorted.end(), here.begin());
    }
  });

  agents_.reorder(order, *threads_);
  each_chunk(static_cast<std::int64_t>(agents_.size()), chunk, [&](std::int64_t first, std::int64_t last) {
    for (auto slot = static_cast<std::uint32_t>(first); slot < static_cast<std::uint32_t>(last); ++slot)
      if (specification_.types[agents_.type[slot] - 1U].occupies == process::Occupies::solid)
        occupancy_.put_solid(agents_.voxel[slot], slot, agents_.type[slot]);
  });
}

// What the rest of the step wants to know of each chunk of agents beforehand.
void Engine::survey() {
  const auto agents = static_cast<std::int64_t>(agents_.size());
  surveys_.resize(static_cast<std::size_t>((agents + chunk - 1) / chunk));
  each_chunk(agents, chunk, [&](std::int64_t first, std::int64_t last) {
    Survey found{0xFFFFFFFFU, 0, 0};
    for (auto slot = static_cast<std::size_t>(first); slot < static_cast<std::size_t>(last); ++slot) {
      found.lowest = std::min(found.lowest, agents_.voxel[slot]);
      found.highest = std::max(found.highest, agents_.voxel[slot]);
      found.motile += active_[agents_.type[slot]] ? 1U : 0U;
    }
    surveys_[static_cast<std::size_t>(first / chunk)] = found;
  });
  std::uint32_t sum = 0;
  for (auto& one : surveys_) one.motile = sum += one.motile;
}

}  // namespace qsp::engine

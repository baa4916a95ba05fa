// recruit: enter from blood through vessels. A transit account makes the continuous flux and whole cells agree exactly.
#pragma once

#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::recruit {

inline const Declaration declaration{
    "recruit",
    "enters from blood through vessels at blood density times clearance, by way of a transit account",
    {{"blood", "cell/uL", false}, {"clearance", "uL/day", false}}};

inline constexpr int tries = 8;  // vessels looked at for room before a cell waits in transit for the next step

// A voxel with room at a random vessel: the vessel's own or a random neighbour; -1 if the vessels looked at have none.
[[nodiscard]] inline std::int64_t entry(const Context& context, const TypeSpec& type,
                                        const std::vector<std::int64_t>& vessels, std::uint64_t key) {
  const auto fits = [&](std::int64_t voxel) {
    if (type.occupies == Occupies::none) return true;
    return type.occupies == Occupies::solid ? context.occupancy.room_for_solid(voxel)
                                            : context.occupancy.room_for_small(voxel, type.cost);
  };
  for (std::uint32_t trial = 0; trial < tries && !vessels.empty(); ++trial) {
    const auto words = base::draw(context.seed, key, context.step, base::Purpose::recruit, trial);
    const auto vessel = vessels[base::below(words[0], static_cast<std::uint32_t>(vessels.size()))];
    if (fits(vessel)) return vessel;
    std::array<std::int64_t, 26> free{};
    std::uint32_t count = 0;
    context.neighbourhood.each(vessel, [&](std::int64_t near, int) {
      if (fits(near)) free[count++] = near;
    });
    if (count > 0) return free[base::below(words[1], count)];
  }
  return -1;
}

}  // namespace qsp::process::recruit

// Identities: an agent's key is a hash of where it came from, so that the arms of a trial keep common random numbers
// after their histories diverge. Events without an agent use the voxel index in a reserved space.
#pragma once

#include <cstdint>

namespace qsp::base {

[[nodiscard]] constexpr std::uint64_t finalise(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return finalise(finalise(a + 0x9E3779B97F4A7C15ULL) + b * 0xD1342543DE82EF95ULL + 0x632BE59BD9B4E019ULL);
}

// The reserved key space of events that belong to a place rather than to an agent.
[[nodiscard]] constexpr std::uint64_t place_key(std::uint64_t place) { return mix(0x706C616365ULL, place); }

}  // namespace qsp::base

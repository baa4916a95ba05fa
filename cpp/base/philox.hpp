// Philox4x32-10 (Salmon et al., SC 2011, doi:10.1145/2063384.2063405): randomness as a pure function of
// (seed, agent key, step, purpose, draw). There is no generator state, so results cannot depend on threads or storage
// order.
#pragma once

#include <array>
#include <cstdint>

namespace qsp::base {

using Words = std::array<std::uint32_t, 4>;

// What a draw is for. Append only: the numbers are part of every golden result (a test pins them).
enum class Purpose : std::uint32_t {
  start = 0,      // identities of the start
  fraction = 1,   // which type of a declared mixture a start cell becomes
  trait = 2,      // start laws of traits
  move = 3,       // turning and hopping
  engage = 4,     // engaging, hitting, detaching
  recover = 5,    // the recovery clock of a target
  fate = 6,       // competing fates: time and choice
  place = 7,      // where a daughter goes
  recruit = 8,    // entry of a recruited cell
  order = 9,      // visiting order of pencils and colours
  vessel = 10,    // sampled vessel positions
  given = 11,     // cells infused or added by a script
  daughter = 12,  // whether a daughter is unlike her mother
};

[[nodiscard]] constexpr Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53U} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

// Four independent 32-bit words for one agent, step and purpose; `draw` (below 2^24) numbers repeated draws.
[[nodiscard]] constexpr Words draw(std::uint64_t seed, std::uint64_t agent, std::uint32_t step, Purpose purpose,
                                   std::uint32_t number) {
  return philox({static_cast<std::uint32_t>(agent), static_cast<std::uint32_t>(agent >> 32), step,
                 static_cast<std::uint32_t>(purpose) << 24 | number},
                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

// Uniform in the open interval (0, 1): never 0, so that its logarithm exists, and never 1.
[[nodiscard]] constexpr double uniform(std::uint32_t word) { return (word + 0.5) * 0x1p-32; }

// Uniform integer in [0, count) without modulo bias worth speaking of (1e-9).
[[nodiscard]] constexpr std::uint32_t below(std::uint32_t word, std::uint32_t count) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * count) >> 32);
}

}  // namespace qsp::base

// Loops and sums over flat arrays in chunks of fixed length: the same bits for any number of threads and any vectors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/threads.hpp"

namespace qsp::field {

inline constexpr std::size_t chunk_length = 8192;
inline constexpr std::size_t length_worth_threads = std::size_t{1} << 17;

// body(first, last) for the chunks of [0, size)
template <class Body>
void each_chunk(std::size_t size, base::Threads& threads, const Body& body) {
  const std::size_t chunks = (size + chunk_length - 1) / chunk_length;
  const auto one = [&](std::size_t i) { body(i * chunk_length, std::min(size, (i + 1) * chunk_length)); };
  if (threads.count() == 1 || size < length_worth_threads)
    for (std::size_t i = 0; i < chunks; ++i) one(i);
  else
    threads.each(static_cast<std::int64_t>(chunks), [&](std::int64_t i) { one(static_cast<std::size_t>(i)); });
}

// Sums of `Count` terms per element; term(i, out) writes them. Sixteen lanes of Number per chunk, then double in order.
template <std::size_t Count, class Number, class Term>
std::array<double, Count> sum_chunks(std::size_t size, base::Threads& threads, const Term& term) {
  std::vector<std::array<double, Count>> parts((size + chunk_length - 1) / chunk_length);
  each_chunk(size, threads, [&](std::size_t first, std::size_t last) {
    constexpr std::size_t width = 16;
    Number lanes[Count][width] = {};
    std::size_t i = first;
    for (; i + width <= last; i += width) {
      for (std::size_t lane = 0; lane < width; ++lane) {
        const std::array<Number, Count> value = term(i + lane);
        for (std::size_t c = 0; c < Count; ++c) lanes[c][lane] += value[c];
      }
    }
    for (std::size_t lane = 0; i < last; ++i, ++lane) {
      const std::array<Number, Count> value = term(i);
      for (std::size_t c = 0; c < Count; ++c) lanes[c][lane] += value[c];
    }
    std::array<double, Count> part{};
    for (std::size_t c = 0; c < Count; ++c)
      for (std::size_t lane = 0; lane < width; ++lane) part[c] += static_cast<double>(lanes[c][lane]);
    parts[first / chunk_length] = part;
  });
  std::array<double, Count> total{};
  for (const auto& part : parts)
    for (std::size_t c = 0; c < Count; ++c) total[c] += part[c];
  return total;
}

}  // namespace qsp::field

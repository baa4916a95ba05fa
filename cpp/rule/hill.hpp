// The flat Hill table: every behaviour (one parameter of one process of one type) with the signals that move it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/math.hpp"

namespace qsp::rule {

struct Term {
  std::int32_t signal = 0;  // index into the signal table
  float half = 1.0F;
  float power = 1.0F;
  bool up = true;
};

struct Behaviour {
  float base = 0.0F, limit_up = 0.0F, limit_down = 0.0F;
  std::int32_t first = 0, terms = 0;  // its terms, contiguous in the table
  bool deferred = false;              // reads the engaged target: evaluated at the engagement

  [[nodiscard]] float largest() const {
    float value = base;
    if (limit_up > value) value = limit_up;
    if (limit_down > value) value = limit_down;
    return value;
  }
};

// u = base + (limit_up - base) up, then u + (limit_down - u) down, with up = sum x / (1 + sum x) over the increasing
// terms, x = (signal / half)^power, likewise down over the decreasing ones. `read(signal)` gives a signal's value.
template <class Read>
[[nodiscard]] float evaluate(const Behaviour& behaviour, const std::vector<Term>& table, Read&& read) {
  if (behaviour.terms == 0) return behaviour.base;
  double up = 0.0, down = 0.0;
  for (std::int32_t k = behaviour.first; k < behaviour.first + behaviour.terms; ++k) {
    const auto& term = table[static_cast<std::size_t>(k)];
    const double value = read(term.signal);
    if (value <= 0.0) continue;
    (term.up ? up : down) += base::power(value / static_cast<double>(term.half), static_cast<double>(term.power));
  }
  double result = static_cast<double>(behaviour.base);
  result += (static_cast<double>(behaviour.limit_up) - result) * (up / (1.0 + up));
  result += (static_cast<double>(behaviour.limit_down) - result) * (down / (1.0 + down));
  return static_cast<float>(result);
}

}  // namespace qsp::rule

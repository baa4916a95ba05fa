// The flat Hill table: every behaviour (one parameter of one process of one type) with the signals that move it.
#pragma once

#include <cstdint>

#include "base/instructions.hpp"

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

struct HillKernels {
  // sum += (value / half)^power of positive values, for a whole power from 1 to 8
  void (*add)(float* sum, const float* value, float half, int power, int n);
  // result = base + (limit_up - base) up / (1 + up), then result + (limit_down - result) down / (1 + down)
  void (*respond)(float* result, const float* up, const float* down, float base, float limit_up, float limit_down,
                  int n);
};

QSP_KERNEL_TABLE(HillKernels, hill_kernels)

// sum += (value / half)^power for one term and n cells
void add_term(const HillKernels& kernels, const Term& term, const float* value, float* sum, int n);

}  // namespace qsp::rule

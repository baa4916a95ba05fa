#include "field/rows.hpp"

namespace qsp::field::QSP_INSTRUCTIONS {
namespace {

void relax_uniform(float* __restrict u, const Around& around, float coupling, const float* __restrict right_side,
                   const float* __restrict inverse, int n) {
  const float *left = around.left, *right = around.right, *south = around.south, *north = around.north;
  if (around.below == nullptr) {
    for (int i = 0; i < n; ++i)
      u[i] = (coupling * ((left[i] + right[i]) + (south[i] + north[i])) + right_side[i]) * inverse[i];
    return;
  }
  const float *below = around.below, *above = around.above;
  for (int i = 0; i < n; ++i)
    u[i] = (coupling * (((left[i] + right[i]) + (south[i] + north[i])) + (below[i] + above[i])) + right_side[i]) *
           inverse[i];
}

void relax(float* __restrict u, const Around& around, const Coupling& coupling, const float* __restrict right_side,
           const float* __restrict inverse, int n) {
  const float *left = around.left, *right = around.right, *south = around.south, *north = around.north;
  const float *to_left = coupling.left, *to_right = coupling.right;
  const float to_south = coupling.south, to_north = coupling.north;
  if (around.below == nullptr) {
    for (int i = 0; i < n; ++i)
      u[i] = (((to_left[i] * left[i] + to_right[i] * right[i]) + (to_south * south[i] + to_north * north[i])) +
              right_side[i]) *
             inverse[i];
    return;
  }
  const float *below = around.below, *above = around.above;
  const float to_below = coupling.below, to_above = coupling.above;
  for (int i = 0; i < n; ++i)
    u[i] = ((((to_left[i] * left[i] + to_right[i] * right[i]) + (to_south * south[i] + to_north * north[i])) +
             (to_below * below[i] + to_above * above[i])) +
            right_side[i]) *
           inverse[i];
}

void restrict_residual(float* __restrict coarse, const float* __restrict u, const Around& around,
                       const Coupling& coupling, const float* __restrict right_side, const float* __restrict reaction,
                       const float* __restrict share, float weight, int n) {
  const float *left = around.left, *right = around.right, *south = around.south, *north = around.north;
  const float *to_left = coupling.left, *to_right = coupling.right;
  const float to_south = coupling.south, to_north = coupling.north;
  if (around.below == nullptr) {
    for (int i = 0; i < n; ++i) {
      const float here = u[i];
      const float flow = (to_left[i] * (left[i] - here) + to_right[i] * (right[i] - here)) +
                         (to_south * (south[i] - here) + to_north * (north[i] - here));
      coarse[i] += (weight * share[i]) * ((right_side[i] - reaction[i] * here) + flow);
    }
    return;
  }
  const float *below = around.below, *above = around.above;
  const float to_below = coupling.below, to_above = coupling.above;
  for (int i = 0; i < n; ++i) {
    const float here = u[i];
    const float flow = ((to_left[i] * (left[i] - here) + to_right[i] * (right[i] - here)) +
                        (to_south * (south[i] - here) + to_north * (north[i] - here))) +
                       (to_below * (below[i] - here) + to_above * (above[i] - here));
    coarse[i] += (weight * share[i]) * ((right_side[i] - reaction[i] * here) + flow);
  }
}

void multiply(float* __restrict u, const float* __restrict a, const float* __restrict b, int n) {
  for (int i = 0; i < n; ++i) u[i] = a[i] * b[i];
}

void correct(float* __restrict fine, const float* own, const float* coarse, const float* other, const float* neighbour,
             int n) {
  for (int i = 0; i < n; ++i) fine[i] += own[i] * coarse[i] + other[i] * neighbour[i];
}

void blend(float* __restrict out, const float* a, const float* b, float own, float other, int n, std::size_t apart) {
  for (int half = 0; half < 2; ++half, out += n, a += apart, b += apart)
    for (int i = 0; i < n; ++i) out[i] = own * a[i] + other * b[i];
}

void blend_more(float* __restrict out, const float* a, const float* b, float own, float other, int n,
                std::size_t apart) {
  for (int half = 0; half < 2; ++half, out += n, a += apart, b += apart)
    for (int i = 0; i < n; ++i) out[i] += own * a[i] + other * b[i];
}

void invert(float* __restrict inverse, const float* __restrict reaction, const float* __restrict diagonal, float rest,
            int n) {
  for (int i = 0; i < n; ++i) {
    const float whole = reaction[i] + (diagonal[i] + rest);
    const float reciprocal = 1.0f / whole;
    inverse[i] = whole > 0.0f ? reciprocal : 0.0f;
  }
}

void average(float* __restrict numerator, float* __restrict denominator, const float* __restrict reaction,
             const float* __restrict inverse, const float* __restrict share, float weight, int n) {
  for (int i = 0; i < n; ++i) {
    const float part = (weight * share[i]) * inverse[i];
    numerator[i] += part * reaction[i];
    denominator[i] += part;
  }
}

void interleave(float* __restrict whole, const float* __restrict even, const float* __restrict odd, int n) {
  for (int i = 0; i < n; ++i) {
    whole[2 * i] = even[i];
    whole[2 * i + 1] = odd[i];
  }
}

void divide_up(const float* __restrict whole, float* __restrict even, float* __restrict odd, int n) {
  for (int i = 0; i < n; ++i) {
    even[i] = whole[2 * i];
    odd[i] = whole[2 * i + 1];
  }
}

}  // namespace

extern const Rows rows{relax_uniform, relax,  restrict_residual, multiply,   correct,  blend,
                       blend_more,    invert, average,           interleave, divide_up};

}  // namespace qsp::field::QSP_INSTRUCTIONS

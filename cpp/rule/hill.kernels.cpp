#include "rule/hill.hpp"

namespace qsp::rule::QSP_INSTRUCTIONS {
namespace {

constexpr float most = 1e30F;  // as good as infinite, and sums of it still finite

template <int power>
void add_power(float* __restrict sum, const float* __restrict value, float half, int n) {
  for (int i = 0; i < n; ++i) {
    const float x = value[i] > 0.0F ? value[i] / half : 0.0F;
    float product = x;
    for (int k = 1; k < power; ++k) product *= x;
    sum[i] += product < most ? product : most;
  }
}

void add(float* sum, const float* value, float half, int power, int n) {
  switch (power) {
    case 1:
      return add_power<1>(sum, value, half, n);
    case 2:
      return add_power<2>(sum, value, half, n);
    case 3:
      return add_power<3>(sum, value, half, n);
    case 4:
      return add_power<4>(sum, value, half, n);
    case 5:
      return add_power<5>(sum, value, half, n);
    case 6:
      return add_power<6>(sum, value, half, n);
    case 7:
      return add_power<7>(sum, value, half, n);
    default:
      return add_power<8>(sum, value, half, n);
  }
}

void respond(float* __restrict result, const float* __restrict up, const float* __restrict down, float base,
             float limit_up, float limit_down, int n) {
  for (int i = 0; i < n; ++i) {
    const float raised = base + (limit_up - base) * (up[i] / (1.0F + up[i]));
    result[i] = raised + (limit_down - raised) * (down[i] / (1.0F + down[i]));
  }
}

}  // namespace

extern const HillKernels hill_kernels{add, respond};

}  // namespace qsp::rule::QSP_INSTRUCTIONS

#include "rule/hill.hpp"

#include "base/math.hpp"

namespace qsp::rule {

void add_term(const HillKernels& kernels, const Term& term, const float* value, float* sum, int n) {
  const auto whole = static_cast<int>(term.power);
  if (static_cast<float>(whole) == term.power && whole >= 1 && whole <= 8)
    return kernels.add(sum, value, term.half, whole, n);
  for (int i = 0; i < n; ++i) {
    if (value[i] <= 0.0F) continue;
    const double x = base::power(static_cast<double>(value[i] / term.half), static_cast<double>(term.power));
    sum[i] += static_cast<float>(x < 1e30 ? x : 1e30);
  }
}

}  // namespace qsp::rule

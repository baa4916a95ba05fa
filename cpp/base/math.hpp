// Elementary functions that give the same bits on every machine: only + - * / and bit operations, no libm.
// exp and log are within 2 ulp; pow(x, p) = exp(p log x) is within 2 ulp of a float (exact products for whole p up to
// 8).
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace qsp::base {

[[nodiscard]] inline double exp(double x) {
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  if (x < -708.0) return 0.0;
  constexpr double ln2_high = 6.93147180369123816490e-01;  // ln 2 in two parts: the first has 20 trailing zero bits
  constexpr double ln2_low = 1.90821492927058770002e-10;
  const double scaled = x * 1.44269504088896338700;
  const auto power = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double n = static_cast<double>(power);
  const double r = (x - n * ln2_high) - n * ln2_low;
  // Taylor series, |r| <= ln2 / 2: truncation below 1e-17.
  constexpr double inverse_factorial[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                          1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                          1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  double sum = inverse_factorial[11];
  for (int k = 10; k >= 0; --k) sum = sum * r + inverse_factorial[k];
  sum = 1.0 + (r + r * r * sum);
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(power + 1023) << 52);
}

[[nodiscard]] inline double log(double x) {
  if (!(x > 0.0)) return -std::numeric_limits<double>::infinity();
  int shift = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    shift = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int power = static_cast<int>(bits >> 52) - 1023 + shift;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++power;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  constexpr double odd[] = {1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11, 1.0 / 13,
                            1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};
  double sum = 0.0;
  for (int k = 10; k >= 0; --k) sum = (sum + odd[k]) * s2;
  constexpr double ln2_high = 6.93147180369123816490e-01;
  constexpr double ln2_low = 1.90821492927058770002e-10;
  return power * ln2_high + (2.0 * s + (2.0 * s * sum + power * ln2_low));
}

[[nodiscard]] inline double power(double x, double p) {
  if (p == 1.0) return x;
  if (p == 2.0) return x * x;
  if (p == 4.0) return (x * x) * (x * x);
  if (x <= 0.0) return 0.0;
  if (p == static_cast<int>(p) && p > 0 && p <= 8) {
    double product = x;
    for (int k = 1; k < static_cast<int>(p); ++k) product *= x;
    return product;
  }
  return exp(p * log(x));
}

// Probability of at least one event of a constant rate within a length of time.
[[nodiscard]] inline double hazard(double rate, double length) { return rate <= 0.0 ? 0.0 : 1.0 - exp(-rate * length); }

// The standard normal quantile (rational approximation of P. J. Acklam, relative error below 1.2e-9).
[[nodiscard]] double normal_quantile(double probability);

}  // namespace qsp::base

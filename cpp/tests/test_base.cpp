#include <doctest/doctest.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "base/instructions.hpp"
#include "base/key.hpp"
#include "base/math.hpp"
#include "base/philox.hpp"
#include "base/random.hpp"
#include "base/threads.hpp"

namespace {

using namespace qsp;
using base::Purpose;

double random_between(std::uint64_t number, double low, double high) {
  const auto words = base::draw(99, number, 0, Purpose::start, 0);
  return low + (high - low) * (base::uniform(words[0]) + base::uniform(words[1]) * 0x1p-32);
}

// Distance of a value from the truth in units of the last place of the truth.
double ulps(double value, long double truth) {
  const double nearest = static_cast<double>(truth);
  const double unit = std::nextafter(std::abs(nearest), std::numeric_limits<double>::infinity()) - std::abs(nearest);
  return static_cast<double>(std::abs(static_cast<long double>(value) - truth) / static_cast<long double>(unit));
}

}  // namespace

TEST_CASE("base: exp is within 2 ulp over its whole range") {
  double worst = 0.0;
  for (std::uint64_t k = 0; k < 200000; ++k) {
    const double x = k % 2 == 0 ? random_between(k, -700.0, 709.0) : random_between(k, -2.0, 2.0);
    worst = std::max(worst, ulps(base::exp(x), std::exp(static_cast<long double>(x))));
  }
  CHECK(worst <= 2.0);
  MESSAGE("exp: at most " << worst << " ulp");
  CHECK(base::exp(0.0) == 1.0);
  CHECK(base::exp(-800.0) == 0.0);
  CHECK(std::isinf(base::exp(710.0)));
}

TEST_CASE("base: log is within 2 ulp, near 1, in the tails and for denormal numbers") {
  double worst = 0.0;
  for (std::uint64_t k = 0; k < 200000; ++k) {
    double x = 0.0;
    if (k % 4 == 0) x = random_between(k, 0.0, 1.0);
    if (k % 4 == 1) x = random_between(k, 0.9, 1.1);
    if (k % 4 == 2) x = base::exp(random_between(k, -700.0, 700.0));
    if (k % 4 == 3) x = base::uniform(static_cast<std::uint32_t>(k * 2654435761U));
    if (x <= 0.0) continue;
    worst = std::max(worst, ulps(base::log(x), std::log(static_cast<long double>(x))));
  }
  CHECK(worst <= 2.0);
  MESSAGE("log: at most " << worst << " ulp");
  CHECK(ulps(base::log(0x1p-1070), std::log(0x1p-1070L)) <= 2.0);
  CHECK(base::log(1.0) == 0.0);
  CHECK(std::isinf(base::log(0.0)));
}

TEST_CASE("base: power is exact for whole powers and close to libm for others") {
  CHECK(base::power(3.0, 1.0) == 3.0);
  CHECK(base::power(3.0, 2.0) == 9.0);
  CHECK(base::power(3.0, 3.0) == 27.0);
  CHECK(base::power(3.0, 4.0) == 81.0);
  CHECK(base::power(2.0, 8.0) == 256.0);
  CHECK(base::power(0.0, 1.5) == 0.0);
  for (std::uint64_t k = 0; k < 10000; ++k) {
    const double x = random_between(k, 1e-3, 1e3), p = random_between(k + 20000, 0.1, 6.0);
    CHECK(static_cast<float>(base::power(x, p)) == doctest::Approx(std::pow(x, p)).epsilon(2.5e-7));
  }
}

TEST_CASE("base: a hazard is the probability of at least one event, whatever the number of pieces") {
  CHECK(base::hazard(0.0, 1.0) == 0.0);
  CHECK(base::hazard(-1.0, 1.0) == 0.0);
  CHECK(base::hazard(2.0, 0.5) == doctest::Approx(1.0 - std::exp(-1.0)));
  const double third = base::hazard(2.0, 0.5 / 3);
  CHECK(1.0 - (1.0 - third) * (1.0 - third) * (1.0 - third) == doctest::Approx(base::hazard(2.0, 0.5)));
}

TEST_CASE("base: the normal quantile inverts the distribution function") {
  for (const double p : {1e-9, 1e-6, 1e-3, 0.02, 0.02425, 0.3, 0.5, 0.7, 0.97575, 0.999, 1.0 - 1e-6}) {
    const double x = base::normal_quantile(p);
    CHECK(0.5 * std::erfc(-x / std::sqrt(2.0)) == doctest::Approx(p).epsilon(1e-7));
  }
}

TEST_CASE("base: Philox4x32-10 gives the known answers") {
  CHECK(base::philox({0, 0, 0, 0}, {0, 0}) == base::Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t all = 0xffffffffU;
  CHECK(base::philox({all, all, all, all}, {all, all}) == base::Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(base::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        base::Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("base: golden: the numbers of purposes never change, only new ones are appended") {
  const std::pair<Purpose, std::uint32_t> pinned[] = {
      {Purpose::start, 0},   {Purpose::fraction, 1}, {Purpose::trait, 2},   {Purpose::move, 3},
      {Purpose::engage, 4},  {Purpose::recover, 5},  {Purpose::fate, 6},    {Purpose::place, 7},
      {Purpose::recruit, 8}, {Purpose::order, 9},    {Purpose::vessel, 10}, {Purpose::given, 11}};
  for (const auto& [purpose, number] : pinned) CHECK(static_cast<std::uint32_t>(purpose) == number);
}

TEST_CASE("base: golden: one draw, one key") {
  // Counter = (key low, key high, step, purpose << 24 | number), Philox key = (seed low, seed high).
  CHECK(base::draw(0x299f31d0a4093822ULL, 0x85a308d3243f6a88ULL, 0x13198a2e, static_cast<Purpose>(0x03), 0x707344) ==
        base::Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  CHECK(base::mix(0, 0) == base::finalise(base::finalise(0x9E3779B97F4A7C15ULL) + 0x632BE59BD9B4E019ULL));
  CHECK(base::mix(1, 2) != base::mix(2, 1));
}

TEST_CASE("base: keys of parent and birth number, and of places, do not collide") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t parent = 0; parent < 300; ++parent)
    for (std::uint64_t birth = 1; birth <= 300; ++birth) seen.insert(base::mix(parent, birth));
  for (std::uint64_t place = 0; place < 10000; ++place) seen.insert(base::place_key(place));
  CHECK(seen.size() == 300 * 300 + 10000);
}

TEST_CASE("base: uniform numbers are never 0 or 1, have the right moments, and draws of neighbours are uncorrelated") {
  CHECK(base::uniform(0) > 0.0);
  CHECK(base::uniform(0xffffffffU) < 1.0);
  constexpr std::uint64_t n = 200000;
  double sum = 0.0, squares = 0.0, next_agent = 0.0, next_step = 0.0, other_purpose = 0.0;
  for (std::uint64_t agent = 0; agent < n; ++agent) {
    const double u = base::uniform(base::draw(1, agent, 5, Purpose::move, 0)[0]) - 0.5;
    sum += u;
    squares += u * u;
    next_agent += u * (base::uniform(base::draw(1, agent + 1, 5, Purpose::move, 0)[0]) - 0.5);
    next_step += u * (base::uniform(base::draw(1, agent, 6, Purpose::move, 0)[0]) - 0.5);
    other_purpose += u * (base::uniform(base::draw(1, agent, 5, Purpose::fate, 0)[0]) - 0.5);
  }
  CHECK(std::abs(sum / n) < 5.0 * std::sqrt(1.0 / 12.0 / n));
  CHECK(std::abs(squares / n - 1.0 / 12.0) < 5.0 * std::sqrt(1.0 / 180.0 / n));
  for (const double covariance : {next_agent, next_step, other_purpose})
    CHECK(std::abs(covariance / n) < 5.0 / 12.0 / std::sqrt(static_cast<double>(n)));
  for (const std::uint32_t word : {0U, 1U, 0x80000000U, 0xffffffffU}) CHECK(base::below(word, 7) < 7);
}

TEST_CASE("base: threads run each item once, again and again, and say how many worked") {
  for (const int count : {1, 2, 3}) {
    base::Threads threads(count);
    CHECK(threads.count() == count);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> runs(97);
      threads.each(97, [&](std::int64_t item) { ++runs[static_cast<std::size_t>(item)]; });
      for (const auto& one : runs) CHECK(one.load() == 1);
    }
    threads.each(0, [](std::int64_t) { FAIL("nothing to do"); });
    CHECK(threads.used() >= 1);
    CHECK(threads.used() <= count);
  }
}

TEST_CASE("base: an exception of an item reaches the caller, and the pool works on") {
  base::Threads threads(2);
  CHECK_THROWS_AS(threads.each(50,
                               [](std::int64_t item) {
                                 if (item == 17) throw std::runtime_error("item 17");
                               }),
                  std::runtime_error);
  std::atomic<int> ran{0};
  threads.each(50, [&](std::int64_t) { ++ran; });
  CHECK(ran == 50);
}

TEST_CASE("base: draws for many agents are those for each of them, with any instructions") {
  for (const auto set : base::available_instructions())
    for (const int n : {1, 3, 7, 8, 16, 17, 64, 101}) {
      std::vector<std::uint64_t> keys, words(static_cast<std::size_t>(4 * n));
      for (int i = 0; i < n; ++i) keys.push_back(base::mix(static_cast<std::uint64_t>(i), 5));
      const std::uint64_t seed = 0x123456789ABCDEFULL;
      const auto last = static_cast<std::uint32_t>(Purpose::engage) << 24 | 11U;
      base::random_kernels(set).draw(words.data(), 4, keys.data(), n, seed, 77, last);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto one = base::draw(seed, keys[i], 77, Purpose::engage, 11);
        for (std::size_t w = 0; w < 4; ++w) CHECK(static_cast<std::uint32_t>(words[w * keys.size() + i]) == one[w]);
      }
    }
}

TEST_CASE("base: instructions are found by name, and refused where they are not there") {
  CHECK(base::instructions("plain") == base::Instructions::plain);
  CHECK(base::instructions("auto") == base::best_instructions());
  CHECK_THROWS_WITH_AS(static_cast<void>(base::instructions("sse9")), doctest::Contains("allowed: auto, plain"),
                       base::ModelError);
}

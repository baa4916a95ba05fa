#include "base/random.hpp"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

namespace qsp::base::QSP_INSTRUCTIONS {
namespace {

// A few 64-bit lanes that each hold a 32-bit word, and the product of their low halves.
#if defined(__AVX512F__)
struct Lanes {
  static constexpr int count = 8;
  __m512i v;
  static Lanes all(std::uint64_t word) { return {_mm512_set1_epi64(static_cast<long long>(word))}; }
  static Lanes load(const std::uint64_t* from) { return {_mm512_loadu_si512(from)}; }
  void store(std::uint64_t* to) const { _mm512_storeu_si512(to, v); }
  Lanes operator*(const Lanes& o) const { return {_mm512_maskz_mul_epu32(0xFF, v, o.v)}; }
  Lanes operator^(const Lanes& o) const { return {_mm512_xor_si512(v, o.v)}; }
  [[nodiscard]] Lanes high() const { return {_mm512_maskz_srli_epi64(0xFF, v, 32)}; }
};
#elif defined(__AVX2__)
struct Lanes {
  static constexpr int count = 4;
  __m256i v;
  static Lanes all(std::uint64_t word) { return {_mm256_set1_epi64x(static_cast<long long>(word))}; }
  static Lanes load(const std::uint64_t* from) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))}; }
  void store(std::uint64_t* to) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }
  Lanes operator*(const Lanes& o) const { return {_mm256_mul_epu32(v, o.v)}; }
  Lanes operator^(const Lanes& o) const { return {_mm256_xor_si256(v, o.v)}; }
  [[nodiscard]] Lanes high() const { return {_mm256_srli_epi64(v, 32)}; }
};
#else
struct Lanes {
  static constexpr int count = 1;
  std::uint64_t v;
  static Lanes all(std::uint64_t word) { return {word}; }
  static Lanes load(const std::uint64_t* from) { return {*from}; }
  void store(std::uint64_t* to) const { *to = v; }
  Lanes operator*(const Lanes& o) const { return {(v & 0xFFFFFFFFU) * (o.v & 0xFFFFFFFFU)}; }
  Lanes operator^(const Lanes& o) const { return {v ^ o.v}; }
  [[nodiscard]] Lanes high() const { return {v >> 32}; }
};
#endif

constexpr int groups = 2;  // side by side, to hide the latency of the products
constexpr int width = groups * Lanes::count;

// `width` draws, the words of each kind `apart` from those of the next. The upper halves of the lanes hold rubbish
// along the way: products read the lower ones alone.
void draw_some(std::uint64_t* words, std::int64_t apart, int wanted, const std::uint64_t* keys, std::uint64_t seed,
               std::uint32_t step, std::uint32_t last) {
  const Lanes m0 = Lanes::all(0xD2511F53U), m1 = Lanes::all(0xCD9E8D57U);
  Lanes c[4][groups];
  for (int g = 0; g < groups; ++g) {
    c[0][g] = Lanes::load(keys + g * Lanes::count);
    c[1][g] = c[0][g].high();
    c[2][g] = Lanes::all(step);
    c[3][g] = Lanes::all(last);
  }
  auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Lanes key0 = Lanes::all(k0), key1 = Lanes::all(k1);
    for (int g = 0; g < groups; ++g) {
      const Lanes a = m0 * c[0][g], b = m1 * c[2][g];
      c[0][g] = b.high() ^ c[1][g] ^ key0;
      c[2][g] = a.high() ^ c[3][g] ^ key1;
      c[1][g] = b;
      c[3][g] = a;
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  for (int w = 0; w < wanted; ++w)
    for (int g = 0; g < groups; ++g) c[w][g].store(words + w * apart + g * Lanes::count);
}

void draw(std::uint64_t* words, int wanted, const std::uint64_t* keys, int n, std::uint64_t seed, std::uint32_t step,
          std::uint32_t last) {
  int first = 0;
  for (; first + width <= n; first += width) draw_some(words + first, n, wanted, keys + first, seed, step, last);
  if (first == n) return;
  std::uint64_t some_keys[width] = {}, some_words[4 * width];
  for (int i = first; i < n; ++i) some_keys[i - first] = keys[i];
  draw_some(some_words, width, wanted, some_keys, seed, step, last);
  for (int w = 0; w < wanted; ++w)
    for (int i = first; i < n; ++i) words[static_cast<std::int64_t>(w) * n + i] = some_words[w * width + i - first];
}

}  // namespace

extern const RandomKernels random_kernels{draw};

}  // namespace qsp::base::QSP_INSTRUCTIONS

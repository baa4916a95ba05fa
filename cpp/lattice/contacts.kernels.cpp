#include "lattice/contacts.hpp"

namespace qsp::lattice::QSP_INSTRUCTIONS {
namespace {

void match(std::uint8_t* __restrict out, const std::uint8_t* __restrict code, const std::uint8_t* codes, int count,
           std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = code[i] == codes[0] ? 1 : 0;
  for (int k = 1; k < count; ++k) {
    const std::uint8_t wanted = codes[k];
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(out[i] | (code[i] == wanted ? 1 : 0));
  }
}

void add(std::uint8_t* __restrict out, const std::uint8_t* __restrict a, const std::uint8_t* __restrict b,
         const std::uint8_t* __restrict c, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    auto sum = static_cast<std::uint8_t>(a[i] + b[i]);
    sum = sum < a[i] ? std::uint8_t{255} : sum;
    auto all = static_cast<std::uint8_t>(sum + c[i]);
    out[i] = all < sum ? std::uint8_t{255} : all;
  }
}

}  // namespace

extern const ContactKernels contact_kernels{match, add};

}  // namespace qsp::lattice::QSP_INSTRUCTIONS

// Which of the machine's vector instructions the innermost loops use. Every set gives the same bits: the loops never
// add across lanes and nothing is contracted into fused multiply-adds, so a set is a matter of speed alone.
//
// Files named *.kernels.cpp are compiled once per set, each into a namespace of its own (QSP_INSTRUCTIONS), and put
// their functions into one constant table. They include nothing with inline functions that other files also use, since
// the linker could keep the copy with instructions that the machine lacks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace qsp::base {

enum class Instructions : std::uint8_t { plain, avx2, avx512 };

// The sets that this build holds and this machine can run, from the slowest to the fastest.
[[nodiscard]] std::span<const Instructions> available_instructions();
[[nodiscard]] inline Instructions best_instructions() { return available_instructions().back(); }
[[nodiscard]] std::string_view name(Instructions set);
// The set of a name, or the best one for "auto"; throws ModelError for one that is not available.
[[nodiscard]] Instructions instructions(std::string_view name);

}  // namespace qsp::base

// Declares the tables of a *.kernels.cpp file and the function that chooses one of them.
#ifdef QSP_X86_KERNELS
#define QSP_KERNEL_TABLE(Table, table)                                   \
  namespace plain {                                                      \
  extern const Table table;                                              \
  }                                                                      \
  namespace avx2 {                                                       \
  extern const Table table;                                              \
  }                                                                      \
  namespace avx512 {                                                     \
  extern const Table table;                                              \
  }                                                                      \
  [[nodiscard]] inline const Table& table(base::Instructions set) {      \
    if (set == base::Instructions::avx512) return avx512::table;         \
    return set == base::Instructions::avx2 ? avx2::table : plain::table; \
  }
#else
#define QSP_KERNEL_TABLE(Table, table) \
  namespace plain {                    \
  extern const Table table;            \
  }                                    \
  [[nodiscard]] inline const Table& table(base::Instructions) { return plain::table; }
#endif

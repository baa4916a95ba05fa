#include "base/instructions.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/errors.hpp"

namespace qsp::base {
namespace {

std::vector<Instructions> find() {
  std::vector<Instructions> found{Instructions::plain};
#ifdef QSP_X86_KERNELS
  if (__builtin_cpu_supports("avx2")) found.push_back(Instructions::avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw"))
    found.push_back(Instructions::avx512);
#endif
  return found;
}

}  // namespace

std::span<const Instructions> available_instructions() {
  static const std::vector<Instructions> found = find();
  return found;
}

std::string_view name(Instructions set) {
  constexpr std::string_view names[] = {"plain", "avx2", "avx512"};
  return names[static_cast<std::size_t>(set)];
}

Instructions instructions(std::string_view wanted) {
  if (wanted == "auto") return best_instructions();
  std::string allowed = "auto";
  for (const auto set : available_instructions()) {
    if (name(set) == wanted) return set;
    allowed += ", " + std::string(name(set));
  }
  throw ModelError("instructions: '" + std::string(wanted) + "' is not available here; allowed: " + allowed);
}

}  // namespace qsp::base

#include "engine/tally.hpp"

namespace qsp::engine {

Tally::Tally(std::size_t types, std::vector<std::string> causes)
    : types_(types), names_{"started", "given",      "born", "recruited", "became_in",
                            "remains", "became_out", "left", "moved_out", "removed"} {
  for (auto& cause : causes) names_.push_back("died_" + cause);
  counts_.assign(names_.size() * types_, 0);
}

std::int64_t Tally::present(std::size_t type_index) const {
  std::int64_t sum = 0;
  for (std::size_t row = 0; row < names_.size(); ++row)
    sum += (row < became_out ? 1 : -1) * counts_[row * types_ + type_index];
  return sum;
}

}  // namespace qsp::engine

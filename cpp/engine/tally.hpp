// Counts of everything that ever happened to cells, by type: the lattice side of the ledger, exact in whole numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qsp::engine {

enum class Happening : std::uint8_t { started, given, born, recruited, became, died, left, moved_out, removed };

struct Event {  // one row of the lineage
  double day;
  std::uint32_t agent, parent;
  std::uint8_t type;  // after the event; for an end, the type that it had
  Happening what;
  std::uint8_t cause;  // of death
};

class Tally {
 public:
  Tally() = default;
  Tally(std::size_t types, std::vector<std::string> causes);

  // Rows, each with one count per type. Present: started + given + born + recruited + became_in + remains
  // - became_out - left - moved_out - removed - died of each cause.
  enum Row : std::size_t {
    started,
    given,
    born,
    recruited,
    became_in,
    remains,
    became_out,
    left,
    moved_out,
    removed,
    first_cause
  };

  void add(std::size_t row, std::uint8_t type, std::int64_t count = 1) { counts_[row * types_ + type - 1U] += count; }
  [[nodiscard]] std::int64_t present(std::size_t type_index) const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::size_t types() const { return types_; }
  [[nodiscard]] const std::vector<std::int64_t>& counts() const { return counts_; }  // rows x types
  void restore(std::vector<std::int64_t> counts) { counts_ = std::move(counts); }

 private:
  std::size_t types_ = 0;
  std::vector<std::string> names_;
  std::vector<std::int64_t> counts_;
};

}  // namespace qsp::engine

// Where the time of a step goes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace qsp::engine {

class Phases {
 public:
  enum Phase : std::size_t { sort, contacts, deposit, fields, rules, motile, fates, phases };
  static constexpr std::array<const char*, phases> names{"sort",  "contacts", "deposit", "fields",
                                                         "rules", "motile",   "fates"};

  // Adds the seconds since the last call to a phase.
  void done(Phase phase) {
    const auto now = Clock::now();
    seconds_[phase] += std::chrono::duration<double>(now - since_).count();
    since_ = now;
  }
  void begin() { since_ = Clock::now(); }
  [[nodiscard]] double seconds(std::size_t phase) const { return seconds_[phase]; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point since_ = Clock::now();
  std::array<double, phases> seconds_{};
};

}  // namespace qsp::engine

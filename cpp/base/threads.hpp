// A small pool of worker threads that sleep while there is nothing to do (no spinning: ensembles run beside each
// other). Every loop hands out independent items, so results cannot depend on which thread runs which item.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace qsp::base {

class Threads {
 public:
  explicit Threads(int count);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  [[nodiscard]] int count() const { return count_; }

  // How many distinct threads have run at least one item so far: shows that the number asked for was really used.
  [[nodiscard]] int used() const;

  // Calls body(i) for every i in [0, items), in any order, on any thread, and returns when all are done.
  // The calls must be independent of each other. An exception of a body is rethrown here, after all items have ended.
  void each(std::int64_t items, const std::function<void(std::int64_t)>& body);

 private:
  void work(int worker);
  void drain(int worker);

  int count_;
  std::vector<std::thread> workers_;
  std::vector<char> worked_;
  const std::function<void(std::int64_t)>* body_ = nullptr;
  std::int64_t items_ = 0;
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> running_{0};
  std::atomic<std::uint32_t> round_{0};
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
};

}  // namespace qsp::base

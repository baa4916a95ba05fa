#include "base/threads.hpp"

#include <algorithm>
#include <exception>

namespace qsp::base {

Threads::Threads(int count) : count_(std::max(1, count)), worked_(static_cast<std::size_t>(count_), 0) {
  for (int worker = 1; worker < count_; ++worker) workers_.emplace_back([this, worker] { work(worker); });
}

Threads::~Threads() {
  stop_.store(true);
  round_.fetch_add(1);
  round_.notify_all();
  for (auto& worker : workers_) worker.join();
}

int Threads::used() const { return static_cast<int>(std::count(worked_.begin(), worked_.end(), 1)); }

// The first item of each worker is its own, so that all of them work; the rest goes to whoever is free.
void Threads::drain(int worker) {
  for (std::int64_t item = worker; item < items_; item = next_.fetch_add(1)) {
    worked_[static_cast<std::size_t>(worker)] = 1;
    try {
      (*body_)(item);
    } catch (...) {
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
  }
}

void Threads::work(int worker) {
  std::uint32_t seen = 0;
  for (;;) {
    round_.wait(seen);
    seen = round_.load();
    if (stop_.load()) return;
    drain(worker);
    if (running_.fetch_sub(1) == 1) running_.notify_one();
  }
}

void Threads::each(std::int64_t items, const std::function<void(std::int64_t)>& body) {
  body_ = &body;
  items_ = items;
  next_.store(count_);
  failed_.store(false);
  if (items > 1) {
    running_.store(static_cast<int>(workers_.size()));
    round_.fetch_add(1);
    round_.notify_all();
    drain(0);
    for (int left = running_.load(); left > 0; left = running_.load()) running_.wait(left);
  } else if (items == 1) {
    drain(0);
  }
  if (failed_.load()) std::rethrow_exception(failure_);
}

}  // namespace qsp::base

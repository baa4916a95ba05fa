// Phase 4: rules are evaluated once, in blocks; what the rest of the step needs of them is kept: who may meet a fate,
// the chances of those that move or kill, and what traits relax to.
#include <algorithm>
#include <utility>

#include "base/math.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {
namespace {

// A function with its last argument and result: most cells of a type have the same rates.
template <class Function>
class Remembered {
 public:
  explicit Remembered(Function function) : function_(std::move(function)), result_(function_(0.0F)) {}
  float operator()(float argument) {
    if (argument != last_) {
      last_ = argument;
      result_ = function_(argument);
    }
    return result_;
  }

 private:
  Function function_;
  float last_ = 0.0F, result_;
};

}  // namespace

void Engine::evaluate() {
  yields_.resize(surveys_.size());
  motile_.resize(surveys_.empty() ? 0 : surveys_.back().motile);
  for (const auto& plan : plans_)
    for (const auto& one : plan.relaxing) relaxed_[one.trait].resize(agents_.size());
  each_chunk(static_cast<std::int64_t>(agents_.size()), chunk, [&](std::int64_t first, std::int64_t last) {
    const auto c = static_cast<std::size_t>(first / chunk);
    yields_[c].candidates.clear();
    yields_[c].rows.clear();
    evaluate_chunk(first, last, yields_[c], motile_.data() + (c == 0 ? 0 : surveys_[c - 1].motile));
  });
}

void Engine::evaluate_chunk(std::int64_t first, std::int64_t last, Yield& yield, Motile* motile) {
  const auto here = context();
  const auto& random = base::random_kernels(instructions_);
  const double tau = specification_.dt / sub_steps_;
  Block block;
  ByType by_type(specification_.types.size());
  std::vector<std::uint64_t> words(Block::most);
  std::vector<std::uint32_t> rank(Block::most);
  std::vector<float> totals(Block::most);
  const std::vector<float> nothing(Block::most, 0.0F);
  for (auto from = first; from < last; from += Block::most) {
    const auto to = std::min(last, from + Block::most);
    const auto begin = static_cast<std::size_t>(from), end = static_cast<std::size_t>(to);
    random.draw(words.data(), 1, agents_.key.data() + begin, static_cast<int>(to - from), seed_,
                static_cast<std::uint32_t>(step_), static_cast<std::uint32_t>(base::Purpose::fate) << 24);
    std::uint32_t motile_here = 0;  // in storage order, whatever the order of evaluation
    for (std::size_t slot = begin; slot < end; ++slot) {
      rank[slot - begin] = motile_here;
      motile_here += active_[agents_.type[slot]] ? 1U : 0U;
    }
    for (std::size_t k = 0; k < relaxed_.size(); ++k)
      if (!relaxed_[k].empty())
        std::copy(agents_.trait[k].begin() + from, agents_.trait[k].begin() + to, relaxed_[k].begin() + from);

    by_type.each(agents_, from, to, [&](std::uint8_t code, std::span<const std::uint32_t> slots) {
      const auto& type = specification_.types[code - 1U];
      const auto& plan = plans_[code - 1U];
      if (plan.columns.empty()) return;
      block.evaluate(here, plan, code, slots);

      if (!plan.fates.empty()) {
        std::fill_n(totals.begin(), slots.size(), 0.0F);
        for (const int k : plan.fates) {
          const float* rates = block.column(k);
          for (std::size_t i = 0; i < slots.size(); ++i) totals[i] += rates[i];
        }
        // Since exp(-x) >= 1 - x: no logarithm for the many who live on. A little more than dt, for what a float
        // rounds.
        const double dt = specification_.dt * (1.0 + 1e-5);
        for (std::size_t i = 0; i < slots.size(); ++i) {
          const auto word = static_cast<std::uint32_t>(words[slots[i] - begin]);
          if (base::uniform(word) <= 1.0 - static_cast<double>(totals[i]) * dt) continue;
          yield.candidates.push_back({slots[i], code});
          for (const int k : plan.fates) yield.rows.push_back(block.column(k)[i]);
          yield.rows.resize(yield.candidates.size() * fate_stride_);
        }
      }

      for (const auto& one : plan.relaxing) {
        const float* targets = block.column(one.column);
        for (std::size_t i = 0; i < slots.size(); ++i) {
          auto& value = relaxed_[one.trait][slots[i]];
          const double gap = static_cast<double>(targets[i]) - static_cast<double>(value);
          value = static_cast<float>(static_cast<double>(value) + gap * (gap > 0.0 ? one.rise : one.decay));
        }
      }

      if (!type.active()) return;
      const auto column = [&](int k) { return k < 0 ? nothing.data() : block.column(k); };
      const float *motility = column(plan.motility), *engage = column(plan.engage), *hit = column(plan.hit),
                  *detach = column(plan.detach);
      Remembered hop([&](float value) {
        return value <= 0.0F ? 0.0F : static_cast<float>(process::move::hop(value, type.move.front().pace));
      });
      const auto chance = [tau](float rate) { return static_cast<float>(base::hazard(rate, tau)); };
      Remembered engages(chance), hits(chance), lets_go(chance);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const auto site = geometry_.site(agents_.voxel[slots[i]]);
        Motile& one = motile[rank[slots[i] - begin]];
        one.slot = slots[i];
        one.stand(site);
        one.heading = agents_.heading[slots[i]];
        one.target = agents_.target[slots[i]];
        one.direction = agents_.target_direction[slots[i]];
        one.key = agents_.key[slots[i]];
        one.hop = hop(motility[i]);
        one.engage = engages(engage[i]);
        one.hit = hits(hit[i]);
        one.detach = lets_go(detach[i]);
        one.type = code;
      }
    });
    motile += motile_here;
  }
}

void Engine::relax_traits() {
  for (std::size_t k = 0; k < relaxed_.size(); ++k)
    if (!relaxed_[k].empty()) agents_.trait[k].swap(relaxed_[k]);
}

}  // namespace qsp::engine

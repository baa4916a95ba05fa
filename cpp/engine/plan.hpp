// Rules in blocks: the behaviours of many cells of one type, signal by signal and term by term.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "process/context.hpp"
#include "process/specification.hpp"

namespace qsp::engine {

// What has to be evaluated for the cells of one type: each signal is read once, each behaviour fills one column.
struct Plan {
  struct Column {
    int behaviour;                  // of the type
    std::vector<std::size_t> read;  // for each term the position of its signal in `signals`
  };
  std::vector<std::int32_t> signals;
  std::vector<Column> columns;

  // Adds a behaviour and returns its column; one that is there already is found.
  int add(const process::Specification& specification, const process::TypeSpec& type, int behaviour);
};

// The columns of the engine's plan for the rest of a step, after the fields.
struct StepPlan : Plan {
  explicit StepPlan(const process::Specification& specification, const process::TypeSpec& type);

  struct Relaxing {
    std::size_t trait;
    int column;
    double rise, decay;  // share of the gap that is closed in a step
  };
  std::vector<int> fates;  // column of each rate: of every die, divide and become, then leave
  std::vector<Relaxing> relaxing;
  int motility = -1, engage = -1, hit = -1, detach = -1;  // columns; -1: the type does not, or at the engagement
};

// What the cells of one type release into a field and take up from it.
struct Deposit {
  enum class Into { source, uptake, saturable } into;
  double factor;    // of the rate, to what is deposited in a voxel
  float rate;       // where no rule changes it
  int column = -1;  // of the plan of deposits, else
};

// The behaviours of up to `most` cells of one type.
class Block {
 public:
  static constexpr int most = 512;

  void evaluate(const process::Context& context, const Plan& plan, std::uint8_t type,
                std::span<const std::uint32_t> slots);
  [[nodiscard]] const float* column(int k) const { return values_.data() + static_cast<std::size_t>(k) * most; }

 private:
  std::vector<std::uint32_t> voxels_ = std::vector<std::uint32_t>(most);
  std::vector<float> signals_, values_;
  std::vector<float> up_ = std::vector<float>(most), down_ = std::vector<float>(most);
};

// Calls act(type, slots) for the cells of each type among the slots [first, last), at most `Block::most` of them, in
// the order of types; those that are gone are left out.
class ByType {
 public:
  explicit ByType(std::size_t types) : count_(types + 1), slots_((types + 1) * Block::most) {}

  template <class Act>
  void each(const agent::Table& agents, std::int64_t first, std::int64_t last, Act&& act) {
    std::fill(count_.begin(), count_.end(), 0U);
    for (auto slot = static_cast<std::uint32_t>(first); slot < static_cast<std::uint32_t>(last); ++slot) {
      const std::size_t type = agents.type[slot];
      slots_[type * Block::most + count_[type]++] = slot;
    }
    for (std::size_t type = 1; type < count_.size(); ++type)
      if (count_[type] > 0)
        act(static_cast<std::uint8_t>(type), std::span<const std::uint32_t>(&slots_[type * Block::most], count_[type]));
  }

 private:
  std::vector<std::uint32_t> count_, slots_;
};

}  // namespace qsp::engine

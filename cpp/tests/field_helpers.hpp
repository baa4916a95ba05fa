// What the tests of fields share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "field/field.hpp"
#include "field/workspace.hpp"

namespace qsp::tests {

inline constexpr double minutes_per_day = 1440.0;
inline constexpr double step_6min = 6.0 / minutes_per_day;

inline double uniform(std::uint64_t index) {
  std::uint64_t z = index + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

inline lattice::Geometry box(int nx, int ny, int nz, double spacing = 20.0) { return {nx, ny, nz, spacing, 15.0}; }

// D in um2/min, decay in 1/min
inline field::Description describe(double diffusion, double decay, field::Scheme scheme = field::Scheme::automatic) {
  field::Description description;
  description.name = "oxygen";
  description.diffusion = diffusion * minutes_per_day;
  description.decay = decay * minutes_per_day;
  description.scheme = scheme;
  return description;
}

// A field with what acts on it in dense arrays and in the field's unit, which stay from step to step.
class Driven : public field::Field {
 public:
  Driven(const lattice::Geometry& geometry, const field::Description& description,
         std::shared_ptr<field::Workspace> workspace = nullptr)
      : Field(geometry, description, std::move(workspace)),
        source_(static_cast<std::size_t>(geometry.size())),
        sink_(source_.size()),
        saturable_(description.half_saturation > 0.0 ? source_.size() : 0) {}

  std::vector<float>& source() { return source_; }        // unit/day
  std::vector<float>& sink() { return sink_; }            // 1/day
  std::vector<float>& saturable() { return saturable_; }  // unit/day
  void clear() {
    for (auto* array : {&source_, &sink_, &saturable_}) array->assign(array->size(), 0.0f);
  }

  field::Report step(double dt, base::Threads& threads) {
    workspace()->clear(!saturable_.empty(), threads);
    const auto to_stored = static_cast<float>(1.0 / description().scale);
    for (std::size_t i = 0; i < source_.size(); ++i) {
      const auto [x, y, z] = geometry().position(static_cast<std::int64_t>(i));
      const std::size_t at = workspace()->position(x, y, z);
      workspace()->source()[at] = source_[i] * to_stored;
      workspace()->uptake()[at] = sink_[i];
      if (!saturable_.empty()) workspace()->saturable()[at] = saturable_[i] * to_stored;
    }
    return Field::step(dt, threads);
  }

 private:
  std::vector<float> source_, sink_, saturable_;
};

}  // namespace qsp::tests

#include "engine/plan.hpp"

#include <algorithm>

#include "base/math.hpp"

namespace qsp::engine {

int Plan::add(const process::Specification& specification, const process::TypeSpec& type, int behaviour) {
  for (std::size_t k = 0; k < columns.size(); ++k)
    if (columns[k].behaviour == behaviour) return static_cast<int>(k);
  Column column{behaviour, {}};
  const auto& row = specification.behaviours[static_cast<std::size_t>(type.first_behaviour + behaviour)];
  for (std::int32_t k = row.first; !row.deferred && k < row.first + row.terms; ++k) {
    const auto signal = specification.terms[static_cast<std::size_t>(k)].signal;
    const auto found = std::find(signals.begin(), signals.end(), signal);
    column.read.push_back(static_cast<std::size_t>(found - signals.begin()));
    if (found == signals.end()) signals.push_back(signal);
  }
  columns.push_back(std::move(column));
  return static_cast<int>(columns.size()) - 1;
}

StepPlan::StepPlan(const process::Specification& specification, const process::TypeSpec& type) {
  const auto column = [&](int behaviour) { return add(specification, type, behaviour); };
  const auto unless_deferred = [&](int behaviour) {
    const bool deferred = specification.behaviours[static_cast<std::size_t>(type.first_behaviour + behaviour)].deferred;
    return deferred ? -1 : column(behaviour);
  };
  for (const auto& die : type.die) fates.push_back(column(die.rate));
  for (const auto& divide : type.divide) fates.push_back(column(divide.rate));
  for (const auto& become : type.become) fates.push_back(column(become.rate));
  for (const auto& leave : type.leave) fates.push_back(column(leave.rate));
  for (std::size_t k = 0; k < type.traits.size(); ++k) {
    const auto& trait = type.traits[k];
    if (trait.target < 0) continue;
    const auto share = [&](double time) { return time > 0.0 ? base::hazard(1.0 / time, specification.dt) : 0.0; };
    relaxing.push_back({k, column(trait.target), share(trait.rise), share(trait.decay)});
  }
  for (const auto& move : type.move) motility = column(move.motility);
  for (const auto& kill : type.kill) {
    engage = column(kill.engage);
    hit = unless_deferred(kill.hit_rate);
    detach = unless_deferred(kill.detach);
  }
}

void Block::evaluate(const process::Context& context, const Plan& plan, std::uint8_t type,
                     std::span<const std::uint32_t> slots) {
  const int n = static_cast<int>(slots.size());
  const auto& specification = context.specification;
  const auto& spec = specification.types[type - 1U];
  for (int i = 0; i < n; ++i)
    voxels_[static_cast<std::size_t>(i)] = context.agents.voxel[slots[static_cast<std::size_t>(i)]];
  signals_.resize(std::max(signals_.size(), plan.signals.size() * most));
  values_.resize(std::max(values_.size(), plan.columns.size() * most));
  for (std::size_t k = 0; k < plan.signals.size(); ++k)
    context.read(specification.signals[static_cast<std::size_t>(plan.signals[k])], type, slots.data(), voxels_.data(),
                 n, signals_.data() + k * most);
  for (std::size_t k = 0; k < plan.columns.size(); ++k) {
    const auto& column = plan.columns[k];
    const auto& row = context.behaviour(spec, column.behaviour);
    float* out = values_.data() + k * most;
    if (column.read.empty()) {
      std::fill(out, out + n, row.base);
      continue;
    }
    std::fill(up_.begin(), up_.begin() + n, 0.0F);
    std::fill(down_.begin(), down_.begin() + n, 0.0F);
    for (std::size_t t = 0; t < column.read.size(); ++t) {
      const auto& term = specification.terms[static_cast<std::size_t>(row.first) + t];
      rule::add_term(context.hill, term, signals_.data() + column.read[t] * most, term.up ? up_.data() : down_.data(),
                     n);
    }
    context.hill.respond(out, up_.data(), down_.data(), row.base, row.limit_up, row.limit_down, n);
  }
}

}  // namespace qsp::engine

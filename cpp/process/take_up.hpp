// take_up: remove molecules from a field, first order or, where the field has a half-saturation, after Michaelis and
// Menten.
#pragma once

#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::take_up {

inline const Declaration declaration{
    "take_up", "takes molecules up from a field or consumes them", {{"clearance", "um^3/day", true}}};

inline void act(Context& context, std::uint32_t slot, const TakeUpSpec& spec, float clearance) {
  auto& field = context.fields[static_cast<std::size_t>(spec.field)];
  const double per_day = static_cast<double>(clearance) / context.geometry.voxel_volume();
  const double half = field.description().half_saturation;
  if (half > 0.0)
    field.saturable()[context.agents.voxel[slot]] += static_cast<float>(per_day * half);
  else
    field.sink()[context.agents.voxel[slot]] += static_cast<float>(per_day);
}

}  // namespace qsp::process::take_up

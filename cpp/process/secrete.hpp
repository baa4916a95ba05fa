// secrete: release molecules into a field.
#pragma once

#include "process/context.hpp"
#include "process/declaration.hpp"

namespace qsp::process::secrete {

inline const Declaration declaration{"secrete", "releases molecules into a field", {{"rate", "pmol/day", true}}};

inline void act(Context& context, std::uint32_t slot, const SecreteSpec& spec, float rate) {
  auto& field = context.fields[static_cast<std::size_t>(spec.field)];
  field.source()[context.agents.voxel[slot]] += static_cast<float>(static_cast<double>(rate) * spec.factor);
}

}  // namespace qsp::process::secrete

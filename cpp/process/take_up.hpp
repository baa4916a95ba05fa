// take_up: remove molecules from a field, first order or, where the field has a half-saturation, after Michaelis and
// Menten.
#pragma once

#include "process/declaration.hpp"

namespace qsp::process::take_up {

inline const Declaration declaration{
    "take_up", "takes molecules up from a field or consumes them", {{"clearance", "um^3/day", true}}};

}  // namespace qsp::process::take_up

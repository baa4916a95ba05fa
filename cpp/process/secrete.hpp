// secrete: release molecules into a field.
#pragma once

#include "process/declaration.hpp"

namespace qsp::process::secrete {

inline const Declaration declaration{"secrete", "releases molecules into a field", {{"rate", "pmol/day", true}}};

}  // namespace qsp::process::secrete

// become: turn into another type of the same group.
#pragma once

#include "process/declaration.hpp"

namespace qsp::process::become {

inline const Declaration declaration{"become", "turns into another type of its group", {{"rate", "1/day", true}}};

}  // namespace qsp::process::become

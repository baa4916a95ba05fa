// leave: go out through a vessel in the same or a neighbouring voxel.
#pragma once

#include "process/declaration.hpp"

namespace qsp::process::leave {

inline const Declaration declaration{
    "leave", "leaves the tissue through a vessel in its own or a neighbouring voxel", {{"rate", "1/day", true}}};

}  // namespace qsp::process::leave

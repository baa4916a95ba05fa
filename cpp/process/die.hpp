// die: a rate for each cause of death; remains stay as another type, or the cell is gone at once.
#pragma once

#include "process/declaration.hpp"

namespace qsp::process::die {

inline const Declaration declaration{
    "die",
    "dies of a named cause; its remains stay as a type of their own, or it is gone at once",
    {{"rate", "1/day", true}}};

}  // namespace qsp::process::die

// All verbs, in the order in which the engine composes them. The order of files or registration is never used.
#pragma once

#include <array>

#include "process/become.hpp"
#include "process/die.hpp"
#include "process/divide.hpp"
#include "process/kill.hpp"
#include "process/leave.hpp"
#include "process/move.hpp"
#include "process/recruit.hpp"
#include "process/secrete.hpp"
#include "process/take_up.hpp"

namespace qsp::process {

[[nodiscard]] inline std::array<const Declaration*, 9> verbs() {
  return {&secrete::declaration, &take_up::declaration, &move::declaration,  &kill::declaration,   &die::declaration,
          &divide::declaration,  &become::declaration,  &leave::declaration, &recruit::declaration};
}

}  // namespace qsp::process

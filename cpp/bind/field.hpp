#pragma once

#include <pybind11/pybind11.h>

namespace qsp::bind {

void field(pybind11::module_& module);

}  // namespace qsp::bind

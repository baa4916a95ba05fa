// The arrays that a step needs beside the state of the field, in the padded layout of the multigrid.
#pragma once

#include <vector>

#include "field/multigrid.hpp"

namespace qsp::field {

class Workspace {
 public:
  explicit Workspace(const lattice::Geometry& shape) : geometry(shape), multigrid(shape) {
    for (auto* array : {&inflow, &uptake, &saturable, &start, &first, &right_side, &previous})
      array->assign(multigrid.size(), 0.0f);
  }

  lattice::Geometry geometry;
  Multigrid multigrid;
  std::vector<float> inflow;      // all sources, with those of exchange and of fixed faces [1/day]
  std::vector<float> uptake;      // sinks and exchange [1/day]
  std::vector<float> saturable;   // [1/day], stored units
  std::vector<float> start;       // u at the start of the sub-step
  std::vector<float> first;       // u of the first stage
  std::vector<float> right_side;  // of the system to be solved, without tangents
  std::vector<float> previous;    // u before the last cycle
};

}  // namespace qsp::field

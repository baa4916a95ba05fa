// The arrays that a step of any field of one lattice needs beside the stored concentration. Only one field can be in
// its step at a time, so all of them share one workspace.
#pragma once

#include <algorithm>
#include <span>

#include "base/memory.hpp"
#include "base/threads.hpp"
#include "field/multigrid.hpp"

namespace qsp::field {

class Workspace {
 public:
  explicit Workspace(const lattice::Geometry& geometry, base::Instructions instructions = base::best_instructions())
      : geometry_(geometry), multigrid_(geometry, instructions) {
    for (auto* array : {&source_, &uptake_, &solution_}) array->assign(multigrid_.size(), 0.0f);
  }

  [[nodiscard]] const lattice::Geometry& geometry() const { return geometry_; }

  // What acts on one field during its next step; whoever steps a field clears and fills them first.
  void clear(bool saturable, base::Threads& threads);
  // Of a voxel in the three arrays; what lies between voxels must stay zero.
  [[nodiscard]] std::size_t position(int x, int y, int z) const { return multigrid_.position(x, y, z); }
  [[nodiscard]] std::span<float> source() { return source_; }  // u / scale per day
  [[nodiscard]] std::span<float> uptake() { return uptake_; }  // 1/day
  // u / scale per day, V of V u / (K + u); empty unless cleared with `saturable`
  [[nodiscard]] std::span<float> saturable() { return saturates_ ? std::span<float>(saturable_) : std::span<float>(); }

  [[nodiscard]] Multigrid& multigrid() { return multigrid_; }
  [[nodiscard]] std::int64_t bytes() const;  // in use

 private:
  friend class Step;
  using Array = base::Array<float>;

  void need(Array& array) const {
    if (array.empty()) array.assign(multigrid_.size(), 0.0f);
  }

  lattice::Geometry geometry_;
  Multigrid multigrid_;
  Array source_, uptake_, solution_;
  Array saturable_;
  bool saturates_ = false;
  // From their first use on:
  Array right_side_;      // of the system that the multigrid solves, where that is not the source
  Array before_tangent_;  // the same without the rest of the tangents of saturable uptake
  Array reaction_;        // uptake with the slopes of these tangents
  Array first_stage_;     // u of the first stage of SDIRK2
  Array filtered_;        // the error of a step
  Array start_;           // u at the start of a sub-step after the first; dense
  std::vector<float> row_sums_;
};

}  // namespace qsp::field

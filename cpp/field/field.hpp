// One diffusing concentration on the lattice:
//   du/dt = D laplacian u - decay u + source - sink u - saturable u / (K + u) + exchange rate (value - u),
// unsplit and implicit, so the steady state does not depend on the step, whatever the sources are voxel by voxel.
//
// Each step is either quasi-steady (du/dt = 0, for fields that relax much faster than the step) or transient: SDIRK2
// with gamma = 1 - 1/sqrt 2, bisected until an embedded error estimate is small enough; a sub-step that undershoots
// zero is repeated by backward Euler. Sources are held over the step. Saturable uptake is linearised by its tangent,
// which is repeated with every cycle until it no longer matters: uptake is concave, so this converges from any start
// and never takes more than there is. All is solved by multigrid to a set size of the correction. Same bits for any
// number of threads.
//
// What a field remembers from step to step is the stored concentration alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/memory.hpp"
#include "base/threads.hpp"
#include "lattice/geometry.hpp"

namespace qsp::field {

using lattice::Geometry;

enum class Boundary { no_flux, fixed };

struct Face {
  Boundary kind = Boundary::no_flux;
  double value = 0.0;  // at the face itself, half a voxel from the outermost centres; in the field's unit
};

enum class Scheme { automatic, quasi_steady, transient };

struct Description {
  std::string name;
  double diffusion = 0.0;       // um2/day
  double decay = 0.0;           // 1/day
  double scale = 1.0;           // unit; the size that matters, stored = u / scale
  double initial = 0.0;         // unit
  std::array<Face, 6> faces{};  // x-, x+, y-, y+, z-, z+; those of z mean nothing in two dimensions
  Scheme scheme = Scheme::automatic;
  double half_saturation = 0.0;  // unit; of saturable uptake; 0: there is none
  double significant = 1e-4;     // of the scale; errors are relative to the root mean square of u, or to this if larger
  double step_tolerance = 5e-3;  // allowed error of a transient step, relative
  double solve_tolerance = 3e-4;  // a quasi-steady solve ends when a cycle changes u by less than this, relative
  double stage_tolerance =
      0.2;  // a transient stage ends when a cycle changes u by less than this part of the first one
};

// Amounts over the step, in unit um3. `change` is that of the field. Transient:
//   produced + exchanged + boundary - decayed - taken_up = change + residual.
// Quasi-steady, where the storage follows without being accounted for: the same with change left out.
struct Ledger {
  double produced = 0.0;
  double decayed = 0.0;
  double taken_up = 0.0;
  double exchanged = 0.0;  // into the field
  double boundary = 0.0;   // into the field through fixed faces
  double change = 0.0;
  double residual = 0.0;
};

struct Report {
  bool quasi_steady = false;
  int substeps = 0;              // accepted; 1 when quasi-steady
  int rejected = 0;              // times that the step was begun again in smaller sub-steps
  int euler = 0;                 // sub-steps repeated by backward Euler because they undershot
  int cycles = 0;                // multigrid cycles in all
  double relaxation_time = 0.0;  // day, 1 / (decay + mean uptake); infinite without either
  double error_estimate = 0.0;   // of the last sub-step, relative
  double undershoot = 0.0;       // lowest stored value over the highest, if negative, else 0
  Ledger ledger;
};

class Workspace;

class Field {
 public:
  // All fields of a lattice can share one workspace.
  Field(const Geometry& geometry, Description description, std::shared_ptr<Workspace> workspace = nullptr);

  [[nodiscard]] const Geometry& geometry() const { return geometry_; }
  [[nodiscard]] const Description& description() const { return description_; }
  [[nodiscard]] const std::shared_ptr<Workspace>& workspace() const { return workspace_; }

  // rate [1/day] times (value [unit] - u) in these voxels, in every step from now on; a voxel may come several times.
  // The voxels are not copied.
  void set_exchange(std::span<const std::int64_t> voxels, double rate, double value);
  // These voxels are held at a value [unit], implicitly, in every step from now on. They are no part of the ledger,
  // where what comes from them counts as boundary. The voxels are not copied.
  void set_fixed(std::span<const std::int64_t> voxels, double value);

  // A step of dt days with what the workspace says; consumes its arrays.
  Report step(double dt, base::Threads& threads);

  [[nodiscard]] double at(std::int64_t voxel) const {
    const float stored = values_[static_cast<std::size_t>(voxel)];
    return stored > 0.0f ? static_cast<double>(stored) * description_.scale : 0.0;
  }
  void values(std::span<float> out) const;  // max(u, 0) in the field's unit
  // unit/um along x, y, z: central differences; one-sided at a wall without flux; through the value at a fixed face.
  [[nodiscard]] std::array<double, 3> gradient(std::int64_t voxel) const;

  // The whole state, u / scale, for snapshots and digests.
  [[nodiscard]] std::span<const float> stored() const { return values_; }
  void restore(std::span<const float> stored);

 private:
  friend class Step;
  struct Exchange {
    std::span<const std::int64_t> voxels;
    double rate = 0.0;   // 1/day
    double value = 0.0;  // unit
  };
  struct Held {
    std::span<const std::int64_t> voxels;
    double value = 0.0;  // unit
  };
  void require_inside(std::span<const std::int64_t> voxels, const char* what) const;

  Geometry geometry_;
  Description description_;
  std::shared_ptr<Workspace> workspace_;
  base::Array<float> values_;
  Exchange exchange_;
  Held held_;
};

}  // namespace qsp::field

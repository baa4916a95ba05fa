// One step of a field: chooses the scheme, solves, keeps the ledger.
#pragma once

#include "field/field.hpp"
#include "field/workspace.hpp"

namespace qsp::field {

class Step {
 public:
  Step(Field& field, double dt, base::Threads& threads);
  Report run();

 private:
  enum class Until { settled, followed, exact };  // how far a solve goes: see solve()

  [[nodiscard]] std::size_t faces() const { return field_.geometry_.is_2d() ? 4 : 6; }  // those that can be fixed
  template <class Body>
  void each_fixed_voxel(const Body& body) const;

  void pack();
  [[nodiscard]] double mean_uptake();
  void quasi_steady();
  void transient();
  double sdirk(double duration, bool judge);  // returns the error estimate, if asked for
  void accept(double duration);
  void euler(double duration);
  void solve(double rate, Until until);
  void assemble(double rate);
  void balance();
  [[nodiscard]] double undershoot();
  // Adds the amounts of `duration`, with u = (1 - weight) first + weight solution.
  void account(double duration, double weight);
  void finish();
  [[noreturn]] void fail(const std::string& what) const;

  Field& field_;
  const Description& description_;
  Workspace& work_;
  Multigrid& multigrid_;
  base::Threads& threads_;
  double dt_;
  float half_saturation_;  // stored units
  double least_norm_;      // of what is significant everywhere
  bool saturates_ = false;
  double matrix_rate_ = -1.0;  // for which the multigrid is prepared
  Report report_;
};

}  // namespace qsp::field

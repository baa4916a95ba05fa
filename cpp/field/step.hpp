// One step of a field: chooses the scheme, solves, keeps the ledger.
#pragma once

#include <array>
#include <string>

#include "field/field.hpp"
#include "field/workspace.hpp"

namespace qsp::field {

class Step {
 public:
  Step(Field& field, double dt, base::Threads& threads);
  Report run();

 private:
  enum class Until { settled, followed, exact };  // how far a solve goes: see iterate()

  // Sums over the box of one concentration, in stored units.
  struct Content {
    double all = 0.0;
    double taken = 0.0;       // per day, by uptake, exchange and held voxels
    double saturable = 0.0;   // per day
    double exchanging = 0.0;  // of the voxels with exchange
    double holding = 0.0;     // per day, from the neighbours into held voxels
    double at_faces = 0.0;    // of the voxels at fixed faces
  };
  struct Extent {
    float low = 0.0f, high = 0.0f;
  };

  [[nodiscard]] std::size_t faces() const { return field_.geometry_.is_2d() ? 4 : 6; }  // those that can be fixed
  template <class Body>
  void each_fixed_voxel(const Body& body) const;
  template <class Value>
  void gather(Content& content, const Value& value) const;
  template <std::size_t Count>
  [[nodiscard]] std::array<double, Count> totals() const;
  [[nodiscard]] Extent extent(std::size_t low, std::size_t high) const;
  [[nodiscard]] float* sums(int y, int z) const;
  [[nodiscard]] const float* dense(const float* values, int y, int z) const;
  template <class Body>
  void each_row(const Body& body) const;

  void survey();
  void add_exchange();
  void add_faces();
  void hold_voxels();
  void quasi_steady();
  void transient();
  [[nodiscard]] double sdirk(double duration, bool judge);  // returns the error estimate, if asked for
  void euler(double duration);
  void iterate(Until until);
  void solve(double rate, Until until, const Visit& before);
  void settle(double rate, Until until);
  void assemble(double rate);
  [[nodiscard]] double lost(const Content& content) const;
  void account(double duration, double later);
  void store(float* to);
  void finish();
  [[nodiscard]] static double undershoot(const Extent& extent);
  [[noreturn]] void fail(const std::string& what) const;

  Field& field_;
  const Description& description_;
  Workspace& work_;
  Multigrid& multigrid_;
  const Rows& rows_;
  base::Threads& threads_;
  double dt_;
  int nx_;
  float half_saturation_;  // stored units
  double least_norm_;      // of what is significant everywhere
  bool saturates_;
  const float* start_;                               // dense
  float* base_ = nullptr;                            // right side without tangents
  double matrix_rate_ = -1.0;                        // for which the multigrid is prepared
  float strongest_ = 0.0f;                           // uptake
  double received_ = 0.0;                            // by exchange, per day
  double inflow_ = 0.0;                              // through fixed faces and from held voxels if u were zero, per day
  double supplied_ = 0.0;                            // all sources, per day
  double first_content_ = 0.0;                       // at the start of the step
  double start_content_ = 0.0, start_square_ = 0.0;  // of the sub-step
  double stored_ = 0.0;
  Content first_, last_;  // of the first stage; of the end of the sub-step
  Extent extent_;
  float balance_ = 1.0f;
  Report report_;
};

}  // namespace qsp::field

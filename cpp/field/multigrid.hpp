// Geometric multigrid for (reaction(x) - D laplacian) u = right side, on any box, without a stored matrix.
//
// Cell-centred finite volumes, five or seven points. Each level halves the number of cells along every side that is
// longer than one; the last cell of an odd side is taken over alone, so coarse cells differ in width and every level
// has its own couplings along each axis. The coarsest level is a single cell, solved exactly. One cycle is
// V(1,1) or, where the reaction is strong against diffusion, V(2,2), with red-black relaxation.
//
// The arrays of a level are padded: one ghost row around each plane, one ghost plane on either side in three
// dimensions, and a gap before each half row (see rows.hpp). Ghosts and gaps hold zeros for ever; a wall without flux
// is a coupling of zero, a fixed face a coupling of 2 D / h^2 to a ghost of zero plus a source on the right side.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/threads.hpp"
#include "field/rows.hpp"
#include "lattice/geometry.hpp"

namespace qsp::field {

class Multigrid {
 public:
  explicit Multigrid(const lattice::Geometry& geometry, base::Instructions instructions = base::best_instructions());

  // Sets D [um2/day] and which of the faces x-, x+, y-, y+, z-, z+ are held fixed.
  void set_operator(double diffusion, const std::array<bool, 6>& fixed);
  // Coupling of a boundary voxel to the value at its fixed face [1/day].
  [[nodiscard]] float face_coupling() const { return face_coupling_; }

  // The padded arrays of the finest level. `size` elements; what is not a voxel must stay zero.
  [[nodiscard]] std::size_t size() const { return levels_.front().solution.size(); }
  [[nodiscard]] std::span<float> solution() { return levels_.front().solution; }
  [[nodiscard]] std::span<float> right_side() { return levels_.front().right_side; }
  [[nodiscard]] std::span<float> reaction() { return levels_.front().reaction; }

  [[nodiscard]] std::size_t position(int x, int y, int z) const;  // of a voxel in the padded arrays
  void pack(std::span<const float> dense, float factor, std::span<float> padded, base::Threads& threads) const;
  void unpack(std::span<const float> padded, std::span<float> dense, base::Threads& threads) const;

  // After a change of `reaction` or of the operator.
  void prepare(base::Threads& threads);
  // One cycle from the present solution; `from_zero` takes the present solution for zero (and need not be cleared).
  void cycle(base::Threads& threads, bool from_zero = false);

  static constexpr std::int64_t voxels_worth_threads = 1 << 17;

 private:
  // One axis of one level.
  struct Axis {
    int cells = 1;
    std::vector<double> width;       // um
    std::vector<float> minus, plus;  // coupling to the previous and the next cell [1/day]
    std::vector<float> share;        // of a cell in its parent's width
    std::vector<float> own, other;   // weights of parent and of the parent's neighbour in the correction
  };
  struct Level {
    int nx, ny, nz, half, padded,
        planes_in_front;  // half: cells of even x; padded: length of the loops over a half row
    std::size_t stride, plane;
    std::array<Axis, 3> axes;
    // Of the x axis, split into cells of even and odd index as the rows are, padded with zeros.
    std::array<std::vector<float>, 2> minus, plus, diagonal, share, own, other;
    bool uniform = false;
    float coupling = 0.0f;
    std::vector<float> solution, right_side, reaction, inverse;
    [[nodiscard]] std::size_t row(int y, int z) const {
      return static_cast<std::size_t>(z + planes_in_front) * plane + static_cast<std::size_t>(y + 1) * stride + gap;
    }
    [[nodiscard]] std::size_t other_half() const { return stride / 2; }
    [[nodiscard]] std::int64_t rows() const { return std::int64_t{ny} * nz; }
  };
  static constexpr std::size_t gap = 4;
  // Small levels are swept twice: it costs nothing there and makes up for thin last cells of uneven sides.
  static constexpr std::int64_t cells_swept_twice = 1024;

  static void couple(Axis& axis, double diffusion, bool fixed_low, bool fixed_high);
  static void link(Axis& fine, const Axis& coarse, bool fixed_low, bool fixed_high);
  // Calls body(first, last) for ranges of rows, on several threads where the level is large.
  static void each_rows(const Level& level, std::int64_t rows, base::Threads& threads,
                        const std::function<void(std::int64_t, std::int64_t)>& body);

  static Around around(const Level& level, std::size_t at, bool odd);
  static Coupling coupling(const Level& level, std::size_t y, std::size_t z, bool odd);
  void invert(Level& level, base::Threads& threads) const;
  void coarsen_reaction(const Level& fine, Level& coarse, base::Threads& threads) const;
  void relax(Level& level, int colour, base::Threads& threads) const;
  void start(Level& level, base::Threads& threads) const;
  void smooth(Level& level, bool from_zero, base::Threads& threads) const;
  void go_down(const Level& fine, Level& coarse, base::Threads& threads) const;
  void go_up(const Level& coarse, Level& fine, base::Threads& threads) const;

  const Rows* rows_;
  std::vector<Level> levels_;
  float face_coupling_ = 0.0f;
  int sweeps_ = 1;
};

}  // namespace qsp::field

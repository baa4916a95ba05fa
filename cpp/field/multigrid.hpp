// Geometric multigrid for (constant + reaction(x) - D laplacian) u = right side, on any box, without a stored matrix.
//
// Cell-centred finite volumes, five or seven points. Each level halves the number of cells along every side that is
// longer than one; the last cell of an odd side is taken over alone, so coarse cells differ in width and every level
// has its own couplings along each axis. The coarsest level is a single cell, solved exactly. One cycle is
// V(1,1) or, where the reaction is strong against diffusion, V(2,2), with red-black relaxation; it leaves residuals in
// red voxels alone (but for rounding), so only they are restricted, and corrections of red voxels would be overwritten,
// so only black ones are made.
//
// A cycle is `descend` (relax, restrict, solve the coarser levels) and `ascend` (correct, relax). The two touch the
// finest level once each; `turn` is an ascend and the descend of the next cycle in a single pass. Memory sets the
// pace, so whoever has something to do with every row gives it along: it is done while the row is in the cache.
//
// The arrays of a level are padded: one ghost row around each plane, one ghost plane on either side in three
// dimensions, and pads behind each half row (see rows.hpp). Ghosts and pads hold zeros for ever; a wall without flux
// is a coupling of zero, a fixed face a coupling of 2 D / h^2 to a ghost of zero plus a source on the right side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/memory.hpp"
#include "base/threads.hpp"
#include "field/rows.hpp"
#include "field/wavefront.hpp"
#include "lattice/geometry.hpp"

namespace qsp::field {

// Called once for every row (y, z), on any thread, in any order.
using Visit = std::function<void(int, int)>;

class Multigrid {
 public:
  explicit Multigrid(const lattice::Geometry& geometry, base::Instructions instructions = base::best_instructions());

  // Sets D [um2/day] and which of the faces x-, x+, y-, y+, z-, z+ are held fixed.
  void set_operator(double diffusion, const std::array<bool, 6>& fixed);
  [[nodiscard]] float coupling() const { return voxel_coupling_; }  // of two voxels [1/day]
  // Coupling of a boundary voxel to the value at its fixed face [1/day].
  [[nodiscard]] float face_coupling() const { return 2.0f * voxel_coupling_; }

  // The padded layout of the finest level. `size` elements; what is not a voxel must stay zero.
  [[nodiscard]] const Layout& layout() const { return levels_.front().layout; }
  [[nodiscard]] std::size_t size() const { return levels_.front().size; }
  [[nodiscard]] std::size_t row(int y, int z) const { return levels_.front().row(y, z); }
  [[nodiscard]] std::size_t position(int x, int y, int z) const {
    return row(y, z) + static_cast<std::size_t>(x >> 1) + ((x & 1) != 0 ? layout().half : 0);
  }
  void pack(std::span<const float> dense, std::span<float> padded, base::Threads& threads) const;
  [[nodiscard]] const Rows& rows() const { return *rows_; }

  // A reaction as strong as this holds its voxel at zero [1/day].
  static constexpr float hold = 1e30f;

  // The arrays of the finest level belong to the caller. Prepares the cycle for a reaction of which `strongest` is the
  // largest value.
  void prepare(const float* reaction, float constant, float strongest, base::Threads& threads);
  void set_solution(float* solution) { levels_.front().solution = solution; }
  void set_right_side(const float* right_side) { levels_.front().right_side = right_side; }

  // `before` is done with every row before anything else; from zero, what is in the solution does not matter.
  void descend(base::Threads& threads, const Visit& before = {}, bool from_zero = false);
  void turn(base::Threads& threads, const Visit& between = {});  // `between` the cycles
  void ascend(base::Threads& threads, const Visit& behind = {});

  // After a descend or a turn: how much the cycle under way changes the solution, estimated by what its first half
  // sweep has changed and the correction that is to come; and the size of the solution. Root of the sum of squares.
  struct Measure {
    double change = 0.0;
    double size = 0.0;
  };
  [[nodiscard]] Measure measure() const;

  // One sweep at a time over the whole level, with the same results; for tests.
  void unfuse() { fused_ = false; }

  // Calls body(first, last) for ranges of rows r = y + ny z of the finest level, on several threads where it is large.
  void each_rows(base::Threads& threads, const std::function<void(std::int64_t, std::int64_t)>& body) const {
    each_rows(levels_.front(), levels_.front().rows(), threads, body);
  }

  static constexpr std::int64_t voxels_worth_threads = 100000;

  [[nodiscard]] std::size_t values() const { return coarser_.size() + inverse_.size(); }  // floats in use

 private:
  using Halves = std::array<std::vector<float>, 2>;  // along x, for cells of even and odd index
  // One axis of one level.
  struct Axis {
    int cells = 1;
    std::vector<double> width;       // um
    std::vector<float> minus, plus;  // coupling to the previous and the next cell [1/day]
    std::vector<float> neighbours;   // both in units of the level's coupling
    std::vector<float> share;        // of a cell in its parent's width
    std::vector<float> own, other;   // weights of parent and of the parent's neighbour in the correction
  };
  struct Level {
    int nx, ny, nz;
    Layout layout;
    std::size_t size;
    std::array<Axis, 3> axes;
    Halves minus, plus, diagonal, neighbours, share, own, other;
    Transfer transfer;
    bool uniform = false;
    float coupling = 0.0f;
    float constant = 0.0f;
    float* solution = nullptr;
    const float* right_side = nullptr;
    const float* reaction = nullptr;
    float* inverse = nullptr;
    float *own_right_side = nullptr, *own_reaction = nullptr;  // of coarse levels
    std::vector<float> sums;
    [[nodiscard]] std::size_t row(int y, int z) const {
      return static_cast<std::size_t>(z) * layout.plane + static_cast<std::size_t>(y) * layout.stride + first;
    }
    [[nodiscard]] std::int64_t rows() const { return std::int64_t{ny} * nz; }
    [[nodiscard]] std::int64_t cells() const { return rows() * nx; }
    std::size_t first = 0;  // element of the first voxel
  };
  struct Stage {
    enum class Kind : std::uint8_t { visit, correct, start, relax, restrict } kind;
    int colour = 0;
    const Visit* visit = nullptr;
    bool measured = false;
  };
  // Small levels are swept twice: it costs nothing there and makes up for thin last cells of uneven sides.
  static constexpr std::int64_t cells_swept_twice = 1024;

  // Where reaction is weaker than this against the coupling of voxels, the rounding of the diagonal leaves residuals in
  // black voxels that count beside it.
  static constexpr float rounding_matters = 1e-3f;

  static void couple(Axis& axis, double diffusion, bool fixed_low, bool fixed_high);
  static void link(Axis& fine, const Axis& coarse, bool fixed_low, bool fixed_high);
  static void each_rows(const Level& level, std::int64_t rows, base::Threads& threads,
                        const std::function<void(std::int64_t, std::int64_t)>& body);

  void prepare_level(std::size_t l, base::Threads& threads);
  void go_down(std::vector<Stage>& stages, std::size_t l, bool from_zero) const;
  void go_up(std::vector<Stage>& stages, std::size_t l) const;
  void run(std::size_t l, const std::vector<Stage>& stages, base::Threads& threads);
  void run(std::size_t l, const Stage& stage, int first, int last, int z);
  void relax(Level& level, const Stage& stage, int first, int last, int z) const;
  void restrict(const Level& fine, Level& coarse, int first, int last, int z) const;
  void correct(const Level& coarse, Level& fine, int first, int last, int z) const;
  void solve_coarser(base::Threads& threads);

  const Rows* rows_;
  std::vector<Level> levels_;
  base::Array<float> coarser_;  // all arrays of the coarser levels
  base::Array<float> inverse_;  // of the finest one
  float voxel_coupling_ = 0.0f;
  bool held_ = false;
  bool fused_ = true;
  int sweeps_ = 1;
  int colours_ = 1;  // of which the residual is restricted
};

}  // namespace qsp::field

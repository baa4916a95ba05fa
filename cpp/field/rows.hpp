// The innermost loops of the field solver.
//
// A row of voxels is stored as two halves, those of even x and those of odd x, so that each colour of red-black
// relaxation, restriction and prolongation reads and writes contiguous floats: no masks, and no load that overlaps a
// store just made. Half rows are a whole number of lanes long. Every element is computed by the same operations in the
// same order whatever the instructions, and sums are kept in a fixed number of lanes, so all sets give the same bits.
#pragma once

#include <cstddef>

#include "base/instructions.hpp"

namespace qsp::field {

inline constexpr int lanes = 8;  // floats that the loops take at a time

// How the rows of a level lie in its arrays.
struct Layout {
  std::size_t half = 0;    // from the voxels of even x of a row to those of odd x
  std::size_t stride = 0;  // from row to row
  std::size_t plane = 0;   // from plane to plane; 0 in two dimensions, where there is nothing below and above
  int n = 0;               // floats of a half row that the loops visit
};

// Couplings to the neighbours [1/day]; along x one per voxel, for even and for odd x, along y one per row.
struct Coupling {
  const float* left[2];
  const float* right[2];
  const float* south;
  const float* north;
  float below;
  float above;
};

// One fine row of which the residual goes into a coarse row: its voxels of even or of odd x, which are those of red
// colour. Pointers to its first voxel of even x.
struct Child {
  const float* u;
  const float* right_side;
  const float* reaction;
  bool odd;
  float weight;      // share in the width of the parent, along y and z
  float neighbours;  // along y and z, those at a fixed face counted twice
  float south, north, below, above;
};

// What the row of a coarse cell gives to the fine rows in it, along x: share, and in the correction the weights of the
// parent and of the parent's neighbour; for even and for odd x.
struct Transfer {
  const float* share[2];
  const float* own[2];
  const float* other[2];
};

struct Rows {
  // Half sweep over `rows` rows of one plane: u = (coupling * neighbours + right_side) * inverse for the voxels of odd
  // x in the first row, if `odd`, of even x in the second, and so on. For each row, if asked for, sums[0] = sum of
  // (change of u)^2 and sums[1] = sum of u^2.
  void (*relax_uniform)(const Layout& layout, float* u, const float* right_side, const float* inverse, float coupling,
                        int rows, bool odd, float* sums);
  // The same with a coupling per neighbour.
  void (*relax)(const Layout& layout, float* u, const float* right_side, const float* inverse, const Coupling& coupling,
                int rows, bool odd, float* sums);
  // The same from a solution of zero: u = right_side * inverse.
  void (*start)(const Layout& layout, float* u, const float* right_side, const float* inverse, int rows, bool odd);

  // whole = sum over the children of weight * share * residual.
  void (*residual_uniform)(const Layout& layout, float* whole, const Child* children, int count, float coupling,
                           float constant, const float* const* neighbours, const Transfer& transfer);
  void (*residual)(const Layout& layout, float* whole, const Child* children, int count, float constant,
                   const Coupling& coupling, const Transfer& transfer);
  void (*divide)(const float* whole, float* even, float* odd, int n);  // n floats of each half

  // A coarse row, blended of two, at the fine voxels: even[i] = own whole[i] + other whole[i-1] and odd[i] with
  // whole[i+1]. `whole` is scratch of 2 coarse.n + 16 floats.
  void (*spread)(const Layout& coarse, const float* here, const float* there, float own, float other, float* whole,
                 const Transfer& transfer, int n, float* even, float* odd);
  // u += own here + other there; not in voxels that are held, of which the inverse is next to nothing.
  void (*correct)(float* u, const float* here, const float* there, float own, float other, int n);
  void (*correct_free)(float* u, const float* here, const float* there, float own, float other, const float* inverse,
                       int n);

  // inverse = 1 / (constant + reaction + diagonal + rest), 0 where that is not positive; then
  // numerator += weight share (constant + reaction) inverse, denominator += weight share inverse
  void (*invert)(float* inverse, const float* reaction, float constant, const float* diagonal, float rest, int n);
  void (*average)(float* numerator, float* denominator, const float* reaction, float constant, const float* inverse,
                  const float* share, float weight, int n);

  void (*quotient)(float* out, const float* numerator, const float* denominator, int n);  // 0 where that is nothing

  // Sum and largest of n floats, a whole number of lanes.
  void (*survey)(const float* values, std::size_t n, float* out);
  // A dense row of `length` voxels into the two halves of a padded one, with the right side of a step from there:
  // right_side = source + storage u. out = sums of u, u^2, source. Without storage the right side is left alone.
  void (*load)(const Layout& layout, const float* dense, int length, float* u, const float* source, float storage,
               float* right_side, float* out);
  // From the first stage to the second: first = u, right_side += onwards (u - start), start dense; out = sums of u,
  // uptake u.
  void (*advance)(const Layout& layout, const float* dense, int length, const float* u, const float* uptake,
                  float onwards, float* right_side, float* first, float* out);
  // Difference of what the two stages say, (u - start) - (first - start) per; out = sums of difference^2, u^2, u,
  // uptake u, then lowest and highest u. The difference is written where one is given.
  void (*judge)(const Layout& layout, const float* dense, int length, const float* u, const float* uptake,
                const float* first, float per, float* difference, float* out);
  // out = sums of u^2, u, uptake u, then lowest and highest u.
  void (*weigh)(const Layout& layout, const float* u, const float* uptake, float* out);
  // out = sums of saturable / (half_saturation + u) and of u times that, u where positive.
  void (*saturation)(const Layout& layout, const float* u, const float* saturable, float half_saturation, float* out);
  // The tangent of saturable uptake at u: reaction = uptake + slope, right_side = base - rest, both parts never
  // negative. out = largest reaction.
  void (*linearise)(const Layout& layout, const float* u, const float* uptake, const float* saturable,
                    const float* base, float half_saturation, float* reaction, float* right_side, float* out);
  // dense = factor u, 0 where smaller than `least`; out = sum of dense.
  void (*store)(const Layout& layout, const float* u, int length, float factor, float least, float* dense, float* out);
};

QSP_KERNEL_TABLE(Rows, rows)

}  // namespace qsp::field

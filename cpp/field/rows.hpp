// The innermost loops of the field solver, over half a row of voxels.
//
// A row is stored as two halves, the voxels of even x and those of odd x, so that red-black relaxation, restriction and
// prolongation read and write contiguous floats and any compiler vectorises them. Every element is computed by the same
// operations in the same order whatever the width of the vectors: no loop here carries a sum from element to element.
#pragma once

#include <cstddef>

#include "base/instructions.hpp"

namespace qsp::field {

// The neighbours of a half row: `left` and `right` lie in the other half, the others in the same half of other rows.
// In two dimensions `below` and `above` are null.
struct Around {
  const float* left;
  const float* right;
  const float* south;
  const float* north;
  const float* below;
  const float* above;
};

// Coupling to each neighbour [1/day]; along x one per voxel.
struct Coupling {
  const float* left;
  const float* right;
  float south;
  float north;
  float below;
  float above;
};

struct Rows {
  // u = (coupling * neighbours + right_side) * inverse, with one coupling for all neighbours.
  void (*relax_uniform)(float* u, const Around& around, float coupling, const float* right_side, const float* inverse,
                        int n);

  // The same with a coupling per neighbour.
  void (*relax)(float* u, const Around& around, const Coupling& coupling, const float* right_side, const float* inverse,
                int n);

  // coarse += weight * share * (right_side - reaction u + coupling (neighbours - u)). Written with differences, so the
  // sum over the box is what has been produced minus what has been lost, whatever the rounding of u.
  void (*restrict_residual)(float* coarse, const float* u, const Around& around, const Coupling& coupling,
                            const float* right_side, const float* reaction, const float* share, float weight, int n);

  // u = a b
  void (*multiply)(float* u, const float* a, const float* b, int n);

  // fine += own coarse + other neighbour, where `neighbour` is coarse shifted by one voxel.
  void (*correct)(float* fine, const float* own, const float* coarse, const float* other, const float* neighbour,
                  int n);

  // out = own a + other b for both halves of a row: `n` floats each, the second `apart` behind the first, out without a
  // gap.
  void (*blend)(float* out, const float* a, const float* b, float own, float other, int n, std::size_t apart);
  // out += the same
  void (*blend_more)(float* out, const float* a, const float* b, float own, float other, int n, std::size_t apart);

  // inverse = 1 / (reaction + diagonal + rest), 0 where that is not positive
  void (*invert)(float* inverse, const float* reaction, const float* diagonal, float rest, int n);

  // numerator += weight share reaction inverse, denominator += weight share inverse
  void (*average)(float* numerator, float* denominator, const float* reaction, const float* inverse, const float* share,
                  float weight, int n);

  // whole[2 i] = even[i], whole[2 i + 1] = odd[i], and back
  void (*interleave)(float* whole, const float* even, const float* odd, int n);
  void (*divide_up)(const float* whole, float* even, float* odd, int n);
};

QSP_KERNEL_TABLE(Rows, rows)

}  // namespace qsp::field

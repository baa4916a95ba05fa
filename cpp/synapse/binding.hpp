// Receptor and ligand between two membranes: the equilibrium number of bonds per um2.
#pragma once

#include <cmath>

namespace qsp::synapse {

// Bonds per um2 of a receptor density a and a ligand density b with the two-dimensional dissociation constant K (all
// per um2): the smaller root of x^2 - (a + b + K) x + a b = 0, written so that nothing cancels.
[[nodiscard]] inline double bonds(double receptor, double ligand, double dissociation) {
  if (receptor <= 0.0 || ligand <= 0.0) return 0.0;
  const double sum = receptor + ligand + dissociation;
  return 2.0 * receptor * ligand / (sum + std::sqrt(sum * sum - 4.0 * receptor * ligand));
}

}  // namespace qsp::synapse

// Everything that a verb may read or change while it acts on one agent. References only: the engine owns the state.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "agent/table.hpp"
#include "base/philox.hpp"
#include "field/field.hpp"
#include "lattice/neighbourhood.hpp"
#include "lattice/occupancy.hpp"
#include "process/specification.hpp"
#include "synapse/binding.hpp"

namespace qsp::process {

struct Context {
  const Specification& specification;
  const lattice::Geometry& geometry;
  const lattice::Neighbourhood& neighbourhood;
  lattice::Occupancy& occupancy;
  agent::Table& agents;
  std::vector<field::Field>& fields;
  const std::vector<double>& body;                           // signals of the body at this step
  const std::vector<agent::Column<std::uint8_t>>& contacts;  // contact maps: cells of a set of types around a voxel
  const rule::HillKernels& hill;
  std::uint64_t seed;
  std::uint32_t step;

  [[nodiscard]] const TypeSpec& type_of(std::uint32_t slot) const {
    return specification.types[agents.type[slot] - 1U];
  }
  [[nodiscard]] const rule::Behaviour& behaviour(const TypeSpec& type, int index) const {
    return specification.behaviours[static_cast<std::size_t>(type.first_behaviour + index)];
  }
  [[nodiscard]] base::Words draw(std::uint32_t slot, base::Purpose purpose, std::uint32_t number) const {
    return base::draw(seed, agents.key[slot], step, purpose, number);
  }

  // Ligand density in the synapse that this agent would offer.
  [[nodiscard]] double ligand(const SynapseSpec& synapse, std::uint32_t slot) const {
    double sum = 0.0;
    for (const int trait : synapse.ligand_slots[agents.type[slot]])
      sum += static_cast<double>(agents.trait[static_cast<std::size_t>(trait)][slot]);
    return sum * synapse.per_ligand;
  }

  // Bonds per um2 between a receptor-bearing agent and a ligand density.
  [[nodiscard]] double bonds(const SynapseSpec& synapse, std::uint32_t slot, double ligand_density) const {
    double receptor = static_cast<double>(synapse.receptor[agents.type[slot]]);
    for (const int signal : synapse.blocked_by) receptor *= 1.0 - body[static_cast<std::size_t>(signal)];
    return synapse::bonds(receptor, ligand_density, synapse.dissociation);
  }

  // Bonds per um2 with the solid neighbour of highest ligand.
  [[nodiscard]] double highest_bonds(const SynapseSpec& synapse, std::uint32_t slot) const {
    double highest = 0.0;
    const auto look = [&](std::int64_t near, int) {
      if (synapse.ligand_slots[occupancy.code(near)].empty()) return;
      const auto other = occupancy.solid(near);
      if (other != slot) highest = std::max(highest, ligand(synapse, other));
    };
    const std::int64_t voxel = agents.voxel[slot];
    look(voxel, 0);
    neighbourhood.each(voxel, look);
    return bonds(synapse, slot, highest);
  }

  // The values of a signal for n agents of one type in their voxels; `target` is the engaged target's slot, or nobody.
  void read(const rule::Signal& signal, std::uint8_t type, const std::uint32_t* slots, const std::uint32_t* voxels,
            int n, float* out, std::uint32_t target = lattice::Occupancy::nobody) const;

  // A behaviour of one agent, at this moment.
  [[nodiscard]] float evaluate(std::uint32_t slot, const rule::Behaviour& behaviour,
                               std::uint32_t target = lattice::Occupancy::nobody) const;
};

// An agent that walks, as long as a step lasts.
struct Walker {
  std::uint32_t slot;
  std::uint16_t x, y, z;
  std::uint8_t heading;

  [[nodiscard]] lattice::Site site(const lattice::Geometry& geometry) const {
    return {geometry.index(x, y, z), x, y, z};
  }
  void stand(const lattice::Site& site) {
    x = static_cast<std::uint16_t>(site.x);
    y = static_cast<std::uint16_t>(site.y);
    z = static_cast<std::uint16_t>(site.z);
  }
};

}  // namespace qsp::process

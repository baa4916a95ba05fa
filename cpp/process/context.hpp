// Everything that a verb may read or change while it acts on one agent. References only: the engine owns the state.
#pragma once

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
  const std::vector<double>& body;                         // signals of the body at this step
  const std::vector<std::vector<std::uint8_t>>& contacts;  // contact maps: cells of a set of types around a voxel
  const std::vector<float>& values;                        // behaviours of all agents, `stride` per agent
  std::size_t stride;
  std::uint64_t seed;
  std::uint32_t step;

  [[nodiscard]] const TypeSpec& type_of(std::uint32_t slot) const {
    return specification.types[agents.type[slot] - 1U];
  }
  [[nodiscard]] float value(std::uint32_t slot, int behaviour) const {
    return values[slot * stride + static_cast<std::size_t>(behaviour)];
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

  // The value of a signal for one agent; `target` is its engaged target's slot, or nobody.
  [[nodiscard]] double read(std::uint32_t slot, const rule::Signal& signal, std::uint32_t target) const {
    const auto index = static_cast<std::size_t>(signal.index);
    const std::int64_t voxel = agents.voxel[slot];
    switch (signal.source) {
      case rule::Source::field:
        return fields[index].at(voxel);
      case rule::Source::trait:
        return static_cast<double>(agents.trait[index][slot]);
      case rule::Source::contact: {
        const int around = contacts[index][static_cast<std::size_t>(voxel)];
        return around - (specification.contacts[index][agents.type[slot]] ? 1 : 0);  // it is not its own neighbour
      }
      case rule::Source::crowding: {
        int held = 0, all = 0;
        neighbourhood.each(voxel, [&](std::int64_t near, int) {
          ++all;
          held += occupancy.has_solid(near) ? 1 : 0;
        });
        return all == 0 ? 1.0 : static_cast<double>(held) / all;
      }
      case rule::Source::body:
        return body[index];
      case rule::Source::synapse_target: {
        if (target == lattice::Occupancy::nobody) return 0.0;
        const auto& synapse = specification.synapses[index];
        return bonds(synapse, slot, ligand(synapse, target));
      }
      case rule::Source::synapse_max: {
        const auto& synapse = specification.synapses[index];
        double highest = 0.0;
        const auto look = [&](std::int64_t near, int) {
          const auto other = occupancy.solid(near);
          if (other == lattice::Occupancy::nobody || other == slot) return;
          const double density = ligand(synapse, other);
          if (density > highest) highest = density;
        };
        look(voxel, 0);
        neighbourhood.each(voxel, look);
        return bonds(synapse, slot, highest);
      }
      case rule::Source::engaged:
        return agents.target[slot] != 0 ? 1.0 : 0.0;
      case rule::Source::age:
        return (step - agents.born[slot]) * specification.dt;
    }
    return 0.0;
  }

  [[nodiscard]] float evaluate(std::uint32_t slot, const rule::Behaviour& behaviour,
                               std::uint32_t target = lattice::Occupancy::nobody) const {
    return rule::evaluate(behaviour, specification.terms, [&](std::int32_t signal) {
      return read(slot, specification.signals[static_cast<std::size_t>(signal)], target);
    });
  }
};

}  // namespace qsp::process

#include "process/context.hpp"

namespace qsp::process {

void Context::read(const rule::Signal& signal, std::uint8_t type, const std::uint32_t* slots,
                   const std::uint32_t* voxels, int n, float* out, std::uint32_t target) const {
  const auto index = static_cast<std::size_t>(signal.index);
  const auto known = [&](std::uint32_t slot) { return agents.born[slot] <= step; };  // to the maps: not born just now
  const auto each = [&](auto&& value) {
    for (int i = 0; i < n; ++i) out[i] = static_cast<float>(value(slots[i]));
  };
  switch (signal.source) {
    case rule::Source::field: {
      const float* stored = fields[index].stored().data();
      const auto scale = static_cast<float>(fields[index].description().scale);
      for (int i = 0; i < n; ++i) out[i] = stored[voxels[i]];
      for (int i = 0; i < n; ++i) out[i] = (out[i] > 0.0F ? out[i] : 0.0F) * scale;
      return;
    }
    case rule::Source::trait:
      return each([&column = agents.trait[index]](std::uint32_t slot) { return column[slot]; });
    case rule::Source::contact: {
      const std::uint8_t* around = contacts[index].data();
      if (!specification.contacts[index][type]) {
        for (int i = 0; i < n; ++i) out[i] = around[voxels[i]];
        return;
      }
      for (int i = 0; i < n; ++i)  // a cell is not its own neighbour
        out[i] = static_cast<float>(std::max(0, around[voxels[i]] - (known(slots[i]) ? 1 : 0)));
      return;
    }
    case rule::Source::crowding: {
      const std::uint8_t* around = contacts[index].data();
      for (int i = 0; i < n; ++i) {
        const int all = neighbourhood.count_at(geometry.site(voxels[i]));
        const int held = around[voxels[i]] - (occupancy.has_solid(voxels[i]) && known(slots[i]) ? 1 : 0);
        out[i] = all == 0 ? 1.0F : static_cast<float>(std::clamp(held, 0, all)) / static_cast<float>(all);
      }
      return;
    }
    case rule::Source::body:
      return each([value = body[index]](std::uint32_t) { return value; });
    case rule::Source::synapse_target: {
      const auto& synapse = specification.synapses[index];
      return each([&](std::uint32_t slot) {
        return target == lattice::Occupancy::nobody ? 0.0 : bonds(synapse, slot, ligand(synapse, target));
      });
    }
    case rule::Source::synapse_max:
      return each([&](std::uint32_t slot) { return highest_bonds(specification.synapses[index], slot); });
    case rule::Source::engaged:
      return each([&column = agents.target](std::uint32_t slot) { return column[slot] != 0 ? 1.0F : 0.0F; });
    case rule::Source::age:
      return each(
          [&](std::uint32_t slot) { return known(slot) ? (step - agents.born[slot]) * specification.dt : 0.0; });
  }
}

float Context::evaluate(std::uint32_t slot, const rule::Behaviour& behaviour, std::uint32_t target) const {
  if (behaviour.terms == 0) return behaviour.base;
  float up = 0.0F, down = 0.0F;
  for (std::int32_t k = behaviour.first; k < behaviour.first + behaviour.terms; ++k) {
    const auto& term = specification.terms[static_cast<std::size_t>(k)];
    float value = 0.0F;
    read(specification.signals[static_cast<std::size_t>(term.signal)], agents.type[slot], &slot, &agents.voxel[slot], 1,
         &value, target);
    rule::add_term(hill, term, &value, term.up ? &up : &down, 1);
  }
  float result = 0.0F;
  hill.respond(&result, &up, &down, behaviour.base, behaviour.limit_up, behaviour.limit_down, 1);
  return result;
}

}  // namespace qsp::process

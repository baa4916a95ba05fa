// What an agent can read.
#pragma once

#include <cstdint>

namespace qsp::rule {

enum class Source : std::uint8_t {
  field,           // concentration at the agent's voxel, index = field
  trait,           // its own trait, index = slot
  contact,         // cells of a set of types in the Moore neighbourhood and the own voxel, index = contact map
  crowding,        // fraction of neighbouring voxels that hold a solid cell, index = contact map of all solid types
  body,            // a signal of the body, index = position
  synapse_target,  // bonds per um2 with the engaged target, index = synapse
  synapse_max,     // bonds per um2 with the solid neighbour of highest ligand, index = synapse
  engaged,         // 1 while engaged
  age,             // days since birth
};

struct Signal {
  Source source = Source::field;
  std::int32_t index = 0;
};

}  // namespace qsp::rule

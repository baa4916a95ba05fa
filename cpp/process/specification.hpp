// A compiled model: flat arrays, every name resolved to an index. Python's `compile` fills it once; nothing changes it
// after.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/table.hpp"
#include "rule/hill.hpp"
#include "rule/signal.hpp"

namespace qsp::process {

inline constexpr int most_types = 256;
using TypeMask = std::array<bool, most_types>;

struct ChemotaxisSpec {
  int field = 0;
  double sensitivity = 0.0;  // um
  double half = 0.0;         // unit of the field
};

struct Pace {                 // of a walk in sub-steps of a fixed length
  double turn = 1.0;          // probability of turning; 1: memoryless
  double memory = 0.0;        // 2 (1 - turn) / turn
  double width = 1.0;         // mean length of a heading, or mean squared hop of a memoryless walk, voxels
  double per_motility = 0.0;  // mean squared displacement per sub-step and motility, voxels^2 day / um2
};

struct MoveSpec {
  int motility = -1;         // behaviour, um2/day
  double persistence = 0.0;  // day
  std::vector<ChemotaxisSpec> chemotaxis;
  Pace pace;                                     // set by the engine once it knows the sub-step
  std::array<float, most_types> permeability{};  // by the type of the solid cell in the voxel to be entered
};

struct DivideSpec {
  int rate = -1;                    // behaviour, 1/day
  int push = 1;                     // voxels
  std::uint8_t into = agent::gone;  // type of an unlike daughter; gone: both are alike
  double fraction = 0.0;            // of the divisions that have an unlike daughter
};

struct DieSpec {
  int rate = -1;  // behaviour, 1/day
  int cause = 0;  // index of the cause of death
  std::uint8_t into = agent::gone;
};

struct KillSpec {
  int engage = -1, hit_rate = -1, detach = -1;  // behaviours, 1/day
  TypeMask targets{};
};

struct BecomeSpec {
  int rate = -1;  // behaviour, 1/day
  std::uint8_t into = agent::gone;
};

struct SecreteSpec {
  int field = 0;
  int rate = -1;        // behaviour, pmol/day
  double factor = 0.0;  // concentration in a voxel per pmol
};

struct TakeUpSpec {
  int field = 0;
  int clearance = -1;  // behaviour, um3/day
};

struct RecruitSpec {
  int blood = -1;          // body signal, cell/uL
  double clearance = 0.0;  // uL/day
};

struct LeaveSpec {
  int rate = -1;  // behaviour, 1/day
};

struct HitsSpec {
  int threshold = 0;  // 0: cannot be killed
  int stages = 1;
  double recovery = 0.0;  // day
  std::uint8_t into = agent::gone;
};

enum class Inheritance : std::uint8_t { copy, halve, reset };
enum class Law : std::uint8_t { constant, lognormal };

struct TraitSpec {
  Law law = Law::constant;
  double value = 0.0, sigma = 0.0;  // constant or median, and the standard deviation of the logarithm
  Inheritance inheritance = Inheritance::copy;
  int target = -1;                 // behaviour; -1: does not relax
  double rise = 0.0, decay = 0.0;  // day; 0: not in this direction
  double base = 0.0;               // what `reset` gives
};

enum class Occupies : std::uint8_t { solid, small, none };

struct TypeSpec {
  std::string name;
  std::uint64_t label = 0;  // hash of the name, for keys
  Occupies occupies = Occupies::solid;
  int cost = 0;  // of the room of 252, small cells only
  bool dead = false;
  HitsSpec hits;
  std::vector<TraitSpec> traits;
  int first_behaviour = 0, behaviours = 0;  // its rows of the behaviour table
  std::vector<MoveSpec> move;               // at most one each of move, divide, kill, recruit, leave
  std::vector<DivideSpec> divide;
  std::vector<DieSpec> die;
  std::vector<KillSpec> kill;
  std::vector<BecomeSpec> become;
  std::vector<SecreteSpec> secrete;
  std::vector<TakeUpSpec> take_up;
  std::vector<RecruitSpec> recruit;
  std::vector<LeaveSpec> leave;
  [[nodiscard]] bool active() const { return !move.empty() || !kill.empty(); }
};

struct SynapseSpec {
  std::array<float, most_types> receptor{};  // per um2 of synapse, enrichment included, by type
  double per_ligand = 0.0;                   // density in the synapse per ligand molecule of the other cell
  double dissociation = 1.0;                 // per um2
  std::array<std::vector<int>, most_types> ligand_slots;  // traits to sum, by type of the other cell
  std::vector<int> blocked_by;                            // body signals: fraction of receptors occupied
};

struct Specification {
  std::vector<TypeSpec> types;  // code - 1
  std::vector<rule::Behaviour> behaviours;
  std::vector<rule::Term> terms;
  std::vector<rule::Signal> signals;
  std::vector<TypeMask> contacts;
  std::vector<SynapseSpec> synapses;
  std::vector<std::string> causes;  // of death; the first is "killed"
  int body_signals = 0;
  bool open_edges = false;
  double dt = 0.0;  // day
};

}  // namespace qsp::process

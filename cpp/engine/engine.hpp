// The machine: all mutable state of the tissue, and the order of a step (fields, signals, motile sub-steps, fates,
// placement).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/table.hpp"
#include "base/instructions.hpp"
#include "base/random.hpp"
#include "base/threads.hpp"
#include "engine/phases.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "field/field.hpp"
#include "field/workspace.hpp"
#include "lattice/contacts.hpp"
#include "lattice/neighbourhood.hpp"
#include "lattice/occupancy.hpp"
#include "process/context.hpp"
#include "process/specification.hpp"
#include "process/verbs.hpp"

namespace qsp::engine {

struct VesselExchange {  // of one field, in every voxel with a vessel
  double rate = 0.0;     // 1/day
  double value = 0.0;    // unit of the field
};

struct Settings {  // that change the speed of a simulation and what it keeps, never its results
  int threads = 1;
  base::Instructions instructions = base::best_instructions();
  bool lineage = true;  // keep every event until it is taken
};

class Engine {
 public:
  Engine(const lattice::Geometry& geometry, process::Specification specification,
         const std::vector<field::Description>& fields, const std::vector<VesselExchange>& exchanges,
         std::vector<std::int64_t> vessels, std::uint64_t seed, const Settings& settings);

  // Puts cells of the start on the lattice, in the order given (key order); refuses a voxel without room.
  void place(std::span<const std::uint8_t> types, std::span<const std::int64_t> voxels,
             std::span<const std::uint64_t> keys);
  // The same for cells given later (infused, added by a script), wherever there is room; returns how many found it.
  std::int64_t give(std::uint8_t type, std::span<const std::int64_t> voxels);
  void remove(std::span<const std::uint32_t> ids);
  void set_trait(std::span<const std::uint32_t> ids, int slot, std::span<const float> values);
  void set_clearance(std::uint8_t type, double clearance);  // uL/day of a type that is recruited

  // Brings the fields that relax much faster than a step to their steady state; no time passes.
  void settle();
  // Runs whole steps; `body` holds the body's signals for each of them, row after row.
  void run(std::int64_t steps, std::span<const double> body);

  // For each type the sum over its agents of the rate of each fate at this moment: die by cause, divide, become, leave
  // (1/day).
  struct FateRates {
    std::vector<double> dies, divides, becomes_other, arrives, leaves;  // by type; arrives: by becoming
  };
  [[nodiscard]] FateRates fate_rates(std::span<const double> body);

  // Throws std::logic_error where agents, occupancy and tally disagree.
  void check() const;

  [[nodiscard]] const lattice::Geometry& geometry() const { return geometry_; }
  [[nodiscard]] const process::Specification& specification() const { return specification_; }
  [[nodiscard]] std::int64_t step_number() const { return step_; }
  [[nodiscard]] int sub_steps() const { return sub_steps_; }
  [[nodiscard]] const base::Threads& threads() const { return *threads_; }
  [[nodiscard]] base::Instructions instructions() const { return instructions_; }
  [[nodiscard]] agent::Table& agents() { return agents_; }
  [[nodiscard]] const agent::Table& agents() const { return agents_; }
  [[nodiscard]] const std::vector<field::Field>& fields() const { return fields_; }
  [[nodiscard]] const std::vector<field::Report>& field_reports() const { return reports_; }
  [[nodiscard]] const std::vector<field::Ledger>& field_ledgers() const { return field_ledgers_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] const std::vector<std::int64_t>& vessels() const { return vessels_; }
  [[nodiscard]] const std::vector<double>& transit() const { return transit_; }
  [[nodiscard]] std::vector<std::int64_t> counts() const;
  [[nodiscard]] std::vector<Event> take_events() { return std::exchange(events_, {}); }
  [[nodiscard]] const Phases& phases() const { return phases_; }  // seconds spent so far
  // Bytes in use: agents, lattice, fields, workspace of the fields, scratch of a step.
  [[nodiscard]] std::array<std::pair<const char*, std::int64_t>, 5> memory() const;

  // Everything that the future depends on, next to the agents' columns (in storage order) and the fields' stored
  // values.
  struct State {
    std::int64_t step = 0;
    std::uint32_t next_id = 1;
    std::vector<double> transit;
    std::vector<std::uint64_t> serial;
    std::vector<std::int64_t> tally;
    std::vector<double> field_ledgers;
  };
  [[nodiscard]] State state() const;
  // Columns are set through `agents()` first; this rebuilds the occupancy from them.
  void restore(const State& state, const std::vector<std::vector<float>>& fields);

 private:
  static constexpr std::int64_t chunk = 4096;        // agents per item of a parallel loop
  static constexpr std::int64_t sort_interval = 16;  // steps

  struct Fate {  // one event of an agent's chain within the step
    double time;
    std::uint64_t key;
    std::uint32_t slot;    // of the agent; for recruits the type
    std::uint32_t number;  // of the draw in the agent's chain
    std::uint32_t word;    // random choice of a place
    std::uint32_t row;     // of its rates
    std::uint8_t type;     // for which they hold
    enum class Kind : std::uint8_t { die, divide, become, leave, recruit } kind;
    std::uint16_t which;  // process of that kind
    [[nodiscard]] bool operator>(const Fate& other) const {
      return time != other.time ? time > other.time : (key != other.key ? key > other.key : number > other.number);
    }
  };
  class Queue;

  // An agent that moves or kills, during the motile sub-steps: its chances in one of them, and what it does with them.
  struct Motile : process::Walker, process::kill::Engagement {
    std::uint64_t key;
    float hop;  // along an axis
    float engage, hit, detach;
    std::uint8_t type;
  };
  struct Killed {
    std::uint32_t slot;
    std::uint8_t type, into;  // that it had; its remains, which may be killed in their turn
  };
  // What one chunk of agents brings to the rest of the step.
  struct Yield {
    struct Candidate {
      std::uint32_t slot;
      std::uint8_t type;
    };
    std::vector<Candidate> candidates;  // agents that may meet a fate
    std::vector<float> rows;            // their rates, `fate_stride_` each
  };

  [[nodiscard]] process::Context context();
  // Calls body(first, last) for chunks of [0, items), side by side where that is worth it.
  void each_chunk(std::int64_t items, std::int64_t length, const std::function<void(std::int64_t, std::int64_t)>& body);
  void step();
  void map_crowding();
  void plan_deposits();
  void sort();
  void survey();
  void map_contacts();
  void evaluate_deposits();
  void deposit(std::size_t field);
  void step_fields();
  void evaluate();
  void evaluate_chunk(std::int64_t first, std::int64_t last, Yield& yield, Motile* motile);
  void bin_motile(std::uint32_t sub_step);
  void motile_sub_step(std::uint32_t sub_step);
  void visit(process::Context& here, std::int64_t pencil, std::uint32_t sub_step);
  void strike(process::Context& here, Motile& killer, std::uint32_t target, const base::Words& words,
              std::uint32_t sub_step, std::vector<Killed>& killed);
  void settle_motile();
  void relax_traits();
  void fates();
  // The row of rates of one agent as she is now, appended to `rows_`; `newborn`: no contact map knows her yet.
  [[nodiscard]] std::uint32_t rates_now(const process::Context& context, std::uint32_t slot);
  [[nodiscard]] bool next_fate(std::uint32_t slot, std::uint32_t row, double from, std::uint32_t number,
                               Fate& fate) const;
  void apply(const Fate& fate, Queue& queue);
  void divide(const Fate& fate, Queue& queue);
  void go_on(const Fate& fate, Queue& queue);
  void recruits(Queue& queue);
  void enter(const Fate& fate);
  void turn_into(std::uint32_t slot, std::uint8_t type);
  void vanish(std::uint32_t slot);
  void occupy(std::uint32_t slot);
  void rebuild_occupancy();
  [[nodiscard]] bool fits(const process::TypeSpec& type, std::int64_t voxel) const;  // false outside the lattice
  [[nodiscard]] std::vector<std::uint32_t> slots_of(std::span<const std::uint32_t> ids,
                                                    const std::string& who) const;  // refuses an id that is not there
  [[nodiscard]] std::uint32_t add(const agent::Agent& agent);
  [[nodiscard]] std::array<float, agent::trait_slots> drawn_traits(const process::TypeSpec& type,
                                                                   std::uint64_t key) const;
  void record(double day, std::uint32_t slot, Happening what, std::size_t cause = 0);
  [[nodiscard]] double day() const { return static_cast<double>(step_) * specification_.dt; }

  lattice::Geometry geometry_;
  lattice::Neighbourhood neighbourhood_;
  process::Specification specification_;
  std::uint64_t seed_;
  std::unique_ptr<base::Threads> threads_;
  base::Instructions instructions_;
  bool lineage_;
  std::vector<std::int64_t> vessels_;
  agent::Column<std::uint8_t> near_vessel_;
  std::array<bool, process::most_types> active_{};           // types that move or kill
  bool killed_again_ = false;                                // some remains can be killed in their turn
  std::vector<process::divide::Reach> reach_;                // by type
  std::vector<StepPlan> plans_;                              // by type
  std::vector<Plan> deposit_plans_;                          // by type: rates of release and uptake that rules change
  std::vector<std::vector<std::vector<Deposit>>> deposits_;  // by field and type
  std::size_t fate_stride_ = 0;                              // rates of fates, of the type that has most

  int sub_steps_ = 1;
  int pencil_ = 8;        // width of a pencil in voxels
  int bin_interval_ = 3;  // sub-steps between two binnings: no two agents of one colour may meet before

  std::int64_t step_ = 0;
  std::uint32_t next_id_ = 1;
  agent::Table agents_;
  lattice::Occupancy occupancy_;
  std::shared_ptr<field::Workspace> workspace_;
  std::vector<field::Field> fields_;
  std::vector<field::Report> reports_;
  std::vector<field::Ledger> field_ledgers_;
  std::vector<double> transit_;        // cells on their way from blood, by type
  std::vector<std::uint64_t> serial_;  // recruits tried and cells given so far, by type
  Tally tally_;
  std::vector<Event> events_;
  Phases phases_;

  // Scratch of one step.
  std::vector<double> body_;
  std::vector<agent::Column<std::uint8_t>> contacts_;
  agent::Column<std::uint8_t> present_;  // cells of a set in each voxel
  struct Survey {                        // of a chunk of agents
    std::uint32_t lowest, highest;       // voxel
    std::uint32_t motile;                // agents that move or kill, in this chunk and, once summed, in those before it
  };
  std::vector<Survey> surveys_;
  std::vector<agent::Column<float>> deposit_rates_;         // by column of the deposit plans
  std::vector<Yield> yields_;                               // by chunk
  std::vector<agent::Column<float>> relaxed_;               // what the traits will be; empty for those that never relax
  agent::Column<Motile> motile_;                            // in storage order
  agent::Column<std::uint32_t> by_pencil_, was_by_pencil_;  // positions in `motile_`
  std::vector<std::uint32_t> pencil_start_, bin_next_;
  int pencils_y_ = 1, pencils_z_ = 1;
  std::vector<std::vector<Killed>> killed_;  // by pencil
  std::vector<std::uint32_t> remains_;       // of those killed in this step
  std::vector<float> rows_;                  // rates of fates, `fate_stride_` each
};

}  // namespace qsp::engine

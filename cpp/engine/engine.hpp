// The machine: all mutable state of the tissue, and the order of a step (fields, signals, motile sub-steps, fates,
// placement).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/table.hpp"
#include "base/threads.hpp"
#include "engine/tally.hpp"
#include "field/field.hpp"
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

class Engine {
 public:
  Engine(const lattice::Geometry& geometry, process::Specification specification,
         const std::vector<field::Description>& fields, std::vector<VesselExchange> exchanges,
         std::vector<std::int64_t> vessels, std::uint64_t seed, int threads);

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
  [[nodiscard]] agent::Table& agents() { return agents_; }
  [[nodiscard]] const std::vector<field::Field>& fields() const { return fields_; }
  [[nodiscard]] const std::vector<field::Report>& field_reports() const { return reports_; }
  [[nodiscard]] const std::vector<field::Ledger>& field_ledgers() const { return field_ledgers_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] const std::vector<std::int64_t>& vessels() const { return vessels_; }
  [[nodiscard]] const std::vector<double>& transit() const { return transit_; }
  [[nodiscard]] std::vector<std::int64_t> counts() const;
  [[nodiscard]] std::vector<Event> take_events() { return std::exchange(events_, {}); }

  // Everything that the future depends on, next to the agents' columns and the fields' stored values.
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
  static constexpr std::int64_t chunk = 1024;  // agents per item of a parallel loop

  struct Fate {  // one event of an agent's chain within the step
    double time;
    std::uint64_t key;
    std::uint32_t slot;    // of the agent; for recruits the type
    std::uint32_t number;  // of the draw in the agent's chain
    std::uint32_t word;    // random choice of a place
    enum class Kind : std::uint8_t { die, divide, become, leave, recruit } kind;
    std::uint16_t which;  // process of that kind
    [[nodiscard]] bool operator>(const Fate& other) const {
      return time != other.time ? time > other.time : (key != other.key ? key > other.key : number > other.number);
    }
  };
  class Queue;

  [[nodiscard]] process::Context context();
  void each_chunk(const std::function<void(std::int64_t, std::int64_t)>& body);
  void step();
  void deposit();
  void map_contacts();
  void evaluate(const process::Context& context, std::uint32_t slot);
  void evaluate_all();
  void relax_traits();
  void motile_sub_step(std::uint32_t sub_step);
  void fates();
  [[nodiscard]] bool next_fate(const process::Context& context, std::uint32_t slot, double from, std::uint32_t number,
                               Fate& fate) const;
  void apply(const Fate& fate, Queue& queue);
  void divide(const Fate& fate, Queue& queue);
  void go_on(const Fate& fate, Queue& queue);
  [[nodiscard]] double rate(const process::Context& context, std::uint32_t slot, int behaviour) const;
  void recruits(Queue& queue);
  void enter(const Fate& fate);
  void turn_into(std::uint32_t slot, std::uint8_t type);
  void vanish(std::uint32_t slot);
  void occupy(std::uint32_t slot);
  void rebuild_occupancy();
  [[nodiscard]] bool fits(const process::TypeSpec& type, std::int64_t voxel) const;  // false outside the lattice
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t id,
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
  std::vector<std::int64_t> vessels_;
  std::vector<std::uint8_t> near_vessel_;
  std::vector<VesselExchange> exchanges_;
  std::vector<process::divide::Reach> reach_;  // by type

  int sub_steps_ = 1;
  int pencil_ = 8;  // width of a pencil in voxels: twice the reach of a sub-step fits in between two of one colour

  std::int64_t step_ = 0;
  std::uint32_t next_id_ = 1;
  agent::Table agents_;
  lattice::Occupancy occupancy_;
  std::vector<field::Field> fields_;
  std::vector<field::Report> reports_;
  std::vector<field::Ledger> field_ledgers_;
  std::vector<double> transit_;        // cells on their way from blood, by type
  std::vector<std::uint64_t> serial_;  // recruits tried and cells given so far, by type
  Tally tally_;
  std::vector<Event> events_;

  // Scratch of one step.
  std::vector<double> body_;
  std::vector<std::vector<std::uint8_t>> contacts_;
  std::size_t stride_ = 0;
  std::vector<float> values_;               // behaviours, `stride_` per agent
  std::vector<std::uint8_t> evaluated_as_;  // type for which an agent's behaviours hold
};

}  // namespace qsp::engine

// Phase 3: contact maps, what agents release and take up, the fields.
#include <algorithm>
#include <atomic>

#include "engine/engine.hpp"

namespace qsp::engine {

// What each type does to each field. Rates that rules change get a column, evaluated before the first field is solved,
// so that the order of the fields does not matter.
void Engine::plan_deposits() {
  deposits_.assign(fields_.size(), std::vector<std::vector<Deposit>>(specification_.types.size()));
  std::size_t columns = 0;
  for (std::size_t t = 0; t < specification_.types.size(); ++t) {
    const auto& type = specification_.types[t];
    Plan plan;
    const auto add = [&](int field, Deposit::Into into, double factor, int behaviour) {
      const auto& row = specification_.behaviours[static_cast<std::size_t>(type.first_behaviour + behaviour)];
      Deposit deposit{into, factor, row.base, -1};
      if (row.terms > 0 && !row.deferred) deposit.column = plan.add(specification_, type, behaviour);
      deposits_[static_cast<std::size_t>(field)][t].push_back(deposit);
    };
    for (const auto& spec : type.secrete) {
      const double scale = fields_[static_cast<std::size_t>(spec.field)].description().scale;
      add(spec.field, Deposit::Into::source, spec.factor / scale, spec.rate);
    }
    for (const auto& spec : type.take_up) {
      const auto& field = fields_[static_cast<std::size_t>(spec.field)].description();
      const double per_day = 1.0 / geometry_.voxel_volume();
      if (field.half_saturation > 0.0)
        add(spec.field, Deposit::Into::saturable, per_day * field.half_saturation / field.scale, spec.clearance);
      else
        add(spec.field, Deposit::Into::uptake, per_day, spec.clearance);
    }
    columns = std::max(columns, plan.columns.size());
    deposit_plans_.push_back(std::move(plan));
  }
  deposit_rates_.resize(columns);
}

void Engine::evaluate_deposits() {
  if (deposit_rates_.empty()) return;
  for (auto& column : deposit_rates_) column.resize(agents_.size());
  const auto here = context();
  each_chunk(static_cast<std::int64_t>(agents_.size()), chunk, [&](std::int64_t first, std::int64_t last) {
    Block block;
    ByType by_type(specification_.types.size());
    for (auto from = first; from < last; from += Block::most)
      by_type.each(agents_, from, std::min(last, from + Block::most),
                   [&](std::uint8_t type, std::span<const std::uint32_t> slots) {
                     const auto& plan = deposit_plans_[type - 1U];
                     block.evaluate(here, plan, type, slots);
                     for (std::size_t k = 0; k < plan.columns.size(); ++k) {
                       const float* rates = block.column(static_cast<int>(k));
                       for (std::size_t i = 0; i < slots.size(); ++i) deposit_rates_[k][slots[i]] = rates[i];
                     }
                   });
  });
}

// Sources and sinks of one field, summed voxel by voxel in the storage order of the agents. The lattice is dealt out in
// ranges of voxels; each range looks through the chunks of agents that may have something for it.
void Engine::deposit(std::size_t field) {
  const auto& by_type = deposits_[field];
  if (std::all_of(by_type.begin(), by_type.end(), [](const auto& list) { return list.empty(); })) return;
  float* const into[] = {workspace_->source().data(), workspace_->uptake().data(), workspace_->saturable().data()};
  constexpr std::int64_t most_ranges = 64;
  const std::int64_t rows = std::int64_t{geometry_.ny} * geometry_.nz;
  const std::int64_t length = std::max<std::int64_t>((rows + most_ranges - 1) / most_ranges * geometry_.nx, chunk);
  each_chunk(geometry_.size(), length, [&](std::int64_t first, std::int64_t last) {
    const auto agents = agents_.size();
    for (std::size_t c = 0; c < surveys_.size(); ++c) {
      if (surveys_[c].highest < first || surveys_[c].lowest >= last) continue;
      const std::size_t end = std::min(agents, (c + 1) * static_cast<std::size_t>(chunk));
      for (std::size_t slot = c * static_cast<std::size_t>(chunk); slot < end; ++slot) {
        const std::int64_t voxel = agents_.voxel[slot];
        if (voxel < first || voxel >= last || agents_.type[slot] == agent::gone) continue;
        const auto& deposits = by_type[agents_.type[slot] - 1U];
        if (deposits.empty()) continue;
        const auto [x, y, z] = geometry_.position(voxel);
        const std::size_t at = workspace_->position(x, y, z);
        for (const auto& one : deposits) {
          const float rate = one.column < 0 ? one.rate : deposit_rates_[static_cast<std::size_t>(one.column)][slot];
          into[static_cast<std::size_t>(one.into)][at] += static_cast<float>(static_cast<double>(rate) * one.factor);
        }
      }
    }
  });
}

void Engine::step_fields() {
  evaluate_deposits();
  phases_.done(Phases::deposit);
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    workspace_->clear(fields_[f].description().half_saturation > 0.0, *threads_);
    phases_.done(Phases::fields);
    deposit(f);
    phases_.done(Phases::deposit);
    reports_[f] = fields_[f].step(specification_.dt, *threads_);
    phases_.done(Phases::fields);
    auto& sum = field_ledgers_[f];
    const auto& part = reports_[f].ledger;
    sum.produced += part.produced;
    sum.decayed += part.decayed;
    sum.taken_up += part.taken_up;
    sum.exchanged += part.exchanged;
    sum.boundary += part.boundary;
    sum.change += part.change;
    sum.residual += part.residual;
  }
}

void Engine::settle() {
  survey();
  map_contacts();
  evaluate_deposits();
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const std::vector<float> before(fields_[f].stored().begin(), fields_[f].stored().end());
    workspace_->clear(fields_[f].description().half_saturation > 0.0, *threads_);
    deposit(f);
    if (!fields_[f].step(specification_.dt, *threads_).quasi_steady) fields_[f].restore(before);
  }
}

void Engine::map_contacts() {
  const auto& kernels = lattice::contact_kernels(instructions_);
  const bool alone = threads_->count() == 1;
  for (std::size_t set = 0; set < contacts_.size(); ++set) {
    std::vector<std::uint8_t> solid, small;
    for (std::size_t type = 1; type <= specification_.types.size(); ++type) {
      if (!specification_.contacts[set][type]) continue;
      const bool is_solid = specification_.types[type - 1].occupies == process::Occupies::solid;
      (is_solid ? solid : small).push_back(static_cast<std::uint8_t>(type));
    }
    if (solid.empty())
      std::fill(present_.begin(), present_.end(), std::uint8_t{0});
    else
      each_chunk(geometry_.size(), 1 << 16, [&](std::int64_t first, std::int64_t last) {
        kernels.match(present_.data() + first, occupancy_.codes() + first, solid.data(), static_cast<int>(solid.size()),
                      last - first);
      });
    if (!small.empty()) {
      process::TypeMask wanted{};
      for (const auto type : small) wanted[type] = true;
      each_chunk(static_cast<std::int64_t>(agents_.size()), chunk, [&](std::int64_t first, std::int64_t last) {
        for (auto slot = static_cast<std::size_t>(first); slot < static_cast<std::size_t>(last); ++slot) {
          if (!wanted[agents_.type[slot]]) continue;
          auto& count = present_[agents_.voxel[slot]];
          if (alone)
            ++count;
          else  // whole numbers: the order does not matter
            std::atomic_ref(count).fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    lattice::sum_neighbourhoods(geometry_, present_, contacts_[set], kernels, *threads_);
  }
}

}  // namespace qsp::engine

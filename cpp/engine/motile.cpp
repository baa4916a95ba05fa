// Phase 5: motile sub-steps. Cells that move or kill act one after the other with immediate effect, in coloured
// pencils: bars of the lattice along x that are so far apart within a colour that no two of their cells can touch the
// same voxel. Pencils of one colour may run on any thread in any order; all else is fixed by seed, step and place.
#include <algorithm>
#include <numeric>

#include "base/key.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {
namespace {

constexpr std::int64_t bin_chunk = 8192;
constexpr std::size_t drawn_at_once = 64;
constexpr std::int64_t worth_threads = 2048;  // motile cells

}  // namespace

// Deals the motile cells out to pencils, whose origin is drawn; in a section a pencil is a strip. Within a pencil the
// order stays what it was.
void Engine::bin_motile(std::uint32_t sub_step) {
  const auto shift =
      base::draw(seed_, base::place_key(0), static_cast<std::uint32_t>(step_), base::Purpose::order, sub_step);
  const bool flat = geometry_.is_2d();
  const auto width = static_cast<std::uint32_t>(pencil_);
  const int shift_y = static_cast<int>(base::below(shift[0], width));
  const int shift_z = flat ? 0 : static_cast<int>(base::below(shift[1], width));
  pencils_y_ = (geometry_.ny + shift_y + pencil_ - 1) / pencil_;
  pencils_z_ = flat ? 1 : (geometry_.nz + shift_z + pencil_ - 1) / pencil_;
  const auto pencils = static_cast<std::size_t>(pencils_y_) * static_cast<std::size_t>(pencils_z_);
  const auto pencil = [&](const Motile& one) {
    return static_cast<std::size_t>((one.y + shift_y) / pencil_) +
           static_cast<std::size_t>(pencils_y_) * static_cast<std::size_t>((one.z + shift_z) / pencil_);
  };

  if (sub_step == 0) {
    by_pencil_.resize(motile_.size());
    std::iota(by_pencil_.begin(), by_pencil_.end(), 0U);
  }
  const auto cells = static_cast<std::int64_t>(motile_.size());
  const auto chunks = static_cast<std::size_t>((cells + bin_chunk - 1) / bin_chunk);
  bin_next_.assign(chunks * pencils, 0);  // by chunk, then pencil
  each_chunk(cells, bin_chunk, [&](std::int64_t first, std::int64_t last) {
    auto* counts = bin_next_.data() + static_cast<std::size_t>(first / bin_chunk) * pencils;
    for (auto k = first; k < last; ++k) ++counts[pencil(motile_[by_pencil_[static_cast<std::size_t>(k)]])];
  });
  pencil_start_.resize(pencils + 1);
  std::uint32_t sum = 0;
  for (std::size_t p = 0; p < pencils; ++p) {
    pencil_start_[p] = sum;
    for (std::size_t c = 0; c < chunks; ++c) sum += std::exchange(bin_next_[c * pencils + p], sum);
  }
  pencil_start_[pencils] = sum;
  was_by_pencil_.swap(by_pencil_);
  by_pencil_.resize(motile_.size());
  each_chunk(cells, bin_chunk, [&](std::int64_t first, std::int64_t last) {
    auto* next = bin_next_.data() + static_cast<std::size_t>(first / bin_chunk) * pencils;
    for (auto k = first; k < last; ++k) {
      const auto which = was_by_pencil_[static_cast<std::size_t>(k)];
      by_pencil_[next[pencil(motile_[which])]++] = which;
    }
  });
  killed_.resize(std::max(killed_.size(), pencils));
}

void Engine::motile_sub_step(std::uint32_t sub_step) {
  if (motile_.empty()) return;
  if (sub_step % static_cast<std::uint32_t>(bin_interval_) == 0) bin_motile(sub_step);

  // Colours in a drawn order; the pencils of one colour side by side.
  auto here = context();
  const auto shuffle =
      base::draw(seed_, base::place_key(0), static_cast<std::uint32_t>(step_), base::Purpose::order, sub_step);
  const int colours = geometry_.is_2d() ? 2 : 4;
  std::array<int, 4> order{0, 1, 2, 3};
  for (int k = colours - 1; k > 0; --k)
    std::swap(order[static_cast<std::size_t>(k)],
              order[base::below(k == 1 ? shuffle[2] : shuffle[3] * static_cast<std::uint32_t>(k),
                                static_cast<std::uint32_t>(k + 1))]);
  for (int c = 0; c < colours; ++c) {
    const int odd_y = order[static_cast<std::size_t>(c)] & 1, odd_z = order[static_cast<std::size_t>(c)] >> 1;
    const std::int64_t across_y = (pencils_y_ - odd_y + 1) / 2, across_z = (pencils_z_ - odd_z + 1) / 2;
    const auto one = [&](std::int64_t item) {
      const auto y = odd_y + 2 * (item % across_y), z = odd_z + 2 * (item / across_y);
      visit(here, y + pencils_y_ * z, sub_step);
    };
    const std::int64_t items = across_y * across_z;
    if (static_cast<std::int64_t>(motile_.size()) < worth_threads)
      for (std::int64_t item = 0; item < items; ++item) one(item);
    else
      threads_->each(items, one);
  }

  const double now = day() + (sub_step + 1) * specification_.dt / sub_steps_;
  for (auto& list : killed_) {
    for (const auto& [slot, type, into] : list) {
      constexpr std::size_t cause = 0;  // killed
      tally_.add(Tally::first_cause + cause, type);
      if (into != agent::gone) {
        tally_.add(Tally::remains, into);
        remains_.push_back(slot);
      }
      if (lineage_)
        events_.push_back(
            {now, agents_.id[slot], agents_.parent[slot], type, Happening::died, static_cast<std::uint8_t>(cause)});
    }
    list.clear();
  }
}

// The cells of one pencil, in an affine order: j -> j + stride (mod length), stride coprime to the length, both drawn
// for this pencil and sub-step.
void Engine::visit(process::Context& here, std::int64_t pencil, std::uint32_t sub_step) {
  const auto first = pencil_start_[static_cast<std::size_t>(pencil)];
  const std::uint32_t length = pencil_start_[static_cast<std::size_t>(pencil) + 1] - first;
  if (length == 0) return;
  const auto step = static_cast<std::uint32_t>(step_);
  const auto drawn =
      base::draw(seed_, base::place_key(static_cast<std::uint64_t>(pencil) + 1), step, base::Purpose::order, sub_step);
  std::uint32_t stride = base::below(drawn[0], length) | 1U;
  while (std::gcd(stride, length) != 1) stride += 2;
  stride %= length;
  std::uint32_t item = base::below(drawn[1], length);

  const auto& random = base::random_kernels(instructions_);
  const auto words_of = [](base::Purpose purpose, std::uint32_t number) {
    return static_cast<std::uint32_t>(purpose) << 24 | number;
  };
  std::array<Motile*, drawn_at_once> cells;
  std::array<std::uint64_t, drawn_at_once> keys;
  std::array<std::int64_t, drawn_at_once> seen;  // where each will look first
  std::array<std::uint64_t, 4 * drawn_at_once> moves, strikes;
  for (std::uint32_t done = 0; done < length;) {
    const std::uint32_t batch = std::min<std::uint32_t>(drawn_at_once, length - done);
    bool any_kills = false;
    for (std::uint32_t k = 0; k < batch; ++k) {
      cells[k] = &motile_[by_pencil_[first + item]];
      keys[k] = cells[k]->key;
      any_kills = any_kills || !specification_.types[cells[k]->type - 1U].kill.empty();
      seen[k] = geometry_.index(cells[k]->x, cells[k]->y, cells[k]->z);
      occupancy_.fetch(seen[k]);
      if (cells[k]->target != 0) {
        seen[k] += neighbourhood_.offset(cells[k]->direction);
        occupancy_.fetch_solid(seen[k]);
      }
      item = item + stride < length ? item + stride : item + stride - length;
    }
    const auto count = static_cast<int>(batch);
    random.draw(moves.data(), 4, keys.data(), count, seed_, step, words_of(base::Purpose::move, sub_step));
    if (any_kills)
      random.draw(strikes.data(), 3, keys.data(), count, seed_, step, words_of(base::Purpose::engage, sub_step));
    const auto words = [&](const auto& all, std::uint32_t k) {
      const auto word = [&](std::uint32_t w) { return static_cast<std::uint32_t>(all[w * batch + k]); };
      return base::Words{word(0), word(1), word(2), word(3)};
    };
    for (std::uint32_t k = 0; k < batch; ++k)
      if (cells[k]->target != 0)
        if (const auto target = occupancy_.solid(seen[k]); target != lattice::Occupancy::nobody)
          base::prefetch(&agents_.id[target]);
    for (std::uint32_t k = 0; k < batch; ++k) {
      Motile& one = *cells[k];
      const auto& type = specification_.types[one.type - 1U];
      if (type.occupies == process::Occupies::solid && agents_.type[one.slot] != one.type)
        continue;  // killed in this step
      auto target = lattice::Occupancy::nobody;
      if (!type.kill.empty()) target = process::kill::verify(here, one, type.kill.front(), one.site(geometry_));
      if (target == lattice::Occupancy::nobody && one.hop > 0.0F)
        process::move::act(here, one, type, one.type, static_cast<double>(one.hop), words(moves, k));
      if (type.kill.empty()) continue;
      if (target == lattice::Occupancy::nobody)
        process::kill::engage(here, one.slot, one, type.kill.front(), static_cast<double>(one.engage),
                              words(strikes, k), one.site(geometry_));
      else
        strike(here, one, target, words(strikes, k), sub_step, killed_[static_cast<std::size_t>(pencil)]);
    }
    done += batch;
  }
}

// What the sub-steps have left of those that took part in them.
void Engine::settle_motile() {
  each_chunk(static_cast<std::int64_t>(motile_.size()), chunk, [&](std::int64_t first, std::int64_t last) {
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      const Motile& one = motile_[k];
      if (agents_.type[one.slot] != one.type) continue;
      agents_.heading[one.slot] = one.heading;
      agents_.target[one.slot] = one.target;
      agents_.target_direction[one.slot] = one.direction;
    }
  });
}

// What reads the engaged target is evaluated now, from the frozen traits of both.
void Engine::strike(process::Context& here, Motile& killer, std::uint32_t target, const base::Words& words,
                    std::uint32_t sub_step, std::vector<Killed>& killed) {
  const auto& type = specification_.types[killer.type - 1U];
  const auto& spec = type.kill.front();
  const auto& plan = plans_[killer.type - 1U];
  const double tau = specification_.dt / sub_steps_;
  const auto chance = [&](int column, float known, int behaviour) {
    if (column >= 0) return static_cast<double>(known);
    return base::hazard(static_cast<double>(here.evaluate(killer.slot, here.behaviour(type, behaviour), target)), tau);
  };
  const process::kill::Chances chances{chance(plan.hit, killer.hit, spec.hit_rate),
                                       chance(plan.detach, killer.detach, spec.detach)};
  if (!process::kill::strike(here, killer.slot, killer, target, chances, words, sub_step, day() + (sub_step + 1) * tau))
    return;
  // Its existence ends at once for everyone around; the books are closed later, in the order of pencils.
  const auto code = agents_.type[target];
  const auto into = specification_.types[code - 1U].hits.into;
  killed.push_back({target, code, into});
  if (into == agent::gone) return vanish(target);
  turn_into(target, into);
  for (std::size_t k = 0; k < relaxed_.size(); ++k)  // its traits stay what they were
    if (!relaxed_[k].empty()) relaxed_[k][target] = agents_.trait[k][target];
}

}  // namespace qsp::engine

// Phase 5: motile sub-steps. Cells that move or kill act one after the other with immediate effect, in coloured
// pencils: bars of the lattice along x that are so far apart within a colour that no two of their cells can touch the
// same voxel. Pencils of one colour may run on any thread in any order; all else is fixed by seed, step and place.
#include <algorithm>
#include <numeric>

#include "base/key.hpp"
#include "engine/engine.hpp"

namespace qsp::engine {
namespace {

struct Killed {
  std::uint32_t slot;
  std::uint8_t type, into;  // that it had; its remains, which may be killed in their turn
};

}  // namespace

void Engine::motile_sub_step(std::uint32_t sub_step) {
  const double tau = specification_.dt / sub_steps_;
  const double now = day() + (sub_step + 1) * tau;
  const auto step = static_cast<std::uint32_t>(step_);
  const auto shuffle = base::draw(seed_, base::place_key(0), step, base::Purpose::order, sub_step);

  // Pencils with a random origin; in a section a pencil is a strip.
  const int shift_y = static_cast<int>(base::below(shuffle[0], static_cast<std::uint32_t>(pencil_)));
  const int shift_z =
      geometry_.is_2d() ? 0 : static_cast<int>(base::below(shuffle[1], static_cast<std::uint32_t>(pencil_)));
  const int along_y = (geometry_.ny + shift_y + pencil_ - 1) / pencil_;
  const int along_z = geometry_.is_2d() ? 1 : (geometry_.nz + shift_z + pencil_ - 1) / pencil_;
  const std::int64_t pencils = std::int64_t{along_y} * along_z;

  // Counting sort of the active agents by pencil; within a pencil by id, since that is the storage order.
  std::vector<std::uint32_t> start(static_cast<std::size_t>(pencils) + 1, 0), where, active;
  for (std::uint32_t slot = 0; slot < agents_.size(); ++slot) {
    if (agents_.type[slot] == agent::gone || !specification_.types[agents_.type[slot] - 1U].active()) continue;
    const auto position = geometry_.position(agents_.voxel[slot]);
    const auto pencil =
        static_cast<std::uint32_t>((position[1] + shift_y) / pencil_ + along_y * ((position[2] + shift_z) / pencil_));
    active.push_back(slot);
    where.push_back(pencil);
    ++start[pencil + 1];
  }
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<std::uint32_t> sorted(active.size()), next(start.begin(), start.end() - 1);
  for (std::size_t k = 0; k < active.size(); ++k) sorted[next[where[k]]++] = active[k];

  auto here = context();
  std::vector<std::vector<Killed>> killed(static_cast<std::size_t>(pencils));
  const auto visit = [&](std::int64_t pencil) {
    const auto begin = start[static_cast<std::size_t>(pencil)];
    const std::uint32_t length = start[static_cast<std::size_t>(pencil) + 1] - begin;
    if (length == 0) return;
    // Affine order: j -> j + stride (mod length), stride coprime to the length, both drawn for this pencil and
    // sub-step.
    const auto words = base::draw(seed_, base::place_key(static_cast<std::uint64_t>(pencil) + 1), step,
                                  base::Purpose::order, sub_step);
    std::uint32_t stride = base::below(words[0], length) | 1U;
    while (std::gcd(stride, length) != 1) stride += 2;
    std::uint32_t item = base::below(words[1], length);
    for (std::uint32_t k = 0; k < length;
         ++k, item = static_cast<std::uint32_t>((std::uint64_t{item} + stride) % length)) {
      const auto slot = sorted[begin + item];
      if (agents_.type[slot] == agent::gone || agents_.type[slot] != evaluated_as_[slot])
        continue;  // killed in this step
      const auto& type = here.type_of(slot);
      auto engaged = lattice::Occupancy::nobody;
      if (!type.kill.empty()) engaged = process::kill::verify(here, slot, type.kill.front());
      if (engaged == lattice::Occupancy::nobody && !type.move.empty())
        process::move::act(here, slot, type.move.front(), sub_step);
      if (type.kill.empty()) continue;
      const auto dies = process::kill::act(here, slot, type.kill.front(), engaged, tau, sub_step, now);
      if (dies == lattice::Occupancy::nobody) continue;
      const auto into = here.type_of(dies).hits.into;
      killed[static_cast<std::size_t>(pencil)].push_back({dies, agents_.type[dies], into});
      // Its existence ends at once for everyone around; the books are closed below, in the order of pencils.
      if (into == agent::gone) {
        vanish(dies);
      } else {
        turn_into(dies, into);
      }
    }
  };

  // Colours in a drawn order; the pencils of one colour side by side.
  const int colours = geometry_.is_2d() ? 2 : 4;
  std::array<int, 4> order{0, 1, 2, 3};
  for (int k = colours - 1; k > 0; --k)
    std::swap(order[static_cast<std::size_t>(k)],
              order[base::below(k == 1 ? shuffle[2] : shuffle[3] * static_cast<std::uint32_t>(k),
                                static_cast<std::uint32_t>(k + 1))]);
  for (int c = 0; c < colours; ++c) {
    const int odd_y = order[static_cast<std::size_t>(c)] & 1, odd_z = order[static_cast<std::size_t>(c)] >> 1;
    const int across_y = (along_y - odd_y + 1) / 2, across_z = geometry_.is_2d() ? 1 : (along_z - odd_z + 1) / 2;
    threads_->each(std::int64_t{across_y} * across_z, [&](std::int64_t item) {
      const auto y = odd_y + 2 * (item % across_y), z = odd_z + 2 * (item / across_y);
      visit(y + along_y * z);
    });
  }
  for (const auto& list : killed)
    for (const auto& [slot, type, into] : list) {
      constexpr int cause = 0;  // killed
      tally_.add(Tally::first_cause + cause, type);
      if (into != agent::gone) tally_.add(Tally::remains, into);
      events_.push_back({now, agents_.id[slot], agents_.parent[slot], type, Happening::died, cause});
    }
}

}  // namespace qsp::engine

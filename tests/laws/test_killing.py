"""Killing is additive: hits close in time kill, hits far apart are forgotten (SCIENCE.md 2)."""

from __future__ import annotations

import numpy as np
import pytest
from machine import MINUTE, Machine, assert_equivalent, group

from qsp_abm import Become, CellType, Hits, Kill, Lattice, Model, Move

AT_ONCE = 1e7  # 1/day: certain within any step
BACK = 1e5  # 1/day: within a second, and a step has few of it
NEVER = 0.0


def pairs(gap: float, threshold: int = 3) -> Machine:
    """Ten thousand targets far from each other, each with a killer that delivers one hit every `gap` minutes exactly."""
    side = 300
    target = CellType(name="target", volume=1000.0, hits=Hits(threshold=threshold))
    killer = CellType(
        name="killer",
        volume=1.0,
        occupies="none",
        processes=(Kill(targets=("target",), engage=AT_ONCE, hit_rate=AT_ONCE, detach=NEVER),),
    )
    model = Model(lattice=Lattice(shape=(side, side, 1), spacing=20.0), cells=(target, killer), dt=gap * MINUTE)
    x, y = np.meshgrid(np.arange(0, side, 3), np.arange(0, side, 3))
    voxels = (x + side * y).ravel()
    machine = Machine(model, {"target": voxels, "killer": voxels})
    machine.run(1)  # engages; the hits follow, one per step
    assert (machine.columns()["target"][len(voxels) :] == machine.columns()["id"][: len(voxels)]).all()
    return machine


def erlang_survival(gap: float, mean: float = 120.0, stages: int = 4) -> float:
    """Probability that an Erlang clock outlasts a gap."""
    x = stages * gap / mean
    return float(np.exp(-x) * sum(x**k / np.prod(np.arange(1, k + 1), initial=1.0) for k in range(stages)))


@pytest.mark.parametrize(("gap", "published"), [(50.0, 0.83), (180.0, 0.02)])
def test_three_hits_kill_if_they_come_close(gap: float, published: float) -> None:
    machine = pairs(gap)
    machine.run(2)
    assert machine.counts()["target"] == 10_000  # one or two hits never kill
    machine.run(1)
    share = 1 - machine.counts()["target"] / 10_000
    closed = erlang_survival(gap) ** 2
    print(f"gap {gap} min: P(death) {share:.4f}, closed form {closed:.4f}")  # noqa: T201
    assert closed == pytest.approx(published, abs=0.005)
    assert abs(share - closed) < 4 * np.sqrt(closed * (1 - closed) / 10_000)
    assert machine.tally()["died_killed"]["target"] == 10_000 - machine.counts()["target"]


def test_all_hits_are_forgotten_together() -> None:
    """At gaps of 500 min hits never add up: whatever the number, nobody dies."""
    machine = pairs(500.0)
    machine.run(10)
    alive = machine.counts()["target"]
    assert alive >= 9_990  # two gaps outlasted in a row: 1e-5 each time
    hits = machine.columns()["hits"][:alive]
    assert (hits == 1).mean() > 0.99


def test_one_hit_kills_where_the_threshold_is_one() -> None:
    machine = pairs(50.0, threshold=1)
    machine.run(1)
    assert machine.counts()["target"] == 0


def field_of_targets(
    killers: int, threshold: int, seed: int, dt: float = 6.0, side: int = 120
) -> tuple[Machine, float]:
    """Killers that walk over a lawn of targets for a day; who is killed comes back at once. Returns kills per killer."""
    remains = CellType(name="remains", volume=1000.0, dead=True, processes=(Become(into="target", rate=BACK),))
    target = CellType(name="target", volume=1000.0, hits=Hits(threshold=threshold, into="remains"))
    killer = CellType(
        name="killer",
        volume=1.0,
        occupies="small",
        processes=(
            Move(motility=10 / MINUTE, persistence=2 * MINUTE),
            Kill(targets=("lawn",), engage=0.2 / MINUTE, hit_rate=1 / (50 * MINUTE), detach=1 / (20 * MINUTE)),
        ),
    )
    model = Model(
        lattice=Lattice(shape=(side, side, 1), spacing=10.0),
        cells=(group("lawn", target, remains), killer),
        dt=dt * MINUTE,
    )
    rng = np.random.default_rng(seed)
    machine = Machine(
        model, {"target": np.arange(side**2), "killer": rng.choice(side**2, killers, replace=False)}, seed=seed
    )
    machine.run_for(180 * MINUTE)
    before = machine.tally()["died_killed"]["target"]
    machine.run_for(0.5)
    machine.engine.check()
    return machine, 2 * (machine.tally()["died_killed"]["target"] - before) / killers


def exponent(threshold: int) -> tuple[float, float, dict[int, float]]:
    """Exponent of total kills against the number of killers: slope, half-width of its 95 % interval, kills per killer."""
    killers = (200, 800, 3200)
    found = {n: [field_of_targets(n, threshold, seed)[1] for seed in range(4)] for n in killers}
    x = np.repeat(np.log(killers), 4)
    y = x + np.log(np.concatenate([found[n] for n in killers]))
    fit, covariance = np.polyfit(x, y, 1, cov=True)
    return (
        float(fit[0]),
        float(2.23 * np.sqrt(covariance[0, 0])),
        {n: float(np.mean(values)) for n, values in found.items()},
    )


def test_killers_help_each_other_where_hits_add_up() -> None:
    slope, half, kills = exponent(3)
    print(f"three hits: exponent {slope:.3f} +- {half:.3f}, kills per killer and day {kills}")  # noqa: T201
    assert slope - half > 1.0
    assert kills[3200] > 1.2 * kills[200]


def test_kills_per_killer_do_not_depend_on_density_where_one_hit_kills() -> None:
    slope, half, kills = exponent(1)
    print(f"one hit: exponent {slope:.3f} +- {half:.3f}, kills per killer and day {kills}")  # noqa: T201
    assert abs(slope - 1.0) < 0.03
    assert half < 0.03


def contact(dt: float, seed: int) -> float:
    """Mean duration of a contact, min, from the share of contacts that outlast 24 min at a steady state without hits."""
    side = 100
    target = CellType(name="target", volume=1000.0, hits=Hits())
    killer = CellType(
        name="killer",
        volume=1.0,
        occupies="small",
        processes=(
            Move(motility=10 / MINUTE, persistence=2 * MINUTE),
            Kill(targets=("target",), engage=0.1 / MINUTE, hit_rate=NEVER, detach=1 / (30 * MINUTE)),
        ),
    )
    model = Model(lattice=Lattice(shape=(side, side, 1), spacing=8.0), cells=(target, killer), dt=dt * MINUTE)
    rng = np.random.default_rng(seed)
    machine = Machine(
        model, {"target": np.arange(side**2), "killer": rng.choice(side**2, 4000, replace=False)}, seed=seed
    )
    machine.run_for(240 * MINUTE)
    engaged = machine.columns()["target"][side**2 :]
    held = engaged > 0
    machine.run_for(24 * MINUTE)
    kept = (machine.columns()["target"][side**2 :] == engaged) & held
    return float(-24 / np.log(kept.sum() / held.sum()))


def test_contact_durations_do_not_depend_on_the_step() -> None:
    found = {dt: [contact(dt, seed) for seed in range(14)] for dt in (1.5, 12.0)}
    print({dt: np.mean(values) for dt, values in found.items()})  # noqa: T201
    assert_equivalent(found[12.0], found[1.5], 0.95, 1.05, "contact duration, 12 min against 1.5 min")
    assert np.mean(found[1.5]) == pytest.approx(30, rel=0.1)  # a few let go and engage the same one again


def test_a_killer_engages_one_target_at_a_time_and_stays() -> None:
    machine, _ = field_of_targets(300, 3, 1, side=60)
    cells = machine.columns()
    killers = cells["type"] == 3
    before, there = cells["target"][killers], cells["voxel"][killers]
    machine.run(1)
    cells = machine.columns()
    after, moved = cells["target"][killers], cells["voxel"][killers]
    same = (before > 0) & (before == after)
    assert same.any()
    assert (there[same] == moved[same]).mean() > 0.98  # but for those that let go, moved and engaged the same one again
    alive = set(cells["id"].tolist())
    assert set(after[after > 0].tolist()) <= alive


def test_dt_03_killing_does_not_depend_on_the_size_of_the_lattice() -> None:
    """DT-03: the same density on a small and a large lattice kills at the same rate; the smallest lattice kills too."""
    small = [field_of_targets(100, 1, seed, side=60)[1] for seed in range(12)]
    large = [field_of_targets(400, 1, seed, side=120)[1] for seed in range(6)]
    assert np.mean(small) == pytest.approx(np.mean(large), rel=0.05)
    assert field_of_targets(3, 1, 1, side=3)[1] > 0


def test_two_killers_of_one_target_count_one_death() -> None:
    """Many killers per target: the dead are counted once, whatever they become."""
    for remains in ("gone", "corpse", "ghost"):
        target = CellType(name="target", volume=1000.0, hits=Hits(into=None if remains == "gone" else remains))
        corpse = CellType(name="corpse", volume=1000.0, dead=True)
        ghost = CellType(name="ghost", volume=1000.0, hits=Hits())  # lives on and can be killed again
        killer = CellType(
            name="killer",
            volume=1.0,
            occupies="none",
            processes=(Kill(targets=("lawn",), engage=AT_ONCE, hit_rate=1.0 / MINUTE, detach=NEVER),),
        )
        model = Model(
            lattice=Lattice(shape=(20, 20, 1), spacing=10.0), cells=(group("lawn", target, corpse, ghost), killer)
        )
        machine = Machine(model, {"target": np.arange(400), "killer": np.repeat(np.arange(400), 3)})
        machine.run_checked(30)
        assert machine.tally()["died_killed"]["target"] == 400
        assert machine.counts()["corpse"] == (400 if remains == "corpse" else 0)

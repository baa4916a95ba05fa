"""Results do not depend on the step: growth, kills and infiltration by equivalence (SEMANTICS.md, SCIENCE.md 10)."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from machine import MINUTE, Machine, assert_equivalent, group

from qsp_abm import CellType, Die, Divide, Hits, Kill, Lattice, Model, Move, Rule

SIDE = 81
Outcome = tuple[float, float, float]


@cache
def outcome(dt: float, seed: int) -> Outcome:
    """A disc of tumour cells with killers around it for a day: growth factor, killed, killers inside the disc."""
    tumour = CellType(
        name="tumour",
        volume=900.0,
        hits=Hits(threshold=3, into="debris"),
        processes=(Divide(rate=0.6, push=5), Die(name="age", rate=0.1)),
        rules=(Rule(target="divide.rate", signal="crowding", effect="decreases", half=0.9, power=8, limit=0.1),),
    )
    debris = CellType(name="debris", volume=900.0, dead=True, processes=(Die(name="clearance", rate=2.0),))
    killer = CellType(
        name="killer",
        volume=175.0,
        occupies="small",
        processes=(
            Move(motility=5 / MINUTE, persistence=1 * MINUTE, permeability={"cancer": 0.5}),
            Kill(targets=("cancer",), engage=2.0 * 24, hit_rate=2.5 * 24, detach=2.0 * 24),
        ),
    )
    model = Model(
        lattice=Lattice(shape=(SIDE, SIDE, 1), spacing=8.0),
        cells=(group("cancer", tumour, debris), killer),
        dt=dt * MINUTE,
    )
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    away = np.hypot(x - SIDE // 2, y - SIDE // 2).ravel()
    ring = np.flatnonzero((away > 20) & (away < 32))
    rng = np.random.default_rng(seed)
    machine = Machine(
        model, {"tumour": np.flatnonzero(away < 20), "killer": rng.choice(ring, 700, replace=False)}, seed=seed
    )
    born = machine.counts()["tumour"]
    inside: list[int] = []
    for _ in range(8):
        machine.run_for(3 / 24)
        at = machine.positions()[machine.columns()["type"] == 3]
        inside.append(int(np.count_nonzero(np.hypot(at[:, 0] - SIDE // 2, at[:, 1] - SIDE // 2) < 18)))
    machine.engine.check()
    tally = machine.tally()
    return 1 + tally["born"]["tumour"] / born, tally["died_killed"]["tumour"], float(np.mean(inside[2:]))


def compare(dt: float, reference: float, seeds: int) -> None:
    ours = np.array([outcome(dt, seed) for seed in range(seeds)])
    theirs = np.array([outcome(reference, seed) for seed in range(1000, 1000 + seeds)])
    print(ours.mean(axis=0), theirs.mean(axis=0))  # noqa: T201
    what = f"{dt} min against {reference} min"
    assert_equivalent(ours[:, 0], theirs[:, 0], 0.97, 1.03, f"growth, {what}")
    assert_equivalent(ours[:, 2], theirs[:, 2], 0.93, 1.07, f"infiltration, {what}")
    assert_equivalent(ours[:, 1], theirs[:, 1], 0.93, 1.07, f"kills, {what}")


def test_twelve_minutes_give_what_three_minutes_give() -> None:
    compare(12.0, 3.0, 70)


@pytest.mark.slow
@pytest.mark.parametrize("dt", [3.0, 6.0, 12.0])
def test_all_steps_give_what_the_shortest_gives(dt: float) -> None:
    compare(dt, 1.5, 120)

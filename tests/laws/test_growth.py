"""Fates compete in continuous time: numbers of cells follow the rates whatever the step (SEMANTICS.md, time inside a step)."""

from __future__ import annotations

import numpy as np
import pytest
from machine import MINUTE, Machine, group, one_type

from qsp_abm import Become, CellType, Die, Divide, Lattice, Model

FOUNDERS = 10_000
BOX = Lattice(shape=(10, 10, 1), spacing=20.0)


def founders(dt: float, birth: float, death: float, seed: int = 1) -> Machine:
    """Founders that take no room: a birth-death process with the rates given, 1/day."""
    processes = (Divide(rate=birth), *((Die(rate=death),) if death > 0 else ()))
    model = one_type(BOX, dt=dt * MINUTE, processes=processes)
    return Machine(model, {"cell": np.arange(FOUNDERS) % 100}, seed=seed)


def z_score(found: float, birth: float, death: float, days: float) -> float:
    """Distance from the mean of the linear birth-death process in units of its exact standard deviation."""
    growth = np.exp((birth - death) * days)
    mean = FOUNDERS * growth
    variance = FOUNDERS * (birth + death) / (birth - death) * growth * (growth - 1)
    return float((found - mean) / np.sqrt(variance))


@pytest.mark.parametrize("dt", [6.0, 60.0, 720.0])
@pytest.mark.parametrize(("birth", "death"), [(1.0, 0.0), (1.2, 0.4), (0.5, 1.0)])
def test_growth_follows_the_rates(dt: float, birth: float, death: float) -> None:
    """N(t) = N0 exp(rt): the mean of the runs within 3 standard errors, each within 4 standard deviations."""
    days, seeds = (1.0, 6) if dt < 60 else (2.0, 10)
    scores = []
    for seed in range(seeds):
        machine = founders(dt, birth, death, seed)
        machine.run_for(days)
        scores.append(z_score(machine.counts()["cell"], birth, death, days))
    print(f"dt {dt} min, birth {birth}, death {death}: {seeds} seeds: z = {np.mean(scores) * np.sqrt(seeds):.2f}")  # noqa: T201
    assert max(map(abs, scores)) < 4
    assert abs(np.mean(scores)) * np.sqrt(seeds) < 3
    assert 0.2 < np.std(scores, ddof=1) < 2.2  # the spread is that of the process too


@pytest.mark.parametrize("dt", [6.0, 720.0])
def test_competing_fates_happen_in_the_ratio_of_their_rates(dt: float) -> None:
    rates = {"age": 0.9, "shock": 0.3, "calm": 0.6}
    processes = (
        Die(name="age", rate=rates["age"]),
        Die(name="shock", rate=rates["shock"]),
        Become(into="calm", rate=rates["calm"]),
    )
    tense = CellType(name="tense", volume=1000.0, occupies="none", processes=processes)
    calm = CellType(name="calm", volume=1000.0, occupies="none")
    model = Model(lattice=BOX, cells=(group("cell", tense, calm),), dt=dt * MINUTE)
    machine = Machine(model, {"tense": np.arange(FOUNDERS) % 100})
    days = 1.0
    machine.run_for(days)
    tally = machine.tally()
    events = {
        "age": tally["died_age"]["tense"],
        "shock": tally["died_shock"]["tense"],
        "calm": tally["became_out"]["tense"],
    }
    total = sum(rates.values())
    for name, rate in rates.items():
        share = rate / total * (1 - np.exp(-total * days))
        spread = np.sqrt(FOUNDERS * share * (1 - share))
        assert abs(events[name] - FOUNDERS * share) < 4 * spread, (name, events, FOUNDERS * share)
    assert machine.counts() == {"tense": FOUNDERS - sum(events.values()), "calm": events["calm"]}


def test_a_chain_of_events_fits_into_one_step() -> None:
    """One step of 2 days at 1.5 divisions a day: daughters divide and die within it, as in many short steps."""
    scores = []
    for seed in range(6):
        machine = founders(2880.0, 1.5, 0.5, seed)
        machine.run(1)
        scores.append(z_score(machine.counts()["cell"], 1.5, 0.5, 2.0))
    assert abs(np.mean(scores)) * np.sqrt(6) < 3, scores


def test_daughters_inherit_a_chain_of_parents() -> None:
    machine = founders(2880.0, 1.5, 0.0)
    machine.run(1)
    cells = machine.columns()
    parents = dict(zip(cells["id"].tolist(), cells["parent"].tolist(), strict=True))
    depth = {0: -1}

    def generation(cell: int) -> int:
        if cell not in depth:
            depth[cell] = generation(parents[cell]) + 1
        return depth[cell]

    assert max(generation(cell) for cell in parents) >= 4  # great-great-granddaughters within one step
    assert all(parent < cell for cell, parent in parents.items())


def test_a_chain_of_types_in_one_step_follows_bateman() -> None:
    """a -> b -> c with rates 1 and 2 a day: after one step of a day the numbers are those of the linear chain."""
    a = CellType(name="a", volume=1.0, occupies="none", processes=(Become(into="b", rate=1.0),))
    b = CellType(name="b", volume=1.0, occupies="none", processes=(Become(into="c", rate=2.0),))
    c = CellType(name="c", volume=1.0, occupies="none")
    model = Model(lattice=BOX, cells=(group("abc", a, b, c),), dt=1.0)
    machine = Machine(model, {"a": np.arange(FOUNDERS) % 100})
    machine.run(1)
    first = np.exp(-1.0)
    second = (np.exp(-1.0) - np.exp(-2.0)) / (2.0 - 1.0)
    expected = FOUNDERS * np.array([first, second, 1 - first - second])
    found = np.array(list(machine.counts().values()))
    assert (abs(found - expected) < 4 * np.sqrt(expected)).all(), (found, expected)


def test_without_room_a_mother_waits_and_keeps_dying_at_her_rate() -> None:
    """On a full lattice no division happens; deaths go on at their rate, as if the failed divisions had never been tried."""
    side = 40
    box = Lattice(shape=(side, side, 1), spacing=20.0)
    model = Model(
        lattice=box,
        cells=(
            CellType(name="wall", volume=1000.0),
            CellType(name="cell", volume=1000.0, processes=(Divide(rate=20.0, push=1), Die(rate=0.5, into=None))),
        ),
        dt="6 hour",
    )
    cells = np.arange(side * side)
    lonely = (cells % side) % 4 == 0
    lonely &= (cells // side) % 4 == 0
    machine = Machine(model, {"wall": cells[~lonely], "cell": cells[lonely]})
    machine.run(1)
    machine.engine.check()
    first = machine.tally()
    share = 1 - np.exp(-0.5 * 0.25)
    n = int(lonely.sum())
    assert abs(first["died_die"]["cell"] - n * share) < 4 * np.sqrt(n * share)
    assert first["born"]["cell"] == 0

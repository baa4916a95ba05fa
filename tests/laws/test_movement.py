"""Motility and persistence are what was asked for, whatever the voxel and the step (SCIENCE.md 7)."""

from __future__ import annotations

import numpy as np
import pytest
from machine import MINUTE, Floats, Machine, assert_equivalent, middle, one_type

from qsp_abm import CellType, Chemotaxis, Field, Lattice, Model, Move

CELLS = 10000


def walkers(
    spacing: float,
    dt: float,
    motility: float,
    persistence: float,
    *,
    cells: int = CELLS,
    depth: int = 1,
    side: int = 901,
) -> Machine:
    """Cells that take no room, all in the middle of a lattice wide enough never to meet its faces."""
    shape = (side, side, depth)
    model = one_type(
        Lattice(shape=shape, spacing=spacing),
        dt=dt * MINUTE,
        processes=(Move(motility=motility / MINUTE, persistence=persistence * MINUTE),),
    )
    return Machine(model, {"cell": np.full(cells, middle(shape))})


def track(machine: Machine, frames: int, every: int = 1) -> Floats:
    """Return positions (frames + 1, N, 3), um."""
    found = [machine.positions()]
    for _ in range(frames):
        machine.run(every)
        found.append(machine.positions())
    return np.array(found, float) * machine.model.lattice.spacing


def fitted_motility(path: Floats, first: int, time: float, dimensions: int) -> float:
    """Motility from the growth of the mean squared displacement from frame `first` to the last, `time` apart."""
    squared = ((path - path[0]) ** 2).sum(axis=2).mean(axis=1)
    return float((squared[-1] - squared[first]) / time / (2 * dimensions))


def fitted_persistence(path: Floats, frame: float) -> float:
    """Persistence from the decay of the correlation of displacements that are k frames apart.

    Displacements of a persistent walk correlate as exp(-t / P); displacements that do not overlap share no hop, so the
    fit is free of the noise of single hops.
    """
    steps = np.diff(path, axis=0)
    lags = np.arange(1, 6)
    correlation = np.array([(steps[lag:] * steps[:-lag]).sum(axis=2).mean() for lag in lags])
    good = correlation > 0.05 * correlation[0]
    slope = np.polyfit(lags[good] * frame, np.log(correlation[good]), 1, w=correlation[good])[0]
    return float(-1.0 / slope)


@pytest.mark.parametrize("dt", [1.5, 6.0, 12.0])
@pytest.mark.parametrize("spacing", [8.0, 10.0, 20.0])
def test_motility_of_persistent_walkers_is_as_set(spacing: float, dt: float) -> None:
    motility, persistence = 10.0, 4.0  # um2/min, min
    machine = walkers(spacing, dt, motility, persistence, side=601)
    path = track(machine, 8, round(24 / dt))
    found = fitted_motility(path, 2, 144.0, 2)
    print(f"h {spacing} dt {dt}: M {found:.3f}, sub-steps {machine.engine.sub_steps}")  # noqa: T201
    # The squared displacements of N walkers vary by their mean: a relative error of about 1 / sqrt(N).
    assert found == pytest.approx(motility, rel=0.05)


@pytest.mark.parametrize("dt", [1.5, 12.0])
@pytest.mark.parametrize("spacing", [8.0, 20.0])
def test_motility_of_memoryless_walkers_is_as_set(spacing: float, dt: float) -> None:
    path = track(walkers(spacing, dt, 10.0, 0.0, side=601), 8, round(24 / dt))
    assert fitted_motility(path, 1, 168.0, 2) == pytest.approx(10.0, rel=0.05)


@pytest.mark.parametrize("persistence", [0.0, 8.0])
def test_motility_in_a_volume(persistence: float) -> None:
    path = track(walkers(20.0, 6.0, 10.0, persistence, depth=121, side=121), 8, 8)
    assert fitted_motility(path, 2, 288.0, 3) == pytest.approx(10.0, rel=0.05)


@pytest.mark.parametrize(("spacing", "motility"), [(8.0, 40.0), (10.0, 60.0), (20.0, 200.0)])
@pytest.mark.parametrize("dt", [1.5, 6.0, 12.0])
def test_persistence_is_as_set_where_the_lattice_resolves_it(spacing: float, motility: float, dt: float) -> None:
    persistence = 12.0  # min
    # Hop rate k from h^2 k (w + 2 k P) = 4 M with the mean step w = (1 + sqrt 2) / 2 of a heading: resolved where k P >= 3.
    width = (1 + np.sqrt(2)) / 2
    hops = (-width + np.sqrt(width**2 + 8 * persistence * 4 * motility / spacing**2)) / 4
    assert hops >= 3
    machine = walkers(spacing, dt, motility, persistence, cells=5000, side=1401)
    path = track(machine, 24)
    assert fitted_persistence(path, dt) == pytest.approx(persistence, rel=0.2)


def test_persistence_that_the_lattice_does_not_resolve_still_gives_the_motility() -> None:
    path = track(walkers(20.0, 6.0, 2.0, 2.0), 10, 40)
    assert fitted_motility(path, 1, 9 * 240.0, 2) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(("persistence", "depth"), [(0.0, 1), (6.0, 1), (0.0, 101), (6.0, 101)])
def test_clouds_are_isotropic(persistence: float, depth: int) -> None:
    side = 601 if depth == 1 else 101
    machine = walkers(10.0, 6.0, 10.0 if depth == 1 else 3.0, persistence, cells=40000, depth=depth, side=side)
    machine.run(60)
    away = machine.positions() - np.array([side // 2, side // 2, depth // 2])
    x, y, z = away.T.astype(float)
    squares = [np.mean(axis**2) for axis in ((x, y) if depth == 1 else (x, y, z))]
    assert max(squares) / min(squares) == pytest.approx(1.0, abs=0.04)  # 5 standard errors
    assert abs(np.mean(x * y)) < 0.03 * np.mean(x * x)
    # Fourth moments of axis and diagonal: <x^4> = <((x + y) / sqrt 2)^4> for an isotropic cloud.
    axis = (np.mean(x**4) + np.mean(y**4)) / 2
    diagonal = (np.mean((x + y) ** 4) + np.mean((x - y) ** 4)) / 8
    assert diagonal / axis == pytest.approx(1.0, abs=0.05)
    assert np.abs(away.mean(axis=0)).max() < 5 * np.sqrt(max(squares) / len(away))


def crowded(dt: float, seed: int, obstacles: float = 0.3, motility: float = 10.0, persistence: float = 4.0) -> float:
    """Motility of small cells among solid ones that they cannot enter, um2/min."""
    side = 241
    shape = (side, side, 1)
    wall = CellType(name="wall", volume=3000.0)
    walker = CellType(
        name="cell",
        volume=1.0,
        occupies="small",
        processes=(Move(motility=motility / MINUTE, persistence=persistence * MINUTE, permeability={"wall": 0.0}),),
    )
    model = Model(lattice=Lattice(shape=shape, spacing=10.0), cells=(wall, walker), dt=dt * MINUTE)
    rng = np.random.default_rng(seed)
    blocked = rng.random(side * side) < obstacles
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    central = (abs(x - side // 2) <= 70) & (abs(y - side // 2) <= 70)
    free = np.flatnonzero(~blocked & central.ravel())
    machine = Machine(model, {"wall": np.flatnonzero(blocked), "cell": free}, seed=seed)
    here = machine.positions()[-len(free) :]
    machine.run_for(120 * MINUTE)
    start = machine.positions()[-len(free) :]
    machine.run_for(240 * MINUTE)
    end = machine.positions()[-len(free) :]
    squared = ((end - here) ** 2).sum(axis=1).mean() - ((start - here) ** 2).sum(axis=1).mean()
    return float(squared * 100 / 4 / 240)


def test_motility_among_obstacles_does_not_depend_on_the_step() -> None:
    seeds = range(10)
    found = {dt: [crowded(dt, seed) for seed in seeds] for dt in (1.5, 12.0)}
    print({dt: np.mean(values) / 10 for dt, values in found.items()}, "of the motility without obstacles")  # noqa: T201
    assert_equivalent(found[12.0], found[1.5], 0.95, 1.05, "motility among 30 % obstacles, 12 min against 1.5 min")


def test_exclusion_leaves_occupancy_uniform() -> None:
    """Solid movers that exclude each other end up anywhere with equal probability, edges and corners too."""
    shape = (12, 12, 1)
    model = one_type(
        Lattice(shape=shape, spacing=10.0),
        occupies="solid",
        processes=(Move(motility=10 / MINUTE, persistence=3 * MINUTE),),
    )
    machine = Machine(model, {"cell": np.arange(72)})
    machine.run(50)
    held = np.zeros(144)
    frames = 3000
    for _ in range(frames):
        machine.run(2)
        held[machine.columns()["voxel"]] += 1
    inside = held.reshape(12, 12) / frames
    regions = [
        inside[1:-1, 1:-1].mean(),
        np.r_[inside[0, 1:-1], inside[-1, 1:-1], inside[1:-1, 0], inside[1:-1, -1]].mean(),
    ]
    regions.append(np.mean([inside[0, 0], inside[0, -1], inside[-1, 0], inside[-1, -1]]))
    assert regions == pytest.approx([0.5, 0.5, 0.5], rel=0.05), regions


def taxis(sensitivity: float) -> Machine:
    shape = (301, 61, 1)
    cell = CellType(
        name="cell",
        volume=1.0,
        occupies="none",
        processes=(
            Move(
                motility=10 / MINUTE,
                persistence=4 * MINUTE,
                chemotaxis=(Chemotaxis(field="bait", sensitivity=sensitivity, half=1e-3),),
            ),
        ),
    )
    bait = Field(name="bait", unit="nM", diffusion=1.0, scheme="transient")
    model = Model(lattice=Lattice(shape=shape, spacing=10.0), cells=(cell,), fields=(bait,))
    machine = Machine(model, {"cell": np.full(3000, middle(shape))})
    state, columns = machine.engine.state(), machine.columns()
    ramp = np.exp(np.arange(301) * 10.0 / 200.0 - 8).astype("f4")  # relative gradient 1 / (200 um) everywhere
    machine.engine.restore(state, columns, [np.broadcast_to(ramp, (1, 61, 301)).copy()])
    return machine


def test_chemotaxis_drifts_up_the_gradient_in_proportion_and_down_with_negative_sensitivity() -> None:
    drift = {}
    for sensitivity in (-20.0, 0.0, 20.0, 40.0):
        machine = taxis(sensitivity)
        machine.run(40)
        away = machine.positions() - np.array([150, 30, 0])
        drift[sensitivity] = float(away[:, 0].mean()) * 10
        assert abs(away[:, 1].mean()) * 10 < 6.0
    print(drift)  # noqa: T201
    assert abs(drift[0.0]) < 6.0
    assert drift[20.0] > 15.0
    assert drift[-20.0] == pytest.approx(-drift[20.0], rel=0.3)
    assert drift[40.0] == pytest.approx(2 * drift[20.0], rel=0.3)


def test_dt_05_mean_speed_does_not_depend_on_the_step() -> None:
    """DT-05: the hop rate on an empty lattice is the configured one, whatever the length of a step."""
    speed = {}
    for dt in (1.5, 6.0, 12.0):
        machine = walkers(10.0, dt, 10.0, 4.0, cells=3000)
        path = track(machine, 10, round(12 / dt))
        speed[dt] = float(np.linalg.norm(np.diff(path, axis=0), axis=2).mean() / 12)
    assert speed[6.0] == pytest.approx(speed[1.5], rel=0.05)
    assert speed[12.0] == pytest.approx(speed[1.5], rel=0.05)

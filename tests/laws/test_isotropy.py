"""Growth on the lattice has no favoured direction: axis and diagonals grow alike (SCIENCE.md 7)."""

from __future__ import annotations

import numpy as np
import pytest
from machine import Floats, Machine, middle, one_type

from qsp_abm import Divide, Lattice


def cluster(side: int, depth: int, push: int, radius: float, seed: int = 1) -> Floats:
    """Grow a cluster from one cell by division alone to a mean radius, in voxels; return positions about the seed."""
    shape = (side, side, depth)
    model = one_type(
        Lattice(shape=shape, spacing=20.0), dt="6 hour", occupies="solid", processes=(Divide(rate="1/day", push=push),)
    )
    machine = Machine(model, {"cell": [middle(shape)]}, seed=seed)
    wanted = np.pi * radius**2 if depth == 1 else 4 / 3 * np.pi * radius**3
    while machine.engine.counts()[0] < wanted:
        machine.run(2)
    machine.engine.check()
    away: Floats = machine.positions() - np.array([side // 2, side // 2, depth // 2], float)
    return away


def sector_radius(cells: Floats, directions: list[tuple[int, int, int]], half_angle: float) -> float:
    """Radius of the sectors (cones) about some directions and their opposites, from the cells that they hold."""
    distance = np.linalg.norm(cells, axis=1)
    flat = not cells[:, 2].any()
    found = []
    for direction in directions:
        axis = np.array(direction) / np.linalg.norm(direction)
        along = np.abs(cells @ axis)
        held = np.count_nonzero(along >= distance * np.cos(half_angle)) / 2
        found.append(np.sqrt(held / half_angle) if flat else np.cbrt(3 * held / (2 * np.pi * (1 - np.cos(half_angle)))))
    return float(np.mean(found))


AXES = [(1, 0, 0), (0, 1, 0)]
DIAGONALS = [(1, 1, 0), (1, -1, 0)]


@pytest.mark.parametrize("push", [1, 5])
def test_sections_grow_round(push: int) -> None:
    cells = cluster(321, 1, push, 120)
    ratio = sector_radius(cells, AXES, np.radians(10)) / sector_radius(cells, DIAGONALS, np.radians(10))
    print(f"2-D, 120 voxels, push {push}: axis to diagonal {ratio:.4f}")  # noqa: T201
    assert 1 / 1.05 <= ratio <= 1.05


@pytest.mark.parametrize("radius", [28, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize("push", [1, 5])
def test_volumes_grow_round(push: int, radius: int) -> None:
    side = 2 * (radius + 12) + 1
    cells = cluster(side, side, push, radius)
    axis = sector_radius(cells, [(1, 0, 0), (0, 1, 0), (0, 0, 1)], np.radians(15))
    edge = sector_radius(cells, [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)], np.radians(15))
    corner = sector_radius(cells, [(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)], np.radians(15))
    print(f"3-D, {radius} voxels, push {push}: axis to edge {axis / edge:.4f}, axis to corner {axis / corner:.4f}")  # noqa: T201
    assert 1 / 1.05 <= axis / edge <= 1.05
    assert 1 / 1.05 <= axis / corner <= 1.05


@pytest.mark.slow
@pytest.mark.parametrize("push", [1, 5])
def test_sections_grow_round_to_a_large_radius(push: int) -> None:
    cells = cluster(701, 1, push, 280)
    ratio = sector_radius(cells, AXES, np.radians(10)) / sector_radius(cells, DIAGONALS, np.radians(10))
    print(f"2-D, 280 voxels, push {push}: axis to diagonal {ratio:.4f}")  # noqa: T201
    assert 1 / 1.05 <= ratio <= 1.05

"""How long spatial statistics of a million cells take, in two and three dimensions, and all pairs of a large lattice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from benchmarks.common import Result, timed

from qsp_abm import statistics
from qsp_abm.statistics import CellTable, Window
from qsp_abm.statistics.measures.lattice_pair_correlation import pair_counts

NEIGHBOURS = 40.0  # cells within the largest radius of a cell
SIDE = 1000.0


def run(quick: bool = False) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small sizes: for tests.
    """
    result = Result("spatial_statistics")
    number, side = (10_000, 32) if quick else (1_000_000, 256)
    for dimensions in (2, 3):
        points = np.random.default_rng(dimensions).random((number, dimensions)) * SIDE
        window = Window((0.0,) * dimensions, (SIDE,) * dimensions)
        cells = CellTable(points, np.full(number, "tumour", object), window)
        ball = math.pi if dimensions == 2 else 4 / 3 * math.pi
        radius = (NEIGHBOURS * SIDE**dimensions / (ball * number)) ** (1 / dimensions)
        radii = np.linspace(0, radius, 11)[1:]
        for name in ("ripley_k", "pair_correlation"):
            with timed() as elapsed:
                found = statistics.measure(name, cells, radii=radii)
            result.add(f"{name}_{dimensions}d_seconds", elapsed.wall, at_most=None if quick else 30)
            assert found.expected is not None
            error = abs(found.values[-1] / found.expected[-1] - 1)
            result.check(
                f"{name} in {dimensions} dimensions is that of random cells", error < (0.05 if quick else 0.005)
            )
    full = np.ones((side,) * 3, "i8")
    with timed() as elapsed:
        counts = pair_counts(full, None, 16, "uniform")
    result.add("lattice_pairs_seconds", elapsed.wall, at_most=None if quick else 30)
    m = np.arange(17)
    within = (side + 2 * np.array([((side - np.arange(1, k + 1)).sum()) for k in m])) ** 3  # pairs up to a distance
    result.check("pairs of a full lattice are exact", bool((counts == np.diff(within)).all()))
    result.notes = [f"{number} cells, {NEIGHBOURS:g} within the largest radius; {side}^3 voxels, pairs up to 16"]
    return result.as_dict()

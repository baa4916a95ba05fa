"""Pairs of cells within a distance, each once, with the translation correction of the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError
from .cells import CellTable, Mask
from .window import Window

__all__ = ["Pairs", "find_pairs", "ordered_pairs", "radii_of"]

Floats = NDArray[np.float64]

_SLAB = 50_000  # cells whose pairs are sought at once
_MOST_PAIRS = 300_000_000  # 18 bytes each
_SAMPLE = 2000  # cells by which the number of pairs is foretold


@dataclass(frozen=True, eq=False)
class Pairs:
    """Unordered pairs, (M,) each.

    Parameters
    ----------
    first, second
        Indices of the cells.
    bin
        k where edges[k] < distance <= edges[k + 1]; cells at one place are in bin 0.
    weight
        Translation correction.
    bins
        Number of bins.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    bin: NDArray[np.int16]
    weight: Floats
    bins: int

    def sums(self, a: Mask, b: Mask) -> Floats:
        """Return, for each bin, the sum of weights over ordered pairs of a cell of `a` and another of `b`."""
        times = (a[self.first] & b[self.second]).astype("f8") + (a[self.second] & b[self.first])
        return np.asarray(np.bincount(self.bin, self.weight * times, minlength=self.bins), "f8")

    def weighted_sums(self, a: Mask, b: Floats) -> Floats:
        """Return, for each bin, the sum of weight x b over ordered pairs of a cell of `a` and another with the number `b`."""
        times = a[self.first] * b[self.second] + a[self.second] * b[self.first]
        return np.asarray(np.bincount(self.bin, self.weight * times, minlength=self.bins), "f8")


def find_pairs(points: Floats, window: Window, edges: Floats) -> Pairs:
    """Return all pairs up to the last edge.

    Parameters
    ----------
    points
        (N, d), um.
    window
        Where cells were looked for.
    edges
        Edges of the bins from 0 up, um.

    Raises
    ------
    ModelError
        If there are too many to be held.
    """
    from scipy.spatial import cKDTree

    radius = float(edges[-1])
    _check_number(points, radius)
    along = int(window.sides.argmax())
    order = np.argsort(points[:, along], kind="stable").astype("i4")
    ordered = points[order]
    parts = [(np.empty(0, "i4"), np.empty(0, "i4"), np.empty(0, "i2"), np.empty(0))]
    for start in range(0, len(points), _SLAB):
        stop = min(start + _SLAB, len(points))
        beyond = int(np.searchsorted(ordered[:, along], ordered[stop - 1, along] + radius, "right"))
        slab = ordered[start:beyond]
        tree = cKDTree(slab, compact_nodes=False, balanced_tree=False)
        found = tree.query_pairs(radius, output_type="ndarray")
        found = found[found.min(1) < stop - start]  # the others belong to the next slabs
        shifts = slab[found[:, 0]] - slab[found[:, 1]]
        distance = np.sqrt((shifts * shifts).sum(1))
        bins = np.minimum(np.searchsorted(edges[1:], distance), len(edges) - 2).astype("i2")
        parts.append((order[start + found[:, 0]], order[start + found[:, 1]], bins, window.translation_weights(shifts)))
    first, second, bins, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(first, second, bins, weight, len(edges) - 1)


def ordered_pairs(a: Mask, b: Mask) -> float:
    """Return the number of ordered pairs of a cell of A and another of B; NaN for none.

    Examples
    --------
    >>> ordered_pairs(np.array([True, True, False]), np.array([True, True, True]))
    4.0
    """
    number = float(a.sum()) * float(b.sum()) - float((a & b).sum())
    return number if number > 0 else float("nan")


def radii_of(cells: CellTable, radii: ArrayLike | None) -> Floats:
    """Return radii, (m,), um; by default twenty up to 100 um or a quarter of the shortest side.

    Raises
    ------
    ModelError
        If they do not rise from above 0, or reach beyond half of the shortest side of the window.
    """
    shortest = float(cells.window.sides.min())
    if radii is None:
        return np.linspace(0, min(100.0, shortest / 4), 21)[1:]
    given = np.atleast_1d(np.asarray(radii, "f8"))
    if given.ndim != 1 or not len(given) or not given[0] > 0 or not (np.diff(given) > 0).all():
        raise ModelError(f"radii: {given.tolist()}; allowed: numbers that rise, from above 0 um")
    if given[-1] > shortest / 2:
        raise ModelError(
            f"radii: {given[-1]:g} um; allowed: at most {shortest / 2:g} um, half of the window's shortest side"
        )
    return given


def _check_number(points: Floats, radius: float) -> None:
    from scipy.spatial import cKDTree

    if len(points) < _SAMPLE:
        return
    some = points[:: len(points) // _SAMPLE]
    near = cKDTree(points).query_ball_point(some, radius, return_length=True)
    expected = float(np.mean(near) - 1) * len(points) / 2
    if expected > _MOST_PAIRS:
        raise ModelError(
            f"radii: about {expected:.2g} pairs of cells within {radius:g} um; allowed: {_MOST_PAIRS:.2g}; take a smaller radius "
            "or, for cells on a lattice, lattice_pair_correlation"
        )

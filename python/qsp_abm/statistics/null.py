"""Chance: labels permuted among positions, or cells placed at random, and how far the data lie from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest
from .cells import CellTable, Selection
from .result import Axis, Envelope, Result

__all__ = ["Null", "evaluate", "extreme_rank_length"]

Floats = NDArray[np.float64]
Order = NDArray[np.intp]
Measure = Callable[[Order], Floats]
Build = Callable[[CellTable], Measure]

_KINDS = ("labels", "positions")


@dataclass(frozen=True)
class Null:
    """What chance means.

    Parameters
    ----------
    simulations
        How often; with 199, p of a curve can fall to 0.005, of a single value, two-sided, to 0.01.
    kind
        ``labels``: labels and marks are permuted among the positions; ``positions``: all cells are placed at random,
        uniformly in the window or on the voxels, counts fixed.
    among
        Permute only among these cells, such as ``immune``; all others keep label and position. For ``labels``.
    seed
        Of the random numbers.
    """

    simulations: int = 199
    kind: Literal["labels", "positions"] = "labels"
    among: Selection | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.simulations < 2:
            raise ModelError(f"null: {self.simulations} simulations; allowed: at least 2")
        if self.kind not in _KINDS:
            raise ModelError(f"null: unknown kind '{self.kind}'{suggest(self.kind, _KINDS)}")
        if self.kind == "positions" and self.among is not None:
            raise ModelError("null: among is for labels; positions are drawn for all cells")


def evaluate(
    name: str,
    cells: CellTable,
    build: Build,
    null: Null | int | None,
    *,
    axes: tuple[Axis, ...],
    unit: str | tuple[str, ...] = "",
    expected: Any = None,
    settings: dict[str, Any],
) -> Result:
    """Measure cells, and simulations of chance where they are asked for.

    Parameters
    ----------
    name
        Of the statistic.
    cells
        The data.
    build
        Takes cells at their positions and returns a function of an order, (N,): the values where position k has the
        label and marks of cell order[k]. So what depends on positions alone is done once.
    null
        What chance means; a number is that many permutations of the labels; None: no simulations.
    axes, unit, expected, settings
        As in `Result`.
    """
    null = Null(simulations=null) if isinstance(null, int) else null
    shape = tuple(len(axis.points) for axis in axes)
    same = np.arange(len(cells))
    measure = build(cells)
    values = np.asarray(measure(same), "f8").reshape(shape)
    envelope = None
    if null is not None:
        random = np.random.default_rng(null.seed)
        found = np.empty((null.simulations, values.size))
        free = same if null.among is None else np.flatnonzero(cells.select(null.among))
        for each in found:
            if null.kind == "labels":
                order = same.copy()
                order[free] = random.permutation(free)
                each[:] = measure(order).ravel()
            else:
                each[:] = build(cells.moved(random))(same).ravel()
        envelope = _envelope(null, values, found)
        settings = settings | {"seed": null.seed, **({"among": null.among} if null.among is not None else {})}
    theory = None if expected is None else np.asarray(expected, "f8")
    return Result(name, values, unit, axes, theory, envelope, settings)


def _envelope(null: Null, values: Floats, found: Floats) -> Envelope:
    both = np.vstack([values.ravel(), found])
    known = np.isfinite(both).all(0)

    def shaped(numbers: Any) -> Floats:
        full = np.full(values.size, np.nan)
        full[known] = numbers
        return full.reshape(values.shape)

    simulated, observed = found[:, known], values.ravel()[known]
    least = np.minimum((simulated <= observed).sum(0), (simulated >= observed).sum(0))
    low, high = np.quantile(simulated, (0.025, 0.975), axis=0) if known.any() else (np.empty(0), np.empty(0))
    return Envelope(
        null.kind,
        null.simulations,
        shaped(simulated.mean(0)),
        shaped(simulated.std(0)),
        shaped(low),
        shaped(high),
        shaped(np.minimum(1.0, 2 * (least + 1) / (null.simulations + 1))),
        extreme_rank_length(both[:, known]) if known.any() else float("nan"),
    )


def extreme_rank_length(curves: Floats) -> float:
    """Return the global p of the first of several curves, two-sided, by extreme rank length.

    Each curve is described by its pointwise two-sided ranks, sorted; curves are ordered by their most extreme rank,
    ties by the next. A curve that ties with the first counts against it.

    Parameters
    ----------
    curves
        (simulations + 1, points): the data first.

    References
    ----------
    .. [1] M. Myllymäki et al., "Global envelope tests for spatial processes", J. R. Stat. Soc. B 79:381 (2017),
       doi:10.1111/rssb.12172.

    Examples
    --------
    >>> extreme_rank_length(np.vstack([np.full(5, 9.0), np.random.default_rng(1).random((99, 5))]))
    0.01
    """
    from scipy.stats import rankdata

    below = rankdata(curves, method="average", axis=0)
    ranks = np.sort(np.minimum(below, len(curves) + 1 - below), axis=1)
    difference = ranks - ranks[0]
    first = np.argmax(difference != 0, axis=1)
    sign = difference[np.arange(len(curves)), first]
    return float((sign <= 0).sum() / len(curves))

"""A statistic over the frames of a run, and how long an architecture lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError, suggest
from .catalogue import measure
from .cells import as_cells
from .null import Null

if TYPE_CHECKING:
    import pandas as pd

    from ..output.reader import Run

__all__ = ["HalfLife", "architecture_half_life", "half_life", "series"]

Floats = NDArray[np.float64]


def series(run: Run, name: str, *, every: int = 1, sets: Any = None, **options: Any) -> pd.DataFrame:
    """Return a statistic at the recorded frames of a run.

    Parameters
    ----------
    run
        A recorded run.
    name
        Of the statistic.
    every
        Take each frame, each second, ...
    sets
        Names for several cell types, as in `as_cells`.
    options
        Of the statistic; with ``null`` each value has a second column, ``<value>_null``: the mean of chance.

    Returns
    -------
    DataFrame
        A row for each frame (index: day), a column for each value.

    Raises
    ------
    ModelError
        For an unknown statistic, option or cell type; where nothing is recorded.
    """
    import pandas as pd

    days = run.times[::every]
    if not len(days):
        raise ModelError(f"{run.path}: no frame is recorded yet")
    rows = []
    for day in days.tolist():
        found = measure(name, as_cells(run, day=day, sets=sets), **options)
        rows.append({value: number for value, (number, _) in found.flat().items()})
    return pd.DataFrame(rows, index=pd.Index(days, name="day"))


@dataclass(frozen=True)
class HalfLife:
    """How long differences last.

    Parameters
    ----------
    replicates
        Half-life of each replicate, day; infinite where its difference never fell to half within the time seen.
    median, low, high
        Of the replicates, day: median and central 90 % range. Infinite values count as longer than all others.
    """

    replicates: tuple[float, ...]
    median: float
    low: float
    high: float


def half_life(days: ArrayLike, differences: ArrayLike) -> HalfLife:
    """Return the time until differences have fallen to half of what they were at first.

    Between two times the difference is taken to change linearly; a later rise does not count.

    Parameters
    ----------
    days
        Times, (T,), day, rising.
    differences
        (T,) or (replicates, T): the statistic less its value at random labels. NaN (a cell type has died out) ends a
        replicate.

    Raises
    ------
    ModelError
        If the shapes do not fit or a difference is 0 or NaN at the start.

    Examples
    --------
    >>> half_life([0, 1, 2, 3], [[-0.8, -0.5, -0.3, -0.1], [1.0, 0.9, 0.8, 0.7]]).replicates
    (1.5, inf)
    """
    t, all_ = np.asarray(days, "f8"), np.atleast_2d(np.asarray(differences, "f8"))
    if t.ndim != 1 or all_.shape[1] != len(t) or len(t) < 2 or not (np.diff(t) > 0).all():
        raise ModelError(
            f"half_life: {t.shape} times for differences of shape {all_.shape}; allowed: two or more, rising"
        )
    start = all_[:, :1]
    if not (np.isfinite(start) & (start != 0)).all():
        raise ModelError("half_life: a difference is 0 or not a number at the start; there is nothing to last")
    found = [_first_half(t, row) for row in all_ / start]
    low, median, high = (float(np.quantile(found, q, method="inverted_cdf")) for q in (0.05, 0.5, 0.95))
    return HalfLife(tuple(found), median, low, high)


def _first_half(days: Floats, part: Floats) -> float:
    below = np.flatnonzero(part <= 0.5)
    lost = np.flatnonzero(np.isnan(part))
    if not len(below) or (len(lost) and lost[0] < below[0]):
        return float("inf")
    k = below[0]
    return float(np.interp(0.5, part[[k, k - 1]], days[[k, k - 1]]))


def architecture_half_life(
    runs: Run | Iterable[Run], name: str, quantity: str, *, every: int = 1, null: Null | int = 99, **options: Any
) -> HalfLife:
    """Return how long an architecture lasts: the time until a statistic's difference from random labels has halved.

    Parameters
    ----------
    runs
        Replicates, recorded at the same times.
    name, quantity
        Statistic, and which of its values, such as ``mixing_score`` and ``normalised``. Prefer one that does not follow
        the numbers of cells: those change too.
    every
        Take each frame, each second, ...
    null
        Random labels.
    options
        Of the statistic.

    Raises
    ------
    ModelError
        For an unknown statistic, quantity or option; for runs of different times.
    """
    found: Sequence[pd.DataFrame] = [
        series(run, name, every=every, null=null, **options) for run in (runs if isinstance(runs, Iterable) else [runs])
    ]
    if not found:
        raise ModelError("architecture_half_life: no runs")
    if quantity not in found[0]:
        known = [each for each in map(str, found[0]) if not each.endswith("_null")]
        raise ModelError(f"{name}: no value '{quantity}'{suggest(quantity, known)}")
    days = found[0].index.to_numpy()
    if any(len(each) != len(days) or (each.index.to_numpy() != days).any() for each in found):
        raise ModelError("architecture_half_life: the runs are recorded at different times; allowed: one set of times")
    return half_life(days, [(each[quantity] - each[f"{quantity}_null"]).to_numpy() for each in found])

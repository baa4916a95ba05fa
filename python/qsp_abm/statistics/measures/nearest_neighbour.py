"""The distance from a cell of A to the nearest of B: the G function, with the Kaplan-Meier edge correction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..pairs import radii_of
from ..result import Axis, Result
from ..window import ball_volume

__all__ = ["kaplan_meier", "nearest_neighbour", "nearest_neighbour_area"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@statistic("10.1214/aos/1034276628")
def nearest_neighbour(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    radii: ArrayLike | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""Fraction of cells of A with a cell of B within r (nearest neighbour G, G-cross).

    .. math:: G_{AB}(r) = 1 - \prod_{s \le r} \left(1 - \frac{\#\{i: d_i = s \le b_i\}}{\#\{i: \min(d_i, b_i) \ge s\}}\right)

    with :math:`d_i` the distance of a cell of A to the nearest other cell of B and :math:`b_i` to the border of the
    window: a distance beyond the border is censored (Kaplan-Meier).

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells; they may be the same.
    radii
        r, um, rising; default: twenty up to 100 um or a quarter of the shortest side.
    null
        What chance means.

    Returns
    -------
    Result
        G by r; `expected`: :math:`1 - \exp(-\lambda_B b_d r^d)`, of B at random.

    Raises
    ------
    ModelError
        For unknown cells or wrong radii.

    References
    ----------
    .. [1] A. Baddeley, R. D. Gill, "Kaplan-Meier estimators of distance distributions for spatial point processes",
       Ann. Stat. 25:263 (1997), doi:10.1214/aos/1034276628.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [30, 70, 34], "y_um": [50, 50, 53], "cell_type": ["tumour", "tumour", "B"]})
    >>> nearest_neighbour(as_cells(cells, window=[0, 100, 0, 100]), radii=[4, 6]).values.tolist()
    [0.0, 0.5]
    """
    cells = as_cells(cells)
    r = radii_of(cells, radii)
    first, second = cells.select(a), cells.select(b)
    density = second.sum() / cells.window.volume
    expected = 1 - np.exp(-density * ball_volume(r, cells.dimensions))
    return evaluate(
        "nearest_neighbour",
        cells,
        lambda where: _distances(where, first, second, lambda d, border: kaplan_meier(d, border, r)),
        null,
        axes=(Axis("r", "um", r),),
        expected=expected,
        settings={"a": a, "b": b},
    )


@statistic("10.1038/ncomms15095")
def nearest_neighbour_area(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    radius: float = 20.0,
    null: Null | int | None = None,
) -> Result:
    r"""Area under G-cross up to a radius, over the radius: 0 no B near A, 1 B everywhere at A.

    :math:`\frac{1}{R} \int_0^R G_{AB}(r) dr`, exact for the step function of `nearest_neighbour`; G-cross up to 20 um
    was used as an index of infiltration. Also the median distance, um, which is NaN where fewer than half find a B
    inside the window.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells.
    radius
        R, um.
    null
        What chance means.

    References
    ----------
    .. [1] J. S. Carstens et al., "Spatial computation of intratumoral T cells correlates with survival of patients with
       pancreatic cancer", Nat. Commun. 8:15095 (2017), doi:10.1038/ncomms15095.
    """
    cells = as_cells(cells)
    (limit,) = radii_of(cells, [radius])
    first, second = cells.select(a), cells.select(b)

    def summary(distance: Floats, border: Floats) -> Floats:
        if not len(distance):
            return np.full(2, np.nan)
        steps = np.unique(distance[distance <= border])
        g = kaplan_meier(distance, border, steps)
        inside = np.append(steps[steps < limit], limit)
        area = float((np.diff(inside) * g[: len(inside) - 1]).sum()) / limit
        half = np.flatnonzero(g >= 0.5)
        return np.array([area, steps[half[0]] if len(half) else np.nan])

    return evaluate(
        "nearest_neighbour_area",
        cells,
        lambda where: _distances(where, first, second, summary),
        null,
        axes=(Axis("quantity", "", np.array(["area", "median_distance"])),),
        unit=("", "um"),
        settings={"a": a, "b": b, "radius": radius},
    )


def _distances(where: CellTable, first: Mask, second: Mask, summary: Any) -> Measure:
    border = where.window.border_distance(where.points)

    def measure(order: NDArray[np.intp]) -> Floats:
        from_, to = first[order], second[order]
        return np.asarray(summary(nearest_distance(where.points, from_, to), border[from_]))

    return measure


def nearest_distance(points: Floats, a: Mask, b: Mask) -> Floats:
    """Return the distance of each cell of A to the nearest other cell of B, um; infinite where there is none."""
    from scipy.spatial import cKDTree

    if not b.any():
        return np.full(int(a.sum()), np.inf)
    found = np.asarray(cKDTree(points[b]).query(points[a], [1, 2])[0])
    return np.where(b[a], found[:, 1], found[:, 0])


def kaplan_meier(distance: Floats, border: Floats, radii: Floats) -> Floats:
    """Return the distribution of distances that are censored at the border.

    Parameters
    ----------
    distance, border
        (N,), um.
    radii
        Where it is wanted, (m,), um.

    Examples
    --------
    >>> kaplan_meier(np.array([1.0, 2.0, 9.0]), np.array([5.0, 5.0, 1.5]), np.array([1.0, 2.0])).round(3).tolist()
    [0.333, 1.0]
    """
    if not len(distance):
        return np.full(len(radii), np.nan)
    seen = np.minimum(distance, border)
    at, failures = np.unique(distance[distance <= border], return_counts=True)
    at_risk = len(seen) - np.searchsorted(np.sort(seen), at, side="left")
    survival = np.append(1.0, np.cumprod(1 - failures / at_risk))
    return 1 - survival[np.searchsorted(at, radii, side="right")]

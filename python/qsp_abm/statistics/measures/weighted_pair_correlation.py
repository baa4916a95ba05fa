"""The weighted pair correlation function: how near to A are cells of B with a given value of a continuous mark."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ModelError
from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..pairs import find_pairs, radii_of
from ..result import Axis, Result
from ..window import ball_volume

__all__ = ["weighted_pair_correlation"]


@statistic("10.1371/journal.pcbi.1010994")
def weighted_pair_correlation(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    mark: str = "stimulation",
    levels: ArrayLike | None = None,
    width: float | None = None,
    radii: ArrayLike | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""Pair correlation of A with cells of B whose mark is near m (weighted pair correlation).

    .. math:: g(r_k, m) = \frac{|W|}{n_A \sum_j w_m(x_j)} \sum_{i \in A} \sum_{j \in B} w_m(x_j) \frac{1[r_{k-1} < d_{ij} \le r_k]
       \, e_{ij}}{b_d (r_k^d - r_{k-1}^d)}, \quad w_m(x) = \max(1 - |x - m| / \Delta, 0)

    with the translation correction e, where the paper corrects by the part of the annulus inside the window.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells; they must not overlap.
    mark
        Column with the mark of B, such as a trait.
    levels
        m; default: eleven from the smallest to the largest mark of B.
    width
        Half width of the triangle, the paper's target interval; default: twice the step of the levels.
    radii
        Outer radii of the annuli, um, rising.
    null
        What chance means; permuting ``among`` B keeps all positions and moves the marks alone.

    Returns
    -------
    Result
        g by m and r.

    Raises
    ------
    ModelError
        For unknown cells or columns, a mark that is not a number for each cell of B, overlapping A and B.

    References
    ----------
    .. [1] J. A. Bull, H. M. Byrne, "Quantification of spatial and phenotypic heterogeneity in an agent-based model of
       tumour-macrophage interactions", PLoS Comput. Biol. 19:e1010994 (2023), doi:10.1371/journal.pcbi.1010994.
    """
    cells = as_cells(cells)
    r = radii_of(cells, radii)
    first, second = cells.select(a), cells.select(b)
    if (first & second).any():
        raise ModelError(f"weighted_pair_correlation: {a!r} and {b!r} share cells; allowed: sets without a common cell")
    values = np.where(second, cells.mark(mark).astype("f8"), 0.0)
    if not np.isfinite(values).all():
        raise ModelError(f"weighted_pair_correlation: '{mark}' is no number for some cells of {b!r}")
    if levels is None:
        low, high = (values[second].min(), values[second].max()) if second.any() else (0.0, 1.0)
        levels = np.linspace(low, high if high > low else low + 1, 11)
    m = np.atleast_1d(np.asarray(levels, "f8"))
    reach = width if width is not None else 2 * float(np.diff(m).max()) if len(m) > 1 else float("nan")
    if not reach > 0:
        raise ModelError(
            f"weighted_pair_correlation: width {reach:g}; it must be above 0 (for a single level it must be given)"
        )
    edges = np.concatenate([[0.0], r])
    volumes = np.diff(ball_volume(edges, cells.dimensions))
    near = np.where(second, np.maximum(1 - np.abs(values - m[:, None]) / reach, 0), 0)
    if null is None:
        kept = first | second
        cells, first, near = cells.only(kept), first[kept], near[:, kept]

    def build(where: CellTable) -> Measure:
        pairs = find_pairs(where.points, where.window, edges)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            found = np.stack([pairs.weighted_sums(first[order], weights[order]) for weights in near])
            total = near.sum(1) * first.sum()
            total = np.where(total > 0, total, np.nan)
            return np.asarray(where.window.volume * found / total[:, None] / volumes)

        return measure

    return evaluate(
        "weighted_pair_correlation",
        cells,
        build,
        null,
        axes=(Axis("mark", "", m), Axis("r", "um", r)),
        expected=np.ones((len(m), len(r))),
        settings={"a": a, "b": b, "mark": mark, "width": reach},
    )

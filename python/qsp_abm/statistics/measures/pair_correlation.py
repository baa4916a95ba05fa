"""The pair correlation function and its cross form, by annuli, with the translation correction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..pairs import find_pairs, ordered_pairs, radii_of
from ..result import Axis, Result
from ..window import ball_volume

__all__ = ["pair_correlation"]


@statistic("10.1002/9781118658222")
def pair_correlation(
    cells: Any,
    a: Selection = "tumour",
    b: Selection | None = None,
    radii: ArrayLike | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""Pairs of A and B at distance r, over what random cells would have (cross pair correlation).

    .. math:: g_{AB}(r_k) = \frac{K_{AB}(r_k) - K_{AB}(r_{k-1})}{b_d (r_k^d - r_{k-1}^d)}

    by annuli (shells) :math:`r_{k-1} < d \le r_k` from :math:`r_0 = 0`, with K as in `ripley_k`. 1: at random; above:
    attraction; below: avoidance. Annuli keep the estimate free of a bandwidth and unbiased for each annulus.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells; without `b` it is A itself.
    radii
        Outer radii of the annuli, um, rising; default: twenty up to 100 um or a quarter of the shortest side.
    null
        What chance means.

    Returns
    -------
    Result
        g by the outer radius.

    Raises
    ------
    ModelError
        For unknown cells, wrong radii, or too many pairs.

    References
    ----------
    .. [1] S. N. Chiu, D. Stoyan, W. S. Kendall, J. Mecke, *Stochastic Geometry and its Applications*, 3rd ed., Wiley
       (2013), section 4.7, doi:10.1002/9781118658222.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [10, 20, 90], "y_um": [50, 50, 50], "cell_type": ["tumour", "CD8T", "CD8T"]})
    >>> pair_correlation(as_cells(cells, window=[0, 100, 0, 100]), "tumour", "cd8", [5, 15]).values.round(2).tolist()
    [0.0, 8.84]
    """
    cells = as_cells(cells)
    r = radii_of(cells, radii)
    first, second = cells.select(a), cells.select(a if b is None else b)
    if null is None:  # nobody else is needed
        kept = first | second
        cells, first, second = cells.only(kept), first[kept], second[kept]
    edges = np.concatenate([[0.0], r])
    volumes = np.diff(ball_volume(edges, cells.dimensions))

    def build(where: CellTable) -> Measure:
        pairs = find_pairs(where.points, where.window, edges)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            found = pairs.sums(first[order], second[order])
            return found * where.window.volume / ordered_pairs(first, second) / volumes

        return measure

    return evaluate(
        "pair_correlation",
        cells,
        build,
        null,
        axes=(Axis("r", "um", r),),
        expected=np.ones(len(r)),
        settings={"a": a, "b": a if b is None else b},
    )

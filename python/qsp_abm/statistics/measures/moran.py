"""Moran's I: whether neighbours resemble each other in a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..graph import Neighbours, find_neighbours
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

__all__ = ["moran"]


@statistic("10.1093/biomet/37.1-2.17")
def moran(
    cells: Any,
    mark: str = "pdl1_constitutive",
    a: Selection | None = None,
    neighbours: Neighbours = "knn",
    radius: float = 20.0,
    k: int = 6,
    row_standardised: bool = True,
    null: Null | int | None = None,
) -> Result:
    r"""Correlation of a number between neighbours (Moran's I): 1 alike, 0 at random, below 0 unlike.

    .. math:: I = \frac{N}{\sum_{ij} w_{ij}} \frac{\sum_{ij} w_{ij} (x_i - \bar x)(x_j - \bar x)}{\sum_i (x_i - \bar x)^2}

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    mark
        Column x.
    a
        Only these cells; default: all that have the mark.
    neighbours, radius, k
        As in `find_neighbours`.
    row_standardised
        The weights of each cell add up to 1; else each is 1.
    null
        What chance means; permuted are the cells of `a`.

    Returns
    -------
    Result
        I; `expected`: -1/(N-1).

    Raises
    ------
    ModelError
        For an unknown column or cells, a mark of `a` that is not a number.

    References
    ----------
    .. [1] P. A. P. Moran, "Notes on continuous stochastic phenomena", Biometrika 37:17 (1950),
       doi:10.1093/biomet/37.1-2.17.

    Examples
    --------
    >>> import pandas as pd
    >>> rising = pd.DataFrame({"x_um": range(9), "y_um": [0, 1] * 4 + [0], "cell_type": "B", "age": range(9)})
    >>> moran(rising, "age", k=2).values.round(2).tolist()
    [0.8]
    """
    cells = as_cells(cells)
    numbers = cells.mark(mark)
    if numbers.dtype.kind not in "fiub":
        raise ModelError(f"moran: column '{mark}' does not hold numbers")
    chosen = np.isfinite(numbers) if a is None else cells.select(a)
    cells, x = cells.only(chosen), numbers[chosen].astype("f8")
    if not np.isfinite(x).all():
        raise ModelError(f"moran: '{mark}' is no number for some cells of {a!r}")
    centred = x - x.mean() if len(x) else x
    spread = float((centred**2).sum())

    def build(where: CellTable) -> Measure:
        edges = find_neighbours(where, neighbours, radius, k)
        weights = 1 / edges.degrees[edges.of] if row_standardised else np.ones(len(edges.of))
        total = float(weights.sum())

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            if not spread > 0 or not total > 0:
                return np.array([np.nan])
            now = centred[order]
            return np.array([len(x) / total * float(weights @ (now[edges.of] * now[edges.to])) / spread])

        return measure

    return evaluate(
        "moran",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["I"])),),
        expected=[-1 / (len(x) - 1) if len(x) > 1 else np.nan],
        settings={"mark": mark, "a": a, "neighbours": neighbours, "radius": radius, "k": k},
    )

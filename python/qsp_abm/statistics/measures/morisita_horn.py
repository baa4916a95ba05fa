"""The Morisita-Horn index: whether two populations share the same tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..result import Axis, Result
from ..tiles import tile_of

__all__ = ["morisita_horn"]


@statistic("10.1086/282436")
def morisita_horn(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    tile: float = 50.0,
    null: Null | int | None = None,
) -> Result:
    r"""Overlap of two populations by tile (Morisita-Horn): 0 apart, 1 in proportion everywhere.

    .. math:: M = \frac{2 \sum_k p_k q_k}{\sum_k p_k^2 + \sum_k q_k^2}

    with p and q the parts of A and B in tile k.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells.
    tile
        Edge of the tiles, um; rounded so that equal tiles fill the window.
    null
        What chance means.

    Raises
    ------
    ModelError
        For unknown cells, or a tile larger than the window.

    References
    ----------
    .. [1] H. S. Horn, "Measurement of 'overlap' in comparative ecological studies", Am. Nat. 100:419 (1966),
       doi:10.1086/282436.
    .. [2] C. C. Maley et al., "An ecological measure of immune-cancer colocalization as a prognostic factor for breast
       cancer", Breast Cancer Res. 17:131 (2015), doi:10.1186/s13058-015-0638-4.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [1, 99, 1, 99], "y_um": [1, 1, 2, 2], "cell_type": ["tumour", "tumour", "B", "B"]})
    >>> morisita_horn(as_cells(cells, window=[0, 100, 0, 100])).values.tolist()
    [1.0]
    """
    cells = as_cells(cells)
    first, second = cells.select(a), cells.select(b)

    def build(where: CellTable) -> Measure:
        index, tiles = tile_of(where, tile)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            mine, theirs = first[order], second[order]
            if not mine.any() or not theirs.any():
                return np.array([np.nan])
            p, q = (np.bincount(index[each], minlength=tiles) / each.sum() for each in (mine, theirs))
            return np.array([2 * (p @ q) / (p @ p + q @ q)])

        return measure

    return evaluate(
        "morisita_horn",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["index"])),),
        settings={"a": a, "b": b, "tile": tile},
    )

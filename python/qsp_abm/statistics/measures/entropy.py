"""Shannon entropy of cell types, of all cells and around each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..graph import Neighbours, find_neighbours
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

__all__ = ["entropy"]

Floats = NDArray[np.float64]


@statistic("10.1002/j.1538-7305.1948.tb01338.x")
def entropy(
    cells: Any,
    a: Selection | None = None,
    neighbours: Neighbours = "radius",
    radius: float = 30.0,
    k: int = 10,
    null: Null | int | None = None,
) -> Result:
    r"""Diversity of cell types, overall and in the neighbourhood of a cell (Shannon entropy).

    :math:`H = -\sum_t p_t \ln p_t` over the types of all cells, in nat; ``local`` is the mean over cells of H of a cell
    and its neighbours, and ``ratio`` local over overall: below the ratio of random labels where types keep to
    themselves.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a
        Only these cells; default: all.
    neighbours, radius, k
        As in `find_neighbours`.
    null
        What chance means.

    Raises
    ------
    ModelError
        For unknown cells or neighbours.

    References
    ----------
    .. [1] C. E. Shannon, "A mathematical theory of communication", Bell Syst. Tech. J. 27:379 (1948),
       doi:10.1002/j.1538-7305.1948.tb01338.x.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [0, 1, 90, 91], "y_um": [0, 1, 0, 1], "cell_type": ["B", "B", "NK", "NK"]})
    >>> entropy(cells)["overall"].__round__(3), entropy(cells)["local"]
    (0.693, 0.0)
    """
    cells = as_cells(cells)
    if a is not None:
        cells = cells.only(cells.select(a))
    kinds, codes = np.unique(cells.labels, return_inverse=True)

    def build(where: CellTable) -> Measure:
        edges = find_neighbours(where, neighbours, radius, k)

        def measure(order: NDArray[np.intp]) -> Floats:
            if not len(where):
                return np.full(3, np.nan)
            now = codes[order]
            around = np.bincount(edges.of * len(kinds) + now[edges.to], minlength=len(where) * len(kinds))
            around = around.reshape(len(where), len(kinds))
            around[np.arange(len(where)), now] += 1
            overall, local = float(_entropy(np.bincount(now)[None])[0]), float(_entropy(around).mean())
            return np.array([overall, local, local / overall if overall > 0 else np.nan])

        return measure

    return evaluate(
        "entropy",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["overall", "local", "ratio"])),),
        unit=("nat", "nat", ""),
        settings={"a": a, "neighbours": neighbours, "radius": radius, "k": k},
    )


def _entropy(counts: NDArray[np.int64]) -> Floats:
    """Return the entropy of each row of counts, nat."""
    from scipy.special import xlogy

    p = counts / counts.sum(1, keepdims=True)
    return -np.asarray(xlogy(p, p).sum(1)) + 0.0  # no negative zero

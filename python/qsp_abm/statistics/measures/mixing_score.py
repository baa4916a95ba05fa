"""The mixing score: whether immune cells neighbour tumour cells or each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..graph import Neighbours, find_neighbours
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

__all__ = ["mixing_score"]


@statistic("10.1016/j.cell.2018.08.039")
def mixing_score(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    neighbours: Neighbours = "radius",
    radius: float = 20.0,
    k: int = 6,
    null: Null | int | None = None,
) -> Result:
    r"""Immune-tumour neighbours over immune-immune neighbours (mixing score).

    With :math:`E_{BA}` and :math:`E_{BB}` the numbers of neighbouring pairs: ``raw`` :math:`E_{BA} / E_{BB}`, as in the
    paper (where neighbours are cells whose outlines touch); ``normalised`` :math:`\frac{E_{BA} / (n_A n_B)}{E_{BB} /
    (n_B (n_B - 1) / 2)}`, 1 where labels are random; ``tumour_neighbours``: the mean, over cells of B that have any, of
    the part of A among their neighbours of A and B, which counts each cell once however many neighbours it has.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Tumour and immune cells.
    neighbours, radius, k
        As in `find_neighbours`; of ``knn`` a pair is counted from the side of B.
    null
        What chance means.

    Returns
    -------
    Result
        ``raw``, ``normalised``, ``tumour_neighbours``; `expected`: of random labels.

    Raises
    ------
    ModelError
        For unknown cells or neighbours.

    References
    ----------
    .. [1] L. Keren et al., "A structured tumor-immune microenvironment in triple negative breast cancer revealed by
       multiplexed ion beam imaging", Cell 174:1373 (2018), doi:10.1016/j.cell.2018.08.039.
    .. [2] Y. Feng et al., "Spatial analysis with SPIAT and spaSim to characterize and simulate tissue
       microenvironments", Nat. Commun. 14:2697 (2023), doi:10.1038/s41467-023-37822-0 (the normalised score).

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [0, 9, 18, 27], "y_um": [0, 1, 0, 1], "cell_type": ["tumour", "B", "B", "B"]})
    >>> mixing_score(cells, radius=10).values.round(3).tolist()
    [0.5, 0.5, 0.167]
    """
    cells = as_cells(cells)
    first, second = cells.select(a), cells.select(b)
    tumour, immune = int(first.sum()), int(second.sum())
    chance = 2 * tumour / (immune - 1) if immune > 1 else np.nan

    def build(where: CellTable) -> Measure:
        edges = find_neighbours(where, neighbours, radius, k)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            mine, theirs = first[order], second[order]
            mixed, own = edges.number(theirs, mine), edges.number(theirs, theirs) / 2
            raw = mixed / own if own else np.nan
            from_ = edges.of[theirs[edges.of]]
            to = edges.to[theirs[edges.of]]
            near = np.bincount(from_, mine[to], minlength=len(where))
            both = near + np.bincount(from_, theirs[to], minlength=len(where))
            has = both > 0
            part = float((near[has] / both[has]).mean()) if has.any() else np.nan
            return np.array([raw, raw / chance if tumour else np.nan, part])

        return measure

    return evaluate(
        "mixing_score",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["raw", "normalised", "tumour_neighbours"])),),
        expected=[chance, 1.0, tumour / (tumour + immune - 1) if tumour + immune > 1 else np.nan],
        settings={"a": a, "b": b, "neighbours": neighbours, "radius": radius, "k": k},
    )

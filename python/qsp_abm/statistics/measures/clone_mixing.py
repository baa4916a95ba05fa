"""Clone mixing: whether neighbouring tumour cells descend from the same founder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..graph import Neighbours, find_neighbours
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

if TYPE_CHECKING:
    from ...output.reader import Run

__all__ = ["clone_mixing", "founders"]


@statistic("10.2307/1934352")
def clone_mixing(
    cells: Any,
    a: Selection = "tumour",
    clone: str = "clone",
    neighbours: Neighbours = "radius",
    radius: float = 20.0,
    k: int = 6,
    null: Null | int | None = None,
) -> Result:
    r"""Chance that neighbouring tumour cells share a clone, and the effective number of clones.

    ``same``: the part of neighbouring pairs that share a clone; ``random``: :math:`\sum_c n_c (n_c - 1) / (n (n - 1))`,
    that of any two cells; ``ratio``: same over random, 1 where clones are well mixed; ``effective_clones``: :math:`1 /
    \sum_c (n_c / n)^2` (Hill number of order 2).

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a
        Which cells.
    clone
        Column that names the clone; of a run `founders` makes one.
    neighbours, radius, k
        As in `find_neighbours`, among the cells of `a`.
    null
        What chance means; permuted are the cells of `a`.

    Raises
    ------
    ModelError
        For unknown cells, column or neighbours.

    References
    ----------
    .. [1] M. O. Hill, "Diversity and evenness: a unifying notation and its consequences", Ecology 54:427 (1973),
       doi:10.2307/1934352.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [0, 9, 90, 99], "y_um": [0, 1, 0, 1], "cell_type": "tumour", "clone": [1, 1, 2, 2]})
    >>> clone_mixing(cells).values.round(3).tolist()
    [1.0, 0.333, 3.0, 2.0]
    """
    cells = as_cells(cells)
    cells = cells.only(cells.select(a))
    _, codes, sizes = np.unique(cells.mark(clone), return_inverse=True, return_counts=True)
    count = len(cells)
    chance = float((sizes * (sizes - 1)).sum()) / (count * (count - 1)) if count > 1 else np.nan
    effective = count**2 / float((sizes**2).sum()) if count else np.nan

    def build(where: CellTable) -> Measure:
        edges = find_neighbours(where, neighbours, radius, k)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            now = codes[order]
            same = float((now[edges.of] == now[edges.to]).mean()) if len(edges.of) else np.nan
            return np.array([same, chance, same / chance if chance else np.nan, effective])

        return measure

    return evaluate(
        "clone_mixing",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["same", "random", "ratio", "effective_clones"])),),
        settings={"a": a, "clone": clone, "neighbours": neighbours, "radius": radius, "k": k},
    )


def founders(run: Run, day: float | None = None) -> CellTable:
    """Return the cells of a run with a column ``clone``: the founder that each descends from.

    Founders are the cells of the start and those that arrived later.

    Parameters
    ----------
    run
        A recorded run with its lineage.
    day
        Time, day; the last by default.
    """
    cells = as_cells(run, day=day)
    lineage = run.lineage
    known = lineage[lineage["parent"] > 0]
    size = int(max(lineage["child"].max() if len(lineage) else 0, cells.mark("id").max() if len(cells) else 0)) + 1
    origin = np.arange(size)
    child, parent = known["child"].to_numpy("i8"), known["parent"].to_numpy("i8")
    origin[child] = parent
    while (origin[origin] != origin).any():  # each round doubles the generations that are bridged
        origin = origin[origin]
    return replace(cells, marks={**cells.marks, "clone": origin[cells.mark("id").astype("i8")]})

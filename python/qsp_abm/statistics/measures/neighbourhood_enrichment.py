"""Neighbourhood enrichment: which cell types neighbour each other more often than random labels would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..catalogue import statistic
from ..cells import CellTable, as_cells
from ..graph import Neighbours, find_neighbours
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

__all__ = ["neighbourhood_enrichment"]


@statistic("10.1038/s41592-021-01358-2")
def neighbourhood_enrichment(
    cells: Any,
    types: Sequence[str] | None = None,
    neighbours: Neighbours = "knn",
    radius: float = 20.0,
    k: int = 6,
    null: Null | int | None = 199,
) -> Result:
    r"""z of the number of neighbours of each pair of cell types against permuted labels (neighbourhood enrichment).

    :math:`z_{AB} = (E_{AB} - \mu_{AB}) / \sigma_{AB}` with :math:`E_{AB}` the directed edges from A to B, and mean and
    standard deviation over permutations of the labels.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    types
        Labels or sets, without common cells; default: every label. All others are kept as neighbours that are not
        reported.
    neighbours, radius, k
        As in `find_neighbours`.
    null
        What chance means.

    Returns
    -------
    Result
        z by A and B; the envelope is that of z.

    Raises
    ------
    ModelError
        For unknown or overlapping types, or without simulations.

    References
    ----------
    .. [1] G. Palla et al., "Squidpy: a scalable framework for spatial omics analysis", Nat. Methods 19:171 (2022),
       doi:10.1038/s41592-021-01358-2.
    """
    cells = as_cells(cells)
    if null is None:
        raise ModelError("neighbourhood_enrichment: null is None; z needs simulations")
    kinds = list(cells.types if types is None else types)
    masks = [cells.select(each) for each in kinds]
    if np.sum(masks, axis=0).max(initial=0) > 1:
        raise ModelError(f"neighbourhood_enrichment: types {kinds} share cells; allowed: sets without a common cell")
    codes = np.full(len(cells), len(kinds))
    for code, mask in enumerate(masks):
        codes[mask] = code
    size = len(kinds) + 1

    def build(where: CellTable) -> Measure:
        edges = find_neighbours(where, neighbours, radius, k)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            now = codes[order]
            table = np.bincount(now[edges.of] * size + now[edges.to], minlength=size * size).reshape(size, size)
            return table[:-1, :-1].astype("f8")

        return measure

    names = np.array(kinds)
    counted = evaluate(
        "neighbourhood_enrichment",
        cells,
        build,
        null,
        axes=(Axis("a", "", names), Axis("b", "", names)),
        settings={"types": kinds, "neighbours": neighbours, "radius": radius, "k": k},
    )
    chance = counted.null
    assert chance is not None
    sd = np.where(chance.sd > 0, chance.sd, np.nan)
    low, high = (chance.low - chance.mean) / sd, (chance.high - chance.mean) / sd
    envelope = replace(chance, mean=np.zeros_like(sd), sd=np.ones_like(sd), low=low, high=high)
    return replace(counted, values=(counted.values - chance.mean) / sd, null=envelope, expected=np.zeros_like(sd))

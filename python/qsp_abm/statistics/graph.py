"""Who is a neighbour of whom: within a radius, the k nearest, Delaunay, or touching voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest
from .cells import CellTable

__all__ = ["Edges", "Neighbours", "find_neighbours"]

Neighbours = Literal["radius", "knn", "delaunay", "contact"]


@dataclass(frozen=True, eq=False)
class Edges:
    """Directed edges, (M,) each: `of` has the neighbour `to`. All but ``knn`` hold every pair in both directions."""

    of: NDArray[np.intp]
    to: NDArray[np.intp]
    cells: int

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Neighbours of each cell, (N,)."""
        return np.bincount(self.of, minlength=self.cells)

    def number(self, a: NDArray[np.bool_], b: NDArray[np.bool_]) -> int:
        """Return the number of directed edges from A to B."""
        return int((a[self.of] & b[self.to]).sum())


def find_neighbours(cells: CellTable, neighbours: Neighbours, radius: float, k: int) -> Edges:
    """Return the neighbours of each cell.

    Parameters
    ----------
    cells
        Positions.
    neighbours
        ``radius``: within `radius`; ``knn``: the `k` nearest, directed; ``delaunay``: Delaunay edges of at most
        `radius`; ``contact``: cells of a lattice in one voxel or in voxels that share a face, an edge or a corner.
    radius
        um.
    k
        Number of nearest.

    Raises
    ------
    ModelError
        For an unknown kind, a radius or k not above 0, no lattice.

    Examples
    --------
    >>> import pandas as pd
    >>> from qsp_abm.statistics.cells import as_cells
    >>> cells = as_cells(pd.DataFrame({"x_um": [0, 8, 30], "y_um": [0, 0, 0.1], "cell_type": "B"}))
    >>> find_neighbours(cells, "radius", 10.0, 1).degrees.tolist()
    [1, 1, 0]
    """
    from scipy.spatial import Delaunay, QhullError, cKDTree

    if neighbours not in get_args(Neighbours):
        raise ModelError(f"neighbours: unknown kind '{neighbours}'{suggest(neighbours, get_args(Neighbours))}")
    if not radius > 0 or k < 1:
        raise ModelError(f"neighbours: radius {radius:g} um, k {k}; both must be above 0")
    count = len(cells)
    if count < 2:
        return Edges(np.empty(0, np.intp), np.empty(0, np.intp), count)
    if neighbours == "knn":
        number = min(k, count - 1)
        near = _without_self(cKDTree(cells.points).query(cells.points, number + 1)[1])
        return Edges(np.repeat(np.arange(count), number), near.ravel(), count)
    if neighbours == "contact":
        voxels = np.stack(np.unravel_index(cells.voxels(), cells.shape or ()), axis=1)
        pairs = cKDTree(voxels).query_pairs(1.5, p=np.inf, output_type="ndarray")
    elif neighbours == "radius":
        pairs = cKDTree(cells.points).query_pairs(radius, output_type="ndarray")
    else:
        try:
            corners = Delaunay(cells.points).simplices
        except QhullError:
            raise ModelError(
                f"neighbours: no Delaunay triangulation of {count} cells; allowed: cells not on one line"
            ) from None
        size = corners.shape[1]
        both = [corners[:, (i, j)] for i in range(size) for j in range(i + 1, size)]
        pairs = np.unique(np.sort(np.concatenate(both), axis=1), axis=0)
        lengths = np.linalg.norm(cells.points[pairs[:, 0]] - cells.points[pairs[:, 1]], axis=1)
        pairs = pairs[lengths <= radius]
    first, second = pairs.T.astype(np.intp)
    return Edges(np.concatenate([first, second]), np.concatenate([second, first]), count)


def _without_self(near: NDArray[np.intp]) -> NDArray[np.intp]:
    """Drop each cell from its own list; where cells at one place have pushed it out, drop the last."""
    own = near == np.arange(len(near))[:, None]
    own[~own.any(1), -1] = True
    return np.asarray(near[~own].reshape(len(near), -1))

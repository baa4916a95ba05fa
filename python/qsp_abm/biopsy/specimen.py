"""What was taken from a tumour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..statistics import CellTable, Window
from ..statistics.cells import Mask

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Specimen", "frame_of", "part_inside", "unit_vector"]

Floats = NDArray[np.float64]

_GRID = {2: 200, 3: 60}  # points a side


@dataclass(frozen=True, eq=False)
class Specimen:
    """A core or a section.

    Parameters
    ----------
    cells
        Its cells, in its own coordinates: of a core the first axis is its length; of a section the plane.
    size
        Area (um^2) or volume (um^3) that lies in the tissue.
    taken
        How: kind, position, direction, diameter, thickness ...
    voxel
        Edge of the voxels that the cells come from, um; 0: positions are exact.
    weights
        Of a section: the Abercrombie factor of each cell, (N,); else 1.
    tissue
        Of a core: tells of points in its coordinates, (N, d), whether they are in it and in the tissue.
    """

    cells: CellTable
    size: float
    taken: Mapping[str, Any]
    voxel: float = 0.0
    weights: Floats = field(default_factory=lambda: np.empty(0))
    tissue: Callable[[Floats], Mask] | None = None

    def __post_init__(self) -> None:
        if not len(self.weights):
            object.__setattr__(self, "weights", np.ones(len(self.cells)))

    def counts(self, *, corrected: bool = False) -> dict[str, float]:
        """Return the cells of each type.

        Parameters
        ----------
        corrected
            Of a section: profiles times t / (t + D), so the number of cells whose centre lies in it (Abercrombie).
        """
        weights = self.weights if corrected else np.ones(len(self.cells))
        return {kind: float(weights[self.cells.labels == kind].sum()) for kind in self.cells.types}

    def table(self) -> pd.DataFrame:
        """Return the cells as a table that `as_cells` and every other reader of tables takes."""
        import pandas as pd

        axes = {f"{axis}_um": self.cells.points[:, k] for k, axis in enumerate("xyz"[: self.cells.dimensions])}
        return pd.DataFrame({**axes, "cell_type": self.cells.labels, **self.cells.marks, "abercrombie": self.weights})


def part_inside(window: Window, inside: Callable[[Floats], Mask]) -> float:
    """Return the part of a window that lies inside something, by a grid of points: within 1 %.

    Examples
    --------
    >>> from qsp_abm.statistics import Window
    >>> round(part_inside(Window((0, 0), (2, 2)), lambda points: np.hypot(*(points - 1).T) < 1) * 4, 2)
    3.14
    """
    n, d = _GRID[window.dimensions], window.dimensions
    steps = (np.moveaxis(np.indices((n,) * d), 0, -1).reshape(-1, d) + 0.5) / n
    return float(inside(np.asarray(window.low) + steps * window.sides).mean())


def unit_vector(direction: Any, dimensions: int, what: str) -> Floats:
    """Return a direction of length 1.

    Raises
    ------
    ModelError
        If it has another number of axes or no length.
    """
    found = np.asarray(direction, "f8")
    length = float(np.linalg.norm(found))
    if found.shape != (dimensions,) or not 0 < length < np.inf:
        raise ModelError(f"{what}: {direction!r}; allowed: {dimensions} numbers, not all 0")
    return found / length


def frame_of(first: Floats) -> Floats:
    """Return an orthonormal frame as rows, (d, d): a unit vector and what stands at right angles to it.

    Examples
    --------
    >>> frame_of(np.array([0.0, 1.0])).tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """
    if len(first) == 2:
        return np.array([first, [-first[1], first[0]]])
    helper = np.eye(3)[(int(np.abs(first).argmax()) + 1) % 3]
    second = helper - (helper @ first) * first
    second /= np.linalg.norm(second)
    return np.array([first, second, np.cross(first, second)])

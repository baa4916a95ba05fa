"""Counts of cells by square or cubic tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .cells import CellTable

__all__ = ["tile_of"]


def tile_of(cells: CellTable, size: float) -> tuple[NDArray[np.intp], int]:
    """Return the tile of each cell, (N,), and how many tiles there are; the window is cut into equal tiles of about `size`, um.

    Raises
    ------
    ModelError
        If a tile is not smaller than the window.
    """
    if not 0 < size <= cells.window.sides.min():
        raise ModelError(
            f"tile: {size:g} um; allowed: above 0, up to {cells.window.sides.min():g} um, the window's shortest side"
        )
    numbers = np.maximum(1, np.rint(cells.window.sides / size).astype(np.intp))
    steps = ((cells.points - cells.window.low) / cells.window.sides * numbers).astype(np.intp)
    index = np.ravel_multi_index(tuple(np.minimum(steps, numbers - 1).T), tuple(numbers))
    return index, int(numbers.prod())

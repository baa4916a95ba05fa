"""A needle core: a cylinder out of a tumour, or a strip out of a section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..errors import ModelError
from ..statistics import CellTable, Window, as_cells
from .specimen import Specimen, frame_of, unit_vector

__all__ = ["needle"]

_GRID = {2: 400, 3: 60}  # points a side by which the part of a core inside the tissue is measured: within 1 %


def needle(
    source: Any,
    diameter: Any = "1 mm",
    length: Any = "10 mm",
    position: Sequence[float] | None = None,
    direction: Sequence[float] | None = None,
    *,
    day: float | None = None,
) -> Specimen:
    """Take a needle core.

    Parameters
    ----------
    source
        All that `as_cells` takes. Of a section the core is a strip as wide as the needle.
    diameter, length
        Of the core, um or with a unit.
    position
        Its middle, um; default: the middle of the window.
    direction
        Along the needle; default: the first axis.
    day
        Of a run.

    Returns
    -------
    Specimen
        Its first axis runs along the needle, from 0 to `length`. A core longer than the tissue is cut by it: `size` counts the tissue.

    Raises
    ------
    ModelError
        For sizes not above 0, a position outside the window.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> at = np.random.default_rng(1).random((4000, 3)) * 1000
    >>> tumour = pd.DataFrame(at, columns=["x_um", "y_um", "z_um"]).assign(cell_type="tumour")
    >>> core = needle(tumour, diameter="300 um", length="500 um", direction=[1, 1, 0])
    >>> bool(abs(core.size / (np.pi * 150**2 * 500) - 1) < 0.01)
    True
    """
    cells = as_cells(source, day=day)
    across, along = (
        units.to(value, "um", what, positive=True) for value, what in ((diameter, "diameter"), (length, "length"))
    )
    dimensions, window = cells.dimensions, cells.window
    middle = (np.asarray(window.low) + window.high) / 2 if position is None else np.asarray(position, "f8")
    if middle.shape != (dimensions,) or not window.holds(middle[None])[0]:
        raise ModelError(f"needle: position {position!r}; allowed: {dimensions} numbers inside {window}")
    axis = unit_vector(np.eye(dimensions)[0] if direction is None else direction, dimensions, "needle: direction")
    frame = frame_of(axis)
    placed = (cells.points - middle) @ frame.T
    kept = (np.abs(placed[:, 0]) <= along / 2) & (np.linalg.norm(placed[:, 1:], axis=1) <= across / 2)
    low = np.array([-along / 2] + [-across / 2] * (dimensions - 1))
    own = Window((0.0,) * dimensions, (along, *(across,) * (dimensions - 1)))
    points = np.clip(placed[kept] - low, 0, own.high)
    core = replace(cells.only(kept), points=points, window=own, shape=None)
    taken = {"kind": "needle", "position": middle.tolist(), "direction": axis.tolist()}
    taken |= {"diameter": across, "length": along}
    return Specimen(core, _size(own, frame, middle, cells), taken, _voxel(cells))


def _size(core: Window, frame: NDArray[np.float64], middle: NDArray[np.float64], cells: CellTable) -> float:
    """Return the area or volume of a core inside the tissue, by a grid of points."""
    n = _GRID[cells.dimensions]
    steps = (np.moveaxis(np.indices((n,) * cells.dimensions), 0, -1).reshape(-1, cells.dimensions) + 0.5) / n - 0.5
    places = steps * core.sides
    inside = np.linalg.norm(places[:, 1:], axis=1) <= core.sides[1] / 2
    inside &= cells.window.holds(middle + places @ frame)
    return float(inside.mean()) * core.volume


def _voxel(cells: CellTable) -> float:
    return cells.spacing if cells.shape is not None else 0.0

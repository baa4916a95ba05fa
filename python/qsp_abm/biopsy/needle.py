"""A needle core: a cylinder out of a tumour, or a strip out of a section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..errors import ModelError
from ..statistics import Window, as_cells
from ..statistics.cells import Mask
from .specimen import Specimen, frame_of, part_inside, unit_vector

__all__ = ["needle"]

Floats = NDArray[np.float64]


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
        Its first axis runs along the needle, from 0 to `length`. A core longer than the tissue is cut by it: `size`
        counts the tissue.

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

    def tissue(places: Floats) -> Mask:
        from_middle = places + low
        within: Mask = np.linalg.norm(from_middle[:, 1:], axis=1) <= across / 2
        return within & window.holds(middle + from_middle @ frame)

    size = part_inside(own, tissue) * own.volume
    voxel = cells.spacing if cells.shape is not None else 0.0
    taken = {"kind": "needle", "position": middle.tolist(), "direction": axis.tolist()}
    taken |= {"diameter": across, "length": along}
    return Specimen(core, size, taken, voxel, tissue=tissue)

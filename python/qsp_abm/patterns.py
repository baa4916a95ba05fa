"""Where immune cells stand about a tumour: in it, around it, or away from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .room import Voxels, voxel_size

if TYPE_CHECKING:
    from .model import Lattice
    from .start import Infiltrate

__all__ = ["pattern_voxels"]


def pattern_voxels(lattice: Lattice, start: Infiltrate, around: Voxels) -> NDArray[np.int64]:
    """Return the voxels in which a pattern may put cells.

    The region of the tumour is all within `start.gap` of one of its cells; the rim reaches `start.margin` further.

    Parameters
    ----------
    lattice
        With its shape.
    start
        The pattern.
    around
        Voxels of the cells that it is about.

    Raises
    ------
    ModelError
        If there are no such cells, or no voxel fits the pattern.
    """
    from scipy.ndimage import distance_transform_edt

    who = f"start of '{start.cells}'"
    if not len(around):
        raise ModelError(f"{who}: no cells of '{start.around}' are placed; the starts that place them are needed too")
    shape = tuple(reversed(lattice.shape or ()))
    free = np.ones(int(np.prod(shape)), bool)
    free[around] = False
    distance = distance_transform_edt(free.reshape(shape), sampling=voxel_size(lattice)[::-1]).ravel()
    inside = distance <= start.gap
    near = ~inside & (distance <= start.gap + start.margin)
    found = np.flatnonzero({"inflamed": inside, "excluded": near, "desert": ~inside & ~near}[start.pattern])
    if not len(found):
        raise ModelError(
            f"{who}: no voxel is left for the pattern '{start.pattern}' (gap {start.gap:g} um, margin {start.margin:g} um); "
            "a larger lattice or a smaller margin makes room"
        )
    return found

"""The tumour as a region, and the distance of every place to its edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .cells import CellTable, Mask, Selection

__all__ = ["Region", "tumour_region"]

Floats = NDArray[np.float64]

_PIXELS = {2: 4_000_000, 3: 30_000_000}  # at most; a finer grid is refused
_RIM = 5.0  # um, of a cell
_PITCH = {2: 5.0, 3: 10.0}  # um, where there is no lattice


@dataclass(frozen=True, eq=False)
class Region:
    """The tumour on a grid of pixels (voxels) that fills the window.

    Parameters
    ----------
    inside
        Whether each pixel belongs to it.
    distance
        Signed distance of each pixel's centre to the edge, um: below 0 inside; infinite where there is no edge.
    steps
        Edges of a pixel, um.
    low
        Corner of the window, um.
    """

    inside: NDArray[np.bool_]
    distance: Floats
    steps: Floats
    low: Floats

    @property
    def pixel_volume(self) -> float:
        """Area (um^2) or volume (um^3) of a pixel."""
        return float(self.steps.prod())

    @property
    def volume(self) -> float:
        """Area (um^2) or volume (um^3) of the tumour inside the window."""
        return float(self.inside.sum()) * self.pixel_volume

    @property
    def touches_border(self) -> bool:
        """Whether it reaches the border of the window, so that a part of it may be unseen."""
        return any(bool(self.inside.take((0, -1), axis).any()) for axis in range(self.inside.ndim))

    def at(self, points: Floats) -> Floats:
        """Return the signed distance of points, (N, d), to the edge: that of their pixel, um."""
        steps = ((points - self.low) / self.steps).astype(np.intp)
        found: Floats = self.distance[tuple(np.minimum(steps, np.array(self.inside.shape) - 1).T)]
        return found


def tumour_region(
    cells: CellTable,
    tumour: Selection = "tumour",
    *,
    gap: float = 30.0,
    least: int = 10,
    pitch: float | None = None,
) -> Region:
    """Return the region of the tumour.

    It is the closing of the tumour cells by a disc (ball): all that is nearer than `gap` to a tumour cell, less all
    that is nearer than `gap` to what lies outside of that; and a rim for the outermost cells' own size, half a voxel on
    a lattice, else 5 um. So gaps between tumour cells narrower than twice `gap` belong to the tumour, wider ones do
    not. Pieces with fewer than `least` tumour cells are left out. The border of the window is no edge: what lies beyond
    is unknown, and a true distance may be shorter than the one found.

    Parameters
    ----------
    cells
        The cells.
    tumour
        Which are tumour cells; take those that died in place with them (``tumour+dead``) where a necrotic core is part
        of the tumour.
    gap
        um.
    least
        Tumour cells.
    pitch
        Edge of a pixel, um; default: the lattice, or 5 um in two and 10 um in three dimensions.

    Raises
    ------
    ModelError
        For unknown cells, numbers not above 0, too fine a pitch.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from qsp_abm.statistics.cells import as_cells
    >>> at = (np.indices((40, 40)).reshape(2, -1) + 0.5) * 10
    >>> at = at[:, np.hypot(*(at - 200)) < 100]
    >>> disc = as_cells(pd.DataFrame({"x_um": at[0], "y_um": at[1], "cell_type": "tumour"}), window=[0, 400, 0, 400])
    >>> bool(abs(tumour_region(disc).volume / (np.pi * 100**2) - 1) < 0.05)
    True
    """
    from scipy import ndimage
    from scipy.spatial import cKDTree

    if not gap > 0 or least < 1 or (pitch is not None and not pitch > 0):
        raise ModelError(f"tumour region: gap {gap}, least {least}, pitch {pitch}; all must be above 0")
    shape = cells.shape
    if shape is None or pitch is not None:
        shape = tuple(int(n) for n in np.ceil(cells.window.sides / (pitch or _PITCH[cells.dimensions]) - 1e-9))
    if np.prod(shape, dtype="f8") > _PIXELS[cells.dimensions]:
        raise ModelError(
            f"tumour region: {shape} pixels; allowed: at most {_PIXELS[cells.dimensions]}; give a larger pitch"
        )
    steps, low = cells.window.sides / shape, np.asarray(cells.window.low)
    points = cells.points[cells.select(tumour)]
    index = np.minimum(((points - low) / steps).astype(np.intp), np.array(shape) - 1)
    occupied = np.bincount(np.ravel_multi_index(tuple(index.T), shape), minlength=int(np.prod(shape))).reshape(shape)

    def outward(mask: Mask) -> Floats:
        """Distance of each pixel's centre to the nearest of the mask."""
        if not mask.any():
            return np.full(shape, np.inf)
        return np.asarray(ndimage.distance_transform_edt(~mask, sampling=steps))

    half = float(steps.min()) / 2
    if shape == cells.shape:
        near, rim = outward(occupied > 0) <= gap, half
    else:
        centres = (np.moveaxis(np.indices(shape), 0, -1) + 0.5) * steps + low
        tree = cKDTree(points) if len(points) else None
        reach = np.full(shape, np.inf) if tree is None else tree.query(centres, distance_upper_bound=2 * gap)[0]
        near, rim = reach <= gap, _RIM
    inside = outward(~near) - half > gap - rim  # the edge of what is near lies half a pixel before the next centre
    pieces, number = ndimage.label(inside, np.ones((3,) * cells.dimensions))
    held = np.asarray(ndimage.sum_labels(occupied, pieces, np.arange(number + 1)))
    inside &= (held >= least)[pieces]
    distance = np.where(inside, half - outward(~inside), outward(inside) - half)
    return Region(inside, distance, steps, low)

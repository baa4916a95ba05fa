"""A thin section through a tumour: which cells a plane of 5 um shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import pi
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..errors import ModelError
from ..statistics import CellTable, Window, as_cells
from .specimen import Specimen, frame_of, part_inside, unit_vector

if TYPE_CHECKING:
    from ..output.reader import Run

__all__ = ["cell_diameters", "section"]

Floats = NDArray[np.float64]


def section(
    source: Any,
    position: Sequence[float] | None = None,
    normal: str | Sequence[float] = "z",
    thickness: Any = "5 um",
    *,
    diameter: float | Mapping[str, float] = 12.0,
    least: float = 0.0,
    field: tuple[float, float] | None = None,
    day: float | None = None,
    seed: int = 0,
) -> Specimen:
    r"""Cut a section and return the cells that show in it.

    A cell is a ball of diameter D; it shows where the section cuts it with a profile of at least `least` x D across:
    where its centre is nearer to the middle plane than :math:`(t + D \sqrt{1 - least^2}) / 2`. So a section of
    thickness t shows the cells of :math:`t + D \sqrt{1 - least^2}` of tissue, more than its own: `Specimen.weights`
    holds the Abercrombie factor :math:`t / (t + D \sqrt{1 - least^2})` that undoes it. A lattice knows the voxel of a
    cell and no place in it: for the cut each centre is drawn uniformly in its voxel, so that a section thinner than a
    voxel shows the right part of its cells.

    Parameters
    ----------
    source
        All that `as_cells` takes, or a core; in three dimensions.
    position
        A point of the middle plane, um, and the middle of `field`; default: the middle of the window.
    normal
        ``x``, ``y``, ``z``, or a direction at right angles to the section.
    thickness
        t, um or with a unit.
    diameter
        D, um: one for all, or by label (`cell_diameters` of a run).
    least
        Smallest profile that is seen, in parts of D, from 0 below 1; caps are lost in real sections.
    field
        Width and height of the field of view around `position`, um; default: all of the window, which an oblique
        section needs said.
    day
        Of a run.
    seed
        Of the places in the voxels.

    Returns
    -------
    Specimen
        Its `size` is the area of the field, of a core that of the core and the tissue in it.

    Raises
    ------
    ModelError
        For cells of a plane, a field that reaches out of the window, a label without a diameter, impossible sizes.

    References
    ----------
    .. [1] M. Abercrombie, "Estimation of nuclear population from microtome sections", Anat. Rec. 94:239 (1946),
       doi:10.1002/ar.1090940210.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> at = np.random.default_rng(1).random((200000, 3)) * 1000
    >>> tumour = pd.DataFrame(at, columns=["x_um", "y_um", "z_um"]).assign(cell_type="tumour")
    >>> cut = section(tumour, thickness=5, diameter=15.0)
    >>> round(cut.counts()["tumour"], -3), round(cut.counts(corrected=True)["tumour"], -3)
    (4000.0, 1000.0)
    """
    voxel, tissue = 0.0, None
    if isinstance(source, Specimen):
        source, voxel, tissue = source.cells, source.voxel, source.tissue
    cells = as_cells(source, day=day)
    if cells.dimensions != 3:
        raise ModelError("section: these cells lie in a plane; allowed: cells in three dimensions")
    if not 0 <= least < 1:
        raise ModelError(f"section: least {least:g}; allowed: from 0 below 1")
    steps = cells.window.sides / cells.shape if cells.shape is not None else np.full(3, voxel)
    t = units.to(thickness, "um", "thickness", positive=True)
    depth = t + _diameters(cells, diameter) * np.sqrt(1 - least**2)
    middle = (np.asarray(cells.window.low) + cells.window.high) / 2 if position is None else np.asarray(position, "f8")
    if middle.shape != (3,) or not cells.window.holds(middle[None])[0]:
        raise ModelError(f"section: position {position!r}; allowed: 3 numbers inside {cells.window}")
    axes, view, own = _plane(cells.window, normal, middle, field)
    jitter = (np.random.default_rng(seed).random((len(cells), 3)) - 0.5) * steps
    shown = np.abs((cells.points + jitter - middle) @ axes[0]) < depth / 2
    placed = (cells.points - middle) @ axes[1:].T
    shown &= ((placed >= view[0]) & (placed <= view[1])).all(1)
    points = np.clip(placed[shown] - view[0] + own.low, own.low, own.high)
    taken = {"kind": "section", "position": middle.tolist(), "normal": axes[0].tolist(), "thickness": t, "least": least}
    cut = replace(cells.only(shown), points=points, window=own, shape=None)
    inside = 1.0
    if tissue is not None:
        inside = part_inside(own, lambda places: tissue(middle + (places - own.low + view[0]) @ axes[1:]))
    return Specimen(cut, own.volume * inside, taken, float(steps.max()), t / depth[shown])


def _plane(
    window: Window, normal: str | Sequence[float], middle: Floats, field: tuple[float, float] | None
) -> tuple[Floats, Floats, Window]:
    """Return the normal and the axes of the plane as rows, the field of view relative to `middle`, and its window."""
    if isinstance(normal, str):
        if normal not in ("x", "y", "z"):
            raise ModelError(f"section: normal '{normal}'; allowed: x, y, z or a direction")
        k = "xyz".index(normal)
        axes = np.eye(3)[[k, *(each for each in range(3) if each != k)]]
    else:
        axes = frame_of(unit_vector(normal, 3, "section: normal"))
    aligned = bool((np.abs(axes).max(1) == 1).all())
    if field is None:
        if not aligned:
            raise ModelError("section: an oblique section needs its field of view: field=(width, height)")
        corners = (np.array([window.low, window.high]) - middle) @ axes[1:].T
        view = np.sort(corners, axis=0)
        low = view[0] + axes[1:] @ middle
        return axes, view, Window(tuple(low.tolist()), tuple((low + view[1] - view[0]).tolist()))
    half = np.asarray(field, "f8") / 2
    if half.shape != (2,) or not (half > 0).all():
        raise ModelError(f"section: field {field!r}; allowed: two numbers above 0, um")
    corners = middle + np.array([(i * half[0], j * half[1]) for i in (-1, 1) for j in (-1, 1)]) @ axes[1:]
    if not window.holds(corners).all():
        raise ModelError(f"section: the field {field} um around {middle.tolist()} reaches out of {window}")
    return axes, np.array([-half, half]), Window((0.0, 0.0), tuple((2 * half).tolist()))


def _diameters(cells: CellTable, diameter: float | Mapping[str, float]) -> Floats:
    if isinstance(diameter, Mapping):
        missing = sorted(set(cells.labels.tolist()) - set(diameter))
        if missing:
            raise ModelError(f"section: no diameter of '{missing[0]}'; allowed: one for each cell type")
        found = np.array([diameter[label] for label in cells.labels.tolist()], "f8")
    else:
        found = np.full(len(cells), float(diameter))
    if not (found >= 0).all():
        raise ModelError(f"section: diameter {float(found.min()):g} um; it must be 0 or above")
    return found


def cell_diameters(run: Run) -> dict[str, float]:
    """Return the diameter of each cell type of a run, um: that of a ball of its volume."""
    return {
        each["name"]: float((6 * each["volume"] / pi) ** (1 / 3))
        for group in run.config["model"]["cells"]
        for each in group["types"]
    }

"""The cells of a section, or of the middle layer of a volume, in their true size and colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsp_abm.errors import ModelError
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import colour_of
from qsp_abm.pictures.style import INK

__all__ = ["draw_field", "draw_scale_bar", "draw_section", "layer_of"]

_OVERLAP = 1.15  # diameter of a drawn cell in voxels: neighbours touch
_BORDER, _GROUND = "#D3D8DC", "#FBFBFA"
_BARS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # um, lengths of the scale bar


_PLANE: dict[str, tuple[int, int]] = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}  # what lies to the right and up


def layer_of(run: Run, axis: str = "z", at: float | None = None) -> int:
    """Return the number of a layer of voxels: that at a position (um) on an axis, or the middle one.

    Raises
    ------
    ModelError
        A position outside the box, or an unknown axis.
    """
    if axis not in _PLANE:
        raise ModelError(f"axis: {axis!r} is unknown; allowed: x, y, z")
    number = "xyz".index(axis)
    size, step = run.shape[number], run.voxel[number]
    if at is None:
        return size // 2
    if not 0 <= at <= size * step:
        raise ModelError(f"at: {at:g} um lies outside the box; allowed on {axis}: 0 to {size * step:g} um")
    return min(int(at / step), size - 1)


def draw_section(axes: Any, run: Run, frame: int, axis: str = "z", layer: int | None = None) -> set[str]:
    """Draw the cells of one layer of a frame and return the names of the types drawn; scaffold lies under all others.

    Parameters
    ----------
    axes
        Of matplotlib.
    run, frame
        What is drawn.
    axis, layer
        The layer across an axis; None: the middle one.
    """
    from matplotlib.collections import EllipseCollection

    cells = run.cells(frame=frame, columns=("x_um", "y_um", "z_um", "cell_type"))
    number, (right, up) = "xyz".index(axis), _PLANE[axis]
    if run.shape[number] > 1:
        chosen = run.shape[number] // 2 if layer is None else layer
        cells = cells[np.floor(cells[f"{axis}_um"] / run.voxel[number]) == chosen]
    dead = {each["name"] for each in run.schema["cell_types"] if each["dead"]}
    codes = cells["cell_type"].cat.codes.to_numpy()
    names = np.array(run.types)
    scaffold = np.isin(names, ("stroma", "fibroblast"))
    order = np.argsort(~scaffold[codes], kind="stable") if len(codes) else codes
    palette = np.array([colour_of(name, dead=name in dead) for name in names])
    size = np.full(len(codes), _OVERLAP * run.voxel[0])
    places = cells[[f"{'xyz'[right]}_um", f"{'xyz'[up]}_um"]].to_numpy()[order]
    axes.add_collection(
        EllipseCollection(
            size,
            size,
            np.zeros(len(size)),
            units="xy",
            offsets=places,
            linewidths=0,
            offset_transform=axes.transData,
            facecolors=list(palette[codes][order]),
        )
    )
    _frame(axes, run, axis)
    return set(names[np.unique(codes)]) if len(codes) else set()


def draw_field(axes: Any, run: Run, name: str, frame: int, axis: str = "z", layer: int | None = None) -> Any:
    """Draw one layer of a field and return its image, for a colour bar; arguments as in `draw_section`."""
    number, (right, up) = "xyz".index(axis), _PLANE[axis]
    chosen = run.shape[number] // 2 if layer is None else layer
    values = run.field(name, frame=frame).to_numpy().transpose(2, 1, 0).take(chosen, axis=number)
    extent = (0, run.shape[right] * run.voxel[right], 0, run.shape[up] * run.voxel[up])
    image = axes.imshow(values.T, origin="lower", extent=extent, cmap="magma", vmin=0, interpolation="nearest")
    _frame(axes, run, axis)
    return image


def _frame(axes: Any, run: Run, axis: str) -> None:
    right, up = _PLANE[axis]
    axes.set(
        xlim=(0, run.shape[right] * run.voxel[right]),
        ylim=(0, run.shape[up] * run.voxel[up]),
        aspect="equal",
        xticks=[],
        yticks=[],
        facecolor=_GROUND,
    )
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=_BORDER)


def draw_scale_bar(axes: Any, run: Run, axis: str = "z") -> None:
    """Draw a bar of a round length, at most a quarter of the width, in the lower left corner."""
    width, height = (run.shape[each] * run.voxel[each] for each in _PLANE[axis])
    length = max((each for each in _BARS if each <= width / 4), default=_BARS[0])
    x, y = 0.04 * width, 0.045 * height
    axes.text(
        x + length / 2,
        y + 0.022 * height,
        f"{length} µm",
        ha="center",
        va="bottom",
        fontsize=9,
        fontweight="bold",
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2.0},
    )
    axes.plot([x, x + length], [y, y], color="white", linewidth=6, solid_capstyle="butt")
    axes.plot([x, x + length], [y, y], color=INK, linewidth=3, solid_capstyle="butt")

"""The cells of a section, or of the middle layer of a volume, in their true size and colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsp_abm.output.colours import colour_of
from qsp_abm.output.reader import Run

__all__ = ["draw_scale_bar", "draw_section"]

_OVERLAP = 1.15  # diameter of a drawn cell in voxels: neighbours touch
_INK, _BORDER, _GROUND = "#22272B", "#D3D8DC", "#FBFBFA"
_BARS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # um, lengths of the scale bar


def draw_section(axes: Any, run: Run, frame: int) -> set[str]:
    """Draw the cells of a frame and return the names of the types drawn; scaffold lies under all others."""
    from matplotlib.collections import EllipseCollection

    cells = run.cells(frame=frame)
    (nx, ny, nz), (dx, dy, dz) = run.shape, run.voxel
    if nz > 1:
        cells = cells[np.floor(cells["z_um"] / dz) == nz // 2]
    dead = {each["name"] for each in run.schema["cell_types"] if each["dead"]}
    codes = cells["cell_type"].cat.codes.to_numpy()
    names = np.array(run.types)
    scaffold = np.isin(names, ("stroma", "fibroblast"))
    order = np.argsort(~scaffold[codes], kind="stable") if len(codes) else codes
    palette = np.array([colour_of(name, dead=name in dead) for name in names])
    size = np.full(len(codes), _OVERLAP * dx)
    places = cells[["x_um", "y_um"]].to_numpy()[order]
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
    axes.set(xlim=(0, nx * dx), ylim=(0, ny * dy), aspect="equal", xticks=[], yticks=[], facecolor=_GROUND)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=_BORDER)
    return set(names[np.unique(codes)]) if len(codes) else set()


def draw_scale_bar(axes: Any, run: Run) -> None:
    """Draw a bar of a round length, at most a quarter of the width, in the lower left corner."""
    width, height = run.shape[0] * run.voxel[0], run.shape[1] * run.voxel[1]
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
    axes.plot([x, x + length], [y, y], color=_INK, linewidth=3, solid_capstyle="butt")

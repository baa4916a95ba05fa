"""The cells of a volume as spheres, seen from outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import colour_of

__all__ = ["draw_volume", "spheres"]

_TILT = 25.0  # degrees that the view looks down
_PIXELS = 720
_GROUND = (251, 251, 250)
_FAR = 0.55  # brightness of the farthest cells


def spheres(points: Array, colours: Array, radius: float, turned: float, pixels: int = _PIXELS) -> Array:
    """Draw spheres without perspective, the near ones in front of the far ones.

    Parameters
    ----------
    points
        (N, 3) f8, around the centre of the view; one unit is half of the picture.
    colours
        (N, 3) u1.
    radius
        Of a sphere, in the same unit.
    turned
        Degrees that the scene is turned about its upright axis.
    pixels
        Edge of the square picture.

    Returns
    -------
    numpy.ndarray
        (pixels, pixels, 3) u1.
    """
    turn, tilt = np.deg2rad(turned), np.deg2rad(_TILT)
    x = points[:, 0] * np.cos(turn) - points[:, 1] * np.sin(turn)
    away = points[:, 0] * np.sin(turn) + points[:, 1] * np.cos(turn)
    y = points[:, 2] * np.cos(tilt) + away * np.sin(tilt)
    depth = away * np.cos(tilt) - points[:, 2] * np.sin(tilt)
    order = np.argsort(-depth, kind="stable")  # far ones first: later ones are painted over them
    column = ((x[order] + 1) * pixels / 2).astype("i4")
    row = ((1 - y[order]) * pixels / 2).astype("i4")
    span = np.ptp(depth) or 1.0
    light = 1 - (1 - _FAR) * (depth[order] - depth.min()) / span
    size = max(int(np.ceil(radius * pixels / 2)), 1)
    down, right = (each.ravel() for each in np.mgrid[-size : size + 1, -size : size + 1])
    inside = down**2 + right**2 <= size**2
    down, right = down[inside], right[inside]
    shade = 0.75 + 0.25 * np.sqrt(np.maximum(1 - (down**2 + right**2) / (size + 0.5) ** 2, 0))
    rows = np.clip(row[:, None] + down, 0, pixels - 1)
    columns = np.clip(column[:, None] + right, 0, pixels - 1)
    values = colours[order][:, None, :] * (light[:, None] * shade)[..., None]
    picture = np.empty((pixels, pixels, 3), "u1")
    picture[:] = _GROUND
    picture[rows.ravel(), columns.ravel()] = values.reshape(-1, 3).astype("u1")
    return picture


def draw_volume(axes: Any, run: Run, frame: int, turned: float = -45.0, most: int = 200_000) -> None:
    """Draw the cells of a frame as spheres with the front quarter cut away; of more than `most` cells a part is drawn."""
    cells = run.cells(frame=frame, columns=("x_um", "y_um", "z_um", "cell_type"))
    box = np.array(run.shape) * np.array(run.voxel)
    points = cells[["x_um", "y_um", "z_um"]].to_numpy("f8") - box / 2
    front = (points[:, 0] > 0) & (points[:, 1] < 0)
    keep = np.flatnonzero(~front)[:: max(1, -(-int((~front).sum()) // most))]
    dead = {each["name"] for each in run.schema["cell_types"] if each["dead"]}
    palette = np.array(
        [[int(colour_of(name, dead=name in dead)[k : k + 2], 16) for k in (1, 3, 5)] for name in run.types], "u1"
    )
    reach = float(np.linalg.norm(box)) / 2
    codes = cells["cell_type"].cat.codes.to_numpy()[keep]
    axes.imshow(spheres(points[keep] / reach, palette[codes], 0.55 * run.voxel[0] / reach, turned))
    axes.axis("off")

"""Compactness: how near the shape of the tumour is to a disc or a ball."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import gamma, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import statistic
from ..cells import Selection, as_cells
from ..region import Region, tumour_region
from ..result import Axis, Result
from ..window import ball_volume

__all__ = ["boundary", "compactness"]

Floats = NDArray[np.float64]


@statistic("10.5566/ias.v26.p83-92")
def compactness(
    cells: Any,
    a: Selection = "tumour",
    gap: float = 30.0,
    least: int = 10,
    pitch: float | None = None,
) -> Result:
    r"""Roundness of the tumour: boundary and spread against those of a disc (ball) of the same size.

    ``isoperimetric``: :math:`4 \pi A / P^2` in two dimensions, :math:`36 \pi V^2 / S^3` (the cube of the sphericity) in
    three; 1 for a disc or ball, below for all else. ``gyration_ratio``: radius of gyration of the region over that of
    the disc (ball) of the same size; 1 or more. ``size`` and ``boundary`` are the area and perimeter (volume and
    surface) of `tumour_region`, the boundary by Crofton's formula with the 4 (13) directions of a pixel's neighbours:
    within 2 % for discs and balls of ten pixels and more, so that ``isoperimetric`` is within 4 % (7 %).
    ``touches_border`` is 1 where the tumour reaches the border of the window: then the others describe the part that is
    seen, cut by the border.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a
        Tumour cells.
    gap, least, pitch
        As in `tumour_region`.

    Raises
    ------
    ModelError
        For unknown cells.

    References
    ----------
    .. [1] D. Legland, K. Kiêu, M.-F. Devaux, "Computation of Minkowski measures on 2D and 3D binary images", Image
       Anal. Stereol. 26:83 (2007), doi:10.5566/ias.v26.p83-92.
    """
    cells = as_cells(cells)
    region = tumour_region(cells, a, gap=gap, least=least, pitch=pitch)
    names = np.array(["isoperimetric", "gyration_ratio", "size", "boundary", "touches_border"])
    dimensions = cells.dimensions
    unit = ("", "", f"um^{dimensions}", "um" if dimensions == 2 else "um^2", "")
    values = np.full(len(names), np.nan)
    if region.inside.any():
        size, around = region.volume, boundary(region)
        radius = (size / float(ball_volume(1.0, dimensions))) ** (1 / dimensions)
        places = (np.argwhere(region.inside) + 0.5) * region.steps
        gyration = np.sqrt(((places - places.mean(0)) ** 2).sum(1).mean() + (region.steps**2).sum() / 12)
        whole = 4 * pi * size / around**2 if dimensions == 2 else 36 * pi * size**2 / around**3
        ball = radius * np.sqrt(dimensions / (dimensions + 2))
        values = np.array([whole, gyration / ball, size, around, float(region.touches_border)])
    return Result("compactness", values, unit, (Axis("quantity", "", names),), settings={"a": a, "gap": gap})


def boundary(region: Region) -> float:
    r"""Return the perimeter (um) or surface (um^2) of a region as it is seen in the window, by Crofton's formula.

    :math:`S = \frac{1}{c} \sum_k w_k \frac{V_{pixel}}{|h_k|} N_k` with :math:`N_k` the changes between inside and
    outside along direction :math:`h_k`, :math:`w_k` the part of all directions that are nearest to it, and c the mean
    of :math:`|\cos|` over directions, 2/pi or 1/2.
    """
    inside = np.pad(region.inside, 1)  # the border of the window is boundary too
    total = 0.0
    for step, weight in _directions(tuple(float(each) for each in region.steps)):
        here = tuple(slice(max(0, -s), inside.shape[k] - max(0, s)) for k, s in enumerate(step))
        there = tuple(slice(max(0, s), inside.shape[k] - max(0, -s)) for k, s in enumerate(step))
        length = float(np.linalg.norm(region.steps * step))
        total += weight * region.pixel_volume / length * float((inside[here] != inside[there]).sum())
    d = inside.ndim
    mean_cosine = gamma(d / 2) / (gamma((d + 1) / 2) * pi**0.5)
    return float(total / mean_cosine)


@cache
def _directions(steps: tuple[float, ...]) -> list[tuple[tuple[int, ...], float]]:
    """Return half of the directions to a pixel's neighbours, each with the part of all directions that is nearest to it."""
    d = len(steps)
    found = [step for step in product((-1, 0, 1), repeat=d) if step > (0,) * d]
    units = np.array([np.array(step) * steps / np.linalg.norm(np.array(step) * steps) for step in found])
    if d == 2:
        angles = np.linspace(0, pi, 7200, endpoint=False) + pi / 14400
        sphere = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    else:  # a spiral of points of equal area on the sphere
        height = 1 - (2 * np.arange(200_000) + 1) / 200_000
        turn = np.arange(200_000) * pi * (3 - 5**0.5)
        rim = np.sqrt(1 - height**2)
        sphere = np.stack([rim * np.cos(turn), rim * np.sin(turn), height], axis=1)
    nearest = np.abs(sphere @ units.T).argmax(1)
    return list(zip(found, (np.bincount(nearest, minlength=len(found)) / len(sphere)).tolist(), strict=True))

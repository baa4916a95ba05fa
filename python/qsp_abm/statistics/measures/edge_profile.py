"""Density of cells by distance to the edge of the tumour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ModelError
from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..region import tumour_region
from ..result import Axis, Result

__all__ = ["edge_profile"]


@statistic("10.1126/science.1129139")
def edge_profile(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "immune",
    distances: ArrayLike | None = None,
    gap: float = 30.0,
    least: int = 10,
    pitch: float | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""Density of B by distance to the edge of the tumour: below 0 inside, above 0 outside (infiltration profile).

    :math:`\rho_B(x_k) = n_B(x_{k-1} \le x < x_k) / |\{x_{k-1} \le x < x_k\}|` with x the signed distance to the edge of
    `tumour_region` and the area (volume) of the band as it is inside the window, so that no further edge correction is
    needed.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a
        Tumour cells, whose region is taken; it stays in the simulations of chance.
    b
        Cells that are counted.
    distances
        Edges of the bands, um, rising; default: from -200 to 200 by 25.
    gap, least, pitch
        As in `tumour_region`.
    null
        What chance means.

    Returns
    -------
    Result
        Cells per mm^2 (mm^3) by the middle of the band; NaN where the window holds nothing of a band.

    Raises
    ------
    ModelError
        For unknown cells or distances that do not rise.

    References
    ----------
    .. [1] J. Galon et al., "Type, density, and location of immune cells within human colorectal tumors predict clinical
       outcome", Science 313:1960 (2006), doi:10.1126/science.1129139 (densities in the centre and at the margin).
    """
    cells = as_cells(cells)
    edges = np.arange(-200.0, 201.0, 25.0) if distances is None else np.asarray(distances, "f8")
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ModelError(f"edge_profile: distances {edges.tolist()}; allowed: at least two numbers that rise, um")
    region = tumour_region(cells, a, gap=gap, least=least, pitch=pitch)
    unit, scale = cells.window.density_unit
    bands = np.histogram(region.distance, edges)[0] * region.pixel_volume / scale
    counted = cells.select(b)

    def build(where: CellTable) -> Measure:
        place = region.at(where.points)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            return np.histogram(place[counted[order]], edges)[0] / np.where(bands > 0, bands, np.nan)

        return measure

    return evaluate(
        "edge_profile",
        cells,
        build,
        null,
        axes=(Axis("distance", "um", (edges[1:] + edges[:-1]) / 2),),
        unit=unit,
        settings={"a": a, "b": b, "gap": gap, "least": least},
    )

"""Inflamed, excluded or desert: densities in the core and at the margin of the tumour, and the class by thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..region import tumour_region
from ..result import Axis, Result

__all__ = ["classify", "immune_phenotype"]


@statistic("10.1016/j.immuni.2019.12.011")
def immune_phenotype(
    cells: Any,
    a: Selection = "tumour",
    b: Selection = "cd8",
    margin: float = 100.0,
    core_threshold: float | None = None,
    margin_threshold: float | None = None,
    gap: float = 30.0,
    least: int = 10,
    pitch: float | None = None,
    null: Null | int | None = None,
) -> Result:
    """Density of T cells in the core and at the margin; with thresholds: inflamed, excluded or desert.

    The margin is all within `margin` of the edge of `tumour_region`, on both sides; the core is what lies deeper,
    ``outside`` the rest. ``ratio`` is core over margin. There is no consensus on thresholds (Tiwari 2023), so the
    densities come first and the class, the result's `verdict`, only with thresholds of your own: ``inflamed`` with a
    core density of `core_threshold` and more; else ``excluded`` with a margin density of `margin_threshold` and more;
    else ``desert``.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Tumour cells, and the cells that are counted.
    margin
        um.
    core_threshold, margin_threshold
        Cells per mm^2 (mm^3); both or none.
    gap, least, pitch
        As in `tumour_region`.
    null
        What chance means; the region stays.

    Returns
    -------
    Result
        ``core``, ``margin``, ``outside``, ``ratio``, and ``core_part``, the part of the tumour that is core; NaN where
        there is none.

    Raises
    ------
    ModelError
        For unknown cells, or one threshold alone.

    References
    ----------
    .. [1] P. S. Hegde, D. S. Chen, "Top 10 challenges in cancer immunotherapy", Immunity 52:17 (2020),
       doi:10.1016/j.immuni.2019.12.011.
    .. [2] A. Tiwari et al., "Towards a consensus definition of immune exclusion in cancer", Front. Immunol. 14:1084887
       (2023), doi:10.3389/fimmu.2023.1084887.
    """
    cells = as_cells(cells)
    if (core_threshold is None) != (margin_threshold is None):
        raise ModelError("immune_phenotype: one threshold alone; allowed: core_threshold and margin_threshold, or none")
    if not margin > 0:
        raise ModelError(f"immune_phenotype: margin {margin:g} um; it must be above 0")
    region = tumour_region(cells, a, gap=gap, least=least, pitch=pitch)
    unit, scale = cells.window.density_unit
    thresholds = {"core_threshold": core_threshold, "margin_threshold": margin_threshold}
    zones = [-np.inf, -margin, margin, np.inf]
    volumes = _by_zone(region.distance.ravel(), zones) * region.pixel_volume / scale
    tumour = region.volume / scale
    counted = cells.select(b)

    def build(where: CellTable) -> Measure:
        place = region.at(where.points)

        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            core, edge, outside = _by_zone(place[counted[order]], zones) / np.where(volumes > 0, volumes, np.nan)
            ratio = core / edge if edge > 0 else np.nan
            return np.array([core, edge, outside, ratio, volumes[0] / tumour if tumour else np.nan])

        return measure

    found = evaluate(
        "immune_phenotype",
        cells,
        build,
        null,
        axes=(Axis("quantity", "", np.array(["core", "margin", "outside", "ratio", "core_part"])),),
        unit=(unit, unit, unit, "", ""),
        settings={"a": a, "b": b, "margin": margin, **thresholds},
    )
    if core_threshold is None or margin_threshold is None:
        return found
    return replace(found, verdict=classify(found["core"], found["margin"], core_threshold, margin_threshold))


def classify(core: float, margin: float, core_threshold: float, margin_threshold: float) -> str:
    """Return inflamed, excluded or desert; empty where the window shows no core.

    Examples
    --------
    >>> classify(50.0, 400.0, 100.0, 100.0)
    'excluded'
    """
    if np.isnan(core):
        return ""
    return "inflamed" if core >= core_threshold else "excluded" if margin >= margin_threshold else "desert"


def _by_zone(distances: NDArray[np.float64], zones: list[float]) -> NDArray[np.float64]:
    """Count distances by zone; what is exactly on a border of the margin belongs to it."""
    return np.bincount(np.searchsorted(zones[1:3], distances, "left"), minlength=3).astype("f8")

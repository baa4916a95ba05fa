"""What a pathologist reads from a section: PD-L1 scores and T-cell densities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ModelError, suggest
from ..statistics.cells import Selection
from ..statistics.measures.immune_phenotype import immune_phenotype
from .specimen import Specimen
from .stain import Marker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Pathology", "immunoscore", "pathology"]

_EVALUABLE = 100  # viable tumour cells that the score asks for
_ZONES = ("cd3_core", "cd3_margin", "cd8_core", "cd8_margin")


@dataclass(frozen=True)
class Pathology:
    """The numbers of a report.

    Parameters
    ----------
    area
        Tissue, mm^2.
    viable_tumour
        Living tumour cells.
    evaluable
        Whether there are the 100 viable tumour cells that PD-L1 scores ask for.
    tps
        Tumour proportion score, %: viable tumour cells that stain for PD-L1. NaN without a stain or tumour cell.
    cps
        Combined positive score: tumour cells, lymphocytes and macrophages that stain, per 100 viable tumour cells, at
        most 100.
    cd8, cd8_core, cd8_margin, cd3, cd3_core, cd3_margin
        Cells per mm^2 of tissue, of the core and of the margin of the tumour; NaN where the section shows none of it.
    """

    area: float
    viable_tumour: int
    evaluable: bool
    tps: float
    cps: float
    cd8: float
    cd8_core: float
    cd8_margin: float
    cd3: float
    cd3_core: float
    cd3_margin: float

    def table(self) -> pd.Series:
        """Return the numbers as a pandas Series."""
        import pandas as pd

        return pd.Series(asdict(self))


def pathology(
    specimen: Specimen,
    stain: Marker | None = None,
    *,
    tumour: Selection = "tumour",
    lymphocytes: Selection = "lymphocyte",
    macrophages: Selection = "macrophage",
    cd8: Selection = "cd8",
    cd3: Selection = ("cd8", "cd4", "treg"),
    margin: float = 250.0,
) -> Pathology:
    """Read a section.

    Scores follow the interpretation manuals of the PD-L1 stain 22C3: any staining above threshold counts, dead tumour
    cells do not. Core and margin are those of `immune_phenotype`.

    Parameters
    ----------
    specimen
        A section, or a strip out of one.
    stain
        PD-L1, such as `pdl1()`.
    tumour, lymphocytes, macrophages, cd8, cd3
        Which cells.
    margin
        Depth of the margin on either side of the tumour's edge, um.

    Raises
    ------
    ModelError
        For a core in three dimensions: cut a section through it first; for unknown cells.

    References
    ----------
    .. [1] C. Roach et al., "Development of a companion diagnostic PD-L1 immunohistochemistry assay for pembrolizumab
       therapy in non-small-cell lung cancer", Appl. Immunohistochem. Mol. Morphol. 24:392 (2016),
       doi:10.1097/PAI.0000000000000408.
    .. [2] K. Kulangara et al., "Clinical utility of the combined positive score for programmed death ligand-1
       expression and the approval of pembrolizumab for treatment of gastric cancer", Arch. Pathol. Lab. Med. 143:330
       (2019), doi:10.5858/arpa.2018-0043-OA.
    """
    cells = specimen.cells
    if cells.dimensions != 2:
        raise ModelError("pathology: a core in three dimensions; cut it first: section(core)")
    area = specimen.size / 1e6
    viable = cells.select(tumour)
    number = int(viable.sum())
    tps = cps = float("nan")
    if stain is not None and number:
        shown = stain.positive(cells)
        immune = cells.select(lymphocytes) | cells.select(macrophages)
        tps = 100 * float((shown & viable).sum()) / number
        cps = min(100.0, 100 * float((shown & (viable | immune)).sum()) / number)
    found: dict[str, float] = {}
    for name, who in (("cd8", cd8), ("cd3", cd3)):
        zones = immune_phenotype(cells, tumour, who, margin)
        found |= {name: float(cells.select(who).sum()) / area}
        found |= {f"{name}_{zone}": zones[zone] for zone in ("core", "margin")}
    return Pathology(area, number, number >= _EVALUABLE, tps, cps, **found)


def immunoscore(report: Pathology, references: Mapping[str, ArrayLike]) -> tuple[float, str]:
    """Return the mean percentile of four densities among those of other patients, and its class: an Immunoscore-like number.

    This is the arithmetic of the published score, not the certified assay: that one is a measurement of whole slides of
    colon cancer with its own stains, image analysis, hot-spot rule and reference cohort, none of which are here.

    Parameters
    ----------
    report
        Of one section.
    references
        ``cd3_core``, ``cd3_margin``, ``cd8_core``, ``cd8_margin``: densities of other patients, cell/mm^2.

    Returns
    -------
    tuple
        Mean percentile, 0-100 (NaN where a zone is not shown), and ``low`` (to 25), ``intermediate`` (to 70), ``high``,
        or empty.

    Raises
    ------
    ModelError
        For missing or unknown references.

    References
    ----------
    .. [1] F. Pagès et al., "International validation of the consensus Immunoscore for the classification of colon
       cancer", Lancet 391:2128 (2018), doi:10.1016/S0140-6736(18)30789-X.
    """
    for name in references:
        if name not in _ZONES:
            raise ModelError(f"immunoscore: unknown reference '{name}'{suggest(name, _ZONES)}")
    percentiles = []
    for name in _ZONES:
        others = np.asarray(references.get(name, ()), "f8")
        if not len(others) or not np.isfinite(others).all():
            raise ModelError(f"immunoscore: no reference densities '{name}'; allowed: numbers, cell/mm^2")
        value = getattr(report, name)
        below = float((others < value).mean() + (others == value).mean() / 2)
        percentiles.append(100 * below if np.isfinite(value) else np.nan)
    mean = float(np.mean(percentiles))
    if np.isnan(mean):
        return mean, ""
    return mean, "low" if mean <= 25 else "intermediate" if mean <= 70 else "high"

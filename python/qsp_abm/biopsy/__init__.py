"""The in-silico biopsy: cores and sections of a simulated or imaged tumour, stained and counted as a pathologist does."""

from __future__ import annotations

from .needle import needle
from .pathology import Pathology, immunoscore, pathology
from .sampling import repeat, spread
from .section import cell_diameters, section
from .specimen import Specimen
from .stain import Marker, pdl1

__all__ = [
    "Marker",
    "Pathology",
    "Specimen",
    "cell_diameters",
    "immunoscore",
    "needle",
    "pathology",
    "pdl1",
    "repeat",
    "section",
    "spread",
]

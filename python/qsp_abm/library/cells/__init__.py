"""Cells, one group a file."""

from __future__ import annotations

from .b_cell import b_cell
from .cd4 import cd4
from .cd8 import cd8
from .cd8_lineage import cd8_lineage
from .dendritic import dendritic
from .fibroblast import fibroblast
from .macrophage import macrophage
from .macrophage_polarised import macrophage_polarised
from .mdsc import mdsc
from .neutrophil import neutrophil
from .nk import nk
from .other_immune import other_immune
from .stroma import stroma
from .treg import treg
from .tumour import tumour
from .tumour_hierarchy import tumour_hierarchy

__all__ = [
    "b_cell",
    "cd4",
    "cd8",
    "cd8_lineage",
    "dendritic",
    "fibroblast",
    "macrophage",
    "macrophage_polarised",
    "mdsc",
    "neutrophil",
    "nk",
    "other_immune",
    "stroma",
    "treg",
    "tumour",
    "tumour_hierarchy",
]

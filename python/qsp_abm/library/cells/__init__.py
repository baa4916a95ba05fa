"""Cells, one group a file."""

from __future__ import annotations

from .cd8 import cd8
from .macrophage import macrophage
from .other_immune import other_immune
from .stroma import stroma
from .treg import treg
from .tumour import tumour

__all__ = ["cd8", "macrophage", "other_immune", "stroma", "treg", "tumour"]

"""Bodies, one file each."""

from __future__ import annotations

from .constant_blood import constant_blood
from .immuno_oncology import immuno_oncology
from .presets import crc, hcc, melanoma, nsclc, tnbc

__all__ = ["constant_blood", "crc", "hcc", "immuno_oncology", "melanoma", "nsclc", "tnbc"]

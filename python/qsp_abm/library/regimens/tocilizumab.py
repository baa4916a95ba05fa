"""Regimens of tocilizumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["tocilizumab_8mg_per_kg"]

_LABEL = "unverified: US label of Actemra, section 2, from memory"


def tocilizumab_8mg_per_kg() -> Regimen:
    """Return 8 mg/kg once, for cytokine release at 30 kg and above."""
    return regimen("tocilizumab", "8 mg/kg iv over 60 min", source=_LABEL)

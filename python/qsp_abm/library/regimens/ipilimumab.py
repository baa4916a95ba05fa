"""Regimens of ipilimumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["ipilimumab_3mg_per_kg_q3w_x4"]

_LABEL = "US label of Yervoy, section 2"


def ipilimumab_3mg_per_kg_q3w_x4() -> Regimen:
    """Return 3 mg/kg every 3 weeks, four times."""
    return regimen("ipilimumab", "3 mg/kg q3w x 4", source=_LABEL)

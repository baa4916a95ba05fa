"""Regimens of durvalumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["durvalumab_10mg_per_kg_q2w", "durvalumab_1500mg_q4w"]

_LABEL = "US label of Imfinzi, section 2"


def durvalumab_10mg_per_kg_q2w() -> Regimen:
    """Return 10 mg/kg every 2 weeks."""
    return regimen("durvalumab", "10 mg/kg q2w", source=_LABEL)


def durvalumab_1500mg_q4w() -> Regimen:
    """Return 1500 mg every 4 weeks."""
    return regimen("durvalumab", "1500 mg q4w", source=_LABEL)

"""Regimens of atezolizumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["atezolizumab_840mg_q2w", "atezolizumab_1200mg_q3w", "atezolizumab_1680mg_q4w"]


def atezolizumab_840mg_q2w() -> Regimen:
    """Return 840 mg every 2 weeks."""
    return regimen("atezolizumab", "840 mg q2w", source="unverified: US label of Tecentriq, section 2, from memory")


def atezolizumab_1200mg_q3w() -> Regimen:
    """Return 1200 mg every 3 weeks."""
    return regimen("atezolizumab", "1200 mg q3w", source="US label of Tecentriq, section 2")


def atezolizumab_1680mg_q4w() -> Regimen:
    """Return 1680 mg every 4 weeks."""
    return regimen("atezolizumab", "1680 mg q4w", source="unverified: US label of Tecentriq, section 2, from memory")

"""Nivolumab with ipilimumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["nivolumab_ipilimumab_melanoma", "nivolumab_ipilimumab_renal"]

_LABEL = "US labels of Opdivo and Yervoy, section 2"


def nivolumab_ipilimumab_melanoma() -> Regimen:
    """Return nivolumab 1 mg/kg with ipilimumab 3 mg/kg every 3 weeks, four times, then nivolumab 480 mg every 4 weeks."""
    return _both("nivolumab 1, ipilimumab 3 mg/kg", "1 mg/kg", "3 mg/kg")


def nivolumab_ipilimumab_renal() -> Regimen:
    """Return nivolumab 3 mg/kg with ipilimumab 1 mg/kg every 3 weeks, four times, then nivolumab 480 mg every 4 weeks."""
    return _both("nivolumab 3, ipilimumab 1 mg/kg", "3 mg/kg", "1 mg/kg")


def _both(name: str, nivolumab: str, ipilimumab: str) -> Regimen:
    """Maintenance begins 3 weeks after the last combined dose."""
    doses = (
        *regimen("nivolumab", f"{nivolumab} iv over 30 min q3w x 4 then 480 mg q4w from 84").doses,
        *regimen("ipilimumab", f"{ipilimumab} q3w x 4").doses,
    )
    return Regimen(name=name, doses=doses, source=_LABEL)

"""Regimens of nivolumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["nivolumab_240mg_q2w", "nivolumab_480mg_q4w"]

_LABEL = "US label of Opdivo, section 2"


def nivolumab_240mg_q2w() -> Regimen:
    """Return 240 mg every 2 weeks."""
    return regimen("nivolumab", "240 mg q2w", source=_LABEL)


def nivolumab_480mg_q4w() -> Regimen:
    """Return 480 mg every 4 weeks."""
    return regimen("nivolumab", "480 mg q4w", source=_LABEL)

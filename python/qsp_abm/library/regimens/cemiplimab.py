"""Regimens of cemiplimab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["cemiplimab_350mg_q3w"]

_LABEL = "US label of Libtayo, section 2"


def cemiplimab_350mg_q3w() -> Regimen:
    """Return 350 mg every 3 weeks."""
    return regimen("cemiplimab", "350 mg q3w", source=_LABEL)

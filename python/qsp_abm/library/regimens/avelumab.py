"""Regimens of avelumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["avelumab_800mg_q2w"]

_LABEL = "US label of Bavencio, section 2"


def avelumab_800mg_q2w() -> Regimen:
    """Return 800 mg every 2 weeks (doi:10.1002/psp4.12771)."""
    return regimen("avelumab", "800 mg q2w", source=_LABEL)

"""Regimens of elranatamab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["elranatamab_step_up"]

_LABEL = "US label of Elrexfio, section 2"


def elranatamab_step_up() -> Regimen:
    """Return 12, 32 and 76 mg in the first eight days, then 76 mg weekly, every 2 weeks after week 24."""
    return regimen(
        "elranatamab", "12/32/76 mg sc on 0, 3, 7 then 76 mg sc weekly x 23 then 76 mg sc q2w", source=_LABEL
    )

"""Regimens of mosunetuzumab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["mosunetuzumab_step_up"]

_LABEL = "US label of Lunsumio, section 2"


def mosunetuzumab_step_up() -> Regimen:
    """Return 1, 2 and 60 mg weekly, 60 mg on day 21, then 30 mg every 3 weeks to cycle 8."""
    return regimen(
        "mosunetuzumab",
        "1/2/60 mg iv over 4 hour on 0, 7, 14 then 60 mg over 2 hour from 21 then 30 mg over 2 hour q3w x 6 from 42",
        source=_LABEL,
    )

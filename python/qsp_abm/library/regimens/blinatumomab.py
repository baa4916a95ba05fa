"""Regimens of blinatumomab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["blinatumomab_first_cycle"]

_LABEL = "US label of Blincyto, section 2"


def blinatumomab_first_cycle() -> Regimen:
    """Return 9 ug/day for a week, then 28 ug/day for three; two weeks off follow."""
    return regimen("blinatumomab", "9 ug/day iv over 7 day then 28 ug/day iv over 21 day from 7", source=_LABEL)

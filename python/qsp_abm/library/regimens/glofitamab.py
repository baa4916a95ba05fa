"""Regimens of glofitamab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["glofitamab_step_up"]

_LABEL = "US label of Columvi, section 2"


def glofitamab_step_up() -> Regimen:
    """Return 2.5 mg on day 7, 10 mg on day 14, then 30 mg every 3 weeks to cycle 12; obinutuzumab on day 0 is not part of it."""
    return regimen(
        "glofitamab", "2.5/10 mg iv over 4 hour on 7, 14 then 30 mg over 4 hour q3w x 11 from 21", source=_LABEL
    )

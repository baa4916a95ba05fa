"""Regimens of tarlatamab."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["tarlatamab_step_up"]

_LABEL = "US label of Imdelltra, section 2"


def tarlatamab_step_up() -> Regimen:
    """Return 1 mg on day 0, 10 mg on days 7 and 14, then every 2 weeks."""
    return regimen(
        "tarlatamab",
        "1 mg iv over 1 hour from 0 then 10 mg over 1 hour from 7 then 10 mg over 1 hour q2w from 14",
        source=_LABEL,
    )

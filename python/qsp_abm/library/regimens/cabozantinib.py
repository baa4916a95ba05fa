"""Regimens of cabozantinib."""

from __future__ import annotations

from ...doses import Regimen
from ...dosing.text import regimen

__all__ = ["cabozantinib_60mg_daily"]

_LABEL = "US label of Cabometyx, section 2"


def cabozantinib_60mg_daily() -> Regimen:
    """Return 60 mg once a day."""
    return regimen("cabozantinib", "60 mg oral daily", source=_LABEL)

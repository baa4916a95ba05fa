"""Dosing as the field writes it: regimens as text, holds and restarts, event tables, steady state.

`qsp_abm.doses` says what a dose is; here it is written, changed, read from tables, and brought to its steady state.
"""

from __future__ import annotations

from .hold import Hold, hold, restart_after
from .text import regimen

__all__ = ["Hold", "hold", "regimen", "restart_after"]

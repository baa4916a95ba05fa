"""Dosing as the field writes it: regimens as text, holds and restarts, event tables, steady state.

`qsp_abm.doses` says what a dose is; here it is written, changed, read from tables, and brought to its steady state.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .holds import Hold, hold, restart_after
from .text import regimen

if TYPE_CHECKING:
    from .events import predict
    from .nonmem import EventTable, read_events, write_events
    from .steady import SteadyState, steady_state

_LATER = {
    "EventTable": "nonmem",
    "SteadyState": "steady",
    "predict": "events",
    "read_events": "nonmem",
    "steady_state": "steady",
    "write_events": "nonmem",
}

__all__ = [
    "EventTable",
    "Hold",
    "SteadyState",
    "hold",
    "predict",
    "read_events",
    "regimen",
    "restart_after",
    "steady_state",
    "write_events",
]


def __getattr__(name: str) -> Any:
    """Load what runs on first use: describing needs none of it."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

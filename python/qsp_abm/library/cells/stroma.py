"""Stroma."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ._common import breathe, values

__all__ = ["stroma"]


def stroma(**numbers: Any) -> Group:
    """Return stroma: static and solid, it hinders small cells and takes up oxygen and interferon-gamma.

    Parameters
    ----------
    numbers
        Replace values of the table ``stroma``.
    """
    parameters = load("stroma", numbers)
    number = values(parameters)
    cell = CellType(name="stroma", volume=number["volume"], processes=breathe(number))
    return Group(name="stroma", types=(cell,), parameters=tuple(parameters.values()))

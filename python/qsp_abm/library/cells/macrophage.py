"""Macrophages."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ...processes import Move
from ._common import breathe, values

__all__ = ["macrophage"]


def macrophage(**numbers: Any) -> Group:
    """Return macrophages: solid and slow, they hinder small cells and take up oxygen and interferon-gamma.

    Parameters
    ----------
    numbers
        Replace values of the table ``macrophage``.
    """
    parameters = load("macrophage", numbers)
    number = values(parameters)
    cell = CellType(
        name="macrophage",
        volume=number["volume"],
        processes=(Move(motility=number["motility"]), *breathe(number)),
    )
    return Group(name="macrophage", types=(cell,), parameters=tuple(parameters.values()))

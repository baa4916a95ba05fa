"""Immune cells without a function in this version."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ._common import OBSTACLES, breathe, values, wander

__all__ = ["other_immune"]


def other_immune(*, obstacles: tuple[str, ...] = tuple(OBSTACLES), **numbers: Any) -> Group:
    """Return immune cells that take room, move and consume, and do nothing else.

    Parameters
    ----------
    obstacles
        Solid types of the model that hinder movement.
    numbers
        Replace values of the table ``other_immune``.
    """
    parameters = load("other_immune", numbers)
    number = values(parameters)
    cell = CellType(
        name="other_immune",
        volume=number["volume"],
        occupies="small",
        processes=(wander(number, obstacles), *breathe(number)),
    )
    return Group(name="other_immune", types=(cell,), parameters=tuple(parameters.values()))

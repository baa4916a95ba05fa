"""Regulatory T cells."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ...processes import Die, Leave, Recruit
from ._common import OBSTACLES, breathe, values, wander

__all__ = ["treg"]


def treg(*, obstacles: tuple[str, ...] = tuple(OBSTACLES), **numbers: Any) -> Group:
    """Return regulatory T cells: they move, enter, leave and die; their contact suppresses CD8 cells (rules of `cd8`).

    Parameters
    ----------
    obstacles
        Solid types of the model that hinder movement.
    numbers
        Replace values of the table ``treg``.
    """
    parameters = load("treg", numbers)
    number = values(parameters)
    cell = CellType(
        name="treg",
        volume=number["volume"],
        occupies="small",
        processes=(
            wander(number, obstacles),
            Leave(rate=number["leave_rate"]),
            Recruit(blood="blood.treg"),
            Die(name="death", rate=number["death_rate"]),
            *breathe(number),
        ),
    )
    return Group(name="treg", types=(cell,), parameters=tuple(parameters.values()))

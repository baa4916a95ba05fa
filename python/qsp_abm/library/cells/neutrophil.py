"""Neutrophils."""

from __future__ import annotations

from typing import Any

from ...model import Group
from ...parameters import load
from ...processes import Die, Secrete
from ._common import SOLID_GROUPS, breathe, enter, small, values, wander, without_parts

__all__ = ["neutrophil"]


def neutrophil(
    *,
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return neutrophils: fast walkers that live a day and secrete some arginase.

    Parameters
    ----------
    obstacles
        Groups of solid cells that hinder movement.
    blood
        Body signal of their density in blood, cell/uL; None: they do not enter.
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``neutrophil``.
    """
    parameters = load("neutrophil", numbers)
    number = values(parameters)
    cell = small(
        "neutrophil",
        number,
        (
            wander(number, obstacles),
            *breathe(number),
            *enter(blood),
            Die(name="death", rate=number["death_rate"]),
            Secrete(field="arginase", rate=number["arginase_secretion"]),
        ),
    )
    return without_parts(Group(name="neutrophil", types=(cell,), parameters=tuple(parameters.values())), without)

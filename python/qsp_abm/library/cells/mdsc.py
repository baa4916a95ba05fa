"""Myeloid suppressor cells."""

from __future__ import annotations

from typing import Any

from ...model import Group
from ...parameters import load
from ...processes import Die, Secrete, TakeUp
from ._common import SOLID_GROUPS, breathe, enter, small, values, wander, without_parts

__all__ = ["mdsc"]


def mdsc(
    *,
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return myeloid suppressor cells: drawn by CCL2, they secrete nitric oxide and arginase, which restrain killing.

    Parameters
    ----------
    obstacles
        Groups of solid cells that hinder movement.
    blood
        Body signal of their density in blood, cell/uL; None: they do not enter.
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``mdsc``.
    """
    parameters = load("mdsc", numbers)
    number = values(parameters)
    cell = small(
        "mdsc",
        number,
        (
            wander(number, obstacles, towards=("ccl2",)),
            *breathe(number),
            *enter(blood),
            Die(name="death", rate=number["death_rate"]),
            Secrete(field="nitric_oxide", rate=number["nitric_oxide_secretion"]),
            Secrete(field="arginase", rate=number["arginase_secretion"]),
            TakeUp(field="ccl2", clearance=number["ccl2_clearance"]),
        ),
    )
    return without_parts(Group(name="mdsc", types=(cell,), parameters=tuple(parameters.values())), without)

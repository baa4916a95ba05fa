"""B cells."""

from __future__ import annotations

from typing import Any

from ...model import Group
from ...parameters import load
from ...processes import Die, Divide
from ._common import (
    SOLID_GROUPS,
    breathe,
    counts_divisions,
    enter,
    raised,
    small,
    stops_dividing,
    values,
    wander,
    without_parts,
)

__all__ = ["b_cell"]


def b_cell(
    *,
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return B cells: nearly sessile, they divide where helper T cells touch them, up to a number of times.

    Parameters
    ----------
    obstacles
        Groups of solid cells that hinder movement.
    blood
        Body signal of their density in blood, cell/uL; None: they do not enter.
    without
        Fields and cells that the model does not have.
    numbers
        Replace values of the table ``b_cell``.
    """
    parameters = load("b_cell", numbers)
    number = values(parameters)
    cell = small(
        "b_cell",
        number,
        (
            wander(number, obstacles),
            *breathe(number),
            *enter(blood),
            Die(name="death", rate=number["death_rate"]),
            Divide(rate=0.0),
        ),
        (
            raised("divide.rate", "contact.cd4_helper", number["helpers"], number["division_rate"]),
            *stops_dividing(),
        ),
    )
    group = Group(
        name="b_cell",
        types=(cell,),
        traits=counts_divisions(number["division_destiny"]),
        parameters=tuple(parameters.values()),
    )
    return without_parts(group, without)

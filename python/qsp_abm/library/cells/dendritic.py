"""Dendritic cells of the tissue."""

from __future__ import annotations

from typing import Any

from ...model import Group
from ...parameters import load
from ...processes import Become, Die, Leave, Secrete
from ._common import SOLID_GROUPS, breathe, enter, raised, small, values, wander, without_parts

__all__ = ["dendritic"]


def dendritic(
    *,
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return dendritic cells: they mature next to dying tumour cells; mature, they secrete IL-12 and CXCL9/10 and leave.

    Parameters
    ----------
    obstacles
        Groups of solid cells that hinder movement.
    blood
        Body signal of their density in blood, cell/uL; None: they do not enter.
    without
        Fields and cells that the model does not have.
    numbers
        Replace values of the table ``dendritic``.
    """
    parameters = load("dendritic", numbers)
    number = values(parameters)
    walk = wander(number, obstacles)
    immature = small(
        "dendritic_immature",
        number,
        (
            walk,
            *breathe(number),
            *enter(blood),
            Die(name="death", rate=number["death_rate"]),
            Become(into="dendritic_mature", rate=0.0),
        ),
        (raised("become_dendritic_mature.rate", "contact.tumour_dead", number["remains"], number["maturation"]),),
    )
    mature = small(
        "dendritic_mature",
        number,
        (
            walk,
            *breathe(number),
            Die(name="death", rate=number["death_mature"]),
            Leave(rate=number["migration"]),
            Secrete(field="il12", rate=number["il12_secretion"]),
            Secrete(field="cxcl10", rate=number["cxcl10_secretion"]),
        ),
    )
    group = Group(name="dendritic", types=(immature, mature), parameters=tuple(parameters.values()))
    return without_parts(group, without)

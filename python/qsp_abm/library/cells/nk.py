"""Natural killer cells."""

from __future__ import annotations

from typing import Any

from ...model import Group
from ...parameters import load
from ...processes import Die, Divide, Kill, Secrete, TakeUp
from ._common import (
    SOLID_GROUPS,
    breathe,
    counts_divisions,
    enter,
    lowered,
    raised,
    small,
    stops_dividing,
    values,
    wander,
    without_parts,
)

__all__ = ["nk"]


def nk(
    *,
    targets: tuple[str, ...] = ("tumour",),
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return natural killer cells: drawn by CXCL9/10, woken by interleukin-12, restrained by TGF-beta.

    They kill without priming and without antigen; inhibition by MHC-I of the target is part of their low rate of hits.

    Parameters
    ----------
    targets
        Types or groups that they kill.
    obstacles
        Groups of solid cells that hinder movement.
    blood
        Body signal of their density in blood, cell/uL; None: they do not enter.
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``nk``.
    """
    parameters = load("nk", numbers)
    number = values(parameters)
    cell = small(
        "nk",
        number,
        (
            wander(number, obstacles, towards=("cxcl10",)),
            *breathe(number),
            *enter(blood),
            Kill(targets=targets, engage=number["engage"], hit_rate=number["hit_rate"], detach=number["detach"]),
            Die(name="death", rate=number["death_rate"]),
            Divide(rate=0.0),
            Secrete(field="ifng", rate=0.0),
            TakeUp(field="il2", clearance=number["il2_clearance"]),
        ),
        (
            raised("kill.hit_rate", "field.il12", number["il12_half"], number["hit_rate_awake"]),
            lowered(
                "kill.hit_rate", "field.tgfb", number["tgfb_half"], number["hit_rate"] * (1 - number["suppression"])
            ),
            raised("secrete_ifng.rate", "engaged", 0.1, number["ifng_secretion"], power=4.0),
            raised("divide.rate", "field.il2", number["il2_half"], number["division_rate"]),
            *stops_dividing(),
        ),
    )
    group = Group(
        name="nk",
        types=(cell,),
        traits=counts_divisions(number["division_destiny"]),
        parameters=tuple(parameters.values()),
    )
    return without_parts(group, without)

"""CD4 T cells: helper and regulatory."""

from __future__ import annotations

from typing import Any

from ...model import Constant, Group, Trait
from ...parameters import load
from ...processes import Become, Die, Divide, Leave, Secrete, TakeUp
from ._common import (
    SOLID_GROUPS,
    at_contact,
    breathe,
    counts_divisions,
    enter,
    in_proportion,
    raised,
    small,
    stops_dividing,
    values,
    wander,
    without_parts,
)

__all__ = ["cd4"]


def cd4(
    *,
    presenters: tuple[str, ...] = ("dendritic_mature", "macrophage_m1"),
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    blood: str | None = None,
    blood_treg: str | None = "blood.treg",
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return CD4 T cells of two types, instead of the group `treg`.

    `cd4_helper` is stimulated by contact with presenting cells; stimulated, it secretes interleukin-2 and interferon-gamma and
    divides up to its destiny; TGF-beta turns it into `treg`. `treg` takes most interleukin-2 up, divides on it and on arginase,
    and secretes TGF-beta; its contact suppresses CD8 cells (rules of `cd8`). Every helper is taken to recognise the tumour:
    start with as many as do.

    Parameters
    ----------
    presenters
        Types or groups that present antigen.
    obstacles
        Groups of solid cells that hinder movement.
    blood, blood_treg
        Body signals of their densities in blood, cell/uL; None: they do not enter.
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``cd4``.

    Examples
    --------
    >>> [cell_type.name for cell_type in cd4().types]
    ['cd4_helper', 'treg']
    """
    parameters = load("cd4", numbers)
    number = values(parameters)
    everywhere = (Leave(rate=number["leave_rate"]), *breathe(number))
    helper = small(
        "cd4_helper",
        number,
        (
            wander(number, obstacles),
            *everywhere,
            *enter(blood),
            Die(name="death", rate=number["death_helper"]),
            Divide(rate=0.0),
            Become(into="treg", rate=0.0),
            Secrete(field="il2", rate=0.0),
            Secrete(field="ifng", rate=0.0),
            TakeUp(field="il2", clearance=number["il2_clearance"]),
        ),
        (
            *(at_contact("trait.stimulation.target", cells, number["presenters"], 1.0) for cells in presenters),
            in_proportion("secrete_il2.rate", "trait.stimulation", number["il2_secretion"]),
            in_proportion("secrete_ifng.rate", "trait.stimulation", number["ifng_secretion"]),
            in_proportion("divide.rate", "trait.stimulation", number["division_rate"]),
            *stops_dividing(),
            raised("become_treg.rate", "field.tgfb", number["tgfb_half_conversion"], number["conversion"]),
        ),
    )
    treg = small(
        "treg",
        number,
        (
            wander(number, obstacles, "motility_treg"),
            *everywhere,
            *enter(blood_treg),
            Die(name="death", rate=number["death_treg"]),
            Divide(rate=0.0),
            Secrete(field="tgfb", rate=number["tgfb_secretion"]),
            TakeUp(field="il2", clearance=number["il2_clearance_treg"]),
        ),
        (
            raised("divide.rate", "field.il2", number["il2_half_treg"], number["division_treg"]),
            raised("divide.rate", "field.arginase", number["arginase_half_treg"], number["division_treg"]),
            *stops_dividing(),
        ),
    )
    stimulation = Trait(
        name="stimulation",
        start=Constant(value=0.0),
        rise=number["stimulation_rise"],
        decay=number["stimulation_decay"],
    )
    group = Group(
        name="cd4",
        types=(helper, treg),
        traits=(stimulation, *counts_divisions(number["division_destiny"])),
        parameters=tuple(parameters.values()),
    )
    return without_parts(group, without)

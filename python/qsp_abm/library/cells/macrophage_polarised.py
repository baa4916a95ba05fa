"""Macrophages that change between M1 and M2, and eat tumour cells."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ...processes import Become, Chemotaxis, Die, Kill, Move, Secrete, TakeUp
from ._common import at_contact, breathe, enter, lowered, raised, values, without_parts

__all__ = ["macrophage_polarised"]


def macrophage_polarised(
    *, targets: tuple[str, ...] = ("tumour",), blood: str | None = None, without: tuple[str, ...] = (), **numbers: Any
) -> Group:
    """Return macrophages of two types: solid and slow, drawn by CCL2.

    `macrophage_m1` engages tumour cells next to it and eats them, unless CD47 (synapse `cd47`) or interleukin-10 keeps it from
    it; it secretes IL-12, and interferon-gamma next to tumour cells, and CXCL9/10 under interferon-gamma. TGF-beta and IL-10
    turn it into `macrophage_m2`, which secretes them and VEGF; interferon-gamma and IL-12 turn that back.

    Parameters
    ----------
    targets
        Types or groups that are eaten.
    blood
        Body signal of the density of monocytes, cell/uL; None: none enter.
    without
        Fields, synapses and cells that the model does not have.
    numbers
        Replace values of the table ``macrophage_polarised``.

    Examples
    --------
    >>> [cell_type.name for cell_type in macrophage_polarised().types]
    ['macrophage_m1', 'macrophage_m2']
    """
    parameters = load("macrophage_polarised", numbers)
    number = values(parameters)
    taxis = Chemotaxis(field="ccl2", sensitivity=number["ccl2_sensitivity"], half=number["ccl2_half"])
    everywhere = (
        Move(motility=number["motility"], chemotaxis=(taxis,)),
        *breathe(number),
        Die(name="death", rate=number["death_rate"]),
        *(TakeUp(field=field, clearance=number[f"{field}_clearance"]) for field in ("tgfb", "il10", "ccl2")),
    )
    m1 = CellType(
        name="macrophage_m1",
        volume=number["volume"],
        processes=(
            *everywhere,
            *enter(blood),
            Kill(targets=targets, engage=number["phagocytosis"], hit_rate=number["bites"], detach=number["lets_go"]),
            Become(into="macrophage_m2", rate=0.0),
            Secrete(field="ifng", rate=0.0),
            Secrete(field="il12", rate=number["il12_secretion"]),
            Secrete(field="cxcl10", rate=0.0),
        ),
        rules=(
            lowered("kill.engage", "synapse.cd47.max", number["cd47_half"], power=number["cd47_power"]),
            lowered("kill.engage", "field.il10", number["il10_half_phagocytosis"]),
            raised("become_macrophage_m2.rate", "field.tgfb", number["tgfb_half"], number["to_m2"]),
            raised("become_macrophage_m2.rate", "field.il10", number["il10_half"], number["to_m2"]),
            *(
                at_contact("secrete_ifng.rate", name, number["tumour_contacts"], number["ifng_secretion"])
                for name in targets
            ),
            raised("secrete_cxcl10.rate", "field.ifng", number["cxcl10_ifng"], number["cxcl10_secretion"]),
        ),
    )
    m2 = CellType(
        name="macrophage_m2",
        volume=number["volume"],
        processes=(
            *everywhere,
            Become(into="macrophage_m1", rate=0.0),
            *(Secrete(field=field, rate=number[f"{field}_secretion"]) for field in ("tgfb", "il10", "vegf")),
        ),
        rules=(
            raised("become_macrophage_m1.rate", "field.ifng", number["ifng_half"], number["to_m1"]),
            raised("become_macrophage_m1.rate", "field.il12", number["il12_half"], number["to_m1"]),
        ),
    )
    return without_parts(Group(name="macrophage", types=(m1, m2), parameters=tuple(parameters.values())), without)

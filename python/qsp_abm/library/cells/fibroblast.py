"""Fibroblasts, at rest and activated."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ...processes import Become, Secrete, TakeUp
from ._common import breathe, raised, values, without_parts

__all__ = ["fibroblast"]


def fibroblast(*, without: tuple[str, ...] = (), **numbers: Any) -> Group:
    """Return fibroblasts: static and solid, a permeable obstacle; TGF-beta doubles their rate of activation.

    An activated one (`caf`) secretes TGF-beta itself.

    Parameters
    ----------
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``fibroblast``.
    """
    parameters = load("fibroblast", numbers)
    number = values(parameters)
    resting = CellType(
        name="fibroblast_resting",
        volume=number["volume"],
        processes=(
            *breathe(number),
            TakeUp(field="tgfb", clearance=number["tgfb_clearance"]),
            Become(into="caf", rate=number["activation"]),
        ),
        rules=(raised("become_caf.rate", "field.tgfb", number["tgfb_half"], 2 * number["activation"]),),
    )
    activated = CellType(
        name="caf",
        volume=number["volume"],
        processes=(*breathe(number), Secrete(field="tgfb", rate=number["tgfb_secretion"])),
    )
    group = Group(name="fibroblast", types=(resting, activated), parameters=tuple(parameters.values()))
    return without_parts(group, without)

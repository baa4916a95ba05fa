"""PD-1 on T cells against PD-L1."""

from __future__ import annotations

from typing import Any

from ...model import Synapse
from ...parameters import load

__all__ = ["MOLECULES", "pd1", "two_dimensional"]

MOLECULES = 0.602214076
"""Molecules per um3 of a solution of 1 nM."""


def two_dimensional(dissociation: float, gap: float) -> float:
    """Return the dissociation constant between two membranes, molecules per um2.

    Parameters
    ----------
    dissociation
        In solution, nM.
    gap
        Distance within which the bound pair is confined, um.

    Examples
    --------
    >>> round(two_dimensional(8200.0, 0.003), 2)
    14.81
    """
    return dissociation * gap * MOLECULES


def pd1(*, blocked_by: tuple[str, ...] = ("pembrolizumab.occupancy",), **numbers: Any) -> Synapse:
    """Return the synapse of PD-1 (reactive CD8 types) and PD-L1 (both traits of tumour cells).

    Parameters
    ----------
    blocked_by
        Body signals: fraction of PD-1 that a drug occupies.
    numbers
        Replace values of the table ``pd1``.

    Examples
    --------
    >>> round(pd1().affinity, 2)
    14.81
    """
    parameters = load("pd1", numbers)
    number = {name: parameter.value for name, parameter in parameters.items()}
    return Synapse(
        name="pd1",
        receptor={
            "cd8_effector": number["receptors_effector"],
            "cd8_progenitor_exhausted": number["receptors_progenitor"],
            "cd8_terminally_exhausted": number["receptors_terminal"],
        },
        receptor_area=number["receptor_area"],
        ligand=("pdl1_constitutive", "pdl1_induced"),
        ligand_area=number["ligand_area"],
        enrichment=number["enrichment"],
        affinity=two_dimensional(number["dissociation"], number["gap"]),
        blocked_by=blocked_by,
        parameters=tuple(parameters.values()),
    )

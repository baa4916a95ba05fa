"""SIRP-alpha on macrophages against CD47."""

from __future__ import annotations

from typing import Any

from ...model import Synapse
from ...parameters import load
from .pd1 import two_dimensional

__all__ = ["cd47"]


def cd47(*, blocked_by: tuple[str, ...] = (), **numbers: Any) -> Synapse:
    """Return the synapse of SIRP-alpha (M1 macrophages) and CD47 (a trait of tumour cells): the signal not to be eaten.

    Parameters
    ----------
    blocked_by
        Body signals: fraction of SIRP-alpha, or of CD47 as seen by it, that a drug occupies.
    numbers
        Replace values of the table ``cd47``.

    Examples
    --------
    >>> round(cd47().affinity, 2)
    2.89
    """
    parameters = load("cd47", numbers)
    number = {name: parameter.value for name, parameter in parameters.items()}
    return Synapse(
        name="cd47",
        receptor={"macrophage_m1": number["sirpa_density"] * number["receptor_area"]},
        receptor_area=number["receptor_area"],
        ligand=("cd47",),
        ligand_area=number["ligand_area"],
        enrichment=number["enrichment"],
        affinity=two_dimensional(number["dissociation"], number["gap"]),
        blocked_by=blocked_by,
        parameters=tuple(parameters.values()),
    )

"""Fractions that are counted at the start and in every frame."""

from __future__ import annotations

from typing import Any

from ..model import Readout
from ..parameters import load

__all__ = ["readouts"]


def readouts(**numbers: Any) -> tuple[Readout, Readout]:
    """Return the hypoxic and the PD-L1-positive fraction of tumour cells.

    Parameters
    ----------
    numbers
        Replace values of the table ``readouts``, such as ``hypoxic="5 mmHg"`` or ``hypoxic_at_most=0.8``.

    Examples
    --------
    >>> [readout.name for readout in readouts()]
    ['hypoxic_fraction', 'pdl1_positive_fraction']
    """
    parameters = load("readouts", numbers)
    hypoxic, most, positive = (parameters[name] for name in ("hypoxic", "hypoxic_at_most", "pdl1_positive"))
    return (
        Readout(
            name="hypoxic_fraction",
            group="tumour",
            signals=("field.oxygen",),
            below=hypoxic.value,
            at_most=most.value,
            parameters=(hypoxic, most),
        ),
        Readout(
            name="pdl1_positive_fraction",
            group="tumour",
            signals=("trait.pdl1_constitutive", "trait.pdl1_induced"),
            above=positive.value,
            parameters=(positive,),
        ),
    )

"""Cabozantinib: inhibitor of MET, AXL and VEGF receptors."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug, Entry
from ._disposition import Structure, build

__all__ = ["cabozantinib"]

_ABSORPTION = """
substanceOnly species N_depot in N_space; N_depot = 0;
N_zero_order_fraction := 1 - N_first_order_fraction;
N_absorption_infusion = 0;  // mg/day, set by the doses
N_absorbed: N_depot => N_central; N_absorption * N_depot;
N_absorbed_at_once: => N_central; N_absorption_infusion;
"""
_ORAL = (
    Entry(into="N_depot", fraction="N_first_order_fraction", lag="N_lag"),
    Entry(
        into="N_central",
        fraction="N_zero_order_fraction",
        infusion="N_absorption_infusion",
        duration="N_zero_order_time",
    ),
)


def cabozantinib(**numbers: Any) -> Drug:
    """Return cabozantinib tablets: depot and plasma; oral only, since its volumes and clearances are apparent.

    A part of the dose is absorbed by first order after a lag, the rest at a constant rate for some hours from the dose on.
    The typical value is that of a healthy volunteer; tumour types are covariates.

    Parameters
    ----------
    numbers
        Replace values of the table ``cabozantinib``.

    References
    ----------
    Lacy et al. 2018, Cancer Chemother Pharmacol 81:1071, doi:10.1007/s00280-018-3581-0.

    Examples
    --------
    >>> list(cabozantinib().all_routes)
    ['oral']
    """
    structure = Structure(scaled={"cl": "clearance_exponent", "v1": "volume_exponent"}, interstitium=False)
    return build("cabozantinib", numbers, structure, extra=_ABSORPTION, routes={"oral": _ORAL}, usual_route="oral")

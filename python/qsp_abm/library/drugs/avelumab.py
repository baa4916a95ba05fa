"""Avelumab: antibody against PD-L1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["avelumab"]


def avelumab(**numbers: Any) -> Drug:
    """Return avelumab: plasma, tumour interstitium and PD-L1 occupancy there.

    Clearance falls slightly with time on treatment, by a sigmoid. Occupancy is ``C / (Kd + C)`` of one arm in the interstitium.

    Parameters
    ----------
    numbers
        Replace values of the table ``avelumab``.

    References
    ----------
    Masters et al. 2022, CPT Pharmacometrics Syst Pharmacol 11:458, doi:10.1002/psp4.12771.

    Examples
    --------
    >>> avelumab().signals["avelumab.plasma"]
    ('avelumab_plasma', 'ug/mL')
    """
    structure = Structure(
        clearance="sigmoid-linear",
        scaled={
            "cl": "clearance_exponent",
            "q": "intercompartmental_exponent",
            "v1": "volume_exponent",
            "v2": "peripheral_exponent",
        },
        target="pdl1",
    )
    return build("avelumab", numbers, structure)

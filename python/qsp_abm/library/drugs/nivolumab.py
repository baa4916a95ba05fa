"""Nivolumab: antibody against PD-1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["nivolumab"]


def nivolumab(**numbers: Any) -> Drug:
    """Return nivolumab: plasma, tumour interstitium and PD-1 occupancy there.

    Clearance falls with time on treatment, by a sigmoid in its logarithm. Weight scales the clearance and the central volume.

    Parameters
    ----------
    numbers
        Replace values of the table ``nivolumab``.

    References
    ----------
    Bajaj et al. 2017, CPT Pharmacometrics Syst Pharmacol 6:58, doi:10.1002/psp4.12143.

    Examples
    --------
    >>> nivolumab().signals["nivolumab.plasma"]
    ('nivolumab_plasma', 'ug/mL')
    """
    structure = Structure(
        clearance="sigmoid", scaled={"cl": "clearance_exponent", "v1": "volume_exponent"}, target="pd1"
    )
    return build("nivolumab", numbers, structure)

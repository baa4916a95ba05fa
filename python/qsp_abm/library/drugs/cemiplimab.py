"""Cemiplimab: antibody against PD-1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["cemiplimab"]


def cemiplimab(**numbers: Any) -> Drug:
    """Return cemiplimab: plasma, tumour interstitium and PD-1 occupancy there.

    Clearance falls with time on treatment, by a sigmoid in its logarithm. Weight scales the clearance and both volumes.

    Parameters
    ----------
    numbers
        Replace values of the table ``cemiplimab``.

    References
    ----------
    Paccaly et al. 2022, CPT Pharmacometrics Syst Pharmacol 11:1458.

    Examples
    --------
    >>> cemiplimab().signals["cemiplimab.plasma"]
    ('cemiplimab_plasma', 'ug/mL')
    """
    structure = Structure(
        clearance="sigmoid",
        scaled={"cl": "clearance_exponent", "v1": "volume_exponent", "v2": "volume_exponent"},
        target="pd1",
    )
    return build("cemiplimab", numbers, structure)

"""Teclistamab: T-cell engager against BCMA."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["teclistamab"]


def teclistamab(**numbers: Any) -> Drug:
    """Return teclistamab: depot, plasma and interstitium; subcutaneous by default.

    Clearance is a lasting arm and one that decays with time on treatment. Weight scales the lasting arm and both volumes.

    Parameters
    ----------
    numbers
        Replace values of the table ``teclistamab``.

    References
    ----------
    Miao et al. 2023, Target Oncol 18:667, doi:10.1007/s11523-023-00989-z.

    Examples
    --------
    >>> teclistamab().signals["teclistamab.plasma"]
    ('teclistamab_plasma', 'ug/mL')
    """
    structure = Structure(
        clearance="decaying",
        scaled={"cl": "clearance_exponent", "v1": "volume_exponent", "v2": "peripheral_exponent"},
        subcutaneous=True,
    )
    return build("teclistamab", numbers, structure, usual_route="sc")

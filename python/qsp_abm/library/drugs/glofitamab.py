"""Glofitamab: T-cell engager against CD20."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["glofitamab"]


def glofitamab(**numbers: Any) -> Drug:
    """Return glofitamab: plasma and interstitium.

    Clearance is a lasting arm and one that decays. All numbers but the central volume are unverified.

    Parameters
    ----------
    numbers
        Replace values of the table ``glofitamab``.

    References
    ----------
    EMA product information of Columvi.

    Examples
    --------
    >>> glofitamab().signals["glofitamab.plasma"]
    ('glofitamab_plasma', 'ug/mL')
    """
    structure = Structure(clearance="decaying")
    return build("glofitamab", numbers, structure)

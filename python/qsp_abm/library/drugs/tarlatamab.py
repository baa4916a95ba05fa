"""Tarlatamab: T-cell engager against DLL3."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["tarlatamab"]


def tarlatamab(**numbers: Any) -> Drug:
    """Return tarlatamab: plasma and interstitium.

    Linear and stationary, two compartments.

    Parameters
    ----------
    numbers
        Replace values of the table ``tarlatamab``.

    References
    ----------
    Abstract of the population model of DeLLphi-300 and -301; US label of Imdelltra.

    Examples
    --------
    >>> tarlatamab().signals["tarlatamab.plasma"]
    ('tarlatamab_plasma', 'ug/mL')
    """
    structure = Structure()
    return build("tarlatamab", numbers, structure)

"""Blinatumomab: T-cell engager against CD19."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["blinatumomab"]


def blinatumomab(**numbers: Any) -> Drug:
    """Return blinatumomab: plasma and interstitium.

    One compartment, linear; given as a continuous infusion, ``9 ug/day iv over 7 day``.

    Parameters
    ----------
    numbers
        Replace values of the table ``blinatumomab``.

    References
    ----------
    Clements et al. 2020, Clin Pharmacokinet 59:463, doi:10.1007/s40262-019-00823-8.

    Examples
    --------
    >>> blinatumomab().signals["blinatumomab.plasma"]
    ('blinatumomab_plasma', 'ug/mL')
    """
    structure = Structure(compartments=1)
    return build("blinatumomab", numbers, structure)

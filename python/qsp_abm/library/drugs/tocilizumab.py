"""Tocilizumab: antibody against the receptor of interleukin-6."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["tocilizumab"]


def tocilizumab(**numbers: Any) -> Drug:
    """Return tocilizumab: plasma.

    Linear and saturable elimination side by side.

    Parameters
    ----------
    numbers
        Replace values of the table ``tocilizumab``.

    References
    ----------
    Frey et al. 2010, J Clin Pharmacol 50:754, doi:10.1177/0091270009350623.

    Examples
    --------
    >>> tocilizumab().signals["tocilizumab.plasma"]
    ('tocilizumab_plasma', 'ug/mL')
    """
    structure = Structure(saturable=True, interstitium=False)
    return build("tocilizumab", numbers, structure)

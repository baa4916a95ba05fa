"""Ipilimumab: antibody against CTLA-4."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["ipilimumab"]


def ipilimumab(**numbers: Any) -> Drug:
    """Return ipilimumab: plasma, tumour interstitium and CTLA-4 occupancy there.

    Linear and stationary. Occupancy is ``C / (Kd + C)`` of one arm in the interstitium; loss with internalised receptors is left out.

    Parameters
    ----------
    numbers
        Replace values of the table ``ipilimumab``.

    References
    ----------
    Feng et al. 2014, Br J Clin Pharmacol 78:106, doi:10.1111/bcp.12323.

    Examples
    --------
    >>> ipilimumab().signals["ipilimumab.plasma"]
    ('ipilimumab_plasma', 'ug/mL')
    """
    structure = Structure(scaled={"cl": "clearance_exponent", "v1": "volume_exponent"}, target="ctla4")
    return build("ipilimumab", numbers, structure)

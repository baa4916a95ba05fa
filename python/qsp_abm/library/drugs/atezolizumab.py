"""Atezolizumab: antibody against PD-L1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["atezolizumab"]


def atezolizumab(**numbers: Any) -> Drug:
    """Return atezolizumab: plasma, tumour interstitium and PD-L1 occupancy there; intravenous, or subcutaneous from a depot.

    Linear and stationary. Occupancy is ``C / (Kd + C)`` of one arm in the interstitium; loss with internalised receptors is left out.

    Parameters
    ----------
    numbers
        Replace values of the table ``atezolizumab``.

    References
    ----------
    Stroh et al. 2017, Clin Pharmacol Ther 102:305.

    Examples
    --------
    >>> atezolizumab().signals["atezolizumab.plasma"]
    ('atezolizumab_plasma', 'ug/mL')
    """
    structure = Structure(
        scaled={"cl": "clearance_exponent", "v1": "volume_exponent"}, subcutaneous=True, target="pdl1"
    )
    return build("atezolizumab", numbers, structure)

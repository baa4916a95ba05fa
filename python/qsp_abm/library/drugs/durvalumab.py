"""Durvalumab: antibody against PD-L1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["durvalumab"]


def durvalumab(**numbers: Any) -> Drug:
    """Return durvalumab: plasma, tumour interstitium and PD-L1 occupancy there.

    Linear and saturable elimination side by side. Occupancy is ``C / (Kd + C)`` of one arm in the interstitium; loss with internalised
    receptors is left out.

    Parameters
    ----------
    numbers
        Replace values of the table ``durvalumab``.

    References
    ----------
    Baverel et al. 2018, Clin Pharmacol Ther 103:631, doi:10.1002/cpt.982.

    Examples
    --------
    >>> durvalumab().signals["durvalumab.plasma"]
    ('durvalumab_plasma', 'ug/mL')
    """
    structure = Structure(scaled={"cl": "clearance_exponent"}, saturable=True, target="pdl1")
    return build("durvalumab", numbers, structure)

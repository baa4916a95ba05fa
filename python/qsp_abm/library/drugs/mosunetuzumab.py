"""Mosunetuzumab: T-cell engager against CD20."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["mosunetuzumab"]

_OCCUPANCY = """
N_competition := 1 + N_rituximab * exp(-ln(2) * time / N_rituximab_half_life) / N_rituximab_half \
  + N_obinutuzumab * exp(-ln(2) * time / N_obinutuzumab_half_life) / N_obinutuzumab_half;
N_cd20_occupancy := N_plasma / (N_plasma + N_cd20_half * N_competition);
"""


def mosunetuzumab(**numbers: Any) -> Drug:
    """Return mosunetuzumab: plasma, interstitium, and CD20 occupancy by the plasma beside what is left of other antibodies.

    Clearance approaches a lower one exponentially. Occupancy is ``C / (C + K (1 + R / Kr + O / Ko))``, with rituximab R and
    obinutuzumab O from day 0 on falling by their half-lives.

    Parameters
    ----------
    numbers
        Replace values of the table ``mosunetuzumab``.

    References
    ----------
    Bender et al. 2024, Clin Transl Sci 17:e13825, doi:10.1111/cts.13825.

    Examples
    --------
    >>> mosunetuzumab().signals["mosunetuzumab.plasma"]
    ('mosunetuzumab_plasma', 'ug/mL')
    """
    structure = Structure(
        clearance="approach",
        scaled={"cl": "clearance_exponent", "v1": "volume_exponent", "v2": "peripheral_exponent"},
    )
    return build("mosunetuzumab", numbers, structure, extra=_OCCUPANCY, signals={"cd20_occupancy": ""})

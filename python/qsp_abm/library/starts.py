"""Starts that stand for something known: a tertiary lymphoid structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import units
from ..start import Ball

__all__ = ["tertiary_lymphoid_structure"]

_FOLLICLE = 0.6  # part of the radius that is B-cell follicle (unverified; the T-cell zone lies around it)
_T_CELLS = {"cd4_helper": 0.9, "treg": 0.1}  # unverified: most T cells of the zone are CD4 helpers


def tertiary_lymphoid_structure(
    centre: Sequence[Any],
    radius: Any = "150 um",
    *,
    b_cells: str = "b_cell",
    t_cells: str = "cd4",
    fractions: Mapping[str, float] | None = None,
    fill: float = 0.8,
) -> tuple[Ball, Ball]:
    """Return a B-cell follicle with its zone of T cells, for models that have both.

    Parameters
    ----------
    centre
        (x, y) or (x, y, z), um.
    radius
        Of the whole, um. Unverified: 100-500 um across in sections of solid tumours.
    b_cells, t_cells
        Type or group of the follicle, and of the zone around it.
    fractions
        Types of the zone; None: nine helper cells to one regulatory cell.
    fill
        Fraction of the voxels that hold a cell.

    Examples
    --------
    >>> [each.cells for each in tertiary_lymphoid_structure((200, 200))]
    ['b_cell', 'cd4']
    """
    outer = units.to(radius, "um", "radius", positive=True)
    inner = _FOLLICLE * outer
    shares = dict(_T_CELLS if fractions is None else fractions)
    return (
        Ball(cells=b_cells, radius=inner, centre=tuple(centre), fill=fill),
        Ball(cells=t_cells, radius=outer, inner=inner + 1e-6, centre=tuple(centre), fill=fill, fractions=shares),
    )

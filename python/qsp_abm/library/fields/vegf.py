"""VEGF-A."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["vegf"]


def vegf(**numbers: Any) -> Field:
    """Return VEGF-A in nM: tumour cells and M2 macrophages secrete it; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``vegf``.

    Examples
    --------
    >>> round(vegf().reaction_length() or 0.0)
    389
    """
    return molecule("vegf", numbers)

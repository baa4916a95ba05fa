"""Interleukin-10."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["il10"]


def il10(**numbers: Any) -> Field:
    """Return interleukin-10 in nM: M2 macrophages secrete it; it restrains M1 macrophages and killers; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``il10``.

    Examples
    --------
    >>> round(il10().reaction_length() or 0.0)
    174
    """
    return molecule("il10", numbers)

"""Interleukin-12."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["il12"]


def il12(**numbers: Any) -> Field:
    """Return interleukin-12 in nM: M1 macrophages and mature dendritic cells secrete it; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``il12``.

    Examples
    --------
    >>> round(il12().reaction_length() or 0.0)
    194
    """
    return molecule("il12", numbers)

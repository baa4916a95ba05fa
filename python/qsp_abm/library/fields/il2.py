"""Interleukin-2."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["il2"]


def il2(**numbers: Any) -> Field:
    """Return interleukin-2 in nM: stimulated T cells secrete it, those with its receptor take it up; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``il2``.

    Examples
    --------
    >>> round(il2().reaction_length() or 0.0)
    600
    """
    return molecule("il2", numbers)

"""Arginase I."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["arginase"]


def arginase(**numbers: Any) -> Field:
    """Return arginase I in nM: myeloid suppressor cells secrete it; it restrains killing and feeds regulatory T cells; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``arginase``.

    Examples
    --------
    >>> round(arginase().reaction_length() or 0.0)
    7071
    """
    return molecule("arginase", numbers)

"""Nitric oxide."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["nitric_oxide"]


def nitric_oxide(**numbers: Any) -> Field:
    """Return nitric oxide in nM: myeloid suppressor cells secrete it; it restrains killing; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``nitric_oxide``.

    Examples
    --------
    >>> round(nitric_oxide().reaction_length() or 0.0)
    1561
    """
    return molecule("nitric_oxide", numbers)

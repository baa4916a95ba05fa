"""The chemokine CCL2."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["ccl2"]


def ccl2(**numbers: Any) -> Field:
    """Return the chemokine CCL2 in nM: tumour cells secrete it; it draws myeloid cells; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``ccl2``.

    Examples
    --------
    >>> round(ccl2().reaction_length() or 0.0)
    280
    """
    return molecule("ccl2", numbers)

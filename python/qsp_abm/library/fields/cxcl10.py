"""The chemokines CXCL9 and CXCL10 as one."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["cxcl10"]


def cxcl10(**numbers: Any) -> Field:
    """Return the chemokines CXCL9 and CXCL10 as one in nM: cells that interferon-gamma wakes secrete it; it draws cells with CXCR3; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``cxcl10``.

    Examples
    --------
    >>> round(cxcl10().reaction_length() or 0.0)
    1021
    """
    return molecule("cxcl10", numbers)

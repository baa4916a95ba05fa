"""Transforming growth factor beta, active."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ._common import molecule

__all__ = ["tgfb"]


def tgfb(**numbers: Any) -> Field:
    """Return transforming growth factor beta, active in nM: regulatory T cells, M2 macrophages, fibroblasts and tumour cells secrete it; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``tgfb``.

    Examples
    --------
    >>> round(tgfb().reaction_length() or 0.0)
    397
    """
    return molecule("tgfb", numbers)

"""Vessels of a section."""

from __future__ import annotations

from typing import Any

from ..model import Vessels
from ..parameters import load

__all__ = ["vessels"]


def vessels(**numbers: Any) -> Vessels:
    """Return vessels at one declared density for all sections.

    Parameters
    ----------
    numbers
        Replace values of the table ``vessels``, such as ``density=200``.

    Examples
    --------
    >>> vessels().density
    100.0
    """
    parameters = load("vessels", numbers)
    return Vessels(
        density=parameters["density"].value,
        spacing=parameters["spacing"].value,
        parameters=tuple(parameters.values()),
    )

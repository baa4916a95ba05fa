"""Interferon-gamma."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ...parameters import load

__all__ = ["ifng"]


def ifng(**numbers: Any) -> Field:
    """Return interferon-gamma in nM: cells secrete it and take it up; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``ifng``.
    """
    parameters = load("ifng", numbers)
    return Field(
        name="ifng",
        unit="nM",
        diffusion=parameters["diffusion"].value,
        decay=parameters["decay"].value,
        scale=parameters["scale"].value,
        parameters=tuple(parameters.values()),
    )

"""What molecules that cells secrete and take up have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import Field
from ...parameters import load

__all__ = ["molecule"]


def molecule(name: str, numbers: Mapping[str, Any]) -> Field:
    """Return a field in nM that diffuses and decays, from the table of its name; no flux through the faces.

    Parameters
    ----------
    name
        Of the field and its table.
    numbers
        Replace values of the table.
    """
    parameters = load(name, numbers)
    return Field(
        name=name,
        unit="nM",
        diffusion=parameters["diffusion"].value,
        decay=parameters["decay"].value,
        scale=parameters["scale"].value,
        parameters=tuple(parameters.values()),
    )

"""Oxygen."""

from __future__ import annotations

from typing import Any

from ...model import Field
from ...parameters import load

__all__ = ["oxygen"]


def oxygen(**numbers: Any) -> Field:
    """Return oxygen in mmHg: vessels supply it, cells consume it after Michaelis and Menten; no flux through the faces.

    Parameters
    ----------
    numbers
        Replace values of the table ``oxygen``, such as ``vessel_value="50 mmHg"``.

    Examples
    --------
    >>> oxygen().half_saturation
    1.5
    """
    parameters = load("oxygen", numbers)
    vessel = parameters["vessel_value"].value
    return Field(
        name="oxygen",
        unit="mmHg",
        diffusion=parameters["diffusion"].value,
        scale=vessel,
        initial=vessel,
        half_saturation=parameters["half_saturation"].value,
        vessel_exchange=parameters["vessel_exchange"].value,
        vessel_value=vessel,
        parameters=tuple(parameters.values()),
    )

"""An antibody that enters tissue through the walls of capillaries."""

from __future__ import annotations

import math
from typing import Any

from ... import units
from ...model import Field, Lattice
from ...parameters import load

__all__ = ["antibody"]


def antibody(
    lattice: Lattice | None = None, *, name: str = "antibody", plasma: str | float = "100 nM", **numbers: Any
) -> Field:
    """Return an antibody in nM of tissue at a constant plasma concentration; no flux through the faces.

    In a voxel with a vessel the wall of a capillary lets permeability x surface x (plasma - tissue / available fraction) pass,
    as a rate per volume of the voxel.

    Parameters
    ----------
    lattice
        Gives the volume of a voxel and the length of the capillary in it; None: voxels of 20 um.
    name
        Of the field.
    plasma
        Concentration in plasma, nM.
    numbers
        Replace values of the table ``antibody``.

    Examples
    --------
    >>> field = antibody(plasma="1 uM")
    >>> round(field.vessel_value), round(field.vessel_exchange, 1)
    (270, 135.7)
    """
    parameters = load("antibody", numbers)
    number = {key: parameter.value for key, parameter in parameters.items()}
    lattice = lattice or Lattice(spacing=20.0)
    length = lattice.spacing if lattice.dimensions == 3 else lattice.thickness or lattice.spacing
    surface = 2 * math.pi * number["vessel_radius"] * length / lattice.voxel_volume
    return Field(
        name=name,
        unit="nM",
        diffusion=number["diffusion"],
        scale=number["scale"],
        vessel_exchange=number["permeability"] * surface / number["available_fraction"],
        vessel_value=units.to(plasma, "nM", f"{name}: plasma", non_negative=True) * number["available_fraction"],
        parameters=tuple(parameters.values()),
    )

"""How a simulation starts: cells from a table of a real section, balls, scattered cells, explicit positions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field as Setting
from pydantic import model_validator

from . import units
from .frozen import Frozen, Quantity

__all__ = ["Ball", "Cells", "FromTable", "Scatter", "Start"]

Fractions = dict[str, Annotated[float, Setting(ge=0, le=1)]]


def _check_fractions(fractions: Fractions, what: str) -> None:
    total = sum(fractions.values())
    if abs(total - 1.0) > 1e-9:
        raise ValueError(f"{what}: fractions add up to {total:.9g}; allowed: 1")


class _Cells(Frozen):
    cells: str
    fractions: Fractions | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.fractions is not None:
            _check_fractions(self.fractions, f"start of '{self.cells}'")
        return self


class Ball(_Cells):
    """A dense ball (in a section: a disc) of one type, or of a group with fractions.

    Parameters
    ----------
    cells
        A type, or a group with `fractions`.
    radius
        um.
    centre
        um; None: the centre of the lattice.
    fill
        Fraction of the voxels that are filled.
    fractions
        Type of the group -> fraction.
    """

    kind: Literal["ball"] = "ball"
    radius: Annotated[float, Quantity("um", positive=True)]
    centre: tuple[float, float, float] | None = None
    fill: Annotated[float, Setting(gt=0, le=1)] = 1.0

    def __init__(self, *positional: str, **given: object) -> None:
        super().__init__(**_named(positional, given))


class Scatter(_Cells):
    """Cells at random positions.

    Parameters
    ----------
    cells
        A type, or a group with `fractions`.
    density
        ``"200 / mm^2"`` in a section, ``"200 / mm^3"`` in a volume; the wrong one is an error.
    fractions
        Type of the group -> fraction.
    """

    kind: Literal["scatter"] = "scatter"
    density: str

    def __init__(self, *positional: str, **given: object) -> None:
        super().__init__(**_named(positional, given))

    @model_validator(mode="after")
    def _a_density(self) -> Self:
        if not any(
            units.same_dimension(units.split(self.density, "density")[1], each) for each in ("1/mm^2", "1/mm^3")
        ):
            raise ValueError(
                f"density: '{self.density}' is neither per area nor per volume; allowed: '200 / mm^2', '200 / mm^3'"
            )
        return self


class Cells(Frozen):
    """Cells of one type at given positions.

    Parameters
    ----------
    cells
        The type.
    positions
        (x, y) or (x, y, z) of each, um.
    """

    kind: Literal["cells"] = "cells"
    cells: str
    positions: tuple[tuple[float, ...], ...]


class FromTable(Frozen):
    """Cells of a table, such as a segmented section.

    Parameters
    ----------
    path
        A CSV file with a header.
    types
        Label -> type, ``"skip"``, or type -> fraction. Complete: a label that is missing is refused unless ``"*"`` stands for
        the rest.
    columns
        Names of the columns: ``x``, ``y``, ``z`` (um) and ``type``; default ``x_um``, ``y_um``, ``z_um``, ``cell_type``.
    select
        Column -> value: only these rows, for tables that hold several sections.
    margin
        Room around the table, um.
    margin_filling
        ``mirror``: the tissue mirrored at the edges of the table; ``empty``.
    thickness
        Of a section without z, um: a 4 um cut and a mean cell diameter of 11 um (assumed).
    vessel_labels
        Labels that mark vessels, whatever type their cells become.
    """

    kind: Literal["table"] = "table"
    path: Path
    types: dict[str, str | Fractions]
    columns: dict[str, str] = {}
    select: dict[str, str | int] = {}
    margin: Annotated[float, Quantity("um", non_negative=True)] = 200.0
    margin_filling: Literal["mirror", "empty"] = "mirror"
    thickness: Annotated[float, Quantity("um", positive=True)] = 15.0
    vessel_labels: tuple[str, ...] = ("Endothelial/Vim",)

    @model_validator(mode="after")
    def _fractions(self) -> Self:
        for label, given in self.types.items():
            if isinstance(given, dict):
                _check_fractions(given, f"types: label '{label}'")
        return self


def _named(positional: tuple[str, ...], given: dict[str, object]) -> dict[str, object]:
    return given | dict(zip(("cells",), positional, strict=True)) if positional else given


Start = Annotated[Ball | Scatter | Cells | FromTable, Setting(discriminator="kind")]

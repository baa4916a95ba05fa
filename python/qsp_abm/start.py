"""How a simulation starts: cells from a table of a real section, balls, scattered cells, explicit positions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field as Setting
from pydantic import field_validator, model_validator

from . import units
from .errors import ModelError, suggest
from .frozen import Frozen, Quantity

__all__ = ["COLUMNS", "SECTION_THICKNESS", "SKIP", "Ball", "Cells", "FromTable", "Infiltrate", "Scatter", "Start"]

COLUMNS = {"x": "x_um", "y": "y_um", "z": "z_um", "type": "cell_type"}
"""Columns of a table unless it names others."""

SECTION_THICKNESS = 15.0
"""Thickness of a section without z, um: a 4 um cut and a mean cell diameter of 11 um (assumed)."""

SKIP = "skip"
"""What a label is mapped to whose cells are left out (and counted)."""

Length = Annotated[float, Quantity("um")]
Position = tuple[Length, ...]
Fractions = dict[str, Annotated[float, Setting(ge=0, le=1)]]

_WHOLE = 1e-9  # by how much fractions may miss 1


def _check_fractions(fractions: Fractions, what: str) -> None:
    total = sum(fractions.values())
    if abs(total - 1.0) > _WHOLE:
        raise ValueError(f"{what}: fractions add up to {total:.9g}; allowed: 1")


def _check_position(position: Position, what: str) -> None:
    if len(position) not in (2, 3):
        raise ValueError(f"{what}: {position} is not a position; allowed: (x, y) or (x, y, z) in um")


def _listed(values: Any) -> Any:
    """Return arrays as lists, which is what a description holds."""
    return values.tolist() if hasattr(values, "tolist") else values


class _Start(Frozen):
    """A start; the names in `_in_order` may be left out."""

    _in_order: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: Any, **given: Any) -> None:
        who = type(self).__name__
        if len(values) > len(self._in_order):
            raise ModelError(f"{who}: {len(values)} values without a name; allowed: {', '.join(self._in_order)}")
        for name, value in zip(self._in_order, values, strict=False):
            if name in given:
                raise ModelError(f"{who}: {name} is given twice")
            given[name] = value
        super().__init__(**given)


class _Mixture(_Start):
    cells: str
    fractions: Fractions | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.fractions is not None:
            _check_fractions(self.fractions, f"start of '{self.cells}'")
        return self


class Ball(_Mixture):
    """A dense ball (in a section: a disc) of one type, or of a group with fractions: one cell per voxel.

    Parameters
    ----------
    cells
        A type, or a group with `fractions`.
    radius
        um.
    centre
        (x, y) or (x, y, z), um; None: the centre of the lattice.
    inner
        Radius of the hollow inside, um; 0: none.
    fill
        Fraction of the voxels that hold a cell.
    fractions
        Type of the group -> fraction.

    Examples
    --------
    >>> Ball("tumour", radius="0.3 mm").radius
    300.0
    """

    _in_order = ("cells", "radius")
    kind: Literal["ball"] = "ball"
    radius: Annotated[float, Quantity("um", positive=True)]
    centre: Position | None = None
    inner: Annotated[float, Quantity("um", non_negative=True)] = 0.0
    fill: Annotated[float, Setting(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _a_centre(self) -> Self:
        if self.centre is not None:
            _check_position(self.centre, "centre")
        if self.inner >= self.radius:
            raise ValueError(f"inner ({self.inner:g} um) is not below radius ({self.radius:g} um)")
        return self


class Scatter(_Mixture):
    """Cells at random positions; one without room there moves to the nearest voxel with room.

    Parameters
    ----------
    cells
        A type, or a group with `fractions`.
    density
        ``"200 / mm^2"`` in a section, ``"200 / mm^3"`` in a volume; the wrong one is an error.
    fractions
        Type of the group -> fraction.
    region
        Two opposite corners of a box, um; None: the whole lattice.

    Examples
    --------
    >>> Scatter("cd8", density="200 / mm^2", fractions={"cd8_bystander": 0.9, "cd8_effector": 0.1}).cells
    'cd8'
    """

    _in_order = ("cells", "density")
    kind: Literal["scatter"] = "scatter"
    density: str
    region: tuple[Position, Position] | None = None

    @field_validator("density", mode="before")
    @classmethod
    def _text(cls, density: Any) -> Any:
        return str(density) if hasattr(density, "units") or isinstance(density, int | float) else density

    @model_validator(mode="after")
    def _a_density(self) -> Self:
        unit = units.split(self.density, "density")[1]
        known = next((each for each in ("1/mm^2", "1/mm^3") if unit and units.same_dimension(unit, each)), None)
        if known is None:
            raise ValueError(
                f"density: '{self.density}' is neither per area nor per volume; allowed: as in '200 / mm^2' or '200 / mm^3'"
            )
        units.to(self.density, known, "density", non_negative=True)
        for corner in self.region or ():
            _check_position(corner, "region")
        return self


class Infiltrate(_Mixture):
    """So many cells in a pattern about a tumour: the same number whatever the pattern, for a fair comparison.

    Parameters
    ----------
    cells
        A type, or a group with `fractions`.
    number
        How many.
    pattern
        ``inflamed``: evenly in the tumour; ``excluded``: in a rim around it; ``desert``: beyond that rim.
    around
        Type or group of the tumour, whose cells other starts place.
    gap
        All within this distance of a tumour cell is tumour, um.
    margin
        Width of the rim, um.
    fractions
        Type of the group -> fraction.

    Examples
    --------
    >>> Infiltrate("cd8_effector", 200, "excluded").margin
    100.0
    """

    _in_order = ("cells", "number", "pattern")
    kind: Literal["infiltrate"] = "infiltrate"
    number: Annotated[int, Setting(ge=0, lt=2**31)]
    pattern: Literal["inflamed", "excluded", "desert"]
    around: str = "tumour"
    gap: Annotated[float, Quantity("um", non_negative=True)] = 20.0
    margin: Annotated[float, Quantity("um", positive=True)] = 100.0


class Cells(_Start):
    """Cells of one type at given positions.

    Parameters
    ----------
    cells
        The type.
    positions
        (x, y) or (x, y, z) of each, um; an array will do.

    Examples
    --------
    >>> len(Cells("tumour", [(10, 10), ("30 um", "10 um")]).positions)
    2
    """

    _in_order = ("cells", "positions")
    kind: Literal["cells"] = "cells"
    cells: str
    positions: tuple[Position, ...]

    _as_lists = field_validator("positions", mode="before")(_listed)

    @model_validator(mode="after")
    def _all_positions(self) -> Self:
        for position in self.positions:
            _check_position(position, "positions")
        return self


class FromTable(_Start):
    """Cells of a table, such as a segmented section.

    Parameters
    ----------
    path
        A CSV file with a header, a row a cell; an AnnData file (`.h5ad`) with positions in um in ``obsm["spatial"]`` and labels
        in a column of `obs`; or the ``cells.csv`` of PhysiCell, with or without its header.
    types
        Label -> type, ``"skip"``, or type -> fraction. Complete: a label of the table that is missing here is refused unless
        ``"*"`` stands for the rest.
    columns
        Names of the columns ``x``, ``y``, ``z`` (um) and ``type`` where they are not ``x_um``, ``y_um``, ``z_um`` and
        ``cell_type``. Without a column for z the table is a section.
    select
        Column -> value: only these rows, for tables that hold several sections.
    margin
        Room around the table where the lattice has no shape of its own, um. The table is centred in the lattice.
    margin_filling
        What the lattice holds around the table: ``mirror``, the tissue mirrored at the edges of the table; ``stroma``, cells of
        the type of that name at the mean density of those in the table; ``empty``.
    thickness
        Of a section, um; None: that of the lattice, else 15 um (`SECTION_THICKNESS`).
    vessel_labels
        Labels that mark vessels, whatever their cells become.

    Examples
    --------
    >>> FromTable("section.csv", types={"CK+": "tumour", "*": "skip"}, columns={"type": "label"}).margin
    200.0
    """

    _in_order = ("path", "types")
    kind: Literal["table"] = "table"
    path: Path
    types: dict[str, str | Fractions]
    columns: dict[str, str] = {}
    select: dict[str, str] = {}
    margin: Annotated[float, Quantity("um", non_negative=True)] = 200.0
    margin_filling: Literal["mirror", "stroma", "empty"] = "mirror"
    thickness: Annotated[float, Quantity("um", positive=True)] | None = None
    vessel_labels: tuple[str, ...] = ("Endothelial/Vim",)

    @field_validator("select", mode="before")
    @classmethod
    def _values_as_text(cls, select: Any) -> Any:
        if isinstance(select, Mapping):
            return {name: str(value) if isinstance(value, int | float) else value for name, value in select.items()}
        return select

    @field_validator("vessel_labels", mode="before")
    @classmethod
    def _one_or_more(cls, labels: Any) -> Any:
        return (labels,) if isinstance(labels, str) else labels

    @model_validator(mode="after")
    def _names_and_fractions(self) -> Self:
        for name in self.columns:
            if name not in COLUMNS:
                raise ValueError(f"columns: unknown name '{name}'{suggest(name, COLUMNS)}")
        for label, given in self.types.items():
            if isinstance(given, dict):
                _check_fractions(given, f"types: label '{label}'")
        return self


Start = Annotated[Ball | Scatter | Infiltrate | Cells | FromTable, Setting(discriminator="kind")]

"""The Model: an immutable description of everything that a simulation steps. Pure data, complete to JSON and back."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Setting
from pydantic import field_validator, model_validator

from . import units
from .body.description import Body, Drug
from .coupling import Coupling
from .errors import ModelError, suggest
from .frozen import Frozen, Quantity
from .parameters import Parameter
from .processes import Process
from .rules import Rule

__all__ = [
    "MOST_STEPS",
    "MOST_THREADS",
    "CellType",
    "Constant",
    "Field",
    "Group",
    "Hits",
    "Lattice",
    "LogNormal",
    "Model",
    "Readout",
    "Synapse",
    "Trait",
    "Vessels",
]

_NAME = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, Setting(pattern=_NAME)]


MOST_THREADS = 1024  # of the engine; more help no lattice, and a system may refuse to start them
MOST_STEPS = 2**32 - 2  # random numbers and days of birth count steps in 32 bits


def _counts(side: Any) -> bool:
    return isinstance(side, Real) and not isinstance(side, bool) and float(side) >= 1 and float(side).is_integer()


class Lattice(Frozen):
    """A box of voxels. With one voxel in z it is a slab: a 2-D section of the stated thickness.

    Parameters
    ----------
    shape
        Voxels in x, y, z; ``None`` where a start that brings its own extent (a table) decides.
    spacing
        Side of a voxel, um.
    thickness
        z extent of a 2-D section, um; None is the spacing (a start from a table: 15 um, a 4 um cut and a mean cell diameter
        of 11 um, assumed).
    packing
        Fraction of a voxel that small cells can fill.
    edges
        ``closed``: cells stay inside. ``open``: a division at the edge pushes cells out, counted as moved out.
    """

    shape: tuple[int, int, int] | None = None
    spacing: Annotated[float, Quantity("um", positive=True)]
    thickness: Annotated[float, Quantity("um", positive=True)] | None = None
    packing: Annotated[float, Setting(gt=0, le=1)] = 0.64
    edges: Literal["closed", "open"] = "closed"

    @field_validator("shape", mode="before")
    @classmethod
    def _three_sides(cls, shape: Any) -> Any:
        if shape is None:
            return None
        sides = tuple(shape) if isinstance(shape, Iterable) else ()
        if len(sides) == 2:
            sides = (*sides, 1)
        if len(sides) != 3 or not all(map(_counts, sides)):
            raise ValueError(f"{shape!r} is not a box; allowed: two or three whole numbers above 0")
        if sides[0] * sides[1] * sides[2] >= 2**31:
            raise ValueError(f"{shape!r} has more than 2^31 voxels")
        return sides

    @model_validator(mode="after")
    def _thickness_is_for_sections(self) -> Self:
        if self.shape is not None and self.shape[2] > 1 and self.thickness not in (None, self.spacing):
            raise ValueError(f"thickness {self.thickness:g} um is for one voxel in z; this lattice has {self.shape[2]}")
        return self

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return 2 if self.shape is None or self.shape[2] == 1 else 3

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel, um3."""
        return self.spacing**2 * (self.thickness or self.spacing)


class Constant(Frozen):
    """A law of a trait: the same value for every cell."""

    law: Literal["constant"] = "constant"
    value: float


class LogNormal(Frozen):
    """A law of a trait: lognormal with this median and this standard deviation of the natural logarithm."""

    law: Literal["lognormal"] = "lognormal"
    median: Annotated[float, Setting(gt=0)]
    sigma: Annotated[float, Setting(ge=0, le=5)]


class Trait(Frozen):
    """A number that each agent of a group carries.

    Parameters
    ----------
    name, unit
        What it is.
    start
        Law for cells of the start and recruited cells.
    inheritance
        What both daughters get at division: ``copy``, ``halve``, or ``reset`` to `target`.
    rise, decay
        Relaxation time towards ``trait.<name>.target`` from below and from above, day; None: it does not relax.
    target
        What it relaxes to without rules.
    """

    name: Name
    unit: str = ""
    start: Annotated[Constant | LogNormal, Setting(discriminator="law")] = Constant(value=0.0)
    inheritance: Literal["copy", "halve", "reset"] = "copy"
    rise: Annotated[float, Quantity("day", positive=True)] | None = None
    decay: Annotated[float, Quantity("day", positive=True)] | None = None
    target: float = 0.0


class Hits(Frozen):
    """Additive cytotoxicity: how many hits kill a cell, and how fast it recovers (Weigelin 2021, doi:10.1038/s41467-021-25282-3).

    Parameters
    ----------
    threshold
        Hits that kill.
    recovery
        Mean of the recovery clock, day. Each hit restarts it; when it fires, all hits are lost.
    stages
        Stages of the clock (Erlang).
    into
        Type of the remains, or None: gone at once.
    """

    threshold: Annotated[int, Setting(ge=1, le=200)] = 1
    recovery: Annotated[float, Quantity("day", positive=True)] = 120 / 1440
    stages: Annotated[int, Setting(ge=1, le=16)] = 4
    into: str | None = None


class CellType(Frozen):
    """A phenotype: how much room it takes, what it does, which rules steer it.

    Parameters
    ----------
    name
        Lower case, unique in the model.
    volume
        um3.
    occupies
        ``solid``: one per voxel. ``small``: several per voxel, by volume; one beside a solid cell. ``none``: takes no room.
    dead
        Remains of a cell: not counted among the living.
    hits
        What killing takes; None: cannot be killed.
    processes, rules
        What it does.
    """

    name: Name
    volume: Annotated[float, Quantity("um^3", positive=True)]
    occupies: Literal["solid", "small", "none"] = "solid"
    dead: bool = False
    hits: Hits | None = None
    processes: tuple[Process, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def diameter(self) -> float:
        """Diameter of a sphere of this volume, um."""
        return float((6.0 * self.volume / 3.141592653589793) ** (1.0 / 3.0))


class Group(Frozen):
    """The closed set of types that a cell may become, with the traits they share.

    Parameters
    ----------
    name
        Lower case; may equal the name of its only type.
    types
        Its cell types.
    traits
        Up to seven.
    parameters
        Where the numbers come from.
    """

    name: Name
    types: Annotated[tuple[CellType, ...], Setting(min_length=1)]
    traits: Annotated[tuple[Trait, ...], Setting(max_length=7)] = ()
    parameters: tuple[Parameter, ...] = ()


class Field(Frozen):
    """A diffusing concentration on the lattice.

    Parameters
    ----------
    name, unit
        ``nM`` for molecules that cells secrete.
    diffusion
        um2/day.
    decay
        1/day.
    scale
        Typical concentration, in `unit`: what is stored is the concentration over this.
    initial
        Concentration at the start, in `unit`.
    boundary
        Concentration held at the outer faces; None: no flux.
    half_saturation
        Michaelis constant of uptake, in `unit`; None: uptake is first order.
    vessel_exchange, vessel_value
        Exchange in voxels with a vessel: rate (1/day) times (value - concentration).
    scheme
        ``automatic``: quasi-steady where the field relaxes much faster than the step.
    parameters
        Where the numbers come from.
    """

    name: Name
    unit: str
    diffusion: Annotated[float, Quantity("um^2/day", positive=True)]
    decay: Annotated[float, Quantity("1/day", non_negative=True)] = 0.0
    scale: Annotated[float, Setting(gt=0)] = 1.0
    initial: Annotated[float, Setting(ge=0)] = 0.0
    boundary: Annotated[float, Setting(ge=0)] | None = None
    half_saturation: Annotated[float, Setting(gt=0)] | None = None
    vessel_exchange: Annotated[float, Quantity("1/day", non_negative=True)] = 0.0
    vessel_value: Annotated[float, Setting(ge=0)] = 0.0
    scheme: Literal["automatic", "quasi_steady", "transient"] = "automatic"
    parameters: tuple[Parameter, ...] = ()

    def reaction_length(self, uptake: float | str = 0.0) -> float | None:
        """Return sqrt(diffusion / (decay + uptake)), how far a molecule comes, um; None if nothing removes it.

        Parameters
        ----------
        uptake
            By cells, 1/day: clearance of a cell times cells per volume.
        """
        removal = self.decay + units.to(uptake, "1/day", f"{self.name}: uptake", non_negative=True)
        return math.sqrt(self.diffusion / removal) if removal > 0 else None

    @property
    def molar(self) -> bool:
        """Whether the unit is a molar concentration, so that cells can secrete into it."""
        return units.same_dimension(self.unit, "nM")


class Synapse(Frozen):
    """Receptor and ligand at a cell contact; its signals are bonds per um2 (2-D binding equilibrium).

    Parameters
    ----------
    name
        Signals are ``synapse.<name>.target`` and ``synapse.<name>.max``.
    receptor
        Receptors per cell, by type.
    receptor_area, ligand_area
        Cell surface over which they spread, um2.
    ligand
        Traits whose sum is the number of ligands on the other cell.
    enrichment
        Density in the synapse over the mean density, the same for both.
    affinity
        Two-dimensional dissociation constant, molecules per um2.
    blocked_by
        Body signals that give the fraction of receptors occupied by a drug.
    """

    name: Name
    receptor: dict[str, Annotated[float, Setting(ge=0)]]
    receptor_area: Annotated[float, Quantity("um^2", positive=True)]
    ligand: tuple[str, ...]
    ligand_area: Annotated[float, Quantity("um^2", positive=True)]
    enrichment: Annotated[float, Setting(gt=0)] = 1.0
    affinity: Annotated[float, Setting(gt=0)]
    blocked_by: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()


class Vessels(Frozen):
    """Vessels of the tissue: voxels through which cells and molecules enter and leave.

    Parameters
    ----------
    density
        Per mm2 of a section, or per mm3; labelled vessels are completed to it by hard-core random points outside the
        tumour.
    spacing
        Least distance between sampled vessels, um.
    outside
        Groups between whose solid cells vessels are sampled only where nothing else is left.
    parameters
        Where the numbers come from.
    """

    density: Annotated[float, Setting(ge=0)]
    spacing: Annotated[float, Quantity("um", non_negative=True)] = 30.0
    outside: tuple[str, ...] = ("tumour",)
    parameters: tuple[Parameter, ...] = ()


class Readout(Frozen):
    """A fraction of the cells of a group that is counted at the start and in every frame, such as hypoxic tumour cells.

    Parameters
    ----------
    name
        Lower case.
    group
        Group whose living cells are counted.
    signals
        ``field.<name>`` or ``trait.<name>``; their sum is compared.
    above, below
        The threshold; one of the two.
    at_most
        A start with a larger fraction is refused; raise it to run such a start all the same.
    parameters
        Where the numbers come from.
    """

    name: Name
    group: str
    signals: Annotated[tuple[str, ...], Setting(min_length=1)]
    above: float | None = None
    below: float | None = None
    at_most: Annotated[float, Setting(ge=0, le=1)] = 1.0
    parameters: tuple[Parameter, ...] = ()

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("allowed: one of above and below")
        return self


class Model(Frozen):
    """Everything that a simulation steps.

    Parameters
    ----------
    lattice, cells, fields, synapses, vessels, body, drugs, readouts
        The parts. A `CellType` among the cells stands for a group of one.
    coupling
        How the tissue acts on the body; None: it does not.
    dt
        Step, day.

    Examples
    --------
    >>> import qsp_abm as qa
    >>> model = qa.Model(lattice=qa.Lattice(shape=(8, 8), spacing="20 um"), cells=[qa.CellType(name="tumour", volume=2500)])
    >>> qa.Model.from_json(model.to_json()) == model
    True
    """

    lattice: Lattice
    cells: tuple[Group, ...] = ()
    fields: tuple[Field, ...] = ()
    synapses: tuple[Synapse, ...] = ()
    vessels: Vessels | None = None
    body: Body | None = None
    drugs: tuple[Drug, ...] = ()
    readouts: tuple[Readout, ...] = ()
    coupling: Coupling | None = None
    dt: Annotated[float, Quantity("day", positive=True)] = 6 / 1440

    @field_validator("cells", mode="before")
    @classmethod
    def _groups(cls, cells: Any) -> Any:
        return tuple(Group(name=cell.name, types=(cell,)) if isinstance(cell, CellType) else cell for cell in cells)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from .check import check_model  # the checks know all parts; they live in a file of their own

        check_model(self)
        return self

    @cached_property
    def types(self) -> dict[str, CellType]:
        """All cell types by name, in order; the code of a type in files is its position, from 1."""
        return {cell_type.name: cell_type for group in self.cells for cell_type in group.types}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Groups by name."""
        return {group.name: group for group in self.cells}

    def group_of(self, type_name: str) -> Group:
        """Return the group that a type belongs to."""
        for group in self.cells:
            if any(cell_type.name == type_name for cell_type in group.types):
                return group
        raise ModelError(f"unknown cell type '{type_name}'{suggest(type_name, self.types)}")

    def types_named(self, name: str, who: str) -> tuple[str, ...]:
        """Return the types that a type or group name stands for."""
        if name in self.types:
            return (name,)
        if name in self.groups:
            return tuple(cell_type.name for cell_type in self.groups[name].types)
        raise ModelError(f"{who}: unknown cell type or group '{name}'{suggest(name, [*self.types, *self.groups])}")

    def parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield every recorded number with the part that it belongs to."""
        parts: list[Any] = [*self.cells, *self.fields, *self.synapses, *self.drugs, *self.readouts]
        for part in [*parts, *([self.vessels] if self.vessels else []), *([self.body] if self.body else [])]:
            for parameter in part.parameters:
                yield getattr(part, "name", "vessels"), parameter

    def describe(self) -> str:
        """Return the model as English: each process, rule, trait, field and synapse is a sentence.

        Examples
        --------
        >>> import qsp_abm as qa
        >>> model = qa.Model(lattice=qa.Lattice(shape=(8, 8), spacing="20 um"), cells=[qa.CellType(name="tumour", volume=2500)])
        >>> print(model.describe())
        The lattice is 8 x 8 x 1, of voxels of 20 um; one step is 6 min.
        A tumour cell is solid, one in a voxel, of 2500 um3.
        """
        from .sentences import sentences

        return "\n".join(sentences(self))

    def to_json(self) -> str:
        """Return the model as JSON, complete."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | Path) -> Self:
        """Build the model that `to_json` wrote; a path is read."""
        from pydantic import ValidationError
        from pydantic_core import from_json

        try:
            given = from_json(text.read_text() if isinstance(text, Path) else text)
        except (OSError, ValueError) as error:
            raise ModelError(f"model: cannot read it: {error}") from error
        if not isinstance(given, dict):
            raise ModelError("model: not a JSON object")
        try:
            return cls(**given)
        except ValidationError as error:
            raise ModelError(str(error)) from error

    @property
    def digest(self) -> str:
        """A short hash of the whole description."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

"""What a run file holds: the words that the writer and the reader share.

One HDF5 file per run. `/VTKHDF` is what ParaView reads; the groups beside it (`/body`, `/ledger`, `/lineage`,
`/summary`, `/interventions`, `/checkpoint`, `/config`, `/provenance`, `/schema`, `/fields`) are ignored by VTK. Times
are in days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "DIGESTS",
    "EXPERIMENT",
    "INDEX",
    "LINEAGE",
    "SCHEMA",
    "STANDARD_COLUMNS",
    "SUFFIX",
    "Column",
    "Frame",
    "ParameterRow",
    "RunDescription",
    "StatisticColumns",
    "TypeEntry",
    "companion",
]

Array = npt.NDArray[Any]

SCHEMA = "1.0"
SUFFIX = ".vtkhdf"
INDEX = "index.json"  # of a folder: its runs
EXPERIMENT = "experiment.json"  # of a folder: what is to be done; there before the first run begins
BLOCKS = ("cells", "fields", "vessels")  # the order of the blocks under /VTKHDF
MANTISSA = 23  # bits of the mantissa of f4
DIGESTS = ("tissue", "drug_fields", "body", "all")
STATUSES = ("running", "complete", "stopped", "interrupted", "failed")
LINEAGE = np.dtype([("time", "f8"), ("child", "u4"), ("parent", "u4"), ("cause", "u1")])
ALIGNED = ("body", "lineage", "interventions")  # growing tables whose committed length each frame records


@dataclass(frozen=True, slots=True)
class Column:
    """A named column: of agents, of the body, of the ledger, or a field.

    Parameters
    ----------
    name
        Name in the file; without '/' and '.'.
    unit
        Unit as text; "" for a pure number or a code.
    dtype
        Numpy type as stored; `u1 u2 u4 u8 f4 f8`.
    note
        One sentence for the reader of the file.
    role
        What a body column means to a plot: "concentration" (of a drug), "occupancy" (fraction 0..1), or "".
    """

    name: str
    unit: str = ""
    dtype: str = "f4"
    note: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """A cell type of the run; its code is its place in the list, from 1."""

    name: str
    group: str
    dead: bool = False


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One number of the model with its origin."""

    name: str
    value: float
    unit: str
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class StatisticColumns:
    """A statistic that is measured at each frame: its name and the names of its values."""

    name: str
    values: tuple[str, ...]
    units: tuple[str, ...]


STANDARD_COLUMNS: tuple[Column, ...] = (
    Column("id", "", "u4", "sequential identity of the agent"),
    Column("parent", "", "u4", "identity of the mother; 0 for none"),
    Column("cell_type", "", "u1", "code of the cell type, from 1"),
    Column("group", "", "u1", "code of the group, from 1"),
    Column("born", "day", "f4", "time of birth or arrival"),
    Column("hits", "", "u1", "hits received and not yet recovered from"),
)


@dataclass(frozen=True, slots=True)
class RunDescription:
    """Everything about a run that is known before its first frame.

    Parameters
    ----------
    shape
        Voxels along x, y, z; nz = 1 is a two-dimensional section.
    spacing
        Edge of a voxel in um.
    cell_types
        Cell types in the order of their codes (1, 2, ...).
    columns
        Point arrays of the agents in the order of the file.
    fields
        Fields (name and unit); stored as f4.
    body, ledger
        Columns of the body samples and of the ledger rows; stored in their `dtype` ("f8" is usual).
    thickness
        Thickness of a two-dimensional section in um; None is the spacing.
    vessels
        Centres of the vessel voxels, (V, 3) in um, or None.
    events
        Names of the events that are counted in each frame.
    causes
        Names of the causes of birth and death in `/lineage`; the code is the place in the list, from 0.
    config
        The resolved model, start, doses and settings as JSON text.
    parameters
        Table of the model's numbers.
    provenance
        Version, commit, host, arguments, arm, threads asked and used ...: numbers and short texts.
    seed
        Seed of the random numbers.
    statistics
        Statistics that are measured at each frame; stored as f8.
    field_bits
        Bits kept of the 23 of a field's mantissa; 12 is a relative error of at most 1.2e-4 and half the size.
    sample
        Part of the agents that frames hold; counts are always those of all.
    expected_cells
        Usual number of agents, which sets the chunk size.
    title
        One line about the run.
    """

    shape: tuple[int, int, int]
    spacing: float
    cell_types: tuple[TypeEntry, ...]
    columns: tuple[Column, ...] = STANDARD_COLUMNS
    fields: tuple[Column, ...] = ()
    body: tuple[Column, ...] = ()
    ledger: tuple[Column, ...] = ()
    thickness: float | None = None
    vessels: Array | None = None
    events: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    config: str = "{}"
    parameters: tuple[ParameterRow, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    statistics: tuple[StatisticColumns, ...] = ()
    field_bits: int = 12
    sample: float = 1.0
    expected_cells: int = 4096
    title: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups in the order of their codes (1, 2, ...)."""
        return tuple(dict.fromkeys(each.group for each in self.cell_types))

    @property
    def is_section(self) -> bool:
        """Whether the lattice is one voxel thick."""
        return self.shape[2] == 1

    @property
    def steps(self) -> tuple[float, float, float]:
        """Edges of a voxel along x, y, z in um."""
        across = self.spacing if self.thickness is None or not self.is_section else self.thickness
        return (self.spacing, self.spacing, across)

    def check(self) -> None:
        """Raise ValueError where two names are equal or a name cannot stand in the file."""
        for what in ("cell_types", "columns", "fields", "body", "ledger", "statistics"):
            names = [each.name for each in getattr(self, what)]
            for name in names:
                if not name or "/" in name or "." in name:
                    raise ValueError(f"{what}: name {name!r} may not be empty nor hold '/' or '.'")
                if names.count(name) > 1:
                    raise ValueError(f"{what}: name {name!r} appears twice")
        for what in ("body", "ledger"):
            if any(each.name == "time" for each in getattr(self, what)):
                raise ValueError(f"{what}: the column 'time' is added by the writer")
        if not 1 <= self.field_bits <= MANTISSA:
            raise ValueError(f"field_bits: {self.field_bits}; allowed: 1 to {MANTISSA}")
        if len(self.cell_types) > 255 or len(self.groups) > 255:
            raise ValueError("a run file holds at most 255 cell types and 255 groups")

    def schema(self) -> dict[str, Any]:
        """What the codes, columns and units mean, for `/schema`."""

        def table(columns: tuple[Column, ...]) -> list[dict[str, str]]:
            return [
                {"name": each.name, "unit": each.unit, "dtype": each.dtype, "note": each.note, "role": each.role}
                for each in columns
            ]

        return {
            "schema": SCHEMA,
            "time": "day",
            "shape": list(self.shape),
            "voxel": list(self.steps),
            "cell_types": [
                {"code": code, "name": each.name, "group": each.group, "dead": each.dead}
                for code, each in enumerate(self.cell_types, 1)
            ],
            "groups": list(self.groups),
            "field_bits": self.field_bits,
            "sample": self.sample,
            "causes": list(self.causes),
            "events": list(self.events),
            "columns": table(self.columns),
            "fields": table(self.fields),
            "body": table(self.body),
            "ledger": table(self.ledger),
            "statistics": [
                {"name": each.name, "values": list(each.values), "units": list(each.units)} for each in self.statistics
            ],
        }


@dataclass(slots=True)
class Frame:
    """The state at one recorded time.

    Parameters
    ----------
    step
        Number of the step.
    time
        Time in day.
    points
        Positions of the agents, (N, 3) f4 in um. In a section z is set to half of the thickness by the writer.
    columns
        One array of N values per column of the description.
    fields
        One (nz, ny, nx) array per field.
    counts
        Agents per cell type, in the order of the types.
    ledger
        One value per ledger column.
    events
        Events since the last frame, by name.
    digests
        Hexadecimal digests "tissue", "drug_fields", "body", "all".
    statistics
        The values of each statistic of the description, by name.
    """

    step: int
    time: float
    points: Array
    columns: dict[str, Array]
    fields: dict[str, Array]
    counts: Array
    ledger: Array | None = None
    events: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    statistics: dict[str, Array] = field(default_factory=dict)


def companion(path: Path, block: str) -> Path:
    """Path of the small file that shows one block of a run by an external link."""
    return path.with_name(f"{path.name.removesuffix(SUFFIX)}.{block}{SUFFIX}")

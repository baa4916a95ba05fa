"""From starts to arrays: which cell stands in which voxel, under which key, and where the vessels are.

Everything goes in the order of keys, which are hashes of what a cell is and where: the rows of a table may come in any order.
What is as long as there are cells or voxels is worked on in chunks, so that a start of 1e8 cells fits into memory.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, units
from .compile import FULL_ROOM, label
from .errors import ModelError, suggest
from .model import Lattice, Model
from .patterns import pattern_voxels
from .room import CHUNK, Room, Voxels, centres, chunks, voxel_size, voxels_at
from .start import SECTION_THICKNESS, SKIP, Ball, Cells, Fractions, FromTable, Infiltrate, Scatter, Start
from .table import Table, read_table

__all__ = ["Placement", "Report", "place"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_START = 0  # the purpose number of identities of the start
_MOST_IMAGES = 4  # how often a table narrower than its margin is mirrored on one side
_PART = 22  # binary logarithm of about how many keys are sorted at a time
_TOGETHER = 128  # vessels that are tried at once, at most
_BYTES_PER_VOXEL, _BYTES_PER_FIELD = 30, 4  # at the least: lattice and solver, one field
_FATES = ("divide", "die", "kill", "become", "leave")


@dataclass
class Report:
    """What happened while cells were placed, for people (`lines`) and programs (`numbers`)."""

    numbers: dict[str, Any] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)

    def add(self, line: str, **numbers: Any) -> None:
        """Add a sentence and the numbers behind it."""
        self._lines.append(line)
        self.numbers |= numbers

    def lines(self) -> list[str]:
        """Return the sentences."""
        return list(self._lines)


@dataclass
class Placement:
    """Where a simulation starts.

    Parameters
    ----------
    lattice
        With its shape and thickness.
    types, voxels, keys
        Of the cells, (N,), in the order of keys: type codes (from 1), voxels (x + nx (y + ny z)), keys.
    vessels
        Their voxels, sorted.
    report
        What happened.
    """

    lattice: Lattice
    types: NDArray[np.uint8]
    voxels: Ints
    keys: Keys
    vessels: Ints
    report: Report


@dataclass
class _Batch:
    """Cells of one kind: voxels, keys, and the types they become (none: they only mark vessels)."""

    name: str
    voxels: Voxels
    keys: Keys
    types: Fractions
    vessel: bool = False
    exact: bool = False  # stands where the user said, or not at all
    yields: bool = False  # makes room for exact ones
    image: bool = False  # fills the margin around a table
    points: Floats | None = None  # where they were given, um; None: the centres of the voxels will do


@dataclass
class _Everyone:
    """All cells, in the order of keys: types, the voxels they want, the numbers of the batches that they came in."""

    codes: NDArray[np.uint8]
    wanted: Voxels
    keys: Keys
    batch: NDArray[Any]


def place(model: Model, starts: Sequence[Start], seed: int, vessel_draw: int | None = None) -> Placement:
    """Put the starts on the lattice.

    Parameters
    ----------
    model
        Its lattice may lack a shape if a table brings one.
    starts
        What is there.
    seed
        Of what is drawn at random about the start: types of mixtures, scattered positions.
    vessel_draw
        Seed of the sampled vessels; None: `seed`.

    Raises
    ------
    ModelError
        For unreadable tables, unmapped labels, unknown types, cells outside the lattice, overlaps, too little room.
    """
    report = Report()
    tables = [(start, read_table(start)) for start in starts if isinstance(start, FromTable)]
    if len(tables) > 1:
        raise ModelError(f"start: {len(tables)} tables; allowed: one")
    lattice = _lattice(model, tables)
    _check_memory(lattice, len(model.fields))
    batches: list[_Batch] = []
    for source, table in tables:
        batches += _from_table(model, lattice, source, table, seed, report)
    same: Counter[str] = Counter()
    for start in sorted(starts, key=lambda each: isinstance(each, Infiltrate)):  # patterns are about what others place
        if not isinstance(start, FromTable):
            ordinal = same[f"{start.kind} {start.cells}"]
            batches.append(
                _in_pattern(model, lattice, start, seed, ordinal, batches)
                if isinstance(start, Infiltrate)
                else _from_shape(model, lattice, start, seed, ordinal)
            )
            same[f"{start.kind} {start.cells}"] += 1
            report.add(f"{start.kind} of {start.cells}: {len(batches[-1].keys)} cells")
    cells = _in_key_order(model, batches, seed)
    voxels, room = _settle(model, lattice, cells, batches, report)
    vessels = _vessels(model, lattice, batches, room, seed if vessel_draw is None else vessel_draw, report)
    return Placement(lattice, cells.codes, voxels, cells.keys, vessels, report)


def _lattice(model: Model, tables: Sequence[tuple[FromTable, Table]]) -> Lattice:
    """Resolve shape and thickness; without a shape the lattice is the table and two margins."""
    lattice = model.lattice
    for start, table in tables:
        who = f"start: {start.path}"
        if lattice.shape is None:
            sides = (np.ptp(table.points, axis=0) + 2 * start.margin) / lattice.spacing
            if not float(np.prod(np.maximum(sides, 1))) < 2**31:
                raise ModelError(
                    f"{who}: extends over {np.ptp(table.points, axis=0).max():g} um with margins of {start.margin:g} um: "
                    f"more than 2^31 voxels of {lattice.spacing:g} um; are its positions in um?"
                )
            nx, ny, nz = (math.floor(side) + 1 for side in sides.tolist())  # the last cell lies inside, not on the face
            lattice = lattice.replace(shape=(nx, ny, 1 if table.flat else nz))
        elif table.flat and lattice.dimensions == 3:
            raise ModelError(
                f"{who}: is a section without z, but the lattice has {lattice.shape[2]} voxels in z; allowed: 1"
            )
        if lattice.dimensions == 2:
            if start.thickness and lattice.thickness and start.thickness != lattice.thickness:
                raise ModelError(
                    f"{who}: thickness {start.thickness:g} um, but that of the lattice is {lattice.thickness:g} um; give one of them"
                )
            lattice = lattice.replace(thickness=lattice.thickness or start.thickness or SECTION_THICKNESS)
    if lattice.shape is None:
        raise ModelError("lattice.shape: missing; only a start from a table can decide it")
    return lattice.replace(thickness=lattice.thickness or lattice.spacing)


def _check_memory(lattice: Lattice, fields: int) -> None:
    """Refuse a lattice that this machine cannot hold: the process would be killed without a word."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return  # not known on this system
    voxels = math.prod(lattice.shape or ())
    needed = voxels * (_BYTES_PER_VOXEL + _BYTES_PER_FIELD * fields)
    if needed > there > 0:
        raise ModelError(
            f"lattice: {voxels} voxels with {fields} fields need at least {needed / 2**30:.1f} GiB of memory; "
            f"this machine has {there / 2**30:.1f} GiB"
        )


def _extent(lattice: Lattice) -> Floats:
    return np.array(lattice.shape) * voxel_size(lattice)


# ---- tables ----------------------------------------------------------------------------------------------------------


def _from_table(
    model: Model, lattice: Lattice, start: FromTable, table: Table, seed: int, report: Report
) -> list[_Batch]:
    who = f"start: {start.path}"
    mapping = _mapping(model, start, table, who)
    _say_labels(start, table, mapping, report)
    if not any(mapping.values()):
        raise ModelError(f"{who}: all {len(table.labels)} cells are skipped; allowed: a type for at least one label")
    low, high, size = table.points.min(axis=0), table.points.max(axis=0), _extent(lattice)
    shift = size / 2 - (low + high) / 2
    inside = table.points + shift
    outside = ((inside < -1e-9 * size) | (inside > size * (1 + 1e-9))).any(axis=1)
    if outside.any():
        first = int(np.argmax(outside))
        spot = ", ".join(f"{value:g}" for value in table.points[first, : 2 if table.flat else 3])
        sides = " x ".join(f"{side:g}" for side in size[: lattice.dimensions])
        raise ModelError(
            f"{who}: {int(outside.sum())} cells lie outside the lattice of {sides} um with the table in its middle, "
            f"such as row {table.lines[first]} at ({spot})"
        )
    batches = []
    images = (
        _images(inside, low + shift, high + shift, size, lattice.dimensions) if start.margin_filling == "mirror" else {}
    )
    for name, types in mapping.items():
        mine = table.labels == name
        vessel = name in start.vessel_labels
        if not types and not vessel:
            continue
        keys = _keys(name, table.points)
        batches.append(_Batch(name, voxels_at(lattice, inside[mine]), keys[mine], types, vessel))
        for number, (rows, points) in images.items():
            chosen = mine[rows]
            own = np.atleast_1d(_core.mix(keys[rows[chosen]], np.uint64(number)))
            batches.append(_Batch(name, voxels_at(lattice, points[chosen]), own, types, vessel, image=True))
    if start.margin_filling == "stroma":
        batches.append(_stroma(model, lattice, batches, low + shift, high + shift, seed))
    _say_margin(model, lattice, start, batches, high - low, report)
    return batches


def _mapping(model: Model, start: FromTable, table: Table, who: str) -> dict[str, Fractions]:
    """Return what the cells of each label of the table become; nothing for what is skipped."""
    for name, types in start.types.items():
        if types != SKIP:
            _known_types(model, types if isinstance(types, dict) else {types: 1.0}, f"{who}: label '{name}'")
    found = {}
    for name in sorted(set(table.labels.tolist())):
        given = start.types.get(name, start.types.get("*"))
        if given is None:
            count = int((table.labels == name).sum())
            raise ModelError(
                f"{who}: label '{name}' is not mapped{suggest(name, start.types)}; it has {count} cells; "
                'allowed: a type, fractions of types, "skip", or "*" for all others'
            )
        found[name] = dict(given) if isinstance(given, dict) else {} if given == SKIP else {given: 1.0}
    default = FromTable.model_fields["vessel_labels"].default
    for name in start.vessel_labels:
        if name not in found and name not in start.types and name not in default:
            raise ModelError(f"{who}: vessel label '{name}' is not in the table{suggest(name, found)}")
    return found


def _say_labels(start: FromTable, table: Table, mapping: Mapping[str, Fractions], report: Report) -> None:
    counts = Counter(table.labels.tolist())
    of = f" of {table.rows}" if start.select else ""
    report.add(f"{start.path.name}: {len(table.labels)}{of} rows", rows=len(table.labels))
    skipped = {name: counts[name] for name, types in mapping.items() if not types}
    report.numbers["skipped"] = skipped
    if skipped:
        report.add(f"skipped: {sum(skipped.values())} ({_listing(skipped)})")
    absent = [name for name in start.types if name not in mapping and name != "*"]
    if absent:
        report.add(f"mapped, but not in the table: {', '.join(absent)}", absent=absent)


def _images(points: Floats, low: Floats, high: Floats, size: Floats, dimensions: int) -> dict[int, tuple[Ints, Floats]]:
    """Return the cells mirrored at the edges and corners of the table as far as the lattice goes: number -> (rows, points).

    Image s of an axis is the table mirrored s times towards that side. The number of an image does not depend on how many
    there are. A cell on an edge is its own image there and left out.
    """
    length = high - low
    sides = [0, 0, 0]
    for axis in range(dimensions):
        if length[axis] > 0:
            sides[axis] = min(_MOST_IMAGES, math.ceil(low[axis] / length[axis] * (1 - 1e-12)))
    found = {}
    for steps in product(*(range(-side, side + 1) for side in sides)):
        if not any(steps):
            continue
        image = points.copy()
        kept = np.ones(len(points), bool)
        for axis, step in enumerate(steps):
            if step:
                turned, edge = (low + high - points, high) if step % 2 else (points, low)
                if step < 0:
                    edge = low if step % 2 else high
                image[:, axis] = turned[:, axis] + step * length[axis]
                kept &= points[:, axis] != edge[axis]
        rows = np.flatnonzero(kept & ((image >= 0) & (image < size)).all(axis=1))
        number = sum((2 * abs(step) - (step > 0)) * 1024**axis for axis, step in enumerate(steps))
        found[number] = (rows, image[rows])
    return found


def _stroma(model: Model, lattice: Lattice, batches: Sequence[_Batch], low: Floats, high: Floats, seed: int) -> _Batch:
    """Return stroma cells at random positions around the table, as dense on average as those of the table."""
    name = "stroma"
    if name not in model.types:
        raise ModelError(f"start: margin_filling: the model has no cell type 'stroma'{suggest(name, model.types)}")
    axes = slice(0, lattice.dimensions)
    size, field_size = _extent(lattice), float(np.prod((high - low)[axes]))
    count = sum(len(batch.keys) * batch.types.get(name, 0.0) for batch in batches)
    everywhere = round(count * float(np.prod(size[axes])) / field_size) if field_size > 0 else 0
    keys = _serial_keys("margin stroma", everywhere)
    points = _uniform(seed, keys, "start", 1)[:, :3] * size
    around = ((points < low) | (points > high))[:, axes].any(axis=1)
    return _Batch(name, voxels_at(lattice, points[around]), keys[around], {name: 1.0}, image=True)


def _say_margin(
    model: Model, lattice: Lattice, start: FromTable, batches: Sequence[_Batch], field_size: Floats, report: Report
) -> None:
    copies = sum(len(batch.keys) for batch in batches if batch.image and batch.types)
    text = {
        "mirror": f"the tissue mirrored at the edges of the table, {copies} cells",
        "stroma": f"{copies} stroma cells at the mean density of the table",
        "empty": "empty",
    }
    report.add(f"around the table: {text[start.margin_filling]}", around=start.margin_filling, around_cells=copies)
    axes = slice(0, lattice.dimensions)
    voxels = float(np.prod(np.maximum(field_size[axes] / lattice.spacing, 1.0)))
    room = Room(model, lattice)
    rooms = 0.0
    for batch in batches:
        if not batch.image:
            for name, share in batch.types.items():
                code = room.names.index(name)
                taken = 1.0 if room.occupies[code] == "solid" else room.costs[code] / FULL_ROOM
                rooms += share * len(batch.keys) * taken
    report.numbers["filling"] = rooms / voxels
    if rooms > voxels:
        report.add(
            f"warning: the table's cells need {rooms / voxels:.2f} times the room of the voxels they stand in; they will spread"
        )


# ---- shapes ----------------------------------------------------------------------------------------------------------


def _from_shape(model: Model, lattice: Lattice, start: Ball | Scatter | Cells, seed: int, ordinal: int) -> _Batch:
    who = f"start of '{start.cells}'"
    size = _extent(lattice)
    if isinstance(start, Cells):
        _known_types(model, {start.cells: 1.0}, who)
        points = np.array([_position(lattice, position, who) for position in start.positions]).reshape(-1, 3)
        keys = _keys(start.cells, points)
        return _Batch(start.cells, voxels_at(lattice, points), keys, {start.cells: 1.0}, exact=True, points=points)
    types = _mixture(model, start, who)
    name = f"{start.kind} {start.cells}"
    if isinstance(start, Ball):
        voxels, keys = np.zeros(0, "i4"), np.zeros(0, "u8")
        found = []
        for points in _ball(lattice, start, who):
            some = _keys(name, points)
            kept = slice(None) if start.fill >= 1.0 else _uniform(seed, some, "start", 0)[:, 0] < start.fill
            found.append((voxels_at(lattice, points[kept]), some[kept]))
        if found:
            voxels, keys = (np.concatenate(column) for column in zip(*found, strict=True))
        return _Batch(start.cells, voxels, keys, types, exact=True)
    low, high = np.zeros(3), size
    if start.region is not None:
        corners = np.array([_position(lattice, corner, f"{who}: region") for corner in start.region])
        low, high = corners.min(axis=0), corners.max(axis=0)
        if lattice.dimensions == 2:
            low[2], high[2] = 0.0, size[2]
    unit = "1/mm^2" if lattice.dimensions == 2 else "1/mm^3"
    given = units.split(start.density, who)[1]
    if not units.same_dimension(given, unit):
        raise ModelError(
            f"{who}: density '{start.density}' is not per {unit[2:]}; a {lattice.dimensions}-D lattice allows it as in '200 / {unit[2:]}'"
        )
    density = units.to(start.density, unit, f"{who}: density", non_negative=True) / 1000.0**lattice.dimensions
    count = density * float(np.prod((high - low)[: lattice.dimensions]))
    if count >= 2**31:
        raise ModelError(f"{who}: density '{start.density}' makes {count:.3g} cells; allowed: below 2^31")
    keys = _serial_keys(name if ordinal == 0 else f"{name} {ordinal}", round(count))
    voxels = np.empty(len(keys), "i4")
    for part in chunks(len(keys)):
        points = low + _uniform(seed, keys[part], "start", 1)[:, :3] * (high - low)
        voxels[part] = voxels_at(lattice, points)
    return _Batch(start.cells, voxels, keys, types, yields=True)


def _in_pattern(
    model: Model, lattice: Lattice, start: Infiltrate, seed: int, ordinal: int, before: Sequence[_Batch]
) -> _Batch:
    who = f"start of '{start.cells}'"
    about = set(model.types_named(start.around, f"{who}: around"))
    around = [batch.voxels for batch in before if about & set(batch.types)]
    places = pattern_voxels(lattice, start, np.concatenate(around) if around else np.zeros(0, "i4"))
    name = f"{start.kind} {start.cells}"
    keys = _serial_keys(name if ordinal == 0 else f"{name} {ordinal}", start.number)
    voxels = np.empty(len(keys), "i4")
    for part in chunks(len(keys)):
        voxels[part] = places[(_uniform(seed, keys[part], "start", 1)[:, 0] * len(places)).astype("i8")]
    return _Batch(start.cells, voxels, keys, _mixture(model, start, who), yields=True)


def _mixture(model: Model, start: Ball | Scatter | Infiltrate, who: str) -> Fractions:
    """Return the types of a shape with their fractions."""
    own = model.types_named(start.cells, who)
    if start.fractions is None:
        if len(own) > 1:
            raise ModelError(f"{who}: is a group of {', '.join(own)}; give fractions")
        return {own[0]: 1.0}
    if start.cells in model.groups:
        own = tuple(each.name for each in model.groups[start.cells].types)
    for name in start.fractions:
        if name not in own:
            raise ModelError(f"{who}: fractions: '{name}' is not one of its types{suggest(name, own)}")
    return dict(start.fractions)


def _ball(lattice: Lattice, start: Ball, who: str) -> Iterator[Floats]:
    """Yield the centres of the voxels of a ball, some planes at a time."""
    size, steps, axes = _extent(lattice), voxel_size(lattice), slice(0, lattice.dimensions)
    centre = size / 2 if start.centre is None else _position(lattice, start.centre, f"{who}: centre")
    if ((centre - start.radius < 0) | (centre + start.radius > size))[axes].any():
        sides = " x ".join(f"{side:g}" for side in size[axes])
        raise ModelError(
            f"{who}: a ball of radius {start.radius:g} um around ({', '.join(f'{c:g}' for c in centre[axes])}) "
            f"does not fit into the lattice of {sides} um"
        )
    nearby = [
        (np.arange(max(0, math.floor((c - start.radius) / h) - 1), min(n, math.ceil((c + start.radius) / h) + 1)) + 0.5)
        * h
        for c, h, n in zip(centre.tolist(), steps.tolist(), lattice.shape or (), strict=True)
    ]
    if lattice.dimensions == 2:
        nearby[2] = np.array([size[2] / 2])
    x, y, z = nearby
    squares = [(line - middle) ** 2 for line, middle in zip(nearby, centre.tolist(), strict=True)]
    if lattice.dimensions == 2:
        squares[2] = np.zeros(1)
    across = np.add.outer
    for planes in chunks(len(x), max(1, CHUNK // (len(y) * len(z)))):
        square = across(across(squares[0][planes], squares[1]), squares[2])
        inside = np.nonzero((square <= start.radius**2) & (square >= start.inner**2))
        yield np.stack([line[steps] for line, steps in zip((x[planes], y, z), inside, strict=True)], axis=1)


def _position(lattice: Lattice, position: Sequence[float], who: str) -> Floats:
    """Return a position in the lattice, (3,) in um; a section needs no z."""
    size = _extent(lattice)
    if len(position) < 3 and lattice.dimensions == 3:
        raise ModelError(f"{who}: {tuple(position)} has no z, but the lattice is 3-D")
    point = np.array([*position, size[2] / 2][:3])
    if not ((point >= 0) & (point <= size)).all():
        sides = " x ".join(f"{side:g}" for side in size[: 3 if len(position) == 3 else 2])
        raise ModelError(f"{who}: ({', '.join(f'{c:g}' for c in position)}) lies outside the lattice of {sides} um")
    return point


# ---- identities ------------------------------------------------------------------------------------------------------


def _known_types(model: Model, types: Mapping[str, float], who: str) -> None:
    for name in types:
        if name not in model.types:
            group = model.groups.get(name)
            hint = f"; it is a group: give fractions of {', '.join(each.name for each in group.types)}" if group else ""
            raise ModelError(f"{who}: unknown cell type '{name}'{hint or suggest(name, [*model.types, SKIP])}")


def _keys(name: str, points: Floats) -> Keys:
    """Return the keys of cells of a name at positions; the ordinal among equal ones comes in `_distinct`."""
    key = np.full(len(points), _core.mix(np.uint64(_START), np.uint64(label(name))), "u8")
    for axis in range(3):
        bits = np.ascontiguousarray(points[:, axis] + 0.0).view("u8")  # -0.0 and 0.0 are one place
        key = np.atleast_1d(_core.mix(key, bits))
    return key


def _serial_keys(name: str, count: int) -> Keys:
    first = _core.mix(np.uint64(_START), np.uint64(label(name)))
    keys = np.empty(count, "u8")
    for part in chunks(count):
        keys[part] = _core.mix(first, np.arange(part.start, part.stop, dtype="u8"))
    return keys


def _order(keys: Keys) -> Ints:
    """Return the stable order of keys: their upper bits are sorted together with their places, and what ties is mended.

    Numpy sorts numbers ten times faster than it finds their order.
    """
    bits = np.uint64(max(1, len(keys)).bit_length())
    packed = (keys >> bits << bits) | np.arange(len(keys), dtype="u8")
    packed.sort()
    order = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype("i8")
    packed >>= bits
    tied = packed[1:] == packed[:-1]
    rows = np.flatnonzero(np.append(tied, False) | np.append(False, tied)) if tied.any() else order[:0]
    order[rows] = order[rows][np.argsort(keys[order[rows]], kind="stable")]
    return order


def _in_parts(keys: Keys) -> Iterator[Ints]:
    """Yield the stable order of keys in parts: the rows of the smallest keys, then those of larger ones."""
    bits = min(8, (len(keys) >> _PART).bit_length())
    if not bits:
        yield _order(keys)
        return
    part_of = np.empty(len(keys), "u1")
    for part in chunks(len(keys)):
        part_of[part] = keys[part] >> np.uint64(64 - bits)
    for number in range(1 << bits):
        rows = np.flatnonzero(part_of == number)
        yield rows[_order(keys[rows])]


def _make_distinct(keys: Keys) -> None:
    """Mix keys with their ordinal among equal ones, in place."""
    later = [(np.zeros(0, "i8"), np.zeros(0, "u8"))]
    for rows in _in_parts(keys):
        ordered = keys[rows]
        if (ordered[1:] == ordered[:-1]).any():
            ordinal = np.arange(len(rows)) - np.searchsorted(ordered, ordered)
            again = np.flatnonzero(ordinal)
            later.append((rows[again], np.atleast_1d(_core.mix(ordered[again], ordinal[again].astype("u8")))))
    for part in chunks(len(keys)):
        keys[part] = _core.mix(keys[part], np.uint64(0))
    for rows, distinct in later:
        keys[rows] = distinct


def _uniform(seed: int, keys: Keys, purpose: str, number: int) -> Floats:
    """Return four uniform numbers in (0, 1) for each key, (N, 4)."""
    words = np.asarray(_core.draw(seed, keys, 0, purpose, number)).reshape(-1, 4)
    return (words.astype("f8") + 0.5) * 2.0**-32


def _in_key_order(model: Model, batches: Sequence[_Batch], seed: int) -> _Everyone:
    """Return all cells sorted by key, which makes their order in the input irrelevant, with the types they become.

    The keys of the batches are gone afterwards: they would be kept in memory twice.
    """
    cells = [(number, batch) for number, batch in enumerate(batches) if batch.types]
    keys = np.concatenate([np.zeros(0, "u8"), *(batch.keys for _, batch in cells)])
    ends = np.cumsum([len(batch.keys) for _, batch in cells])
    for _, batch in cells:
        batch.keys = keys[:0].copy()
    _make_distinct(keys)
    voxels = np.concatenate([np.zeros(0, "i4"), *(batch.voxels for _, batch in cells)])
    for _, batch in cells:
        if batch.points is None and not batch.vessel:
            batch.voxels = voxels[:0].copy()
    numbers = np.array([number for number, _ in cells], np.min_scalar_type(len(batches)))
    result = _Everyone(
        np.zeros(len(keys), "u1"),
        np.empty(len(keys), "i4"),
        np.empty(len(keys), "u8"),
        np.empty(len(keys), numbers.dtype),
    )
    done = 0
    for rows in _in_parts(keys):
        part = slice(done, done + len(rows))
        result.keys[part], result.wanted[part] = keys[rows], voxels[rows]
        result.batch[part] = numbers[np.searchsorted(ends, rows, side="right")]
        done += len(rows)
    del keys, voxels
    if (result.keys[1:] == result.keys[:-1]).any():
        raise ModelError("start: two cells have one key; shift one of them by a little")
    _draw_types(model, batches, result, seed)
    return result


def _draw_types(model: Model, batches: Sequence[_Batch], cells: _Everyone, seed: int) -> None:
    """Give cells of mixtures one of their types, the others theirs."""
    code = {name: number for number, name in enumerate(model.types, 1)}
    only = np.array([code[next(iter(b.types))] if len(b.types) == 1 else 0 for b in batches], "u1")
    mixtures = [number for number, batch in enumerate(batches) if len(batch.types) > 1]
    for part in chunks(len(cells.keys)):
        numbers, codes = cells.batch[part], cells.codes[part]
        codes[:] = only[numbers]
        for number in mixtures:
            mine = np.flatnonzero(numbers == number)
            names = sorted(batches[number].types, key=lambda name: code[name])
            share = np.cumsum([batches[number].types[name] for name in names])
            draws = _uniform(seed, cells.keys[part][mine], "fraction", 0)[:, 0]
            chosen = np.searchsorted(share, draws, side="right").clip(max=len(names) - 1)
            codes[mine] = np.array([code[name] for name in names], "u1")[chosen]


# ---- room ------------------------------------------------------------------------------------------------------------


def _settle(
    model: Model, lattice: Lattice, cells: _Everyone, batches: Sequence[_Batch], report: Report
) -> tuple[Ints, Room]:
    """Return the voxel of each cell and the room that is left; what two cells want goes to the first key."""
    room = Room(model, lattice)
    exact = np.array([batch.exact for batch in batches], bool)[cells.batch]
    if exact.any():
        solid = np.array([kind == "solid" for kind in room.occupies])[cells.codes]
        yields = np.array([batch.yields for batch in batches], bool)[cells.batch]
        firm = np.sort(cells.wanted[solid & ~yields])
        twice = firm[1:][firm[1:] == firm[:-1]]
        if len(twice):
            clash = np.flatnonzero(solid & exact & np.isin(cells.wanted, twice))
            _refuse_overlap(lattice, room, batches, cells, clash)
        del solid, yields, firm
    voxels = room.settle(cells.codes, cells.wanted, cells.keys, exact)
    moved = np.flatnonzero(voxels != cells.wanted)
    _refuse_overlap(lattice, room, batches, cells, moved[exact[moved]])
    _say_counts(model, cells, batches, report)
    away = centres(lattice, voxels[moved]) - centres(lattice, cells.wanted[moved])
    gaps = np.sqrt((away**2).sum(axis=1))
    mean, most = (float(gaps.mean()), float(gaps.max())) if len(gaps) else (0.0, 0.0)
    text = (
        f" ({len(gaps) / len(voxels):.1%}), by {mean:.1f} um on average and {most:.1f} um at most" if len(gaps) else ""
    )
    report.add(
        f"moved to the nearest voxel with room: {len(gaps)}{text}", moved=len(gaps), moved_mean=mean, moved_most=most
    )
    free = int(np.count_nonzero(room.free))
    report.add(f"free voxels: {free} of {room.size} ({free / room.size:.1%})", free_voxels=free, voxels=room.size)
    largest = max((each.diameter for each in model.types.values() if each.occupies == "solid"), default=0.0)
    if lattice.spacing < largest / 2:
        report.add(
            f"warning: the spacing of {lattice.spacing:g} um is under half of the largest solid diameter, {largest:.3g} um"
        )
    return voxels, room


def _refuse_overlap(lattice: Lattice, room: Room, batches: Sequence[_Batch], cells: _Everyone, which: Ints) -> None:
    """Refuse cells of a ball or of given positions that cannot stand there."""
    if len(which):
        code, voxel, batch = cells.codes[which[0]], cells.wanted[which[:1]], batches[cells.batch[which[0]]]
        points = centres(lattice, voxel) if batch.points is None else batch.points[batch.voxels == voxel]
        spot, count = ", ".join(f"{value:g}" for value in min(points.tolist())), len(which)
        raise ModelError(
            f"start: starts overlap: no room for a cell of type '{room.names[code]}' at ({spot}) um, "
            f"where other cells stand already{f' ({count} cells)' if count > 1 else ''}"
        )


def _say_counts(model: Model, cells: _Everyone, batches: Sequence[_Batch], report: Report) -> None:
    counts = np.zeros((len(model.types) + 1, len(batches)), "i8")
    for part in chunks(len(cells.codes)):
        flat = cells.codes[part].astype("i8") * len(batches) + cells.batch[part]
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
    of_type = dict(zip(model.types, counts[1:].sum(axis=1).tolist(), strict=True))
    placed = {name: count for name, count in of_type.items() if count}
    text = f" ({_listing(placed)})" if placed else ""
    report.add(f"placed: {sum(placed.values())} cells{text}", placed=placed)
    inert = {
        name: count
        for name, count in placed.items()
        if not any(process.verb in _FATES for process in model.types[name].processes)
    }
    sources: dict[str, Counter[str]] = {name: Counter() for name in inert}
    for code, name in enumerate(model.types, 1):
        for batch, count in zip(batches, counts[code].tolist(), strict=True):
            if name in sources and count and not batch.image:
                sources[name][batch.name] += count
    report.numbers |= {"inert": inert, "inert_labels": {name: dict(each) for name, each in sources.items()}}
    if inert:
        texts = []
        for name, count in inert.items():
            others = {each: n for each, n in sources[name].items() if each != name}
            texts.append(f"{name} {count}" + (f" (of the table: {_listing(others)})" if others else ""))
        report.add(f"left inert (take room, no fate): {'; '.join(texts)}")


def _listing(counts: Mapping[str, int]) -> str:
    """Return names with their counts, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# ---- vessels ---------------------------------------------------------------------------------------------------------


def _vessels(model: Model, lattice: Lattice, batches: Sequence[_Batch], room: Room, seed: int, report: Report) -> Ints:
    """Return the voxels of vessels: labelled ones, completed to the declared density by hard-core random points.

    Labels nearer to each other than the spacing are fragments of one vessel: one of them stays. Sampled points come in the
    order of random numbers of their voxels, first outside the tumour, then anywhere.
    """
    if model.vessels is None:
        return np.zeros(0, "i8")
    area = room.size * (lattice.spacing / 1000.0) ** lattice.dimensions
    wanted = round(model.vessels.density * area)
    marked = [(batch.voxels, batch.image) for batch in batches if batch.vessel]
    fragments = np.unique(np.concatenate([np.zeros(0, "i8"), *(voxels for voxels, _ in marked)]))
    canonical = fragments[np.argsort(np.atleast_1d(_core.place_key(fragments.astype("u8"))), kind="stable")]
    labelled = _hard_core(lattice, np.zeros(0, "i8"), [canonical], len(fragments), model.vessels.spacing)
    in_table = np.unique(np.concatenate([np.zeros(0, "i8"), *(voxels for voxels, image in marked if not image)]))
    sampled, in_tumour = np.zeros(0, "i8"), 0
    if len(labelled) < wanted:
        tumour = np.array([False, *(model.group_of(name).name in model.vessels.outside for name in model.types)])
        sampled = _hard_core(lattice, labelled, _drawn(room, tumour, wanted, seed), wanted, model.vessels.spacing)
        in_tumour = int(tumour[room.solid[sampled]].sum())
    vessels = np.sort(np.concatenate([labelled, sampled]))
    per = "mm2" if lattice.dimensions == 2 else "mm3"
    inside = f" ({in_tumour} of them inside the tumour, for want of other tissue)" if in_tumour else ""
    more = ": more than declared, all are kept" if len(labelled) > wanted else ""
    fewer = f": {model.vessels.spacing:g} um apart no more fit" if len(vessels) < wanted else ""
    report.add(
        f"vessels: {len(in_table)} cells labelled, {len(fragments) - len(in_table)} mirrored, merged to {len(labelled)} at least "
        f"{model.vessels.spacing:g} um apart; {len(sampled)} sampled{inside}; "
        f"{len(vessels) / area:.3g} per {per}, declared {model.vessels.density:g}{more}{fewer}",
        vessels=len(vessels),
        vessels_labelled=len(in_table),
        vessels_mirrored=len(fragments) - len(in_table),
        vessels_merged=len(labelled),
        vessels_sampled=len(sampled),
        vessels_in_tumour=in_tumour,
        vessel_density=len(vessels) / area,
    )
    return vessels


def _drawn(room: Room, tumour: NDArray[np.bool_], wanted: int, seed: int) -> Iterator[Ints]:
    """Yield all voxels in the order of their random numbers, those outside the tumour first, no more at a time than needed.

    `tumour` says of each type code whether it is of the tumour.
    """
    for inside in (False, True):
        low, high = 0, min(2**32, (4 * wanted + CHUNK) * 2**32 // room.size)
        while low < 2**32:
            voxels, draws = [], []
            for part in chunks(room.size):
                places = np.arange(part.start, part.stop)
                words = np.asarray(_core.draw(seed, _core.place_key(places.astype("u8")), 0, "vessel", 0))
                first = words.reshape(-1, 4)[:, 0]
                chosen = (first >= low) & (first < high) & (tumour[room.solid[part]] == inside)
                voxels.append(places[chosen])
                draws.append(first[chosen])
            yield np.concatenate(voxels)[np.argsort(np.concatenate(draws), kind="stable")]
            low, high = high, min(2**32, 4 * high)


def _hard_core(lattice: Lattice, taken: Ints, order: Iterable[Ints], wanted: int, spacing: float) -> Ints:
    """Return voxels in an order, none nearer than the spacing to another or to one that is taken, until there are enough."""
    shape = np.array(lattice.shape or (1, 1, 1))
    strides = np.array([1, shape[0], shape[0] * shape[1]])
    reach = np.minimum(math.ceil(spacing / lattice.spacing), shape - 1)
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    near = np.sqrt((steps**2).sum(axis=1)) * lattice.spacing < spacing * (1 - 1e-12)
    steps = steps[near | ~steps.any(axis=1)]
    blocked = np.zeros(int(shape.prod()), bool)
    together = max(1, min(_TOGETHER, CHUNK // len(steps)))

    def block(voxels: Ints) -> None:
        around = (voxels[:, None] // strides % shape)[:, None, :] + steps
        blocked[(around @ strides)[((around >= 0) & (around < shape)).all(axis=2)]] = True

    for part in chunks(len(taken), together):
        block(taken[part])
    found: list[int] = []
    for some in order:
        for part in chunks(len(some), together):
            voxels = some[part][~blocked[some[part]]]
            places = voxels[:, None] // strides % shape
            gaps = np.sqrt(((places[:, None, :] - places) ** 2).sum(axis=2)) * lattice.spacing
            close = np.tril((gaps < spacing * (1 - 1e-12)) | (gaps == 0), -1)
            for row in np.flatnonzero(close.any(axis=1)).tolist():
                if close[row].any():
                    close[:, row] = False  # it is out, and in nobody's way
                    close[row] = False
                    voxels[row] = -1
            voxels = voxels[voxels >= 0][: wanted - len(taken) - len(found)]
            block(voxels)
            found += voxels.tolist()
            if len(taken) + len(found) >= wanted:
                return np.array(found, "i8")
    return np.array(found, "i8")

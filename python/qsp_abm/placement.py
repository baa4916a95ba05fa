"""From starts to arrays: which cell stands in which voxel, under which key, and where the vessels are.

Everything goes in the order of keys, which are hashes of what a cell is and where: the rows of a table may come in any order.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, units
from .compile import FULL_ROOM, label, small_cost
from .errors import ModelError, suggest
from .model import Lattice, Model
from .start import Ball, Cells, Fractions, FromTable, Scatter, Start

__all__ = ["Placement", "Report", "place"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_START = 0  # the purpose number of identities of the start
_SEARCH = 24  # voxels; the radius of the ordered search for room, before the whole lattice is looked at


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
    """Cells in key order: type codes (from 1), voxels, keys; sorted voxels of vessels; the lattice with its shape."""

    lattice: Lattice
    types: NDArray[np.uint8]
    voxels: Ints
    keys: Keys
    vessels: Ints
    report: Report


@dataclass
class _Batch:
    """Cells of one label: positions in the lattice (um), keys, and the types they stand for."""

    points: Floats
    keys: Keys
    types: Fractions
    vessel: bool = False
    exact: bool = False  # stands where it is said to, or not at all


def place(model: Model, starts: Sequence[Start], vessel_seed: int) -> Placement:
    """Put the starts on the lattice.

    Parameters
    ----------
    model
        Its lattice may lack a shape if a table brings one.
    starts
        What is there.
    vessel_seed
        Of the sampled vessels and of what is drawn at random about the start.

    Raises
    ------
    ModelError
        For unreadable tables, unmapped labels, unknown types, cells outside the lattice, too little room.
    """
    report = Report()
    tables = [(start, _read_table(start)) for start in starts if isinstance(start, FromTable)]
    if len(tables) > 1:
        raise ModelError(f"start: {len(tables)} tables; allowed: one")
    lattice = _lattice(model, tables)
    batches: list[_Batch] = []
    for start, table in tables:
        batches += _from_table(model, lattice, start, table, report)
    for shape in starts:
        if not isinstance(shape, FromTable):
            batches += _from_shape(model, lattice, shape, vessel_seed)
    codes, points, keys, exact = _in_key_order(model, batches, vessel_seed)
    voxels, rooms = _settle(model, lattice, codes, points, keys, exact, report)
    labelled = np.unique(
        np.concatenate([_voxels(lattice, batch.points) for batch in batches if batch.vessel] or [np.zeros(0, "i8")])
    )
    vessels = _vessels(model, lattice, labelled, rooms, vessel_seed, report)
    return Placement(lattice, codes, voxels, keys, vessels, report)


# ---- tables ----------------------------------------------------------------------------------------------------------


@dataclass
class _Table:
    points: Floats  # (N, 3), um; z is 0 without a column for it
    labels: list[str]
    rows: list[int]  # of the file, from 1, the header included
    flat: bool


def _read_table(start: FromTable) -> _Table:
    named = {"x": "x_um", "y": "y_um", "z": "z_um", "type": "cell_type"} | start.columns
    for key in start.columns:
        if key not in ("x", "y", "z", "type"):
            raise ModelError(f"start: columns: unknown name '{key}'{suggest(key, ('x', 'y', 'z', 'type'))}")
    try:
        with start.path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(
            f"start: {start.path}: cannot be read as a table ({getattr(error, 'strerror', None) or error})"
        ) from error
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise ModelError(f"start: {start.path}: holds no cells")
    header = [name.strip() for name in rows[0]]
    flat = "z" not in start.columns and named["z"] not in header
    wanted = ["x", "y", "type"] if flat else ["x", "y", "z", "type"]
    for key in wanted:
        if named[key] not in header:
            raise ModelError(f"start: {start.path}: no column '{named[key]}'{suggest(named[key], header)}")
    where = [header.index(named[key]) for key in wanted]
    for name in start.select:
        if name not in header:
            raise ModelError(f"start: {start.path}: no column '{name}' to select by{suggest(name, header)}")
    chosen = [(header.index(name), str(value)) for name, value in start.select.items()]
    points, labels, numbers = [], [], []
    for number, row in enumerate(rows[1:], 2):
        try:
            if any(row[column].strip() != value for column, value in chosen):
                continue
            point = [float(row[column]) for column in where[:-1]]
            labels.append(row[where[-1]].strip())
        except (IndexError, ValueError):
            raise ModelError(
                f"start: {start.path}: row {number} is {','.join(row)!r}; allowed: numbers and a cell type"
            ) from None
        if not all(map(math.isfinite, point)):
            raise ModelError(f"start: {start.path}: row {number} has a position that is not a finite number")
        points.append([*point, 0.0][:3])
        numbers.append(number)
    if not points:
        raise ModelError(f"start: {start.path}: no row has {', '.join(f'{n} = {v}' for n, v in start.select.items())}")
    return _Table(np.array(points), labels, numbers, flat)


def _lattice(model: Model, tables: Sequence[tuple[FromTable, _Table]]) -> Lattice:
    """Resolve shape and thickness; a table without a shape gets its extent and two margins."""
    lattice = model.lattice
    for start, table in tables:
        if lattice.shape is None:
            h = lattice.spacing
            extent = np.ptp(table.points, axis=0)
            sides = [
                math.floor((side + 2 * start.margin) / h) + 1 for side in extent
            ]  # the last cell lies inside, not on the face
            lattice = lattice.replace(shape=(sides[0], sides[1], 1 if table.flat else sides[2]))
        if lattice.dimensions == 2 and lattice.thickness is None:
            lattice = lattice.replace(thickness=start.thickness)
    if lattice.shape is None:
        raise ModelError("lattice.shape: missing; only a start from a table can decide it")
    return lattice.replace(thickness=lattice.thickness or lattice.spacing)


def _from_table(model: Model, lattice: Lattice, start: FromTable, table: _Table, report: Report) -> list[_Batch]:
    known = set(table.labels)
    report.add(f"{start.path.name}: {len(table.labels)} rows", rows=len(table.labels))
    absent = [name for name in start.types if name != "*" and name not in known]
    if absent:
        report.add(f"labels that are mapped but do not occur: {', '.join(absent)}", absent=absent)
    unmapped = sorted(known - set(start.types)) if "*" not in start.types else []
    if unmapped:
        near = suggest(unmapped[0], start.types)
        raise ModelError(
            f"start: {start.path}: label '{unmapped[0]}' is not mapped{near if 'did you mean' in near else ''}; allowed in types: "
            f'{unmapped[0]!r} (or "*" for all others) = a type, fractions of types, or "skip"'
        )
    shape = np.array(lattice.shape)
    steps = np.array([lattice.spacing] * 2 + [lattice.thickness if lattice.dimensions == 2 else lattice.spacing])
    centre = (table.points.max(axis=0) + table.points.min(axis=0)) / 2
    inside = table.points - centre + shape * steps / 2
    outside = ((inside < 0) | (inside >= shape * steps)).any(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ModelError(
            f"start: {start.path}: {int(outside.sum())} cells lie outside the lattice of {shape[0]} x {shape[1]} x {shape[2]} voxels, "
            f"such as row {table.rows[row]} at {table.points[row].tolist()} um"
        )
    labels = np.array(table.labels)
    skipped: Counter[str] = Counter()
    batches = []
    images = list(_mirrored(inside, shape * steps, lattice.dimensions)) if start.margin_filling == "mirror" else []
    for name in sorted(known):
        mapped = start.types.get(name, start.types.get("*"))
        mine = np.flatnonzero(labels == name)
        vessel = name in start.vessel_labels
        if mapped == "skip":
            skipped[name] = len(mine)
            if vessel:
                batches.append(_Batch(inside[mine], np.zeros(len(mine), "u8"), {}, True))
            continue
        types = {mapped: 1.0} if isinstance(mapped, str) else dict(mapped or {})
        _known_types(model, types, f"start: label '{name}'")
        keys = _keys(name, table.points[mine])
        batches.append(_Batch(inside[mine], keys, types, vessel))
        for number, (source, image) in enumerate(images, 1):
            chosen = np.isin(source, mine)
            own = _core.mix(keys[np.searchsorted(mine, source[chosen])], np.uint64(number))
            batches.append(_Batch(image[chosen], own, types, vessel))
    if images:
        copies = sum(len(source) for source, _ in images)
        report.add(f"margin: tissue mirrored at the edges of the table, {copies} cells (before labels are skipped)")
    if skipped:
        text = ", ".join(f"{name} {count}" for name, count in skipped.most_common())
        report.add(f"skipped: {sum(skipped.values())} ({text})", skipped=dict(skipped))
    return batches


def _mirrored(points: Floats, size: Floats, dimensions: int) -> Iterator[tuple[Ints, Floats]]:
    """Yield the cells mirrored at each edge and corner of their extent that fall into the lattice: (rows, points)."""
    low, high = points.min(axis=0), points.max(axis=0)
    axes = range(3) if dimensions == 3 else range(2)
    for sides in np.ndindex(*(3,) * dimensions):
        if not any(sides):
            continue
        image = points.copy()
        for axis, side in zip(axes, sides, strict=True):
            if side:
                image[:, axis] = 2 * (low[axis] if side == 1 else high[axis]) - points[:, axis]
        rows = np.flatnonzero(
            ((image >= 0) & (image < size)).all(axis=1) & ((image < low) | (image > high)).any(axis=1)
        )
        yield rows, image[rows]


# ---- shapes ----------------------------------------------------------------------------------------------------------


def _from_shape(model: Model, lattice: Lattice, start: Ball | Scatter | Cells, seed: int) -> list[_Batch]:
    who = f"start of '{start.cells}'"
    nx, ny, nz = lattice.shape or (1, 1, 1)
    h, depth = lattice.spacing, (lattice.thickness or lattice.spacing) if lattice.dimensions == 2 else lattice.spacing
    size = np.array([nx * h, ny * h, nz * depth])
    if isinstance(start, Cells):
        types: Fractions = {start.cells: 1.0}
        points = np.array([[*position, size[2] / 2][:3] for position in start.positions]).reshape(-1, 3)
        outside = ~(((points >= 0) & (points < size)).all(axis=1))
        if outside.any():
            raise ModelError(
                f"{who}: the position {points[outside][0].tolist()} um lies outside the lattice of {size[0]:g} x {size[1]:g} x {size[2]:g} um"
            )
        _known_types(model, types, who)
        return [_Batch(points, _keys(start.cells, points), types, exact=True)]
    if start.fractions is None and start.cells not in model.types:
        names = model.types_named(start.cells, who)
        if len(names) > 1:
            raise ModelError(f"{who}: '{start.cells}' is a group of {', '.join(names)}; give fractions")
    types = start.fractions or {model.types_named(start.cells, who)[0]: 1.0}
    _known_types(model, types, who)
    if isinstance(start, Ball):
        centre = np.array(start.centre) if start.centre is not None else size / 2
        reach = start.radius if lattice.dimensions == 3 else np.array([start.radius, start.radius, 0.0])
        if ((centre - reach < 0) | (centre + reach > size)).any():
            raise ModelError(
                f"{who}: a ball of radius {start.radius:g} um at {centre.tolist()} does not fit into {size.tolist()} um"
            )
        voxels = np.arange(nx * ny * nz)
        points = _centres(lattice, voxels)
        distance = ((points - centre)[:, : lattice.dimensions] ** 2).sum(axis=1)
        points = points[distance <= start.radius**2]
        keys = _keys(f"ball {start.cells}", points)
        if start.fill < 1.0:
            kept = _uniform(seed, keys, "start", 0)[:, 0] < start.fill
            points, keys = points[kept], keys[kept]
        return [_Batch(points, keys, types, exact=True)]
    unit = "1/mm^2" if lattice.dimensions == 2 else "1/mm^3"
    if not units.same_dimension(units.split(start.density, who)[1], unit):
        raise ModelError(f"{who}: density '{start.density}' is not per {unit[2:]}; allowed: as in '200 / {unit[2:]}'")
    amount = units.to(start.density, unit, f"{who}: density", non_negative=True)
    count = round(amount * float(np.prod(size[: lattice.dimensions])) / 1000.0**lattice.dimensions)
    keys = _core.mix(
        _core.mix(np.uint64(_START), np.uint64(label(f"scatter {start.cells}"))), np.arange(count, dtype="u8")
    )
    return [_Batch(_uniform(seed, np.atleast_1d(keys), "start", 1)[:, :3] * size, np.atleast_1d(keys), types)]


# ---- identities ------------------------------------------------------------------------------------------------------


def _known_types(model: Model, types: Mapping[str, float], who: str) -> None:
    for name in types:
        if name not in model.types:
            raise ModelError(f"{who}: unknown cell type '{name}'{suggest(name, [*model.types, 'skip'])}")


def _keys(name: str, points: Floats) -> Keys:
    """Return the keys of cells of a label at positions; the ordinal among equal rows comes in `_in_key_order`."""
    key = np.full(len(points), _core.mix(np.uint64(_START), np.uint64(label(name))), "u8")
    for axis in range(3):
        key = _core.mix(key, np.ascontiguousarray(points[:, axis]).view("u8"))
    return np.asarray(key, "u8")


def _uniform(seed: int, keys: Keys, purpose: str, number: int) -> Floats:
    """Return four uniform numbers in (0, 1) for each key, (N, 4)."""
    return np.asarray((_core.draw(seed, keys, 0, purpose, number).reshape(-1, 4) + 0.5) * 2.0**-32, "f8")


def _in_key_order(
    model: Model, batches: Sequence[_Batch], seed: int
) -> tuple[NDArray[np.uint8], Floats, Keys, NDArray[np.bool_]]:
    """Return type codes, positions, distinct keys, and whether their place is exact, of all cells, sorted by key."""
    all_codes = list(model.types)
    codes, points, keys, exact = [], [], [], []
    for batch in batches:
        if not batch.types or not len(batch.keys):
            continue
        own = _distinct(batch.keys)
        names = list(batch.types)
        share = np.cumsum([batch.types[name] for name in names])
        chosen = np.searchsorted(share, _uniform(seed, own, "fraction", 0)[:, 0], side="right").clip(max=len(names) - 1)
        codes.append(np.array([all_codes.index(name) + 1 for name in names], "u1")[chosen])
        points.append(batch.points[np.argsort(batch.keys, kind="stable")])
        keys.append(own)
        exact.append(np.full(len(own), batch.exact))
    if not keys:
        return np.zeros(0, "u1"), np.zeros((0, 3)), np.zeros(0, "u8"), np.zeros(0, bool)
    code, point, key = np.concatenate(codes), np.concatenate(points), np.concatenate(keys)
    order = np.argsort(key, kind="stable")
    return code[order], point[order], _distinct(key), np.concatenate(exact)[order]


def _distinct(keys: Keys) -> Keys:
    """Return the keys sorted, equal ones made different by their ordinal."""
    ordered = np.sort(keys)
    first = np.searchsorted(ordered, ordered)
    ordinal = np.arange(len(ordered)) - first
    return np.where(ordinal > 0, _core.mix(ordered, ordinal.astype("u8")), ordered).astype("u8")


# ---- room ------------------------------------------------------------------------------------------------------------


def _centres(lattice: Lattice, voxels: Ints) -> Floats:
    nx, ny, nz = lattice.shape or (1, 1, 1)
    depth = lattice.spacing if nz > 1 else lattice.thickness or lattice.spacing
    steps = np.stack([voxels % nx, voxels // nx % ny, voxels // (nx * ny)], axis=1)
    return np.asarray((steps + 0.5) * np.array([lattice.spacing, lattice.spacing, depth]))


def _voxels(lattice: Lattice, points: Floats) -> Ints:
    nx, ny, nz = lattice.shape or (1, 1, 1)
    depth = lattice.spacing if nz > 1 else lattice.thickness or lattice.spacing
    steps = np.floor(points / np.array([lattice.spacing, lattice.spacing, depth])).astype("i8")
    steps = np.clip(steps, 0, np.array([nx - 1, ny - 1, nz - 1]))
    return np.asarray(steps[:, 0] + nx * (steps[:, 1] + ny * steps[:, 2]), "i8")


class _Rooms:
    """Who fits where, by the engine's rule: one solid cell per voxel, small ones by volume, one beside a solid cell."""

    def __init__(self, model: Model, lattice: Lattice) -> None:
        self.shape = lattice.shape or (1, 1, 1)
        size = int(np.prod(self.shape))
        self.solid = np.zeros(size, "u1")  # type code of the solid cell
        self.filled = np.zeros(size, "i4")
        self.small = np.zeros(size, "i4")
        self.occupies = ["", *(t.occupies for t in model.types.values())]
        self.costs = [0, *(small_cost(t.volume, lattice) if t.occupies == "small" else 0 for t in model.types.values())]
        self.rings = list(_rings(self.shape, _SEARCH))

    def fits(self, code: int, voxel: int) -> bool:
        if self.occupies[code] == "solid":
            return not self.solid[voxel] and self.small[voxel] <= 1
        if self.occupies[code] == "small":
            return (
                not self.small[voxel] if self.solid[voxel] else bool(self.filled[voxel] + self.costs[code] <= FULL_ROOM)
            )
        return True

    def put(self, code: int, voxel: int) -> None:
        if self.occupies[code] == "solid":
            self.solid[voxel] = code
        elif self.occupies[code] == "small":
            self.filled[voxel] += self.costs[code]
            self.small[voxel] += 1

    def put_all(self, codes: NDArray[np.uint8], voxels: Ints, solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Put all cells that fit into the voxels they want, solid ones first, earlier ones first; return which did."""
        stays = np.zeros(len(codes), bool)
        solids = np.flatnonzero(solid)
        stays[solids[np.unique(voxels[solids], return_index=True)[1]]] = True
        self.solid[voxels[stays]] = codes[stays]

        small = np.flatnonzero(~solid)
        small = small[np.argsort(voxels[small], kind="stable")]
        where, cost = voxels[small], np.array(self.costs)[codes[small]]
        first = np.searchsorted(where, where)
        total = np.cumsum(cost)
        filled = total - (total - cost)[first] if len(small) else total
        rank = np.arange(len(small)) - first
        free = cost == 0
        fits = np.where(self.solid[where] > 0, rank == 0, filled <= FULL_ROOM) | free
        stays[small[fits]] = True
        np.add.at(self.filled, where[fits & ~free], cost[fits & ~free])
        np.add.at(self.small, where[fits & ~free], 1)
        return stays

    def nearest(self, code: int, voxel: int, key: int) -> int:
        """Return the nearest voxel with room, one of equally near ones chosen by the key; -1: there is none at all."""
        nx, ny, nz = self.shape
        x, y, z = voxel % nx, voxel // nx % ny, voxel // (nx * ny)
        for ring in self.rings:
            found = [
                there
                for dx, dy, dz in ring
                if 0 <= x + dx < nx
                and 0 <= y + dy < ny
                and 0 <= z + dz < nz
                and self.fits(code, there := x + dx + nx * (y + dy + ny * (z + dz)))
            ]
            if found:
                return found[key % len(found)]
        everywhere = np.array([v for v in range(len(self.solid)) if self.fits(code, v)], "i8")
        if not len(everywhere):
            return -1
        gap = (everywhere % nx - x) ** 2 + (everywhere // nx % ny - y) ** 2 + (everywhere // (nx * ny) - z) ** 2
        return int(everywhere[np.argmin(gap)])


def _rings(shape: tuple[int, int, int], radius: int) -> Iterator[list[tuple[int, int, int]]]:
    """Yield the steps to other voxels, grouped by distance, nearest first."""
    deep = radius if shape[2] > 1 else 0
    radius = min(radius, max(shape))
    steps = [
        (dx, dy, dz)
        for dz in range(-min(deep, 6), min(deep, 6) + 1)
        for dy in range(-radius, radius + 1)
        for dx in range(-radius, radius + 1)
        if 0 < dx * dx + dy * dy + dz * dz <= min(radius, 6 if deep else radius) ** 2
    ]
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for step in steps:
        groups.setdefault(sum(each * each for each in step), []).append(step)
    for distance in sorted(groups):
        yield groups[distance]


def _settle(
    model: Model,
    lattice: Lattice,
    codes: NDArray[np.uint8],
    points: Floats,
    keys: Keys,
    exact: NDArray[np.bool_],
    report: Report,
) -> tuple[Ints, _Rooms]:
    """Return the voxel of each cell.

    All that fit where they are stay: solid cells first, then small ones, in a voxel in key order. What clashes then moves, in
    key order again, to the nearest voxel with room; cells whose place is exact are refused instead.
    """
    rooms = _Rooms(model, lattice)
    wanted = _voxels(lattice, points)
    voxels = wanted.copy()
    solid = np.array([occupies == "solid" for occupies in rooms.occupies])[codes]
    stays = rooms.put_all(codes, wanted, solid)
    moved = [int(index) for mine in (solid, ~solid) for index in np.flatnonzero(mine & ~stays)]
    for index in moved:
        code = int(codes[index])
        if exact[index]:
            name, place = list(model.types)[code - 1], np.round(points[index], 3).tolist()
            raise ModelError(
                f"start: starts overlap: no room for a cell of type '{name}' at {place} um, where other cells stand already"
            )
        voxel = rooms.nearest(code, int(wanted[index]), int(keys[index]))
        if voxel < 0:
            name = list(model.types)[code - 1]
            raise ModelError(
                f"start: {len(codes)} cells do not fit into {len(rooms.solid)} voxels; no room for a cell of type '{name}'"
            )
        voxels[index] = voxel
        rooms.put(code, voxel)
    counts = Counter(list(model.types)[code - 1] for code in codes.tolist())
    report.add(
        f"placed: {len(codes)} cells ({', '.join(f'{name} {counts[name]}' for name in model.types if counts[name])})",
        placed=dict(counts),
    )
    if moved:
        gaps = np.sqrt(((_centres(lattice, voxels[moved]) - _centres(lattice, wanted[moved])) ** 2).sum(axis=1))
        report.add(
            f"moved to the nearest voxel with room: {len(moved)} ({len(moved) / len(codes):.1%}), by {gaps.mean():.1f} um on "
            f"average, {gaps.max():.1f} um at most",
            moved=len(moved),
        )
    inert = [
        t.name
        for t in model.types.values()
        if counts[t.name] and not any(p.verb in ("divide", "die", "kill", "become", "leave") for p in t.processes)
    ]
    if inert:
        report.add(
            "inert (take room, no fate): " + ", ".join(f"{name} {counts[name]}" for name in inert),
            inert={n: counts[n] for n in inert},
        )
    free = int(((rooms.solid == 0) & (rooms.small == 0)).sum())
    report.add(f"free voxels: {free} of {len(rooms.solid)} ({free / len(rooms.solid):.1%})", free_voxels=free)
    largest = max((t.diameter for t in model.types.values() if t.occupies == "solid"), default=0.0)
    if lattice.spacing < largest / 2:
        report.add(
            f"note: the spacing of {lattice.spacing:g} um is under half of the largest solid diameter, {largest:.3g} um"
        )
    return voxels, rooms


# ---- vessels ---------------------------------------------------------------------------------------------------------


def _vessels(model: Model, lattice: Lattice, labelled: Ints, rooms: _Rooms, seed: int, report: Report) -> Ints:
    """Return the voxels of vessels: labelled ones, completed to the declared density by hard-core random points."""
    if model.vessels is None:
        return np.zeros(0, "i8")
    nx, ny, nz = lattice.shape or (1, 1, 1)
    size = nx * ny * nz * (lattice.spacing / 1000.0) ** lattice.dimensions
    wanted = round(model.vessels.density * size)
    avoided = [c for c, name in enumerate(model.types, 1) if model.group_of(name).name in model.vessels.outside]
    in_tumour = np.isin(rooms.solid, avoided)
    centres = _centres(lattice, np.arange(len(rooms.solid)))
    order = np.argsort(
        np.asarray(_core.draw(seed, _core.place_key(np.arange(len(rooms.solid), dtype="u8")), 0, "vessel", 0))[:, 0],
        kind="stable",
    )
    open_to_all = np.ones(len(rooms.solid), bool)
    chosen = [int(voxel) for voxel in labelled]

    def close(voxel: int) -> None:
        near = ((centres - centres[voxel]) ** 2).sum(axis=1) < model.vessels.spacing**2 if model.vessels else False
        open_to_all[near] = False
        open_to_all[voxel] = False

    for voxel in chosen:
        close(voxel)
    sampled_in_tumour = 0
    for allowed, within in ((~in_tumour, False), (in_tumour, True)):
        for voxel in order:
            if len(chosen) >= wanted:
                break
            if open_to_all[voxel] and allowed[voxel]:
                chosen.append(int(voxel))
                close(int(voxel))
                sampled_in_tumour += within
    per = "mm2" if lattice.dimensions == 2 else "mm3"
    report.add(
        f"vessels: {len(labelled)} labelled, {len(chosen) - len(labelled)} sampled ({sampled_in_tumour} of them inside the tumour), "
        f"{len(chosen) / size:.3g} per {per} (declared {model.vessels.density:g})",
        vessels=len(chosen),
        vessels_labelled=len(labelled),
    )
    return np.array(sorted(chosen), "i8")

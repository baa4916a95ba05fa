"""Room on the lattice: which cell stands in which voxel, and what moves where two want one.

The engine's rule: a voxel holds one solid cell, or small ones by volume; beside a solid cell one small cell fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compile import FULL_ROOM, small_cost
from .errors import ModelError
from .model import Lattice, Model

__all__ = ["CHUNK", "Room", "centres", "chunks", "voxel_size", "voxels_at"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Voxels = NDArray[np.int32]  # a lattice has less than 2^31 of them

CHUNK = 1 << 20
"""Cells or voxels that are worked on at a time, so that temporary arrays stay small."""

_BITS = 20  # of a number below CHUNK
_REACH = {2: 24, 3: 6}  # voxels; how far the ordered search goes before the whole lattice is looked at
_NEAR = {2: 3, 3: 4}  # rings that the search for many cells at once covers: two voxels along an axis
_FEWEST, _MOST = 16, 4096  # cells that are moved at once


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Yield the slices that cut `count` things into parts of at most `size`."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def voxel_size(lattice: Lattice) -> Floats:
    """Return the sides of a voxel, (3,) in um."""
    depth = lattice.spacing if lattice.dimensions == 3 else lattice.thickness or lattice.spacing
    return np.array([lattice.spacing, lattice.spacing, depth])


def centres(lattice: Lattice, voxels: Ints | Voxels) -> Floats:
    """Return the centres of voxels, (N, 3) in um."""
    nx, ny, _ = lattice.shape or (1, 1, 1)
    steps: Ints = np.stack([voxels % nx, voxels // nx % ny, voxels // (nx * ny)], axis=1).astype("i8")
    return np.asarray((steps + 0.5) * voxel_size(lattice))


def voxels_at(lattice: Lattice, points: Floats) -> Voxels:
    """Return the voxels that hold points, (N,); a point on an outer face belongs to the voxel inside."""
    nx, ny, nz = lattice.shape or (1, 1, 1)
    steps = np.clip(np.floor(points / voxel_size(lattice)).astype("i8"), 0, np.array([nx - 1, ny - 1, nz - 1]))
    return np.asarray(steps[:, 0] + nx * (steps[:, 1] + ny * steps[:, 2]), "i4")


class Room:
    """What is taken on a lattice.

    Parameters
    ----------
    model
        For the room that its types take.
    lattice
        With its shape.
    """

    def __init__(self, model: Model, lattice: Lattice) -> None:
        types = list(model.types.values())
        self.shape = lattice.shape or (1, 1, 1)
        self.size = int(np.prod(self.shape))
        self.names = ["", *model.types]
        self.occupies = ["none", *(each.occupies for each in types)]
        self.costs = [0, *(small_cost(each.volume, lattice) if each.occupies == "small" else 0 for each in types)]
        self._is_solid, self._is_small = (
            np.array([each == kind for each in self.occupies]) for kind in ("solid", "small")
        )
        self._cost = np.array(self.costs, "u1")
        self._taken = {name: np.zeros(self.size, "u1") for name in ("solid", "filled", "small")}
        self._solid, self._filled, self._small = (taken.data for taken in self._taken.values())  # for one voxel
        self._rings = _rings(lattice.dimensions)
        near = self._rings[: _NEAR[lattice.dimensions]]
        self._steps = np.array([step for ring in near for step in ring], "i8").reshape(-1, 3)
        self._ring = np.repeat(np.arange(len(near)), [len(ring) for ring in near])

    @property
    def solid(self) -> NDArray[np.uint8]:
        """Type code of the solid cell in each voxel; 0: none."""
        return self._taken["solid"]

    @property
    def free(self) -> Mask:
        """Whether a voxel holds no cell that takes room."""
        return np.asarray((self.solid == 0) & (self._taken["small"] == 0))

    def fits(self, code: int, voxel: int) -> bool:
        """Tell whether a cell of a type fits into a voxel."""
        if self.occupies[code] == "solid":
            return not self._solid[voxel] and self._small[voxel] <= 1
        if self.occupies[code] == "small":
            return not self._small[voxel] if self._solid[voxel] else self._filled[voxel] + self.costs[code] <= FULL_ROOM
        return True

    def put(self, code: int, voxel: int) -> None:
        """Take the room of a cell."""
        if self.occupies[code] == "solid":
            self._solid[voxel] = code
        elif self.occupies[code] == "small":
            self._filled[voxel] += self.costs[code]
            self._small[voxel] += 1

    def settle(self, codes: NDArray[np.uint8], wanted: Voxels, keys: NDArray[np.uint64], first: Mask) -> Ints:
        """Give every cell a voxel and return them: solid cells before small ones, and of each what fits before what must move.

        Parameters
        ----------
        codes, wanted, keys
            Of the cells, (N,), in the order in which they are served; the key chooses among voxels equally near.
        first
            Which of them are served before the others, (N,).

        Raises
        ------
        ModelError
            If a cell has no room anywhere.
        """
        voxels = wanted.astype("i8")
        counts = np.bincount(codes, minlength=len(self.names))
        counts[~self._is_solid] = 0
        if counts.sum() > self.size:
            listed = ", ".join(
                f"{name} {count}" for name, count in zip(self.names, counts.tolist(), strict=True) if count
            )
            raise ModelError(
                f"start: {counts.sum()} solid cells do not fit into {self.size} voxels, one in each ({listed})"
            )
        for solid in (True, False):
            waiting = [np.zeros(0, "i8")]
            for early in (True, False):
                for part in chunks(len(codes)):
                    served = (self._is_solid[codes[part]] == solid) & (first[part] == early)
                    rows = part.start + np.flatnonzero(served)
                    waiting.append(rows[self._put_where_wanted(codes[rows], wanted[rows])])
            self._move(np.concatenate(waiting), codes, voxels, keys)
        return voxels

    # ---- many cells at once, as if one came after the other ----------------------------------------------------------

    def _fit(self, codes: NDArray[np.uint8], voxels: NDArray[Any] | slice) -> Mask:
        """Tell which cells fit into voxels, as `fits` for arrays that broadcast."""
        solid, filled, small = (taken[voxels] for taken in self._taken.values())
        beside = np.where(solid > 0, small == 0, filled + self._cost[codes].astype("i4") <= FULL_ROOM)
        alone = (solid == 0) & (small <= 1)
        return np.asarray(np.where(self._is_solid[codes], alone, beside | ~self._is_small[codes]))

    def _put(self, codes: NDArray[np.uint8], voxels: NDArray[Any]) -> None:
        """Take the room of cells in voxels that differ."""
        solid, small = self._is_solid[codes], self._is_small[codes]
        self._taken["solid"][voxels[solid]] = codes[solid]
        self._taken["filled"][voxels[small]] += self._cost[codes[small]]
        self._taken["small"][voxels[small]] += 1

    def _put_where_wanted(self, codes: NDArray[np.uint8], wanted: Voxels) -> Mask:
        """Take the room of at most `CHUNK` cells, of one voxel in their order, and tell which do not fit."""
        late = np.zeros(len(codes), bool)
        packed = wanted.astype("i8") << _BITS | np.arange(len(codes))  # numpy sorts much faster than it finds orders
        packed.sort()
        voxels, rows = packed >> _BITS, packed & ((1 << _BITS) - 1)
        new = np.append(True, voxels[1:] != voxels[:-1])[: len(codes)]
        place = np.arange(len(codes))
        rank = place - np.maximum.accumulate(np.where(new, place, 0))  # among those that want one voxel
        by_rank = rows[np.argsort(rank, kind="stable")] if not new.all() else rows
        for turn in np.split(by_rank, np.cumsum(np.bincount(rank))[:-1]):
            fit = self._fit(codes[turn], wanted[turn])
            self._put(codes[turn[fit]], wanted[turn[fit]])
            late[turn[~fit]] = True
        return late

    def _move(self, waiting: Ints, codes: NDArray[np.uint8], voxels: Ints, keys: NDArray[np.uint64]) -> None:
        """Give cells that do not fit where they want the nearest room, in their order; `voxels` holds both."""
        done, block = 0, _FEWEST
        while done < len(waiting):
            rows = waiting[done : done + block]
            found = self._nearest_for_many(codes[rows], voxels[rows], keys[rows]) if len(rows) >= _FEWEST else rows[:0]
            moved = rows[: len(found)]
            self._put(codes[moved], found)
            voxels[moved] = found
            done += len(found)
            if len(found) == len(rows):
                block = min(2 * block, _MOST)
                continue
            block = max(block // 2, _FEWEST) if len(found) < block // 2 else block
            for row in waiting[done : done + (1 if len(found) >= _FEWEST else _FEWEST)].tolist():
                code = int(codes[row])
                voxel = self._nearest(code, int(voxels[row]), int(keys[row]))
                if voxel < 0:
                    raise ModelError(
                        f"start: {len(codes)} cells do not fit into {self.size} voxels; "
                        f"{int(self.free.sum())} voxels are free, and no room is left for a cell of type '{self.names[code]}'"
                    )
                self.put(code, voxel)
                voxels[row] = voxel
                done += 1

    def _nearest_for_many(self, codes: NDArray[np.uint8], voxels: Ints, keys: NDArray[np.uint64]) -> Ints:
        """Return the nearest room of the first few cells that do not disturb each other: all that `_nearest` would say.

        A cell is disturbed if one before it goes to a voxel that it looks at; it and all behind it wait for another turn.
        """
        nx, ny, nz = self.shape
        at = np.stack([voxels % nx, voxels // nx % ny, voxels // (nx * ny)], axis=1)[:, None, :] + self._steps
        inside = ((at >= 0) & (at < (nx, ny, nz))).all(axis=2)
        there = np.where(inside, at[..., 0] + nx * (at[..., 1] + ny * at[..., 2]), voxels[:, None])
        room = inside & self._fit(codes[:, None], there)
        if not (some := room.any(axis=1)).all():
            count = int(np.argmin(some))
            there, room, inside, keys = there[:count], room[:count], inside[:count], keys[:count]
        if not len(keys):
            return np.zeros(0, "i8")
        ring = self._ring[np.argmax(room, axis=1)][:, None]
        room &= self._ring == ring
        number = (keys % room.sum(axis=1).astype("u8")).astype("i8")[:, None]
        chosen = there[np.arange(len(keys)), np.argmax(room & (np.cumsum(room, axis=1) == number + 1), axis=1)]
        different, first = np.unique(chosen, return_index=True)
        place = np.searchsorted(different, there).clip(max=len(different) - 1)
        looked = inside & (self._ring <= ring) & (different[place] == there)
        disturbed = (looked & (first[place] < np.arange(len(keys))[:, None])).any(axis=1)
        return np.asarray(chosen[: int(np.argmax(disturbed))] if disturbed.any() else chosen)

    # ---- one cell ----------------------------------------------------------------------------------------------------

    def _nearest(self, code: int, voxel: int, key: int) -> int:
        """Return the nearest voxel with room, one of equally near ones chosen by the key; -1: there is none at all."""
        nx, ny, nz = self.shape
        x, y, z = voxel % nx, voxel // nx % ny, voxel // (nx * ny)
        for ring in self._rings:
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
        rest = self._with_room(code)
        if not len(rest):
            return -1
        gap = (rest % nx - x) ** 2 + (rest // nx % ny - y) ** 2 + (rest // (nx * ny) - z) ** 2
        nearest = rest[gap == gap.min()]
        return int(nearest[key % len(nearest)])

    def _with_room(self, code: int) -> Ints:
        one = np.array([code], "u1")
        return np.concatenate([part.start + np.flatnonzero(self._fit(one, part)) for part in chunks(self.size)])


@cache
def _rings(dimensions: int) -> list[list[tuple[int, int, int]]]:
    """Return the steps to other voxels, grouped by distance, nearest first."""
    reach = _REACH[dimensions]
    line = range(-reach, reach + 1)
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for dz in line if dimensions == 3 else (0,):
        for dy in line:
            for dx in line:
                groups.setdefault(dx * dx + dy * dy + dz * dz, []).append((dx, dy, dz))
    return [groups[square] for square in sorted(groups) if 0 < square <= reach * reach]

"""Room on the lattice: which cell stands in which voxel, and what moves where two want one.

The engine's rule: a voxel holds one solid cell, or small ones by volume; beside a solid cell one small cell fits.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .compile import FULL_ROOM, small_cost
from .errors import ModelError
from .model import Lattice, Model

__all__ = ["Room", "centres", "voxel_size", "voxels_at"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_REACH = {2: 24, 3: 6}  # voxels; how far the ordered search goes before the whole lattice is looked at


def voxel_size(lattice: Lattice) -> Floats:
    """Return the sides of a voxel, (3,) in um."""
    depth = lattice.spacing if lattice.dimensions == 3 else lattice.thickness or lattice.spacing
    return np.array([lattice.spacing, lattice.spacing, depth])


def centres(lattice: Lattice, voxels: Ints) -> Floats:
    """Return the centres of voxels, (N, 3) in um."""
    nx, ny, _ = lattice.shape or (1, 1, 1)
    steps = np.stack([voxels % nx, voxels // nx % ny, voxels // (nx * ny)], axis=1)
    return np.asarray((steps + 0.5) * voxel_size(lattice))


def voxels_at(lattice: Lattice, points: Floats) -> Ints:
    """Return the voxels that hold points, (N,); a point on an outer face belongs to the voxel inside."""
    nx, ny, nz = lattice.shape or (1, 1, 1)
    steps = np.clip(np.floor(points / voxel_size(lattice)).astype("i8"), 0, np.array([nx - 1, ny - 1, nz - 1]))
    return np.asarray(steps[:, 0] + nx * (steps[:, 1] + ny * steps[:, 2]), "i8")


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
        self._solid, self._filled, self._small = (bytearray(self.size) for _ in range(3))
        self._steps = _rings(lattice.dimensions)

    @property
    def solid(self) -> NDArray[np.uint8]:
        """Type code of the solid cell in each voxel; 0: none."""
        return np.frombuffer(self._solid, "u1")

    @property
    def free(self) -> NDArray[np.bool_]:
        """Whether a voxel holds no cell that takes room."""
        return np.asarray((self.solid == 0) & (np.frombuffer(self._small, "u1") == 0))

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

    def settle(self, codes: NDArray[np.uint8], wanted: Ints, keys: NDArray[np.uint64]) -> Ints:
        """Give every cell a voxel and return them: solid cells before small ones, and of each what fits before what must move.

        Parameters
        ----------
        codes, wanted, keys
            Of the cells, (N,), in the order in which they are served; the key chooses among voxels equally near.

        Raises
        ------
        ModelError
            If a cell has no room anywhere.
        """
        voxels = wanted.copy()
        solid = np.array([kind == "solid" for kind in self.occupies])[codes]
        if int(solid.sum()) > self.size:
            counts = np.bincount(codes[solid], minlength=len(self.names))
            listed = ", ".join(
                f"{name} {count}" for name, count in zip(self.names, counts.tolist(), strict=True) if count
            )
            raise ModelError(
                f"start: {sum(counts)} solid cells do not fit into {self.size} voxels, one in each ({listed})"
            )
        for group in (np.flatnonzero(solid), np.flatnonzero(~solid)):
            waiting = []
            for index, code, voxel in zip(group.tolist(), codes[group].tolist(), wanted[group].tolist(), strict=True):
                if self.fits(code, voxel):
                    self.put(code, voxel)
                else:
                    waiting.append(index)
            for index in waiting:
                code = int(codes[index])
                voxel = self._nearest(code, int(wanted[index]), int(keys[index]))
                if voxel < 0:
                    raise ModelError(
                        f"start: {len(codes)} cells do not fit into {self.size} voxels; "
                        f"{int(self.free.sum())} voxels are free, and no room is left for a cell of type '{self.names[code]}'"
                    )
                self.put(code, voxel)
                voxels[index] = voxel
        return voxels

    def _nearest(self, code: int, voxel: int, key: int) -> int:
        """Return the nearest voxel with room, one of equally near ones chosen by the key; -1: there is none at all."""
        nx, ny, nz = self.shape
        x, y, z = voxel % nx, voxel // nx % ny, voxel // (nx * ny)
        for ring in self._steps:
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
        small, filled = (np.frombuffer(each, "u1").astype("i4") for each in (self._small, self._filled))
        if self.occupies[code] == "solid":
            return np.flatnonzero((self.solid == 0) & (small <= 1))
        return np.flatnonzero(np.where(self.solid > 0, small == 0, filled + self.costs[code] <= FULL_ROOM))


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

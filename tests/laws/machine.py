"""What the law tests share: an engine with exactly the cells that a test wants, intervals, equivalence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsp_abm import CellType, Group, Lattice, Model, _core
from qsp_abm.compile import compile_model

MINUTE = 1 / 1440
Floats = NDArray[np.float64]


class Machine:
    """The bare engine of a model, with cells of each type in given voxels.

    Parameters
    ----------
    model
        What is simulated.
    cells
        Type -> voxels, one cell in each.
    vessels
        Voxels.
    body
        Signals of the body, the same in every step.
    """

    def __init__(
        self,
        model: Model,
        cells: Mapping[str, ArrayLike],
        *,
        vessels: Iterable[int] = (),
        body: ArrayLike = (),
        seed: int = 1,
        threads: int = 1,
        instructions: str = "auto",
        settle: bool = False,
    ) -> None:
        self.model, self.seed = model, seed
        self.body = np.asarray(body, float)
        self.engine = _core.Engine(compile_model(model), np.asarray(list(vessels), "i8"), seed, threads, instructions)
        for code, name in enumerate(model.types, 1):
            voxels = np.asarray(cells.get(name, ()), "i8").ravel()
            keys = _core.mix(np.arange(len(voxels), dtype="u8"), np.uint64(code))
            self.engine.place(np.full(len(voxels), code, "u1"), voxels, keys)
        if settle:
            self.engine.settle()

    def run(self, steps: int) -> None:
        self.engine.run(steps, np.tile(self.body, (steps, 1)))

    def run_checked(self, steps: int) -> None:
        """Run step by step; cells, lattice and tally must agree after each."""
        for _ in range(steps):
            self.run(1)
            self.engine.check()

    def run_for(self, days: float) -> None:
        steps = round(days / self.model.dt)
        assert abs(steps * self.model.dt - days) < 1e-9 * days
        self.run(steps)

    def counts(self) -> dict[str, int]:
        return dict(zip(self.model.types, self.engine.counts().tolist(), strict=True))

    def tally(self) -> dict[str, dict[str, int]]:
        names, table = self.engine.tally()
        return {
            name: dict(zip(self.model.types, row.tolist(), strict=True)) for name, row in zip(names, table, strict=True)
        }

    def columns(self) -> dict[str, NDArray[Any]]:
        return self.engine.columns()

    def positions(self) -> NDArray[np.int64]:
        """Return (N, 3) voxel coordinates, in the order of ids."""
        nx, ny, _ = self.model.lattice.shape or (1, 1, 1)
        voxel = self.engine.columns()["voxel"].astype("i8")
        return np.stack([voxel % nx, voxel // nx % ny, voxel // (nx * ny)], axis=1)

    def digest(self) -> str:
        """Hash of all agents, fields and transit."""
        hasher = hashlib.blake2b(digest_size=16)
        for name, column in self.engine.columns().items():
            if name != "order":  # in memory
                hasher.update(column.tobytes())
        for index in range(len(self.model.fields)):
            hasher.update(self.engine.field(index, True).tobytes())
        hasher.update(self.engine.transit().tobytes())
        return hasher.hexdigest()


def one_type(lattice: Lattice, dt: str | float = "6 min", **settings: Any) -> Model:
    """Return a model with one type, `cell`."""
    given = {"name": "cell", "volume": 1000.0, "occupies": "none"} | settings
    return Model(lattice=lattice, cells=(CellType(**given),), dt=dt)


def group(name: str, *types: CellType, **settings: Any) -> Group:
    return Group(name=name, types=types, **settings)


def middle(shape: tuple[int, int, int]) -> int:
    """Return the voxel in the middle of a box."""
    nx, ny, nz = shape
    return nx // 2 + nx * (ny // 2 + ny * (nz // 2))


def interval(values: Iterable[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean from independent replicates."""
    from scipy.stats import t

    found = np.asarray(list(values), float)
    half = float(t.ppf(0.975, len(found) - 1)) * found.std(ddof=1) / np.sqrt(len(found))
    return float(found.mean() - half), float(found.mean() + half)


def ratio_interval(ours: Iterable[float], reference: Iterable[float]) -> tuple[float, float]:
    """Return the 95 % interval of a ratio of two means (delta method; Student's t)."""
    from scipy.stats import t

    a, b = np.asarray(list(ours), float), np.asarray(list(reference), float)
    ratio = a.mean() / b.mean()
    relative = np.sqrt(a.var(ddof=1) / len(a) / a.mean() ** 2 + b.var(ddof=1) / len(b) / b.mean() ** 2)
    half = float(t.ppf(0.975, len(a) + len(b) - 2)) * relative * ratio
    return float(ratio - half), float(ratio + half)


def assert_equivalent(ours: Iterable[float], reference: Iterable[float], low: float, high: float, what: str) -> None:
    """Assert that the 95 % interval of the ratio lies inside a margin, with a half-width under half of the margin."""
    found = ratio_interval(ours, reference)
    print(f"{what}: ratio in [{found[0]:.4f}, {found[1]:.4f}]")  # noqa: T201 - shown for a failing or a -s run
    assert found[1] - found[0] < (high - low) / 2, f"{what}: too few seeds, [{found[0]:.4f}, {found[1]:.4f}]"
    assert low <= found[0], f"{what}: [{found[0]:.4f}, {found[1]:.4f}] is not inside [{low}, {high}]"
    assert found[1] <= high, f"{what}: [{found[0]:.4f}, {found[1]:.4f}] is not inside [{low}, {high}]"

"""The cells that a statistic looks at: positions, labels, the window, and what is known of the lattice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest
from .labels import sets_of
from .window import Window

if TYPE_CHECKING:
    import pandas as pd

    from ..output.reader import Run
    from ..simulation import Simulation

__all__ = ["CellTable", "Selection", "as_cells"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Selection = str | Sequence[str]

_AXES = ("x_um", "y_um", "z_um")


@dataclass(frozen=True, eq=False)
class CellTable:
    """Cells at one moment.

    Parameters
    ----------
    points
        Positions, (N, 2) or (N, 3), um.
    labels
        Cell types, (N,).
    window
        Where cells were looked for.
    marks
        Further columns by name, (N,) each.
    sets
        Names that stand for several labels, such as ``immune``.
    shape
        Voxels along each axis, where the cells live on a lattice that fills the window.
    types
        Labels that may occur, in order; default: those that do.
    """

    points: Floats
    labels: NDArray[Any]
    window: Window
    marks: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None
    types: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != self.window.dimensions:
            raise ModelError(
                f"cells: positions of shape {self.points.shape} in a window of {self.window.dimensions} axes"
            )
        if not self.types:
            object.__setattr__(self, "types", tuple(sorted(set(self.labels.tolist()))))
        for name, values in {"labels": self.labels, **self.marks}.items():
            if len(values) != len(self.points):
                raise ModelError(f"cells: {len(values)} {name} for {len(self.points)} positions")
        outside = int((~self.window.holds(self.points)).sum())  # what is no number is outside too
        if outside:
            raise ModelError(f"cells: {outside} of {len(self.points)} lie outside the window {self.window}")

    def __len__(self) -> int:
        return len(self.points)

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return self.window.dimensions

    @property
    def spacing(self) -> float:
        """Edge of a voxel, um.

        Raises
        ------
        ModelError
            If there is no lattice.
        """
        if self.shape is None:
            raise ModelError("cells: this statistic needs a lattice; give a run, or the voxel of the table (spacing)")
        return float(self.window.sides[0] / self.shape[0])

    def select(self, who: Selection) -> Mask:
        """Return which cells are meant, (N,): by label, by a set, by several joined by ``+`` or in a list.

        Raises
        ------
        ModelError
            For a name that is neither a label nor a set.

        Examples
        --------
        >>> import pandas as pd
        >>> cells = as_cells(pd.DataFrame({"x_um": [0, 1, 2], "y_um": [0, 1, 0], "cell_type": ["Epithelial", "CD8T", "B"]}))
        >>> cells.select("immune").tolist()
        [False, True, True]
        """
        wanted: set[str] = set()
        for name in [who] if isinstance(who, str) else who:
            wanted |= self._members(name)
        mask: Mask = np.isin(self.labels, list(wanted))
        return mask

    def _members(self, name: str) -> set[str]:
        if name in self.types:
            return {name}
        if name in self.sets:
            return set(self.sets[name])
        if "+" in name:
            return {label for part in name.split("+") for label in self._members(part.strip())}
        raise ModelError(
            f"cells: no cell type or set '{name}'{suggest(name, dict.fromkeys([*self.types, *self.sets]))}"
        )

    def only(self, mask: Mask) -> CellTable:
        """Return the cells of a mask."""
        marks = {name: values[mask] for name, values in self.marks.items()}
        return replace(self, points=self.points[mask], labels=self.labels[mask], marks=marks)

    def mark(self, name: str) -> NDArray[Any]:
        """Return a further column.

        Raises
        ------
        ModelError
            If there is none of the name.
        """
        if name not in self.marks:
            raise ModelError(f"cells: no column '{name}'{suggest(name, self.marks)}")
        return self.marks[name]

    def moved(self, random: np.random.Generator) -> CellTable:
        """Return the same cells at random positions: uniform in the window, or on voxels with one cell at most where it was so."""
        if self.shape is None:
            uniform = np.asarray(self.window.low) + random.random(self.points.shape) * self.window.sides
            return replace(self, points=uniform)
        voxels = self.voxels()
        alone = len(np.unique(voxels)) == len(voxels)
        drawn = random.choice(int(np.prod(self.shape)), len(voxels), replace=not alone)
        index = np.stack(np.unravel_index(drawn, self.shape), axis=1)
        return replace(self, points=np.asarray(self.window.low) + (index + 0.5) * self.window.sides / self.shape)

    def voxels(self) -> NDArray[np.intp]:
        """Return the flat index of each cell's voxel, (N,), the last axis fastest."""
        shape = self.shape
        if shape is None:
            raise ModelError("cells: this statistic needs a lattice; give a run, or the voxel of the table (spacing)")
        steps = np.floor((self.points - self.window.low) / (self.window.sides / shape)).astype(np.intp)
        return np.asarray(np.ravel_multi_index(tuple(np.clip(steps, 0, np.array(shape) - 1).T), shape))

    def counts(self, mask: Mask) -> NDArray[np.int64]:
        """Return the number of cells of a mask in each voxel, in the shape of the lattice."""
        voxels = self.voxels()  # raises where there is no lattice
        shape = self.shape or ()
        return np.bincount(voxels[mask], minlength=int(np.prod(shape))).reshape(shape)


def as_cells(
    source: CellTable | pd.DataFrame | Run | Simulation | str | Path,
    *,
    day: float | None = None,
    window: Window | Sequence[float] | None = None,
    sets: Mapping[str, Sequence[str]] | None = None,
    spacing: float | None = None,
) -> CellTable:
    """Return the cells of a table, a run, a simulation or a file.

    Parameters
    ----------
    source
        A pandas table with x_um, y_um[, z_um] and cell_type; a Run; a Simulation; the path of a CSV table or of a run
        file.
    day
        Of a run: the time, day; the last by default.
    window
        Where cells were looked for, um; cells outside are left out. Default: the lattice of a run, the smallest box
        around the cells of a table, which is a little too small: give it where you know it.
    sets
        Names for several labels, besides the usual ones (tumour, immune, cd8, ...).
    spacing
        Edge of a voxel, um, where the cells of a table lie on a lattice that fills the window.

    Raises
    ------
    ModelError
        For a missing file or column, positions that are no numbers, an unknown label in `sets`.
    """
    from ..output.reader import Run
    from ..simulation import Simulation

    if isinstance(source, str | Path):
        path = Path(source)
        source = _read_csv(path) if path.suffix.lower() == ".csv" else Run(path)
    if isinstance(source, CellTable):
        found = source
    elif isinstance(source, Run):
        groups: dict[str, list[str]] = {}
        for each in source.schema["cell_types"]:
            groups.setdefault("dead" if each["dead"] else each["group"], []).append(each["name"])
        found = _on_lattice(source.cells(day), source.types, groups, source.shape, source.voxel)
    elif isinstance(source, Simulation):
        model = source.model
        alive = {g.name: [t.name for t in g.types if not t.dead] for g in model.cells}
        alive["dead"] = [t.name for t in model.types.values() if t.dead]
        h, shape = model.lattice.spacing, model.lattice.shape or (1, 1, 1)
        across = h if shape[2] > 1 else model.lattice.thickness or h
        found = _on_lattice(source.cells(), model.types, alive, shape, (h, h, across))
    else:
        found = _from_table(source, window, spacing)
    if window is not None:
        found = _cut(found, Window.of(window))
    if sets:
        found = replace(found, sets={**found.sets, **_checked(sets, found)})
    return found


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # the errors of pandas for an empty or ragged table, or for bytes that are no text
        raise ModelError(f"{path}: is not a table of cells ({error})") from None


def _from_table(table: pd.DataFrame, window: Window | Sequence[float] | None, spacing: float | None) -> CellTable:
    for name in (*_AXES[:2], "cell_type"):
        if name not in table:
            raise ModelError(f"cells: no column '{name}'{suggest(name, [str(each) for each in table])}")
    flat = "z_um" not in table or (len(table) > 0 and table["z_um"].nunique() == 1)
    axes = _AXES[:2] if flat else _AXES
    try:
        points = np.stack([table[axis].to_numpy("f8") for axis in axes], axis=1)
    except ValueError as error:
        raise ModelError(f"cells: a position is no number ({error})") from None
    if not np.isfinite(points).all():
        raise ModelError("cells: a position is not a finite number; allowed: um")
    labels = table["cell_type"].astype(str).to_numpy()
    marks = {str(name): table[name].to_numpy() for name in table if name not in (*_AXES, "cell_type")}
    if not len(points) and window is None:
        raise ModelError("cells: the table is empty, so its window must be given")
    box = Window.around(points) if window is None else Window.of(window)
    if box.dimensions != len(axes):
        raise ModelError(f"window: {box.dimensions} axes for positions of {len(axes)}")
    inside = box.holds(points)
    marks = {name: values[inside] for name, values in marks.items()}
    shape = None
    if spacing is not None:
        steps = box.sides / spacing
        if not spacing > 0 or np.abs(steps - np.rint(steps)).max() > 1e-6:
            raise ModelError(
                f"spacing: {spacing:g} um does not divide the window {box}; give the window of the lattice"
            )
        shape = tuple(int(each) for each in np.rint(steps))
    types = tuple(sorted(set(labels.tolist())))
    return CellTable(points[inside], labels[inside], box, marks, sets_of(types), shape, types)


def _on_lattice(
    table: pd.DataFrame,
    types: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    shape: Sequence[int],
    voxel: Sequence[float],
) -> CellTable:
    axes = 3 if shape[2] > 1 else 2
    points = table[list(_AXES[:axes])].to_numpy("f8")
    window = Window((0.0,) * axes, tuple(float(n * h) for n, h in zip(shape[:axes], voxel[:axes], strict=True)))
    marks = {str(name): table[name].to_numpy() for name in table if name not in (*_AXES, "cell_type")}
    sets = sets_of(types) | {name: tuple(members) for name, members in groups.items()}
    labels = table["cell_type"].astype(str).to_numpy()
    return CellTable(points, labels, window, marks, sets, tuple(int(n) for n in shape[:axes]), tuple(types))


def _cut(cells: CellTable, window: Window) -> CellTable:
    """Return the cells inside a smaller window; the lattice is kept where the window is made of whole voxels."""
    if window == cells.window:
        return cells
    if window.dimensions != cells.dimensions:
        raise ModelError(f"window: {window.dimensions} axes for cells of {cells.dimensions}")
    inside = cells.window.holds(np.array([window.low, window.high]))
    if cells.shape is not None and not inside.all():
        raise ModelError(f"window: {window} reaches out of the lattice {cells.window}")
    shape = None
    if cells.shape is not None:
        h = cells.window.sides / cells.shape
        ends = (np.array([window.low, window.high]) - cells.window.low) / h
        whole = np.abs(ends - np.rint(ends)).max() < 1e-6
        shape = tuple(int(n) for n in np.rint(window.sides / h)) if whole else None
    kept = cells.only(window.holds(cells.points))
    return replace(kept, window=window, shape=shape)


def _checked(sets: Mapping[str, Sequence[str]], cells: CellTable) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(sorted({label for each in members for label in cells._members(each)}))
        for name, members in sets.items()
    }

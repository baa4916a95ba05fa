"""Looking at a simulation's own memory, without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _core
from .errors import ModelError, suggest
from .model import Model

__all__ = ["View"]


class View:
    """The state of a simulation as it lies in memory, read-only and without a copy; made by `Simulation.view`.

    As long as the view is open, or an array taken from it is alive, the simulation refuses to run and to be changed, and its
    memory stays, so that no array ever dangles.

    Examples
    --------
    >>> import qsp_abm as qa
    >>> tumour = qa.CellType(name="tumour", volume=1000.0)
    >>> model = qa.Model(lattice=qa.Lattice(shape=(8, 8, 8), spacing=20.0), cells=(tumour,))
    >>> simulation = qa.Simulation(model, qa.Ball("tumour", radius="40 um"))
    >>> with simulation.view() as state:
    ...     int((state.cells["cell_type"] == state.code("tumour")).sum()) == simulation.counts()["tumour"]
    True
    """

    def __init__(self, engine: _core.Engine, model: Model) -> None:
        self._view: _core.View | None = _core.View(engine)
        self._model = model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the view; arrays that were taken from it still hold the simulation until they are gone."""
        self._view = None

    def _open(self) -> _core.View:
        if self._view is None:
            raise ModelError("view: is closed; open another with simulation.view()")
        return self._view

    @property
    def cells(self) -> Mapping[str, NDArray[Any]]:
        """Columns of the cells in storage order, (N,) each.

        ``id``, ``parent``, ``key``, ``cell_type`` (code, see `code`; 0: a gap that a dead cell has left), ``voxel``
        (x + nx (y + ny z)), ``born`` (step), ``births``, ``target`` (id, 0: none), ``hits``, and others of the engine. Traits:
        see `trait`.
        """
        columns = self._open().columns()
        named = {name: values for name, values in columns.items() if not name.startswith("trait")}
        named["cell_type"] = named.pop("type")
        return named

    def code(self, cell_type: str) -> int:
        """Return the code of a cell type in ``cells["cell_type"]``."""
        names = list(self._model.types)
        if cell_type not in names:
            raise ModelError(f"view: unknown cell type '{cell_type}'{suggest(cell_type, names)}")
        return names.index(cell_type) + 1

    def trait(self, group: str, name: str) -> NDArray[np.float32]:
        """Return the column that holds a trait of a group, (N,); in rows of other groups it holds a trait of theirs."""
        if group not in self._model.groups:
            raise ModelError(f"view: unknown group '{group}'{suggest(group, self._model.groups)}")
        traits = [trait.name for trait in self._model.groups[group].traits]
        if name not in traits:
            raise ModelError(f"view: {group} has no trait '{name}'{suggest(name, traits)}")
        column: NDArray[np.float32] = self._open().columns()[f"trait{traits.index(name)}"]
        return column

    def field(self, name: str) -> NDArray[np.float32]:
        """Return a field as it is stored, (nz, ny, nx), in units of its scale (`scale`); it may undershoot zero a little."""
        return self._open().field(self._index(name))

    def scale(self, name: str) -> float:
        """Return what a stored field is to be multiplied with, in the field's unit."""
        return self._model.fields[self._index(name)].scale

    def _index(self, name: str) -> int:
        names = [field.name for field in self._model.fields]
        if name not in names:
            raise ModelError(f"view: unknown field '{name}'{suggest(name, names)}")
        return names.index(name)

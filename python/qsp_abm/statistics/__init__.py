"""Spatial statistics of cells in two and three dimensions, on points and on the lattice.

Each statistic is a function of cells (a table, a run, a simulation, a file) that returns a `Result`:
``statistics.mixing_score("cells.csv", radius=20, null=199).table()``. `names` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cells import CellTable, as_cells
from .null import Null
from .result import Axis, Envelope, Result
from .window import Window

if TYPE_CHECKING:
    from .catalogue import find, measure, names
    from .measures.clone_mixing import founders
    from .over_time import HalfLife, architecture_half_life, half_life, series
    from .region import tumour_region

_HOME = {
    **dict.fromkeys(("find", "measure", "names"), "catalogue"),
    **dict.fromkeys(("HalfLife", "architecture_half_life", "half_life", "series"), "over_time"),
    "tumour_region": "region",
    "founders": "measures.clone_mixing",
}

__all__ = [
    "Axis",
    "CellTable",
    "Envelope",
    "HalfLife",
    "Null",
    "Result",
    "Window",
    "architecture_half_life",
    "as_cells",
    "find",
    "founders",
    "half_life",
    "measure",
    "names",
    "series",
    "tumour_region",
]


def __getattr__(name: str) -> Any:
    """Return a public name, or a statistic of the catalogue."""
    from importlib import import_module

    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    catalogue = import_module(f"{__name__}.catalogue")  # "from . import" would ask this function for it
    if not name.startswith("_") and name in catalogue.names():
        return catalogue.find(name).function
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Recording and reading runs: one HDF5 file that ParaView opens, tables, pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qsp_abm.output.comparison import compare
    from qsp_abm.output.folder import Entry, RunSet, open_folder, open_runs, write_index
    from qsp_abm.output.layout import Column, Frame, ParameterRow, RunDescription, TypeEntry
    from qsp_abm.output.lineage import Lineage
    from qsp_abm.output.reader import Run, open_run
    from qsp_abm.output.writer import Writer

__all__ = [
    "Column",
    "Entry",
    "Frame",
    "Lineage",
    "ParameterRow",
    "Run",
    "RunDescription",
    "RunSet",
    "TypeEntry",
    "Writer",
    "compare",
    "open_folder",
    "open_run",
    "open_runs",
    "write_index",
]

_HOME = {
    **dict.fromkeys(("Column", "Frame", "ParameterRow", "RunDescription", "TypeEntry"), "layout"),
    **dict.fromkeys(("Run", "open_run"), "reader"),
    **dict.fromkeys(("Entry", "RunSet", "open_folder", "open_runs", "write_index"), "folder"),
    "Lineage": "lineage",
    "Writer": "writer",
    "compare": "comparison",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that describing a model loads no HDF5."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

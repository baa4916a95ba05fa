"""qsp_abm: a tumour's microenvironment cell by cell inside a patient.

Describe with `Model`, `Lattice`, `Group`, `CellType`, `Field`, `Rule` and the processes; run with `Simulation`; read with
`open_run`. Ready-made parts are in `qsp_abm.library`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._core import version as __version__
from .body.description import Body, Drug
from .coupling import Coupling, Happened, Living, MeanField, VesselSupply
from .doses import Dose, Regimen, schedule
from .errors import ModelError, SolverError
from .model import CellType, Constant, Field, Group, Hits, Lattice, LogNormal, Model, Readout, Synapse, Trait, Vessels
from .parameters import Parameter
from .processes import Become, Chemotaxis, Die, Divide, Kill, Leave, Move, Recruit, Secrete, TakeUp
from .rules import Rule, Rules
from .start import Ball, Cells, FromTable, Infiltrate, Scatter

if TYPE_CHECKING:
    from .output import Run, RunSet, compare, open_folder, open_run
    from .simulation import Simulation

_LATER = {
    "Run": "output",
    "RunSet": "output",
    "compare": "output",
    "open_folder": "output",
    "open_run": "output",
    "Simulation": "simulation",
}

__all__ = [
    "Ball",
    "Become",
    "Body",
    "CellType",
    "Cells",
    "Chemotaxis",
    "Constant",
    "Coupling",
    "Die",
    "Divide",
    "Dose",
    "Drug",
    "Field",
    "FromTable",
    "Group",
    "Happened",
    "Infiltrate",
    "Hits",
    "Kill",
    "Lattice",
    "Leave",
    "Living",
    "LogNormal",
    "MeanField",
    "Model",
    "ModelError",
    "Move",
    "Parameter",
    "Readout",
    "Recruit",
    "Regimen",
    "Rule",
    "Rules",
    "Run",
    "RunSet",
    "Scatter",
    "Secrete",
    "Simulation",
    "SolverError",
    "Synapse",
    "TakeUp",
    "Trait",
    "VesselSupply",
    "Vessels",
    "__version__",
    "compare",
    "open_folder",
    "open_run",
    "schedule",
]


def __getattr__(name: str) -> Any:
    """Load what runs on first use: describing needs numpy, pydantic and the compiled registry alone."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

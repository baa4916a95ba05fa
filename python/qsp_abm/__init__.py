"""qsp_abm: a tumour's microenvironment cell by cell inside a patient.

Describe with `Model`, `Lattice`, `Group`, `CellType`, `Field`, `Rule` and the processes; run with `Simulation`; read with
`open_run`. Ready-made parts are in `qsp_abm.library`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._core import version as __version__

if TYPE_CHECKING:
    from .body.description import Body, Drug
    from .coupling import Coupling, Happened, Living, MeanField, VesselSupply
    from .doses import Dose, Regimen, schedule
    from .errors import ModelError, SolverError
    from .model import (
        CellType,
        Constant,
        Field,
        Group,
        Hits,
        Lattice,
        LogNormal,
        Model,
        Readout,
        Synapse,
        Trait,
        Vessels,
    )
    from .output import Run, RunSet, compare, open_folder, open_run
    from .parameters import Parameter
    from .processes import Become, Chemotaxis, Die, Divide, Kill, Leave, Move, Recruit, Secrete, TakeUp
    from .rules import Rule, Rules
    from .simulation import Simulation
    from .start import Ball, Cells, FromTable, Infiltrate, Scatter

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

_NAMES = {
    "body.description": ("Body", "Drug"),
    "coupling": ("Coupling", "Happened", "Living", "MeanField", "VesselSupply"),
    "doses": ("Dose", "Regimen", "schedule"),
    "errors": ("ModelError", "SolverError"),
    "model": (
        "CellType",
        "Constant",
        "Field",
        "Group",
        "Hits",
        "Lattice",
        "LogNormal",
        "Model",
        "Readout",
        "Synapse",
        "Trait",
        "Vessels",
    ),
    "output": ("Run", "RunSet", "compare", "open_folder", "open_run"),
    "parameters": ("Parameter",),
    "processes": ("Become", "Chemotaxis", "Die", "Divide", "Kill", "Leave", "Move", "Recruit", "Secrete", "TakeUp"),
    "rules": ("Rule", "Rules"),
    "simulation": ("Simulation",),
    "start": ("Ball", "Cells", "FromTable", "Infiltrate", "Scatter"),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load each part on its first use: importing the package costs next to nothing."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

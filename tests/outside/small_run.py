"""A small run of the engine that other programs are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qsp_abm as qa
from qsp_abm.library import models


def small_run(path: Path, shape: tuple[int, int, int] = (24, 24, 1)) -> Any:
    """Record four days of a small tumour with T cells and a drug, nine frames."""
    model = models.solid_tumour_2d(lattice=qa.Lattice(shape=shape, spacing=20.0))
    per = "400 / mm^2" if shape[2] == 1 else "20000 / mm^3"
    start = [qa.Ball("tumour", radius=80.0), qa.Scatter("cd8", per, fractions={"cd8_effector": 1.0})]
    simulation = qa.Simulation(model, start, [qa.Dose("pembrolizumab", "200 mg")], seed=3)
    return simulation.run("4 day", record=path, every="12 hour")

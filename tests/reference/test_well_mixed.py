"""In the well-mixed limit the coupled system is the published ODE: its tumour cells live on the lattice, the rest in the body.

Small cells in a box far from full, that divide at the rate of the model and die at the rate that the model gives at every moment (a
signal; the rule's saturating response is undone in it exactly). Two published models, unchanged but for that signal:

- Chaudhury et al. 2020 (BIOMD0000001024): tumour and CAR T cells as predator and prey.
- Tsur et al. 2019 (BIOMD0000000838): melanoma, antigen-presenting and CD8 cells.

One way: the model keeps its own tumour, and the lattice follows the rates. Two ways: the lattice replaces the model's tumour. Against
the model alone (libroadrunner). Tolerance 2 %: the means of the seeds lie within 1 % where all is right (the spread of one run is 0.5 %).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
import pytest

import qsp_abm as qa
from qsp_abm.body.alone import run_body
from qsp_abm.body.sbml import read_sbml

MODELS = Path(__file__).parent / "biomodels"
MOST = 40.0  # 1/day, far above every rate of death here
CELLS = 30_000
SEEDS = (1, 2)
LONGEST = 12.0  # day

# model, growth 1/day, rate of death of one tumour cell, its tumour, the reactions that change it, changed numbers, scale, days
CASES: dict[str, dict[str, Any]] = {
    "Chaudhury 2020": {
        "file": "BIOMD0000001024.xml",
        "growth": 0.15,
        "death": "d * Expanding_CAR_T_cells",
        "tumour": "Tumor_cells",
        "own": ("Tumor_cell_growth", "Tumor_cell_death"),
        # The model starts from 900: with more tumour cells and so much less of rho its other variable stays as it is.
        "values": {"Tumor_cells": float(CELLS), "rho": 0.0018 * 900 / CELLS},
        "scale": 1,
        "days": 4.0,
        "dt": "10 min",  # its rate of death doubles in half a day: a step of an hour errs by 5 %
    },
    "Tsur 2019": {
        "file": "BIOMD0000000838.xml",
        "growth": 0.04496,
        "death": "nu_mel * T / (M + g)",
        "tumour": "M",
        "own": ("Tumor_Growth", "Tumor_Death_CD8"),
        "values": {"M": 30.0 * CELLS},
        "scale": 30,
        "days": 12.0,
        "dt": "1 hour",
    },
}


@cache
def with_signal(name: str) -> str:
    """Return the SBML of a case with the signal of death: Hill's response to it, MOST u / (1 + u), is the rate."""
    case = CASES[name]
    document = libsbml.readSBMLFromFile(str(MODELS / case["file"]))
    model = document.getModel()
    for identifier, formula in (
        ("death_rate", case["death"]),
        ("death_signal", f"death_rate / ({MOST!r} - death_rate)"),
    ):
        parameter = model.createParameter()
        parameter.setId(identifier)
        parameter.setConstant(False)
        rule = model.createAssignmentRule()
        rule.setVariable(identifier)
        rule.setMath(libsbml.parseL3Formula(formula))
    return str(libsbml.writeSBMLToString(document))


def coupled(name: str, *, two_ways: bool, exchange: Any, seed: int) -> qa.Simulation:
    case = CASES[name]
    ports: dict[str, Any] = {"death": {"read": "death_signal"}}
    if two_ways:
        ports["tumour"] = {"drive": case["tumour"], "instead_of": case["own"]}
    body = qa.Body.from_sbml(with_signal(name), ports, units="as-is", time="day", values=case["values"])
    cell = qa.CellType(
        name="tumour",
        volume=60.0,
        occupies="small",
        processes=(qa.Divide(rate=case["growth"]), qa.Die(rate=0.0)),
        rules=(qa.Rule(target="die.rate", signal="body.death", effect="increases", half=1.0, limit=MOST),),
    )
    told = qa.Coupling(inputs={"tumour": qa.Living(types=("tumour",))}, scale=case["scale"], exchange=exchange)
    model = qa.Model(
        lattice=qa.Lattice(shape=(60, 60, 1), spacing=20.0, thickness=20.0),
        cells=(cell,),
        body=body,
        coupling=told if two_ways else None,
        dt=case["dt"],
    )
    per_area = CELLS / (60 * 60 * 400e-6)
    return qa.Simulation(model, qa.Scatter("tumour", f"{per_area!r} / mm^2"), seed=seed, threads=1)


@cache
def alone(name: str) -> Callable[[float], float]:
    """Return the tumour of the model by itself, in cells of the lattice, by the day."""
    case = CASES[name]
    found = run_body(read_sbml(with_signal(name), name), LONGEST, 0.05, case["values"]).table()
    values = found[case["tumour"]] / case["scale"]
    return lambda day: float(np.interp(day, values.index, values))


def ratios(name: str, days: Sequence[float], **settings: Any) -> dict[float, float]:
    """Return coupled over alone by the day, mean over the seeds."""
    found: dict[float, list[float]] = {day: [] for day in days}
    for seed in SEEDS:
        one = coupled(name, seed=seed, **settings)
        assert one.counts()["tumour"] == pytest.approx(CELLS, abs=1)
        for day in days:
            one.step_until(day)
            found[day].append(one.counts()["tumour"] / alone(name)(day))
    return {day: float(np.mean(values)) for day, values in found.items()}


@pytest.mark.parametrize("two_ways", [False, True], ids=["one way", "two ways"])
@pytest.mark.parametrize("name", CASES)
def test_the_coupled_system_is_the_published_ode(name: str, two_ways: bool) -> None:
    days = (CASES[name]["days"] / 2, CASES[name]["days"])
    for ratio in ratios(name, days, two_ways=two_ways, exchange=None).values():
        assert ratio == pytest.approx(1, abs=0.02)
    change = alone(name)(CASES[name]["days"]) / CELLS
    assert not 0.8 < change < 1.25, "a model that stands still tests nothing"


@pytest.mark.slow
def test_the_splitting_error_is_of_first_order() -> None:
    """Halving the exchange step halves the error, within the spread; told at day 5, where the model is at its fastest."""
    name, day = "Chaudhury 2020", 5.0
    errors = [abs(ratios(name, (day,), two_ways=True, exchange=f"{hours} hour")[day] - 1) for hours in (6, 3, 1.5)]
    assert errors[0] > 0.1, "an error that is not seen tests nothing"
    assert errors[1] < 0.6 * errors[0] + 0.01
    assert errors[2] < 0.6 * errors[1] + 0.01

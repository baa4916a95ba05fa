"""A model of 103 species in mixed units, over 400 days, against itself in coherent units and against another integrator.

`mixed_units/description.py` says what it is, `build.py` writes it as SBML in the manner of SimBiology's exports and as a plain
Python right-hand side, `solve.py` integrates that with scipy's Radau (rtol 1e-8, exact Jacobian) to `radau.csv`; none of them uses
the package. It has an event by time, one by state that happens twice, a volume that follows its cells, and surfaces.
Tolerances: 1e-6 to the coherent twin (only factors differ; measured 8e-8), 1e-4 to Radau (measured 1e-7), with a floor of a
millionth of a cell or molecule.
"""

from __future__ import annotations

import csv
from functools import lru_cache

import numpy as np
import pytest

from qsp_abm.body.alone import run_body
from qsp_abm.body.normalise import UnitMode, normalise
from qsp_abm.body.sbml import SbmlModel, read_sbml
from qsp_abm.errors import ModelError

from .mixed_units.build import coherent, sbml, to_declared
from .mixed_units.description import UNITS, describe
from .mixed_units.solve import TABLE, TIMES, solve

FLOOR = 1e-6  # items

Table = dict[str, np.ndarray]


@lru_cache
def mixed() -> SbmlModel:
    return read_sbml(sbml(describe()))


def daily(model: SbmlModel, units: UnitMode) -> Table:
    table = run_body(model, 400, 1, units=units).table()
    return {str(name): table[name].to_numpy() for name in table}


def at_times(table: Table) -> Table:
    return {name: values[[int(time) for time in TIMES]] for name, values in table.items()}


@lru_cache
def converted() -> Table:
    return daily(mixed(), "convert")


def assert_alike(found: Table, expected: Table, tolerance: float) -> None:
    scale = to_declared(describe())
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, tolerance, FLOOR * scale[name], err_msg=name)


def stored() -> Table:
    with TABLE.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert [float(time) for time in header[1:]] == list(TIMES)
    return {row[0]: np.array([float(value) for value in row[1:]]) for row in rows}


def test_the_model_is_as_mixed_as_it_says() -> None:
    m = describe()
    used = {each.substance for each in m.species.values()} | {unit for _, unit, _ in m.compartments.values()}
    used |= {unit for _, unit in [*m.parameters.values(), *m.rules.values()]}
    assert used <= set(UNITS) and len(used) > 20
    assert len(m.species) > 100 and len(m.reactions) > 150
    assert normalise(mixed(), "auto") is not None


def test_conversion_gives_what_coherent_numbers_give() -> None:
    m = describe()
    twin = daily(read_sbml(sbml(coherent(m), units=False)), "as-is")
    scale = to_declared(m)
    assert_alike(converted(), {name: values * scale[name] for name, values in twin.items()}, 1e-6)


def test_conversion_gives_what_another_integrator_gives() -> None:
    expected = stored()
    assert set(expected) == set(converted())
    assert_alike(at_times(converted()), expected, 1e-4)


def test_events_happen() -> None:
    cancer, drug = converted()["C"], converted()["Drug_C"]
    assert (np.diff(cancer) < -0.3 * cancer[:-1]).sum() == 2  # surgery, once before the drug and once after
    assert drug[120] == 0.0 < drug[121]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("C > C_surgery", "C > 4e7", "event 'event_surgery'"),
        ("k_death*C", "k_death*(C + 1)", "substance and 1 together"),
        ("entry_3", "k_exit", "reaction 'reaction_enter_node_3'"),
        ("q_P*(Drug_C - Drug_P)", "q_P*(Drug_C - C)", "together; the result would depend on the units"),
    ],
)
def test_formulas_that_do_not_fit_are_named(old: str, new: str, said: str) -> None:
    m = describe()
    m.reactions = {name: (change, new if law == old else law) for name, (change, law) in m.reactions.items()}
    m.events = {name: (new if trigger == old else trigger, then) for name, (trigger, then) in m.events.items()}
    with pytest.raises(ModelError, match="units cannot be converted") as refused:
        normalise(read_sbml(sbml(m)))
    assert said in str(refused.value)


@pytest.mark.slow
def test_the_stored_table_can_be_made_again() -> None:
    assert_alike(solve(), stored(), 1e-6)

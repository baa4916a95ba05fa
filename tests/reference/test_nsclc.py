"""The body of Gong et al. 2021 against trajectories of the original: every state and derived quantity, with and without drug.

Tables and how they were made: nsclc_qsp/README.md (MIT, copyright 2021 popellab). Tolerance 1e-4 relative, that of a correct
model at the solver's tolerance and two orders below what tells a defect of the original from its absence; floors of a thousandth
of a cell and a millionth of a nM or molecule. This checks code, not biology.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from qsp_abm.body.crossing import first_day
from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.doses import Dose
from qsp_abm.errors import ModelError
from qsp_abm.library.published import nivolumab_gong_2021, nsclc_gong_2021
from qsp_abm.library.published.nsclc_gong_2021 import DERIVED, STATES, states

FOLDER = Path(__file__).parent / "nsclc_qsp"
TOLERANCE = 1e-4
FLOORS = {"cell": 1e-3, "nM": 1e-6, "molecule": 1e-6, "cell/day": 1e-3, "L": 0.0, "": 0.0}
NIVOLUMAB = Dose("nivolumab", "3 mg/kg", at="1e-6 day", every="14 day", count=52)

UNINHIBITED = "1 - H_PD1"  # carries the whole kill flux; 3e-5 without drug

Table = dict[str, np.ndarray]


def published(name: str) -> tuple[np.ndarray, Table]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    table = {row[0]: np.array([float(value) for value in row[2:]]) for row in rows}
    assert set(table) == {*STATES, *DERIVED, UNINHIBITED}
    return np.array([float(time) for time in header[2:]]), table


def run(body: Body, times: np.ndarray, doses: tuple[Dose, ...] = ()) -> Table:
    machine = BodyMachine(body, [nivolumab_gong_2021()], doses)
    rows = [machine.signals()]
    for before, after in pairwise(times):
        machine.advance(float(before), float(after))
        rows.append(machine.signals())
    return {
        name.removeprefix("nsclc."): column
        for name, column in zip(machine.signal_names, np.array(rows).T, strict=True)
        if name.startswith("nsclc.")
    }


@lru_cache
def diagnosed(program: str) -> tuple[int, Body]:
    body = nsclc_gong_2021(program)  # type: ignore[arg-type]
    day, signals = first_day(body, "nsclc.tumour_volume", at_least=0.07)
    return day, nsclc_gong_2021(program, start=states(signals))  # type: ignore[arg-type]


def assert_alike(found: Table, expected: Table) -> None:
    for name, unit in {**STATES, **DERIVED}.items():
        np.testing.assert_allclose(found[name], expected[name], TOLERANCE, FLOORS[unit], err_msg=name)
    np.testing.assert_allclose(1 - found["H_PD1"], expected[UNINHIBITED], TOLERANCE, err_msg=UNINHIBITED)


def test_before_diagnosis() -> None:
    times, expected = published("prediagnosis")
    assert_alike(run(nsclc_gong_2021(), times), expected)


def test_diagnosis_is_on_the_same_day() -> None:
    assert diagnosed("single")[0] == 1774
    assert diagnosed("sim")[0] == 1772


@pytest.mark.parametrize(
    ("table", "program", "doses"),
    [
        ("untreated", "single", ()),
        ("nivolumab", "single", (NIVOLUMAB,)),
        ("nivolumab_second_set", "sim", (NIVOLUMAB,)),
    ],
)
def test_after_diagnosis(table: str, program: str, doses: tuple[Dose, ...]) -> None:
    times, expected = published(table)
    assert_alike(run(diagnosed(program)[1], times, doses), expected)


def test_the_second_tumour_is_gone_on_day_28() -> None:
    found = run(diagnosed("sim")[1], np.array([0.0, 28.0, 28.3271, 28.3273, 40.0]), (NIVOLUMAB,))
    cells = found["tumour.cancer"]
    assert cells[2] == pytest.approx(100.0, rel=1e-3) and cells[2] > 100.0
    assert abs(cells[3:]).max() < 1e-12


@pytest.mark.parametrize("saved", [0, 100, 113, 114, 130])
def test_restart_across_extinction_is_exact(saved: int) -> None:
    body = diagnosed("sim")[1]
    machine, again = (BodyMachine(body, [nivolumab_gong_2021()], [NIVOLUMAB]) for _ in range(2))
    for step in range(saved):
        machine.advance(step / 4, (step + 1) / 4)
    again.set_state(machine.state())
    for step in range(saved, 140):
        for each in (machine, again):
            each.advance(step / 4, (step + 1) / 4)
        assert np.array_equal(machine.species(), again.species())


def test_a_defect_mended_would_show() -> None:
    """Without complexes at the start (oddity 1) killing is inhibited less: the tables can tell."""
    times, expected = published("prediagnosis")
    mended = nsclc_gong_2021(start_synapse_pd1_pdl1=0, start_synapse_pd1_pdl2=0)
    uninhibited = 1 - run(mended, times[:2])["H_PD1"][1]
    assert uninhibited == pytest.approx(2.83e-4, rel=0.01)
    assert uninhibited > 5 * expected[UNINHIBITED][1]


def test_what_is_given_appears_in_blood() -> None:
    """240 mg are 1671.309 nmol, and appear as 2159.93 nmol (oddity 4), infused or as a bolus."""
    body = nsclc_gong_2021()
    for duration in (0.0, 1.0 / 86400.0):
        machine = BodyMachine(body, [nivolumab_gong_2021()], [Dose("nivolumab", "240 mg", duration=duration)])
        machine.advance(0.0, 2.0 / 86400.0)
        blood = machine.signals()[machine.signal_names.index("nsclc.blood.nivolumab")]
        assert blood * 6.0 == pytest.approx(2159.93, rel=1e-4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"program": "multi"}, "unknown program 'multi'"),
        ({"start": {"tumour.cancr": 1.0}}, "did you mean 'tumour.cancer'"),
        ({"start": {"tumour.cancer": 1.0}}, "all 47 states are needed"),
        ({"k_grow": 1}, "did you mean 'k_growth'"),
    ],
)
def test_wrong_arguments_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        nsclc_gong_2021(**given)  # type: ignore[arg-type]

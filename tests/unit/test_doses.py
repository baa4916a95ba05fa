"""Doses, regimens and their expansion."""

from __future__ import annotations

import pytest

from qsp_abm.body.description import Drug
from qsp_abm.doses import Dose, Regimen, courses, schedule
from qsp_abm.errors import ModelError

DRUG = Drug(name="drug", dose_into="drug_central", infusion="drug_infusion", weight=70.0, duration="30 min")
CELLS = Drug(name="car_t", unit="cell", dose_into="car_t_blood")


def test_expands_and_sorts() -> None:
    doses = [Dose("drug", "200 mg", at="1 day", every="3 week", count=3), Dose("drug", "1 mg/kg", duration=0)]
    rows = schedule(doses, [DRUG], 100.0)
    assert [(row.time, row.amount) for row in rows] == [(0.0, 70.0), (1.0, 200.0), (22.0, 200.0), (43.0, 200.0)]
    assert [row.duration for row in rows] == [0.0, *[30 / 1440] * 3]


def test_without_count_as_long_as_the_run() -> None:
    assert [row.time for row in schedule([Dose("drug", 5, every=7)], [DRUG], 21.0)] == [0.0, 7.0, 14.0]
    assert [row.time for row in schedule([Dose("drug", 5, every=7, until=14)], [DRUG], 60.0)] == [0.0, 7.0, 14.0]
    assert [row.time for row in schedule([Dose("drug", 5, every=7, until=13.9)], [DRUG], 60.0)] == [0.0, 7.0]
    assert [row.time for row in schedule([Dose("drug", 5, every=7, until=30, count=2)], [DRUG], 60.0)] == [0.0, 7.0]


def test_times_are_computed_not_accumulated() -> None:
    rows = schedule([Dose("drug", 1, every=0.1, count=1001)], [DRUG], 200.0)
    assert rows[-1].time == 1000 * 0.1


def test_zero_is_dropped_and_order_does_not_matter() -> None:
    doses = [Dose("drug", "0 mg"), Dose("drug", "3 mg"), Dose("car_t", "1e8 cell", at=2)]
    assert courses(doses, [DRUG, CELLS]) == courses(doses[::-1], [DRUG, CELLS])
    assert len(courses(doses, [DRUG, CELLS])) == 2


def test_regimens_are_sets_of_doses() -> None:
    regimen = Regimen(name="step up", doses=[Dose("drug", "1 mg"), Dose("drug", "10 mg", at="1 week")])
    assert [row.amount for row in schedule([regimen], [DRUG], 60.0)] == [1.0, 10.0]


def test_round_trip_through_json() -> None:
    for dose in (Dose("drug", "2 mg/kg", every="3 week", count=4), Dose("drug", 5.0, duration=0)):
        assert Dose.model_validate_json(dose.model_dump_json()) == dose


@pytest.mark.parametrize(
    "given",
    [
        {"amount": "-1 mg"},
        {"amount": "nan mg"},
        {"amount": "much"},
        {"amount": "3 parsnip"},
        {"amount": "1 mg", "at": "-1 day"},
        {"amount": "1 mg", "at": "3 um"},
        {"amount": "1 mg", "every": 0},
        {"amount": "1 mg", "count": 3},
        {"amount": "1 mg", "until": 3},
        {"amount": "1 mg", "every": 1, "count": 0},
        {"amount": "1 mg", "every": 1, "at": 5, "until": 3},
        {"amount": "1 mg", "duration": "0.1 s"},
        {"amount": "1 mg", "route": "transdermal"},
        {"amount": "1 mg", "rate": 3, "duration": 1},
        {"amount": "1 mg", "rate": 0},
        {"amount": "1 mg", "rate": "fast"},
        {"amount": "1 mg", "evry": 3},
    ],
)
def test_refuses(given: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        Dose("drug", **given)


def test_refuses_what_the_drug_does_not_take() -> None:
    with pytest.raises(ModelError, match="did you mean 'drug'"):
        courses([Dose("drugg", "1 mg")], [DRUG])
    with pytest.raises(ModelError, match="mass"):
        courses([Dose("drug", "1e8 cell")], [DRUG])
    with pytest.raises(ModelError, match="infused"):
        courses([Dose("car_t", "1e8 cell", duration="1 hour")], [CELLS])
    with pytest.raises(ModelError, match="weight"):
        courses([Dose("car_t", "1e6 cell/kg")], [CELLS])

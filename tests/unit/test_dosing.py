"""Regimens as text, holds and restarts, routes with lag, bioavailability and rates."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from test_body import counter, drug, run

from qsp_abm.body.description import Drug, Entry
from qsp_abm.body.machine import BodyMachine
from qsp_abm.doses import Dose, Regimen, schedule
from qsp_abm.dosing import Hold, hold, regimen, restart_after
from qsp_abm.errors import ModelError

DRUG = Drug(name="drug", dose_into="drug_central", infusion="drug_infusion", weight=72.0, height=200.0)


def times(given: Regimen, until: float = 300.0) -> list[tuple[float, float]]:
    return [(row.time, row.amount) for row in schedule([given], [DRUG], until)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200 mg q3w x 3", [(0, 200), (21, 200), (42, 200)]),
        ("2 mg/kg q3w x 2", [(0, 144), (21, 144)]),
        ("10 mg/m2 weekly x 2 iv over 30 min", [(0, 20), (7, 20)]),  # sqrt(200 72 / 3600) = 2 m2
        ("0.8/2.5/10/30 mg step-up q1w x 2", [(0, 0.8), (7, 2.5), (14, 10), (21, 30), (28, 30)]),
        ("1/2/60 mg on 0, 7, 14 then 60 mg from 21 then 30 mg q3w x 2", [(0, 1), (7, 2), (14, 60), (21, 60), (42, 30), (63, 30)]),
        ("28 ug/day iv over 21 day from 7", [(7, 0.588)]),
        ("5 mg bid x 2", [(0, 5), (0.5, 5)]),
        ("5 mg daily until day 2", [(0, 5), (1, 5), (2, 5)]),
        ("5 mg from 1 week q12h x3", [(7, 5), (7.5, 5), (8, 5)]),
        ("200 mg q3w x 4 hold 20 to 50 skip", [(0, 200), (63, 200)]),
        ("200 mg q3w x 4 hold 20 to 50 shift", [(0, 200), (50, 200), (71, 200), (92, 200)]),
        ("1 mg weekly x 2 then 3 mg q2w x 2", [(0, 1), (7, 1), (21, 3), (35, 3)]),
    ],
)  # fmt: skip
def test_text(text: str, expected: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(times(regimen("drug", text)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("200 mg monthly", "write q4w or q30d"),
        ("200 mg biweekly", "twice a week and every two weeks"),
        ("200 mg qod", "easily misread"),
        ("200 mg q3w from C1D8", "days here count from 0"),
        ("200 mg q3w q2w", "said twice"),
        ("1/2 mg", "needs an interval"),
        ("1/2/3 mg on 0, 7", "2 days for 3 amounts"),
        ("1/2 mg on 0, 7 x 3", "x cannot stand beside"),
        ("28 ug/day iv", "is a rate"),
        ("200 mg q3w then 100 mg q3w", "never ends"),
        ("200 mg q3w x 2 then 100 mg", "needs 'from' or 'on'"),
        ("200 mg q3w x 0", "whole number above 0"),
        ("200 mg qq3w", "did you mean 'q3w'"),
        ("mg 200", "must begin with an amount"),
        ("200 mg q3w hold 3", "hold 42 to 84 skip"),
        ("200 mg q3w over", "needs a number"),
        ("200 parsnip q3w", "parsnip"),
    ],
)
def test_text_refuses(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        regimen("drug", text)


def test_per_surface_needs_a_height() -> None:
    with pytest.raises(ModelError, match="weight and height"):
        schedule([Dose("drug", "10 mg/m2")], [DRUG.replace(height=None)], 1.0)


def test_reload_after_a_gap() -> None:
    planned = regimen("drug", "1/2/9 mg on 0, 3, 6 then 9 mg weekly x 5")
    rules = {7.0: [Dose("drug", "2 mg")], 28.0: [Dose("drug", "1 mg"), Dose("drug", "2 mg", at=3)]}
    given = restart_after(60.0 - 20.0, rules)
    paused = hold(planned, Hold(start=21, stop=60, rule="reload", reload=given, then=4, drug="drug"))
    assert times(paused) == [(0, 1), (3, 2), (6, 9), (13, 9), (20, 9), (60, 1), (63, 2), (67, 9), (74, 9), (81, 9)]
    assert restart_after(7.0, rules) == ()


def test_a_hold_of_nothing_changes_nothing() -> None:
    planned = regimen("drug", "5 mg q2w x 3")
    for rule in ("skip", "shift"):
        assert times(hold(planned, Hold(start=15, stop=20, rule=rule))) == times(planned)  # type: ignore[arg-type]


def test_hold_of_one_drug_of_two() -> None:
    both = Regimen(name="both", doses=(Dose("drug", 1, every=7), Dose("other", 2, every=7)))
    paused = hold(both, Hold(start=7, stop=21, rule="skip", drug="drug"))
    assert [dose.model_dump(exclude_defaults=True) for dose in paused.doses if dose.drug == "other"] == [
        {"drug": "other", "amount": 2.0, "every": 7.0}
    ]
    assert [dose.at for dose in paused.doses if dose.drug == "drug"] == [0.0, 21.0]
    with pytest.raises(ModelError, match="did you mean 'other'"):
        hold(both, Hold(start=7, stop=21, rule="skip", drug="othr"))


@pytest.mark.parametrize(
    "given",
    [
        {"start": 5, "stop": 5, "rule": "skip"},
        {"start": 5, "stop": 9, "rule": "reload"},
        {"start": 5, "stop": 9, "rule": "skip", "then": 3},
        {"start": 5, "stop": 9, "rule": "reload", "then": 3, "reload": (Dose("drug", 1),), "drug": "other"},
        {"start": 5, "stop": 9, "rule": "reload", "then": 3, "reload": (Dose("drug", 1, every=2),)},
    ],
)
def test_hold_refuses(given: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        Hold(**given)


# -- routes ------------------------------------------------------------------------------------------------------------

KA, F, LAG = 0.25, 0.6, 0.4


def depot(**changes: float) -> Drug:
    """The two-compartment drug of the body tests, with a depot and a zero-order entry beside the vein."""
    text = """
    substanceOnly species drug_depot in drug_space; drug_depot = 0; drug_depot => drug_central; drug_ka * drug_depot;
    drug_zero_order = 0; => drug_central; drug_zero_order; drug_other := 1 - drug_f;
    """
    plain = drug()
    numbers = {"ka": KA, "f": F, "lag": LAG, "length": 0.5} | changes
    added = tuple(plain.parameters[0].replace(name=name, value=value) for name, value in numbers.items())
    first = Entry(into="drug_depot", fraction="drug_f", lag="drug_lag", infusion=None)
    second = Entry(into="drug_central", fraction="drug_other", infusion="drug_zero_order", duration="drug_length")
    return plain.replace(
        antimony=plain.antimony + text,
        parameters=plain.parameters + added,
        routes={"sc": (first,), "oral": (first, second)},
        usual_route="sc",
    )


def central_after_depot(t: np.ndarray, ka: float, amount: float) -> np.ndarray:
    """Amount in the central compartment after an amount in the depot at t = 0: the sum of three exponentials."""
    from test_body import K10, K12, K21

    total, product = K10 + K12 + K21, K10 * K21
    root = np.sqrt(total**2 - 4 * product)
    alpha, beta = (total + root) / 2, (total - root) / 2
    late = np.maximum(t, 0.0)
    terms = (
        (K21 - alpha) / ((ka - alpha) * (beta - alpha)) * np.exp(-alpha * late),
        (K21 - beta) / ((ka - beta) * (alpha - beta)) * np.exp(-beta * late),
        (K21 - ka) / ((alpha - ka) * (beta - ka)) * np.exp(-ka * late),
    )
    return np.where(t > 0, ka * amount * sum(terms), 0.0)


def central(machine: BodyMachine, steps: int, dt: float) -> np.ndarray:
    return run(machine, steps, dt)[:, machine.species_names.index("drug_central")]


def test_depot_with_lag_and_bioavailability() -> None:
    machine = BodyMachine(None, [depot()], [Dose("drug", "100 mg"), Dose("drug", "50 mg", at=3)])
    t = np.arange(1, 121) * 0.1
    expected = sum(central_after_depot(t - at - LAG, KA, F * amount) for at, amount in ((0, 100.0), (3, 50.0)))
    np.testing.assert_allclose(central(machine, 120, 0.1), expected, rtol=1e-6)
    assert machine.given()["drug"] == F * 150.0
    assert machine.species().sum() == pytest.approx(F * 150.0, rel=1e-9)


def test_dual_absorption() -> None:
    from test_body import closed_form

    machine = BodyMachine(None, [depot()], [Dose("drug", "100 mg", route="oral")])
    t = np.arange(1, 61) * 0.1
    expected = central_after_depot(t - LAG, KA, F * 100) + closed_form(t, (1 - F) * 100, 0.5)
    np.testing.assert_allclose(central(machine, 60, 0.1), expected, rtol=1e-6)
    assert machine.species().sum() == pytest.approx(100.0, rel=1e-9)


def test_intravenous_beside_subcutaneous() -> None:
    machine = BodyMachine(
        None, [depot()], [Dose("drug", "10 mg", route="iv"), Dose("drug", "10 mg", route="iv", rate=40)]
    )
    run(machine, 1, 0.25)
    assert machine.given()["drug"] == pytest.approx(20.0, rel=1e-12)


def test_restart_with_a_dose_on_its_way() -> None:
    def made() -> BodyMachine:
        return BodyMachine(None, [depot()], [Dose("drug", "3 mg", every=0.7, route="oral")])

    whole, again = made(), made()
    run(whole, 8, 0.1)
    state = whole.state()
    assert len(state["late"]) and len(state["infusions"])
    again.set_state(state)
    assert np.array_equal(run(whole, 30, 0.1, 8), run(again, 30, 0.1, 8))


def test_states_of_the_first_version_are_read() -> None:
    doses = [Dose("c", "3 mg", every=0.7, duration=0.2)]
    whole, again = (BodyMachine(None, [counter()], doses) for _ in range(2))
    run(whole, 8, 0.1)
    state = whole.state()
    state["courses"] = np.delete(state["courses"], [6, 7], axis=1)
    del state["late"]
    again.set_state(state)
    assert np.array_equal(run(whole, 30, 0.1, 8), run(again, 30, 0.1, 8))


@pytest.mark.parametrize("grid", [lambda k: k / 6, lambda k: k * (1 / 6)], ids=["k / 6", "k * (1 / 6)"])
def test_every_lagged_dose_arrives_once(grid: Callable[[int], float]) -> None:
    """Arrivals on a step, 1e-12 and 1e-11 beside it, and off it."""
    machine = BodyMachine(
        None,
        [depot(ka=0.0, f=1.0, lag=0.5)],
        [Dose("drug", 1, at=k / 6 + off) for k in range(0, 60, 7) for off in (0, 1e-12, 1e-11, 0.05)],
    )
    for before, after in pairwise(grid(k) for k in range(80)):
        machine.advance(before, after)
    assert machine.species()[machine.species_names.index("drug_depot")] == 36.0


def test_a_rate_is_of_what_is_bioavailable() -> None:
    """NONMEM: F shortens an infusion given by its rate, and lowers the rate of one given by its duration."""
    text = (
        "compartment c_space = 1; substanceOnly species c_total in c_space; c_total = 0; c_infusion = 0; c_f = 0.5;"
        "=> c_total; c_infusion;"
    )
    entry = Entry(into="c_total", infusion="c_infusion", fraction="c_f")
    made = Drug(name="c", antimony=text, dose_into="c_total", routes={"im": (entry,)}, usual_route="im")
    by_rate = BodyMachine(None, [made], [Dose("c", "8 mg", rate="1 mg/day")])
    by_time = BodyMachine(None, [made], [Dose("c", "8 mg", duration=8)])
    assert run(by_rate, 8, 1.0)[:, 0] == pytest.approx([1, 2, 3, 4, 4, 4, 4, 4], rel=1e-9)
    assert run(by_time, 8, 1.0)[:, 0] == pytest.approx(np.arange(1, 9) / 2, rel=1e-9)


def test_routes_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match="no route 'im'; allowed: iv, oral, sc"):
        BodyMachine(None, [depot()], [Dose("drug", 1, route="im")])
    with pytest.raises(ModelError, match="cannot be infused"):
        BodyMachine(None, [depot()], [Dose("drug", 1, duration=1)])
    with pytest.raises(ModelError, match="usual_route 'im'"):
        depot().replace(usual_route="im")


def test_negative_fractions_are_refused() -> None:
    with pytest.raises(ModelError, match="none may be"):
        run(BodyMachine(None, [depot(f=1.5)], [Dose("drug", 1, route="oral")]), 1, 0.1)


def test_reset() -> None:
    machine = BodyMachine(None, [drug()], [Dose("drug", 5, every=1), Dose("drug", 5, duration=9)])
    run(machine, 10, 0.25)
    machine.reset()
    assert run(machine, 10, 0.25, 10).tolist() == [[0.0, 0.0, 0.0]] * 10

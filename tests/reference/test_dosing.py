"""Doses against closed forms of linear models, steady state, and the semantics of event tables.

Closed forms: sums of exponentials of the one- and two-compartment models with bolus, infusion and first-order depot (Gibaldi and
Perrier 1982, Pharmacokinetics), written out below; tolerance 1e-6, the solver being at 1e-10. Event tables: NONMEM's meaning of
EVID, RATE, SS, II, ADDL and of next or last observation carried; several tests are errors once reported for other programs
(named in their docstrings) and expect what NONMEM does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from qsp_abm.body.description import Drug, Entry
from qsp_abm.body.machine import BodyMachine
from qsp_abm.doses import Dose, schedule
from qsp_abm.dosing import EventTable, predict, read_events, steady_state, write_events
from qsp_abm.errors import ModelError, SolverError
from qsp_abm.library import drugs
from qsp_abm.library.drugs import target_mediated
from qsp_abm.parameters import Parameter

CL, V, KA, F, LAG = 0.8, 4.0, 0.9, 0.6, 0.3
K = CL / V

_TEXT = """
compartment d_space = 1; substanceOnly species d_depot in d_space; substanceOnly species d_central in d_space;
d_depot = 0; d_central = 0; d_infusion = 0; d_muscle = 0; d_k := d_clearance * d_weight / 70 / d_volume;
d_plasma := d_central / d_volume;
=> d_central; d_infusion; => d_central; d_muscle; d_depot => d_central; d_ka * d_depot; d_central => ; d_k * d_central;
"""


def one_compartment(**changes: float) -> Drug:
    """Clearance in proportion to weight; iv, sc by a depot, im as an infusion of a fraction."""
    numbers = {"clearance": CL, "volume": V, "ka": KA, "f": F, "lag": LAG, "weight": 70.0} | changes
    return Drug(
        name="d",
        antimony=_TEXT,
        dose_into="d_central",
        infusion="d_infusion",
        routes={
            "sc": (Entry(into="d_depot", fraction="d_f", lag="d_lag"),),
            "im": (Entry(into="d_central", infusion="d_muscle", fraction="d_f", lag="d_lag"),),
        },
        weight=numbers["weight"],
        signals={"d.plasma": ("d_plasma", "mg/L")},
        parameters=tuple(
            Parameter(name=name, value=value, source="test", kind="assumed") for name, value in numbers.items()
        ),
    )


def bolus(t: np.ndarray, k: float = K) -> np.ndarray:
    return np.where(t >= 0, np.exp(-k * np.maximum(t, 0.0)), 0.0)


def infusion(t: np.ndarray, length: float, k: float = K) -> np.ndarray:
    """Of an amount of 1."""
    on = np.clip(t, 0.0, length)
    return (1 - np.exp(-k * on)) / (k * length) * np.exp(-k * np.maximum(t - length, 0.0))


def depot(t: np.ndarray, ka: float = KA, k: float = K) -> np.ndarray:
    late = np.maximum(t, 0.0)
    if ka == k:
        return k * late * np.exp(-k * late)
    return ka / (ka - k) * (np.exp(-k * late) - np.exp(-ka * late))


def plasma(drug: Drug, doses: list[Dose], times: np.ndarray) -> np.ndarray:
    machine = BodyMachine(None, [drug], doses)
    found = []
    for before, after in zip([0.0, *times[:-1].tolist()], times.tolist(), strict=True):
        machine.advance(before, after)
        found.append(machine.signals()[0])
    return np.array(found)


T = np.arange(1, 61) * 0.2


@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        (Dose("d", "100 mg", route="iv"), lambda t: 100 * bolus(t)),
        (Dose("d", "100 mg", duration=0.7), lambda t: 100 * infusion(t, 0.7)),
        (Dose("d", "100 mg", rate=25), lambda t: 100 * infusion(t, 4.0)),
        (Dose("d", "100 mg", route="sc"), lambda t: 100 * F * depot(t - LAG)),
        (Dose("d", "100 mg", route="im", rate=25), lambda t: 100 * F * infusion(t - LAG, 4.0 * F)),
        (Dose("d", "100 mg", route="im", duration=2), lambda t: 100 * F * infusion(t - LAG, 2.0)),
        (Dose("d", "10 mg", every=1.33, count=5), lambda t: 10 * sum(bolus(t - 1.33 * i) for i in range(5))),
    ],
)
def test_one_compartment(dose: Dose, expected: Callable[[np.ndarray], np.ndarray]) -> None:
    np.testing.assert_allclose(plasma(one_compartment(), [dose], T) * V, expected(T), rtol=1e-6, atol=1e-9)


def test_absorption_as_fast_as_elimination() -> None:
    found = plasma(one_compartment(ka=K), [Dose("d", "100 mg", route="sc")], T)
    np.testing.assert_allclose(found * V, 100 * F * depot(T - LAG, K), rtol=1e-6, atol=1e-9)


# -- steady state ------------------------------------------------------------------------------------------------------


def test_steady_state_of_one_compartment() -> None:
    """Geometric sums of the single dose, before the next one."""
    tau, drug = 2.0, one_compartment()
    ratio, slow = np.exp(-K * tau), np.exp(-KA * tau)
    by_vein = steady_state(drug, Dose("d", "100 mg", every=tau))
    assert by_vein.amounts[1] == pytest.approx(100 * ratio / (1 - ratio), rel=1e-6)
    infused = steady_state(drug, Dose("d", "100 mg", every=tau, duration=0.5))
    one = 100 * (1 - np.exp(-K * 0.5)) / (K * 0.5) * np.exp(-K * (tau - 0.5))
    assert infused.amounts[1] == pytest.approx(one / (1 - ratio), rel=1e-6)
    under_skin = steady_state(
        drug.replace(parameters=one_compartment(lag=0).parameters), Dose("d", "100 mg", every=tau, route="sc")
    )
    assert under_skin.amounts[0] == pytest.approx(100 * F * slow / (1 - slow), rel=1e-6)
    assert under_skin.amounts[1] == pytest.approx(
        100 * F * KA / (KA - K) * (ratio / (1 - ratio) - slow / (1 - slow)), rel=1e-6
    )
    constant = steady_state(drug, Dose("d", "12 mg", every=1, duration=1))
    assert constant.amounts[1] == pytest.approx(12 / K, rel=1e-6)


def test_steady_state_of_two_compartments() -> None:
    """Trough of pembrolizumab: the two exponentials of its bolus, summed; area over an interval is dose over clearance."""
    clearance, v1, q, v2, tau = 0.220, 3.48, 0.795, 4.06, 21.0
    k10, k12, k21 = clearance / v1, q / v1, q / v2
    root = np.sqrt((k10 + k12 + k21) ** 2 - 4 * k10 * k21)
    alpha, beta = (k10 + k12 + k21 + root) / 2, (k10 + k12 + k21 - root) / 2
    trough = sum(
        weight * np.exp(-rate * tau) / (1 - np.exp(-rate * tau))
        for weight, rate in (((alpha - k21) / (alpha - beta), alpha), ((k21 - beta) / (alpha - beta), beta))
    )
    found = steady_state(drugs.pembrolizumab(), Dose("pembrolizumab", "200 mg", every=tau, duration=0))
    assert found.amounts[0] == pytest.approx(200 * trough, rel=1e-6)
    assert found.species[2] == "pembrolizumab_eliminated"
    assert found.amounts[2] == 0.0


@pytest.mark.parametrize("form", ["full", "quasi-steady-state"])
def test_steady_state_of_target_mediated_disposition(form: str) -> None:
    """The fixed point is where a long run ends."""
    drug, dose = target_mediated(form=form), Dose("target_mediated", "10 mg", every=7)  # type: ignore[arg-type]
    found = steady_state(drug, dose)
    assert found.residual <= 1e-9
    machine = BodyMachine(None, [drug], [dose])
    for number in range(60):
        machine.advance(7.0 * number, 7.0 * number + 7.0)
    kept = [number for number, name in enumerate(found.species) if not name.endswith("eliminated")]
    np.testing.assert_allclose(found.amounts[kept], machine.species()[kept], rtol=1e-6)


def test_no_steady_state_is_refused() -> None:
    with pytest.raises(SolverError, match="exceed what can be eliminated"):
        steady_state(drugs.tocilizumab(clearance=0), Dose("tocilizumab", "560 mg", every=7))
    with pytest.raises(ModelError, match="give every"):
        steady_state(one_compartment(), Dose("d", "1 mg"))
    with pytest.raises(ModelError, match="the dose is 0"):
        steady_state(one_compartment(), Dose("d", "0 mg", every=2))
    with pytest.raises(ModelError, match="lag must be shorter"):
        steady_state(one_compartment(lag=3.0), Dose("d", "1 mg", every=2, route="sc"))


# -- target-mediated disposition --------------------------------------------------------------------------------------


def test_full_target_mediated_disposition_against_another_solver() -> None:
    """Mager and Jusko 2001, equations written anew in concentrations (nM), LSODA."""
    clearance, v1, q, v2, base, degradation, internalised, on, off = 0.2, 3.0, 0.5, 3.0, 5.0, 1.0, 0.5, 80.0, 40.0
    nmol = 1e6 / 150_000  # per mg

    def slope(_: float, y: np.ndarray) -> list[float]:
        free, outer, target, bound = y
        binds = on * free * target - off * bound
        return [
            -(clearance + q) / v1 * free + q / v1 * outer - binds,
            q / v2 * (free - outer),
            degradation * (base - target) - binds,
            binds - internalised * bound,
        ]

    t = np.arange(1.0, 29.0)
    start = [20 * nmol / v1, 0.0, base, 0.0]
    expected = solve_ivp(slope, (0, 28), start, "LSODA", t, rtol=1e-10, atol=1e-12).y
    found = run(target_mediated(), [Dose("target_mediated", "20 mg")], 28, 28)
    np.testing.assert_allclose(found["target_mediated.plasma"], expected[0] / nmol, rtol=1e-5)
    np.testing.assert_allclose(found["target_mediated.free_target"], expected[2], rtol=1e-5)
    np.testing.assert_allclose(found["target_mediated.bound"], expected[3], rtol=1e-5)


def test_soluble_target_against_another_solver() -> None:
    """Hibma 2026, section 2.4, in nmol: the complex is the printed smaller root of the binding quadratic, LSODA."""
    ka, f, nmol = 0.287, 0.562, 1000 / 148

    def complex_of(drug: float, target: float) -> float:
        total = 3.138 * 4.777 * 15.418 / 3.802 + drug + target
        return 0.5 * (total - np.sqrt(total**2 - 4 * drug * target))

    def slope(_: float, y: np.ndarray) -> list[float]:
        depot, drug, outer, target = y
        bound = complex_of(drug, target)
        lost = 0.164 * bound / 3.802
        return [
            -ka * depot,
            ka * depot - (0.324 + 0.225) / 4.777 * (drug - bound) - lost + 0.225 / 2.83 * outer,
            0.225 / 4.777 * (drug - bound) - 0.225 / 2.83 * outer,
            0.273 * 6.914 - 0.273 * (target - bound) / 15.418 - lost,
        ]

    t = np.arange(1.0, 57.0)
    start = [f * 76 * nmol, 0.0, 0.0, 6.914 * 15.418]
    _, drug, _, target = solve_ivp(slope, (0, 56), start, "LSODA", t, rtol=1e-10, atol=1e-12).y
    bound = complex_of(drug, target)
    found = run(drugs.elranatamab(), [Dose("elranatamab", "76 mg")], 56, 56)
    np.testing.assert_allclose(found["elranatamab.plasma"], (drug - bound) / 4.777 * 0.148, rtol=1e-5)
    np.testing.assert_allclose(found["elranatamab.soluble_bcma"], (target - bound) / 15.418, rtol=1e-5)


def run(drug: Drug, doses: list[Dose], until: float, steps: int) -> dict[str, np.ndarray]:
    machine = BodyMachine(None, [drug], doses)
    rows = []
    for number in range(steps):
        machine.advance(number * until / steps, (number + 1) * until / steps)
        rows.append(machine.signals())
    return dict(zip(machine.signal_names, np.array(rows).T, strict=True))


def test_fast_binding_makes_both_forms_agree() -> None:
    doses = [Dose("target_mediated", "5 mg")]
    near, far = (
        max(
            float(np.max(np.abs(one[name] - other[name]) / other[name].max()))
            for name in ("target_mediated.plasma", "target_mediated.bound", "target_mediated.free_target")
        )
        for one, other in (
            tuple(
                run(target_mediated(form=form, association=80 * fast, dissociation=40 * fast), doses, 28, 56)
                for form in ("full", "quasi-steady-state")
            )
            for fast in (100.0, 1.0)
        )
    )
    assert near < 1e-3
    assert near < far / 10


def test_target_returns_to_its_baseline() -> None:
    late = run(drugs.elranatamab(), [Dose("elranatamab", "76 mg")], 1200, 12)
    assert late["elranatamab.soluble_bcma"][0] < 6.0
    assert late["elranatamab.soluble_bcma"][-1] == pytest.approx(6.914, rel=1e-4)


# -- event tables ------------------------------------------------------------------------------------------------------


def table(**columns: list[float]) -> EventTable:
    return EventTable(pd.DataFrame(columns).astype("float64"))


def seen(events: EventTable, **more: object) -> np.ndarray:
    return predict(one_compartment(), events, **more)["d.plasma"].to_numpy() * V  # type: ignore[arg-type]


NAN = float("nan")
IM = {"routes": {1: "iv", 2: "sc", 3: "im"}}


def test_table_both_ways(tmp_path: Path) -> None:
    text = (
        "ID,TIME,AMT,CMT,EVID,MDV,RATE,II,ADDL,SS,DV,WT\n"
        "1,0,200,1,1,1,-2,21,3,0,.,70.5\n1,0.125,.,1,0,0,0,0,0,0,57.25,.\n2,0,1e-07,2,4,1,0,0,0,0,.,81\n"
    )
    path, again = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text(text)
    first = read_events(path)
    write_events(first, again)
    assert again.read_text() == text
    pd.testing.assert_frame_equal(read_events(again).frame, first.frame)
    assert first.covariates == ["WT"]
    assert first.people == [1, 2]
    assert first.records(1)[1]["WT"] == 70.5


def test_doses_to_a_table_and_back() -> None:
    doses = [
        Dose("d", "2 mg/kg", every=7, count=3, duration=0.5, route="im"),
        Dose("d", "30 mg", at=2, rate=60, route="iv"),
        Dose("d", "5 mg", at=1, every=2, route="sc"),
        Dose("other", "5 mg"),
    ]
    drug = one_compartment()
    events = EventTable.from_doses(doses, drug, until=20.0)
    assert events.frame["ADDL"].tolist() == [2.0, 9.0, 0.0]
    names = dict(enumerate(drug.all_routes, 1))
    again = events.doses("d", routes=names)
    assert schedule(again, [drug], 20.0) == schedule(doses[:3], [drug], 20.0)
    solved = predict(drug, events, routes=names)["d.plasma"].to_numpy()[-1]
    assert solved == pytest.approx(plasma(drug, doses[:3], np.array([2.0 + 1e-9]))[0], rel=1e-6)
    with pytest.raises(ModelError, match="for predict only"):
        table(TIME=[0], AMT=[1], II=[2], SS=[1]).doses("d")
    with pytest.raises(ModelError, match="no ID 7"):
        events.doses("d", 7)


def test_comments_and_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("# made by hand\n#ID,TIME,AMT\n1,0,5\nC,1,7\n# no\n\n1,2,.\n")
    assert read_events(path).frame["TIME"].tolist() == [0.0, 2.0]
    path.write_text("C,ID,TIME,AMT\n.,1,0,5\nC,1,1,7\n,1,2,.\n")
    assert read_events(path).frame.columns.tolist() == ["ID", "TIME", "AMT"]
    assert read_events(path).frame["TIME"].tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,TIME\n1,8:30\n", "clock time"),
        ("ID,TIME,AMT\n1,0\n", "line 2: 2 fields for 3 columns"),
        ("ID,TIME,SEX\n1,0,male\n", "SEX 'male' is no number"),
        ("ID,time\n1,0\n", "no column TIME"),
        ("ID,TIME,TIME\n1,0,0\n", "named twice"),
        ("ID,TIME\n", "no records"),
        ("ID,TIME,AMT,EVID\n1,0,0,1\n", "needs an AMT"),
        ("ID,TIME,AMT,EVID\n1,0,5,0\n", "is no dose"),
        ("ID,TIME,AMT,ADDL\n1,0,5,3\n", "need II"),
        ("ID,TIME,AMT,SS\n1,0,5,1\n", "needs II"),
        ("ID,TIME,AMT,EVID\n1,0,5,7\n", "allowed: 0, 1, 2, 3, 4"),
        ("ID,TIME,AMT,RATE\n1,0,5,-3\n", "modelled duration"),
        ("ID,TIME,AMT,RATE,DUR\n1,0,5,3,1\n", "not both"),
        ("ID,TIME,AMT,CMT\n1,0,5,-1\n", "compartments off"),
        ("ID,TIME,AMT,CMT\n1,0,5,1.5\n", "whole number"),
        ("ID,TIME,AMT\n1,3,5\n1,2,.\n", "TIME falls"),
    ],
)
def test_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ModelError, match=message):
        read_events(path)


def test_doses_of_a_table() -> None:
    events = table(
        TIME=[0, 1, 2.5, 4, 7],
        AMT=[100, NAN, 50, NAN, NAN],
        RATE=[0, 0, 25, 0, 0],
        II=[1.5, 0, 0, 0, 0],
        ADDL=[2, 0, 0, 0, 0],
    )
    t = np.array([0, 1, 2.5, 4, 7])
    expected = 100 * sum(bolus(t - each) for each in (0.0, 1.5, 3.0)) + 50 * infusion(t - 2.5, 2.0)
    np.testing.assert_allclose(seen(events), expected, rtol=1e-6)


def test_the_order_of_records_counts() -> None:
    """An observation before a dose of the same time sees the state before it."""
    found = seen(table(TIME=[0, 0, 0], AMT=[NAN, 80, NAN], EVID=[0, 1, 0]))
    assert found.tolist() == [0.0, 80.0, 80.0]


def test_amounts_per_weight_and_hours() -> None:
    events = EventTable(pd.DataFrame({"TIME": [0.0, 24.0], "AMT": [2.0, NAN], "WT": [50.0, 50.0]}), "mg/kg", "hour")
    found = predict(one_compartment(), events, covariates={"WT": "weight"})["d.plasma"].to_numpy() * V
    np.testing.assert_allclose(found, 100 * np.exp([0.0, -K * 50 / 70]), rtol=1e-6)


def test_reset_cancels_everything() -> None:
    """EVID 3 empties, stops infusions and cancels ADDL; EVID 4 gives a dose besides, and TIME may begin anew."""
    events = table(
        TIME=[0, 0.5, 1, 3, 0, 1],
        AMT=[100, 40, NAN, NAN, 60, NAN],
        EVID=[1, 1, 3, 0, 4, 0],
        RATE=[0, 10, 0, 0, 0, 0],
        II=[2, 0, 0, 0, 0, 0],
        ADDL=[5, 0, 0, 0, 0, 0],
    )
    found = seen(events)
    assert found[2:4].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(found[4:], 60 * np.exp([0.0, -K]), rtol=1e-6)


def test_reset_and_dose_with_steady_state_and_further_doses() -> None:
    """rxode2 #717: EVID 4 with SS and II; what came before must leave no trace."""
    t = [0, 2, 3, 4, 9]
    fresh = table(
        TIME=[0, 1, 2, 7],
        AMT=[100, NAN, NAN, NAN],
        EVID=[1, 0, 0, 0],
        II=[2, 0, 0, 0],
        ADDL=[1, 0, 0, 0],
        SS=[1, 0, 0, 0],
    )
    after = table(
        TIME=t,
        AMT=[900, 100, NAN, NAN, NAN],
        EVID=[1, 4, 0, 0, 0],
        II=[0, 2, 0, 0, 0],
        ADDL=[0, 1, 0, 0, 0],
        SS=[0, 1, 0, 0, 0],
    )
    np.testing.assert_allclose(seen(after)[1:], seen(fresh), rtol=1e-8)


def test_reset_and_dose_with_a_lag() -> None:
    """mrgsolve #1396: the system must be reset at EVID 4 although the dose itself comes later."""
    events = table(TIME=[0, 1, 1.2, 3], AMT=[100, 50, NAN, NAN], EVID=[1, 4, 0, 0], CMT=[1, 2, 1, 1])
    found = seen(events, **IM)
    assert found[1:3].tolist() == [0.0, 0.0]
    assert found[3] == pytest.approx(50 * F * depot(np.array(2.0 - LAG)), rel=1e-6)


@pytest.mark.parametrize("rate", [25.0, 30.0, 12.0])
def test_steady_state_of_an_infusion_as_long_as_its_interval(rate: float) -> None:
    """mrgsolve #947: with F below 1 the infusion lasts F AMT / RATE; equal to II, or several times II."""
    tau = 100 * F / 30.0
    events = table(
        TIME=[0, 0.5, tau * 0.9],
        AMT=[100, NAN, NAN],
        EVID=[1, 0, 0],
        CMT=[3, 3, 3],
        RATE=[rate, 0, 0],
        II=[tau, 0, 0],
        SS=[1, 0, 0],
    )
    t = np.array([0, 0.5, tau * 0.9])
    expected = 100 * F * sum(infusion(t + number * tau, 100 * F / rate) for number in range(200))
    found = predict(one_compartment(lag=0.0), events, routes={3: "im"})["d.plasma"].to_numpy() * V
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("cmt", [2, 3])
def test_steady_state_with_a_lag(cmt: int) -> None:
    """mrgsolve #239: SS with a lag is where additional doses lead to."""
    count, tau = 60, 2.0
    rate = 40.0 * (cmt == 3)
    long = table(
        TIME=[0, tau * count, tau * count + 0.2, tau * count + 1.7],
        AMT=[100, NAN, NAN, NAN],
        CMT=[cmt] * 4,
        RATE=[rate, 0, 0, 0],
        II=[tau, 0, 0, 0],
        ADDL=[count, 0, 0, 0],
    )
    steady = table(
        TIME=[0, 0.2, 1.7], AMT=[100, NAN, NAN], CMT=[cmt] * 3, RATE=[rate, 0, 0], II=[tau, 0, 0], SS=[1, 0, 0]
    )
    np.testing.assert_allclose(seen(steady, **IM), seen(long, **IM)[1:], rtol=1e-6)


def test_steady_state_added() -> None:
    """SS 2 adds to what is there; two regimens of a linear drug superpose."""
    events = table(TIME=[0, 0, 1], AMT=[100, 30, NAN], II=[2, 0.5, 0], SS=[1, 2, 0])
    ratio, other = np.exp(-2 * K), np.exp(-0.5 * K)
    expected = (100 / (1 - ratio) + 30 / (1 - other)) * np.exp([0.0, -K])
    np.testing.assert_allclose(seen(events)[1:], expected, rtol=1e-6)


def test_constant_infusion() -> None:
    """AMT 0, RATE, SS 1: the plateau, and off from there."""
    found = seen(table(TIME=[0, 2], AMT=[0, NAN], EVID=[1, 0], RATE=[12, 0], SS=[1, 0]))
    np.testing.assert_allclose(found, 12 / K * np.exp([0.0, -2 * K]), rtol=1e-6)


def amount(times: list[float], weights: list[float], t: float, rate: list[float]) -> float:
    """Central amount at t, weights and input rates constant between times."""
    found = 0.0
    for begin, end, weight, into in zip(times[:-1], times[1:], weights, rate, strict=True):
        k, length = K * weight / 70, min(end, t) - begin
        if length > 0:
            found = found * np.exp(-k * length) + into / k * (1 - np.exp(-k * length))
    return float(found)


@pytest.mark.parametrize(("advance", "weights"), [("nocb", [90.0, 90.0, 140.0]), ("locf", [70.0, 70.0, 90.0])])
def test_the_end_of_an_infusion_is_no_record(advance: str, weights: list[float]) -> None:
    """mrgsolve #741, RxODE #468: a covariate that changes with time is not moved on by the edge of an infusion."""
    events = table(TIME=[0, 2, 4], AMT=[50, NAN, NAN], RATE=[50, 0, 0], WT=[70, 90, 140])
    found = seen(events, covariates={"WT": "weight"}, advance=advance)
    expected = [amount([0, 1, 2, 4], weights, t, [50.0, 0.0, 0.0]) for t in (0, 2, 4)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("advance", ["nocb", "locf"])
def test_modelled_duration_and_rate_take_the_covariate_of_their_record(advance: str) -> None:
    """mrgsolve #808, RxODE #264: RATE -2 and -1 by a covariate, at the record of the dose."""
    by_duration = table(TIME=[0, 1, 2, 4], AMT=[NAN, 60, NAN, NAN], RATE=[0, -2, 0, 0], HOURS=[9, 2, 7, 7])
    by_rate = table(TIME=[0, 1, 2, 4], AMT=[NAN, 60, NAN, NAN], RATE=[0, -1, 0, 0], HOURS=[9, 2, 7, 7])
    expected = 60 * infusion(np.array([-1.0, 0.0, 1.0, 3.0]), 2.0)
    duration = seen(by_duration, modelled_duration=lambda record: record["HOURS"], advance=advance)
    rate = seen(by_rate, modelled_rate=lambda record: 60 / record["HOURS"], advance=advance)
    np.testing.assert_allclose(duration, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(rate, expected, rtol=1e-6, atol=1e-12)


def test_covariates_of_a_population_model() -> None:
    """Albumin acts on clearance and volume as the population model says: the same as a drug with these numbers."""
    events = table(TIME=[0, 21], AMT=[200, NAN], ALB=[30, 30])
    model = drugs.pembrolizumab().variability
    assert model is not None
    typical = drugs.pembrolizumab().typical
    same = drugs.pembrolizumab(**model.values(typical, {"albumin": 30.0}))
    by_table = predict(drugs.pembrolizumab(), events, covariates={"ALB": "albumin"})
    plain = predict(same, table(TIME=[0, 21], AMT=[200, NAN]))
    np.testing.assert_allclose(by_table["pembrolizumab.plasma"], plain["pembrolizumab.plasma"], rtol=1e-9)


def test_predict_refuses() -> None:
    events = table(TIME=[0, 1], AMT=[100, NAN], CMT=[4, 4], RATE=[-2, 0], WT=[70, 70])
    for more, message in (
        ({"covariates": {"WTT": "weight"}}, "did you mean 'WT'"),
        ({"covariates": {"WT": "weigth"}}, "did you mean 'weight'"),
        ({"advance": "nobc"}, "did you mean 'nocb'"),
        ({}, "give modelled_duration"),
        ({"modelled_duration": -1.0}, "above 0"),
        ({"modelled_duration": 1.0, "routes": {1: "iv"}}, "CMT 4 has no route"),
    ):
        with pytest.raises(ModelError, match=message):
            predict(one_compartment(), events, **more)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="ID 1 has no value of the covariate WT"):
        predict(one_compartment(), table(TIME=[0], AMT=[5], WT=[NAN]), covariates={"WT": "weight"})
    with pytest.raises(ModelError, match="SS is not defined"):
        predict(drugs.nivolumab(), table(TIME=[0, 1], AMT=[240, NAN], II=[14, 0], SS=[1, 0]))

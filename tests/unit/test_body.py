"""The body: exact doses, closed forms, restart, refusals."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest

from qsp_abm.body.description import Body, Drug, compose
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.ode import Ode, to_sbml
from qsp_abm.doses import Dose
from qsp_abm.errors import ModelError, SolverError
from qsp_abm.library.bodies import constant_blood
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.parameters import Parameter, load, tables

K10, K12, K21, VOLUME = 0.4, 0.3, 0.2, 3.0


def parameter(name: str, value: float) -> Parameter:
    return Parameter(name=name, value=value, source="test", kind="assumed")


def drug(name: str = "drug", **more: object) -> Drug:
    text = """
    compartment N_space = 2;
    substanceOnly species N_central in N_space; substanceOnly species N_peripheral in N_space;
    substanceOnly species N_gone in N_space;
    N_central = 0; N_peripheral = 0; N_gone = 0; N_infusion = 0;
    N_concentration := N_central / N_volume;
    => N_central; N_infusion;
    N_central => N_gone; N_k10 * N_central;
    N_central => N_peripheral; N_k12 * N_central;
    N_peripheral => N_central; N_k21 * N_peripheral;
    """
    given: dict[str, object] = {
        "name": name,
        "antimony": text.replace("N_", f"{name}_"),
        "dose_into": f"{name}_central",
        "infusion": f"{name}_infusion",
        "signals": {f"{name}.concentration": (f"{name}_concentration", "mg/L")},
        "species": {f"{name}_central": "mg"},
        "parameters": (
            parameter("k10", K10),
            parameter("k12", K12),
            parameter("k21", K21),
            parameter("volume", VOLUME),
        ),
        "weight": 70.0,
    }
    return Drug(**(given | more))


def counter() -> Drug:
    """A drug that only piles up: what is in the body is what was given."""
    text = "compartment c_space = 1; substanceOnly species c_total in c_space; c_total = 0; c_infusion = 0; => c_total; c_infusion;"
    return Drug(
        name="c", antimony=text, dose_into="c_total", infusion="c_infusion", signals={"c.total": ("c_total", "mg")}
    )


def run(machine: BodyMachine, steps: int, dt: float, first: int = 0) -> np.ndarray:
    rows = []
    for step in range(first, first + steps):
        machine.advance(step * dt, (step + 1) * dt)
        rows.append(machine.species())
    return np.array(rows)


def closed_form(t: np.ndarray, amount: float, duration: float) -> np.ndarray:
    """Central amount of the two-compartment model after a bolus (duration 0) or an infusion at t = 0."""
    total, product = K10 + K12 + K21, K10 * K21
    root = np.sqrt(total**2 - 4 * product)
    alpha, beta = (total + root) / 2, (total - root) / 2
    weights = ((alpha - K21) / (alpha - beta), (K21 - beta) / (alpha - beta))
    if duration == 0:
        return amount * sum(w * np.exp(-rate * t) for w, rate in zip(weights, (alpha, beta), strict=True))
    on = np.minimum(t, duration)
    return (
        amount
        / duration
        * sum(
            w / rate * (1 - np.exp(-rate * on)) * np.exp(-rate * (t - on))
            for w, rate in zip(weights, (alpha, beta), strict=True)
        )
    )


@pytest.mark.parametrize("duration", [0.0, 0.5, 3.21])
@pytest.mark.parametrize(("steps", "dt"), [(200, 0.1), (2400, 6 / 1440)])
def test_closed_form(duration: float, steps: int, dt: float) -> None:
    machine = BodyMachine(None, [drug()], [Dose("drug", "100 mg", duration=duration)])
    central = run(machine, steps, dt)[:, 0]
    expected = closed_form(np.arange(1, steps + 1) * dt, 100.0, duration)
    np.testing.assert_allclose(central, expected, rtol=1e-6)
    assert machine.signals() == pytest.approx([expected[-1] / VOLUME], rel=1e-6)


def test_mass_balance_of_infusions() -> None:
    doses = [
        Dose("drug", "100 mg", at=0.033, duration=0.77, every=1.13, count=9),
        Dose("drug", "7 mg", at=2, duration=5),
    ]
    machine = BodyMachine(None, [drug()], doses)
    for step in range(240):
        machine.advance(step * 0.05, (step + 1) * 0.05)
        assert machine.species().sum() == pytest.approx(machine.given()["drug"], rel=1e-9)
    assert machine.given()["drug"] == pytest.approx(907.0, rel=1e-14)


def test_boluses_and_infusions_arrive_whole() -> None:
    doses = [
        Dose("c", "3 mg", at=at, duration=length) for at in (0, 1, 1 / 3, 2 + 1e-13) for length in (0, 1 / 48, 0.5)
    ]
    machine = BodyMachine(None, [counter()], doses)
    assert run(machine, 60, 0.05)[-1, 0] == pytest.approx(36.0, rel=1e-9)


def test_dose_at_zero_counts_and_simultaneous_doses_add() -> None:
    machine = BodyMachine(
        None, [counter()], [Dose("c", "5 mg"), Dose("c", "8 mg"), Dose("c", "2 mg", at=1), Dose("c", "2 mg", at=1)]
    )
    assert machine.signals()[0] == 0.0
    totals = run(machine, 3, 0.5)[:, 0]
    assert totals.tolist() == [13.0, 13.0, 17.0]


GRIDS = {
    "steps of 1/6": lambda k: k * (1 / 6),
    "k/6": lambda k: k / 6,
    "accumulated": lambda k: float(np.cumsum(np.full(k, 1 / 6))[-1]) if k else 0.0,
    "minutes": lambda k: k * 10 / 1440,
    "steps of 0.1": lambda k: k * 0.1,
}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("off", [0.0, 1e-15, -1e-15, 1e-10, -1e-10, 1e-7, 0.37])
@pytest.mark.parametrize("duration", [0.0, 0.005])
def test_every_dose_counts_once(grid: str, off: float, duration: float) -> None:
    time_of = GRIDS[grid]
    at = [abs(time_of(k) * (1 + off)) for k in (0, 1, 2, 17, 90, 91, 239, 240)]
    machine = BodyMachine(None, [counter()], [Dose("c", 1.0, at=time, duration=duration) for time in at])
    for k in range(240):
        machine.advance(time_of(k), time_of(k + 1))
    before_end = sum(time < machine.time * (1 - 2e-10) for time in at)
    if duration == 0:
        assert machine.species()[0] == before_end
    machine.settle(machine.time)
    for k in range(240, 420):
        machine.advance(time_of(k), time_of(k + 1))
    assert machine.species()[0] == pytest.approx(8.0, rel=1e-9)


def test_settling_twice_gives_once() -> None:
    machine = BodyMachine(None, [counter()], [Dose("c", 1.0, at=1)])
    machine.advance(0, 1)
    machine.settle(1.0)
    machine.settle(1.0)
    machine.advance(1.0, 2.0)
    assert machine.species()[0] == 1.0


def scenario() -> BodyMachine:
    doses = [
        Dose("pembrolizumab", "2 mg/kg", at=0.01, every=0.73),
        Dose("pembrolizumab", "10 mg", at=0.3, every=0.21, duration=0.19, count=14),
        Dose("drug", "5 mg", every=1, duration="20 hour", until=9),
    ]
    return BodyMachine(constant_blood(), [pembrolizumab(), drug()], doses)


def test_restart_is_exact() -> None:
    steps, dt = 500, 1 / 144
    whole = scenario()
    points = sorted(int(k) for k in np.random.default_rng(7).choice(np.arange(1, steps), 15, replace=False))
    states = {}
    rows = []
    for step in range(steps):
        if step in points:
            states[step] = whole.state()
        whole.advance(step * dt, (step + 1) * dt)
        rows.append(whole.species())
    expected = np.array(rows)
    assert any(len(state["infusions"]) for state in states.values())
    for step, state in states.items():
        again = scenario()
        run(again, 3, dt)  # whatever it did before does not matter
        again.set_state(state)
        later = min(60, steps - step)
        assert np.array_equal(run(again, later, dt, step), expected[step : step + later])
        assert again.given().keys() == whole.given().keys()
    final = scenario()
    final.set_state(states[points[-1]])
    run(final, steps - points[-1], dt, points[-1])
    for name, values in whole.state().items():
        assert np.array_equal(values, final.state()[name]), name


def test_restart_with_rate_rules_and_a_changing_volume() -> None:
    text = """
    compartment lesion = 1; lesion' = 0.05 * lesion; species x in lesion; x = 1; substanceOnly species y in lesion; y = 2;
    signal = 1; signal' = 0.3 * y - 0.2 * signal; x => y; 0.4 * x * lesion * signal; y => ; 0.1 * y; z := x * signal;
    """
    body = Body(name="body", antimony=text, signals={"z": ("z", ""), "signal": ("signal", "")})
    whole, states, rows = BodyMachine(body), [], []
    for step in range(200):
        states.append(whole.state())
        whole.advance(step * 0.05, (step + 1) * 0.05)
        rows.append(whole.signals())
    for step in (1, 37, 100, 163, 199):
        again = BodyMachine(body)
        again.set_state(states[step])
        for later in range(step, 200):
            again.advance(later * 0.05, (later + 1) * 0.05)
            assert np.array_equal(again.signals(), rows[later]), (step, later)


def digest() -> str:
    machine = scenario()
    run(machine, 300, 1 / 144)
    return hashlib.sha256(b"".join(values.tobytes() for values in machine.state().values())).hexdigest()


def test_reading_does_not_change_anything_and_solvers_are_reused() -> None:
    first = digest()
    machine = scenario()
    for step in range(300):
        machine.advance(step / 144, (step + 1) / 144)
        machine.signals(), machine.species(), machine.given(), machine.state(), machine.since_first_dose()
    assert digest() == first


def test_another_process_gives_the_same_bits() -> None:
    code = f"import sys; sys.path.insert(0, {str(__file__.rsplit('/', 1)[0])!r}); import test_body; print(test_body.digest())"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert found == digest()


def test_two_bodies_at_once() -> None:
    one, two = scenario(), BodyMachine(None, [pembrolizumab()])
    run(one, 10, 0.1)
    run(two, 10, 0.1)
    assert two.species().tolist() == [0.0, 0.0, 0.0, 0.0]
    branch = scenario()
    branch.set_state(one.state())
    assert np.array_equal(run(branch, 20, 0.1, 10), run(one, 20, 0.1, 10))


def test_give_later() -> None:
    early = BodyMachine(None, [counter()], [Dose("c", 1.0, every=1), Dose("c", 5.0, at=2, duration=0.5)])
    late = BodyMachine(None, [counter()], [Dose("c", 1.0, every=1)])
    run(early, 15, 0.1)
    run(late, 15, 0.1)
    late.give([Dose("c", 5.0, at=2, duration=0.5)])
    assert np.array_equal(run(early, 25, 0.1, 15), run(late, 25, 0.1, 15))
    with pytest.raises(ModelError, match="past"):
        late.give([Dose("c", 1.0, at=0)])


def test_time_since_first_dose() -> None:
    ageing = drug(
        antimony=drug().antimony + "drug_started = 1e9; drug_age := time - drug_started;",
        first_dose="drug_started",
        signals={"drug.age": ("drug_age", "day")},
    )
    machine = BodyMachine(None, [ageing], [Dose("drug", 1.0, at=0.25, every=1)])
    run(machine, 1, 0.1)
    assert machine.since_first_dose() == {}
    run(machine, 29, 0.1, 1)
    assert machine.since_first_dose()["drug"] == pytest.approx(2.75)
    assert machine.signals()[0] == pytest.approx(2.75)


def test_inputs_act_in_the_same_step() -> None:
    text = "compartment space = 1; substanceOnly species x in space; x = 1; rate = 0; => x; rate * x;"
    body = Body(name="body", antimony=text, signals={"x": ("x", "")})
    machine = BodyMachine(body, inputs=["rate"])
    for step in range(10_000):
        machine.advance(step * 1e-3, (step + 1) * 1e-3, [0.3 if step % 2 else 0.1])
    assert machine.signals()[0] == pytest.approx(np.exp(2.0), rel=3e-6)  # growing, restarted 10,000 times


def test_initial_values_follow_parameters() -> None:
    text = "compartment space = 1; substanceOnly species x in space; x = 2 * body_a; b = 3 * body_a; c := b + x;"
    body = Body(name="body", antimony=text, signals={"c": ("c", "")}, parameters=(parameter("a", 4.0),))
    assert BodyMachine(body).signals()[0] == 20.0


def test_mg_per_kg_and_weight() -> None:
    heavy = BodyMachine(None, [pembrolizumab(weight="100 kg")], [Dose("pembrolizumab", "2 mg/kg", duration=0)])
    heavy.settle(0.0)
    assert heavy.species()[0] == 200.0
    assert heavy.signals()[0] == pytest.approx(200.0 / (3.48 * (100 / 76.8) ** 0.489), rel=1e-12)


def test_doses_of_zero_change_nothing() -> None:
    with_zero = BodyMachine(None, [drug()], [Dose("drug", 4.0, at=0.2), Dose("drug", "0 mg", at=0.13, every=0.5)])
    without = BodyMachine(None, [drug()], [Dose("drug", 4.0, at=0.2)])
    assert np.array_equal(run(with_zero, 30, 0.1), run(without, 30, 0.1))


def test_constant_blood() -> None:
    machine = BodyMachine(constant_blood(treg="60 cell/uL"))
    run(machine, 3, 1.0)
    assert dict(zip(machine.signal_names, machine.signals(), strict=True)) == {"blood.cd8": 642.0, "blood.treg": 60.0}
    assert machine.signal_units == ("cell/uL", "cell/uL")


def test_composed_text_stands_alone() -> None:
    text = compose(constant_blood(), [pembrolizumab()])
    assert "pembrolizumab_clearance = 0.22;" in text
    ode = Ode(to_sbml(text))
    ode.add(ode.amount("pembrolizumab_central"), 200.0)
    ode.step(0.0, 1.0)
    machine = BodyMachine(constant_blood(), [pembrolizumab()], [Dose("pembrolizumab", "200 mg", duration=0)])
    machine.advance(0.0, 1.0)
    assert np.array_equal(machine.species(), ode.amounts())


@pytest.mark.parametrize("delay", ["", "0.1 after "])
def test_delayed_events_run_but_are_not_saved(delay: str) -> None:
    text = f"compartment space = 1; substanceOnly species x in space; x = 0; at {delay}(time > 0.5): x = x + 1;"
    machine = BodyMachine(Body(name="body", antimony=text, signals={"x": ("x", "")}))
    machine.advance(0, 1)
    assert machine.signals()[0] == 1.0
    if delay:
        with pytest.raises(ModelError, match="delayed events"):
            machine.state()
    else:
        again = BodyMachine(Body(name="body", antimony=text, signals={"x": ("x", "")}))
        again.set_state(machine.state())
        again.advance(1, 2)
        assert again.signals()[0] == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 = x + k; k = 1;", "algebraic rules"),
        ("x => ; delay(x, 2);", "delays"),
    ],
)
def test_refuses_what_the_solver_cannot_do(text: str, reason: str) -> None:
    head = "compartment space = 1; substanceOnly species x in space; x = 1;"
    with pytest.raises(ModelError, match=f"algebraic rules, delays and fast reactions are refused; .*{reason}"):
        BodyMachine(Body(name="body", antimony=head + text))


def test_refuses_fast_reactions() -> None:
    sbml = to_sbml("compartment space = 1; species x in space; x = 1; x => ; x;").replace(
        "<reaction ", '<reaction fast="true" '
    )
    with pytest.raises(ModelError, match="fast reactions"):
        Ode(sbml)


def test_bad_input_is_named() -> None:
    with pytest.raises(ModelError, match="Antimony"):
        BodyMachine(Body(name="body", antimony="x = = 3"))
    with pytest.raises(ModelError, match="did you mean 'drug_central'"):
        BodyMachine(None, [drug(dose_into="drug_centrl")])
    with pytest.raises(ModelError, match="drug_infusion"):
        BodyMachine(None, [drug(infusion="drug_infusoin")])
    with pytest.raises(ModelError, match="unknown parameter"):
        BodyMachine(None, [drug(signals={"a": ("drug_nothing", "")})])
    with pytest.raises(ModelError, match="called 'drug'"):
        BodyMachine(None, [drug(), drug()])
    with pytest.raises(ModelError, match=r"called 'drug\.concentration'"):
        BodyMachine(None, [drug(), drug("other", signals={"drug.concentration": ("other_concentration", "")})])
    with pytest.raises(ModelError, match="leave it out"):
        drug(antimony="drug_k10 = 3")
    with pytest.raises(ModelError, match="does not fit"):
        BodyMachine(None, [drug()]).set_state(BodyMachine(None, [counter()]).state())
    with pytest.raises(SolverError, match="cannot begin"):
        BodyMachine(None, [drug()]).advance(1.0, 2.0)


def test_solver_chatter_shows_in_errors_only(capfd: pytest.CaptureFixture[str]) -> None:
    text = "compartment space = 1; substanceOnly species x in space; x = 1; => x; x * x;"  # infinite at t = 1
    machine = BodyMachine(Body(name="body", antimony=text))
    with pytest.raises(SolverError, match=r"body: no step from 0.0 to 2.0: .*CV"):
        machine.advance(0.0, 2.0)
    assert capfd.readouterr().err == ""


def test_tables_of_numbers() -> None:
    assert {"body", "pembrolizumab"} <= set(tables())
    numbers = load("pembrolizumab")
    assert numbers["affinity"].value == 0.029
    assert numbers["infusion_time"].value == 30 / 1440
    for number in numbers.values():
        assert number.source
        assert ("unverified" in number.source) == (number.kind == "unverified")
    assert load("pembrolizumab", {"clearance": "0.01 L/hour"})["clearance"].value == pytest.approx(0.24)
    assert load("pembrolizumab", {"clearance": "0.01 L/hour"})["clearance"].kind == "assumed"
    with pytest.raises(ModelError, match="did you mean 'clearance'"):
        pembrolizumab(clearence=1)
    with pytest.raises(ModelError, match="clearance"):
        pembrolizumab(clearance="3 mg")
    with pytest.raises(ModelError, match="did you mean 'pembrolizumab'"):
        load("pembrolizumb")


def test_description_survives_json() -> None:
    for part in (constant_blood(), pembrolizumab()):
        assert type(part).model_validate_json(part.model_dump_json()) == part
        assert hash(part) == hash(type(part).model_validate_json(part.model_dump_json()))


def test_describing_loads_nothing_that_runs() -> None:
    code = (
        "import sys; from qsp_abm.library import bodies, drugs, regimens; drugs.pembrolizumab(); "
        "assert not {'roadrunner', 'antimony', 'pandas', 'xarray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_speed() -> None:
    machine = BodyMachine(constant_blood(), [pembrolizumab()], [Dose("pembrolizumab", "200 mg", every="3 week")])
    begun = time.process_time()
    run(machine, 14_400, 6 / 1440)
    taken = time.process_time() - begun
    assert machine.signals()[2] == pytest.approx(26.126802, rel=1e-6)
    assert taken < 3.0, f"60 days at 6 min took {taken:.2f} s"

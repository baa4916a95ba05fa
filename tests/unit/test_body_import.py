"""Imported bodies: ports, units, time, drugs beside them, restart, refusals."""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest

from qsp_abm import ModelError, Simulation
from qsp_abm.body.alone import run_body
from qsp_abm.body.assemble import assemble
from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.ode import to_sbml
from qsp_abm.body.sbml import load, read_sbml
from qsp_abm.coupling import Coupling, Living
from qsp_abm.doses import Dose
from qsp_abm.experiment import Experiment
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.library.models import solid_tumour_2d
from qsp_abm.start import Ball

MODELS = Path(__file__).parents[1] / "reference" / "biomodels"

# T cells of the blood as a number, an antibody in moles per litre; hours.
PATIENT = """
function saturating(x, K)
  x/(K + x)
end
model patient
  unit cell = item; unit nM = 1e-9 mole/litre; unit L = litre; unit per_hour = 1/(3600 second); unit time_unit = 3600 second
  unit substance = item; unit extent = item
  compartment blood = 5; blood has L
  substanceOnly species T in blood; T = 3.2e9; T has cell
  species D in blood; D = 0; D has nM
  entry = 0; entry has flow; unit flow = item/(3600 second)
  loss = 0.01; loss has per_hour; out = 0.05; out has per_hour
  half = 10; half has nM
  enter: -> T; entry
  leave: T -> ; loss*T*(1 - saturating(D, half))
  clear: D -> ; out*D*blood
end
"""
PORTS = {
    "blood.cd8": {"read": "T", "unit": "cell/uL"},
    "drug.plasma": {"read": "D", "unit": "pM"},
    "drug": {"dose_into": "D", "unit": "mg", "molar_mass": "150000 g/mol"},
    "entry": {"drive": "entry", "unit": "cell/day"},
}

EVENTS = """
model eventful
  compartment c = 1; substanceOnly species A in c, C in c; A = 10; C = 1; k = 0.1; g = 0.3; on = 0; V = 1
  V' = 0.1*g
  A => ; k*A; => A; on; => C; g*C
  at (time >= 3.3): A = A + 5; at (time >= 5): on = 2; at (time >= 7.05): on = 0
  at (C > 20): g = 0.05; at (A < 3): A = A + 4, k = k*1.01
  at (time >= 0), t0=false: A = A + 1
  species $B in c; B = 3; C -> ; 0.01*B; at (time >= 4): B = 6
end
"""


def steps(machine: BodyMachine, first: int, last: int, dt: float, inputs: tuple[float, ...] = ()) -> np.ndarray:
    rows = []
    for step in range(first, last):
        machine.advance(step * dt, (step + 1) * dt, inputs)
        rows.append(np.concatenate([machine.signals(), machine.species()]))
    return np.array(rows)


def signals(machine: BodyMachine) -> dict[str, float]:
    return dict(zip(machine.signal_names, map(float, machine.signals()), strict=True))


@pytest.mark.parametrize("units", ["auto", "convert", "as-is"])
def test_signals_are_in_their_units_and_time_is_in_days(units: str) -> None:
    body = Body.from_antimony(PATIENT, PORTS, units=units)
    machine = BodyMachine(body)
    assert signals(machine)["blood.cd8"] == pytest.approx(640)
    steps(machine, 0, 20, 0.1)
    assert signals(machine)["blood.cd8"] == pytest.approx(640 * exp(-0.01 * 48), rel=1e-6)


@pytest.mark.parametrize("units", ["convert", "as-is"])
@pytest.mark.parametrize("duration", [0.0, 0.05])
def test_doses_arrive_in_moles(units: str, duration: float) -> None:
    body = Body.from_antimony(PATIENT, PORTS, units=units)
    machine = BodyMachine(body, [body.drug("drug")], [Dose("drug", "75 mg", duration=duration)])
    steps(machine, 0, 10, 0.1)
    whole = 75e-3 / 150e3 / 5 * 1e12  # pM
    out = 0.05 * 24
    left = exp(-out) if duration == 0 else (exp(out * duration) - 1) / (out * duration) * exp(-out)
    assert signals(machine)["drug.plasma"] == pytest.approx(whole * left, rel=1e-4)


def test_the_tissue_drives_what_it_is_given() -> None:
    body = Body.from_antimony(PATIENT, PORTS)
    machine = BodyMachine(body, inputs=[body.inputs["entry"][0]])
    steps(machine, 0, 50, 1.0, (1e9,))
    loss = 0.01 * 24
    steady = 1e9 / loss / 5e6
    assert signals(machine)["blood.cd8"] == pytest.approx(steady + (640 - steady) * exp(-loss * 50), rel=1e-6)


def test_a_driven_species_loses_its_own_reactions() -> None:
    with pytest.raises(ModelError, match="reaction 'leave' changes 'T' and is not in instead_of"):
        Body.from_antimony(PATIENT, {"T": {"drive": "T", "unit": "cell", "instead_of": ["enter"]}})
    port = {"drive": "T", "unit": "cell", "instead_of": ["enter", "leave"]}
    body = Body.from_antimony(PATIENT, {"cells": port, "blood.cd8": PORTS["blood.cd8"]})
    machine = BodyMachine(body, inputs=[body.inputs["cells"][0]])
    assert signals(machine)["blood.cd8"] == pytest.approx(640)  # until it is driven
    steps(machine, 0, 1, 1.0, (1e9,))
    assert signals(machine)["blood.cd8"] == pytest.approx(200)


def test_a_body_and_a_drug_are_one_model_and_do_not_disturb_each_other() -> None:
    doses = [Dose("pembrolizumab", "200 mg")]
    body = Body.from_antimony(PATIENT, PORTS)
    both = BodyMachine(body, [pembrolizumab()], doses)
    alone = BodyMachine(None, [pembrolizumab()], doses)
    steps(both, 0, 30, 0.5)
    steps(alone, 0, 30, 0.5)
    for name, value in signals(alone).items():
        assert signals(both)[name] == pytest.approx(value, rel=1e-6)
    assert signals(both)["blood.cd8"] == pytest.approx(640 * exp(-0.24 * 15), rel=1e-6)


def test_ids_that_clash_need_a_prefix() -> None:
    text = "model m; substanceOnly species S; S = 1; pembrolizumab_cl = 1; S => ; pembrolizumab_cl*S; end"
    body = Body.from_antimony(text, time="day")
    with pytest.raises(ModelError, match="'pembrolizumab_cl' is an id of a drug too; import the body with a prefix"):
        assemble(body, [pembrolizumab()])
    plain = Body(name="plain", prefix="", antimony="pembrolizumab_cl := 2;")
    with pytest.raises(ModelError, match="two of the body and drugs declare 'pembrolizumab_cl'"):
        assemble(plain, [pembrolizumab()])
    renamed = Body.from_antimony(text, {"S": {"read": "S"}}, time="day", prefix="own_")
    machine = BodyMachine(renamed, [pembrolizumab()])
    steps(machine, 0, 4, 0.25)
    assert signals(machine)["S"] == pytest.approx(exp(-1), rel=1e-6)
    assert "own_S" in machine.species_names


@pytest.mark.parametrize("name", ["BIOMD0000000791", "BIOMD0000001019", "BIOMD0000000765"])
def test_a_body_gives_what_its_file_gives_by_itself(name: str) -> None:
    """Events, function definitions, rules, initial assignments: every quantity, read as its id means it."""
    path = MODELS / f"{name}.xml"
    model = load(path)
    ports = {each.id: {"read": each.id} for each in model.quantities}
    machine = BodyMachine(Body.from_sbml(path, ports, units="as-is", time="day"))
    steps(machine, 0, 40, 0.5)
    assert signals(machine) == pytest.approx(run_body(model, 20).final, rel=1e-5, abs=1e-9, nan_ok=True)
    without = BodyMachine(Body.from_sbml(path, units="as-is", time="day"))
    steps(without, 0, 40, 0.5)
    np.testing.assert_allclose(without.species(), machine.species(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("saved", [0, 3, 33, 34, 50, 71, 90])
def test_restart_with_events_and_rate_rules_is_exact(saved: int) -> None:
    body = Body.from_antimony(EVENTS, time="day")
    doses = [Dose("pembrolizumab", "200 mg", at=2.05, every=3)]
    machine, again = (BodyMachine(body, [pembrolizumab()], doses) for _ in range(2))
    steps(machine, 0, saved, 0.1)
    again.set_state(machine.state())
    assert np.array_equal(steps(machine, saved, 120, 0.1), steps(again, saved, 120, 0.1))


def test_time_is_scaled_in_every_place() -> None:
    """Rates, rate rules, formulas with the time in them, event delays."""
    text = """
    model m; substanceOnly species S; S = 1; S => ; 0.1*S; R = 0; R' = 2; x := time^2; B = 0
    at 6 after (time > 12): B = B + time; end
    """
    body = Body.from_antimony(text, {name: {"read": name} for name in ("S", "R", "x", "B")}, time="hour")
    machine = BodyMachine(body)
    steps(machine, 0, 8, 0.125)
    assert signals(machine) == pytest.approx({"S": exp(-2.4), "R": 48, "x": 576, "B": 12}, rel=1e-6)


@pytest.mark.parametrize(
    ("ports", "settings", "said"),
    [
        ({"T": {"read": "TT"}}, {}, "port 'T': unknown quantity 'TT'"),
        ({"T": {"read": "T", "unit": "mg"}}, {}, "'T' has the dimension substance; it cannot be had in 'mg', mass"),
        ({"T": {"raed": "T"}}, {}, "needs one of read, drive and dose_into"),
        ({"drug": {"dose_into": "D"}}, {}, "'D' counts moles and doses are in mg; give molar_mass"),
        ({"drug": {"dose_into": "out"}}, {}, "'out' is no species"),
        ({"T": {"drive": "T", "instead_of": ["leaf"]}}, {}, "unknown reaction 'leaf'; did you mean 'leave'"),
        ({}, {"prefix": "x_", "values": {"Tt": 1}}, "'Tt' cannot be set"),
    ],
)
def test_ports_that_do_not_fit_are_refused(ports: dict[str, object], settings: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Body.from_antimony(PATIENT, ports, **settings)  # type: ignore[arg-type]


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(ModelError, match="does not say in which unit its time is"):
        Body.from_antimony(EVENTS)
    with pytest.raises(ModelError, match="no doses go into 'x'"):
        Body.from_antimony(PATIENT, PORTS).drug("x")
    algebraic = to_sbml("model m; x = 1; y = 2; end").replace(
        "</listOfParameters>",
        '</listOfParameters><listOfRules><algebraicRule><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>x</ci></math>'
        "</algebraicRule></listOfRules>",
    )
    with pytest.raises(ModelError, match="it has algebraic rules"):
        read_sbml(algebraic)
    with pytest.raises(ModelError, match="it has algebraic rules"):
        Body.from_sbml(algebraic, time="day")


EXPERIMENT = """
duration = "1 hour"
[record]
every = "1 hour"
checkpoint = "1 hour"
[model]
use = "library.models.solid_tumour_2d"
lattice = { shape = [20, 20], spacing = "20 um" }
[body]
file = "patient.ant"
[body.ports]
"blood.cd8" = { read = "T", unit = "cell/uL" }
"blood.treg" = { read = "T", unit = "cell/uL" }
antibody = { dose_into = "D", molar_mass = "150 kg/mol", duration = "30 min" }
[[start]]
kind = "ball"
cells = "tumour"
radius = "60 um"
[arms.treated]
doses = [{ drug = "antibody", amount = "1 ug" }]
"""


def test_an_experiment_with_a_body_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "patient.ant").write_text(PATIENT)
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    experiment = Experiment.from_file(tmp_path / "e.toml")
    model = experiment.build_model()
    assert [drug.name for drug in model.drugs][-1] == "antibody"
    simulation = Simulation(model, experiment.build_start(), experiment.build_doses("treated"))
    simulation.step_until("1 hour")
    assert simulation.body()["blood.cd8"] == pytest.approx(640 * exp(-0.01), rel=1e-4)
    twin = simulation.branch()
    for each in (simulation, twin):
        each.step_until("2 hour")
    assert simulation.digest() == twin.digest()
    (tmp_path / "e.toml").write_text(EXPERIMENT.replace("[body]", "[body]\nflie = 1"))
    with pytest.raises(ModelError, match=r"body: unknown name 'flie'; did you mean 'file'"):
        Experiment.from_file(tmp_path / "e.toml").build_model()


def test_the_tissue_drives_the_body_in_a_simulation() -> None:
    """A body that adds up the tumour cells of the tissue: their sum over the steps, and it restarts exactly."""
    text = """
    model m; unit cell = item; unit time_unit = 86400 second; unit substance = item; unit extent = item
    compartment V = 1; substanceOnly species N in V; N = 7; N has cell
    S = 0; S' = N; blood = 500; end
    """
    ports = {
        "tumour": {"drive": "N", "unit": "cell"},
        "sum": {"read": "S"},
        **{f"blood.{name}": {"read": "blood"} for name in ("cd8", "treg")},
    }
    body = Body.from_antimony(text, ports, units="as-is")
    told = Coupling(inputs={"tumour": Living(types=("tumour",))}, scale=10)
    model = solid_tumour_2d(drugs=(), lattice={"shape": (20, 20), "spacing": "20 um"})
    model = model.replace(body=body, coupling=told)
    simulation = Simulation(model, Ball("tumour", radius="60 um"))
    expected = 0.0
    for step in range(1, 21):
        expected += 10.0 * simulation.counts()["tumour"] * model.dt
        simulation.step_until(step * model.dt)
    assert simulation.counts()["tumour"] > 10
    assert simulation.body()["sum"] == pytest.approx(expected, rel=1e-9)
    twin = simulation.branch()
    for each in (simulation, twin):
        each.step_until(60 * model.dt)
    assert simulation.digest() == twin.digest()


def test_the_published_body_in_an_experiment() -> None:
    table = {"use": "nsclc_gong_2021", "drugs": ["nivolumab_gong_2021"]}
    experiment = Experiment(duration="1 day", model={"use": "library.models.solid_tumour_2d"}, body=table)
    assert [drug.name for drug in experiment.build_model().drugs][-1] == "nivolumab"


def test_a_body_survives_json() -> None:
    model = solid_tumour_2d(drugs=()).replace(
        body=Body.from_antimony(PATIENT, PORTS | {"blood.treg": PORTS["blood.cd8"]})
    )
    assert type(model).from_json(model.to_json()) == model

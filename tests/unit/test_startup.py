"""Start of a body: diagnosis, steady state of a section, hand-over to a tissue."""

from __future__ import annotations

import math
from functools import lru_cache

import pytest

import qsp_abm as qa
from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.startup import HandOver, Jump, Started, grow_to_diagnosis, hand_over, steady_state_for
from qsp_abm.errors import ModelError
from qsp_abm.library import bodies, models
from qsp_abm.library.bodies import constant_blood, immuno_oncology
from qsp_abm.library.bodies.immuno_oncology import PRESETS
from qsp_abm.parameters import Parameter

SECTION = {
    "blood.cd8": "500 cell/uL",
    "blood.treg": 40.0,
    "tumour.cd8": 300.0,
    "tumour.treg": 500.0,
    "tumour.bystander": 4000.0,
}


@lru_cache
def grown() -> Started:
    return grow_to_diagnosis(bodies.nsclc())


@lru_cache
def fitted() -> Started:
    return steady_state_for(bodies.tnbc(), SECTION, "3 cm")


def value(body: Body, name: str) -> float:
    return next(each.value for each in body.parameters if each.name == name)


def exponential(growth: float = 0.1) -> Body:
    """A sphere that grows by itself; its diameter is a closed form."""
    numbers = {"growth": growth, "s_start": 1.0, "diagnosis_diameter": 20.0}
    text = (
        "compartment c = 1; substanceOnly species s in c = g_s_start; d := 10 * root(3, s); v := s * 1e-6;\n"
        "=> s; g_growth * s;"
    )
    return Body(
        name="g",
        antimony=text,
        signals={"tumour.diameter": ("d", "um"), "tumour.volume": ("v", "L")},
        species={"s": "cell"},
        parameters=tuple(Parameter(name=n, value=v, source="test", kind="assumed") for n, v in numbers.items()),
    )


def test_the_day_of_diagnosis_is_exact() -> None:
    """Diameter 10 exp(0.1 t / 3) is 20 at t = 30 ln 2."""
    started = grow_to_diagnosis(exponential())
    assert started.day == pytest.approx(30 * math.log(2), rel=1e-8)
    assert value(started.body, "s_start") == pytest.approx(8.0, rel=1e-8)
    assert grow_to_diagnosis(exponential(), 15).day == pytest.approx(30 * math.log(1.5), rel=1e-8)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_reaches_its_diagnosis(preset: str) -> None:
    body = getattr(bodies, preset)()
    started = grow_to_diagnosis(body)
    assert started.signals["tumour.diameter"] == pytest.approx(value(body, "diagnosis_diameter"), rel=1e-8)
    assert 300 < started.day < 3000
    assert 1e-3 < started.signals["tumour.cd8"] / started.signals["tumour.bystander"] < 1.0


def test_the_started_body_is_data_and_goes_on_from_there() -> None:
    machine = BodyMachine(grown().body)
    assert dict(zip(machine.signal_names, machine.signals(), strict=True)) == pytest.approx(dict(grown().signals))
    assert Body.model_validate_json(grown().body.model_dump_json()) == grown().body


@pytest.mark.parametrize(
    ("body", "diameter", "message"),
    [
        (constant_blood(), "1 cm", "no signal 'tumour.diameter'"),
        (exponential(), "5 um", "starts above a diameter of 5 um"),
        (exponential(growth=-0.01), None, "does not reach a diameter of 20 um in 14610 day; the largest was"),
        (exponential(), "3 day", "diameter"),
    ],
)
def test_what_never_comes_to_diagnosis_is_refused(body: Body, diameter: str | None, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        grow_to_diagnosis(body, diameter)


def test_a_section_is_met_and_stays() -> None:
    started = fitted()
    for signal, wanted in SECTION.items():
        number = float(str(wanted).split()[0])
        assert started.signals[signal] == pytest.approx(number, rel=1e-6)
        assert abs(started.residuals[signal]) < 1e-6
        assert abs(started.drift[signal]) < 0.25  # the tumour grows by half in volume meanwhile
    assert value(started.body, "held") == 0.0
    assert started.solved["tumour_entry_treg"] == value(started.body, "tumour_entry_treg")


def test_the_steady_state_is_one() -> None:
    """Held, nothing changes in 100 days."""
    body = fitted().body
    held = body.replace(parameters=tuple(p.replace(value=1.0) if p.name == "held" else p for p in body.parameters))
    machine = BodyMachine(held)
    machine.advance(0.0, 100.0)
    assert dict(zip(machine.signal_names, machine.signals(), strict=True)) == pytest.approx(
        dict(fitted().signals), rel=1e-6
    )


@pytest.mark.parametrize(
    ("densities", "message"),
    [
        ({}, "none is given"),
        ({"blood.treq": 1}, "nothing is solved for 'blood.treq'; did you mean 'blood.treg'"),
        ({"blood.cd8": 500, "blood.cd8_bystander": 490}, "both met by 'healthy_bystander'"),
        ({"blood.treg": "3 um"}, "blood.treg"),
        ({"blood.treg": 0}, "blood.treg"),
    ],
)
def test_densities_that_cannot_be_are_refused(densities: dict[str, str | float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        steady_state_for(bodies.tnbc(), densities)


def test_a_density_out_of_reach_is_refused() -> None:
    """Effectors alone are more than all CD8 cells that the blood is to hold."""
    started = steady_state_for(bodies.tnbc(), {"blood.treg": 40})
    below = 0.5 * started.signals["blood.cd8_effector"]
    with pytest.raises(ModelError, match=r"no steady state has blood\.cd8"):
        steady_state_for(bodies.tnbc(), {"blood.cd8": below})


def test_the_jump_at_hand_over() -> None:
    """A window that is a part of the body's tumour gives no jump, twice its regulatory cells one of 100 %."""
    signals = grown().signals
    window = 1e-3  # uL
    counts = {
        "tumour": signals["tumour.cancer"] * window,
        "cd8_effector": signals["tumour.cd8"] * window,
        "cd8_terminally_exhausted": signals["tumour.exhausted"] * window,
        "cd8_bystander": signals["tumour.bystander"] * window,
        "cd4_helper": signals["tumour.helper"] * window,
        "treg": signals["tumour.treg"] * window,
        "macrophage": 100.0,
    }
    found = hand_over(grown(), counts, "0.001 mm^3")
    assert found.scale == round(signals["tumour.volume"] * 1e6 / window)
    assert found.within
    assert [jump.relative for jump in found.jumps] == pytest.approx([0.0] * 7, abs=1e-6)
    more = hand_over(grown(), counts | {"treg": 2 * counts["treg"]}, window)
    assert not more.within
    assert more.jumps[-1].relative == pytest.approx(1.0, rel=1e-6)
    assert "treg: body" in str(more) and str(more).count("*") == 1


def test_jumps_from_nothing_are_infinite_and_windows_are_parts() -> None:
    assert Jump("treg", 0.0, 3.0).relative == math.inf
    assert Jump("treg", 0.0, 0.0).relative == 0.0
    assert not HandOver(1, (Jump("treg", 0.0, 3.0),), 0.05).within
    with pytest.raises(ModelError, match="the lesion holds"):
        hand_over(grown(), {}, "10 L")


def test_a_tissue_takes_over_at_diagnosis() -> None:
    body = grown().body
    model = models.solid_tumour_2d(lattice={"shape": (30, 30), "spacing": "10 um", "thickness": "10 um"}, drugs=())
    start = [qa.Ball("tumour", radius="60 um"), qa.Scatter("treg", density="300 / mm^2")]
    simulation = qa.Simulation(model.replace(body=body), start, seed=1)
    found = hand_over(grown(), simulation.counts(), "0.0009 mm^3")
    cancer = next(jump for jump in found.jumps if jump.quantity == "cancer")
    assert cancer.tissue == found.scale * simulation.counts()["tumour"]
    simulation.run("1 day")
    assert simulation.body()["blood.treg"] == pytest.approx(grown().signals["blood.treg"], rel=1e-2)


def test_other_bodies_name_their_own_numbers() -> None:
    assert immuno_oncology().signals.keys() >= {"tumour.volume", "tumour.diameter"}
    with pytest.raises(ModelError, match="no parameter 'held'"):
        steady_state_for(
            exponential().replace(signals=exponential().signals | {"x": ("s", "")}), {"x": 3.0}, solved={"x": "growth"}
        )

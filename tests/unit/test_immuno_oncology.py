"""The body of immuno-oncology: its parts, units, balances, limits, directions of effects, and its tissue inputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qsp_abm as qa
from qsp_abm.body.description import Body, compose
from qsp_abm.body.dimensions import check_dimensions
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.startup import Started, grow_to_diagnosis
from qsp_abm.errors import ModelError
from qsp_abm.library import bodies, models
from qsp_abm.library.bodies.immuno_oncology import PRESETS, immuno_oncology
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.library.tables import update
from qsp_abm.parameters import Parameter, load, tables

DOCS = Path(__file__).parents[2] / "docs" / "bodies.md"
STEP = 6 / 1440  # day
NO_SOURCE = {"thymus_cd8": 0, "thymus_cd4": 0, "renewal": 0, "division_rate": 0}
NO_DEATH = {f"{cell}_death": 0 for cell in ("naive", "cd8", "exhausted", "helper", "treg", "bystander")}
NO_TREG = {"healthy_treg": 0} | {f"{place}_treg_start": 0 for place in ("node", "blood", "periphery", "tumour")}
ANTI_PD1 = {"pd1_blocked_tumour": 0.98, "pd1_blocked_node": 0.98}
ANTI_CTLA4 = {"ctla4_blocked_tumour": 0.7, "ctla4_blocked_node": 0.7}


@lru_cache(maxsize=8)
def diagnosed(preset: str = "nsclc") -> Started:
    return grow_to_diagnosis(immuno_oncology(preset))  # type: ignore[arg-type]


def changed(body: Body, numbers: Mapping[str, float]) -> Body:
    assert numbers.keys() <= {each.name for each in body.parameters}
    return body.replace(
        parameters=tuple(each.replace(value=float(numbers.get(each.name, each.value))) for each in body.parameters)
    )


def after(numbers: Mapping[str, float], days: float = 200.0, body: Body | None = None) -> dict[str, float]:
    """Signals and species some time after diagnosis, with other numbers from then on."""
    machine = BodyMachine(changed(body or diagnosed().body, numbers))
    machine.advance(0.0, days)
    species = zip(machine.species_names, machine.species(), strict=True)
    return dict(zip(machine.signal_names, machine.signals(), strict=True)) | dict(species)


def t_cells(machine: BodyMachine) -> float:
    """All T cells; the only other cells are of the tumour and presenting."""
    amounts = zip(machine.species_names, machine.species_units, machine.species(), strict=True)
    others = ("tumour_cancer", "tumour_dead")
    return sum(value for name, unit, value in amounts if unit == "cell" and name not in others and "apc" not in name)


# ---- parts


def test_a_number_stands_in_one_module() -> None:
    modules = [name for name in tables() if name.startswith("immuno_oncology_")]
    modules = [name for name in modules if name.rsplit("_", 1)[1] not in PRESETS]
    names = [name for table in modules for name in load(table)]
    assert len(names) == len(set(names))


def test_about_fifty_states_each_with_a_start() -> None:
    body = immuno_oncology()
    assert 45 <= len(body.species) <= 60
    assert {f"{name}_start" for name in body.species} <= {each.name for each in body.parameters}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_hold_only_what_differs(preset: Any) -> None:
    general = {each.name: each for each in immuno_oncology().parameters}
    own = load(f"immuno_oncology_{preset}")
    assert own.keys() <= general.keys()
    for name, number in own.items():
        assert number.unit == general[name].unit
        assert number.value != general[name].value
    found = {each.name: each.value for each in getattr(bodies, preset)().parameters}
    assert all(found[name] == number.value for name, number in own.items())


def test_a_preset_yields_to_the_user() -> None:
    body = bodies.nsclc(growth="0.02 / day")
    assert next(each for each in body.parameters if each.name == "growth").value == 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "nslcc"}, "unknown preset 'nslcc'; did you mean 'nsclc'"),
        ({"grwth": 1}, "unknown parameter 'grwth'; did you mean 'growth'"),
        ({"growth": "1 um"}, "growth"),
        ({"kill": -1}, "kill"),
        ({"neo_clones": 0}, "neo_clones is 0; allowed: above 0"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        immuno_oncology(**arguments)


def test_one_text_is_compiled_for_all_numbers() -> None:
    texts = {compose(getattr(bodies, preset)(), values=False) for preset in PRESETS}
    assert len(texts) == 1


def test_the_page_holds_the_tables() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text == update(text), "make the tables anew: qsp_abm.library.tables.rewrite(Path('docs/bodies.md'))"
    assert all(f"table: {name}" in text for name in tables() if name.startswith("immuno_oncology_"))


def test_a_saved_state_goes_on_bit_for_bit() -> None:
    one, other = BodyMachine(diagnosed().body), BodyMachine(immuno_oncology())
    for step in range(60):
        if step == 20:
            other.set_state(one.state())
        one.advance(step * STEP, (step + 1) * STEP)
        if step >= 20:
            other.advance(step * STEP, (step + 1) * STEP)
    assert one.species().tobytes() == other.species().tobytes()


def test_a_step_costs_little() -> None:
    """At most 18 times the body that does nothing, which is 250 us where that takes 14; 7 to 11 were measured."""

    def cost(body: Body) -> float:
        machine, best = BodyMachine(body), np.inf
        for block in range(8):
            begin = time.process_time()
            for step in range(block * 40, (block + 1) * 40):
                machine.advance(step * STEP, (step + 1) * STEP)
            best = min(best, time.process_time() - begin)
        return float(best)

    assert cost(diagnosed().body) < 18 * cost(bodies.constant_blood())


# ---- units


def test_units_of_every_rate_fit() -> None:
    """For all presets: they have one text, and numbers in the same units."""
    check_dimensions(immuno_oncology())


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        (
            "io_antigen_loss * tumour_neoantigen;",
            "io_antigen_loss * tumour_neoantigen / tumour_volume;",
            "neoantigen_is",
        ),
        ("io_uptake_volume * io_avogadro", "io_uptake_volume", "migratory_antigen_is_taken_up"),
        ("(io_blood_volume * io_microlitres)", "io_blood_volume", "signal 'blood.treg'"),
        ("=> tumour_dead; cancer_deaths", "=> tumour_dead; io_growth + cancer_deaths", "dead_cells_stay"),
        ("io_cd86_on *", "io_node_volume *", "cd28_cd86_binds"),
    ],
)
def test_a_wrong_unit_is_found(right: str, wrong: str, named: str) -> None:
    body = immuno_oncology()
    assert right in body.antimony
    with pytest.raises(ModelError, match=named):
        check_dimensions(body.replace(antimony=body.antimony.replace(right, wrong)))


# ---- balances


@pytest.mark.parametrize("numbers", [{}, ANTI_PD1, ANTI_CTLA4 | {"depletion": 0}])
def test_t_cells_are_neither_made_nor_lost_in_traffic(numbers: dict[str, float]) -> None:
    """Thymus, renewal, division and death off: priming, migration and exhaustion only move cells."""
    body = changed(diagnosed().body, NO_SOURCE | NO_DEATH | numbers)
    machine = BodyMachine(body)
    start = t_cells(machine)
    assert start > 1e10
    for day in range(20):
        machine.advance(day, day + 1)
        assert t_cells(machine) == pytest.approx(start, rel=1e-9)
    assert machine.signals()[machine.signal_names.index("blood.treg")] != pytest.approx(
        diagnosed().signals["blood.treg"]
    )


@pytest.mark.parametrize(
    "numbers", [{}, ANTI_PD1, ANTI_CTLA4, ANTI_PD1 | ANTI_CTLA4], ids=["none", "pd1", "ctla4", "both"]
)
def test_nothing_falls_below_zero_in_400_days(numbers: dict[str, float]) -> None:
    machine = BodyMachine(changed(diagnosed("melanoma").body, numbers))  # clears under both
    largest = machine.species()
    for day in range(0, 400, 2):
        machine.advance(day, day + 2)
        amounts = machine.species()
        assert np.isfinite(amounts).all()
        largest = np.maximum(largest, amounts)
        assert (amounts >= -1e-9 * largest).all(), machine.species_names[int(np.argmin(amounts / largest))]


def blocker(level: float) -> qa.Drug:
    """An antibody against CTLA-4 with a constant concentration in plasma, mg/L."""
    numbers = {"level": level, "occupied": 0.25 if level else 0.0, "molar_mass": 150_000.0, "affinity": 18.2}
    return qa.Drug(
        name="blocker",
        dose_into="blocker_central",
        antimony="""
            compartment blocker_space = 1; substanceOnly species blocker_central in blocker_space = 0;
            blocker_plasma := blocker_level; blocker_ctla4_occupancy := blocker_occupied;
            """,
        parameters=tuple(Parameter(name=n, value=v, source="test", kind="assumed") for n, v in numbers.items()),
    )


def blocked() -> Body:
    return bodies.nsclc(anti_pd1=["pembrolizumab"], anti_ctla4=["blocker"])


def test_a_dosed_drug_reaches_nodes_and_tumour() -> None:
    drugs = [pembrolizumab(), blocker(0.0)]
    body = grow_to_diagnosis(blocked(), drugs=drugs).body
    untreated, treated = (
        BodyMachine(body, drugs, doses) for doses in ([], [qa.Dose("pembrolizumab", "200 mg", every="3 week")])
    )
    for machine in (untreated, treated):
        for week in range(57):
            machine.advance(week * 7, (week + 1) * 7)
        assert (machine.species() >= 0).all()
    one, other = (dict(zip(each.signal_names, each.signals(), strict=True)) for each in (untreated, treated))
    assert one["node.pd1_signal"] > 0.5
    assert other["node.pd1_signal"] < 0.05
    assert other["tumour.diameter"] < one["tumour.diameter"]


def test_an_antibody_in_the_nodes_is_in_equilibrium_with_plasma() -> None:
    """Concentration there is the partition times that of the plasma, occupancy C / (K + C); in the tumour the drug's own."""
    machine = BodyMachine(blocked(), [pembrolizumab(), blocker(20.0)])
    machine.advance(0.0, 60.0)
    found = dict(zip(machine._ode.parameters, machine._ode.values(), strict=True))
    concentration = 0.2 * 20 / 150_000 * 1e6  # nM
    assert found["ctla4_unblocked_node"] == pytest.approx(18.2 / (concentration + 18.2), rel=1e-6)
    assert found["ctla4_unblocked_tumour"] == pytest.approx(0.75, rel=1e-12)
    assert found["pd1_unblocked_tumour"] == found["pd1_unblocked_node"] == 1.0


# ---- limits


def test_without_antigen_there_are_no_specific_t_cells() -> None:
    machine = BodyMachine(immuno_oncology(neoantigen_per_cell=0, self_antigen_per_cell=0))
    machine.advance(0.0, 900.0)
    found = dict(zip(machine.species_names, machine.species(), strict=True))
    assert found["tumour_cancer"] > 1e9
    specific = [name for name in found if name.endswith(("_cd8", "_helper", "exhausted")) and "naive" not in name]
    specific += ["node_activated_treg"]
    assert len(specific) == 12
    assert all(abs(found[name]) < 1e-9 for name in specific)


@pytest.mark.parametrize("numbers", [{"apc_density_tumour": 0}, {"maturation": 0}, {"migration": 0}])
def test_without_mature_cells_in_the_nodes_nothing_is_primed(numbers: dict[str, float]) -> None:
    machine = BodyMachine(immuno_oncology(**numbers))
    machine.advance(0.0, 900.0)
    found = dict(zip(machine.species_names, machine.species(), strict=True))
    assert found["tumour_cancer"] > 1e9
    assert max(abs(found[name]) for name in ("node_activated_cd8", "node_activated_helper", "blood_cd8")) < 1e-9


def test_a_cleared_tumour_stays_cleared_and_its_effectors_leave_it() -> None:
    found = after({"kill": 100.0}, days=2000.0)
    assert found["tumour_cancer"] < 1.0
    assert found["tumour_cd8"] < 1.0


def test_one_reactive_cell_comes_to_ten_bystanders_in_lung_cancer() -> None:
    """What uptake of interleukin-2 was set for."""
    found = diagnosed().signals
    assert (found["tumour.cd8"] + found["tumour.exhausted"]) / found["tumour.bystander"] == pytest.approx(0.1, rel=0.1)


# ---- directions


def test_antibodies_raise_effectors_and_shrink_the_tumour() -> None:
    none, pd1, ctla4, both = (after(given) for given in ({}, ANTI_PD1, ANTI_CTLA4, ANTI_PD1 | ANTI_CTLA4))
    for arm in (pd1, ctla4, both):
        assert arm["blood.cd8_effector"] > none["blood.cd8_effector"]
        assert arm["tumour.diameter"] < none["tumour.diameter"]
    assert both["tumour.diameter"] < min(pd1["tumour.diameter"], ctla4["tumour.diameter"])
    assert ctla4["node.costimulation"] > none["node.costimulation"]
    assert pd1["tumour.pd1_signal"] < none["tumour.pd1_signal"]


def test_blocking_pd1_in_tumour_in_nodes_and_in_both_are_three_curves() -> None:
    """Nodes alone give more cells, exhausted as before; the tumour alone fewer exhausted ones; both more than the sum."""
    sites = ([], ["pd1_blocked_node"], ["pd1_blocked_tumour"], ["pd1_blocked_tumour", "pd1_blocked_node"])
    none, node, tumour, both = (after(dict.fromkeys(names, 0.98)) for names in sites)
    cells = [each["tumour.cd8"] + each["tumour.exhausted"] for each in (none, node, tumour, both)]
    exhausted = [each["tumour.exhausted"] / each["tumour.cd8"] for each in (none, node, tumour, both)]
    diameters = [each["tumour.diameter"] for each in (none, node, tumour, both)]
    assert cells[1] > 1.5 * cells[0]
    assert exhausted[1] == pytest.approx(exhausted[0], rel=0.05)
    assert exhausted[2] < 0.75 * exhausted[0]
    assert cells[3] - cells[0] > (cells[1] - cells[0]) + (cells[2] - cells[0])
    assert diameters == sorted(diameters, reverse=True)


@pytest.mark.parametrize(
    ("numbers", "signal"),
    [
        ({"neoantigen_per_cell": 6.7e-9}, "node_activated_cd8"),
        ({"neo_clones": 150}, "node_activated_cd8"),
        (NO_TREG, "node.costimulation"),
        (NO_TREG, "blood.cd8_effector"),
        (NO_TREG, "tumour_cd8"),
        ({"il2_secretion": 7e-9}, "blood.cd8_effector"),
        ({"apc_density_tumour": 4e9}, "node_mature_apc"),
    ],
)
def test_what_raises_what(numbers: dict[str, float], signal: str) -> None:
    assert after(numbers, days=60.0)[signal] > 1.02 * after({}, days=60.0)[signal]


def test_depletion_needs_the_antibody_and_its_fc_part() -> None:
    none, blocked, inert = (
        after(given, days=30.0)["tumour.treg"] for given in ({}, ANTI_CTLA4, ANTI_CTLA4 | {"depletion": 0})
    )
    assert blocked < inert
    assert after({"depletion": 10.0}, days=30.0)["tumour.treg"] == pytest.approx(none, rel=1e-12)


# ---- coupled


def test_inputs_that_repeat_the_own_tumour_change_nothing() -> None:
    """A tissue that reports what the ODE tumour does gives the same blood and nodes, to first order in the step."""
    entries = ("cd8", "helper", "treg", "bystander")
    names = ["tissue_cancer", "tissue_t_cells", "tissue_deaths", "tissue_kills"]
    names += [f"tissue_{way}_{cell}" for way in ("entry", "return") for cell in entries]
    alone = BodyMachine(changed(diagnosed().body, ANTI_PD1))
    coupled = BodyMachine(changed(diagnosed().body, ANTI_PD1 | {"alone": 0}), inputs=[f"io_{name}" for name in names])
    parameters = alone._ode.parameters
    dt = 0.05

    def reported() -> list[float]:
        value = dict(zip(parameters, alone._ode.values(), strict=True))
        value |= dict(zip(alone.species_names, alone.species(), strict=True))
        entry = [value[f"io_tumour_entry_{cell}"] * value["tumour_volume"] * value[f"blood_{cell}"] for cell in entries]
        back = [value["io_tumour_exit"] * value[f"tumour_{cell}"] for cell in entries]
        back[0] *= 1 - value["contact"]
        return [value["cancer"], value["tumour_t_cells"], value["cancer_deaths"], value["cancer_kills"], *entry, *back]

    for step in range(400):
        before = reported()
        alone.advance(step * dt, (step + 1) * dt)
        middle = 0.5 * (np.array(before) + np.array(reported()))
        coupled.advance(step * dt, (step + 1) * dt, middle.tolist())
    one, other = (dict(zip(each.signal_names, each.signals(), strict=True)) for each in (alone, coupled))
    for name in one:
        if name.startswith(("blood.", "node.")) or name in ("tumour.cancer", "tumour.volume"):
            assert other[name] == pytest.approx(one[name], rel=1e-3), name
    frozen = coupled.species()[coupled.species_names.index("tumour_cancer")]
    assert frozen == BodyMachine(diagnosed().body).species()[coupled.species_names.index("tumour_cancer")]


def _section(body: Body) -> qa.Simulation:
    model = models.solid_tumour_2d(lattice={"shape": (30, 30), "spacing": "10 um"}, drugs=())
    start = [qa.Ball("tumour", radius="60 um"), qa.Scatter("cd8_bystander", density="300 / mm^2")]
    return qa.Simulation(model.replace(body=body), start, seed=3)


def test_recruitment_of_a_tissue_follows_the_blood() -> None:
    body = diagnosed().body
    steady, falling = _section(body), _section(changed(body, {"bystander_death": 20.0, "renewal": 0}))
    assert steady.clearances == pytest.approx(falling.clearances)
    assert steady.clearances["cd8_bystander"] > 0
    entered = []
    for simulation in (steady, falling):
        simulation.run("3 day")
        simulation.check()
        entered.append(simulation.tally()["recruited"]["cd8_bystander"])
    assert falling.body()["blood.cd8"] < 0.1 * steady.body()["blood.cd8"]
    assert entered[1] < 0.7 * entered[0]

"""Cells of the library on the engine: each mechanism against its law or its published figure, one at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from machine import MINUTE, Machine, group, interval

from qsp_abm import (
    CellType,
    Constant,
    Divide,
    Field,
    Group,
    Hits,
    Lattice,
    Model,
    ModelError,
    Rule,
    Secrete,
    Synapse,
    Trait,
)
from qsp_abm.library import bodies, cells, synapses
from qsp_abm.library.cells._common import counts_divisions, stops_dividing
from qsp_abm.library.models import tumour_microenvironment
from qsp_abm.parameters import load

SIDE = 41
WIDE = Lattice(shape=(300, 300, 1), spacing=20.0)  # 10 000 pairs far from each other
BLOOD = (642.0, 53.2)
MOLECULES = (*("oxygen", "ifng", "il2", "il10", "il12", "tgfb", "ccl2", "cxcl10", "vegf", "nitric_oxide", "arginase"),)


def number(table: str, name: str) -> float:
    return load(table)[name].value


def bath(**concentrations: float) -> tuple[Field, ...]:
    """Return all molecules, each uniform and unchanging but for what cells do."""
    return tuple(
        Field(
            name=name,
            unit="mmHg" if name == "oxygen" else "nM",
            diffusion=1e-6,
            initial=concentrations.get(name, 40.0 if name == "oxygen" else 0.0),
            scale=max(concentrations.get(name, 1.0), 1e-6),
            scheme="transient",
        )
        for name in MOLECULES
    )


def lab(
    *groups: Group | CellType,
    fields: Mapping[str, float] | None = None,
    synapses: tuple[Synapse, ...] = (),
    side: int = SIDE,
    dt: float = 6.0,
) -> Model:
    """Return a slab with these cells in a bath of molecules."""
    return Model(
        lattice=Lattice(shape=(side, side, 1), spacing=20.0),
        cells=groups,
        fields=tuple(field for field in bath(**(fields or {})) if any(needs(each, field.name) for each in groups)),
        synapses=synapses,
        vessels={"density": 0},
        body=bodies.constant_blood(),
        dt=dt * MINUTE,
    )


def needs(part: Group | CellType, field: str) -> bool:
    text = part.model_dump_json()
    return f'"{field}"' in text or f'"field.{field}"' in text


def target(hits: int = 1, *, cd47: float = 0.0, types: tuple[str, ...] = ("tumour", "tumour_dead")) -> Group:
    """Return cells that do nothing but be there, and die of hits at once."""
    living = CellType(name=types[0], volume=2500.0, hits=Hits(threshold=hits))
    return group(
        "tumour",
        living,
        CellType(name=types[1], volume=2500.0, dead=True),
        traits=(
            Trait(name="cd47", start=Constant(value=cd47)),
            Trait(name="pdl1_constitutive"),
            Trait(name="pdl1_induced"),
        ),
    )


MIDDLE = SIDE // 2 * (SIDE + 1)


def rates(model: Model, name: str, *, beside: Mapping[str, int] | None = None, **traits: float) -> dict[str, float]:
    """Return the rates of one cell of a type in the middle, with numbers of other cells next to it, 1/day."""
    around = iter([MIDDLE + 1, MIDDLE - 1, MIDDLE + SIDE, MIDDLE - SIDE, MIDDLE + SIDE + 1])
    places = {other: [next(around) for _ in range(count)] for other, count in (beside or {}).items()}
    machine = Machine(model, {name: [MIDDLE], **places}, vessels=[MIDDLE], body=BLOOD)
    columns, own = machine.columns(), model.group_of(name)
    code = list(model.types).index(name) + 1
    (me,) = columns["id"][columns["type"] == code]
    for trait, value in traits.items():
        slot = [each.name for each in own.traits].index(trait)
        machine.engine.set_trait(np.array([me], "u4"), slot, np.array([value], "f4"))
    found = machine.engine.fate_rates(np.array(BLOOD))
    return {kind: float(values[code - 1]) for kind, values in found.items()} | {
        f"to_{other}": float(found["arrives"][k]) for k, other in enumerate(model.types)
    }


# ------------------------------------------------------------------------------------------------- life and division

LIVES = [  # mean life in days as published
    (cells.mdsc, "mdsc", 66.7),  # 266.7 slices of 6 h, spQSP-HCC
    (cells.macrophage_polarised, "macrophage_m1", 50.0),  # 200 slices
    (cells.macrophage_polarised, "macrophage_m2", 50.0),
    (cells.cd4, "cd4_helper", 20.0),  # spQSP-HCC
    (cells.neutrophil, "neutrophil", 0.79 / math.log(2)),  # Lahoz-Beneytez 2016
    (cells.dendritic, "dendritic_immature", 100.0),  # QSP-IO
    (cells.dendritic, "dendritic_mature", 50.0),
    (cells.cd8_lineage, "cd8_memory", 100.0),
]


@pytest.mark.parametrize(("build", "name", "life"), LIVES, ids=[name for _, name, _ in LIVES])
def test_cells_live_as_long_as_published(build: Any, name: str, life: float) -> None:
    assert rates(world(build), name)["dies"] == pytest.approx(1 / life, rel=2e-3)


def support(build: Any) -> tuple[Group | CellType, ...]:
    """Return what the rules of a group name: targets, suppressors, helpers, presenters, obstacles."""
    others: list[Group | CellType] = [target(), CellType(name="fibroblast", volume=2000.0)]
    if build is not cells.macrophage_polarised:
        others.append(group("macrophage", *(CellType(name=f"macrophage_m{k}", volume=2000.0) for k in (1, 2))))
    if build is not cells.cd4:
        others += [CellType(name=name, volume=175.0, occupies="small") for name in ("treg", "cd4_helper")]
    if build is not cells.dendritic:
        others.append(CellType(name="dendritic_mature", volume=400.0, occupies="small"))
    return tuple(others)


def world(build: Any, fields: Mapping[str, float] | None = None, **settings: Any) -> Model:
    """Return a group of the library with what its rules name, in a bath."""
    needs = settings.pop("synapses", ())
    if build is cells.cd8_lineage and not needs:
        needs = (synapses.pd1(blocked_by=()).replace(receptor={"cd8": 26660.0}),)
    if build is cells.macrophage_polarised and not needs:
        needs = (synapses.cd47(),)
    return lab(build(**settings), *support(build), fields=fields, synapses=needs)


def test_half_of_the_neutrophils_are_gone_after_their_half_life() -> None:
    model = world(cells.neutrophil, motility=0.0, oxygen_clearance=0.0).replace(dt=0.79 / 100)
    machine = Machine(model, {"neutrophil": np.repeat(np.arange(SIDE * SIDE), 12)}, body=BLOOD)
    machine.run(100)
    share = machine.counts()["neutrophil"] / (12 * SIDE * SIDE)
    assert abs(share - 0.5) < 4 * math.sqrt(0.25 / (12 * SIDE * SIDE))


@pytest.mark.parametrize("destiny", [1, 4, 7])
def test_a_clone_stops_at_its_destiny(destiny: int) -> None:
    """Every clone ends with 2^destiny cells, but for a division that slips in before the stop acts (dt x rate: 1 %)."""
    cell = CellType(name="cell", volume=1.0, occupies="none", processes=(Divide(rate=1.0),), rules=(*stops_dividing(),))
    model = Model(
        lattice=Lattice(shape=(8, 8), spacing=20.0),
        cells=(group("cell", cell, traits=counts_divisions(destiny)),),
        dt=6 * MINUTE,
    )
    founders = 4 if destiny == 7 else 64
    machine = Machine(model, {"cell": np.arange(founders)})
    machine.run_for(6.0 + 3.0 * destiny)
    total = machine.counts()["cell"] / founders
    print(f"destiny {destiny}: {total:.2f} cells per founder")  # noqa: T201
    assert total == pytest.approx(2**destiny, rel=0.03)
    assert machine.columns()["trait0"].min() >= 2.0**-1.3  # at most one division too many


def test_helper_t_cells_divide_where_antigen_is_presented_until_their_destiny_is_spent() -> None:
    model = world(cells.cd4, motility=0.0, death_helper=0.0)
    assert rates(model, "cd4_helper", stimulation=0.0)["divides"] == 0.0
    for presenter, others in (("dendritic_mature", 1), ("macrophage_m1", 1), ("macrophage_m2", 0)):
        machine = Machine(model, {"cd4_helper": [MIDDLE], presenter: [MIDDLE + 1]}, vessels=[0], body=BLOOD)
        machine.run(5)  # half an hour
        helper = machine.columns()["type"] == list(model.types).index("cd4_helper") + 1
        assert (machine.columns()["trait0"][helper].max() > 0.5) == bool(others), presenter
    assert rates(model, "cd4_helper", stimulation=1.0)["divides"] == pytest.approx(0.5, rel=1e-4)
    assert rates(model, "cd4_helper", stimulation=1.0, spent=1.0)["divides"] < 1e-4


@pytest.mark.parametrize(("il2", "share"), [(0.0, 1.0), (0.01, 0.5), (1.0, 0.01 / 1.01)])
def test_cytotoxic_cells_depend_on_interleukin_2(il2: float, share: float) -> None:
    found = rates(world(cells.cd8_lineage, {"il2": il2}), "cd8_cytotoxic")
    expected = number("cd8", "death_effector") + share * number("cd8_lineage", "withdrawal_rate")
    assert found["dies"] == pytest.approx(expected, rel=1e-4)


def test_interleukin_2_drives_division_without_antigen_up_to_the_destiny() -> None:
    """At its half, half of the limit; the integral over spQSP's threshold does the same (divides without a target)."""
    found = rates(world(cells.cd8_lineage, {"il2": 0.32}), "cd8_cytotoxic")
    assert found["divides"] == pytest.approx(number("cd8", "division_effector"), rel=1e-4)
    assert rates(world(cells.cd8_lineage, {"il2": 0.32}), "cd8_cytotoxic", spent=1.0)["divides"] < 1e-5


@pytest.mark.parametrize(("field", "half"), [("il2", 0.0032), ("arginase", 0.539)])
def test_regulatory_cells_divide_on_interleukin_2_and_arginase(field: str, half: float) -> None:
    found = rates(world(cells.cd4, {field: half}), "treg")
    assert found["divides"] == pytest.approx(number("cd4", "division_treg") / 2, rel=1e-3)


@pytest.mark.parametrize(("helpers", "share"), [(0, 0.0), (1, 0.5), (3, 0.75)])
def test_b_cells_divide_where_helpers_touch_them(helpers: int, share: float) -> None:
    found = rates(world(cells.b_cell), "b_cell", beside={"cd4_helper": helpers})
    assert found["divides"] == pytest.approx(share * number("b_cell", "division_rate"), abs=1e-6)


# ------------------------------------------------------------------------------------------------- suppression

SOLUBLE = [("tgfb", 0.14), ("il10", 0.27), ("nitric_oxide", 0.75), ("arginase", 1.505)]


@pytest.mark.parametrize(("field", "half"), SOLUBLE)
def test_soluble_signals_suppress_division(field: str, half: float) -> None:
    free = rates(world(cells.cd8_lineage), "cd8_cytotoxic", stimulation=1.0)["divides"]
    found = [
        rates(world(cells.cd8_lineage, {field: factor * half}), "cd8_cytotoxic", stimulation=1.0)["divides"] / free
        for factor in (0.5, 1.0, 3.0)
    ]
    assert found == pytest.approx([2 / 3, 1 / 2, 1 / 4], rel=1e-3)


def kills(model: Model, killer: str, days: float = 0.025) -> float:
    """Return the share of targets that die of one killer beside each within a time; nobody moves, all are far apart."""
    lattice = model.lattice.shape or (0, 0, 0)
    x, y = np.meshgrid(np.arange(0, lattice[0] - 1, 3), np.arange(0, lattice[1], 3))
    voxels = (x + lattice[0] * y).ravel()
    machine = Machine(model, {killer: voxels + 1, "tumour": voxels}, body=BLOOD, settle=False)
    machine.run_for(days)
    return 1 - machine.counts()["tumour"] / len(voxels)


def hit_rate(build: Any, killer: str, fields: Mapping[str, float], **settings: Any) -> float:
    """Return the rate of hits that a killer delivers to a target that it always engages, 1/day."""
    model = world(build, fields, motility=0.0, engage=1e7, detach=0.0, **settings)
    model = model.replace(lattice=WIDE)
    return -math.log(1 - kills(model, killer, 6 * 6 * MINUTE)) / (5 * 6 * MINUTE)  # they engage in the first step


@pytest.mark.parametrize(("field", "half"), SOLUBLE)
def test_soluble_signals_suppress_killing_but_not_altogether(field: str, half: float) -> None:
    """At its half half of the suppressible share is gone (0.75 of the hits are left), far above it all of it (0.5)."""
    settings = {"death_effector": 0.0, "withdrawal_rate": 0.0, "memory_rate": 0.0}
    found = [
        hit_rate(cells.cd8_lineage, "cd8_cytotoxic", {field: factor * half}, **settings) / number("cd8", "hit_rate")
        for factor in (0.0, 1.0, 1000.0)
    ]
    print(f"{field}: {found}")  # noqa: T201
    assert found == pytest.approx([1.0, 0.75, 0.5], abs=0.04)  # 10 000 targets: SE 0.015 of the rate


def test_regulatory_cells_suppress_by_contact_and_hasten_exhaustion() -> None:
    model = world(cells.cd8_lineage)
    free = rates(model, "cd8_cytotoxic", stimulation=1.0)
    held = rates(model, "cd8_cytotoxic", beside={"treg": 3}, stimulation=1.0)
    assert held["divides"] == pytest.approx(free["divides"] / 2, rel=1e-4)
    assert held["to_cd8_terminally_exhausted"] > free["to_cd8_terminally_exhausted"]


def test_dt_13_both_routes_to_exhaustion_are_no_weaker_than_one() -> None:
    model = world(cells.cd8_lineage)

    def exhausts(treg: int, tumour: int) -> float:
        ligand = target().replace(
            traits=(
                Trait(name="cd47"),
                Trait(name="pdl1_constitutive", start=Constant(value=1e5)),
                Trait(name="pdl1_induced"),
            )
        )
        groups = tuple(ligand if each.name == "tumour" else each for each in model.cells)
        found = rates(model.replace(cells=groups), "cd8_cytotoxic", beside={"treg": treg, "tumour": tumour})
        return found["to_cd8_terminally_exhausted"]

    alone = exhausts(3, 0), exhausts(0, 1)
    assert min(alone) > 0
    assert exhausts(3, 1) > max(alone)
    assert exhausts(3, 1) < number("cd8", "exhaustion_rate")


# ------------------------------------------------------------------------------------------------- changes of type

CHANGES = [  # group, type, into, bath, rate: spQSP-HCC and QSP-IO
    (cells.macrophage_polarised, "macrophage_m1", "macrophage_m2", {"tgfb": 0.14}, 0.125),
    (cells.macrophage_polarised, "macrophage_m1", "macrophage_m2", {"il10": 0.008}, 0.125),
    (cells.macrophage_polarised, "macrophage_m1", "macrophage_m2", {"tgfb": 0.14, "il10": 0.008}, 0.25 * 2 / 3),
    (cells.macrophage_polarised, "macrophage_m2", "macrophage_m1", {"ifng": 0.0064}, 0.025),
    (cells.macrophage_polarised, "macrophage_m2", "macrophage_m1", {"il12": 0.00014}, 0.025),
    (cells.cd4, "cd4_helper", "treg", {"tgfb": 0.07}, 0.011),
    (cells.fibroblast, "fibroblast_resting", "caf", {}, 0.01),
    (cells.fibroblast, "fibroblast_resting", "caf", {"tgfb": 0.14}, 0.015),
    (cells.fibroblast, "fibroblast_resting", "caf", {"tgfb": 1e4}, 0.02),
]


@pytest.mark.parametrize(("build", "name", "into", "fields", "rate"), CHANGES)
def test_types_change_at_the_published_rates(
    build: Any, name: str, into: str, fields: dict[str, float], rate: float
) -> None:
    model = lab(build(), fields=fields) if build is cells.fibroblast else world(build, fields)
    assert rates(model, name)[f"to_{into}"] == pytest.approx(rate, rel=2e-3)


def test_primed_cells_become_cytotoxic_at_contact_within_a_slice_of_spqsp() -> None:
    """spQSP primes within its step of 6 h whoever has a target next to it, and nobody else."""
    model = world(cells.cd8_lineage, motility=0.0, death_effector=0.0, leave_rate=0.0, memory_rate=0.0)
    model = model.replace(lattice=WIDE)
    x, y = np.meshgrid(np.arange(0, 90, 3), np.arange(0, 300, 3))
    targets = (x + 300 * y).ravel()
    lonely = targets + 150
    machine = Machine(model, {"tumour": targets, "cd8_effector": [*(targets + 1), *lonely]}, body=BLOOD)
    machine.run_for(0.25)
    counts = machine.counts()
    print(f"primed within 6 h: {counts['cd8_cytotoxic'] / len(targets):.3f}")  # noqa: T201
    assert counts["cd8_effector"] >= len(lonely)
    assert counts["cd8_cytotoxic"] / len(targets) > 0.95


def test_memory_is_primed_anew_and_priming_is_no_loss_that_entry_balances() -> None:
    model = world(cells.cd8_lineage)
    assert rates(model, "cd8_effector", beside={"tumour": 3})["becomes_other"] == 0.0  # at the start
    assert rates(model, "cd8_memory", stimulation=1.0)["to_cd8_effector"] == pytest.approx(24.0)
    assert rates(model, "cd8_effector", stimulation=1.0)["to_cd8_cytotoxic"] == pytest.approx(24.0)


def test_cytotoxic_cells_become_memory_only_without_antigen() -> None:
    model = world(cells.cd8_lineage)
    assert rates(model, "cd8_cytotoxic")["to_cd8_memory"] == pytest.approx(0.05, rel=1e-4)
    assert rates(model, "cd8_cytotoxic", stimulation=1.0)["to_cd8_memory"] < 0.05 / 100


@pytest.mark.parametrize(("remains", "share"), [(0, 0.0), (1, 0.5), (3, 0.75)])
def test_dendritic_cells_mature_next_to_dying_tumour_cells_and_leave(remains: int, share: float) -> None:
    model = world(cells.dendritic)
    found = rates(model, "dendritic_immature", beside={"tumour_dead": remains})
    assert found["to_dendritic_mature"] == pytest.approx(1.5 * share, abs=1e-6)
    assert rates(model, "dendritic_mature")["leaves"] == pytest.approx(4.0)


# ------------------------------------------------------------------------------------------------- natural killers, macrophages


def test_interleukin_12_wakes_natural_killer_cells_and_tgf_beta_restrains_them() -> None:
    still = {"death_rate": 0.0}
    low, high = number("nk", "hit_rate"), number("cd8", "hit_rate")
    found = [
        hit_rate(cells.nk, "nk", fields, **still) for fields in ({}, {"il12": 0.001}, {"il12": 1.0}, {"tgfb": 1000.0})
    ]
    assert found == pytest.approx([low, (low + high) / 2, high, low / 2], rel=0.09)  # SE 1.5-3 %


UNEATEN = ("ccl2", "tgfb", "il12", "vegf", "cxcl10")  # fields that say nothing about phagocytosis


@pytest.mark.parametrize("cd47", [0.0, 40.0, 400.0])
def test_cd47_keeps_macrophages_from_eating(cd47: float) -> None:
    """Eaten within a day: 1 - exp(-0.5 (1 - H)), H of the quadratic of bonds; each of the three bites may fail (5 %)."""
    receptor, dissociation = 100.0, 1.6e3 * 0.003 * 0.602214076
    total = receptor + cd47 + dissociation
    bonds = (total - math.sqrt(total**2 - 4 * receptor * cd47)) / 2
    suppression = (bonds / 111) ** 2 / (1 + (bonds / 111) ** 2)
    model = world(cells.macrophage_polarised, motility=0.0, death_rate=0.0, without=UNEATEN)
    prey = target(3, cd47=cd47 * number("pd1", "ligand_area"))
    model = model.replace(
        lattice=WIDE,
        cells=tuple(prey if each.name == "tumour" else each for each in model.cells),
    )
    eaten = kills(model, "macrophage_m1", 1.0)
    completes = (12 / 12.2) ** 3
    closed = 1 - math.exp(
        -0.5 * (1 - suppression) * completes * (1 - 0.25 / 24)
    )  # three bites take a quarter of an hour
    print(f"CD47 {cd47:g} per um2: {bonds:.1f} bonds, H {suppression:.3f}, eaten {eaten:.3f}, closed form {closed:.3f}")  # noqa: T201
    assert eaten == pytest.approx(closed, abs=4 * math.sqrt(0.25 / 10_000) * 0.9)
    if cd47 == 400.0:
        assert bonds == pytest.approx(99.04, abs=0.01)  # the published densities
        assert suppression == pytest.approx(0.443, abs=0.001)


def test_interleukin_10_stops_phagocytosis() -> None:
    settings = {"motility": 0.0, "death_rate": 0.0, "il10_clearance": 0.0, "oxygen_clearance": 0.0}
    model = world(cells.macrophage_polarised, {"il10": 0.27}, without=UNEATEN, **settings)
    model = model.replace(lattice=WIDE)
    prey = target(3)
    model = model.replace(cells=tuple(prey if each.name == "tumour" else each for each in model.cells))
    rate = -math.log(1 - kills(model, "macrophage_m1", 1.0))
    # at half of M1 to M2 conversion (0.25 /day, saturated) the mean number of M1 over the day is 0.885 of the first
    expected = 0.25 * (12 / 12.2) ** 3 * (1 - math.exp(-0.25)) / 0.25
    assert rate == pytest.approx(expected, rel=0.1)


# ------------------------------------------------------------------------------------------------- chemotaxis


@pytest.mark.parametrize(
    ("build", "name", "field"), [(cells.mdsc, "mdsc", "ccl2"), (cells.cd8_lineage, "cd8_memory", "cxcl10")]
)
@pytest.mark.parametrize("sensitivity", [0.0, 20.0])
def test_cells_follow_their_chemokine(build: Any, name: str, field: str, sensitivity: float) -> None:
    source = CellType(name="source", volume=1000.0, occupies="none", processes=(Secrete(field=field, rate=1e3),))
    settings = {
        "motility": "5 um^2/min",
        "death_memory" if name == "cd8_memory" else "death_rate": 0.0,
        f"{field}_sensitivity": sensitivity,
        f"{field}_clearance": 0.0,
    }
    model = world(build, **settings)
    chemokine = Field(name=field, unit="nM", diffusion="100 um^2/s", decay="0.01 / s", scheme="quasi_steady")  # 100 um
    model = model.replace(
        cells=(*model.cells, source), fields=(*(f for f in model.fields if f.name != field), chemokine)
    )
    line = np.arange(SIDE) * SIDE  # sources along one edge; cells in the middle
    moved = []
    for seed in range(8):
        walkers = np.repeat(np.arange(SIDE) * SIDE + SIDE // 2, 4)
        machine = Machine(model, {"source": line, name: walkers}, body=BLOOD, seed=seed, settle=True)
        machine.run_for(0.25)
        own = machine.columns()["type"] == list(model.types).index(name) + 1
        moved.append(float(machine.positions()[own, 0].mean()) - SIDE // 2)
    low, high = interval(moved)
    print(f"{name}: moved {low:.2f} to {high:.2f} voxels")  # noqa: T201
    if sensitivity == 0.0:
        assert low < 0 < high or abs(np.mean(moved)) < 0.15
    else:
        assert high < -0.8  # towards the sources: 17 hops, each biased by a tenth of a voxel


# ------------------------------------------------------------------------------------------------- all together


def test_what_a_model_lacks_can_be_left_out() -> None:
    bare = cells.mdsc(without=("ccl2", "arginase"))
    (cell,) = bare.types
    assert {process.name for process in cell.processes} == {
        *("move", "take_up_oxygen", "take_up_ifng", "death", "secrete_nitric_oxide"),
    }
    assert cell.processes[0].chemotaxis == ()  # type: ignore[union-attr]
    assert not any(
        rule.signal.startswith("field.il10")
        for each in cells.cd8_lineage(without=("il10",)).types
        for rule in each.rules
    )
    with pytest.raises(ModelError, match="mdsc: without 'ccl3': it does not need it; did you mean 'ccl2'"):
        cells.mdsc(without=("ccl3",))


def test_the_whole_microenvironment_runs_and_keeps_its_books() -> None:
    model = tumour_microenvironment(lattice={"shape": (40, 40), "spacing": "20 um"})
    digests = []
    for threads in (1, 2):
        rng = np.random.default_rng(5)
        places = rng.permutation(1600)
        solid = ["tumour_stem", "tumour_progenitor", "macrophage_m1", "macrophage_m2", "fibroblast_resting"]
        living = [name for name, each in model.types.items() if each.occupies == "small"]
        start = {name: places[k * 100 : (k + 1) * 100] for k, name in enumerate(solid)}
        start |= {name: rng.choice(places[500:], 20, replace=False) for name in living}
        machine = Machine(model, start, vessels=places[-16:], body=BLOOD, seed=3, threads=threads, settle=True)
        machine.run_checked(60)
        digests.append(machine.digest())
    assert digests[0] == digests[1]
    counts = machine.counts()
    assert counts["cd8_cytotoxic"] > 20  # primed cells found targets
    for index, field in enumerate(model.fields):
        values = machine.engine.field(index)
        assert np.isfinite(values).all() and (values >= 0).all(), field.name
        if field.name not in ("oxygen", "antibody"):
            assert values.max() > 0, field.name


def test_rules_of_one_direction_share_a_limit_everywhere() -> None:
    for cell_type in tumour_microenvironment().types.values():
        limits: dict[tuple[str, str], set[float | str]] = {}
        for rule in cell_type.rules:
            assert isinstance(rule, Rule)
            limits.setdefault((rule.target, rule.effect), set()).add(rule.limit)
        assert all(len(values) == 1 for values in limits.values()), cell_type.name

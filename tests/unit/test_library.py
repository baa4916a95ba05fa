"""The library: every part valid, every number with its source, overrides by name, the arithmetic that its notes state."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from qsp_abm import Model, ModelError
from qsp_abm.library import cells, fields, synapses
from qsp_abm.library.cells.cd8 import cd8_mixture
from qsp_abm.library.models import solid_tumour_2d
from qsp_abm.library.readouts import readouts
from qsp_abm.library.tables import update
from qsp_abm.library.vessels import vessels
from qsp_abm.parameters import _same, load, tables

DOCS = Path(__file__).parents[2] / "docs" / "biology.md"
PARTS: list[Callable[..., Any]] = [
    *(getattr(cells, name) for name in cells.__all__),
    *(getattr(fields, name) for name in fields.__all__),
    *(getattr(synapses, name) for name in synapses.__all__),
    vessels,
    readouts,
]
MOLECULES_PER_PMOL = 6.02214076e11
MOLECULES_PER_UM3_IN_NM = 0.602214076
DENSITY = 2.06e8 / 1e12  # cells per um3 of tissue (QSP-IO)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_part_builds_and_refuses_unknown_numbers(part: Callable[..., Any]) -> None:
    part()
    with pytest.raises(ModelError, match="unknown parameter 'nonsense'"):
        part(nonsense=1)


@pytest.mark.parametrize("table", tables())
def test_every_number_is_complete(table: str) -> None:
    for parameter in load(table).values():
        assert parameter.source
        assert math.isfinite(parameter.value)
        if parameter.kind in ("assumed", "unverified"):
            assert parameter.spread or parameter.note, parameter


@pytest.mark.parametrize(
    "part", [*(getattr(cells, name) for name in cells.__all__), fields.oxygen, fields.ifng, synapses.pd1, vessels]
)
def test_weak_sources_say_so(part: Callable[..., Any]) -> None:
    for parameter in part().parameters:
        if parameter.kind == "unverified":
            assert parameter.source.startswith("unverified"), parameter
        if parameter.kind in ("measured-human", "measured-animal"):
            assert "doi:" in parameter.source or "PMID" in parameter.source, parameter


def test_a_number_may_be_that_of_another_table() -> None:
    """It stands in one place: value, source and kind are those of the other, and it can be replaced like any number."""
    own, other = load("cd4")["tgfb_secretion"], load("tgfb")["secretion_treg"]
    assert own == other.replace(name="tgfb_secretion")
    assert load("cd4", {"tgfb_secretion": "2 molecule/s"})["tgfb_secretion"].kind == "assumed"


@pytest.mark.parametrize("given", ["tgfb.nonsense", "nothing.at_all", "here.other", "tgfb"])
def test_a_reference_to_nothing_is_refused(given: str) -> None:
    with pytest.raises(ModelError, match=r"same_as|unknown table"):
        _same({"same_as": given}, "here.number")


def test_the_model_survives_json() -> None:
    model = solid_tumour_2d(lattice={"shape": (20, 20), "spacing": "8 um"})
    assert Model.from_json(model.to_json()) == model
    assert Model.from_json(model.to_json()).digest == model.digest


def test_overrides_reach_the_model() -> None:
    model = solid_tumour_2d(
        parameters={"cd8.hit_rate": "2 / hour", "tumour.hits_threshold": 1, "pembrolizumab.weight": "60 kg"}
    )
    effector = model.types["cd8_effector"]
    assert next(p for p in effector.processes if p.name == "kill").hit_rate == 48.0  # type: ignore[union-attr]
    hits = model.types["tumour"].hits
    assert hits is not None and hits.threshold == 1
    assert model.drugs[0].weight == 60.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cd8.hitrate": 1}, "cd8: unknown parameter 'hitrate'; did you mean 'hit_rate'"),
        ({"cd9.hit_rate": 1}, "unknown parameter 'cd9.hit_rate'; did you mean 'cd8.hit_rate'"),
        ({"hit_rate": 1}, "unknown parameter 'hit_rate'"),
        ({"cd8.hit_rate": "2 um"}, "cd8.hit_rate"),
        ({"cd8.targets": 1}, "unknown parameter 'targets'"),
    ],
)
def test_unknown_names_and_units_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        solid_tumour_2d(parameters=parameters)


def test_unknown_drugs_are_refused_and_none_is_allowed() -> None:
    with pytest.raises(ModelError, match="unknown drug 'pembrolizumap'; did you mean 'pembrolizumab'"):
        solid_tumour_2d(drugs=["pembrolizumap"])
    assert solid_tumour_2d(drugs=()).synapses[0].blocked_by == ()


def test_bystanders_never_engage() -> None:
    bystander = solid_tumour_2d().types["cd8_bystander"]
    assert {process.verb for process in bystander.processes} == {"move", "leave", "take_up", "recruit", "die"}
    assert bystander.rules == ()


@pytest.mark.parametrize("reactive", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_the_mixture_adds_up(reactive: float) -> None:
    mixture = cd8_mixture(reactive)
    assert sum(mixture.values()) == pytest.approx(1.0, abs=1e-12)
    assert set(mixture) == {cell_type.name for cell_type in cells.cd8().types}


def test_docs_hold_the_tables() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text == update(text), "make the tables anew: qsp_abm.library.tables.rewrite(Path('docs/biology.md'))"


@pytest.mark.parametrize(("gap", "expected"), [(50.0, 0.83), (180.0, 0.02)])
def test_three_hits_kill_if_they_come_in_time(gap: float, expected: float) -> None:
    """Hits at a fixed gap: the third comes before the clock of the first and of the second has fired."""
    number = {name: parameter.value for name, parameter in load("tumour").items()}
    stages, mean = round(number["hits_stages"]), number["hits_recovery"] * 1440
    survives = float(stats.gamma(stages, scale=mean / stages).sf(gap))
    assert survives ** (round(number["hits_threshold"]) - 1) == pytest.approx(expected, abs=0.005)


def test_hits_are_frequent_enough() -> None:
    assert 1440 / load("cd8")["hit_rate"].value < 50.0  # min between hits while engaged


def test_oxygen_consumption_of_dense_tissue() -> None:
    """The clearance per cell, at the density of the densest section, is the tissue rate that the note derives it from."""
    oxygen = fields.oxygen()
    assert oxygen.half_saturation is not None
    per_cell = load("tumour")["oxygen_clearance"].value / 86400 * oxygen.half_saturation  # mmHg um3/s
    tissue = per_cell * 5250 / (800 * 800 * 15)  # mmHg/s
    assert tissue * 60 * 3e-5 * 100 == pytest.approx(1.5, rel=0.02)  # cm3 O2 / 100 g / min
    assert 1 < per_cell * 1.3e-21 * 1e18 < 120  # amol per cell and second, Wagner 2011


def test_krogh_cylinders() -> None:
    """100 vessels per mm2 that are even leave no hypoxia; 85 um from a vessel none is left."""
    diffusion, rate, radius = load("oxygen")["diffusion"].value / 86400, 8.3, 5.0

    def fall(outer: float) -> float:
        return rate / (4 * diffusion) * (2 * outer**2 * math.log(outer / radius) - outer**2 + radius**2)

    assert fall(1000 / math.sqrt(100 * math.pi)) == pytest.approx(15.3, abs=0.3)
    assert fall(80) < load("oxygen")["vessel_value"].value < fall(85)


def reach(clearance: float, density: float) -> float:
    """Return the decay length of interferon-gamma (um) with uptake by cells of a density (1/um3)."""
    field = fields.ifng()
    return math.sqrt(field.diffusion / (field.decay + clearance * density))


def test_reach_of_interferon_gamma() -> None:
    clearance = load("tumour")["ifng_clearance"].value
    assert reach(0.0, DENSITY) == pytest.approx(1240, rel=0.01)
    assert reach(clearance, DENSITY) == pytest.approx(154, rel=0.01)
    assert 30 < reach(clearance, 6667 / (800 * 800 * 15)) < 150


def induction_length(secretion: float) -> float:
    """Return how far from a disc of stimulated effectors (100 um, 0.3 per 100 um2) PD-L1 is induced by a tenth of its maximum."""
    number = {name: parameter.value for name, parameter in load("tumour").items()}
    field = fields.ifng()
    density = 6667 / (800 * 800 * 15)
    length = reach(number["ifng_clearance"], density)
    per_volume = secretion * MOLECULES_PER_PMOL * 0.003 / 15.0  # molecules / um3 / day in the disc
    half = number["pdl1_ifng"] * (1 / 9) ** (1 / number["pdl1_ifng_power"])  # nM at a tenth of the effect
    sink = field.diffusion / length**2
    inside = per_volume / sink / MOLECULES_PER_UM3_IN_NM * (100 / length) * special.i1(100 / length)
    distances = np.linspace(100, 2000, 4000)
    concentration = inside * special.k0(distances / length)  # outside a disc of radius 100 um
    return float(distances[concentration > half].max(initial=100.0) - 100.0)


def test_one_focus_induces_pdl1_over_a_measured_distance() -> None:
    """50-800 um: Hoekstra 2020 (more than 800 um from whole tumours), Thibaut 2020."""
    secretion = load("cd8")["ifng_secretion"].value
    assert 50 < induction_length(secretion) < 800
    assert induction_length(secretion / 2) < induction_length(secretion) < induction_length(2 * secretion)


def test_published_secretion_spans_never_to_always() -> None:
    published = [rate / MOLECULES_PER_PMOL * 86400 for rate in (0.003, 18.0)]
    assert induction_length(published[0]) == 0.0
    assert induction_length(published[1]) > 200
    assert load("cd8")["ifng_secretion"].value * MOLECULES_PER_PMOL / 86400 == pytest.approx(3.0)


def test_division_and_death_leave_a_clinical_growth() -> None:
    """With ample oxygen and no immune cells: the QSP-IO range of net growth, 0.005-0.02 /day."""
    number = {name: parameter.value for name, parameter in load("tumour").items()}
    growth = number["division_rate"] - number["death_rate"]
    assert 0.005 < growth < 0.02


def test_erlang_clock_matches_its_integral() -> None:
    """The closed form of the kill probability against quadrature of the waiting time."""
    density = stats.gamma(4, scale=30.0).pdf
    assert integrate.quad(density, 50.0, np.inf)[0] == pytest.approx(stats.gamma(4, scale=30.0).sf(50.0), abs=1e-8)

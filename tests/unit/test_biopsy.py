"""Cores and sections: how many cells they hold, what a pathologist reads from them, what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qsp_abm as qa
from qsp_abm import biopsy
from qsp_abm.errors import ModelError
from qsp_abm.statistics import CellTable, Window, as_cells
from qsp_abm.statistics.labels import sets_of


def solid(number: int = 100_000, seed: int = 1, side: float = 1000.0) -> CellTable:
    """Return tumour cells at random in a cube."""
    points = np.random.default_rng(seed).random((number, 3)) * side
    window = Window((0.0,) * 3, (side,) * 3)
    return CellTable(points, np.full(number, "tumour", object), window, sets=sets_of(["tumour"]))


def section_of(kinds: dict[str, int], stained: dict[str, int], side: float = 1000.0) -> biopsy.Specimen:
    """Return a section of given cells, of which some have PD-L1."""
    random = np.random.default_rng(2)
    labels = np.repeat(list(kinds), list(kinds.values()))
    pdl1 = np.concatenate([np.arange(n) < stained.get(kind, 0) for kind, n in kinds.items()]) * 1e5
    points = random.random((len(labels), 2)) * side
    frame = pd.DataFrame({"x_um": points[:, 0], "y_um": points[:, 1], "cell_type": labels, "pdl1": pdl1})
    cells = as_cells(frame, window=[0, side, 0, side])
    return biopsy.Specimen(cells, side**2, {"kind": "section"})


PDL1 = biopsy.Marker("PD-L1", ("pdl1",), above=5e4)


# ---- cores --------------------------------------------------------------------------------------------------------------


def test_a_core_holds_its_volume_of_tissue_in_any_direction() -> None:
    cells = solid()
    for direction in ([1, 0, 0], [1, 2, 3], [0, -1, 1]):
        core = biopsy.needle(cells, "200 um", "600 um", direction=direction)
        volume = math.pi * 100**2 * 600
        assert core.size == pytest.approx(volume, rel=0.01)
        assert len(core.cells) == pytest.approx(1e-4 * volume, rel=4 / math.sqrt(1e-4 * volume))
        off = np.linalg.norm(core.cells.points[:, 1:] - 100, axis=1)
        assert off.max() <= 100 + 1e-9


def test_a_core_that_leaves_the_tissue_counts_the_tissue_alone() -> None:
    core = biopsy.needle(solid(), "200 um", "600 um", position=[0, 500, 500])
    assert core.size == pytest.approx(math.pi * 100**2 * 300, rel=0.02)
    strip = biopsy.needle(section_of({"tumour": 9}, {}).cells, 100, 5000, direction=[1, 1])
    assert strip.size == pytest.approx(100 * 1000 * math.sqrt(2) - 100**2 / 2, rel=0.01)


def test_a_core_is_a_table_for_every_other_reader() -> None:
    core = biopsy.needle(solid(), 200, 600)
    again = as_cells(core.table())
    assert len(again) == len(core.cells)
    assert core.counts() == {"tumour": len(core.cells)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"diameter": "0 um"}, "diameter"),
        ({"length": "3 day"}, "length"),
        ({"position": [0, 0]}, "3 numbers inside"),
        ({"position": [0, 0, 2000]}, "3 numbers inside"),
        ({"direction": [0, 0, 0]}, "not all 0"),
    ],
)
def test_impossible_cores_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        biopsy.needle(solid(10), **arguments)


# ---- sections -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0.0, 0.6])
def test_a_section_shows_thickness_and_diameter_and_abercrombie_undoes_it(least: float) -> None:
    cut = biopsy.section(solid(200_000), thickness="5 um", diameter=15.0, least=least)
    depth = 5 + 15 * math.sqrt(1 - least**2)
    expected = 2e-4 * depth * 1e6
    assert cut.counts()["tumour"] == pytest.approx(expected, rel=4 / math.sqrt(expected))
    assert cut.counts(corrected=True)["tumour"] == pytest.approx(2e-4 * 5 * 1e6, rel=4 / math.sqrt(expected))
    assert cut.size == 1e6


def test_a_section_thinner_than_a_voxel_shows_its_part_of_a_full_lattice() -> None:
    """40 voxels of 20 um: every layer has 1600 cells of 10 um; a section of 5 um shows (5 + 10) / 20 of a layer, wherever it lies."""
    n, h = 40, 20.0
    points = (np.indices((n, n, n)).reshape(3, -1).T + 0.5) * h
    cells = CellTable(points, np.full(len(points), "tumour", object), Window((0.0,) * 3, (n * h,) * 3), shape=(n,) * 3)
    found = [
        biopsy.section(cells, [400, 400, height], thickness=5, diameter=10.0, seed=seed).counts()["tumour"]
        for seed, height in enumerate(np.linspace(390, 410, 21))
    ]
    assert np.mean(found) == pytest.approx(1600 * 15 / 20, rel=0.01)
    assert max(found) < 1600 * 15 / 20 + 5 * math.sqrt(1600 * 0.75 * 0.25)
    assert min(found) > 1600 * 15 / 20 - 5 * math.sqrt(1600 * 0.75 * 0.25)


def test_oblique_and_straight_sections_show_the_same_density() -> None:
    cells = solid(200_000)
    straight = biopsy.section(cells, normal="x", field=(400, 500))
    oblique = biopsy.section(cells, normal=[1, 1, 1], field=(400, 500))
    expected = 2e-4 * 17 * 2e5
    for cut in (straight, oblique):
        assert cut.cells.window.sides.tolist() == [400, 500]
        assert len(cut.cells) == pytest.approx(expected, rel=4 / math.sqrt(expected))
    whole = biopsy.section(cells, normal=[0, 0, 1])
    assert whole.cells.window.low == pytest.approx((0, 0), abs=1e-9)


def test_a_section_through_a_core_has_the_area_of_the_core() -> None:
    core = biopsy.needle(solid(200_000), "200 um", "600 um", direction=[1, 1, 0])
    cut = biopsy.section(core, diameter=15.0)
    assert cut.size == pytest.approx(200 * 600, rel=0.01)
    expected = 2e-4 * 20 * cut.size
    assert len(cut.cells) == pytest.approx(expected, rel=4 / math.sqrt(expected))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"normal": "w"}, "x, y, z"),
        ({"normal": [1, 1, 0]}, "needs its field of view"),
        ({"field": (5000, 10)}, "reaches out"),
        ({"field": (0, 10)}, "two numbers above 0"),
        ({"diameter": {"cd8": 7.0}}, "no diameter of 'tumour'"),
        ({"least": 1.0}, "from 0 below 1"),
        ({"thickness": "-1 um"}, "thickness"),
    ],
)
def test_impossible_sections_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        biopsy.section(solid(10), **arguments)


def test_a_section_cannot_be_cut_again_and_a_core_not_be_read() -> None:
    with pytest.raises(ModelError, match="lie in a plane"):
        biopsy.section(section_of({"tumour": 3}, {}))
    with pytest.raises(ModelError, match="cut it first"):
        biopsy.pathology(biopsy.needle(solid(100)))


# ---- the report ---------------------------------------------------------------------------------------------------------


def test_scores_by_hand() -> None:
    kinds = {"tumour": 200, "tumour_dead": 50, "CD8T": 30, "Treg": 10, "MF_1": 20, "Neutrophil": 40}
    stained = {"tumour": 20, "tumour_dead": 50, "CD8T": 5, "MF_1": 10, "Neutrophil": 40}
    read = biopsy.pathology(section_of(kinds, stained), PDL1)
    assert (read.viable_tumour, read.evaluable) == (200, True)
    assert read.tps == 10  # dead cells do not count
    assert read.cps == pytest.approx(100 * (20 + 5 + 10) / 200)  # nor do neutrophils
    assert (read.cd8, read.cd3) == (30, 40)


def test_cps_ends_at_100_and_few_cells_are_not_evaluable() -> None:
    read = biopsy.pathology(section_of({"tumour": 99, "CD8T": 80}, {"tumour": 99, "CD8T": 80}), PDL1)
    assert (read.cps, read.tps, read.evaluable) == (100, 100, False)
    none = biopsy.pathology(section_of({"CD8T": 8}, {}), PDL1)
    assert math.isnan(none.tps) and not none.evaluable
    assert math.isnan(biopsy.pathology(section_of({"tumour": 100}, {})).tps)  # without a stain


def test_markers_stain_by_threshold_and_type() -> None:
    cells = section_of({"tumour": 3, "CD8T": 3}, {"tumour": 1, "CD8T": 2}).cells
    assert PDL1.positive(cells).sum() == 3
    assert biopsy.Marker("PD-L1", ("pdl1",), 5e4, cells="tumour").positive(cells).sum() == 1
    assert biopsy.Marker("CD8", cells="cd8").positive(cells).sum() == 3
    with pytest.raises(ModelError, match="no column"):
        biopsy.Marker("x", ("pdl2",)).positive(cells)
    with pytest.raises(ModelError, match="neither"):
        biopsy.Marker("x")


def test_the_immunoscore_is_the_mean_percentile() -> None:
    report = biopsy.Pathology(1, 100, True, 1, 1, 5, cd8_core=5, cd8_margin=50, cd3=7, cd3_core=2, cd3_margin=100)
    others = {"cd3_core": [1, 3], "cd3_margin": [1, 2], "cd8_core": [6, 7], "cd8_margin": [10, 50, 60, 70]}
    mean, kind = biopsy.immunoscore(report, others)
    assert mean == pytest.approx((50 + 100 + 0 + 37.5) / 4)
    assert kind == "intermediate"
    with pytest.raises(ModelError, match="did you mean 'cd8_core'"):
        biopsy.immunoscore(report, {**others, "cd8_cor": [1]})
    with pytest.raises(ModelError, match="no reference densities 'cd8_margin'"):
        biopsy.immunoscore(report, {name: others[name] for name in list(others)[:3]})


# ---- sampling error -----------------------------------------------------------------------------------------------------


def test_many_cores_of_one_tumour_scatter_about_its_score() -> None:
    whole = section_of({"tumour": 8000, "CD8T": 2000}, {"tumour": 2400}, side=2000)
    cores = biopsy.repeat(whole.cells, 60, 200, 800, PDL1, aim="anywhere", seed=1)
    assert len(cores) == 60
    found = biopsy.spread(cores)
    assert found.loc["tps", "median"] == pytest.approx(30, abs=1)
    # of about 300 tumour cells a core: a binomial scatter
    mean = cores.loc[cores["evaluable"], "viable_tumour"].mean()
    assert found.loc["tps", "variation"] == pytest.approx(math.sqrt(0.7 / 0.3 / mean), rel=0.4)
    again = biopsy.repeat(whole.cells, 3, 200, 800, PDL1, aim="anywhere", seed=1)
    pd.testing.assert_frame_equal(cores.head(3), again)


def test_cores_of_a_solid_tumour_are_cut_and_read() -> None:
    cores = biopsy.repeat(solid(200_000), 5, 300, 600, seed=2)
    expected = 2e-4 * 17 * 1e6
    scatter = 1 / np.sqrt(expected * cores["area"])
    assert (abs(cores["viable_tumour"] / cores["area"] / expected - 1) < 4 * scatter + 0.02).all()
    with pytest.raises(ModelError, match="did you mean 'tumour'"):
        biopsy.repeat(solid(10), 5, aim="tumor")


def test_a_run_knows_its_diameters_and_its_stain(tmp_path: Path) -> None:
    pdl1 = [
        qa.Trait(name="pdl1_constitutive", start=qa.LogNormal(median=3e4, sigma=0.5)),
        qa.Trait(name="pdl1_induced", start=qa.Constant(value=0.0)),
    ]
    cell = qa.CellType(name="tumour", volume=2500)
    group = qa.Group(name="tumour", types=[cell], traits=pdl1)
    model = qa.Model(lattice=qa.Lattice(shape=(20, 20, 20), spacing="20 um"), cells=[group])
    start = qa.Ball(cells="tumour", radius="150 um")
    run = qa.Simulation(model, start, seed=1).run("1 hour", tmp_path / "a.vtkhdf", "1 hour")
    diameters = biopsy.cell_diameters(run)
    assert diameters["tumour"] == pytest.approx((6 * model.types["tumour"].volume / math.pi) ** (1 / 3))
    read = biopsy.pathology(biopsy.section(run, diameter=diameters), biopsy.pdl1(), margin=50)
    assert read.viable_tumour > 50
    assert 0 < read.tps < 100

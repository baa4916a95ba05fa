"""Spatial statistics against closed forms, brute force, other implementations and published sections.

Closed forms: complete spatial randomness; Thomas and Matern cluster processes and the Matern II hard core (S. N. Chiu et al.,
*Stochastic Geometry and its Applications*, 3rd ed., 2013, sections 5.3 and 5.4); shells of a periodic lattice (Gavagnin, Owen, Yates,
Phys. Rev. E 97:062104, 2018). Processes are simulated with fixed seeds: the 95 % interval of the mean ratio to the closed form must lie
inside the margin, which it does only with enough seeds.

Other implementations: spatial_statistics/values.json, made by spatial_statistics/make.py (squidpy 1.8.2, pointpats 2.5.5; calls and
versions are in the file). Counts must be equal, numbers to 1e-5 relative where they have single precision there (Moran), else
1e-9; z scores of two independent sets of permutations (20 000 there, 2000 here) within 0.06 sqrt(1 + z^2 / 2), four standard errors.

Sections: mibi_tnbc/README.md.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from qsp_abm import statistics
from qsp_abm.statistics import CellTable, Null, Window, as_cells
from qsp_abm.statistics.measures.lattice_pair_correlation import pair_counts

HERE = Path(__file__).parent
SECTIONS = HERE / "mibi_tnbc"
EXAMPLES = HERE.parents[1] / "examples" / "data"
Floats = NDArray[np.float64]


def cells(points: Floats, labels: Any = "tumour", window: Window | None = None, **marks: Floats) -> CellTable:
    """Return cells in a window; one label or one each."""
    names = np.broadcast_to(np.asarray(labels, object), len(points))
    box = window or Window((0.0,) * points.shape[1], (1.0,) * points.shape[1])
    return CellTable(points, names, box, marks)


def assert_equivalent(ratios: Any, margin: float) -> None:
    """Require the 95 % interval of the mean of independent ratios to lie inside 1 +- margin."""
    values = np.asarray(ratios)
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    print(f"{values.mean():.4f} +- {half:.4f}, margin {margin}")  # noqa: T201
    assert half < margin / 2, "too few seeds for this margin"
    assert abs(values.mean() - 1) + half < margin


# ---- randomness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [(200.0, 100.0), (60.0, 40.0, 50.0)])
def test_random_cells_have_k_of_pi_r2_and_four_thirds_pi_r3(sides: tuple[float, ...]) -> None:
    window = Window((0.0,) * len(sides), sides)
    at_r, at_end = [], []
    for seed in range(100):
        points = np.random.default_rng(seed).random((300, len(sides))) * sides
        found = statistics.ripley_k(cells(points, window=window), radii=[5.0, 10.0, 20.0])
        assert found.expected is not None
        at_r.append(found.values[1] / found.expected[1])
        at_end.append(found.values[2] / found.expected[2])  # 20 um of 40: most pairs need the correction
    assert_equivalent(at_r, 0.03)
    assert_equivalent(at_end, 0.03)


def test_random_cells_have_the_nearest_neighbour_distribution_of_poisson() -> None:
    window, r = Window((0, 0), (200, 200)), np.array([4.0, 8.0])
    found = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        number = random.poisson(240)
        points = random.random((number + 200, 2)) * 200
        labels = ["tumour"] * 200 + ["B"] * number
        g = statistics.nearest_neighbour(cells(points, labels, window), "tumour", "B", r).values
        found.append(g / (1 - np.exp(-0.006 * math.pi * r**2)))
    for column in np.array(found).T:
        assert_equivalent(column, 0.05)


# ---- processes with a closed form ---------------------------------------------------------------------------------------


def clustered(
    random: np.random.Generator, kappa: float, mean: float, scatter: Callable[[int], Floats], d: int
) -> Floats:
    """Return a cluster process in the unit box: Poisson parents, also outside, with a Poisson number of offspring each."""
    border = 0.3
    parents = random.random((random.poisson(kappa * (1 + 2 * border) ** d), d)) * (1 + 2 * border) - border
    family = np.repeat(parents, random.poisson(mean, len(parents)), axis=0)
    points = family + scatter(len(family))
    return points[((points >= 0) & (points <= 1)).all(1)]


def check_k(
    points_of: Callable[[np.random.Generator], Floats], intensity: float, k: Callable[[float], float], seeds: int
) -> None:
    """Compare the mean of the pair sums, which K times the squared intensity is without bias, at two radii."""
    ratios = []
    radii = [0.05, 0.1]
    for seed in range(seeds):
        points = points_of(np.random.default_rng(seed))
        found = statistics.ripley_k(cells(points), radii=radii).values
        ratios.append(found * len(points) * (len(points) - 1) / intensity**2 / [k(r) for r in radii])
    for column in np.array(ratios).T:
        assert_equivalent(column, 0.07)


def test_k_of_the_thomas_process() -> None:
    kappa, mean, sigma = 60.0, 5.0, 0.03
    check_k(
        lambda random: clustered(random, kappa, mean, lambda n: random.normal(0, sigma, (n, 2)), 2),
        kappa * mean,
        lambda r: math.pi * r**2 + (1 - math.exp(-(r**2) / (4 * sigma**2))) / kappa,
        350,
    )


def test_k_of_the_thomas_process_in_three_dimensions() -> None:
    kappa, mean, sigma = 100.0, 5.0, 0.03

    def k(r: float) -> float:
        s = r / (2 * sigma)
        near = math.erf(s) - 2 * s * math.exp(-(s**2)) / math.sqrt(math.pi)
        return 4 / 3 * math.pi * r**3 + near / kappa

    check_k(
        lambda random: clustered(random, kappa, mean, lambda n: random.normal(0, sigma, (n, 3)), 3),
        kappa * mean,
        k,
        250,
    )


def test_k_of_the_matern_cluster_process() -> None:
    kappa, mean, radius = 60.0, 5.0, 0.06

    def disc(random: np.random.Generator, n: int) -> Floats:
        angle, length = random.random(n) * 2 * math.pi, radius * np.sqrt(random.random(n))
        return np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1)

    def k(r: float) -> float:
        z = min(1.0, r / (2 * radius))
        tail = (8 * z**2 - 4) * math.acos(z) - 2 * math.asin(z)
        tail += 4 * z * math.sqrt((1 - z**2) ** 3) - 6 * z * math.sqrt(1 - z**2)
        return math.pi * r**2 + (2 + tail / math.pi) / kappa

    check_k(lambda random: clustered(random, kappa, mean, lambda n: disc(random, n), 2), kappa * mean, k, 350)


def test_hard_core_of_matern_2() -> None:
    """No pair below the core distance h; from h to 2 h the closed form of the pair correlation; 1 beyond."""
    primary, h = 400.0, 0.04
    edges = np.array([0.9999 * h, 1.25 * h, 2 * h, 3 * h])
    found = []
    for seed in range(250):
        random = np.random.default_rng(seed)
        points = random.random((random.poisson(primary * 1.2**2), 2)) * 1.2 - 0.1
        age = random.random(len(points))
        near = cKDTree(points).query_pairs(h, output_type="ndarray")
        older = near[np.arange(len(near)), age[near].argmax(1)]
        kept = np.delete(points, older, axis=0)
        kept = kept[((kept >= 0) & (kept <= 1)).all(1)]
        values = statistics.pair_correlation(cells(kept), radii=edges).values
        assert values[0] == 0
        found.append(values * len(kept) * (len(kept) - 1))

    c = math.pi * h**2
    intensity = (1 - math.exp(-primary * c)) / c

    def g(r: float) -> float:
        union = 2 * c - (2 * h**2 * math.acos(r / (2 * h)) - r / 2 * math.sqrt(4 * h**2 - r**2)) if r < 2 * h else 2 * c
        second = 2 * union * (1 - math.exp(-primary * c)) - 2 * c * (1 - math.exp(-primary * union))
        return second / (c * union * (union - c)) / intensity**2

    def annulus(low: float, high: float) -> float:
        r = np.linspace(low, high, 2001)
        middle = (r[1:] + r[:-1]) / 2
        return float(np.average([g(each) for each in middle], weights=middle))

    for column, (low, high) in zip(np.array(found).T[1:], pairwise(edges), strict=True):
        assert_equivalent(column / intensity**2 / annulus(low, high), 0.06)


# ---- brute force --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [(30.0, 50.0), (20.0, 30.0, 25.0)])
def test_k_and_pair_correlation_equal_all_pairs_one_by_one(sides: tuple[float, ...]) -> None:
    random = np.random.default_rng(3)
    points = random.random((120, len(sides))) * sides
    labels = np.array(["tumour"] * 50 + ["CD8T"] * 40 + ["Treg"] * 30, object)
    table = as_cells(
        CellTable(points, labels, Window((0.0,) * len(sides), sides), {"mark": random.random(120)}),
        sets={"t_cell": ["CD8T", "Treg"]},
    )
    edges, volume = np.array([0.0, 3.0, 6.0, 10.0]), float(np.prod(sides))
    for a, b in (("tumour", "tumour"), ("tumour", "t_cell"), ("t_cell", "CD8T")):
        first, second = np.flatnonzero(table.select(a)), np.flatnonzero(table.select(b))
        sums, number = np.zeros(3), 0
        for i, j in product(first, second):
            if i == j:
                continue
            number += 1
            shift = np.abs(points[i] - points[j])
            distance = float(np.linalg.norm(shift))
            if distance <= edges[-1]:
                sums[np.searchsorted(edges[1:], distance)] += volume / float(np.prod(sides - shift))
        k = np.cumsum(sums) * volume / number
        np.testing.assert_allclose(statistics.ripley_k(table, a, b, edges[1:]).values, k, rtol=1e-12)
        balls = (math.pi if len(sides) == 2 else 4 / 3 * math.pi) * edges ** len(sides)
        g = np.diff(np.append(0, k)) / np.diff(balls)
        np.testing.assert_allclose(statistics.pair_correlation(table, a, b, edges[1:]).values, g, rtol=1e-12)
    levels, width = [0.2, 0.7], 0.4
    weights = np.maximum(1 - np.abs(table.marks["mark"] - np.array(levels)[:, None]) / width, 0)
    first, second = np.flatnonzero(table.select("tumour")), np.flatnonzero(table.select("CD8T"))
    shifts = np.abs(points[first][:, None] - points[second][None])
    corrected = volume / np.prod(np.array(sides) - shifts, axis=2)
    distances = np.linalg.norm(shifts, axis=2)
    for m, weight in enumerate(weights[:, second]):
        in_shell = [(corrected * weight * ((distances > lo) & (distances <= hi))).sum() for lo, hi in pairwise(edges)]
        expected = np.array(in_shell) * volume / (len(first) * weight.sum()) / np.diff(balls)
        found = statistics.weighted_pair_correlation(table, "tumour", "CD8T", "mark", levels, width, edges[1:])
        np.testing.assert_allclose(found.values[m], expected, rtol=1e-12)
    one = statistics.weighted_pair_correlation(table, "tumour", "CD8T", "mark", [0.0], 1e9, edges[1:]).values[0]
    np.testing.assert_allclose(one, statistics.pair_correlation(table, "tumour", "CD8T", edges[1:]).values, rtol=1e-8)


def test_the_slabs_of_a_large_search_lose_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    from qsp_abm.statistics import pairs

    points = np.random.default_rng(1).random((3000, 3))
    whole = statistics.ripley_k(cells(points), radii=[0.05, 0.2]).values
    monkeypatch.setattr(pairs, "_SLAB", 130)
    np.testing.assert_allclose(statistics.ripley_k(cells(points), radii=[0.05, 0.2]).values, whole, rtol=1e-12)


@pytest.mark.parametrize("metric", ["uniform", "taxicab", "euclidean"])
@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", [(8, 11), (6, 7, 8)])
def test_lattice_pairs_equal_all_pairs_one_by_one(metric: Any, periodic: bool, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(5)
    first, second = random.integers(0, 3, shape), random.integers(0, 2, shape)
    reach = min(shape) // 2
    expected = np.zeros(reach + 1, "i8")
    sites = np.array(list(np.ndindex(shape)))
    for site in sites:
        steps = np.abs(sites - site)
        steps = np.minimum(steps, np.array(shape) - steps) if periodic else steps
        distance = {
            "uniform": steps.max(1),
            "taxicab": steps.sum(1),
            "euclidean": np.floor(np.sqrt((steps**2).sum(1)) + 0.5).astype("i8"),
        }[metric]
        for m in range(1, reach + 1):
            expected[m] += first[tuple(site)] * second.ravel()[distance == m].sum()
    assert pair_counts(first, second, reach, metric, periodic).tolist() == expected[1:].tolist()


def test_shells_of_a_periodic_lattice_are_those_of_the_paper() -> None:
    flat, solid = np.ones((12, 14), "i8"), np.ones((10, 12, 11), "i8")
    m = np.arange(1, 5)
    assert (pair_counts(flat, None, 4, "uniform", True) == flat.size * 8 * m).all()
    assert (pair_counts(flat, None, 4, "taxicab", True) == flat.size * 4 * m).all()
    assert (pair_counts(solid, None, 4, "uniform", True) == solid.size * (24 * m**2 + 2)).all()
    assert (pair_counts(solid, None, 4, "taxicab", True) == solid.size * (4 * m**2 + 2)).all()


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", [(20, 26), (10, 12, 14)])
def test_a_full_lattice_is_1_and_a_random_one_is_1_on_average(shape: tuple[int, ...], periodic: bool) -> None:
    sides = tuple(10.0 * n for n in shape)
    every = (np.indices(shape).reshape(len(shape), -1).T + 0.5) * 10
    full = CellTable(every, np.full(len(every), "tumour", object), Window((0.0,) * len(shape), sides), shape=shape)
    assert (statistics.lattice_pair_correlation(full, reach=4, periodic=periodic).values == 1).all()
    found = []
    for seed in range(150):
        kept = full.only(np.random.default_rng(seed).random(len(full)) < 0.3)
        found.append(statistics.lattice_pair_correlation(kept, reach=2, metric="taxicab", periodic=periodic).values)
    for column in np.array(found).T:
        assert_equivalent(column, 0.03)


# ---- shapes -------------------------------------------------------------------------------------------------------------


def solid(shape: tuple[int, ...], inside: Callable[[Floats], NDArray[np.bool_]], spacing: float = 10.0) -> CellTable:
    """Return a lattice that is full of tumour cells where `inside` of the centres, (N, d) from the middle, says so."""
    centres = (np.indices(shape).reshape(len(shape), -1).T + 0.5) * spacing
    middle = spacing * np.array(shape) / 2
    kept = centres[inside(centres - middle)]
    window = Window((0.0,) * len(shape), tuple(spacing * n for n in shape))
    return CellTable(kept, np.full(len(kept), "tumour", object), window, shape=shape)


def test_disc_ball_and_square_have_their_roundness() -> None:
    disc = statistics.compactness(solid((80, 80), lambda x: np.linalg.norm(x, axis=1) < 300))
    assert disc["isoperimetric"] == pytest.approx(1, abs=0.03)
    assert disc["gyration_ratio"] == pytest.approx(1, abs=0.005)
    assert disc["boundary"] == pytest.approx(2 * math.pi * 300, rel=0.02)
    ball = statistics.compactness(solid((50, 50, 50), lambda x: np.linalg.norm(x, axis=1) < 180))
    assert ball["isoperimetric"] == pytest.approx(1, abs=0.05)
    assert ball["boundary"] == pytest.approx(4 * math.pi * 180**2, rel=0.02)
    assert ball["touches_border"] == 0
    turned = np.array([[math.cos(0.4), -math.sin(0.4)], [math.sin(0.4), math.cos(0.4)]])
    square = statistics.compactness(solid((90, 90), lambda x: (np.abs(x @ turned) < 250).all(1)))
    assert square["isoperimetric"] == pytest.approx(math.pi / 4, rel=0.06)
    assert square["gyration_ratio"] == pytest.approx(math.sqrt(math.pi / 3), rel=0.01)


def test_distance_to_a_straight_edge_and_the_profile_beside_it() -> None:
    left = solid((40, 30), lambda x: x[:, 0] < 0)  # x from 0 to 200 um of 400
    region = statistics.tumour_region(left)
    column = np.arange(40) * 10 + 5.0
    np.testing.assert_allclose(region.distance, np.repeat((column - 200)[:, None], 30, axis=1))
    random = np.random.default_rng(2)
    t_cells = np.stack([200 + 200 * random.random(3000), 300 * random.random(3000)], axis=1)
    both = CellTable(
        np.concatenate([left.points, t_cells]),
        np.array(["tumour"] * len(left) + ["CD8T"] * 3000, object),
        left.window,
        sets={"immune": ("CD8T",), "cd8": ("CD8T",)},
        shape=left.shape,
    )
    profile = statistics.edge_profile(both, distances=[-100, 0, 100, 200])
    assert profile.values[0] == 0
    assert profile.values[1:].sum() * 0.03 == pytest.approx(3000)
    zones = statistics.immune_phenotype(both, margin=100, core_threshold=100, margin_threshold=100)
    assert (zones["core"], zones.verdict) == (0, "excluded")


# ---- other implementations ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def others() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "spatial_statistics" / "values.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def compared() -> CellTable:
    return as_cells(HERE / "spatial_statistics" / "cells.csv", window=[0, 400, 0, 400])


@pytest.mark.parametrize(
    ("graph", "options"),
    [
        ("knn", {"neighbours": "knn", "k": 6}),
        ("radius", {"neighbours": "radius", "radius": 20.0}),
        ("delaunay", {"neighbours": "delaunay", "radius": 1e6}),
    ],
)
def test_graphs_moran_and_enrichment_are_those_of_squidpy(
    graph: str, options: dict[str, Any], others: dict[str, Any], compared: CellTable
) -> None:
    from qsp_abm.statistics.graph import find_neighbours

    theirs = others[graph]
    edges = find_neighbours(compared, **{"radius": 20.0, "k": 6, **options})
    assert len(edges.of) == theirs["edges"]
    masks = [compared.select(kind) for kind in theirs["types"]]
    assert [[edges.number(a, b) for b in masks] for a in masks] == theirs["counts"]
    assert statistics.moran(compared, "mark", **options).values[0] == pytest.approx(theirs["moran"], rel=1e-5)
    z = statistics.neighbourhood_enrichment(compared, types=theirs["types"], null=2000, **options).values
    z_there = np.array(theirs["z"])
    assert (np.abs(z - z_there) < 4 * 0.015 * 1.6 * np.sqrt(1 + z_there**2 / 2)).all()


def test_k_l_and_g_without_edge_correction_are_those_of_pointpats(others: dict[str, Any], compared: CellTable) -> None:
    """A window so large that nothing is corrected; pointpats divides by n^2 where K here divides by n (n - 1)."""
    theirs = others["pointpats"]
    far = 1e9
    tumour = compared.only(compared.select("tumour"))
    alone = CellTable(tumour.points, tumour.labels, Window((-far, -far), (far, far)))
    n, r = len(alone), theirs["radii"]
    k = statistics.ripley_k(alone, radii=r).values * theirs["hull_area"] / (2 * far) ** 2 * (n - 1) / n
    np.testing.assert_allclose(k, theirs["k"], rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(k / math.pi), theirs["l"], rtol=1e-6)
    g = statistics.nearest_neighbour(alone, "tumour", "tumour", r).values
    np.testing.assert_allclose(g, theirs["g"], rtol=1e-9)


# ---- published sections -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patients() -> dict[str, tuple[str, CellTable]]:
    with (SECTIONS / "patients.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = {}
    for row in rows:
        folder = EXAMPLES if row["patient"] in ("patient4", "patient8") else SECTIONS
        table = as_cells(folder / f"{row['patient']}.csv", window=[0, 800, 0, 800])
        assert len(table) == int(row["cells"])
        found[row["patient"]] = (row["architecture"], table)
    assert len(found) == 12
    return found


@pytest.mark.parametrize("options", [{"radius": 10.0}, {"radius": 20.0}, {"neighbours": "knn"}])
def test_mixing_scores_order_the_patients_as_published(
    options: dict[str, Any], patients: dict[str, tuple[str, CellTable]]
) -> None:
    scores: dict[str, list[float]] = {"mixed": [], "compartmentalized": []}
    for architecture, table in patients.values():
        scores[architecture].append(statistics.mixing_score(table, **options)["raw"])
    assert min(scores["mixed"]) > max(scores["compartmentalized"])


def test_the_normalised_score_does_not_order_them(patients: dict[str, tuple[str, CellTable]]) -> None:
    """The published order follows from the numbers of cells too: divided by what random labels give, two patients overlap."""
    scores: dict[str, list[float]] = {"mixed": [], "compartmentalized": []}
    for architecture, table in patients.values():
        scores[architecture].append(statistics.mixing_score(table)["normalised"])
    wrong = sum(m < c for m in scores["mixed"] for c in scores["compartmentalized"])
    assert 1 <= wrong <= 6  # of 36 pairs


def test_permuting_immune_labels_alone_leaves_the_mixing_score(patients: dict[str, tuple[str, CellTable]]) -> None:
    _, table = patients["patient4"]
    found = statistics.mixing_score(table, null=Null(20, among="immune"))
    assert found.null is not None
    np.testing.assert_allclose(found.null.sd, 0, atol=1e-12)
    clustered_ = statistics.ripley_l(table, "cd8", "cd8", [20.0], Null(39, among="immune"))
    assert clustered_.p == pytest.approx(2 / 40)  # of a single value the highest and the lowest are equally extreme

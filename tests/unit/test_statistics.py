"""Statistics: what goes in, what comes out, what is refused; small cases by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import qsp_abm as qa
from qsp_abm import statistics
from qsp_abm.cli import app
from qsp_abm.errors import ModelError
from qsp_abm.statistics import CellTable, Null, Window, as_cells
from qsp_abm.statistics.catalogue import find, measure, names
from qsp_abm.statistics.null import extreme_rank_length
from qsp_abm.statistics.recorded import recorded


def table(dimensions: int = 2, number: int = 300, seed: int = 1, side: float = 200.0) -> pd.DataFrame:
    """Return cells at random in a box, with a mark and a clone."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"{axis}_um": random.random(number) * side for axis in "xyz"[:dimensions]}
    kinds = random.choice(["tumour", "CD8T", "Treg", "MF_1", "stroma"], number, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    return pd.DataFrame(
        {**columns, "cell_type": kinds, "stimulation": random.random(number), "clone": random.integers(5, size=number)}
    )


def lattice(dimensions: int = 2, number: int = 300) -> CellTable:
    """Return cells on a lattice of 10 um, one a voxel."""
    n = 20 if dimensions == 2 else 10
    random = np.random.default_rng(2)
    voxels = np.stack(np.unravel_index(random.permutation(n**dimensions)[:number], (n,) * dimensions), axis=1)
    frame = table(dimensions, number)
    frame[[f"{axis}_um" for axis in "xyz"[:dimensions]]] = voxels * 10 + 5.0
    frame.loc[(voxels[:, 0] >= n // 2) & (frame["cell_type"] == "tumour"), "cell_type"] = (
        "stroma"  # so that there is an edge
    )
    return as_cells(frame, window=[0, 10 * n] * dimensions, spacing=10)


# What a statistic needs besides its defaults to work on these tables.
NEEDED: dict[str, dict[str, Any]] = {
    "moran": {"mark": "stimulation"},
    "lattice_pair_correlation": {"reach": 3},
    "neighbourhood_enrichment": {"null": 9},
}


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("name", names())
def test_each_statistic_works_in_two_and_three_dimensions(name: str, dimensions: int) -> None:
    cells = lattice(dimensions)
    entry = find(name)
    assert entry.reference.startswith("10.")
    assert entry.sentence.endswith(".")
    options = NEEDED.get(name, {}) | ({"null": 9} if "null" in entry.options else {})
    found = entry.function(cells, **options)
    assert found.name == name
    assert np.isfinite(found.values).any()
    if "null" in entry.options:
        assert found.null is not None and found.null.simulations == 9
        assert found.null.mean.shape == found.values.shape
        again = entry.function(cells, **options)
        np.testing.assert_array_equal(found.null.low, again.null.low)
    assert len(found.table()) == found.values.size == len(found.table()["unit"])
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "name", [name for name in names() if "null" in find(name).options and "a" in find(name).options]
)
def test_positions_at_random_are_a_null_of_each(name: str) -> None:
    null = Null(4, kind="positions")
    found = measure(name, lattice(), **{**NEEDED.get(name, {}), "null": null})
    assert found.null is not None and found.null.kind == "positions"


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("left", ["tumour", "CD8T+Treg+MF_1", ""])
def test_no_statistic_fails_where_cells_have_died_out(name: str, left: str) -> None:
    """In a run a type can vanish; a recorded series then has NaN or 0 and goes on."""
    cells = lattice()
    cells = cells.only(cells.select(left) if left else np.zeros(len(cells), bool))
    values = measure(name, cells, **NEEDED.get(name, {})).values
    assert not np.isposinf(values).any()


# ---- cells --------------------------------------------------------------------------------------------------------------


def test_a_table_without_window_takes_the_smallest_box_and_a_flat_one_two_axes() -> None:
    frame = table().assign(z_um=7.5)
    cells = as_cells(frame)
    assert cells.dimensions == 2
    assert cells.window.high == (frame["x_um"].max(), frame["y_um"].max())
    assert as_cells(table(3)).dimensions == 3


def test_cells_outside_a_given_window_are_left_out() -> None:
    cells = as_cells(table(), window=[0, 100, 0, 100])
    assert 0 < len(cells) < 300
    assert len(cells.mark("clone")) == len(cells)


def test_a_window_of_whole_voxels_keeps_the_lattice() -> None:
    assert as_cells(lattice(), window=[0, 100, 20, 80]).shape == (10, 6)
    assert as_cells(as_cells(lattice(), window=[0, 100, 20, 80]), window=[50, 100, 40, 80]).shape == (5, 4)
    assert as_cells(lattice(), window=[0, 95, 20, 80]).shape is None
    with pytest.raises(ModelError, match="reaches out"):
        as_cells(lattice(), window=[0, 300, 0, 100])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="cell_type"), "no column 'cell_type'"),
        (lambda f: f.rename(columns={"x_um": "x"}), "no column 'x_um'"),
        (lambda f: f.assign(x_um="far"), "is no number"),
        (lambda f: f.assign(x_um=np.where(f.index == 3, np.nan, f["x_um"])), "not a finite number"),
        (lambda f: f.iloc[:0], "is empty"),
        (lambda f: f.iloc[:1], "extent above 0"),
    ],
)
def test_wrong_tables_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        as_cells(change(table()))


def test_selections_by_label_set_sum_and_own_set() -> None:
    cells = as_cells(table(), sets={"killer": ["CD8T"]})
    labels = cells.labels
    assert (cells.select("immune") == np.isin(labels, ["CD8T", "Treg", "MF_1"])).all()
    assert (cells.select("killer") == (labels == "CD8T")).all()
    assert (cells.select("CD8T + stroma") == np.isin(labels, ["CD8T", "stroma"])).all()
    assert (cells.select(["cd8", "treg"]) == np.isin(labels, ["CD8T", "Treg"])).all()
    with pytest.raises(ModelError, match="did you mean 'immune'"):
        cells.select("imune")
    with pytest.raises(ModelError, match="did you mean 'Treg'"):
        as_cells(table(), sets={"killer": ["Tregs"]})


# ---- numbers by hand ----------------------------------------------------------------------------------------------------


def test_marked_cells_at_one_distance_weigh_by_their_mark() -> None:
    frame = pd.DataFrame(
        {
            "x_um": [50.0, 58, 42],
            "y_um": [50.0, 50, 50],
            "cell_type": ["tumour", "B", "B"],
            "stimulation": [np.nan, 0, 1],
        }
    )
    cells = as_cells(frame, window=[0, 100, 0, 100])
    found = statistics.weighted_pair_correlation(cells, levels=[0.0, 0.5, 1.0], width=1.0, radii=[5.0, 10.0])
    assert found.values.shape == (3, 2)
    assert (found.values[:, 0] == 0).all()
    np.testing.assert_allclose(
        found.values[:, 1], 1e4 / 0.92 / (np.pi * 75), rtol=1e-12
    )  # each level has all of its weight here
    with pytest.raises(ModelError, match="share cells"):
        statistics.weighted_pair_correlation(cells, "B", "immune")


def test_cells_at_one_place_do_not_count_themselves_as_neighbours() -> None:
    cells = as_cells(pd.DataFrame({"x_um": [5.0, 5, 5, 60], "y_um": [5.0, 5, 5, 60], "cell_type": "B"}))
    from qsp_abm.statistics.graph import find_neighbours

    edges = find_neighbours(cells, "knn", 1.0, 2)
    assert (edges.of != edges.to).all()
    assert edges.degrees.tolist() == [2, 2, 2, 2]


def test_contact_is_the_neighbourhood_of_the_lattice() -> None:
    frame = pd.DataFrame({"x_um": [5.0, 15, 15, 35], "y_um": [5.0, 15, 15, 15], "cell_type": ["tumour", "B", "B", "B"]})
    cells = as_cells(frame, window=[0, 40, 0, 40], spacing=10)
    assert statistics.mixing_score(cells, neighbours="contact")["raw"] == 2.0  # one immune pair shares a voxel
    with pytest.raises(ModelError, match="needs a lattice"):
        statistics.mixing_score(as_cells(frame), neighbours="contact")


def test_two_separate_halves_do_not_overlap_and_their_clones_do_not_mix() -> None:
    random = np.random.default_rng(1)
    at = random.random((400, 2)) * 100
    right = at[:, 0] > 50
    frame = pd.DataFrame(
        {"x_um": at[:, 0], "y_um": at[:, 1], "cell_type": np.where(right, "B", "tumour"), "clone": right}
    )
    cells = as_cells(frame, window=[0, 100, 0, 100])
    assert statistics.morisita_horn(cells, tile=50)["index"] == 0
    found = statistics.clone_mixing(cells, ["tumour", "B"], radius=5, null=19)
    assert found["same"] > 0.9 and found["random"] == pytest.approx(0.5, abs=0.01)
    assert found["effective_clones"] == pytest.approx(2, abs=0.02)
    assert found.p == pytest.approx(0.1)  # the lowest that 19 simulations give a single value, two-sided


def test_global_p_is_uniform_under_chance() -> None:
    random = np.random.default_rng(4)
    found = np.array([extreme_rank_length(random.random((40, 8)).cumsum(1)) for _ in range(1000)])
    for level in (0.05, 0.25, 0.5):  # three standard errors of 1000 trials
        assert np.mean(found <= level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 1000))


def test_a_result_gives_values_by_name_or_by_the_nearest_radius() -> None:
    cells = lattice()
    found = statistics.ripley_k(cells, radii=[10.0, 20.0])
    assert found[19] == found.values[1]
    with pytest.raises(ModelError, match="did you mean 'raw'"):
        statistics.mixing_score(cells)["row"]


def test_permuting_among_some_leaves_the_others() -> None:
    cells = lattice()
    free = statistics.density(cells)  # no null: a number of cells cannot change
    assert free.null is None
    fixed = statistics.ripley_k(cells, "tumour", "tumour", [30.0], Null(5, among="immune"))
    assert fixed.null is not None and fixed.null.sd[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ripley_k", {"radii": [10, 5]}, "rise"),
        ("ripley_k", {"radii": [150]}, "half of the window"),
        ("mixing_score", {"neighbours": "nearest"}, "unknown kind"),
        ("mixing_score", {"radius": 0}, "above 0"),
        ("lattice_pair_correlation", {"metric": "manhattan"}, "unknown metric"),
        ("lattice_pair_correlation", {"reach": 11}, "1 to 10 voxels"),
        ("moran", {"mark": "pdl"}, "no column"),
        ("immune_phenotype", {"core_threshold": 1.0}, "one threshold alone"),
        ("morisita_horn", {"tile": 500}, "shortest side"),
        ("mixing_score", {"raduis": 3}, "did you mean 'radius'"),
        ("mixing", {}, "did you mean 'mixing_score'"),
    ],
)
def test_wrong_options_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        measure(name, lattice(), **options)


def test_too_many_pairs_are_refused_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from qsp_abm.statistics import pairs

    monkeypatch.setattr(pairs, "_MOST_PAIRS", 1000)
    with pytest.raises(ModelError, match="smaller radius"):
        statistics.ripley_k(as_cells(table(number=5000)), radii=[50.0])


# ---- runs ---------------------------------------------------------------------------------------------------------------


def start(seed: int = 3) -> qa.Simulation:
    """Return a small lattice with two moving types."""
    tumour = qa.CellType(name="tumour", volume=2500, processes=(qa.Divide(rate="1 / day"),))
    cd8 = qa.CellType(name="cd8", volume=200, processes=(qa.Move(motility="10 um^2 / min", persistence="3 min"),))
    model = qa.Model(lattice=qa.Lattice(shape=(20, 20), spacing="20 um"), cells=[tumour, cd8])
    begin = [qa.Ball(cells="tumour", radius="90 um"), qa.Scatter(cells="cd8", density="300 / mm^2")]
    return qa.Simulation(model, begin, seed=seed)


WANTED = [
    "mixing_score",
    {
        "name": "pair_correlation",
        "a": "cd8",
        "b": "tumour",
        "radii": [20.0, 60.5],
        "null": {"simulations": 3},
        "label": "near",
    },
]


def test_statistics_are_recorded_and_go_on_after_a_restart(tmp_path: Path) -> None:
    run = start().run("1 day", tmp_path / "a.vtkhdf", every="6 hour", statistics=WANTED)
    found = run.statistics
    assert found.shape == (5, 3 + 4)
    assert found.columns[3:].tolist() == [("near", "20"), ("near", "60.5"), ("near", "20_null"), ("near", "60.5_null")]
    later = statistics.series(run, "mixing_score")
    np.testing.assert_allclose(found["mixing_score"].to_numpy(), later.to_numpy())
    plain = start().run("1 day", tmp_path / "plain.vtkhdf", every="6 hour")
    assert plain.digest() == run.digest()  # measuring changes no bit
    assert plain.statistics.shape == (5, 0)

    def stop(simulation: qa.Simulation) -> None:
        if simulation.day > 0.6:
            raise KeyboardInterrupt

    broken = start()
    broken.every("6 hour", stop)
    with pytest.raises(KeyboardInterrupt):
        broken.run("1 day", tmp_path / "b.vtkhdf", every="6 hour", checkpoint="6 hour", statistics=WANTED)
    resumed = qa.Simulation.resume(tmp_path / "b.vtkhdf")
    pd.testing.assert_frame_equal(resumed.statistics, found)


def test_a_statistic_that_comes_to_fail_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qsp_abm.statistics import pairs

    simulation = start()
    simulation.every("12 hour", lambda _: monkeypatch.setattr(pairs, "_check_number", _too_many))
    run = simulation.run(
        "12 hour", tmp_path / "a.vtkhdf", every="6 hour", statistics=[{"name": "ripley_l", "radii": [50]}]
    )
    assert np.isnan(run.statistics.to_numpy().ravel()).tolist() == [False, False, True]


def _too_many(*_: Any) -> None:
    raise ModelError("too many")


def test_an_experiment_file_asks_for_statistics(tmp_path: Path) -> None:
    text = """
    duration = "12 hour"
    [model]
    use = "library.models.solid_tumour_2d"
    lattice = { shape = [20, 20], spacing = "20 um" }
    [[start]]
    kind = "ball"
    cells = "tumour"
    radius = "60 um"
    [arms.untreated]
    [record]
    every = "12 hour"
    statistics = ["compactness", { name = "density", types = ["tumour"] }]
    """
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    done = CliRunner().invoke(app, ["run", str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    run = qa.open_run(tmp_path / "out" / "untreated.vtkhdf")
    assert list(run.statistics.columns.get_level_values(0).unique()) == ["compactness", "density"]
    path.write_text(text.replace("compactness", "compact"))
    refused = CliRunner().invoke(app, ["run", str(path), "-o", str(tmp_path / "other")])
    assert refused.exit_code == 2
    assert "did you mean 'compactness'" in refused.output


def test_files_from_before_statistics_are_read(tmp_path: Path) -> None:
    run = start().run("6 hour", tmp_path / "a.vtkhdf", every="6 hour", statistics=["density"])
    with h5py.File(run.path, "r+") as file:  # as an older version has written it
        schema = json.loads(file["schema/json"].asstr()[()])
        del schema["statistics"], file["summary/statistics"]
        file["schema/json"][()] = json.dumps(schema)
    assert qa.open_run(run.path).statistics.shape == (2, 0)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["mixing"], "did you mean 'mixing_score'"),
        ([{"statistic": "density"}], "has no name"),
        (["density", "density"], "appears twice"),
        ([{"name": "density", "label": "a/b"}], "no '/'"),
        ([{"name": "ripley_l", "r": 3}], "no option 'r'"),
        ([{"name": "weighted_pair_correlation"}], "levels must be given"),
        ([{"name": "ripley_l", "radii": np.arange(3)}], "numbers, texts and lists"),
        ([{"name": "ripley_l", "null": {"permutations": 3}}], "null: no option"),
        ("density", "a list"),
    ],
)
def test_wrong_wishes_are_refused_before_the_run(wanted: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        recorded(wanted)
    with pytest.raises(ModelError):
        start().run("6 hour", tmp_path / "a.vtkhdf", statistics=wanted)
    assert not list(tmp_path.iterdir())


def test_founders_of_clones_are_those_of_the_start(tmp_path: Path) -> None:
    run = start().run("3 day", tmp_path / "a.vtkhdf", every="1 day")
    first, last = run.cells(frame=0), statistics.founders(run)
    begun = set(first.loc[first["cell_type"] == "tumour", "id"])
    clones = last.mark("clone")[last.select("tumour")]
    assert set(clones.tolist()) <= begun
    assert len(clones) > len(set(clones.tolist()))  # some have divided
    assert (statistics.founders(run, day=0).mark("clone") == first["id"]).all()


def test_half_life_of_an_exponential_and_of_an_architecture(tmp_path: Path) -> None:
    days = np.linspace(0, 10, 1001)
    found = statistics.half_life(days, [np.exp(-days / 3), -2 * np.exp(-days / 5), np.ones_like(days)])
    assert found.replicates[:2] == pytest.approx((3 * np.log(2), 5 * np.log(2)), abs=1e-3)
    assert found.replicates[2] == found.high == np.inf
    assert found.median == found.replicates[1]
    gone = statistics.half_life([0, 1, 2], [1.0, np.nan, 0.1])
    assert gone.replicates == (np.inf,)  # nobody knows
    with pytest.raises(ModelError, match="nothing to last"):
        statistics.half_life([0, 1], [0.0, 0.0])
    run = start().run("1 day", tmp_path / "a.vtkhdf", every="12 hour")
    lasting = statistics.architecture_half_life(
        run, "nearest_neighbour_area", "area", null=9, a="tumour", b="cd8", radius=40
    )
    assert len(lasting.replicates) == 1
    with pytest.raises(ModelError, match="no value 'aera'"):
        statistics.architecture_half_life(run, "nearest_neighbour_area", "aera", null=9, a="tumour", b="cd8")


# ---- the command line ---------------------------------------------------------------------------------------------------


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "cells.csv"
    table().to_csv(path, index=False)
    return path


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["statistics", *map(str, arguments)])


def test_cli_prints_a_table_json_and_csv(csv: Path, tmp_path: Path) -> None:
    shown = call(csv, "--window", "0,200,0,200", "--permutations", 9)
    assert shown.exit_code == 0
    assert "mixing_score" in shown.output and "global p" in shown.output
    out = tmp_path / "out.csv"
    found = call(csv, "-s", "ripley_l", "-s", "density", "-b", "cd8", "--radii", "10,20", "--json", "-o", out)
    assert [each["statistic"] for each in json.loads(found.output)] == ["ripley_l", "density"]
    assert len(pd.read_csv(out)) == 2 + 5
    assert call(csv, "-o", out).exit_code == 2
    assert call(csv, "-o", out, "--force").exit_code == 0
    own = call(csv, "-s", "mixing_score", "--set", "t=CD8T,Treg", "-b", "t", "--option", "neighbours=knn", "--json")
    assert json.loads(own.output)[0]["settings"]["neighbours"] == "knn"
    listed = call("--list").output
    assert all(name in listed for name in names())


def test_cli_reads_a_day_of_a_run(tmp_path: Path) -> None:
    run = start().run("1 day", tmp_path / "a.vtkhdf", every="12 hour")
    found = json.loads(call(run.path, "--day", 0.5, "-s", "density", "--json").output)[0]
    expected = run.counts.loc[0.5] / 0.16
    assert found["values"] == pytest.approx(expected.tolist())
    assert "effective_clones" in call(run.path, "-s", "clone_mixing").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no TABLE"),
        (["missing.csv"], "cannot be read"),
        (["CSV", "-s", "mixing"], "did you mean 'mixing_score'"),
        (["CSV", "-a", "tumor"], "did you mean 'tumour'"),
        (["CSV", "--day", "3"], "--day is for runs"),
        (["CSV", "--window", "0,a"], "numbers joined by commas"),
        (["CSV", "--option", "k"], "NAME=VALUE"),
        (["CSV", "--option", "neighbors=knn"], "did you mean 'neighbours'"),
        (["CSV", "--permutations", "5", "--null", "label"], "did you mean 'labels'"),
        (["CSV", "-s", "density", "--permutations", "5"], "--permutations: not of density"),
    ],
)
def test_cli_refuses_with_one_sentence(arguments: list[str], message: str, csv: Path) -> None:
    shown = call(*(csv if each == "CSV" else each for each in arguments))
    assert shown.exit_code == 2
    assert message in shown.output and shown.output.count("\n") == 1


@pytest.mark.parametrize("name", ["ripley_k", "series"])
def test_each_public_name_can_be_the_first_that_is_asked_for(name: str) -> None:
    code = f"from qsp_abm import statistics; print(statistics.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == name


def test_window_of_a_box() -> None:
    assert Window.of([0, 1, 0, 2, 0, 3]).volume == 6
    with pytest.raises(ModelError, match="2 numbers; allowed: 4"):
        Window.of([0, 1])

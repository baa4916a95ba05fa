"""Pictures, films and pages: what they show is what was recorded. How they look is judged by eye."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from synthetic_run import description, patient_folder, write
from typer.testing import CliRunner

from qsp_abm.cli import app
from qsp_abm.errors import ModelError
from qsp_abm.output import open_folder, open_run
from qsp_abm.pictures.kymograph import plot_kymograph, profiles
from qsp_abm.pictures.movie import make_movie
from qsp_abm.pictures.muller import plot_muller
from qsp_abm.pictures.rates import RATES, plot_rates, rate
from qsp_abm.pictures.slice import plot_slice
from qsp_abm.pictures.volume import spheres
from qsp_abm.report import write_report
from qsp_abm.simulation import Simulation


@pytest.fixture(scope="module", params=[(20, 16, 1), (12, 10, 8)], ids=["section", "volume"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("run") / "run.vtkhdf"
    write(path, description(request.param), [90, 120, 60]).close()
    return open_run(path)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a small run of the engine with killing, entry and a drug."""
    from qsp_abm import Ball, Dose, Lattice, Scatter
    from qsp_abm.library import models

    model = models.solid_tumour_2d(lattice=Lattice(shape=(24, 24, 1), spacing=20.0))
    start = [Ball("tumour", radius=80.0), Scatter("cd8", "400 / mm^2", fractions={"cd8_effector": 1.0})]
    path = tmp_path_factory.mktemp("real") / "run.vtkhdf"
    simulation = Simulation(model, start, [Dose("pembrolizumab", "200 mg")], seed=3, threads=1)
    return simulation.run(
        "4 day", record=path, every="12 hour", provenance={"arm": "pembrolizumab", "title": "A <b> title"}
    )


def painted(path: Path) -> np.ndarray:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert pixels.std() > 10, "the picture is empty"
    return pixels


@pytest.mark.parametrize("along", ["radius", "x", "y"])
def test_profiles_add_up_to_the_cells(run: Any, along: str) -> None:
    days, edges, values = profiles(run, ["tumour", "macrophage", "oxygen"], along, bins=4)
    assert days.tolist() == run.times.tolist()
    section = run.shape[2] == 1
    size = np.prod(run.voxel[:2]) / 1e6 if section else np.prod(run.voxel) / 1e9
    if along != "radius":
        columns = run.shape["xy".index(along)]
        voxels = np.histogram((np.arange(columns) + 0.5) * run.voxel[0], edges)[0] * np.prod(run.shape) / columns
        living = run.counts["tumour"].to_numpy()
        np.testing.assert_allclose((values["tumour"] * voxels * size).sum(axis=1), living)
        np.testing.assert_allclose(
            (values["oxygen"] * voxels).sum(axis=1) / voxels.sum(), run.field("oxygen").mean(("x", "y", "z")), rtol=1e-6
        )
    assert np.isfinite(values["oxygen"]).all()
    with pytest.raises(ModelError, match=r"no cell type, group or field 'oxigen'; did you mean 'oxygen'\?"):
        profiles(run, ["oxigen"], along)


def test_rates_count_the_events_of_the_ledger(real: Any) -> None:
    ledger, counts = real.ledger, real.counts
    entry = rate(real, "entry", window=1.0)
    rows = [name for name in ledger if name.startswith("recruited__")]
    total = ledger[rows].sum(axis=1)
    assert np.isnan(entry.iloc[0])
    assert entry.loc[3.0] == pytest.approx(total.loc[3.0] - total.loc[2.0])
    killing = rate(real, "killing", window=4.0)
    killed = ledger["died_killed__tumour"].iloc[-1]
    assert killing.iloc[-1] == pytest.approx(killed / 4 / (counts["tumour"].iloc[-1] / 1000))
    assert set(RATES) >= {"entry", "killing", "exhaustion"}


def test_every_picture_is_drawn(run: Any, real: Any, tmp_path: Path) -> None:
    painted(plot_kymograph(run, tmp_path / "kymograph.png"))
    painted(plot_slice(run, tmp_path / "slice.png", day=0.5, axis="x", at=20.0))
    painted(plot_muller(real, tmp_path / "muller.png", barcoded=1.0))
    painted(plot_rates({"a": [real]}, tmp_path / "rates.png"))


def test_pictures_refuse_what_is_not_there(run: Any, tmp_path: Path) -> None:
    for draw, message in (
        (lambda: plot_slice(run, tmp_path / "a.png", at=1e4), "at: 10000 um lies outside the box"),
        (lambda: plot_slice(run, tmp_path / "a.png", fields=["oxigen"]), "did you mean 'oxygen'"),
        (lambda: plot_slice(run, tmp_path / "a.png", axis="r"), "axis: 'r' is unknown"),
        (lambda: plot_muller(run, tmp_path / "a.png", "tumor"), "did you mean 'tumour'"),
        (lambda: make_movie(run, tmp_path / "a.avi"), "allowed: .mp4, .gif"),
        (lambda: make_movie(run, tmp_path / "a.gif", seconds=0), "seconds: 0 is not allowed"),
        (lambda: write_report(run, tmp_path / "a.pdf"), "allowed: .html"),
    ):
        with pytest.raises(ModelError, match=message):
            draw()
    assert not list(tmp_path.iterdir())


def test_near_spheres_hide_far_ones() -> None:
    points = np.array([[0.0, 0.5, 0.0], [0.0, -0.5, 0.0], [0.5, 0.0, 0.5]])
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], "u1")
    middle = spheres(points[:2] * [1, 1, 0], colours[:2], 0.6, turned=0.0, pixels=101)[50, 50]
    assert middle[1] > 100
    assert middle[0] == 0
    there = spheres(points[2:], colours[2:], 0.05, turned=0.0, pixels=101)
    rows, columns = np.nonzero(there[..., 0] < 200)
    assert columns.mean() == pytest.approx(75, abs=1)
    assert rows.mean() < 50


def test_a_film_has_the_frames_that_were_asked_for(run: Any, tmp_path: Path) -> None:
    with Image.open(make_movie(run, tmp_path / "run.gif", frames=3)) as film:
        assert film.n_frames == 3
    assert make_movie(run, tmp_path / "run.mp4", frames=2).read_bytes()[4:8] == b"ftyp"


def embedded(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="runs">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: list[dict[str, Any]] = json.loads(found[1])
    return data


def test_the_page_holds_the_run(real: Any, tmp_path: Path) -> None:
    page = write_report(real, tmp_path / "run.html").read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', page), "the page needs a network"
    assert "A &lt;b&gt; title" in page
    (viewer,) = embedded(page)
    assert viewer["counts"] == real.counts.to_numpy().tolist()
    frame = np.frombuffer(gzip.decompress(base64.b64decode(viewer["frames"][-1])), "u1")
    cells = real.cells()
    count = len(cells)
    assert len(frame) == 7 * count
    x, y, z = np.frombuffer(frame[: 6 * count].tobytes(), "<u2").reshape(3, -1)
    packed = sorted(zip(x.tolist(), y.tolist(), z.tolist(), frame[6 * count :].tolist(), strict=True))
    voxels = [np.floor(cells[f"{axis}_um"] / step).astype(int) for axis, step in zip("xyz", real.voxel, strict=True)]
    assert packed == sorted(
        zip(*(each.tolist() for each in voxels), cells["cell_type"].cat.codes.tolist(), strict=True)
    )
    field = np.frombuffer(gzip.decompress(base64.b64decode(viewer["fields"][0]["frames"][-1])), "u1")
    shown = field.reshape(real.shape[1::-1]) / 255 * viewer["fields"][0]["top"]
    np.testing.assert_allclose(shown, real.field("oxygen", frame=-1)[0], atol=viewer["fields"][0]["top"] / 255)
    for row in real.parameters.itertuples():
        assert f"<td>{row.name}</td>" in page
    assert real.digest()["all"][:12] in page


def test_verbs_write_beside_the_run_and_refuse_to_overwrite(real: Any, tmp_path: Path) -> None:
    folder = patient_folder(tmp_path, replicates=1, days=2.0)
    line = CliRunner()
    for kind in ("kymograph", "slice"):
        result = line.invoke(app, ["plot", str(folder / "untreated-1.vtkhdf"), "--kind", kind])
        assert result.exit_code == 0, result.output
        painted(folder / f"untreated-1.{kind}.png")
    assert line.invoke(app, ["plot", str(folder), "--kind", "rates"]).exit_code == 0
    refused = line.invoke(app, ["plot", str(folder), "--kind", "slice"])
    assert refused.exit_code == 2
    assert "shows one run file in it" in refused.output
    page = tmp_path / "page.html"
    arguments = ["report", str(real.path), "-o", str(page)]
    assert line.invoke(app, arguments).exit_code == 0
    assert "use --force to overwrite" in line.invoke(app, arguments).output
    assert len(open_folder(folder)) == 2

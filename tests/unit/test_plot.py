"""Pictures: drawn for every kind of run, readable by colour-blind readers, refused with one sentence."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import synthetic_run as synthetic

from qsp_abm.effects import CAVEAT
from qsp_abm.errors import ModelError
from qsp_abm.output import folder as folders
from qsp_abm.output.reader import open_run
from qsp_abm.output.writer import Writer
from qsp_abm.pictures.colours import arm_colours, colour_of, label_of
from qsp_abm.pictures.style import written_unit
from qsp_abm.pictures.summary import plot_run, plot_runs

COMMON_TYPES = [each.name for each in synthetic.TYPES] + ["vessel", "car_t"]
# linear RGB as seen by dichromats: Machado, Oliveira, Fernandes, IEEE TVCG 15:1291 (2009), severity 1.0
VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
DISTINCT = 14.0  # CIE76 difference; about 2.3 is just noticeable side by side


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as seen by a reader."""
    code = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.clip(vision @ np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4), 0, 1)
    tri = XYZ @ linear / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(tri > 0.008856, np.cbrt(tri), 7.787 * tri + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def picture(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return np.asarray(imread(path))[..., :3]


@pytest.mark.parametrize("vision", VISION)
def test_cell_types_are_told_apart(vision: str) -> None:
    for one, other in combinations(COMMON_TYPES, 2):
        colours = [lab(colour_of(name, dead=name.endswith("dead")), VISION[vision]) for name in (one, other)]
        assert np.linalg.norm(colours[0] - colours[1]) > DISTINCT, (one, other)


def test_a_name_keeps_its_colour() -> None:
    assert colour_of("my_cell") == colour_of("my_cell") and colour_of("my_cell").startswith("#")
    assert arm_colours(["a", "b"], "a")["b"] == arm_colours(["b", "a"], "a")["b"]
    assert label_of("cd8_progenitor_exhausted") == "CD8 progenitor exhausted"


@pytest.mark.parametrize("shape", [(20, 16, 1), (9, 8, 7)])
def test_a_run_shows_its_cells_in_their_colours(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    synthetic.write(tmp_path / "run.vtkhdf", synthetic.description(shape), [100, 300, 200]).close()
    pixels = picture(plot_run(open_run(tmp_path / "run.vtkhdf"), tmp_path / "run.png", note=CAVEAT))
    assert 0.02 < (pixels < 0.9).any(axis=2).mean() < 0.6
    for name in ("tumour", "cd8_bystander", "macrophage"):
        rgb = np.array([int(colour_of(name)[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        assert (np.abs(pixels - rgb).max(axis=2) < 0.01).sum() > 200, name


def test_arms_are_drawn_against_the_control(tmp_path: Path) -> None:
    entries = []
    for arm, growth in (("untreated", 3), ("low_dose", 2), ("high_dose", 1)):
        for replicate in (1, 2):
            name = f"{arm}-{replicate}.vtkhdf"
            synthetic.write(tmp_path / name, synthetic.description(), [100, 100 + 20 * growth * replicate]).close()
            entries.append(folders.Entry(arm, replicate, name, replicate))
    folders.write_index(tmp_path, entries)
    pixels = picture(plot_runs(folders.open_folder(tmp_path), tmp_path / "arms.png", title="Three arms"))
    for colour in arm_colours(["untreated", "low_dose", "high_dose"], "untreated").values():
        rgb = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        assert (np.abs(pixels - rgb).max(axis=2) < 0.01).sum() > 200


def test_a_bare_run_is_drawn_too(tmp_path: Path) -> None:
    about = synthetic.description(fields=(), vessels=None, body=(), ledger=())
    with Writer(tmp_path / "bare.vtkhdf", about) as output:
        frame = synthetic.frame(about, 0, 0)
        frame.fields = {}
        output.frame(frame)
    assert plot_run(open_run(tmp_path / "bare.vtkhdf"), tmp_path / "bare.svg", tumour="glioma").stat().st_size > 1000


def test_arms_without_a_cell_are_drawn_too(tmp_path: Path) -> None:
    for arm in ("untreated", "treated"):
        synthetic.write(tmp_path / f"{arm}.vtkhdf", synthetic.description(), [0, 0]).close()
    folders.write_index(tmp_path, [folders.Entry(arm, 1, f"{arm}.vtkhdf", 1) for arm in ("untreated", "treated")])
    assert plot_runs(folders.open_folder(tmp_path), tmp_path / "arms.png").stat().st_size > 1000


def test_units_have_their_sign_for_micro() -> None:
    assert [written_unit(text) for text in ("ug/mL", "1/um^2", "nM", "cell/uL", "")] == [
        "µg/mL",
        "1/µm^2",
        "nM",
        "cell/µL",
        "",
    ]


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    Writer(tmp_path / "empty.vtkhdf", synthetic.description()).close()
    with pytest.raises(ModelError, match="no frame is recorded yet"):
        plot_run(open_run(tmp_path / "empty.vtkhdf"), tmp_path / "empty.png")
    synthetic.write(tmp_path / "run.vtkhdf", synthetic.description(), [5]).close()
    run = open_run(tmp_path / "run.vtkhdf")
    for name, message in (("none/run.png", "does not exist"), ("run.docx", "unknown kind of picture")):
        with pytest.raises(ModelError, match=message):
            plot_run(run, tmp_path / name)

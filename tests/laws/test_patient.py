"""Laws of the default model on a piece of a real section: what the drug may and may not do, and what its files hold."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import qsp_abm as qa
from qsp_abm.library import models
from qsp_abm.library.cells.cd8 import cd8_mixture

DATA = Path(__file__).parents[2] / "examples" / "data"
TYPES = {
    "CD8T": cd8_mixture(reactive=0.5),
    "Epithelial": "tumour",
    "Tumor/Keratin": "tumour",
    "Tumor/EGFR": "tumour",
    "Treg": "treg",
    "MF_1": "macrophage",
    "MF_2": "macrophage",
    "MF/Glia": "macrophage",
    "Endothelial/Vim": "stroma",
    "Mesenchymal/SMA": "stroma",
    "Other": "skip",
    "*": "other_immune",
}
DOSE = qa.Dose("pembrolizumab", "200 mg", every="3 week")


@pytest.fixture(scope="session")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lower left 300 x 300 um of patient 8."""
    path = tmp_path_factory.mktemp("piece") / "piece.csv"
    with (DATA / "patient8.csv").open(newline="") as stream, path.open("w", newline="") as out:
        header, *rows = list(csv.reader(stream))
        csv.writer(out).writerows([header, *(row for row in rows if float(row[0]) < 300 and float(row[1]) < 300)])
    return path


def section(piece: Path, doses: tuple[qa.Dose, ...] = (), threads: int = 1, **types: object) -> qa.Simulation:
    start = qa.FromTable(path=piece, types=TYPES | types, margin="40 um")
    return qa.Simulation(models.solid_tumour_2d(), start, doses, seed=1, threads=threads)


def test_the_drug_does_nothing_without_cd8_cells(piece: Path) -> None:
    arms = [section(piece, doses, CD8T="skip") for doses in ((), (DOSE,))]
    for arm in arms:
        assert not any(count for name, count in arm.counts().items() if name.startswith("cd8"))
        arm.run("6 hour")
    assert arms[0].digest()["tissue"] == arms[1].digest()["tissue"]
    assert arms[0].digest()["body"] != arms[1].digest()["body"]


def test_a_dose_of_zero_is_no_dose_and_a_dose_reaches_the_synapse(piece: Path) -> None:
    none, zero, full = (
        section(piece, doses) for doses in ((), (qa.Dose("pembrolizumab", "0 mg", every="3 week"),), (DOSE,))
    )
    for arm in (none, zero, full):
        arm.run("1 day")
        arm.check()
    assert none.digest() == zero.digest()
    assert none.digest()["tissue"] != full.digest()["tissue"]
    assert full.body()["pembrolizumab.occupancy"] > 0.95


def test_threads_save_and_branch_give_the_same_bits(piece: Path, tmp_path: Path) -> None:
    whole = section(piece, (DOSE,))
    two = section(piece, (DOSE,), threads=2)
    whole.run("5 hour")
    branch = whole.branch()
    whole.save(tmp_path / "state.npz")
    loaded = qa.Simulation.load(tmp_path / "state.npz", threads=2)
    for each in (whole, branch, loaded):
        each.run("5 hour")
    two.run("10 hour")
    assert len({each.digest()["all"] for each in (whole, branch, loaded, two)}) == 1


def test_vtk_reads_every_frame_of_a_run(piece: Path, tmp_path: Path) -> None:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOHDF import vtkHDFReader

    run = section(piece, (DOSE,)).run("1 day", record=tmp_path / "run.vtkhdf", every="6 hour")
    assert run is not None and run.status == "complete" and run.frames == 5
    reader = vtkHDFReader()
    reader.SetFileName(str(tmp_path / "run.vtkhdf"))
    for day in run.times:
        reader.UpdateTimeStep(float(day))
        blocks = reader.GetOutputDataObject(0)
        cells, image = blocks.GetBlock(0), blocks.GetBlock(1)
        assert cells.GetNumberOfPoints() == run.counts.loc[day].sum()
        for name in run.field_names:
            mine = vtk_to_numpy(image.GetCellData().GetArray(name))
            assert np.isclose(mine.sum(dtype="f8"), float(run.field(name, day=day).sum(dtype="f8")))
    assert {"pembrolizumab_plasma", "pembrolizumab_occupancy"} <= set(run.body.columns)
    balance = run.ledger.iloc[-1]
    inward = sum(v for k, v in balance.items() if k.endswith("__tumour") and k.split("__")[0] in ("started", "born"))
    outward = sum(v for k, v in balance.items() if k.endswith("__tumour") and k.startswith(("died_", "removed")))
    assert inward - outward == run.counts["tumour"].iloc[-1]


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_patient import DOSE, section
section(Path({piece!r}), (DOSE,)).run("2 day", record={out!r}, every="2 hour", checkpoint="4 hour")
"""


def test_a_killed_run_goes_on_to_the_same_bits(piece: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed.vtkhdf"
    script = SCRIPT.format(tests=str(Path(__file__).parent), piece=str(piece), out=str(out))
    process = subprocess.Popen([sys.executable, "-c", script])
    while process.poll() is None:
        time.sleep(0.02)
        if out.exists() and _frames(out) >= 5:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    assert 5 <= _frames(out) < 25
    resumed = qa.Simulation.resume(out, threads=2)
    whole = section(piece, (DOSE,)).run("2 day", record=tmp_path / "whole.vtkhdf", every="2 hour")
    assert whole is not None
    assert resumed.status == "complete" and resumed.frames == whole.frames == 25
    assert [resumed.digest(k) for k in range(25)] == [whole.digest(k) for k in range(25)]
    assert resumed.body.equals(whole.body) and resumed.lineage.equals(whole.lineage)


def _frames(path: Path) -> int:
    try:
        return qa.open_run(path).frames
    except (qa.ModelError, KeyError, OSError):
        return 0

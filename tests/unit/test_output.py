"""Run files: VTK reads what was written, kills lose nothing, resume cuts exactly."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import synthetic_run as synthetic

from qsp_abm.errors import ModelError
from qsp_abm.output import folder as folders
from qsp_abm.output import legacy, tables, writer
from qsp_abm.output.checkpoint import read_checkpoint
from qsp_abm.output.growing import keep_bits
from qsp_abm.output.layout import DIGESTS, companion
from qsp_abm.output.reader import open_run
from qsp_abm.output.writer import Writer

SHAPES = {"section": (20, 16, 1), "volume": (9, 8, 7)}
COUNTS = [30, 0, 700, 1024, 1500, 5000]  # across the chunk of 4096 agents, and an empty frame
ROUNDING = 2.0**-13  # relative error of fields with 12 bits of mantissa


@pytest.fixture(params=sorted(SHAPES))
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    about = synthetic.description(SHAPES[request.param])
    synthetic.write(tmp_path / "run.vtkhdf", about, COUNTS).close("complete", threads_used=2)
    return about, open_run(tmp_path / "run.vtkhdf")


# -- VTK ----------------------------------------------------------------------------------------------------------


def vtk_frame(path: Path, day: float) -> Any:
    from vtkmodules.vtkIOHDF import vtkHDFReader

    reader = vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateTimeStep(day)  # the first call, before UpdateInformation: VTK 9.7 forgets the time otherwise
    return reader.GetOutputDataObject(0)


def assert_cells(poly: Any, expected: Any, thickness: float | None) -> None:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    count = len(expected.points)
    assert poly.GetNumberOfPoints() == poly.GetNumberOfVerts() == count
    if count:
        points = np.array(expected.points)
        if thickness is not None:
            points[:, 2] = thickness / 2
        np.testing.assert_array_equal(vtk_to_numpy(poly.GetPoints().GetData()), points)
        for name, values in expected.columns.items():
            np.testing.assert_array_equal(vtk_to_numpy(poly.GetPointData().GetArray(name)), values)


def assert_fields(image: Any, expected: Any, about: Any) -> None:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    assert image.GetSpacing() == about.steps
    assert image.GetDimensions() == tuple(size + 1 for size in about.shape)
    for name, values in expected.fields.items():
        found = vtk_to_numpy(image.GetCellData().GetArray(name)).reshape(values.shape)
        np.testing.assert_allclose(found, values, rtol=ROUNDING)
        assert found.sum(dtype="f8") == pytest.approx(values.sum(dtype="f8"), rel=1e-4)


def test_vtk_reads_every_frame(run: Any) -> None:
    about, recorded = run
    thickness = about.thickness
    for index, count in reversed(list(enumerate(COUNTS))):
        expected, day = synthetic.frame(about, index, count), recorded.times[index]
        whole = vtk_frame(recorded.path, day)
        assert whole.GetClassName() == "vtkMultiBlockDataSet" and whole.GetNumberOfBlocks() == 3
        assert_cells(whole.GetBlock(0), expected, thickness)
        assert_fields(whole.GetBlock(1), expected, about)
        assert whole.GetBlock(2).GetNumberOfPoints() == len(about.vessels)
        assert_cells(vtk_frame(companion(recorded.path, "cells"), day), expected, thickness)
        assert_fields(vtk_frame(companion(recorded.path, "fields"), day), expected, about)


def test_vtk_reads_a_run_without_fields_and_vessels(tmp_path: Path) -> None:
    about = synthetic.description(fields=(), vessels=None, body=(), ledger=())
    with Writer(tmp_path / "run.vtkhdf", about) as output:
        for index in range(3):
            frame = synthetic.frame(about, index, 40 + index)
            frame.fields = {}
            output.frame(frame)
    assert vtk_frame(tmp_path / "run.vtkhdf", 1.0).GetBlock(0).GetNumberOfPoints() == 42
    assert vtk_frame(companion(tmp_path / "run.vtkhdf", "cells"), 0.5).GetNumberOfPoints() == 41
    assert len(open_run(tmp_path / "run.vtkhdf").body.columns) == 0


# -- our reader ---------------------------------------------------------------------------------------------------


def test_reader_returns_what_was_written(run: Any) -> None:
    about, recorded = run
    assert recorded.frames == len(COUNTS) and recorded.status == "complete"
    np.testing.assert_array_equal(recorded.times, 0.5 * np.arange(len(COUNTS)))
    for index, count in enumerate(COUNTS):
        expected = synthetic.frame(about, index, count)
        cells = recorded.cells(day=recorded.times[index])
        assert len(cells) == count
        np.testing.assert_array_equal(cells["cell_type"].cat.codes + 1, expected.columns["cell_type"])
        np.testing.assert_array_equal(cells["x_um"], expected.points[:, 0])
        np.testing.assert_array_equal(recorded.counts.iloc[index], expected.counts)
        field = recorded.field("oxygen", frame=index)
        np.testing.assert_allclose(field, expected.fields["oxygen"], rtol=ROUNDING)
        assert field.attrs["units"] == "mmHg" and field.dims == ("z", "y", "x")
    assert recorded.field("ifng").dims == ("time", "z", "y", "x")
    assert (recorded.cells(frame=2)["group"].astype(str) == "cd8").any()
    body = recorded.body
    assert len(body) == 2 * len(COUNTS)
    np.testing.assert_array_equal(body["pembrolizumab"], body.index + 1)
    assert list(recorded.ledger["left"]) == [2.0 * index for index in range(len(COUNTS))]
    assert list(recorded.events["born"]) == list(range(len(COUNTS)))
    assert list(recorded.lineage["cause"].unique()) == ["division"]
    assert recorded.digest() == {name: f"{len(COUNTS) - 1:016x}" for name in DIGESTS}
    assert recorded.parameters.loc[0, "source"] == "10.1000/example"
    assert recorded.config["seed"] == 1 and recorded.seed == 1
    information = json.loads(json.dumps(recorded.info()))
    assert information["threads"] == {"asked": 2, "used": 2} and information["days"] == recorded.times[-1]
    assert information["counts"]["end"] == {name: int(value) for name, value in recorded.counts.iloc[-1].items()}


def test_reader_refuses(run: Any, tmp_path: Path) -> None:
    _, recorded = run
    with pytest.raises(ModelError, match="did you mean 'oxygen'"):
        recorded.field("oxigen")
    with pytest.raises(ModelError, match=r"day 99 is not recorded; allowed: 0 to 2\.5"):
        recorded.cells(day=99)
    with pytest.raises(ModelError, match="frame 6 is not recorded"):
        recorded.cells(frame=6)
    (tmp_path / "empty.vtkhdf").touch()
    (tmp_path / "text.vtkhdf").write_text("x_um,y_um\n")
    with h5py.File(tmp_path / "other.vtkhdf", "w") as other:
        other["x"] = 1
    (tmp_path / "half.vtkhdf").write_bytes(recorded.path.read_bytes()[:30000])
    for name, message in (
        ("none", "no such file"),
        ("empty", "not HDF5"),
        ("text", "not HDF5"),
        ("other", "not a run file"),
        ("half", "cannot be read"),
        ("run.cells", "not a run file"),
    ):
        with pytest.raises(ModelError, match=message):
            open_run(tmp_path / f"{name}.vtkhdf")


def test_reader_sees_a_run_that_is_being_written(tmp_path: Path) -> None:
    about = synthetic.description()
    output = synthetic.write(tmp_path / "run.vtkhdf", about, [10, 20])
    recorded = open_run(tmp_path / "run.vtkhdf")
    assert (recorded.frames, recorded.status) == (2, "running")
    synthetic.go_on(output, about, 2, 33)
    assert len(recorded.cells()) == 33
    assert vtk_frame(recorded.path, 1.0).GetBlock(0).GetNumberOfPoints() == 33
    output.close("stopped")
    assert recorded.status == "stopped"


def test_interventions_come_back(tmp_path: Path) -> None:
    about = synthetic.description()
    output = Writer(tmp_path / "run.vtkhdf", about)
    for index, what in enumerate(({"remove": [1, 2]}, {"set_trait": "pdl1", "why": "µ"})):
        output.intervention(0.1 + index, what)
        output.frame(synthetic.frame(about, index, 5))
    output.close()
    assert open_run(tmp_path / "run.vtkhdf").interventions == [
        (0.1, {"remove": [1, 2]}),
        (1.1, {"set_trait": "pdl1", "why": "µ"}),
    ]


def test_rounding_keeps_what_it_promises() -> None:
    values = np.random.default_rng(1).lognormal(0, 5, 10000).astype("f4")
    assert np.abs(keep_bits(values, 12) / values - 1).max() <= ROUNDING
    odd = np.array([0, np.inf, np.nan], "f4")
    np.testing.assert_array_equal(keep_bits(odd, 12), odd)


# -- refusals of the writer ---------------------------------------------------------------------------------------


def test_writer_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    about, path = synthetic.description(), tmp_path / "run.vtkhdf"
    with synthetic.write(path, about, [10]):
        pass
    before = path.read_bytes()
    with pytest.raises(ModelError, match="exists; use force"):
        Writer(path, about)
    assert path.read_bytes() == before
    with synthetic.write(path, about, [10, 20], force=True):
        pass
    assert open_run(path).frames == 2
    companion(path, "cells").rename(tmp_path / "b.cells.vtkhdf")
    with pytest.raises(ModelError, match=r"b\.cells\.vtkhdf: exists"):
        Writer(tmp_path / "b.vtkhdf", about)
    for wrong, message in (("run.h5", "ends in '.vtkhdf'"), ("none/run.vtkhdf", "does not exist")):
        with pytest.raises(ModelError, match=message):
            Writer(tmp_path / wrong, about)
    (tmp_path / "folder.vtkhdf").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        Writer(tmp_path / "folder.vtkhdf", about, force=True)
    assert not (tmp_path / "b.vtkhdf").exists()


def test_writer_refuses_an_unwritable_folder(tmp_path: Path) -> None:
    folder = Path("/proc") if os.name == "posix" and os.geteuid() == 0 else tmp_path / "closed"
    if folder.parent == tmp_path:
        folder.mkdir(mode=0o500)
    with pytest.raises(ModelError, match="cannot be written"):
        Writer(folder / "run.vtkhdf", synthetic.description())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": np.zeros((3, 2))}, "points: shape"),
        ({"columns": {}}, "columns: got"),
        ({"fields": {}}, "fields: got"),
        ({"events": {"eaten": 1}}, "events: unknown"),
        ({"ledger": np.zeros(3)}, "ledger: shape"),
        ({"counts": np.zeros(2)}, "counts: shape"),
    ],
)
def test_a_refused_frame_leaves_the_file_as_it_was(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    about = synthetic.description()
    with synthetic.write(tmp_path / "run.vtkhdf", about, [10, 12]) as output:
        frame = synthetic.frame(about, 2, 11)
        for name, value in change.items():
            setattr(frame, name, value)
        with pytest.raises(ValueError, match=message):
            output.frame(frame)
        synthetic.go_on(output, about, 2, 15)
    recorded = open_run(tmp_path / "run.vtkhdf")
    assert [len(recorded.cells(frame=index)) for index in range(3)] == [10, 12, 15]
    assert [len(recorded.counts), len(recorded.ledger), len(recorded.body)] == [3, 3, 6]


# -- kills --------------------------------------------------------------------------------------------------------


def write_until_killed(path: Path, promise: Any) -> None:
    about = synthetic.description((24, 24, 1), expected_cells=64)
    output = Writer(path, about)
    for index in range(100000):
        synthetic.go_on(output, about, index, 40 + 13 * index)
        promise.value = index + 1


def assert_committed(path: Path, promised: int) -> None:
    """Check every committed frame, its tables, its topology and the checkpoint."""
    about, recorded = synthetic.description((24, 24, 1)), open_run(path)
    frames = recorded.frames
    assert frames >= promised
    with h5py.File(path, "r", locking=False) as file:
        cells, fields = file["VTKHDF/cells"], file["VTKHDF/fields/CellData"]
        for index in range(frames):
            count, start = 40 + 13 * index, int(cells["Steps/PointOffsets"][index])
            expected = synthetic.frame(about, index, count)
            assert cells["NumberOfPoints"][index] == count
            for name in ("id", "hits", "pdl1"):
                np.testing.assert_array_equal(cells["PointData"][name][start : start + count], expected.columns[name])
            np.testing.assert_array_equal(cells["Points"][start : start + count, :2], expected.points[:, :2])
            np.testing.assert_allclose(fields["ifng"][index], expected.fields["ifng"], rtol=ROUNDING)
        most = 40 + 13 * (frames - 1)
        np.testing.assert_array_equal(cells["Vertices/Offsets"][: most + 1], np.arange(most + 1))
        np.testing.assert_array_equal(cells["Vertices/Connectivity"][:most], np.arange(most))
    np.testing.assert_array_equal(recorded.body["pembrolizumab"], recorded.body.index + 1)
    assert len(recorded.body) == 2 * frames and len(recorded.lineage) == frames
    checkpoint = recorded.checkpoint()
    assert checkpoint is not None and checkpoint.frame >= promised - 1
    np.testing.assert_array_equal(checkpoint.arrays["state"], np.arange(checkpoint.frame + 10))


@pytest.mark.parametrize("trials", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_loses_no_committed_frame(tmp_path: Path, trials: int) -> None:
    """SIGKILL at random moments; every fourth run is afterwards resumed and goes on."""
    random = np.random.default_rng(2026)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["h5py", "synthetic_run"])
    moments = []
    for trial in range(trials):
        path = tmp_path / f"{trial}.vtkhdf"
        promise = context.Value("q", 0, lock=False)
        child = context.Process(target=write_until_killed, args=(path, promise))
        child.start()
        wanted = random.integers(1, 13)
        while promise.value < wanted:
            time.sleep(0.001)
            assert child.is_alive()
        time.sleep(random.uniform(0, 0.03))  # into the writing of the next frame
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        promised = promise.value
        assert_committed(path, promised)
        moments.append(promised)
        if trial % 4 == 0:
            recorded = open_run(path)
            checkpoint = recorded.checkpoint()
            assert checkpoint is not None
            about = synthetic.description((24, 24, 1))
            with Writer.resume(path, checkpoint.step) as output:
                for index in range(output.frames, output.frames + 3):
                    synthetic.go_on(output, about, index, 40 + 13 * index)
            assert_committed(path, checkpoint.frame + 4)
            assert vtk_frame(path, recorded.times[-1]).GetBlock(0).GetNumberOfPoints() == 40 + 13 * (
                recorded.frames - 1
            )
    assert len(set(moments)) > 2


class Recorder(io.BytesIO):
    """A file in memory that remembers every single write."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[int, bytes]] = []

    def write(self, data: Any) -> int:
        self.log.append((self.tell(), bytes(data)))
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        end = self.seek(0, io.SEEK_END)
        if size is not None and size > end:
            self.log.append((end, bytes(size - end)))
        return super().truncate(size)


def test_after_each_single_write_the_committed_frames_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replay the writes one by one around frame 64, where a B-tree index would split and hide committed frames."""
    recorder, about, frames = Recorder(), synthetic.description((6, 6, 1), expected_cells=1), 67
    plain = h5py.File

    def opened(path: Any, mode: str, **settings: Any) -> Any:
        if Path(path).name != "run.vtkhdf":
            return plain(path, mode, **settings)
        return plain(recorder, mode, libver=settings["libver"])

    with monkeypatch.context() as patched:
        patched.setattr(writer.h5py, "File", opened)
        output = Writer(tmp_path / "run.vtkhdf", about)
        committed = []
        for index in range(frames):
            synthetic.go_on(output, about, index, 20 + index)
            committed.append(len(recorder.log))
        log = list(recorder.log)
        output.close()
    image = bytearray()
    for number, (position, data) in enumerate(log, 1):
        image.extend(bytes(max(0, position + len(data) - len(image))))
        image[position : position + len(data)] = data
        promised = int(np.searchsorted(committed, number, side="right"))
        if not (promised == 3 or 63 <= promised < 66):
            continue
        with plain(io.BytesIO(bytes(image)), "r") as file:
            cells, found = file["VTKHDF/cells"], int(file["VTKHDF/cells/Steps"].attrs["NSteps"])
            assert found >= promised
            for index in {0, found // 2, found - 1}:
                start = int(cells["Steps/PointOffsets"][index])
                assert len(cells["PointData/id"][start : start + 20 + index]) == 20 + index
                assert cells["PointData/id"][start + 19 + index] == 20 + index
                assert file["VTKHDF/fields/CellData/ifng"][index].max() > 0
            assert file["VTKHDF/cells/Vertices/Offsets"][20 + found - 1] == 20 + found - 1
            checkpoint = read_checkpoint(file, found)
            assert checkpoint is not None and checkpoint[0] >= promised - 1


# -- resume -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("keep", [1, 3, 5, 6])
def test_resume_gives_the_same_run(tmp_path: Path, shape: str, keep: int) -> None:
    about = synthetic.description(SHAPES[shape], expected_cells=1)
    straight, cut = tmp_path / "straight.vtkhdf", tmp_path / "cut.vtkhdf"
    with synthetic.write(straight, about, COUNTS):
        pass
    synthetic.write(cut, about, [*COUNTS[:keep], *(7 + number for number in range(6 - keep))]).close("interrupted")
    with Writer.resume(cut, at_step=10 * (keep - 1)) as output:
        assert output.frames == keep
        for index in range(keep, len(COUNTS)):
            synthetic.go_on(output, about, index, COUNTS[index])
    first, second = open_run(straight), open_run(cut)
    for name in ("counts", "body", "ledger", "events", "lineage"):
        assert getattr(first, name).equals(getattr(second, name)), name
    for index in range(len(COUNTS)):
        assert first.cells(frame=index).equals(second.cells(frame=index))
        assert first.field("ifng", frame=index).equals(second.field("ifng", frame=index))
        assert vtk_frame(cut, first.times[index]).GetBlock(0).GetNumberOfPoints() == COUNTS[index]
    with h5py.File(straight) as one, h5py.File(cut) as two:
        assert len(one["fields/time"]) == len(two["fields/time"]) == len(two["VTKHDF/fields/CellData/ifng"])


def test_resume_refuses_what_is_not_there(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "run.vtkhdf", synthetic.description(), [5, 6]).close()
    with pytest.raises(ModelError, match="no frame of step 7; frames end at step 10"):
        Writer.resume(tmp_path / "run.vtkhdf", at_step=7)
    assert open_run(tmp_path / "run.vtkhdf").status == "complete"
    with pytest.raises(ModelError, match="no such file"):
        Writer.resume(tmp_path / "none.vtkhdf")


def test_resume_forgets_the_checkpoints_of_frames_that_are_cut_off(tmp_path: Path) -> None:
    about, path = synthetic.description(), tmp_path / "run.vtkhdf"
    synthetic.write(path, about, [5, 6, 7, 8]).close()
    with Writer.resume(path, at_step=10) as output:
        for index in (2, 3):
            output.frame(synthetic.frame(about, index, 9))
    assert open_run(path).checkpoint() is None


def test_a_damaged_checkpoint_falls_back_to_the_other(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "run.vtkhdf", synthetic.description(), [5, 6, 7]).close()
    with h5py.File(tmp_path / "run.vtkhdf", "r+") as file:
        newest = "AB"[int(np.argmax(file["checkpoint/commit"][:, 0]))]
        file["checkpoint"][newest][100] += 1
    found = open_run(tmp_path / "run.vtkhdf").checkpoint()
    assert found is not None and (found.frame, found.step, found.arrays["body"]) == (1, 10, b"\x01")


# -- folders and exports ------------------------------------------------------------------------------------------


def folder_of_runs(folder: Path) -> folders.RunSet:
    entries = []
    for arm, factor in (("untreated", 3), ("drug", 2)):
        for replicate in (1, 2):
            name = f"{arm}-{replicate}.vtkhdf"
            synthetic.write(folder / name, synthetic.description(), [100, 100 * factor]).close()
            entries.append(folders.Entry(arm, replicate, name, replicate))
    folders.write_index(folder, entries)
    return folders.open_folder(folder)


def test_folder_groups_runs_by_arm(tmp_path: Path) -> None:
    runs = folder_of_runs(tmp_path)
    assert runs.arms == ["untreated", "drug"] and runs.control == "untreated" and len(runs.of_arm("drug")) == 2
    assert json.loads((tmp_path / "index.json").read_text())[0] == {
        "arm": "untreated",
        "values": {},
        "seed": 1,
        "replicate": 1,
        "file": "untreated-1.vtkhdf",
    }
    days, change = folders.change_against(runs, "drug")
    np.testing.assert_array_equal(days, [0, 0.5])
    treated, untreated = (folders.living(runs.of_arm(arm)[0], "tumour") for arm in ("drug", "untreated"))
    np.testing.assert_allclose(change, np.tile(treated / untreated - 1, (2, 1)))
    assert list(runs.quantiles("drug", "tumour").columns) == [0.05, 0.5, 0.95]
    assert set(runs.digest()) == set(DIGESTS) and runs.digest() == folders.open_folder(tmp_path).digest()
    assert json.loads(json.dumps(runs.info()))["runs"][0]["arm"] == "untreated"
    with pytest.raises(ModelError, match="did you mean 'drug'"):
        runs.of_arm("drugs")
    with pytest.raises(ModelError, match="no group 'tumor'; did you mean 'tumour'"):
        folders.living(runs.of_arm("drug")[0], "tumor")


@pytest.mark.parametrize(
    "text", ["", "[]", "[1]", '[{"arm": "a"}]', '[{"arm": "a", "seed": 1, "file": "../a.vtkhdf"}]']
)
def test_folder_refuses_a_broken_index(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ModelError, match=r"index\.json"):
        folders.open_folder(tmp_path)


def test_folder_refuses_what_is_no_folder_of_runs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no 'index\.json'"):
        folders.open_runs(tmp_path)
    with pytest.raises(ModelError, match="no such"):
        folders.open_runs(tmp_path / "none")
    (tmp_path / "experiment.json").write_text("{}")
    with pytest.raises(ModelError, match="go on with: qsp-abm resume"):
        folders.open_runs(tmp_path)


def test_legacy_export_is_read_by_vtk(run: Any, tmp_path: Path) -> None:
    from vtkmodules.vtkIOXML import vtkXMLImageDataReader, vtkXMLPolyDataReader

    about, recorded = run
    collections = legacy.export_paraview_legacy(recorded, tmp_path / "paraview")
    assert [each.name for each in collections] == ["run_cells.pvd", "run_fields.pvd"]
    for collection, reader_class in zip(collections, (vtkXMLPolyDataReader, vtkXMLImageDataReader), strict=True):
        import xml.etree.ElementTree as tree

        entries = tree.parse(collection).findall("Collection/DataSet")
        assert [float(entry.attrib["timestep"]) for entry in entries] == list(recorded.times)
        for index, entry in enumerate(entries):
            reader = reader_class()
            reader.SetFileName(str(collection.parent / entry.attrib["file"]))
            reader.Update()
            expected = synthetic.frame(about, index, COUNTS[index])
            if reader_class is vtkXMLPolyDataReader:
                assert_cells(reader.GetOutput(), expected, about.thickness)
            else:
                assert_fields(reader.GetOutput(), expected, about)


def test_csv_export(run: Any, tmp_path: Path) -> None:
    import pandas as pd

    _, recorded = run
    written = tables.export_csv(recorded, tmp_path / "csv")
    assert len(written) == len(COUNTS) + 3
    assert list(pd.read_csv(tmp_path / "csv" / "counts.csv", index_col="day")["tumour"]) == list(
        recorded.counts["tumour"]
    )
    cells = pd.read_csv(tmp_path / "csv" / "cells_00002.csv")
    assert list(cells.columns[:4]) == ["x_um", "y_um", "z_um", "cell_type"] and len(cells) == COUNTS[2]

"""What of a run is written: fields, traits, precision, a sample of the cells; and writing beside the run."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic_run as synthetic

import qsp_abm as qa
from qsp_abm.library import models
from qsp_abm.output.growing import Growing, grow
from qsp_abm.output.writer import Writer
from qsp_abm.record import Record


def simulation() -> qa.Simulation:
    model = models.solid_tumour_2d(lattice=qa.Lattice(shape=(24, 24, 1), spacing=20.0))
    start = [qa.Ball("tumour", radius=150.0), qa.Scatter("cd8", "400 / mm^2", fractions={"cd8_effector": 1.0})]
    return qa.Simulation(model, start, seed=3, threads=1)


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    whole = simulation().run("1 day", record=tmp_path / "whole.vtkhdf")
    options: dict[str, Any] = {"fields": ["oxygen"], "traits": ["stimulation"], "precision": 0.01, "sample": 0.25}
    run = simulation().run("1 day", record=tmp_path / "part.vtkhdf", **options)
    assert whole is not None and run is not None
    assert run.digest() == whole.digest()
    assert run.field_names == ["oxygen"]
    ours, theirs = (set(each.cells().columns) for each in (run, whole))
    assert theirs - ours == {"pdl1_constitutive", "pdl1_induced"}
    np.testing.assert_allclose(run.field("oxygen"), whole.field("oxygen"), rtol=0.01)
    assert run.field("oxygen").nbytes == whole.field("oxygen").nbytes
    assert (tmp_path / "part.vtkhdf").stat().st_size < (tmp_path / "whole.vtkhdf").stat().st_size


def test_a_sample_follows_the_same_cells(tmp_path: Path) -> None:
    run = simulation().run("1 day", record=tmp_path / "part.vtkhdf", sample=0.25)
    assert run is not None
    assert run.sample == 0.25
    seen = [set(run.cells(frame=frame)["id"]) for frame in range(run.frames)]
    total = run.counts.sum(axis=1)
    assert len(seen[0]) == pytest.approx(0.25 * total.iloc[0], rel=0.2)
    ended = set(run.tree.agents.index[run.tree.agents["ended"].notna()])
    for before, after in itertools.pairwise(seen):
        assert before - after <= ended
    assert len(run.tree.agents) >= total.iloc[0]


def test_a_sampled_run_resumes_alike(tmp_path: Path) -> None:
    options: dict[str, Any] = {"sample": 0.5, "fields": ["ifng"], "every": "6 hour", "checkpoint": "6 hour"}
    whole = simulation().run("1 day", record=tmp_path / "whole.vtkhdf", **options)
    part = simulation()
    asked = {"count": 0}

    def stop(one: qa.Simulation) -> None:
        asked["count"] += 1
        if asked["count"] == 2:
            raise KeyboardInterrupt

    part.every("6 hour", stop)
    with pytest.raises(KeyboardInterrupt):
        part.run("1 day", record=tmp_path / "part.vtkhdf", **options)
    again = qa.Simulation.resume(tmp_path / "part.vtkhdf", threads=1)
    assert whole is not None
    assert again.digest() == whole.digest()
    for frame in range(whole.frames):
        assert again.cells(frame=frame).equals(whole.cells(frame=frame))
    assert again.field_names == ["ifng"]


def test_unknown_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "run.vtkhdf"
    for options, message in (
        ({"fields": ["oxigen"]}, r"fields: unknown name 'oxigen'; did you mean 'oxygen'\?"),
        ({"traits": ["stimulus"]}, "traits: unknown name 'stimulus'"),
        ({"sample": 0.0}, "sample"),
        ({"precision": 0.9}, "precision"),
    ):
        with pytest.raises(qa.ModelError, match=message):
            simulation().run("1 day", record=path, **options)  # type: ignore[arg-type]
        assert not path.exists()


@pytest.mark.parametrize(("precision", "bits"), [(2.0**-13, 12), (2.0**-24, 23), (0.25, 1), (1e-3, 9)])
def test_precision_is_kept(precision: float, bits: int) -> None:
    from qsp_abm.output.growing import keep_bits

    assert Record(precision=precision).bits == bits
    values = np.random.default_rng(1).lognormal(0, 5, 10_000).astype("f4")
    assert (np.abs(keep_bits(values, bits) - values) <= precision * values).all()


def test_writing_beside_the_run_gives_the_same_file(tmp_path: Path) -> None:
    about = synthetic.description((12, 10, 8))
    for name, background in (("a", False), ("b", True)):
        with Writer(tmp_path / f"{name}.vtkhdf", about, background=background) as writer:
            for index in range(6):
                synthetic.go_on(writer, about, index, 50 + 10 * index)
    a, b = (qa.open_run(tmp_path / f"{name}.vtkhdf") for name in "ab")
    assert b.frames == 6
    for frame in range(6):
        assert a.cells(frame=frame).equals(b.cells(frame=frame))
    assert a.lineage.equals(b.lineage) and a.body.equals(b.body)
    assert (tmp_path / "a.vtkhdf").read_bytes() == (tmp_path / "b.vtkhdf").read_bytes()


def test_what_goes_wrong_beside_the_run_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = synthetic.description()
    writer = Writer(tmp_path / "a.vtkhdf", about, background=True)
    synthetic.go_on(writer, about, 0, 10)
    writer._settle()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_append_summary", full)
    writer.frame(synthetic.frame(about, 1, 10))
    with pytest.raises(OSError, match="No space left"):
        writer.close()
    run = qa.open_run(tmp_path / "a.vtkhdf")
    assert run.frames == 1
    assert run.status == "failed"


@pytest.mark.parametrize(
    ("shape", "chunk", "dtype"),
    [((1000,), (256,), "u4"), ((700, 3), (256, 3), "f4"), ((2, 9, 5, 4), (1, 4, 5, 4), "f4"), ((300,), (64,), "u1")],
)
def test_chunks_compressed_here_are_read_by_hdf5(
    tmp_path: Path, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: str
) -> None:
    import h5py

    random = np.random.default_rng(5)
    batches = [random.integers(0, 200, shape).astype(dtype) for _ in range(3)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if len(shape) == 4:
            file.create_dataset(
                "x",
                (0, *shape[1:]),
                dtype,
                maxshape=(None, *shape[1:]),
                chunks=chunk,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
        else:
            grow(file, "x", dtype, chunk[0], shape[1:], packed=True)
        growing = Growing(file["x"])
        starts = [growing.append(batch) for batch in batches]
    with h5py.File(tmp_path / "a.h5", "r") as file:
        for start, batch in zip(starts, batches, strict=True):
            np.testing.assert_array_equal(file["x"][start : start + len(batch)], batch)

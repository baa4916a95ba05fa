"""Arms side by side: the numbers are those of numpy on the runs themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_run import description, go_on, patient_folder, write

import qsp_abm as qa


def test_quantiles_and_paired_ratios(tmp_path: Path) -> None:
    folder = patient_folder(tmp_path, replicates=3, days=3.0, every=1.0)
    runs = qa.open_folder(folder)
    table = qa.compare(folder, ["tumour", "cd8"], against="untreated")
    treated, control = (
        np.array([r.counts["tumour"] for r in runs.of_arm(arm)]) for arm in ("pembrolizumab", "untreated")
    )
    found = table.loc[("pembrolizumab", "tumour")]
    np.testing.assert_allclose(found[[0.05, 0.5, 0.95]], np.quantile(treated / control, (0.05, 0.5, 0.95), axis=0).T)
    assert (found["replicates"] == 3).all()
    assert (table.loc[("untreated", "tumour"), 0.5] == 1).all()
    plain = qa.compare([str(folder)], ["cd8"]).loc[("untreated", "cd8")]
    groups = [name for name in runs.of_arm("untreated")[0].types if name.startswith("cd8")]
    cells = np.array([r.counts[groups].sum(axis=1) for r in runs.of_arm("untreated")])
    np.testing.assert_allclose(plain[0.5], np.median(cells, axis=0))


def test_without_common_seeds_the_median_of_the_control_counts(tmp_path: Path) -> None:
    for name, seed, counts in (("a", 1, [80, 100]), ("b", 2, [60, 90]), ("c", 3, [40, 70])):
        write(tmp_path / f"{name}.vtkhdf", description(seed=seed, provenance={"arm": name}), counts).close()
    files = {name: tmp_path / f"{name}.vtkhdf" for name in "abc"}
    table = qa.compare({"control": [files["a"], files["b"]], "other": [files["c"]]}, ["tumour"], against="control")
    below = np.median([qa.open_run(files[name]).counts["tumour"] for name in "ab"], axis=0)
    np.testing.assert_allclose(table.loc[("other", "tumour"), 0.5], qa.open_run(files["c"]).counts["tumour"] / below)


def test_what_is_unknown_is_refused(tmp_path: Path) -> None:
    folder = patient_folder(tmp_path, replicates=1, days=1.0)
    with pytest.raises(qa.ModelError, match=r"no quantity 'tumor'; did you mean 'tumour'\?"):
        qa.compare(folder, ["tumor"])
    with pytest.raises(qa.ModelError, match="no arm 'untreted'; did you mean 'untreated'"):
        qa.compare(folder, against="untreted")
    with pytest.raises(qa.ModelError, match="no runs are given"):
        qa.compare([])


def test_a_field_is_read_only_where_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "run.vtkhdf"
    about = description((12, 10, 8))
    writer = write(path, about, [50, 60])
    run = qa.open_run(path)
    field = run.field("oxygen")
    go_on(writer, about, 2, 70)  # a frame that comes later changes neither shape nor values
    assert field.shape == (2, 8, 10, 12)
    assert not field.variable._in_memory
    np.testing.assert_array_equal(field.isel(time=1), run.field("oxygen", frame=1))
    np.testing.assert_array_equal(field[::-1, 2, [1, 5], 3:9:2], field.to_numpy()[::-1, 2, [1, 5], 3:9:2])
    assert run.field("oxygen").shape == (3, 8, 10, 12)
    writer.close()


def test_the_model_comes_back(tmp_path: Path) -> None:
    from qsp_abm.library import models

    model = models.solid_tumour_2d(lattice=qa.Lattice(shape=(10, 10, 1), spacing=20.0))
    run = qa.Simulation(model, qa.Ball("tumour", radius=40.0), seed=1, threads=1).run(
        "30 min", record=tmp_path / "a.vtkhdf", every="30 min"
    )
    assert run is not None
    assert run.model.digest == qa.Simulation(model, qa.Ball("tumour", radius=40.0), seed=1, threads=1).model.digest

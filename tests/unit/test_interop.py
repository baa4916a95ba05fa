"""Other tools read what is exported, and what they write can be a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest
import tifffile
from synthetic_run import description, write

from qsp_abm import FromTable, ModelError
from qsp_abm.output import open_run
from qsp_abm.output.annotated import export_anndata
from qsp_abm.output.labels import export_labels, label_image
from qsp_abm.output.paraview import export_paraview_script
from qsp_abm.table import read_table


@pytest.fixture(params=[(20, 16, 1), (12, 10, 8)], ids=["section", "volume"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    path = tmp_path / "run.vtkhdf"
    write(path, description(request.param), [90, 120, 60]).close()
    return open_run(path)


def test_anndata_holds_what_the_reader_gives(run: Any, tmp_path: Path) -> None:
    path = export_anndata(run, tmp_path / "out", [1])[0]
    table, cells = anndata.read_h5ad(path), run.cells(frame=1)
    axes = ["x_um", "y_um", "z_um"][: 2 if run.shape[2] == 1 else 3]
    np.testing.assert_array_equal(table.obsm["spatial"], cells[axes].to_numpy("f8"))
    assert table.obs["cell_type"].astype(str).tolist() == cells["cell_type"].astype(str).tolist()
    assert table.var_names.tolist() == ["pdl1"]
    np.testing.assert_array_equal(np.asarray(table.X)[:, 0], cells["pdl1"].to_numpy("f4"))
    assert table.uns["qsp_abm"]["day"] == run.times[1]
    with pytest.raises(ModelError, match=r"exists; use force"):
        export_anndata(run, tmp_path / "out", [1])


def test_anndata_can_be_a_start(run: Any, tmp_path: Path) -> None:
    path = export_anndata(run, tmp_path, [0])[0]
    found, cells = read_table(FromTable(path, {"*": "skip"})), run.cells(frame=0)
    assert found.flat == (run.shape[2] == 1)
    axes = ["x_um", "y_um", "z_um"][: 2 if found.flat else 3]
    np.testing.assert_array_equal(found.points[:, : len(axes)], cells[axes].to_numpy("f8"))
    assert found.labels.tolist() == cells["cell_type"].astype(str).tolist()


def test_anndata_without_positions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.h5ad"
    anndata.AnnData(np.zeros((3, 2), "f4")).write_h5ad(path)
    with pytest.raises(ModelError, match=r'no positions in obsm\["spatial"\]'):
        read_table(FromTable(path, {"*": "skip"}))
    broken = tmp_path / "broken.h5ad"
    broken.write_text("not HDF5")
    with pytest.raises(ModelError, match="cannot be read"):
        read_table(FromTable(broken, {"*": "skip"}))


@pytest.mark.parametrize(
    ("text", "flat"),
    [
        ("x,y,z,type,volume\n-10,5,0,tumour,2494\n20,-8.5,0,cd8,\n", True),
        ("-10,5,0,tumour\n20,-8.5,0,cd8\n".replace("tumour", "0").replace("cd8", "1"), True),
        ("x,y,z,type\n-10,5,3,tumour\n20,-8.5,-3,cd8\n", False),
    ],
    ids=["header", "no header", "volume"],
)
def test_tables_of_physicell_are_read(tmp_path: Path, text: str, flat: bool) -> None:
    path = tmp_path / "cells.csv"
    path.write_text(text)
    found = read_table(FromTable(path, {"*": "skip"}))
    assert found.flat == flat
    np.testing.assert_array_equal(found.points[:, :2], [[-10, 5], [20, -8.5]])
    assert found.labels.tolist() in (["tumour", "cd8"], ["0", "1"])
    assert found.rows == 2


def test_label_images_show_every_cell_in_its_voxel(run: Any, tmp_path: Path) -> None:
    cells = run.cells(frame=2)
    image = label_image(run, 2)
    voxels = [
        np.floor(cells[f"{axis}_um"].to_numpy() / step).astype(int)
        for axis, step in zip("zyx", run.voxel[::-1], strict=True)
    ]
    assert set(np.unique(image)) - {0} <= set(cells["id"])
    assert (image[tuple(voxels)] > 0).all()
    assert np.count_nonzero(image) == len(np.unique(np.stack(voxels), axis=1).T)
    paths = export_labels(run, tmp_path / "out")
    assert [path.name for path in paths] == [f"run_{name}.ome.tif" for name in ("cells", "types", "oxygen", "ifng")]
    np.testing.assert_array_equal(tifffile.imread(paths[0]).reshape(3, *run.shape[::-1])[2], image)
    np.testing.assert_array_equal(
        tifffile.imread(paths[2]).reshape(3, *run.shape[::-1]), run.field("oxygen").to_numpy()
    )
    with tifffile.TiffFile(paths[0]) as file:
        assert file.is_ome
        assert f'PhysicalSizeX="{run.voxel[0]:g}' in (file.ome_metadata or "")


def test_the_script_for_paraview_names_all_types(run: Any, tmp_path: Path) -> None:
    """What it draws is tested with a real ParaView: `nox -s paraview`."""
    text = export_paraview_script(run, tmp_path).read_text()
    compile(text, "script", "exec")
    for each in run.types:
        assert each.split("_")[0].lower() in text.lower()
    assert str(run.path.with_name("run.cells.vtkhdf")) in text
    with pytest.raises(ModelError, match="use force"):
        export_paraview_script(run, tmp_path)

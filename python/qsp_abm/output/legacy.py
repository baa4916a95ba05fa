"""Export for ParaView before 5.13: VTK XML files and the collections that list them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np

from qsp_abm.errors import ModelError

if TYPE_CHECKING:
    from qsp_abm.output.reader import Run

__all__ = ["export_paraview_legacy"]


def export_paraview_legacy(
    run: Run, folder: str | Path, frames: Sequence[int] | None = None, *, force: bool = False
) -> list[Path]:
    """Write each frame as `.vtp` (cells) and `.vti` (fields), and one `.pvd` per block that ParaView opens.

    Parameters
    ----------
    run
        The run.
    folder
        Folder for the collections; the frames go into a folder inside.
    frames
        Numbers of frames; None: all.
    force
        Overwrite existing collections.

    Returns
    -------
    list of Path
        The collections: cells, and fields where the run has any.

    Raises
    ------
    ModelError
        The export exists (without `force`) or cannot be written.
    """
    stem, folder = run.path.stem, Path(folder)
    targets = {block: folder / f"{stem}_{block}.pvd" for block in ("cells", *(("fields",) if run.field_names else ()))}
    for target in targets.values():
        if target.exists() and not force:
            raise ModelError(f"{target}: exists; use force (--force) to overwrite it")
    try:
        (folder / stem).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
    files: dict[str, list[str]] = {block: [] for block in targets}
    chosen = list(range(run.frames)) if frames is None else list(frames)
    for index in chosen:
        for block in targets:
            name = f"{stem}/{block}_{index:05d}.{'vtp' if block == 'cells' else 'vti'}"
            (_write_cells if block == "cells" else _write_fields)(run, index, folder / name)
            files[block].append(name)
    for block, target in targets.items():
        entries = "".join(
            f'<DataSet timestep="{day:.12g}" part="0" name="{block}" file={quoteattr(name)}/>\n'
            for day, name in zip(run.times[chosen], files[block], strict=True)
        )
        target.write_text(
            f'<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n<Collection>\n{entries}'
            "</Collection>\n</VTKFile>\n",
            encoding="utf-8",
        )
    return list(targets.values())


def _write_cells(run: Run, index: int, path: Path) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    cells = run.cells(frame=index)
    points = vtkPoints()
    points.SetData(numpy_to_vtk(cells[["x_um", "y_um", "z_um"]].to_numpy("f4"), deep=1))
    vertices, count = vtkCellArray(), len(cells)
    vertices.SetData(
        numpy_to_vtkIdTypeArray(np.arange(count + 1), deep=1), numpy_to_vtkIdTypeArray(np.arange(count), deep=1)
    )
    poly = vtkPolyData()
    poly.SetPoints(points)
    poly.SetVerts(vertices)
    for column in run.schema["columns"]:
        name, values = column["name"], cells[column["name"]]
        codes = values.cat.codes.to_numpy() + 1 if values.dtype == "category" else values.to_numpy()
        array = numpy_to_vtk(np.ascontiguousarray(codes, column["dtype"]), deep=1)
        array.SetName(name)
        poly.GetPointData().AddArray(array)
    _save(vtkXMLPolyDataWriter(), poly, path)


def _write_fields(run: Run, index: int, path: Path) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkIOXML import vtkXMLImageDataWriter

    nx, ny, nz = run.shape
    image = vtkImageData()
    image.SetExtent(0, nx, 0, ny, 0, nz)
    image.SetSpacing(*run.voxel)
    for name in run.field_names:
        array = numpy_to_vtk(run.field(name, frame=index).to_numpy().ravel(), deep=1)
        array.SetName(name)
        image.GetCellData().AddArray(array)
    _save(vtkXMLImageDataWriter(), image, path)


def _save(writer: Any, data: Any, path: Path) -> None:
    writer.SetFileName(str(path))
    writer.SetInputData(data)
    writer.SetDataModeToAppended()
    writer.EncodeAppendedDataOff()
    writer.SetCompressorTypeToZLib()
    writer.SetHeaderTypeToUInt64()
    if not writer.Write():
        raise ModelError(f"{path}: cannot be written")

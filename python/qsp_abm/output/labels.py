"""Export as images: cells as labels, and fields, as OME-TIFF that napari, Fiji and QuPath open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qsp_abm.errors import ModelError

if TYPE_CHECKING:
    from qsp_abm.output.layout import Array
    from qsp_abm.output.reader import Run

__all__ = ["export_labels", "label_image"]


def label_image(run: Run, frame: int, column: str = "id") -> Array:
    """Return a label for each voxel, (nz, ny, nx) u4; 0 where there is no cell.

    Parameters
    ----------
    run, frame
        What is shown.
    column
        ``id`` or ``cell_type`` (its code, from 1). Of several cells in a voxel the one with the largest code of type is shown: the
        tumour lies under the immune cells in it.
    """
    cells = run.cells(frame=frame)
    codes = cells["cell_type"].cat.codes.to_numpy("i8") + 1
    values = codes if column == "cell_type" else cells[column].to_numpy("i8")
    x, y, z = (
        np.minimum((cells[f"{axis}_um"].to_numpy("f8") / step).astype("i8"), size - 1)
        for axis, step, size in zip("xyz", run.voxel, run.shape, strict=True)
    )
    order = np.lexsort((values, codes))
    image = np.zeros(run.shape[::-1], "u4")
    image[z[order], y[order], x[order]] = values[order]
    return image


def export_labels(
    run: Run, folder: str | Path, frames: Sequence[int] | None = None, *, force: bool = False
) -> list[Path]:
    """Write cells by identity, cells by type, and each field as OME-TIFF with the axes T, Z, Y, X and sizes in um.

    Parameters
    ----------
    run
        The run.
    folder
        Folder to write to; created where missing.
    frames
        Numbers of frames; None: all.
    force
        Overwrite existing images.

    Returns
    -------
    list of Path
        `<run>_cells.ome.tif`, `<run>_types.ome.tif` and `<run>_<field>.ome.tif`.

    Raises
    ------
    ModelError
        An image exists (without `force`) or cannot be written, or the package tifffile is missing.
    """
    try:
        import tifffile
    except ImportError:
        raise ModelError("export: OME-TIFF needs a package: pip install tifffile") from None
    folder = Path(folder)
    chosen = list(range(run.frames)) if frames is None else list(frames)
    names = {"cells": "id", "types": "cell_type"}
    targets = {name: folder / f"{run.path.stem}_{name}.ome.tif" for name in (*names, *run.field_names)}
    for path in targets.values():
        if path.exists() and not force:
            raise ModelError(f"{path}: exists; use force (--force) to overwrite it")
    day = float(np.diff(run.times[chosen]).mean()) if len(chosen) > 1 else 1.0
    about: dict[str, Any] = {"axes": "TZYX", "TimeIncrement": day, "TimeIncrementUnit": "d"}
    for axis, step in zip("XYZ", run.voxel, strict=True):
        about |= {f"PhysicalSize{axis}": float(step), f"PhysicalSize{axis}Unit": "µm"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in targets.items():
            if name in names:
                images = (label_image(run, frame, names[name]) for frame in chosen)
                dtype = "u4" if name == "cells" else "u1"
            else:
                images = (run.field(name, frame=frame).to_numpy() for frame in chosen)
                dtype = "f4"
            pages = (plane.astype(dtype) for image in images for plane in image)
            shape = (len(chosen), *run.shape[::-1])
            # A page at a time: a long run of a large volume does not fit into memory.
            tifffile.imwrite(path, pages, shape=shape, dtype=dtype, ome=True, compression="zlib", metadata=about)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return list(targets.values())

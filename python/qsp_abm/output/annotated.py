"""Export to AnnData, which scanpy and squidpy open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qsp_abm.errors import ModelError

if TYPE_CHECKING:
    from qsp_abm.output.reader import Run

__all__ = ["export_anndata"]

_CODES = ("cell_type", "group")
_POSITIONS = ("x_um", "y_um", "z_um")
_MARKS = ("id", "parent", "born", "hits", "target")  # go to `obs`; all other columns are traits, and go to `X`


def export_anndata(
    run: Run, folder: str | Path, frames: Sequence[int] | None = None, *, force: bool = False
) -> list[Path]:
    """Write one `.h5ad` for each frame.

    `X` holds the traits (0 where a type has none; `layers["recorded"]` keeps NaN there), `obs` what a cell is (cell_type, group,
    id, ...), `obsm["spatial"]` its position in um (x, y, and z in a volume), `uns["qsp_abm"]` day, units, seed and model.

    Parameters
    ----------
    run
        The run.
    folder
        Folder to write to; created where missing.
    frames
        Numbers of frames; None: all.
    force
        Overwrite existing files.

    Returns
    -------
    list of Path
        The files, `<run>_00000.h5ad` and so on, numbered by frame.

    Raises
    ------
    ModelError
        A file exists (without `force`) or cannot be written, or the package anndata is missing.
    """
    try:
        import anndata
    except ImportError:
        raise ModelError("export: AnnData needs a package: pip install anndata") from None
    import pandas as pd

    folder, axes = Path(folder), 2 if run.shape[2] == 1 else 3
    chosen = range(run.frames) if frames is None else frames
    targets = {frame: folder / f"{run.path.stem}_{frame:05d}.h5ad" for frame in chosen}
    for path in targets.values():
        if path.exists() and not force:
            raise ModelError(f"{path}: exists; use force (--force) to overwrite it")
    about = run.provenance
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for frame, path in targets.items():
            cells = run.cells(frame=frame)
            traits = [name for name in cells.columns if name not in (*_POSITIONS, *_CODES, *_MARKS)] or ["hits"]
            values = cells[traits].to_numpy("f4")
            obs = cells[[name for name in (*_CODES, *_MARKS) if name in cells.columns]].copy()
            obs.index = pd.Index(cells["id"].astype(str), name="cell")
            for name in _CODES:
                obs[name] = obs[name].cat.remove_unused_categories()
            var = pd.DataFrame({"unit": [run.unit("columns", name) for name in traits]}, index=pd.Index(traits))
            table = anndata.AnnData(np.nan_to_num(values), obs, var, layers={"recorded": values})
            table.obsm["spatial"] = cells[list(_POSITIONS[:axes])].to_numpy("f8")
            table.uns["qsp_abm"] = {
                "day": float(run.times[frame]),
                "length": "um",
                "box": np.array(run.shape[:axes]) * np.array(run.voxel[:axes]),
                "voxel": np.array(run.voxel[:axes]),
                "seed": int(run.seed),
                "version": str(about.get("qsp_abm_version", "")),
                "model": json.dumps(run.config.get("model", {})),
            }
            table.write_h5ad(path, compression="gzip")
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return list(targets.values())

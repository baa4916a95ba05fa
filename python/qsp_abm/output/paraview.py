"""A script that shows a run in ParaView: cells in their colours, a slice of a field, time."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from qsp_abm.errors import ModelError
from qsp_abm.output.layout import companion

if TYPE_CHECKING:
    from qsp_abm.output.reader import Run

__all__ = ["export_paraview_script"]


def export_paraview_script(run: Run, folder: str | Path, *, force: bool = False) -> Path:
    """Write `<run>_paraview.py`.

    It opens the run file in ParaView 5.13 and later, and in older ones what `export_paraview_legacy` wrote beside the script:
    ``paraview --script=<run>_paraview.py``, or ``pvbatch <run>_paraview.py picture.png [day]``.

    Parameters
    ----------
    run
        The run.
    folder
        Folder to write to; created where missing.
    force
        Overwrite an existing script.

    Raises
    ------
    ModelError
        The script exists (without `force`) or cannot be written.
    """
    from qsp_abm.pictures.colours import colour_of, label_of

    folder = Path(folder)
    path = folder / f"{run.path.stem}_paraview.py"
    if path.exists() and not force:
        raise ModelError(f"{path}: exists; use force (--force) to overwrite it")
    types = [
        (str(code), label_of(each["name"]), colour_of(each["name"], dead=each["dead"]))
        for code, each in enumerate(run.schema["cell_types"], 1)
    ]
    text = Template(files("qsp_abm.output").joinpath("paraview.template").read_text(encoding="utf-8")).substitute(
        name=run.path.stem,
        folder=json.dumps(str(folder.resolve())),
        cells=json.dumps(str(companion(run.path, "cells").resolve())),
        fields=json.dumps(str(companion(run.path, "fields").resolve())),
        types=",\n".join(f"    {json.dumps(each)}" for each in types),
        field=json.dumps(run.field_names[0] if run.field_names else ""),
        shape=json.dumps(list(run.shape)),
        voxel=json.dumps(list(run.voxel)),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return path

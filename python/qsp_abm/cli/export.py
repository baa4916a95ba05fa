"""`qsp-abm export`: runs in the formats of other tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


class Format(StrEnum):
    """What a run can be turned into."""

    paraview = "paraview"
    paraview_legacy = "paraview-legacy"
    csv = "csv"
    anndata = "anndata"
    napari = "napari"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    to: Annotated[
        Format,
        typer.Option(
            help="paraview: a script that shows the run; paraview-legacy: .pvd for ParaView before 5.13; csv: tables;"
            " anndata: .h5ad for scanpy and squidpy; napari: label images and fields (OME-TIFF).",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the files; it is made.", show_default=False),
    ],
    day: Annotated[
        list[float] | None,
        typer.Option(help="Only the frame nearest to this day; may be given again. Default: all.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Write runs for other tools."""
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_folder, open_run
    from qsp_abm.output.annotated import export_anndata
    from qsp_abm.output.labels import export_labels
    from qsp_abm.output.legacy import export_paraview_legacy
    from qsp_abm.output.paraview import export_paraview_script
    from qsp_abm.output.tables import export_csv

    runs = list(open_folder(run)) if run.is_dir() else [open_run(run)]
    if output.exists() and not output.is_dir():
        raise ModelError(f"{output}: is a file; the output must be a folder")
    if to is Format.paraview and day:
        raise ModelError("day: the script for ParaView shows all days; leave --day out")
    for each in runs:
        frames = [each.frame_at(one) for one in day] if day else None
        if to is Format.csv:
            folder = output / each.path.stem if run.is_dir() else output
            written = export_csv(each, folder, frames, force=force)
            typer.echo(f"{folder}: {len(written)} tables")
        elif to is Format.paraview:
            typer.echo(str(export_paraview_script(each, output, force=force)))
        else:
            write = {
                Format.paraview_legacy: export_paraview_legacy,
                Format.anndata: export_anndata,
                Format.napari: export_labels,
            }[to]
            for path in write(each, output, frames, force=force):
                typer.echo(str(path))

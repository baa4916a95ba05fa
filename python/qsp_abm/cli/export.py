"""`qsp-abm export`: runs in the formats of other tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


class Format(StrEnum):
    """What a run can be turned into."""

    paraview_legacy = "paraview-legacy"
    csv = "csv"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    to: Annotated[
        Format, typer.Option(help="paraview-legacy: .pvd for ParaView before 5.13; csv: tables.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the files; it is made.", show_default=False),
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Write runs for other tools."""
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_folder, open_run
    from qsp_abm.output.legacy import export_paraview_legacy
    from qsp_abm.output.tables import export_csv

    runs = list(open_folder(run)) if run.is_dir() else [open_run(run)]
    if output.exists() and not output.is_dir():
        raise ModelError(f"{output}: is a file; the output must be a folder")
    for each in runs:
        if to is Format.csv:
            folder = output / each.path.stem if run.is_dir() else output
            written = export_csv(each, folder, force=force)
            typer.echo(f"{folder}: {len(written)} tables")
        else:
            for path in export_paraview_legacy(each, output, force=force):
                typer.echo(str(path))

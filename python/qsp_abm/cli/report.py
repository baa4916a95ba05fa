"""`qsp-abm report`: a run, or a folder of runs, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PAGE", help="Page to write, .html.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a page that exists.")] = False,
) -> None:
    """Write one page that needs no network: a viewer over time, pictures, results, numbers with sources, provenance."""
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_runs
    from qsp_abm.report import write_report

    opened = open_runs(run)
    if output.exists() and not force:
        raise ModelError(f"{output}: exists; use --force to overwrite")
    typer.echo(str(write_report(opened, output)))

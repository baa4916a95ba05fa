"""`qsp-abm plot`: a run, or a folder of runs, as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["plot"]


def plot(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PICTURE", help="Picture; default: beside the run.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a picture that exists.")] = False,
) -> None:
    """Draw a run, or a folder of runs.

    Shown are the section before and after, the tumour, drug and occupancy, and cell counts; of a folder, medians and 5-95 %.
    """
    from qsp_abm.errors import ModelError
    from qsp_abm.output import RunSet, open_runs
    from qsp_abm.output.plot import ILLUSTRATIVE, plot_run, plot_runs

    opened = open_runs(run)
    if output is None:  # the picture of these very runs: drawing it anew loses nothing
        target = run / "summary.png" if run.is_dir() else run.with_suffix(".png")
    else:
        target = output
        if target.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise ModelError(f"{target}: unknown kind of picture; allowed: .png, .pdf, .svg")
        if target.exists() and not force:
            raise ModelError(f"{target}: exists; use --force to overwrite")
    if not target.parent.is_dir():
        raise ModelError(f"{target}: the folder '{target.parent}' does not exist")
    drawn = (
        plot_runs(opened, target, note=ILLUSTRATIVE)
        if isinstance(opened, RunSet)
        else plot_run(opened, target, note=ILLUSTRATIVE)
    )
    typer.echo(str(drawn))

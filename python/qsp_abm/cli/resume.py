"""`qsp-abm resume`: go on where a run or a folder of runs was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qsp_abm.model import MOST_THREADS

__all__ = ["resume"]


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_THREADS,
            metavar="N",
            help="Engine threads of each run; default: as before.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runs side by side; default: cores over threads.", show_default=False),
    ] = None,
) -> None:
    """Continue what was interrupted, bit for bit.

    A run goes on from its last stored state, as if nothing had happened. In a folder, complete runs are kept, interrupted ones continue, and those that never began are begun.
    """
    from . import campaign

    if run.is_dir():
        jobs, tasks = campaign.unfinished(run, threads)
        raise typer.Exit(campaign.carry_out(run, jobs, tasks, threads, workers))
    from qsp_abm.execution import Task, execute
    from qsp_abm.output import open_run

    from .progress import watcher

    opened = open_run(run)
    if opened.status == "complete":
        typer.echo(f"{run} is complete ({opened.times[-1]:g} day)")
        return
    with watcher([run.stem]) as watching:
        (outcome,) = execute([Task(run, resume=True, threads=threads)], 1, watching)
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.status == "failed":
        typer.echo(f"{run.name} failed: {outcome.message}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{run} is complete ({open_run(run).times[-1]:g} day)")

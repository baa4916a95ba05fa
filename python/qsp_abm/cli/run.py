"""`qsp-abm run`: all runs of an experiment file, into one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qsp_abm.model import MOST_THREADS

__all__ = ["run"]


def run(
    experiment: Annotated[
        Path, typer.Argument(metavar="EXPERIMENT", help="Experiment file (TOML).", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder for the results; it is made.", show_default=False
        ),
    ],
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_THREADS,
            metavar="N",
            help="Engine threads of each run; results do not depend on it.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runs side by side; default: cores over threads.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Instead of the seed in the file.", show_default=False)
    ] = None,
    arm: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this arm; may be repeated.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite runs that exist.")] = False,
) -> None:
    """Run all arms and replicates of an experiment.

    Everything is checked before the first run begins. Results: FOLDER/<arm>.vtkhdf (ParaView opens it), FOLDER/index.json,
    FOLDER/summary.png, and one line per arm. Ctrl-C leaves files that can be read and resumed.
    """
    from qsp_abm.experiment import Experiment

    from . import campaign

    described = Experiment.from_file(experiment)
    if seed is not None:
        described = described.changed(seed=seed)
    jobs = described.plan(arm or None)
    campaign.check_folder(output, force=force)
    report = campaign.check_jobs(jobs)
    for line in report:
        typer.echo(line)
    campaign.begin(output, described, jobs, arm or None)
    tasks = campaign.tasks(output, jobs, threads)
    raise typer.Exit(campaign.carry_out(output, jobs, tasks, threads, workers))

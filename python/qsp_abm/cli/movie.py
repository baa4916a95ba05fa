"""`qsp-abm movie`: a run as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["movie"]


def movie(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILM", help="Film to write: .mp4 or .gif.", show_default=False)
    ],
    seconds: Annotated[float, typer.Option(help="Length of the film.")] = 10.0,
    frames: Annotated[
        int | None,
        typer.Option(help="Recorded frames to show, evenly chosen; default: at most 120.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a film that exists.")] = False,
) -> None:
    """Make a film of a run: its section or volume over time, beside the numbers of its cells."""
    from qsp_abm.effects import CAVEAT
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_run
    from qsp_abm.pictures.movie import KINDS, make_movie
    from qsp_abm.pictures.style import check_picture

    if run.is_dir():
        raise ModelError(f"{run}: is a folder; a film is made of one run file in it")
    opened = open_run(run)
    check_picture(output, KINDS, force=force)
    typer.echo(str(make_movie(opened, output, seconds=seconds, frames=frames, note=CAVEAT)))

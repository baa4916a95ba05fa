"""The command line. Each verb has a file of its own and loads what it needs when it is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from qsp_abm.errors import ModelError, SolverError

from . import body, describe, export, info, library, movie, plot, report, resume, run, statistics, validate

__all__ = ["app", "main"]

HELP = "Grow a tumour cell by cell, with the patient and the drug around it."
BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


class _Verbs(TyperGroup):
    """Turns what a user caused into one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ModelError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from None
        except SolverError as error:
            typer.echo(f"failed: {error}", err=True)
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.commands)  # in the order of a user's day, not of the alphabet


app = typer.Typer(
    name="qsp-abm",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from qsp_abm import __version__

        typer.echo(__version__)
        raise typer.Exit


app.command("run")(run.run)
app.command("resume")(resume.resume)
app.command("info")(info.info)
app.command("plot")(plot.plot)
app.command("movie")(movie.movie)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("statistics")(statistics.statistics)
app.add_typer(body.app, name="body")
app.command("library")(library.library)
app.command("describe")(describe.describe)
app.command("validate")(validate.validate)


@app.callback(help=HELP)
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Entry point of ``qsp-abm``."""
    app()

"""`qsp-abm plot`: a run, or a folder of runs, as one picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["plot"]


class Kind(StrEnum):
    """What is drawn."""

    summary = "summary"
    slice = "slice"
    kymograph = "kymograph"
    muller = "muller"
    rates = "rates"


class Axis(StrEnum):
    """Across which axis a layer lies, or along which a kymograph goes."""

    x = "x"
    y = "y"
    z = "z"
    radius = "radius"


def plot(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PICTURE", help="Picture; default: beside the run.", show_default=False),
    ] = None,
    kind: Annotated[
        Kind,
        typer.Option(
            help="summary: sections, tumour, drug and counts; slice: one layer with its fields; kymograph: densities over"
            " place and time; muller: clones; rates: entry, killing, exhaustion."
        ),
    ] = Kind.summary,
    what: Annotated[
        str,
        typer.Option(help="Fields of a slice, types, groups and fields of a kymograph, with commas; group of muller."),
    ] = "",
    day: Annotated[
        float | None, typer.Option(help="Day of a slice, or of the barcodes of muller.", show_default=False)
    ] = None,
    axis: Annotated[
        Axis | None, typer.Option(help="slice: across it (z); kymograph: along it (radius).", show_default=False)
    ] = None,
    at: Annotated[float | None, typer.Option(help="Position of a slice on its axis, um.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a picture that exists.")] = False,
) -> None:
    """Draw a run, or a folder of runs: medians and 5-95 % of its replicates; kinds that show one run take a run file."""
    from qsp_abm.effects import CAVEAT
    from qsp_abm.errors import ModelError
    from qsp_abm.output import RunSet, open_runs
    from qsp_abm.output.comparison import arms_of
    from qsp_abm.pictures.kymograph import plot_kymograph
    from qsp_abm.pictures.muller import plot_muller
    from qsp_abm.pictures.rates import plot_rates
    from qsp_abm.pictures.slice import plot_slice
    from qsp_abm.pictures.style import check_picture
    from qsp_abm.pictures.summary import plot_run, plot_runs

    opened = open_runs(run)
    if output is None:  # the picture of these very runs: drawing it anew loses nothing
        ending = "" if kind is Kind.summary else f".{kind}"
        target = check_picture(run / f"{kind}.png" if run.is_dir() else run.with_suffix(f"{ending}.png"))
    else:
        target = check_picture(output, force=force)
    names = [each.strip() for each in what.split(",") if each.strip()]
    if kind is Kind.summary:
        draw = plot_runs if isinstance(opened, RunSet) else plot_run
        typer.echo(str(draw(opened, target, note=CAVEAT)))  # type: ignore[arg-type]
        return
    if kind is Kind.rates:
        control = opened.control if isinstance(opened, RunSet) else None
        typer.echo(str(plot_rates(arms_of(opened), target, control, note=CAVEAT)))
        return
    if isinstance(opened, RunSet):
        raise ModelError(f"{run}: is a folder; a picture of the kind '{kind}' shows one run file in it")
    if kind is Kind.kymograph:
        plot_kymograph(opened, target, names, (axis or Axis.radius).value, note=CAVEAT)
    elif kind is Kind.muller:
        plot_muller(opened, target, names[0] if names else "tumour", barcoded=day, note=CAVEAT)
    else:
        plot_slice(opened, target, day, names, (axis or Axis.z).value, at, note=CAVEAT)
    typer.echo(str(target))

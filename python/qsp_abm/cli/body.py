"""`qsp-abm body`: an ODE model by itself."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

if TYPE_CHECKING:
    import pandas as pd

    from qsp_abm.body.normalise import UnitMode

__all__ = ["app"]

_PICTURES = (".png", ".pdf", ".svg")
_POINTS = 400  # of a picture, where no interval is given

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback(help="Run a compartmental ODE model by itself: SBML or Antimony.")
def _verbs() -> None:
    pass


@app.command("run")
def run(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="SBML (.xml, .sbml) or Antimony (.ant, .txt) file, or a body of the library.",
            show_default=False,
        ),
    ],
    until: Annotated[
        str,
        typer.Option("--until", help="Last time: '400 day', or a number in the model's own unit.", show_default=False),
    ],
    every: Annotated[
        str | None,
        typer.Option("--every", help="Interval between the times kept, like --until.", show_default=False),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ID=VALUE",
            help="Another value for a species, parameter or compartment.",
            show_default=False,
        ),
    ] = None,
    units: Annotated[
        str,
        typer.Option(
            "--units",
            help="as-is: numbers as the file has them; convert: scaled to one coherent set, reported in the file's units; auto: "
            "converted if the file mixes units.",
        ),
    ] = "as-is",
    csv: Annotated[
        Path | None,
        typer.Option("--output", "-o", "--csv", help="Write the trajectories here, as CSV.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="PICTURE", help="Draw the trajectories (.png, .pdf, .svg).", show_default=False),
    ] = None,
    observe: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="CSV of data to draw as dots: columns time, quantity, value, in the units of the run.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help='Print only {"final": {id: number}}: the last value of everything that changes.'),
    ] = False,
) -> None:
    """Run a model as its file has it, and tell where it ends.

    Reported are every species (a concentration or, with substance units only, an amount) and every parameter or compartment
    that a rule, an event or an initial assignment changes, by SBML id.
    """
    from qsp_abm.body import alone, sbml
    from qsp_abm.errors import ModelError

    for target in (csv, plot):
        if target is not None and target.exists() and not force:
            raise ModelError(f"{target}: exists already; use --force to overwrite")
    if observe is not None and plot is None:
        raise ModelError(f"{observe}: --observe draws into a picture; give --plot too")
    mode = _unit_mode(units)
    if plot is not None and plot.suffix.lower() not in _PICTURES:
        raise ModelError(f"{plot}: unknown kind of picture; allowed: {', '.join(_PICTURES)}")
    loaded = sbml.load(model)
    last = sbml.own_time(loaded, until, "--until")
    step = None if every is None else sbml.own_time(loaded, every, "--every")
    if step is None and plot is not None:
        step = last / _POINTS
    found = alone.run_body(loaded, last, step, _values(values or []), units=mode)
    if plot is not None:
        from qsp_abm.pictures.body import plot_body

        title = f"{model}: {found.model.id}"
        plot_body(found, plot, title=title, time_unit=sbml.time_unit(loaded), observed=_observed(observe))
    if csv is not None:
        try:
            found.table().to_csv(csv)
        except OSError as error:
            raise ModelError(f"{csv}: cannot be written ({error.strerror})") from None
    if as_json:
        numbers = {name: value if math.isfinite(value) else None for name, value in found.final.items()}
        typer.echo(json.dumps({"final": numbers}))
        return
    final = found.final
    width = max((len(name) for name in final), default=0)
    typer.echo(f"{model}: {found.model.id} at time {found.times[-1]:g}")
    for each in found.model.quantities:
        label = f"  {each.name}" if each.name != each.id else ""
        typer.echo(f"  {each.id:{width}}  {final[each.id]:<12.6g}{label}".rstrip())
    if csv is not None:
        typer.echo(f"trajectories in {csv}")
    if plot is not None:
        typer.echo(f"picture in {plot}")


def _observed(path: Path | None) -> pd.DataFrame | None:
    import pandas as pd

    from qsp_abm.errors import ModelError

    if path is None:
        return None
    try:
        return pd.read_csv(path, comment="#")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as a table ({error})") from None


def _unit_mode(text: str) -> UnitMode:
    from qsp_abm.body.normalise import UnitMode
    from qsp_abm.errors import ModelError, suggest

    allowed = get_args(UnitMode)
    if text not in allowed:
        raise ModelError(f"--units: '{text}' is not allowed{suggest(text, allowed)}")
    return cast("UnitMode", text)


def _number(text: str, what: str) -> float:
    from qsp_abm.errors import ModelError

    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ModelError(f"{what}: '{text}' is no number")
    return value


def _values(pairs: list[str]) -> dict[str, float]:
    from qsp_abm.errors import ModelError

    found: dict[str, float] = {}
    for pair in pairs:
        name, equals, number = pair.partition("=")
        if not equals:
            raise ModelError(f"--set: '{pair}' is not allowed; it must be ID=VALUE")
        found[name.strip()] = _number(number, f"--set {name.strip()}")
    return found

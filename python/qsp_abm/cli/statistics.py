"""`qsp-abm statistics`: how the cells of a table or of a run are arranged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from qsp_abm.statistics import Result
    from qsp_abm.statistics.catalogue import Statistic

__all__ = ["statistics"]

_DEFAULT = ("density", "mixing_score", "nearest_neighbour_area", "immune_phenotype")


def statistics(
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="TABLE", help="CSV table (x_um, y_um[, z_um], cell_type) or run file.", show_default=False
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--statistic",
            "-s",
            metavar="NAME",
            help=f"Which; again for more. Default: {', '.join(_DEFAULT)}.",
            show_default=False,
        ),
    ] = None,
    a: Annotated[
        str | None,
        typer.Option("-a", metavar="CELLS", help="Cell types A: a label or a set, joined by +.", show_default=False),
    ] = None,
    b: Annotated[str | None, typer.Option("-b", metavar="CELLS", help="Cell types B.", show_default=False)] = None,
    radius: Annotated[
        float | None, typer.Option("--radius", help="Radius of a neighbourhood, um.", show_default=False)
    ] = None,
    radii: Annotated[
        str | None,
        typer.Option("--radii", metavar="R,R,...", help="Radii of a curve, um, rising.", show_default=False),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="KEY=VALUE",
            help="Any other option, such as neighbours=knn; --list names them.",
            show_default=False,
        ),
    ] = None,
    permutations: Annotated[int, typer.Option("--permutations", help="Simulations of chance; 0: none.")] = 0,
    null: Annotated[
        str, typer.Option("--null", help="labels: permuted among positions; positions: cells placed at random.")
    ] = "labels",
    among: Annotated[
        str | None,
        typer.Option("--among", metavar="CELLS", help="Permute labels among these alone.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the simulations.")] = 0,
    window: Annotated[
        str | None,
        typer.Option(
            "--window",
            metavar="X,X,Y,Y[,Z,Z]",
            help="Where cells were looked for, um; default: the smallest box, or a run's lattice.",
            show_default=False,
        ),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option("--spacing", help="Voxel of a table whose cells lie on a lattice, um.", show_default=False),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=A,B", help="A name for several cell types.", show_default=False),
    ] = None,
    day: Annotated[
        float | None, typer.Option("--day", help="Of a run; default: its last frame.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="CSV", help="Write a table here.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the statistics and their options.")] = False,
) -> None:
    """Measure how cells are arranged, against chance if asked."""
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_run
    from qsp_abm.statistics import Null, as_cells, find, founders
    from qsp_abm.statistics import names as known

    if listed:
        for entry in map(find, known()):
            typer.echo(f"{entry.name}\n    {entry.sentence}\n    options: {', '.join(entry.options)}")
        return
    if table is None:
        raise ModelError("statistics: no TABLE; give a CSV table or a run file (or --list)")
    of_run = table.suffix.lower() != ".csv"
    if output is not None and output.exists() and not force:
        raise ModelError(f"{output}: exists already; use --force to overwrite")
    if day is not None and not of_run:
        raise ModelError("statistics: --day is for runs; a table holds one moment")
    chosen = [find(name) for name in names or _DEFAULT]
    clones = of_run and any(each.name == "clone_mixing" for each in chosen)
    cells = as_cells(
        founders(open_run(table), day) if clones else table,
        day=day,
        window=None if window is None else _numbers(window, "--window"),
        sets={name: members.split(",") for name, members in _pairs(sets or [], "--set").items()},
        spacing=spacing,
    )
    given: dict[str, Any] = {"a": a, "b": b, "radius": radius}
    given["radii"] = None if radii is None else _numbers(radii, "--radii")
    given |= {key: _value(text) for key, text in _pairs(options or [], "--option").items()}
    given = {key: value for key, value in given.items() if value is not None}
    if permutations:
        given["null"] = Null(permutations, null, among, seed)  # type: ignore[arg-type]  # Null refuses other words
    for key in given:
        _check_option(key, chosen)
    results = [
        each.function(cells, **{key: value for key, value in given.items() if key in each.options}) for each in chosen
    ]
    if output is not None:
        _write(results, output)
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in results], indent=1))
        return
    sides = " x ".join(f"{each:g}" for each in cells.window.sides)
    typer.echo(f"{table}: {len(cells)} cells in {sides} um")
    for each in results:
        settings = ", ".join(f"{key} {value}" for key, value in each.settings.items() if value is not None)
        typer.echo(f"\n{each.name}" + (f" ({settings})" if settings else ""))
        rows = each.table().to_string(index=False, float_format=lambda number: f"{number:.4g}")
        typer.echo("\n".join(f"  {line}".rstrip() for line in rows.splitlines()))
        if each.null is not None:
            typer.echo(f"  global p {each.null.p:.3g} of {each.null.simulations} simulations of {each.null.kind}")
        if each.verdict:
            typer.echo(f"  {each.verdict}")
    if output is not None:
        typer.echo(f"\ntable in {output}")


def _check_option(key: str, chosen: list[Statistic]) -> None:
    """Refuse an option that none of the statistics has."""
    from qsp_abm.errors import ModelError, suggest

    allowed = {option for each in chosen for option in each.options}
    if key not in allowed:
        what = "--permutations" if key == "null" else f"option '{key}'"
        raise ModelError(f"statistics: {what}: not of {', '.join(each.name for each in chosen)}{suggest(key, allowed)}")


def _write(results: list[Result], path: Path) -> None:
    import pandas as pd

    from qsp_abm.errors import ModelError

    tables = []
    for each in results:
        rows = each.table()
        rows.insert(0, "statistic", each.name)
        tables.append(rows)
    try:
        pd.concat(tables).to_csv(path, index=False)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror})") from None


def _numbers(text: str, what: str) -> list[float]:
    from qsp_abm.errors import ModelError

    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise ModelError(f"{what}: '{text}' is not allowed; it must be numbers joined by commas") from None


def _pairs(texts: list[str], what: str) -> dict[str, str]:
    from qsp_abm.errors import ModelError

    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise ModelError(f"{what}: '{text}' is not allowed; it must be NAME=VALUE")
        found[key.strip()] = value.strip()
    return found


def _value(text: str) -> Any:
    """Return a number, a list, true, false or null as such, and anything else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text

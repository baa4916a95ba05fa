"""`qsp-abm library`: what can be named in an experiment, with its numbers and their sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from qsp_abm.parameters import Parameter

__all__ = ["library"]


def library(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="models, cells, fields, synapses, drugs, regimens, bodies or published.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them.", show_default=False)] = None,
) -> None:
    """List what an experiment can name.

    Of one thing: every number with value, unit, kind and source.
    """
    from qsp_abm import catalogue

    if kind is None:
        for each in catalogue.KINDS:
            typer.echo(f"{each}: {', '.join(catalogue.names(each)) or '-'}")
        return
    if name is None:
        for each in catalogue.names(kind):
            typer.echo(f"{each}: {_sentence(catalogue.builder(kind, each))}")
        return
    build = catalogue.builder(kind, name)
    typer.echo(f"{name}: {_sentence(build)}")
    for line in _lines(build()):
        typer.echo(line)


def _sentence(build: Any) -> str:
    said = (build.__doc__ or "").strip().split("\n")[0].removeprefix("Return ")
    return said[:1].upper() + said[1:]


def _lines(thing: Any) -> Iterator[str]:
    from qsp_abm.doses import Regimen
    from qsp_abm.model import Model

    if isinstance(thing, Regimen):
        for dose in thing.doses:
            given = dose.model_dump(exclude_defaults=True)
            yield "  dose: " + ", ".join(f"{key} {value}" for key, value in given.items())
        yield f"  source: {thing.source or '-'}"
        return
    if isinstance(thing, Model):
        rows = [(f"{part}.{parameter.name}", parameter) for part, parameter in thing.parameters()]
    else:
        rows = [(parameter.name, parameter) for parameter in thing.parameters]
    yield from _table(rows)


def _table(rows: list[tuple[str, Parameter]]) -> Iterator[str]:
    cells = [("name", "value", "unit", "kind", "source")]
    cells += [(label, f"{each.value:g}", each.unit or "1", each.kind, each.source) for label, each in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for row in cells:
        yield "  " + "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]])

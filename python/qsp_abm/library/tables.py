"""The tables of numbers as text for the documentation, made from the TOML files alone."""

from __future__ import annotations

from pathlib import Path

from ..parameters import Parameter, load

__all__ = ["markdown", "rewrite", "update"]

_OPEN, _CLOSE = "<!-- table: {} -->", "<!-- end -->"


def markdown(table: str) -> str:
    """Return the table of one TOML file as Markdown.

    Examples
    --------
    >>> print(markdown("vessels").splitlines()[2])
    | density | 100 | unverified | 50-300 per mm2 | unverified: microvessel density per mm2 of a section, 50-300 |
    """
    rows = [_row(parameter) for parameter in load(table).values()]
    return "\n".join(["| number | value | kind | range | source |", "|---|---|---|---|---|", *rows])


def update(text: str) -> str:
    """Return a page with every table between ``<!-- table: name -->`` and ``<!-- end -->`` made anew."""
    parts = text.split("<!-- table: ")
    done = [parts[0]]
    for part in parts[1:]:
        name = part.split(" -->", 1)[0]
        rest = part.split(_CLOSE, 1)[1]
        done.append(f"{_OPEN.format(name)}\n{markdown(name)}\n{_CLOSE}{rest}")
    return "".join(done)


def rewrite(page: Path) -> None:
    """Make the tables of a page of the documentation anew."""
    page.write_text(update(page.read_text(encoding="utf-8")), encoding="utf-8")


def _row(parameter: Parameter) -> str:
    cells = (
        parameter.name,
        f"{parameter.value:.4g} {parameter.unit}".strip(),
        parameter.kind,
        parameter.spread,
        parameter.source,
    )
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "/") for cell in cells) + " |"

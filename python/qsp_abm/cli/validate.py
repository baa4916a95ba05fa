"""`qsp-abm validate`: the checks that the installed package runs on itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qsp_abm.validation import Check

__all__ = ["validate"]

PARTS = ("pk",)
FAILED = 1


def validate(
    part: Annotated[
        str | None,
        typer.Argument(metavar="PART", help=f"{', '.join(PARTS)}; all of them if left out.", show_default=False),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print only a list of {check, group, published, ours, tolerance, source, pass}."),
    ] = False,
) -> None:
    """Compare with closed forms, other solvers and published numbers.

    Two columns that are never added up: verified (arithmetic, closed forms, other solvers) and validated (measured in people or
    published by others, typical patient against means of trials). Exit code 1 if a verified check fails.
    """
    from qsp_abm.errors import ModelError, suggest

    if part is not None and part not in PARTS:
        raise ModelError(f"validate: unknown part '{part}'{suggest(part, PARTS)}")
    done: list[Check] = []
    for name in PARTS if part is None else (part,):
        checks: Callable[[], Iterator[Check]] = import_module(f"qsp_abm.validation.{name}").checks
        for check in checks():
            done.append(check)
            typer.echo(_line(check), err=as_json)  # progress; with --json stdout holds the list alone
    if as_json:
        typer.echo(json.dumps([check.row() for check in done], indent=1))
    else:
        for group in ("verified", "validated"):
            mine = [check for check in done if check.group == group]
            known = sum(bool(check.known_miss) for check in mine if not check.passed)
            missed = f", {known} of the misses known" if known else ""
            typer.echo(f"{group}: {sum(check.passed for check in mine)} of {len(mine)} hold{missed}")
    if any(check.group == "verified" and not check.passed for check in done):
        raise typer.Exit(FAILED)


def _line(check: Check) -> str:
    said = "ok  " if check.passed else "MISS"
    if check.tolerance == 0.0:
        compared = f"{check.ours:.5g}, at least {check.published:.5g}"
    else:
        apart = (check.ours / check.published - 1.0) * 100.0
        compared = (
            f"{check.ours:.5g} against {check.published:.5g} ({apart:+.2f} %, within {check.tolerance * 100:.3g} %)"
        )
    known = f"; known miss: {check.known_miss}" if check.known_miss else ""
    return f"{said} {check.group:9}  {check.name}: {compared}; {check.source}{known}"

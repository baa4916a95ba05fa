"""Numbers with their unit and source, read from one TOML table per thing.

A table in ``library/parameters/<name>.toml`` holds one section per number: ``value`` (a number in ``unit``, or text with the
unit of the source), ``unit`` (the unit inside), ``source``, ``kind``, and optionally ``spread`` and ``note``. A section with
``same_as = "table.name"`` alone takes all of that number, so that it stands in one place. The table ``[variability]`` says how
patients differ (`qsp_abm.variability`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import Field as Setting

from . import units
from .errors import ModelError, suggest
from .frozen import Frozen

__all__ = ["Parameter", "load", "replaced", "tables"]

Kind = Literal["measured-human", "measured-animal", "in-vitro", "fitted-in-model", "assumed", "unverified"]


class Parameter(Frozen):
    """One biological number.

    Parameters
    ----------
    name
        Unique in its table.
    value
        In `unit`.
    unit
        Empty for a plain number.
    source
        A DOI, or a PMID with table or figure; for assumed and unverified numbers the reason.
    kind
        How well it is known.
    spread
        How it varies among people or sources.
    note
        Arithmetic and remarks.
    """

    name: Annotated[str, Setting(pattern=r"^[a-z][a-z0-9_]*$")]
    value: float
    unit: str = ""
    source: Annotated[str, Setting(min_length=1)]
    kind: Kind
    spread: str = ""
    note: str = ""


def tables() -> list[str]:
    """Return the names of all tables of the library."""
    folder = resources.files("qsp_abm") / "library" / "parameters"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(table: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Parameter]:
    """Read a table of the library, with some values replaced.

    Parameters
    ----------
    table
        Name of the file without ``.toml``.
    overrides
        Parameter name to value: text with a unit, a number in the unit of the parameter, or a Parameter.

    Raises
    ------
    ModelError
        For an unknown table or parameter, a value that its unit forbids, and one below zero where the table has none.

    Examples
    --------
    >>> load("pembrolizumab", {"clearance": "0.3 L/day"})["clearance"].value
    0.3
    """
    return replaced(table, _read(table), overrides or {})


def replaced(where: str, parameters: Mapping[str, Parameter], overrides: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return parameters with some values replaced, as `load` does; `where` begins the messages.

    Raises
    ------
    ModelError
        As `load`.
    """
    found = dict(parameters)
    for name, value in overrides.items():
        if name not in found:
            raise ModelError(f"{where}: unknown parameter '{name}'{suggest(name, found)}")
        old = found[name]
        if isinstance(value, Parameter):
            number = units.to(value.value, value.unit, f"{where}.{name}")
            if value.unit != old.unit:
                number = units.to(f"{number!r} {value.unit}", old.unit, f"{where}.{name}")
            found[name] = value.replace(name=name, value=number, unit=old.unit)
        else:
            number = units.to(value, old.unit, f"{where}.{name}", non_negative=old.value >= 0)
            note = f"replaces {old.value:g} {old.unit} from {old.source}"
            found[name] = old.replace(value=number, source="set by the user", kind="assumed", spread="", note=note)
    return found


@lru_cache
def _read(table: str) -> dict[str, Parameter]:
    path = resources.files("qsp_abm") / "library" / "parameters" / f"{table}.toml"
    if not path.is_file():
        raise ModelError(f"unknown table of parameters '{table}'{suggest(table, tables())}")
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{table}.toml: {error}") from error
    parameters = {}
    sections.pop("variability", None)  # how patients differ: variability.py
    for name, given in sections.items():
        if isinstance(given, dict) and "same_as" in given:
            parameters[name] = _same(given, f"{table}.{name}").replace(name=name)
            continue
        if not isinstance(given, dict) or "value" not in given:
            raise ModelError(f"{table}.toml: '{name}' must be a section with value, unit, source and kind")
        value = units.to(given["value"], given.get("unit", ""), f"{table}.{name}")
        parameters[name] = Parameter(**(given | {"name": name, "value": value}))
    return parameters


def _same(given: Mapping[str, Any], where: str) -> Parameter:
    """Return the number that another one is the same as."""
    table, _, name = str(given["same_as"]).partition(".")
    numbers = {} if where.startswith(f"{table}.") else _read(table)
    if len(given) > 1 or name not in numbers:
        raise ModelError(f"{where}: same_as '{table}.{name}'; allowed: a number of another table, and nothing else")
    return numbers[name]

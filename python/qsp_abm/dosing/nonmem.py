"""Event tables with the columns of NONMEM, read and written as CSV.

Columns: ``ID TIME AMT CMT EVID MDV RATE II ADDL SS DUR DV``; all others are covariates. ``.`` and nothing are missing; lines that
begin with ``#``, and lines whose first field is ``C``, are comments. Names are case-sensitive capitals, as there.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import units
from ..doses import Dose, Regimen, Route, courses, each_dose, same_instant
from ..errors import ModelError, suggest

if TYPE_CHECKING:
    import pandas as pd

    from ..body.description import Drug

__all__ = ["COLUMNS", "EventTable", "read_events", "write_events"]

COLUMNS = ("ID", "TIME", "AMT", "CMT", "EVID", "MDV", "RATE", "II", "ADDL", "SS", "DUR", "DV")
_WHOLE = ("ID", "CMT", "EVID", "MDV", "ADDL", "SS")
_ALLOWED = {"EVID": (0, 1, 2, 3, 4), "MDV": (0, 1), "SS": (0, 1, 2)}
_DOSING = ("AMT", "RATE", "II", "ADDL", "SS", "DUR")


@dataclass(frozen=True)
class EventTable:
    """Dose and observation records of one or more people, in their order.

    Parameters
    ----------
    frame
        One row per record, columns as in the file; missing values are NaN.
    amount_unit
        Of AMT: ``mg``, ``mg/kg``, ``mg/m2``, ``cell`` ...; RATE is in it per unit of time.
    time_unit
        Of TIME, II and DUR, and of RATE.

    Raises
    ------
    ModelError
        With the row and column, for records that contradict themselves.
    """

    frame: pd.DataFrame
    amount_unit: str = "mg"
    time_unit: str = "day"

    def __post_init__(self) -> None:
        units.to(1.0, self.time_unit, "time unit")
        units.to_days(f"1 {self.time_unit}", "time unit", positive=True)
        if "TIME" not in self.frame.columns:
            raise ModelError(f"event table: it has no column TIME{suggest('TIME', map(str, self.frame.columns))}")
        for number, row in enumerate(self.frame.to_dict("records"), 1):
            _check({str(name): float(value) for name, value in row.items()}, number)
        for person in self.people:
            _check_order(self.records(person))

    @property
    def covariates(self) -> list[str]:
        """Names of the columns that are covariates."""
        return [str(name) for name in self.frame.columns if name not in COLUMNS]

    @property
    def people(self) -> list[int]:
        """Values of ID in the order of the table; 1 without that column."""
        return [1] if "ID" not in self.frame.columns else [int(each) for each in self.frame["ID"].drop_duplicates()]

    def records(self, person: int) -> list[dict[str, float]]:
        """Return the records of one person, complete: what the table leaves out is filled in as NONMEM has it.

        EVID without a column is 1 where AMT is above 0, else 0; MDV is 1 but for observations; covariates that are missing keep
        the last value, before the first one the first.
        """
        frame = self.frame if "ID" not in self.frame.columns else self.frame[self.frame["ID"] == person]
        carried = frame.assign(**{name: frame[name].ffill().bfill() for name in self.covariates})
        found = []
        for row in carried.to_dict("records"):
            record = dict.fromkeys(COLUMNS, 0.0) | {"ID": float(person), "CMT": math.nan, "DV": math.nan}
            record |= {str(name): float(value) for name, value in row.items() if not math.isnan(value)}
            if math.isnan(row.get("EVID", math.nan)):
                record["EVID"] = 1.0 if record["AMT"] > 0 else 0.0
            if math.isnan(row.get("MDV", math.nan)):
                record["MDV"] = float(record["EVID"] != 0)
            found.append(record)
        return found

    def doses(self, drug: str, person: int = 1, routes: Mapping[int, Route] | None = None) -> tuple[Dose, ...]:
        """Return the doses of one person for a simulation; amounts keep their unit.

        Parameters
        ----------
        drug
            Name of the drug that the table gives.
        person
            ID.
        routes
            CMT -> route; None: the usual route of the drug.

        Raises
        ------
        ModelError
            For resets, steady state, modelled rates and durations, and times below 0, which only `predict` can follow; for an
            unknown person or CMT.
        """
        if person not in self.people:
            raise ModelError(f"event table: no ID {person}{suggest(str(person), map(str, self.people))}")
        found = []
        for record in self.records(person):
            where = f"event table: ID {person}, TIME {record['TIME']:g}"
            if record["EVID"] in (3, 4) or record["SS"] > 0 or record["RATE"] < 0 or record["TIME"] < 0:
                raise ModelError(f"{where}: resets, SS, RATE -1 and -2 and times below 0 are for predict only")
            if record["EVID"] != 1:
                continue
            repeated = record["ADDL"] > 0
            rate = f"{record['RATE']!r} {self.amount_unit}/{self.time_unit}" if record["RATE"] > 0 else None
            found.append(
                Dose(
                    drug=drug,
                    amount=f"{record['AMT']!r} {self.amount_unit}",
                    at=self.days(record["TIME"]),
                    every=self.days(record["II"]) if repeated else None,
                    count=int(record["ADDL"]) + 1 if repeated else None,
                    duration=self.days(record["DUR"]) if rate is None else None,
                    rate=rate,
                    route=route_of(record, routes),
                )
            )
        return tuple(found)

    @classmethod
    def from_doses(cls, doses: Iterable[Dose | Regimen], drug: Drug, until: float) -> Self:
        """Return the table of the doses of one drug, in its unit and in days, CMT counting its routes from 1.

        Parameters
        ----------
        doses
            Those of other drugs are left out.
        drug
            For units, weight and default durations.
        until
            Day from which nothing is given; ends what has no count.

        Raises
        ------
        ModelError
            As `qsp_abm.doses.courses`.
        """
        import pandas as pd

        mine = [dose for dose in each_dose(doses) if dose.drug == drug.name]
        rows = []
        for course in sorted(courses(mine, [drug]), key=lambda course: course.at):
            count = 0
            while course.time(count) < until - same_instant(until):
                count += 1
            if count:
                row = {"ID": 1, "TIME": course.at, "AMT": course.amount, "CMT": course.route + 1, "EVID": 1, "MDV": 1}
                row |= {"RATE": course.rate, "II": course.every if count > 1 else 0.0, "ADDL": count - 1, "SS": 0}
                rows.append(row | {"DUR": course.duration})
        columns = [name for name in COLUMNS if name != "DV"]
        return cls(pd.DataFrame(rows, columns=pd.Index(columns), dtype="float64"), drug.unit, "day")

    def days(self, value: float) -> float:
        """Convert a time of the table to days."""
        return units.to_days(f"{value!r} {self.time_unit}") if value else 0.0


def read_events(path: str | Path, *, amount_unit: str = "mg", time_unit: str = "day") -> EventTable:
    """Read an event table.

    Parameters
    ----------
    path
        Comma-separated; the header is the first line that is not a comment, or a ``#`` line just before the data.
    amount_unit, time_unit
        As in `EventTable`.

    Raises
    ------
    ModelError
        For a file that cannot be read, clock times and other text, and what `EventTable` refuses; with the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("doses.csv").write_text("ID,TIME,AMT,EVID,WT\\n1,0,200,1,70\\n1,21,.,0,70\\n")
    >>> read_events("doses.csv").covariates
    ['WT']
    """
    import pandas as pd

    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    header: list[str] = []
    rows: list[list[float]] = []
    for number, fields in enumerate(csv.reader(lines), 1):
        cells = [cell.strip() for cell in fields]
        if not any(cells):
            continue
        if cells[0].startswith("#"):
            named = [cells[0].lstrip("# "), *cells[1:]]
            if not header and "TIME" in named:
                header = named
            continue
        if not header:
            header = cells
            continue
        if (
            header == cells
            or (cells[0] == "C" and header[0] != "C")
            or (header[0] == "C" and cells[0] not in ("", "."))
        ):
            continue
        if len(cells) != len(header):
            raise ModelError(f"{path}: line {number}: {len(cells)} fields for {len(header)} columns")
        rows.append([_number(cell, name, f"{path}: line {number}") for cell, name in zip(cells, header, strict=True)])
    if not header or not rows:
        raise ModelError(f"{path}: holds no records")
    if len(set(header)) < len(header):
        raise ModelError(f"{path}: a column is named twice: {', '.join(header)}")
    frame = pd.DataFrame(rows, columns=pd.Index(header), dtype="float64")
    return EventTable(frame.drop(columns=["C"], errors="ignore"), amount_unit, time_unit)


def write_events(table: EventTable, path: str | Path) -> None:
    """Write an event table; reading it again gives the same numbers, columns and order.

    Raises
    ------
    ModelError
        If the file cannot be written.
    """
    lines = [",".join(map(str, table.frame.columns))]
    for row in table.frame.to_dict("records"):
        lines.append(",".join(_cell(str(name), float(value)) for name, value in row.items()))
    try:
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror})") from None


def route_of(record: Mapping[str, float], routes: Mapping[int, Route] | None) -> Route | None:
    """Return the route that CMT names; None without routes or CMT."""
    if routes is None or math.isnan(record["CMT"]):
        return None
    if int(record["CMT"]) not in routes:
        raise ModelError(f"event table: CMT {record['CMT']:g} has no route; allowed: {', '.join(map(str, routes))}")
    return routes[int(record["CMT"])]


def _number(cell: str, name: str, where: str) -> float:
    if cell in ("", "."):
        return math.nan
    if name in ("TIME", "DATE") and re.search(r"\d[:/]\d", cell):
        raise ModelError(f"{where}: {name} '{cell}' is a date or clock time; allowed: elapsed time as a number")
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ModelError(f"{where}: {name} '{cell}' is no number; allowed: a number, or . where it is missing")
    return value


def _cell(name: str, value: float) -> str:
    if math.isnan(value):
        return "."
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _check(row: dict[str, float], number: int) -> None:
    """Refuse one record that contradicts itself."""

    def refuse(name: str, why: str) -> None:
        raise ModelError(f"event table: record {number}: {name} is {row[name]:g}; {why}")

    def of(name: str) -> float:
        value = row.get(name, 0.0)
        return 0.0 if math.isnan(value) else value

    if math.isnan(row["TIME"]):
        refuse("TIME", "it must be a number")
    for name in _WHOLE:
        if name in row and not math.isnan(row[name]) and not row[name].is_integer():
            refuse(name, "it must be a whole number")
    for name, allowed in _ALLOWED.items():
        if of(name) not in allowed:
            refuse(name, f"allowed: {', '.join(map(str, allowed))}")
    if of("CMT") < 0:
        refuse("CMT", "turning compartments off is not supported")
    for name in ("AMT", "II", "ADDL", "DUR"):
        if of(name) < 0:
            refuse(name, "it must not be below 0")
    if of("RATE") < 0 and of("RATE") not in (-1, -2):
        refuse("RATE", "allowed: 0 (bolus), above 0, -1 (modelled rate), -2 (modelled duration)")
    if of("RATE") != 0 and of("DUR") > 0:
        refuse("DUR", "give RATE or DUR, not both")
    if of("ADDL") > 0 and not of("II") > 0:
        refuse("ADDL", "additional doses need II, the interval between them")
    evid = row.get("EVID", math.nan)
    if evid in (0, 2, 3):
        for name in _DOSING:
            if name != "II" and of(name) != 0:
                refuse(name, f"a record with EVID {evid:g} is no dose")
    constant = of("SS") == 1 and of("AMT") == 0 and of("RATE") > 0
    if of("SS") > 0 and not of("II") > 0 and not constant:
        refuse("SS", "steady state needs II, or AMT 0 and a RATE for a constant infusion")
    if evid in (1, 4) and not of("AMT") > 0 and not constant:
        refuse("EVID", "a dose needs an AMT above 0")


def _check_order(records: list[dict[str, float]]) -> None:
    for before, after in pairwise(records):
        if after["TIME"] < before["TIME"] and after["EVID"] not in (3, 4):
            raise ModelError(
                f"event table: ID {after['ID']:g}: TIME falls from {before['TIME']:g} to {after['TIME']:g}; only a reset (EVID 3 "
                "or 4) may begin anew"
            )

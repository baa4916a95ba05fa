"""A table of rules in the words of the Cell Behaviour Hypothesis Grammar, and its CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from ..errors import ModelError
from ..frozen import Frozen

if TYPE_CHECKING:
    from ..model import Model
    from .report import Report

__all__ = ["Line", "Rules"]

_COLUMNS = {
    0: "cell_type behaviour minimum base maximum signal effect half power dead".split(),
    1: "cell_type signal effect behaviour base limit half power dead".split(),
    3: "cell_type signal effect behaviour limit half power dead".split(),
}
_BY_WIDTH = {len(columns): version for version, columns in _COLUMNS.items()}  # version 2 has the columns of 3
_NUMBERS = ("minimum", "base", "maximum", "limit", "half", "power")
_EFFECTS: dict[str, Literal["increases", "decreases"]] = {
    **dict.fromkeys(("increases", "increase", "promotes"), "increases"),
    **dict.fromkeys(("decreases", "decrease", "inhibits"), "decreases"),
}
_FLAGS = {"true": True, "false": False}


class Line(Frozen):
    """One rule in the words and units of the grammar (um, min; substrates in their own unit).

    Parameters
    ----------
    cell_type, signal, effect, behaviour
        "In `cell_type`, `signal` increases or decreases `behaviour`".
    limit
        The behaviour at saturation.
    half, power
        Of the Hill response.
    dead
        Whether the rule applies to dead cells too.
    base
        The behaviour without signals; None: that of the model.
    where
        Its place in a file, for messages.
    """

    cell_type: str
    signal: str
    effect: Literal["increases", "decreases"]
    behaviour: str
    limit: float
    half: float
    power: float
    dead: bool = False
    base: float | None = None
    where: str = ""


class Rules(Frozen):
    """Rules in the words of the Cell Behaviour Hypothesis Grammar, such as PhysiCell's ``cell_rules.csv``.

    Parameters
    ----------
    lines
        The rules.
    faults
        Lines of a file that are no rule, each with the reason.

    References
    ----------
    Johnson et al., Human interpretable grammar encodes multicellular systems biology models to democratize virtual cell
    laboratories, Cell 2025.

    Examples
    --------
    >>> import qsp_abm as qa
    >>> from qsp_abm.library import cells, fields
    >>> rules = Rules.from_csv(["tumour,oxygen,decreases,necrosis,0,3.75,8,0", "tumour,pressure,decreases,cycle entry,0,1,4,0"])
    >>> model = qa.Model(lattice=qa.Lattice(shape=(8, 8), spacing=20), cells=[cells.tumour()], fields=[fields.oxygen(), fields.ifng()], vessels={"density": 0})
    >>> print(rules.report(model))
    1 rule mapped:
      In tumour, oxygen decreases death by hypoxia from 0.5 towards 0 1/day (half at 3.75 mmHg, Hill power 8).
    assumed on the way:
      oxygen: its numbers are taken to be in mmHg
      tumour: the model's own rules on hypoxia.rate give way to the table's
    1 rule not mapped:
      line 2, tumour: 'pressure': cells of a lattice have no mechanical pressure; 'crowding' is the nearest signal: names={'pressure': 'crowding'}
    >>> rules.onto(model, allow_unmapped=True).types["tumour"].rules[-1].half
    3.75
    """

    lines: tuple[Line, ...] = ()
    faults: tuple[str, ...] = ()

    @classmethod
    def from_csv(cls, source: str | Path | Iterable[str], version: Literal[0, 1, 2, 3] | None = None) -> Self:
        """Read the CSV of the grammar; lines that begin with ``//`` are comments.

        A line that is no rule is kept as a fault, which `report` and `onto` tell of.

        Parameters
        ----------
        source
            A file, or its lines.
        version
            Of the format; None: told from the number of columns (0: 10, 1: 9, 2 and 3: 8).

        Raises
        ------
        ModelError
            If the file cannot be read.
        """
        if isinstance(source, str | Path):
            try:
                source = Path(source).read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ModelError(f"rules: cannot read '{source}': {error}") from error
        lines, faults = [], []
        for number, text in enumerate(source, 1):
            if not text.strip() or text.lstrip().startswith("//"):
                continue
            try:
                lines.append(_parsed(text, version, f"line {number}"))
            except ValueError as error:
                faults.append(f"line {number}: {error}")
        return cls(lines=tuple(lines), faults=tuple(faults))

    @classmethod
    def of(cls, model: Model) -> Self:
        """Return the rules of a model in the words of the grammar; what it has no word for keeps its name and unit here."""
        from .words import worded

        return cls(lines=tuple(worded(model)))

    def to_csv(self, path: str | Path | None = None, version: Literal[0, 1, 2, 3] = 3) -> str:
        """Return the table as CSV, and write it to a file if there is a path.

        Raises
        ------
        ModelError
            For versions 0 and 1, which tell the base of each behaviour, if a line does not know it.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for line in self.lines:
            writer.writerow(_cells(line, _COLUMNS[3 if version == 2 else version]))
        if path is not None:
            Path(path).write_text(text.getvalue(), encoding="utf-8")
        return text.getvalue()

    def report(
        self,
        model: Model,
        *,
        names: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        targets: Mapping[str, float] | None = None,
    ) -> Report:
        """Return what becomes of each rule in a model; the arguments are those of `onto`."""
        from .translate import Translation

        return Translation(self, model, names or {}, units or {}, targets or {}).report

    def onto(
        self,
        model: Model,
        *,
        names: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        targets: Mapping[str, float] | None = None,
        allow_unmapped: bool = False,
    ) -> Model:
        """Return a model with these rules.

        A parameter that the table steers obeys the table alone: rules of the model on it are replaced. Rules that apply to
        dead cells go to the remains of the type too, as far as they have the process.

        Parameters
        ----------
        model
            Has the cell types, fields and processes.
        names
            Cell type, substrate, signal or behaviour of the table -> its name in the model, where they differ by more than
            spaces and capitals.
        units
            Substrate -> what its 1 means, such as ``{"IFN-gamma": "0.04 nM"}``; without it the unit of the field.
        targets
            Substrate -> its secretion target (saturation density) in its own unit, without which the grammar's secretion is
            not an amount.
        allow_unmapped
            Leave out what cannot be mapped instead of refusing the table.

        Raises
        ------
        ModelError
            With the report, if a rule cannot be mapped.
        """
        from .translate import Translation

        done = Translation(self, model, names or {}, units or {}, targets or {})
        if done.report.unmapped and not allow_unmapped:
            raise ModelError(f"rules: {done.report}\nallowed: a table that fits, or allow_unmapped=True")
        return done.model


def _parsed(text: str, version: int | None, where: str) -> Line:
    row = next(csv.reader([text]))
    if len(row) not in _BY_WIDTH and "\t" in text:
        row = text.split("\t")
    row = [cell.strip() for cell in row]
    if version is None and len(row) not in _BY_WIDTH:
        raise ValueError(
            f"{len(row)} columns; allowed: 8 (versions 2 and 3), 9 (version 1) or 10 (version 0): '{text}'"
        )
    columns = _COLUMNS[_BY_WIDTH[len(row)] if version is None else 3 if version == 2 else version]
    if len(row) != len(columns):
        raise ValueError(f"{len(row)} columns; version {version} has {len(columns)}: '{text}'")
    told = dict(zip(columns, row, strict=True))
    number = {name: _number(told[name], name) for name in _NUMBERS if name in told}
    effect = _EFFECTS.get(told["effect"].lower())
    if effect is None:
        raise ValueError(f"'{told['effect']}' is neither 'increases' nor 'decreases': '{text}'")
    if number["half"] <= 0 or number["power"] <= 0:
        raise ValueError(f"half {number['half']:g} and Hill power {number['power']:g} must be above 0: '{text}'")
    limit = number.get("limit", number.get("maximum" if effect == "increases" else "minimum", 0.0))
    return Line(
        cell_type=told["cell_type"],
        signal=told["signal"],
        effect=effect,
        behaviour=told["behaviour"],
        limit=limit,
        half=number["half"],
        power=number["power"],
        dead=_FLAGS[told["dead"].lower()] if told["dead"].lower() in _FLAGS else _number(told["dead"], "dead") != 0,
        base=number.get("base"),
        where=where,
    )


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} '{text}' is not a number") from None


def _cells(line: Line, columns: list[str]) -> list[str]:
    if "base" in columns and line.base is None:
        raise ModelError(
            f"rules: '{line.behaviour}' of {line.cell_type} has no base, which versions 0 and 1 tell; allowed: 3"
        )
    base = 0.0 if line.base is None else line.base
    told = line.model_dump() | {
        "minimum": line.limit if line.effect == "decreases" else base,
        "maximum": line.limit if line.effect == "increases" else base,
    }
    return [_text(told[name]) for name in columns]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)

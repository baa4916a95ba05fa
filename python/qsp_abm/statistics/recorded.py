"""Statistics that a run measures at each frame it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest
from ..output.layout import StatisticColumns
from .catalogue import check_options, find
from .cells import as_cells
from .null import Null

if TYPE_CHECKING:
    from ..simulation import Simulation

__all__ = ["Recorded", "Wanted", "recorded"]

Wanted = str | Mapping[str, Any]

_FIXED = (
    "levels",
)  # options whose default follows the data, so that values would differ in meaning from frame to frame


@dataclass(frozen=True, eq=False)
class Recorded:
    """A statistic with its options.

    Parameters
    ----------
    name
        In the file: ``label``, or the name of the statistic.
    statistic
        Name in the catalogue.
    options
        Of the statistic.
    wanted
        What was asked for, for the file.
    """

    name: str
    statistic: str
    options: Mapping[str, Any]
    wanted: Wanted

    def columns(self, simulation: Simulation) -> StatisticColumns:
        """Return the names and units of the values; it is measured once for that."""
        found = self._measure(simulation)
        return StatisticColumns(self.name, tuple(found), tuple(unit for _, unit in found.values()))

    def values(self, simulation: Simulation, number: int) -> NDArray[np.float64]:
        """Return the values now, (number,); NaN where the cells have come to be such that there are none.

        A run does not end because there are too many pairs to count, or because cells came that lack a mark.
        """
        try:
            return np.array([value for value, _ in self._measure(simulation).values()])
        except ModelError:
            return np.full(number, np.nan)

    def _measure(self, simulation: Simulation) -> dict[str, tuple[float, str]]:
        return find(self.statistic).function(as_cells(simulation), **self.options).flat()


def recorded(wanted: Sequence[Wanted]) -> list[Recorded]:
    """Return the statistics that are asked for.

    Parameters
    ----------
    wanted
        Each a name, or a table of ``name``, options of the statistic (``null`` as a number or a table of `Null`), and
        ``label`` where one is wanted twice. Numbers, texts and lists only: it is kept in the file.

    Raises
    ------
    ModelError
        For an unknown statistic or option, an option that must be given, or two of one label.

    Examples
    --------
    >>> [each.name for each in recorded(["mixing_score", {"name": "ripley_l", "a": "cd8", "label": "cd8_clusters"}])]
    ['mixing_score', 'cd8_clusters']
    """
    if isinstance(wanted, str):
        raise ModelError(f"statistics: {wanted!r}; allowed: a list of names or tables")
    found: list[Recorded] = []
    for each in wanted:
        try:
            json.dumps(each)
        except TypeError as error:
            raise ModelError(f"statistics: {each!r}: {error}; allowed: numbers, texts and lists") from None
        table: dict[str, Any] = {"name": each} if isinstance(each, str) else dict(each)
        if "name" not in table:
            raise ModelError(f"statistics: {each!r} has no name")
        statistic = table.pop("name")
        label = table.pop("label", statistic)
        entry = find(statistic)
        check_options(entry, table)
        for option in _FIXED:
            if option in entry.options and option not in table:
                raise ModelError(f"statistics: {statistic}: {option} must be given, to be the same in each frame")
        if not label or "/" in label or "." in label:
            raise ModelError(f"statistics: label {label!r} is not allowed; it must hold no '/' and no '.'")
        if any(label == other.name for other in found):
            raise ModelError(f"statistics: '{label}' appears twice; give one of them another label")
        if isinstance(table.get("null"), Mapping):
            table["null"] = _null(table["null"])
        found.append(Recorded(label, statistic, table, each))
    return found


def _null(given: Mapping[str, Any]) -> Null:
    allowed = [each.name for each in fields(Null)]
    for key in given:
        if key not in allowed:
            raise ModelError(f"statistics: null: no option '{key}'{suggest(key, allowed)}")
    return Null(**given)

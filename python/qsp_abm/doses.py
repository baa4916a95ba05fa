"""What is given and when: doses, named regimens, and their expansion to a schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field as Setting
from pydantic import field_validator, model_validator

from . import units
from .errors import ModelError, suggest
from .frozen import Frozen, Quantity

if TYPE_CHECKING:
    from .body.description import Drug

__all__ = ["Administration", "Course", "Dose", "Regimen", "Route", "courses", "each_dose", "same_instant", "schedule"]

Route = Literal["iv", "sc", "im", "oral"]
"""How a dose is given."""

TOLERANCE = 1e-10  # relative; times closer than this are the same instant
_MOST_OFTEN = 1.0 / 1440.0  # day; the body is split at every administration
_SHORTEST = 1.0 / 86400.0  # day; a shorter infusion is a bolus


def same_instant(time: float) -> float:
    """Return how far from a time (day) another one still counts as the same."""
    return TOLERANCE * max(1.0, abs(time))


class Dose(Frozen):
    """One administration, or a repeated one.

    Parameters
    ----------
    drug
        Name of a drug of the model.
    amount
        ``"200 mg"``, ``"2 mg/kg"``, ``"75 mg/m2"``, ``"1e8 cell"``, or a number in the unit of the drug.
    at
        First time, day.
    every
        Interval, day; None: given once.
    count
        Number of administrations; None with `every`: as long as the run goes.
    until
        No administration later than this, day.
    duration
        Infusion time, day; 0 is a bolus; None is the default of the drug and route.
    rate
        Infusion rate instead of a duration, unit of the drug per day (or text with its unit); of what is bioavailable, as in
        NONMEM, so that a bioavailability below 1 shortens the infusion.
    route
        ``iv``, ``sc``, ``im`` or ``oral``; None is the usual route of the drug.

    Examples
    --------
    >>> Dose("pembrolizumab", "200 mg", every="3 week").every
    21.0
    """

    drug: Annotated[str, Setting(min_length=1)]
    amount: float | str
    at: Annotated[float, Quantity("day", non_negative=True)] = 0.0
    every: Annotated[float, Quantity("day", positive=True)] | None = None
    count: Annotated[int, Setting(ge=1)] | None = None
    until: Annotated[float, Quantity("day", non_negative=True)] | None = None
    duration: Annotated[float, Quantity("day", non_negative=True)] | None = None
    rate: float | str | None = None
    route: Route | None = None

    def __init__(self, *positional: Any, **given: Any) -> None:
        if len(positional) > 2:
            raise ModelError("Dose: takes the drug and the amount without names; name the rest (at=, every=, ...)")
        for name, value in zip(("drug", "amount"), positional, strict=False):
            if name in given:
                raise ModelError(f"Dose: {name} is given twice")
            given[name] = value
        super().__init__(**given)

    @field_validator("amount", mode="before")
    @classmethod
    def _readable(cls, amount: Any) -> float | str:
        if hasattr(amount, "magnitude") and hasattr(amount, "units"):
            amount = f"{float(amount.magnitude)!r} {amount.units}".replace("kilogram", "kg")
        if isinstance(amount, str):
            number, unit = units.split(amount)
            if unit:
                kind = "cell" if units.same_dimension(units.without_body(unit), "cell") else "mg"
                units.to_dose(amount, kind, "value", 1.0, 1.0)  # the unit of the drug is not known yet
                return amount.strip()
            amount = number
        return units.to(amount, "", non_negative=True)

    @field_validator("rate")
    @classmethod
    def _above_zero(cls, rate: float | str | None) -> float | str | None:
        number = units.split(rate)[0] if isinstance(rate, str) else rate
        if number is not None and number <= 0:
            raise ValueError(f"rate {rate} must be above 0")
        return rate

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.every is None and (self.until is not None or (self.count or 1) > 1):
            raise ValueError("count and until need every, the interval between administrations")
        if self.until is not None and self.until < self.at:
            raise ValueError(f"until ({self.until:g} day) is before at ({self.at:g} day)")
        if self.every is not None and self.every < _MOST_OFTEN:
            raise ValueError(
                f"every {self.every * 1440:g} min is below 1 min; give one infusion with a duration instead"
            )
        if self.rate is not None and self.duration is not None:
            raise ValueError("rate and duration are both given; give one")
        if self.duration and self.duration < _SHORTEST:
            raise ValueError(f"duration {self.duration:g} day is below 1 s; write 0 for a bolus")
        return self

    @property
    def repeats(self) -> float:
        """Number of administrations; infinite if it goes on as long as the run."""
        if self.every is None:
            return 1.0
        repeats = math.inf if self.count is None else float(self.count)
        if self.until is not None:
            repeats = min(repeats, 1.0 + math.floor((self.until - self.at + same_instant(self.until)) / self.every))
        return repeats


class Regimen(Frozen):
    """A named set of doses.

    Parameters
    ----------
    name
        Such as ``pembrolizumab 200 mg q3w``.
    doses
        What is given.
    source
        Label or paper.
    """

    name: str
    doses: tuple[Dose, ...]
    source: str = ""


class Course(NamedTuple):
    """A dose as plain numbers: amount in the unit of the drug, times in day, `repeats` administrations in all (may be infinite).

    `route` counts the routes of the drug (`Drug.all_routes`); a `rate` above 0 (unit per day) stands for a duration.
    """

    drug: int
    at: float
    every: float
    repeats: float
    amount: float
    duration: float
    route: int = 0
    rate: float = 0.0

    def time(self, number: int) -> float:
        """Time of an administration, day; computed, never accumulated. Infinite after the last one."""
        if number >= self.repeats:
            return math.inf
        return self.at + number * self.every if number else self.at


class Administration(NamedTuple):
    """One administration: time (day), drug, amount in its unit, infusion time (day; 0: bolus)."""

    time: float
    drug: str
    amount: float
    duration: float


def courses(doses: Iterable[Dose | Regimen], drugs: Sequence[Drug]) -> tuple[Course, ...]:
    """Convert doses to plain numbers, in an order that does not depend on theirs; doses of zero are dropped.

    Raises
    ------
    ModelError
        For an unknown drug, a route that it has not, an amount in a wrong unit, an infusion where there is none.
    """
    names = [drug.name for drug in drugs]
    found = []
    for dose in each_dose(doses):
        if dose.drug not in names:
            raise ModelError(f"dose: unknown drug '{dose.drug}'{suggest(dose.drug, names)}")
        index = names.index(dose.drug)
        drug = drugs[index]
        what = f"dose of {drug.name}"
        amount = units.to_dose(dose.amount, drug.unit, what, drug.weight, drug.surface)
        route = dose.route or drug.usual_route
        routes = drug.all_routes
        if route not in routes:
            raise ModelError(f"{what}: no route '{route}'; allowed: {', '.join(routes)}")
        rate = 0.0 if dose.rate is None else units.to(dose.rate, f"{drug.unit}/day", f"{what}: rate", positive=True)
        duration = dose.duration or 0.0
        if dose.duration is None and rate == 0.0 and route == "iv":
            duration = drug.duration
        if (duration > 0 or rate > 0) and any(entry.infusion is None for entry in routes[route]):
            raise ModelError(f"{what}: it cannot be infused by this route ({route}); allowed: duration 0 (a bolus)")
        if amount > 0:
            number = list(routes).index(route)
            found.append(Course(index, dose.at, dose.every or 0.0, dose.repeats, amount, duration, number, rate))
    return tuple(sorted(found))


def each_dose(doses: Iterable[Dose | Regimen]) -> Iterator[Dose]:
    """Yield the doses, those of regimens one by one."""
    for given in doses:
        yield from given.doses if isinstance(given, Regimen) else (given,)


def schedule(doses: Iterable[Dose | Regimen], drugs: Sequence[Drug], until: float) -> list[Administration]:
    """List all administrations before a time, sorted.

    Parameters
    ----------
    doses, drugs
        What is given, and the drugs of the model.
    until
        End of the run, day; an administration at that very moment is left out.
    """
    rows = []
    for course in courses(doses, drugs):
        number = 0
        while (time := course.time(number)) < until - same_instant(until):
            duration = course.amount / course.rate if course.rate > 0 else course.duration
            rows.append(Administration(time, drugs[course.drug].name, course.amount, duration))
            number += 1
    return sorted(rows)

"""Doses held and taken up again: what happens to those that fall into the pause, and what is given after it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import model_validator

from ..doses import Dose, Regimen, same_instant
from ..errors import ModelError, suggest
from ..frozen import Frozen, Quantity

__all__ = ["Hold", "hold", "restart_after"]


class Hold(Frozen):
    """A pause.

    Parameters
    ----------
    start, stop
        Day; a dose at `start` is held, one at `stop` is given.
    rule
        ``skip``: doses inside are left out, those after keep their days. ``shift``: the first dose held is given at `stop`, and
        all later ones keep their distance to it. ``reload``: `reload` is given from `stop` on, and the first dose held follows
        `then` after the last of it, later ones at their distance.
    drug
        Whose doses; None: of every drug, each by itself. Reloading needs it.
    reload
        Doses with their days counted from `stop`.
    then
        Days from the last dose of `reload` to the first dose held.
    """

    start: Annotated[float, Quantity("day", non_negative=True)]
    stop: Annotated[float, Quantity("day", positive=True)]
    rule: Literal["skip", "shift", "reload"]
    drug: str | None = None
    reload: tuple[Dose, ...] = ()
    then: Annotated[float, Quantity("day", positive=True)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop:g} day) must be after start ({self.start:g} day)")
        if (self.rule == "reload") != bool(self.reload) or (self.rule == "reload") != (self.then is not None):
            raise ValueError("reload and then belong to the rule 'reload', and it needs both")
        if any(dose.every is not None and dose.count is None and dose.until is None for dose in self.reload):
            raise ValueError("reload must end; give count or until")
        if any(dose.drug != self.drug for dose in self.reload):
            raise ValueError("reload must be of the drug that is held; name it")
        return self


def hold(regimen: Regimen, pause: Hold) -> Regimen:
    """Return a regimen with a pause.

    Parameters
    ----------
    regimen
        What was planned.
    pause
        When, and by which rule.

    Raises
    ------
    ModelError
        If the drug of the pause is not in the regimen.

    Examples
    --------
    >>> planned = Regimen(name="q3w", doses=(Dose("pembrolizumab", "200 mg", every=21, count=5),))
    >>> [each.at for each in hold(planned, Hold(start=20, stop=50, rule="skip")).doses]
    [0.0, 63.0]
    >>> [each.at for each in hold(planned, Hold(start=20, stop=50, rule="shift")).doses]
    [0.0, 50.0]
    """
    drugs = list(dict.fromkeys(dose.drug for dose in regimen.doses))
    if pause.drug is not None and pause.drug not in drugs:
        raise ModelError(f"hold: '{regimen.name}' has no drug '{pause.drug}'{suggest(pause.drug, drugs)}")
    held = drugs if pause.drug is None else [pause.drug]
    doses: list[Dose] = [dose for dose in regimen.doses if dose.drug not in held]
    for drug in held:
        doses += _held([dose for dose in regimen.doses if dose.drug == drug], pause)
    name = f"{regimen.name}, held {pause.start:g}-{pause.stop:g} ({pause.rule})"
    return Regimen(name=name, doses=tuple(doses), source=regimen.source)


def restart_after(gap: float, rules: Mapping[float, Iterable[Dose]]) -> tuple[Dose, ...]:
    """Return the doses to reload after a gap since the last dose, by the longest gap of the rules that it exceeds.

    Parameters
    ----------
    gap
        Days since the last dose.
    rules
        Gap (day) -> what is given first when it is exceeded; 0 for the shortest.

    Examples
    --------
    >>> rules = {7.0: [Dose("teclistamab", "0.3 mg/kg")], 28.0: [Dose("teclistamab", "0.06 mg/kg")]}
    >>> [len(restart_after(gap, rules)) for gap in (5.0, 10.0)], restart_after(40.0, rules)[0].amount
    ([0, 1], '0.06 mg/kg')
    """
    exceeded = [each for each in rules if gap > each + same_instant(each)]
    return tuple(rules[max(exceeded)]) if exceeded else ()


def _held(doses: list[Dose], pause: Hold) -> list[Dose]:
    """Return the doses of one drug with the pause."""
    earliest = min((_first(dose, pause.start) for dose in doses), default=math.inf)
    inside = earliest < pause.stop - same_instant(pause.stop)
    added: list[Dose] = []
    resume = pause.stop
    if pause.rule == "reload" and inside:
        added = [
            dose.replace(at=dose.at + pause.stop, until=None if dose.until is None else dose.until + pause.stop)
            for dose in pause.reload
        ]
        resume = max(_last(dose) for dose in added) + (pause.then or 0.0)
    shift = resume - earliest if inside and pause.rule != "skip" else 0.0
    found = []
    for dose in doses:
        found += _before(dose, pause.start)
        from_ = pause.stop if pause.rule == "skip" else pause.start
        found += [_moved(each, shift) for each in _from(dose, from_)]
    return [*found, *added]


def _last(dose: Dose) -> float:
    return dose.at + (dose.repeats - 1) * (dose.every or 0.0)


def _index(dose: Dose, day: float) -> int:
    """Number of the first administration at or after a day."""
    if dose.every is None:
        return 0 if dose.at >= day - same_instant(day) else 1
    return max(0, math.ceil((day - dose.at - same_instant(day)) / dose.every))


def _first(dose: Dose, day: float) -> float:
    index = _index(dose, day)
    return dose.at + index * (dose.every or 0.0) if index < dose.repeats else math.inf


def _before(dose: Dose, day: float) -> list[Dose]:
    count = min(_index(dose, day), dose.repeats)
    if count == 0:
        return []
    return [dose if dose.every is None else dose.replace(count=int(count), until=None)]


def _from(dose: Dose, day: float) -> list[Dose]:
    index, times = _index(dose, day), dose.repeats
    if index >= times:
        return []
    if dose.every is None:
        return [dose]
    count = None if math.isinf(times) else int(times - index)
    return [dose.replace(at=dose.at + index * dose.every, count=count, until=None)]


def _moved(dose: Dose, days: float) -> Dose:
    return dose.replace(at=dose.at + days) if days else dose

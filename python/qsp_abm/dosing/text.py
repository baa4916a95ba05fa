"""Regimens written as one line, such as ``200 mg q3w x 35`` or ``0.06/0.3/1.5 mg/kg sc on 0, 3, 6 then 1.5 mg/kg sc weekly``.

The grammar, in the order of writing::

    regimen  = part { "then" part } { "hold" day "to" day ( "skip" | "shift" ) }
    part     = amounts unit [route] ["over" time | "at" rate] [schedule]
    amounts  = number { "/" number }          several: one after another, step by step
    unit     = mg, ug, g, cell ... with /kg or /m2; per day (28 ug/day) only with "over": the amount is rate x time
    route    = iv | sc | im | oral            left out: the usual route of the drug
    schedule = [interval] ["x" count | "until" day] ["from" day]
             | "on" day { "," day }
    interval = q<n>h | q<n>d | q<n>w | daily | bid | tid | weekly     bid, tid: every 12, 8 h

Route, ``over``, ``at`` and the parts of the schedule may stand in any order. Times without a unit are days; the day of the first
dose is day 0. Several amounts with an interval are given one interval apart; the count and ``until`` belong to the last amount.
A part after ``then`` begins one interval of its own after the last dose before it, unless it says ``from``; without an interval
it needs ``from`` or ``on``. A count left out after an interval means: as long as the run goes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, cast

from .. import units
from ..doses import Dose, Regimen
from ..errors import ModelError, suggest
from .holds import Hold, hold

__all__ = ["interval", "regimen"]

_NUMBER = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
_AMOUNTS = re.compile(
    rf"\s*((?:{_NUMBER})(?:\s*/\s*(?:{_NUMBER}))*)\s*([A-Za-z\u00b5\u03bc][\w\u00b5\u03bc]*(?:/[A-Za-z]\w*)*)"
)
_EVERY = re.compile(r"q(\d+)([hdw])")
_ROUTES = ("iv", "sc", "im", "oral")
_WORDS = ("over", "at", "x", "until", "from", "on", "step-up")
_NAMED = {"daily": 1.0, "bid": 0.5, "tid": 1.0 / 3.0, "weekly": 7.0}  # day
_AMBIGUOUS = {
    "biweekly": "it means twice a week and every two weeks; write q2w, or two parts",
    "bimonthly": "it means twice a month and every two months; write q2w or q8w",
    "monthly": "months differ in length; write q4w or q30d",
    "qm": "months differ in length; write q4w or q30d",
    "fortnightly": "write q2w",
    "qd": "it is easily misread; write daily",
    "qod": "it is easily misread; write q2d",
    "qw": "write weekly or q1w",
    "qid": "it is easily misread; write q6h",
}
_LABEL_DAY = re.compile(r"(?:c\d+)?d\d+", re.IGNORECASE)


def interval(word: str) -> float:
    """Return the interval that a word names, day.

    Raises
    ------
    ModelError
        For an unknown word, and an ambiguous one with what to write instead.

    Examples
    --------
    >>> interval("q3w"), interval("bid"), interval("daily")
    (21.0, 0.5, 1.0)
    """
    word = word.lower()
    if word in _NAMED:
        return _NAMED[word]
    found = _EVERY.fullmatch(word)
    if found:
        return int(found[1]) * {"h": 1.0 / 24.0, "d": 1.0, "w": 7.0}[found[2]]
    if word in _AMBIGUOUS:
        raise ModelError(f"regimen: '{word}' is ambiguous: {_AMBIGUOUS[word]}")
    raise ModelError(f"regimen: cannot read '{word}'{suggest(word, ['q3w', 'q1d', 'q12h', *_NAMED, *_WORDS])}")


def regimen(drug: str, text: str, *, source: str = "") -> Regimen:
    """Read a regimen of one drug.

    Parameters
    ----------
    drug
        Its name.
    text
        See the grammar above.
    source
        Label or paper.

    Raises
    ------
    ModelError
        With the part that cannot be read, and for ambiguous words such as ``monthly``.

    Examples
    --------
    >>> regimen("pembrolizumab", "200 mg q3w x 35").doses[0].count
    35
    >>> [(dose.amount, dose.at) for dose in regimen("teclistamab", "0.06/0.3/1.5 mg/kg sc on 0, 3, 6").doses]
    [('0.06 mg/kg', 0.0), ('0.3 mg/kg', 3.0), ('1.5 mg/kg', 6.0)]
    """
    try:
        what, *holds = re.split(r"\bhold\b", text)
        doses: list[Dose] = []
        for part in re.split(r"\bthen\b", what):
            doses += _part(drug, part, doses)
        found = Regimen(name=f"{drug} {' '.join(text.split())}", doses=tuple(doses), source=source)
        for each in holds:
            found = hold(found, _hold(each, drug))
    except ModelError as error:
        raise ModelError(f"regimen of {drug}, '{text}': {str(error).removeprefix('regimen: ')}") from error
    return found


def _hold(text: str, drug: str) -> Hold:
    found = re.fullmatch(r"\s*(.+?)\s+to\s+(.+?)\s+(\w+)\s*", text)
    if not found or found[3] not in ("skip", "shift"):
        raise ModelError(f"cannot read 'hold{text}'; allowed: hold 42 to 84 skip, or shift")
    start, stop, rule = found[1], found[2], found[3]
    return Hold(start=_day(start), stop=_day(stop), rule=cast("Literal['skip', 'shift']", rule), drug=drug)


def _part(drug: str, text: str, before: Sequence[Dose]) -> list[Dose]:
    """Read one part; `before` are the doses of the parts before it."""
    found = _AMOUNTS.match(text)
    if not found:
        raise ModelError(f"cannot read '{text.strip()}'; it must begin with an amount and a unit, such as '200 mg'")
    amounts, unit = re.split(r"\s*/\s*", found[1]), found[2]
    given = _words(text[found.end() :])
    every = given.get("every")
    common = {"drug": drug, "route": given.get("route"), "duration": given.get("over"), "rate": given.get("at")}
    texts = [_amount(amount, unit, given.get("over")) for amount in amounts]

    if "on" in given:
        days: list[float] = given["on"]
        texts = texts * len(days) if len(texts) == 1 else texts
        if len(texts) != len(days):
            raise ModelError(f"'on' lists {len(days)} days for {len(texts)} amounts; allowed: one each")
        for name, word in (("every", "an interval"), ("x", "x"), ("until", "until"), ("from", "from")):
            if name in given:
                raise ModelError(f"'on' lists all days; {word} cannot stand beside it")
        return [Dose(amount=amount, at=day, **common) for amount, day in zip(texts, days, strict=True)]
    if every is None and (len(texts) > 1 or "x" in given or "until" in given):
        raise ModelError(f"'{text.strip()}' needs an interval, such as q3w, or the days, such as 'on 0, 7, 14'")
    first = given["from"] if "from" in given else _after(before, every)
    steps = [Dose(amount=amount, at=first + k * (every or 0.0), **common) for k, amount in enumerate(texts[:-1])]
    last = {
        "at": first + len(steps) * (every or 0.0),
        "every": every,
        "count": given.get("x"),
        "until": given.get("until"),
    }
    return [*steps, Dose(amount=texts[-1], **common, **last)]


def _after(before: Sequence[Dose], every: float | None) -> float:
    """Return when a part begins that does not say so, day."""
    if not before:
        return 0.0
    last = max(before, key=lambda dose: dose.at)
    if math.isinf(last.repeats):
        raise ModelError("the part before 'then' never ends; give its count, as in 'x 4', or 'until'")
    if every is None:
        raise ModelError("a part after 'then' without an interval needs 'from' or 'on'")
    return last.at + (last.repeats - 1) * (last.every or 0.0) + every


def _amount(number: str, unit: str, over: float | None) -> str:
    if not unit.endswith("/day"):
        return f"{number} {unit}"
    if over is None:
        raise ModelError(f"'{number} {unit}' is a rate; say for how long, as in '28 ug/day iv over 21 day'")
    return f"{float(number) * over!r} {unit.removesuffix('/day')}"


def _words(text: str) -> dict[str, Any]:
    """Sort the words after the amount by what they say."""
    words = text.replace(",", " , ").split()
    found: dict[str, Any] = {}

    def put(name: str, value: Any) -> None:
        if name in found:
            raise ModelError(f"'{name}' is said twice in '{text.strip()}'")
        found[name] = value

    while words:
        word = words.pop(0)
        low = word.lower()
        if low in _ROUTES:
            put("route", low)
        elif low == "over":
            put("over", _day(_quantity(words, low)))
        elif low == "at":
            put("at", _quantity(words, low))
        elif low in ("until", "from"):
            put(low, _day(_quantity(words, low)))
        elif low == "on":
            days = [_day(_quantity(words, low))]
            while words and words[0] == ",":
                words.pop(0)
                days.append(_day(_quantity(words, low)))
            put("on", days)
        elif re.fullmatch(r"[x\u00d7]\d*", low):
            count = low[1:] or (words.pop(0) if words else "")
            if not count.isdigit() or int(count) < 1:
                raise ModelError(f"x needs a whole number above 0, not '{count}'")
            put("x", int(count))
        elif low != "step-up":  # what several amounts say already
            put("every", interval(low))
    return found


def _quantity(words: list[str], after: str) -> str:
    """Take a number and, if one follows, its unit."""
    if words and words[0].lower() in ("day", "d") and len(words) > 1:
        words.pop(0)  # day 42
    if not words:
        raise ModelError(f"'{after}' needs a number after it")
    if _LABEL_DAY.fullmatch(words[0]):
        raise ModelError(
            f"'{words[0]}' counts the first day as 1; days here count from 0: write {words[0]} as a number"
        )
    text = words.pop(0)
    following = words[0].lower() if words else ""
    is_unit = re.match(r"[a-z\u00b5\u03bc]", following) and following not in (*_ROUTES, *_WORDS, *_NAMED, *_AMBIGUOUS)
    if is_unit and not re.fullmatch(r"x\d+|q\d+[hdw]", following) and re.fullmatch(_NUMBER, text):
        text = f"{text} {words.pop(0)}"
    return text


def _day(text: str) -> float:
    text = text.strip().removeprefix("day ")
    return units.to_days(float(text) if re.fullmatch(_NUMBER, text) else text, "time", non_negative=True)

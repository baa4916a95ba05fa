"""Units at the edge: text, numbers and pint quantities become plain floats in the stated unit.

Inside, everything is a float in um, day, pmol, mg, cell or the unit that a field declares. A plain number is taken to be in the
unit asked for already. pint is loaded on the first real conversion, never by an import.

Beyond pint: ``cell`` (a count; densities may leave it out: ``200 / mm^3``), powers without a sign (``um2/min``), ``%``.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from numbers import Real
from typing import Any

from .errors import ModelError, suggest

__all__ = ["parts", "quantity", "same_dimension", "split", "to", "to_days", "to_dose", "without_body"]

_DIGITS = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"\s*([+-]?(?:{_DIGITS}|nan|inf(?:inity)?))(?![\w.])", re.IGNORECASE)
_NUMBER_GLUED = re.compile(rf"\s*([+-]?{_DIGITS})(?=[A-Za-z\u00b5\u03bc%])")
_BARE_POWER = re.compile(r"(?<![A-Za-z0-9_.])([A-Za-z\u00b5\u03bc]+)(?:\^|\*\*)?(-?\d+)(?![\d.eE])")
_PER_BODY = re.compile(r"\s*/\s*(?P<kg>kg|kilogram)\s*$|\s*/\s*(?:m2|m\^2|m\*\*2|meter\s*\*\*\s*2)\s*$")
_COMMON = (
    "um mm cm m nm um^2 um^3 mm^2 mm^3 mL L uL s second min minute h hour day week month year mg ug ng g kg mg/kg mg/m^2 "
    "pmol nmol umol mol pM nM uM mM M mmHg cell molecule percent dimensionless um^2/min um^2/day 1/day 1/hour"
).split()


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(cache_folder=None)
    registry.define("cell = [cell_count] = cell = cells")
    return registry


def _spell(text: str) -> str:
    """Write a unit so that pint reads it: ``um2/min`` -> ``um**2/min``, ``/ mm^3`` -> ``1/ mm**3``."""
    text = text.strip().replace("%", " percent").replace("\u03bc", "\u00b5")
    text = _BARE_POWER.sub(r"\1**\2", text).replace("^", "**")
    return f"1{text}" if text.startswith("/") else text


@lru_cache(maxsize=1024)
def quantity(unit: str) -> Any:
    """Return one of this unit as a pint quantity; raise ValueError with a reason."""
    registry = _registry()
    try:
        quantity = registry.Quantity(1.0, "dimensionless")
        if unit.strip():
            quantity = quantity * registry.parse_expression(_spell(unit))
        quantity.to_base_units()
    except Exception as error:  # pint raises a dozen kinds, some from Python's own tokenizer
        words = re.findall(r"[A-Za-z\u00b5]+", unit)
        unknown = next((word for word in words if not _known(word)), unit)
        raise ValueError(f"unknown unit '{unknown}'{suggest(unknown, _COMMON)}") from error
    return quantity


def _known(word: str) -> bool:
    try:
        return word in _registry()
    except (AttributeError, SyntaxError, TypeError, ValueError):
        return False


@lru_cache(maxsize=4096)
def _conversion(given: str, wanted: str) -> tuple[float, float]:
    """Return (numerator, denominator) so that value * numerator / denominator is in the wanted unit.

    Two whole numbers wherever the factor is rational, so that 6 min is the float nearest to 6/1440 day.
    """
    one, target = quantity(given), quantity(wanted)
    if not _alike(one, target):
        raise ValueError(
            f"its dimension is {_dimension(one)}; allowed: {_dimension(target)}, as in {wanted or 'a number'}"
        )
    factor = float((one / target).to_base_units().magnitude)
    large = max(factor, 1.0 / factor)
    for limit in (1, 10, 100, 1000, 10**4, 10**6):  # the simplest ratio that rounding cannot tell from the factor
        ratio = Fraction(large).limit_denominator(limit)
        if abs(float(ratio) / large - 1.0) < 4e-15 and ratio.numerator < 2**53:
            pair = float(ratio.numerator), float(ratio.denominator)
            return pair if factor >= 1.0 else pair[::-1]
    return factor, 1.0


def _alike(one: Any, target: Any) -> bool:
    given, wanted = dict(one.dimensionality), dict(target.dimensionality)
    if given != wanted and "[cell_count]" not in given:
        wanted.pop("[cell_count]", None)
        return bool(given) and given == wanted  # 200 / mm^3 is a density of cells; 200 percent is not a number of cells
    return given == wanted


def _dimension(quantity: Any) -> str:
    return str(quantity.dimensionality).replace("dimensionless", "a plain number")


def parts(unit: str) -> dict[str, Fraction]:
    """Return the units that a unit is made of, by their full names, with their powers; nothing is converted.

    Raises
    ------
    ModelError
        For an unknown unit.

    Examples
    --------
    >>> parts("nmol/(cell day)")
    {'nanomole': Fraction(1, 1), 'cell': Fraction(-1, 1), 'day': Fraction(-1, 1)}
    """
    try:
        found = quantity(unit).unit_items()
    except ValueError as error:
        raise ModelError(f"unit: {error}") from error
    return {str(name): Fraction(power).limit_denominator(12) for name, power in found}


def split(value: str, what: str = "value") -> tuple[float, str]:
    """Split ``"2 mg/kg"`` into 2.0 and ``"mg/kg"``; the unit is empty for a plain number.

    Raises
    ------
    ModelError
        If the text does not begin with a finite number.
    """
    found = _NUMBER.match(value) or _NUMBER_GLUED.match(value)
    unit = value[found.end() :].strip() if found else ""
    if not found or re.match(r"[\d.+-](?!\s*/)", unit):
        raise ModelError(f"{what}: cannot read '{value}'; allowed: a number and a unit, such as '20 um'")
    return float(found.group(1)), unit


def to(value: Any, unit: str, what: str = "value", *, positive: bool = False, non_negative: bool = False) -> float:
    """Convert a value to a plain float in one unit.

    Parameters
    ----------
    value
        Text (``"20 um"``), a number (already in `unit`) or a pint quantity.
    unit
        The unit of the result; empty for a plain number.
    what
        The object and field that an error names, such as ``lattice.spacing``.
    positive, non_negative
        Refuse values that are not above zero, or below zero.

    Raises
    ------
    ModelError
        For a wrong dimension, an unknown unit, NaN, infinity, and what `positive` and `non_negative` forbid.

    Examples
    --------
    >>> to("20 um", "um")
    20.0
    >>> to("10 um2/min", "um^2/day")
    14400.0
    """
    if isinstance(value, str):
        number, given = split(value, what)
    elif isinstance(value, Real) and not isinstance(value, bool):
        number, given = float(value), unit
    elif hasattr(value, "magnitude") and hasattr(value, "units"):
        try:
            number, given = float(value.magnitude), str(value.units)
        except (TypeError, ValueError) as error:
            raise ModelError(f"{what}: {value!r} is not a single number") from error
    else:
        raise ModelError(
            f"{what}: cannot read {value!r}; allowed: a number, text such as '1 {unit}', or a pint quantity"
        )
    if given != unit and not (given == "" and isinstance(value, str)):
        try:
            numerator, denominator = _conversion(given, unit)
        except ValueError as error:
            raise ModelError(f"{what}: cannot take '{value}': {error}") from error
        number = number * numerator / denominator
    if not math.isfinite(number):
        raise ModelError(f"{what}: '{value}' is not a finite number")
    if positive and not number > 0.0:
        raise ModelError(f"{what}: '{value}' is not allowed; it must be above 0 {unit}".rstrip())
    if non_negative and number < 0.0:
        raise ModelError(f"{what}: '{value}' is not allowed; it must not be below 0 {unit}".rstrip())
    return number


def to_days(value: Any, what: str = "time", *, positive: bool = False, non_negative: bool = False) -> float:
    """Convert a time to days; a plain number is in days.

    Examples
    --------
    >>> to_days("3 week")
    21.0
    >>> to_days("6 min") == 6 / 1440
    True
    """
    return to(value, "day", what, positive=positive, non_negative=non_negative)


def to_dose(
    value: Any, unit: str, what: str = "dose", weight: float | None = None, surface: float | None = None
) -> float:
    """Convert the amount of a dose to the unit of its drug; amounts per kg and per m2 are multiplied by the patient's size.

    Parameters
    ----------
    value
        ``"200 mg"``, ``"2 mg/kg"``, ``"75 mg/m2"``, ``"1e8 cell"``, or a number in `unit`.
    unit
        The unit of the drug, ``mg`` or ``cell``.
    what
        What an error names.
    weight
        Body weight, kg; needed for amounts per kg.
    surface
        Body surface area, m2; needed for amounts per m2.

    Raises
    ------
    ModelError
        As `to`; for negative amounts; for an amount per kg or m2 of a patient whose weight or surface is not known.

    Examples
    --------
    >>> to_dose("2 mg/kg", "mg", weight=76.8)
    153.6
    >>> to_dose("10 mg/m2", "mg", surface=1.8)
    18.0
    """
    text = str(value) if hasattr(value, "units") else value
    if not isinstance(text, str) or not (found := _PER_BODY.search(text)):
        return to(value, unit, what, non_negative=True)
    size, name, per, needed = (
        (weight, "weight", "kg", "weight") if found["kg"] else (surface, "surface", "m^2", "weight and height")
    )
    if size is None:
        raise ModelError(f"{what}: '{value}' is per body {name}, but no {name} is known; the drug needs {needed}")
    amount = to(text[: found.start()], unit, what, non_negative=True)
    return amount * to(size, per, f"{what}: {name}", positive=True)


def without_body(unit: str) -> str:
    """Return a unit of an amount without ``/kg`` or ``/m2``.

    Examples
    --------
    >>> without_body("mg/kg")
    'mg'
    """
    return _PER_BODY.sub("", unit).strip()


def same_dimension(one: str, other: str) -> bool:
    """Tell whether two units measure the same thing; False too if one of them is unknown."""
    if one == other:
        return True
    try:
        return _alike(quantity(one), quantity(other))
    except ValueError:
        return False

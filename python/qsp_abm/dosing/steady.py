"""The steady state of a repeated dose, as the fixed point of one interval instead of a long run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..body.description import Drug
from ..body.machine import BodyMachine
from ..doses import Dose, courses, same_instant
from ..errors import ModelError, SolverError

__all__ = ["SteadyState", "steady_state"]

Floats = NDArray[np.float64]

TOLERANCE = 1e-9  # of an interval, relative to the largest amount of its species
_INTERVALS = 200  # of plain iteration and Newton steps together
_OVERLAP = 1000  # infusions at the same time
_DIFFERENCE = 1e-2  # part of an amount, for derivatives: far above the error of the solver
_LARGEST = 1e5  # of the dose; a Newton step beyond is not believed
_LONG_AGO = -1e6  # day; by then every clearance has reached its end


class SteadyState(NamedTuple):
    """The state just before a dose that has been repeated for ever.

    Parameters
    ----------
    species
        Names, in the order of `amounts`.
    amounts
        (S,) in the units of the drug. What is only collected and acts on nothing, such as the amount eliminated, is 0.
    running
        Infusions that began before and still run: stop and begin (day, the dose is at 0), amount, site.
    residual
        Largest relative change of an amount over one more interval.
    intervals
        Number of intervals that were integrated.
    """

    species: tuple[str, ...]
    amounts: Floats
    running: tuple[tuple[float, float, float, int], ...]
    residual: float
    intervals: int


def steady_state(drug: Drug, dose: Dose, *, tolerance: float = TOLERANCE) -> SteadyState:
    """Find the periodic solution under a dose repeated with its interval, infusions that overlap and lags included.

    The state x before a dose solves ``x = P(x)``, P being one interval. Newton's method on ``P(x) - x`` with a Jacobian from
    differences; where P is linear that is exact after one step, to the tolerance of the solver. A step that would make an amount
    negative is replaced by one interval of plain iteration. A constant infusion is a dose over the whole of its interval.

    Parameters
    ----------
    drug
        In one patient. A clearance that depends on the time since the first dose is taken at its end.
    dose
        With `every`; its time and count do not matter.
    tolerance
        Of one interval.

    Raises
    ------
    ModelError
        Without an interval, for a dose of 0, and for a lag that is not shorter than the interval.
    SolverError
        If there is no steady state, or none was found: the dose exceeds what can be eliminated.

    Examples
    --------
    >>> from qsp_abm.library.drugs import pembrolizumab
    >>> found = steady_state(pembrolizumab(), Dose("pembrolizumab", "200 mg", every="3 week"))
    >>> round(float(found.amounts[0]) / 3.48, 1)  # trough, ug/mL
    29.5

    References
    ----------
    Aprille and Trick 1972, Proc IEEE 60:108 (shooting).
    """
    if dose.every is None:
        raise ModelError(f"steady state of {drug.name}: the dose has no interval; give every")
    given = courses([dose], [drug])
    if not given:
        raise ModelError(f"steady state of {drug.name}: the dose is 0; it must be above 0")
    period = dose.every
    machine, started = _pattern(drug, dose.replace(at=0.0, count=None, until=None))
    state = machine.state()
    start = machine.time
    intervals = 0

    def after(amounts: Floats) -> Floats:
        nonlocal intervals
        intervals += 1
        machine.set_state(state)
        machine.set_species(amounts)
        machine.advance(start, start + period)
        return machine.species()

    largest = _LARGEST * given[0].amount
    amounts, residual = started, math.inf
    while intervals < _INTERVALS:
        moving, jacobian = _jacobian(after, amounts)
        amounts = np.where(moving, amounts, 0.0)
        found = after(amounts)
        change = np.where(moving, found - amounts, 0.0)
        residual = float(np.max(np.abs(change) / np.maximum(np.abs(amounts), _scale(amounts)), initial=0.0))
        if residual <= tolerance:
            machine.set_state(state)
            running = tuple(
                (stop - start, begun - start, amount, site) for stop, begun, amount, site in _beyond(machine)
            )
            return SteadyState(machine.species_names, amounts, running, residual, intervals)
        step = np.zeros_like(amounts)
        inside = np.ix_(moving, moving)
        try:
            step[moving] = np.linalg.solve(np.eye(int(moving.sum())) - jacobian[inside], change[moving])
        except np.linalg.LinAlgError:
            step[:] = math.nan
        better = amounts + step
        valid = np.isfinite(better).all() and (better >= -tolerance * _scale(amounts)).all() and better.max() < largest
        amounts = np.maximum(better, 0.0) if valid else found
    raise SolverError(
        f"steady state of {drug.name}: not reached to {tolerance:g} in {_INTERVALS} intervals of {period:g} day (last change "
        f"{residual:.3g}); the dose may exceed what can be eliminated"
    )


def _pattern(drug: Drug, dose: Dose) -> tuple[BodyMachine, Floats]:
    """Run until the infusions of earlier doses that still run are the same before every dose; return the amounts then."""
    period = float(dose.every or 0.0)
    machine = BodyMachine(None, [drug], [dose])
    before: list[tuple[float, float]] | None = None
    for number in range(_OVERLAP):
        start = number * period
        machine.advance(start, start + period)
        if number == 0 and drug.first_dose is not None:
            machine.set_parameters({drug.first_dose: _LONG_AGO})
        if len(machine.state()["late"]):
            raise ModelError(
                f"steady state of {drug.name}: its lag must be shorter than the interval of {period:g} day"
            )
        end = machine.time
        pattern = [
            (round((stop - end) / period, 9), round((begun - end) / period, 9))
            for stop, begun, _, _ in _beyond(machine)
        ]
        if pattern == before:
            return machine, machine.species()
        before = pattern
    raise ModelError(f"steady state of {drug.name}: more than {_OVERLAP} infusions overlap; give a higher rate")


def _beyond(machine: BodyMachine) -> list[tuple[float, float, float, int]]:
    """Infusions that run beyond the present."""
    return [each for each in machine.running if each[0] > machine.time + same_instant(machine.time)]


def _jacobian(after: Callable[[Floats], Floats], amounts: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Return which species matter to themselves or others, and the derivative of one interval."""
    base = after(amounts)
    size = len(amounts)
    matrix = np.empty((size, size))
    for column in range(size):
        difference = _DIFFERENCE * max(abs(amounts[column]), _scale(amounts))
        moved = amounts.copy()
        moved[column] += difference
        matrix[:, column] = (after(moved) - base) / difference
    unchanged = np.abs(matrix - np.eye(size)).max(axis=0) < 1e-6  # kept for ever, and felt by nothing
    return ~unchanged, matrix


def _scale(amounts: Floats) -> float:
    """An amount below which nothing is looked at more closely."""
    return max(float(np.max(np.abs(amounts), initial=0.0)) * 1e-3, 1e-12)

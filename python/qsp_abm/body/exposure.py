"""Exposure by non-compartmental analysis, and receptor occupancy in its two definitions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError

__all__ = [
    "Exposure",
    "accumulation",
    "area",
    "bound_fraction",
    "exposure",
    "free_receptor_loss",
    "terminal_half_life",
]

Floats = NDArray[np.float64]


class Exposure(NamedTuple):
    """What one interval of a concentration holds, times in day, in the unit of the concentration.

    `cmax` and the time `tmax` at which it is first reached; `ctrough`, the last value; `cavg`, `auc` over the length; `auc`.
    """

    cmax: float
    tmax: float
    ctrough: float
    cavg: float
    auc: float


def exposure(times: ArrayLike, values: ArrayLike, start: float | None = None, stop: float | None = None) -> Exposure:
    """Return the exposure over an interval.

    Parameters
    ----------
    times, values
        (N,), rising times (day) and concentrations; include the ends of infusions, where the concentration has its corners.
    start, stop
        Interval, day; both must be among the times. Default: the first and the last.

    Raises
    ------
    ModelError
        For fewer than two samples, falling times, negative or missing concentrations, and an end that is no sample.

    Examples
    --------
    >>> exposure([0, 1, 2], [4.0, 2.0, 1.0]).cmax
    4.0
    """
    t, c = _samples(times, values)
    first = 0 if start is None else _sample(t, start)
    last = len(t) - 1 if stop is None else _sample(t, stop)
    if last <= first:
        raise ModelError(f"exposure: the interval from {start} to {stop} day holds no two samples")
    t, c = t[first : last + 1], c[first : last + 1]
    total, peak = area(t, c), int(np.argmax(c))
    return Exposure(float(c[peak]), float(t[peak]), float(c[-1]), total / float(t[-1] - t[0]), total)


def area(times: ArrayLike, values: ArrayLike) -> float:
    """Return the area under a curve: linear trapezoids where it rises, logarithmic ones where it falls.

    Parameters
    ----------
    times, values
        (N,) times (day) and concentrations.

    Raises
    ------
    ModelError
        As `exposure`.

    References
    ----------
    Gabrielsson and Weiner 2012, Methods Mol Biol 929:377.

    Examples
    --------
    >>> round(area([0.0, 10.0], [1.0, float(np.exp(-1.0))]), 6)  # 10 (1 - exp(-1)), exact for one exponential
    6.321206
    """
    t, c = _samples(times, values)
    before, after, width = c[:-1], c[1:], np.diff(t)
    falls = (after < before) & (after > 0)
    pieces = 0.5 * (before + after) * width
    ratio = np.log(before[falls] / after[falls])
    drop = before[falls] - after[falls]
    # a fall too small to divide by is a straight line already
    pieces[falls] = np.where(ratio > 1e-8, drop / np.where(ratio > 1e-8, ratio, 1.0) * width[falls], pieces[falls])
    return float(pieces.sum())


def terminal_half_life(times: ArrayLike, values: ArrayLike, points: int | None = None) -> float:
    """Return the half-life of the last, log-linear part of a curve, day.

    Parameters
    ----------
    times, values
        (N,) times (day) and concentrations after the last dose.
    points
        Number of last samples; None: the number from 3 up, after the peak, whose line has the best adjusted r2 (the larger number
        where they differ by less than 1e-4).

    Raises
    ------
    ModelError
        For fewer than three positive samples after the peak, and a curve that does not fall.

    Examples
    --------
    >>> t = np.linspace(0.0, 30.0, 16)
    >>> round(terminal_half_life(t, 9 * np.exp(-2 * t) + np.exp(-0.1 * t), points=5), 4)
    6.9315
    """
    t, c = _samples(times, values)
    after = int(np.argmax(c)) + 1
    t, c = t[after:], c[after:]
    usable = int(np.argmax(c <= 0)) if (c <= 0).any() else len(c)
    t, y = t[:usable], np.log(c[:usable])
    if points is not None and points < 3:
        raise ModelError(f"half-life: points is {points}; allowed: at least 3")
    if len(t) < (points or 3):
        raise ModelError(f"half-life: {len(t)} positive samples after the peak; at least {points or 3} are needed")
    slopes = {number: _line(t[-number:], y[-number:]) for number in ([points] if points else range(3, len(t) + 1))}
    best = max(fit for _, fit in slopes.values())
    slope = slopes[max(number for number, (_, fit) in slopes.items() if fit >= best - 1e-4)][0]
    if slope >= 0:
        raise ModelError("half-life: the curve does not fall")
    return float(np.log(2.0) / -slope)


def accumulation(first: float, steady: float) -> float:
    """Return the accumulation ratio: an exposure at steady state over that of the first interval.

    Raises
    ------
    ModelError
        If the first is not above zero.
    """
    if not first > 0:
        raise ModelError(f"accumulation: the first exposure is {first:g}; it must be above 0")
    return steady / first


def bound_fraction(bound: ArrayLike, total: ArrayLike) -> Floats:
    """Return receptor occupancy as the bound part of all receptors *at the same time*.

    Parameters
    ----------
    bound, total
        Bound receptors, and all of them, bound or free; same unit and shape. Where there is none the occupancy is 0.
    """
    b, n = np.broadcast_arrays(np.asarray(bound, dtype=np.float64), np.asarray(total, dtype=np.float64))
    found: Floats = np.divide(b, n, out=np.zeros(b.shape), where=n > 0)
    return found


def free_receptor_loss(free: ArrayLike, baseline: float) -> Floats:
    """Return receptor occupancy as assays of free receptors report it: 1 - free / free *before treatment*.

    It differs from `bound_fraction` where binding changes the number of receptors: internalisation of bound ones raises it, slower
    loss of bound ones lowers it, even below zero.

    Parameters
    ----------
    free
        Free receptors over time.
    baseline
        Free receptors before the first dose, same unit.

    Raises
    ------
    ModelError
        If the baseline is not above zero.
    """
    if not baseline > 0:
        raise ModelError(f"occupancy: the baseline of free receptors is {baseline:g}; it must be above 0")
    return np.asarray(1.0 - np.asarray(free, dtype=np.float64) / baseline)


def _samples(times: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    t, c = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if t.ndim != 1 or t.shape != c.shape or len(t) < 2:
        raise ModelError(f"exposure: times {t.shape} and values {c.shape}; allowed: one length for both, at least 2")
    if not (np.diff(t) > 0).all():
        raise ModelError("exposure: the times must rise")
    if not (np.isfinite(c).all() and (c >= 0).all()):
        raise ModelError("exposure: a concentration is missing or negative")
    return t, c


def _sample(times: Floats, wanted: float) -> int:
    nearest = int(np.argmin(np.abs(times - wanted)))
    if abs(times[nearest] - wanted) > 1e-9 * max(1.0, abs(wanted)):
        raise ModelError(f"exposure: day {wanted:g} is not among the times; nearest: {times[nearest]:g}")
    return nearest


def _line(t: Floats, y: Floats) -> tuple[float, float]:
    """Slope of the least-squares line and its adjusted r2."""
    slope, intercept = np.polyfit(t, y, 1)
    rest = float(((y - slope * t - intercept) ** 2).sum())
    whole = float(((y - y.mean()) ** 2).sum())
    n = len(t)
    return float(slope), 1.0 - rest / whole * (n - 1) / (n - 2) if whole > 0 else -np.inf

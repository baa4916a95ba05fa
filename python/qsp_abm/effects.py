"""What an arm did to the tumour, and its effect against the control, paired by replicate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ModelError

if TYPE_CHECKING:
    from .output.reader import Run

__all__ = ["CAVEAT", "CONTROL", "Change", "Effect", "change", "effect", "lines", "tumour_of"]

CAVEAT = "illustrative, not a prediction for this patient"
CONTROL = "untreated"  # the arm that others are measured against, where it exists
GROUP = "tumour"
_LEVEL = 0.95  # of the interval of an effect


@dataclass(frozen=True, slots=True)
class Change:
    """Change of the living tumour cells over a run, over replicates.

    Parameters
    ----------
    median, low, high
        Median, 5 % and 95 % quantile of end over start minus one.
    rate
        Median of the net rate log(end / start) / time, 1/day; minus infinity for a section that is cleared.
    replicates
        How many.
    """

    median: float
    low: float
    high: float
    rate: float
    replicates: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Living tumour cells at the end over those of the control, paired by replicate.

    Parameters
    ----------
    ratio
        Geometric mean over the pairs; the median where a section is cleared.
    low, high
        95 % interval of Student's t of the log ratios; None with one pair, or where a section is cleared.
    pairs, cleared
        Number of pairs, and of those in which the arm has no tumour cell left.
    """

    ratio: float
    low: float | None
    high: float | None
    pairs: int
    cleared: int


def change(starts: Sequence[float], ends: Sequence[float], days: float) -> Change:
    """Return the change from counts at the start and the end, one per replicate.

    Examples
    --------
    >>> change([100, 100, 100], [110, 120, 130], 10.0).median
    0.2
    """
    first, last = np.asarray(starts, "f8"), np.asarray(ends, "f8")
    low, median, high = np.quantile(last / first - 1.0, (0.05, 0.5, 0.95))
    with np.errstate(divide="ignore"):
        rate = float(np.median(np.log(last / first))) / days
    return Change(round(float(median), 12), float(low), float(high), rate, len(first))


def effect(treated: Sequence[float], control: Sequence[float]) -> Effect:
    """Return the effect from counts at the end of pairs.

    Examples
    --------
    >>> effect([50], [100])
    Effect(ratio=0.5, low=None, high=None, pairs=1, cleared=0)
    """
    arm, other = np.asarray(treated, "f8"), np.asarray(control, "f8")
    arm, other = arm[other > 0], other[other > 0]
    pairs, cleared = len(arm), int((arm == 0).sum())
    if pairs == 0:
        return Effect(math.nan, None, None, 0, 0)
    if cleared:
        return Effect(float(np.median(arm / other)), None, None, pairs, cleared)
    logs = np.log(arm / other)
    mean = float(logs.mean())
    if pairs == 1:
        return Effect(float(arm[0] / other[0]), None, None, 1, 0)
    from scipy.special import stdtrit

    half = float(stdtrit(pairs - 1, 0.5 + _LEVEL / 2) * logs.std(ddof=1) / math.sqrt(pairs))
    return Effect(math.exp(mean), math.exp(mean - half), math.exp(mean + half), pairs, 0)


def tumour_of(run: Run) -> tuple[float, float, float] | None:
    """Return living tumour cells at the start and the end, and the days between; None without tumour cells at the start."""
    from .output.folder import living

    try:
        counts = living(run, GROUP)
    except ModelError:
        return None
    if len(counts) < 2 or counts.iloc[0] <= 0:
        return None
    return float(counts.iloc[0]), float(counts.iloc[-1]), float(counts.index[-1] - counts.index[0])


def lines(folder: Path, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line for each arm at each point of a sweep.

    Parameters
    ----------
    folder
        Where the runs are.
    rows
        Lines of the index: arm, values, replicate, file, status.
    """
    from .output.reader import open_run

    arms: dict[tuple[str, str], dict[int, tuple[float, float, float]]] = {}
    planned: dict[tuple[str, str], int] = {}
    for row in rows:
        key = _point(row["values"]), row["arm"]
        planned[key] = planned.get(key, 0) + 1
        found = tumour_of(open_run(folder / row["file"])) if row["status"] == "complete" else None
        if found is not None:
            arms.setdefault(key, {})[row["replicate"]] = found
    names = list(dict.fromkeys(arm for _, arm in planned))
    control = CONTROL if CONTROL in names else names[0]
    return [
        f"{' '.join(filter(None, (arm, point)))}: "
        + _line(arm, control, arms.get((point, arm), {}), arms.get((point, control), {}), planned[point, arm])
        for point, arm in planned
    ]


def _point(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _line(
    arm: str,
    control: str,
    here: Mapping[int, tuple[float, float, float]],
    there: Mapping[int, tuple[float, float, float]],
    planned: int,
) -> str:
    if not here:
        return "no complete run with tumour cells"
    starts, ends, days = zip(*here.values(), strict=True)
    result = change(starts, ends, days[0])
    parts = [_describe(result, days[0], planned)]
    if arm == control:
        parts.append("the reference of the other arms")
    else:
        both = sorted(here.keys() & there.keys())
        parts.append(_compare(effect([here[k][1] for k in both], [there[k][1] for k in both]), control))
    return "; ".join([*parts, CAVEAT])


def _describe(result: Change, days: float, planned: int) -> str:
    number = "1 replicate" if result.replicates == 1 else f"{result.replicates} replicates"
    number += f" of {planned}" if planned != result.replicates else ""
    spread = "" if result.replicates == 1 else f" (5-95 %: {100 * result.low:+.1f} to {100 * result.high:+.1f} %)"
    net = (
        f"net {result.rate:+.4f} /day"
        if math.isfinite(result.rate)
        else "no tumour cell left, below what the section resolves"
    )
    return f"tumour {100 * result.median:+.1f} %{spread} over {days:g} day, {net}, {number}"


def _compare(result: Effect, control: str) -> str:
    if result.pairs == 0:
        return f"no pair with {control}"
    ratio = f"{result.ratio:.3f} x {control}"
    if result.cleared:
        return f"{ratio} (median; cleared in {result.cleared} of {result.pairs} pairs, no interval)"
    if result.low is None or result.high is None:
        return f"{ratio} (one replicate, no interval)"
    return f"{ratio} (95 % interval {result.low:.3f} to {result.high:.3f}, {result.pairs} pairs)"

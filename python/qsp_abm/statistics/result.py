"""What every statistic returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Axis", "Envelope", "Result"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axis:
    """What the values of a statistic run over: radii, distances, or names.

    Parameters
    ----------
    name
        Such as ``r``.
    unit
        Such as ``um``; empty for names.
    points
        Numbers or texts.
    """

    name: str
    unit: str
    points: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Envelope:
    """What a statistic is where nothing but chance arranges the cells.

    Parameters
    ----------
    kind
        ``labels``: permuted among the positions; ``positions``: cells placed at random, counts fixed.
    simulations
        How often.
    mean, sd, low, high
        Mean, standard deviation and pointwise central 95 % range of the simulations, in the shape of the values.
    pointwise_p
        Two-sided Monte Carlo p of each value.
    p
        Global p over all values: extreme rank length.
    """

    kind: str
    simulations: int
    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    pointwise_p: Floats
    p: float


@dataclass(frozen=True, eq=False)
class Result:
    """A statistic of one table of cells.

    Parameters
    ----------
    name
        Of the statistic.
    values
        One number for each point of the axes.
    unit
        Of the values; where they differ one for each, by the last axis.
    axes
        What the values run over.
    expected
        What complete spatial randomness or random labelling gives in theory, where it is known.
    null
        Envelope by simulation, where it was asked for.
    settings
        What was measured: selections, radii, seed.
    verdict
        A class that follows from the values, where a statistic has one.
    """

    name: str
    values: Floats
    unit: str | tuple[str, ...]
    axes: tuple[Axis, ...]
    expected: Floats | None = None
    null: Envelope | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = ""

    @property
    def p(self) -> float | None:
        """Global p of the envelope."""
        return None if self.null is None else self.null.p

    def __getitem__(self, point: Any) -> float:
        """Return the value at a point of the (last) axis: a name, or the nearest number.

        Raises
        ------
        ModelError
            For an unknown name.
        """
        points = self.axes[-1].points
        if points.dtype.kind in "fi":
            index = int(np.abs(points - point).argmin())
        elif point in points:
            index = points.tolist().index(point)
        else:
            raise ModelError(f"{self.name}: no value '{point}'{suggest(str(point), points)}")
        return float(self.values[..., index])

    def flat(self) -> dict[str, tuple[float, str]]:
        """Return name -> (value, unit): the points of the axes joined by a bar, and ``<name>_null``, the mean of chance.

        Examples
        --------
        >>> Result("x", np.array([2.0]), "um", (Axis("r", "um", np.array([5.0])),)).flat()
        {'5': (2.0, 'um')}
        """
        points = [[f"{p:g}" if isinstance(p, float) else str(p) for p in axis.points.tolist()] for axis in self.axes]
        names, units = ["|".join(each) for each in product(*points)], self._units()
        found = dict(zip(names, zip(self.values.ravel().tolist(), units, strict=True), strict=True))
        if self.null is not None:
            means = self.null.mean.ravel().tolist()
            found |= {f"{name}_null": each for name, each in zip(names, zip(means, units, strict=True), strict=True)}
        return found

    def _units(self) -> list[str]:
        """Return the unit of each value, in the order of `values`."""
        last = self.unit if isinstance(self.unit, tuple) else (self.unit,) * len(self.axes[-1].points)
        return list(last) * (self.values.size // max(1, len(last)))

    def table(self) -> pd.DataFrame:
        """Return a row for each value: axes, value, unit, expected, and mean, low, high, p of the envelope."""
        import pandas as pd

        grids = np.meshgrid(*(np.arange(len(axis.points)) for axis in self.axes), indexing="ij")
        columns: dict[str, Any] = {
            axis.name: axis.points[grid.ravel()] for axis, grid in zip(self.axes, grids, strict=True)
        }
        columns["value"] = self.values.ravel()
        columns["unit"] = self._units()
        if self.expected is not None:
            columns["expected"] = np.broadcast_to(self.expected, self.values.shape).ravel()
        if self.null is not None:
            columns |= {f"null_{name}": getattr(self.null, name).ravel() for name in ("mean", "low", "high")}
            columns["p"] = self.null.pointwise_p.ravel()
        return pd.DataFrame(columns)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as numbers, texts, lists and dicts, for JSON; what is not a number is None."""

        def plain(values: Any) -> Any:
            listed = np.asarray(values).tolist()
            return _without_nan(listed)

        found: dict[str, Any] = {
            "statistic": self.name,
            "axes": {axis.name: {"unit": axis.unit, "points": plain(axis.points)} for axis in self.axes},
            "values": plain(self.values),
            "unit": self.unit if isinstance(self.unit, str) else list(self.unit),
            "settings": dict(self.settings),
            **({"verdict": self.verdict} if self.verdict else {}),
        }
        if self.expected is not None:
            found["expected"] = plain(np.broadcast_to(self.expected, self.values.shape))
        if self.null is not None:
            names = ("kind", "simulations", "mean", "sd", "low", "high", "pointwise_p", "p")
            found["null"] = {
                name: plain(getattr(self.null, name)) if name != "kind" else self.null.kind for name in names
            }
        return found


def _without_nan(listed: Any) -> Any:
    if isinstance(listed, list):
        return [_without_nan(each) for each in listed]
    return None if isinstance(listed, float) and not np.isfinite(listed) else listed

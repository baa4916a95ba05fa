"""The observation window: the box in which cells were looked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

__all__ = ["Window", "ball_volume"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A rectangle or a box, um.

    Parameters
    ----------
    low, high
        Corners, one number per axis.

    Raises
    ------
    ModelError
        If it has not two or three axes, or no extent along one of them.

    Examples
    --------
    >>> Window((0, 0), (800, 800)).volume
    640000.0
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or len(self.low) not in (2, 3):
            raise ModelError(f"window: corners {self.low} and {self.high}; allowed: two or three numbers each")
        if not all(low < high and math.isfinite(high - low) for low, high in zip(self.low, self.high, strict=True)):
            raise ModelError(f"window: {self.low} to {self.high}; along each axis it must have an extent above 0")

    @classmethod
    def around(cls, points: Floats) -> Window:
        """Return the smallest box that holds points, (N, d)."""
        return cls(tuple(points.min(0).tolist()), tuple(points.max(0).tolist()))

    @classmethod
    def of(cls, given: Window | Sequence[float]) -> Window:
        """Return a window from itself or from numbers: x low, x high, y low, y high[, z low, z high].

        Examples
        --------
        >>> Window.of([0, 800, 0, 400])
        Window(low=(0.0, 0.0), high=(800.0, 400.0))
        """
        if isinstance(given, Window):
            return given
        numbers = [float(each) for each in given]
        if len(numbers) not in (4, 6):
            raise ModelError(
                f"window: {len(numbers)} numbers; allowed: 4 (x from, to, y from, to) or 6 (and z from, to)"
            )
        return cls(tuple(numbers[::2]), tuple(numbers[1::2]))

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return len(self.low)

    @property
    def sides(self) -> Floats:
        """Edges, um."""
        return np.subtract(self.high, self.low, dtype="f8")

    @property
    def volume(self) -> float:
        """Area (um^2) or volume (um^3)."""
        return float(np.prod(self.sides))

    @property
    def density_unit(self) -> tuple[str, float]:
        """Unit of densities, per mm^2 or mm^3, and how many um^2 or um^3 that is."""
        return f"cell/mm^{self.dimensions}", 1e3**self.dimensions

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Whether each of the points, (N, d), lies inside or on the border."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(1))

    def border_distance(self, points: Floats) -> Floats:
        """Distance of points, (N, d), inside to the nearest face, um."""
        nearest: Floats = np.minimum(points - self.low, np.asarray(self.high) - points).min(1)
        return nearest

    def translation_weights(self, shifts: Floats) -> Floats:
        r"""Translation correction :math:`|W| / |W \cap (W + h)|` of shifts h, (N, d), um.

        References
        ----------
        .. [1] J. Ohser, "On estimators for the reduced second moment measure of point processes", Math.
           Operationsforsch. Statist. Ser. Statist. 14:63 (1983), doi:10.1080/02331888308801687.
        """
        weights: Floats = 1 / np.prod(1 - np.abs(shifts) / self.sides, axis=1)
        return weights


def ball_volume(radius: float | Floats, dimensions: int) -> Floats:
    """Area of a disc or volume of a ball.

    Examples
    --------
    >>> round(float(ball_volume(1.0, 3)), 4)
    4.1888
    """
    factor = math.pi if dimensions == 2 else 4 / 3 * math.pi
    return factor * np.asarray(radius, "f8") ** dimensions

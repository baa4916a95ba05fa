"""What a fit computes: predictions of all rows of the data, their slopes, and the likelihood.

See `fit` for the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..doses import Dose, Regimen
from ..errors import ModelError, suggest
from .description import Body, Drug
from .population import Patients, baseline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ERRORS", "STEP", "ErrorModel", "Fitted", "Problem", "build"]

Floats = NDArray[np.float64]
ErrorModel = Literal["least_squares", "additive", "proportional", "combined"]

ERRORS: dict[str, tuple[str, ...]] = {
    "least_squares": (),
    "additive": ("additive_sd",),
    "proportional": ("proportional_sd",),
    "combined": ("additive_sd", "proportional_sd"),
}
_COLUMNS = ("time", "quantity", "value", "subject", "dose", "error")
_NEEDED = ("time", "quantity", "value")
_TOLERANCE = 1e-10  # of the solver: finite differences of predictions must not see its noise
STEP = 1e-4  # relative step of finite differences


@dataclass(frozen=True, slots=True)
class Fitted:
    """A parameter to estimate.

    Parameters
    ----------
    name
        ``pembrolizumab.clearance``, or the id in the model.
    start
        First guess; None: the value that it has.
    lower, upper
        Bounds.
    scale
        "log": estimated as its logarithm, for what is positive; "linear".
    """

    name: str
    start: float | None = None
    lower: float | None = None
    upper: float | None = None
    scale: Literal["log", "linear"] = "log"

    def inside(self, value: float) -> float:
        """Return a value on the scale of estimation."""
        return math.log(value) if self.scale == "log" else value

    def outside(self, value: float) -> float:
        """Return a value from the scale of estimation."""
        return math.exp(value) if self.scale == "log" else value

    def slope(self, value: float) -> float:
        """Return the change of the parameter per change on the scale of estimation."""
        return value if self.scale == "log" else 1.0


@dataclass(frozen=True)
class _Subject:
    """Rows of one subject: which of the data, its patient, times, and the place of each row's time and quantity."""

    rows: NDArray[np.int64]
    patients: Patients
    times: Floats
    at: NDArray[np.int64]
    quantity: NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """Predictions and residuals as functions of the parameters on the scale of estimation, ``inner``, (P,).

    Parameters
    ----------
    patients, subjects, data, parameters, error
        What `build` made of the arguments of a fit.
    fixed
        Values by id that are held, as in a profile.
    counter
        Evaluations of the model so far, its only element.
    """

    patients: Patients
    subjects: tuple[_Subject, ...]
    data: pd.DataFrame
    parameters: tuple[Fitted, ...]
    error: ErrorModel
    fixed: Mapping[str, float]
    counter: list[int]

    @property
    def measured(self) -> Floats:
        """Measurements, (N,)."""
        return self.data["value"].to_numpy(dtype=np.float64)

    @property
    def weights(self) -> Floats:
        """What residuals are divided with in least squares, (N,)."""
        if self.error == "least_squares" and "error" in self.data:
            return self.data["error"].to_numpy(dtype=np.float64)
        return np.ones(len(self.data))

    def start(self) -> Floats:
        """Return first guesses."""
        known = baseline(self.patients, [each.name for each in self.parameters if each.start is None])
        return np.array(
            [each.inside(known[each.name] if each.start is None else each.start) for each in self.parameters]
        )

    def bounds(self) -> tuple[Floats, Floats]:
        """Return lower and upper bounds."""
        low = [-np.inf if each.lower is None else each.inside(each.lower) for each in self.parameters]
        high = [np.inf if each.upper is None else each.inside(each.upper) for each in self.parameters]
        return np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)

    def named(self, inner: Floats) -> dict[str, float]:
        """Return values on the parameters' own scale."""
        return {each.name: each.outside(float(value)) for each, value in zip(self.parameters, inner, strict=True)}

    def predict(self, inner: Floats) -> Floats:
        """Return the prediction of every row, (N,)."""
        self.counter[0] += 1
        values = {self.patients.identifier(name): value for name, value in self.named(inner).items()} | dict(self.fixed)
        predicted = np.empty(len(self.data))
        for subject in self.subjects:
            found = subject.patients.run(values, subject.times, _TOLERANCE)
            predicted[subject.rows] = found[subject.at, subject.quantity]
        return predicted

    def slopes(self, inner: Floats) -> Floats:
        """Return the derivative of every prediction, (N, P), by central differences."""
        columns = []
        for position in range(len(inner)):
            step = STEP * max(1.0, abs(inner[position])) if self.parameters[position].scale == "linear" else STEP
            shift = np.zeros(len(inner))
            shift[position] = step
            columns.append((self.predict(inner + shift) - self.predict(inner - shift)) / (2 * step))
        return np.array(columns).T.reshape(len(self.data), len(inner))

    def weighted(self, inner: Floats) -> Floats:
        """Return the residuals of least squares, (N,)."""
        return (self.predict(inner) - self.measured) / self.weights

    def jacobian(self, inner: Floats) -> Floats:
        """Return their derivatives, (N, P)."""
        return self.slopes(inner) / self.weights[:, None]

    # ---- maximum likelihood: the parameters, then the logarithms of the standard deviations ----

    def deviations(self, predicted: Floats, spread: Floats) -> Floats:
        """Return the standard deviation of every row."""
        sizes = dict(zip(ERRORS[self.error], np.exp(spread), strict=True))
        variance = sizes.get("additive_sd", 0.0) ** 2 + (sizes.get("proportional_sd", 0.0) * predicted) ** 2
        return np.asarray(np.sqrt(np.maximum(variance, np.finfo(float).tiny)))

    def first_errors(self, inner: Floats) -> Floats:
        """Return first guesses of the standard deviations, as logarithms."""
        predicted = self.predict(inner)
        residual = self.measured - predicted
        share = residual / np.where(predicted == 0, 1.0, predicted)
        guess = {"additive_sd": np.sqrt(np.mean(residual**2)), "proportional_sd": np.sqrt(np.mean(share**2))}
        half = math.sqrt(len(ERRORS[self.error]))
        return np.array([math.log(max(guess[name] / half, 1e-12)) for name in ERRORS[self.error]])

    def likelihood(self, everything: Floats) -> tuple[float, Floats]:
        """Return -log likelihood and its gradient, with slopes of the predictions by differences and all else exact."""
        count = len(self.parameters)
        inner, spread = everything[:count], everything[count:]
        predicted, slopes = self.predict(inner), self.slopes(inner)
        deviation = self.deviations(predicted, spread)
        variance = deviation**2
        residual = self.measured - predicted
        terms = (residual / deviation) ** 2 / 2 + np.log(deviation) + math.log(2 * math.pi) / 2
        by_variance = (1 - residual**2 / variance) / (2 * variance)
        sizes = dict(zip(ERRORS[self.error], np.exp(spread), strict=True))
        by_prediction = -residual / variance + by_variance * 2 * sizes.get("proportional_sd", 0.0) ** 2 * predicted
        own = {"additive_sd": np.ones_like(predicted), "proportional_sd": predicted**2}
        by_spread = [float((by_variance * 2 * sizes[name] ** 2 * own[name]).sum()) for name in ERRORS[self.error]]
        return float(terms.sum()), np.concatenate([slopes.T @ by_prediction, by_spread])

    def log_likelihood_of_squares(self, inner: Floats) -> float:
        """Return the log likelihood of weighted residuals at the best common variance."""
        squares = float((self.weighted(inner) ** 2).sum())
        count = len(self.data)
        return -count / 2 * (math.log(2 * math.pi * squares / count) + 1) - float(np.log(self.weights).sum())


def build(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Dose | Regimen | Iterable[Dose | Regimen],
    data: pd.DataFrame,
    parameters: Sequence[Fitted],
    error: ErrorModel,
) -> Problem:
    """Return the problem that the arguments of a fit pose; see `fit`.

    Raises
    ------
    ModelError
        For columns, quantities and parameters that do not fit, and fewer rows than parameters.
    """
    given = (doses,) if isinstance(doses, Dose | Regimen) else tuple(doses)
    flat = tuple(one for each in given for one in (each.doses if isinstance(each, Regimen) else (each,)))
    patients = Patients(body, tuple(drugs), flat)
    if error not in ERRORS:
        raise ModelError(f"fit: unknown error model '{error}'{suggest(error, ERRORS)}")
    for column in data.columns:
        if column not in _COLUMNS:
            raise ModelError(f"fit: unknown column '{column}'{suggest(str(column), _COLUMNS)}")
    for column in _NEEDED:
        if column not in data:
            raise ModelError(f"fit: the data lack the column '{column}'")
    names = [each.name for each in parameters]
    if not names or len(set(names)) < len(names):
        raise ModelError("fit: needs at least one parameter, each once")
    if len(data) < len(names) + len(ERRORS[error]):
        raise ModelError(f"fit: {len(data)} rows cannot determine {len(names) + len(ERRORS[error])} numbers")
    numbers = data[["time", "value", *(["error"] if "error" in data else [])]].to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all() or ("error" in data and (data["error"] <= 0).any()) or (data["time"] < 0).any():
        raise ModelError("fit: times, values and errors must be finite, times not negative, errors positive")
    for each in parameters:
        edges = [edge for edge in (each.start, each.lower, each.upper) if edge is not None]
        if each.scale == "log" and any(edge <= 0 for edge in edges):
            raise ModelError(f"fit: '{each.name}' is estimated as its logarithm; start and bounds must be positive")
    baseline(patients, names)  # refuses unknown ones
    subjects = data.groupby("subject", sort=False).indices if "subject" in data else {"": np.arange(len(data))}
    built = tuple(_subject(patients, data, np.asarray(rows)) for rows in subjects.values())
    return Problem(patients, built, data.reset_index(drop=True), tuple(parameters), error, {}, [0])


def _subject(patients: Patients, data: pd.DataFrame, rows: NDArray[np.int64]) -> _Subject:
    mine = data.iloc[rows]
    if "dose" in data:
        amounts = mine["dose"].unique().tolist()
        if len(amounts) != 1 or not patients.doses:
            raise ModelError("fit: each subject needs one dose, and the doses that it is the amount of")
        doses = tuple(each.replace(amount=amounts[0]) for each in patients.doses if isinstance(each, Dose))
        patients = patients._replace(doses=doses)
    machine = patients.machine({})
    known = [*machine.signal_names, *machine.species_names]
    for name in mine["quantity"].unique():
        if name not in known:
            raise ModelError(f"fit: unknown quantity '{name}'{suggest(str(name), known)}")
    times, at = np.unique(mine["time"].to_numpy(dtype=np.float64), return_inverse=True)
    quantity = np.array([known.index(name) for name in mine["quantity"]])
    return _Subject(rows, patients, times, at, quantity)

"""Chosen parameters of a body and its drugs fitted to measurements.

The predictions f of all rows are compared with the measurements y. Least squares minimises the sum of ((y - f) / w)^2, where w is
the row's ``error`` or 1; maximum likelihood minimises, with normal errors of a standard deviation s,

    -log L = sum of (y - f)^2 / (2 s^2) + log s + log(2 pi) / 2

where s is a (additive), b |f| (proportional) or sqrt(a^2 + b^2 f^2) (combined), and a and b are estimated too.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..doses import Dose, Regimen
from ..errors import ModelError, suggest
from .description import Body, Drug
from .population import Patients, baseline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ErrorModel", "Fit", "Fitted", "NotIdentifiedWarning", "fit", "profile"]

Floats = NDArray[np.float64]
ErrorModel = Literal["least_squares", "additive", "proportional", "combined"]

_ERRORS: dict[str, tuple[str, ...]] = {
    "least_squares": (),
    "additive": ("additive_sd",),
    "proportional": ("proportional_sd",),
    "combined": ("additive_sd", "proportional_sd"),
}
_COLUMNS = ("time", "quantity", "value", "subject", "dose", "error")
_NEEDED = ("time", "quantity", "value")
_TOLERANCE = 1e-10  # of the solver: finite differences of predictions must not see its noise
_STEP = 1e-4  # relative step of finite differences
_UNIDENTIFIED = 1e-6  # of the largest singular value of the scaled Jacobian
_CERTAIN = 0.95  # of the interval of a profile


class NotIdentifiedWarning(UserWarning):
    """The data do not determine a parameter."""


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
class Fit:
    """What was found.

    Parameters
    ----------
    table
        By parameter (and standard deviation of the error): estimate, standard_error, rse_percent.
    correlation
        Of the estimates, on the scale of estimation.
    residuals
        The data with columns predicted, residual and weighted (residual over its standard deviation).
    objective
        Sum of squares, or -log likelihood.
    log_likelihood, aic, bic
        Of normal errors; for least squares at the maximum over their common variance.
    not_identified
        Parameters that the data do not determine.
    evaluations
        Of the model, all subjects.
    """

    table: pd.DataFrame
    correlation: pd.DataFrame
    residuals: pd.DataFrame
    objective: float
    log_likelihood: float
    aic: float
    bic: float
    not_identified: tuple[str, ...]
    evaluations: int
    problem: _Problem

    @property
    def estimates(self) -> dict[str, float]:
        """Estimates by name, without those of the error model."""
        return {each.name: float(self.table.estimate[each.name]) for each in self.problem.parameters}


def fit(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Dose | Regimen | Iterable[Dose | Regimen],
    data: pd.DataFrame | str | Path,
    parameters: Sequence[Fitted],
    error: ErrorModel = "least_squares",
) -> Fit:
    """Estimate parameters from measurements.

    Parameters
    ----------
    body, drugs, doses
        As for a simulation.
    data
        A table or a CSV file. Columns ``time`` (day), ``quantity`` (a signal, a species or a parameter of the model), ``value``, and optionally
        ``subject`` (each is simulated by itself), ``dose`` (what this subject gets: the amount of every dose) and ``error``
        (standard deviation, for least squares).
    parameters
        What to estimate, shared by all subjects.
    error
        "least_squares", or maximum likelihood with an "additive", "proportional" or "combined" error.

    Returns
    -------
    Fit
        Standard errors are those of the Jacobian (least squares) or of the Hessian (maximum likelihood); on the parameters'
        own scale by the delta method.

    Raises
    ------
    ModelError
        For columns, quantities and parameters that do not fit, and fewer rows than parameters.

    Warns
    -----
    NotIdentifiedWarning
        Naming parameters that the data do not determine.

    Examples
    --------
    >>> import pandas as pd
    >>> decay = Body.from_antimony("model m; A = 10; A' = -k*A; k = 1; end", {"A": {"read": "A"}}, time="day")
    >>> data = pd.DataFrame({"time": [1, 2, 3], "quantity": "A", "value": [6.07, 3.67, 2.24]})
    >>> found = fit(decay, [], [], data, [Fitted("k", start=1.0)])
    >>> round(found.estimates["k"], 2)
    0.5
    """
    from scipy import optimize

    data = _read(data) if isinstance(data, str | Path) else data
    problem = _problem(body, drugs, doses, data, parameters, error)
    low, high = problem.bounds()
    start = np.clip(problem.start(), low, high)
    first = optimize.least_squares(
        problem.weighted,
        start,
        jac=problem.jacobian,
        bounds=(low, high),
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    if error == "least_squares":
        return _of_least_squares(problem, first.x)
    spread = problem.first_errors(first.x)
    limits = [*zip(low, high, strict=True), *[(None, None)] * len(spread)]
    found = optimize.minimize(
        problem.likelihood,
        np.concatenate([first.x, spread]),
        jac=True,
        method="L-BFGS-B",
        bounds=limits,
        options={"ftol": 1e-14, "gtol": 1e-7, "maxiter": 500},
    )
    return _of_likelihood(problem, found.x)


def profile(found: Fit, name: str, values: Sequence[float]) -> pd.DataFrame:
    """Return the profile likelihood of one parameter: the others estimated anew at each of its values.

    Parameters
    ----------
    found
        A fit.
    name
        Of the parameter.
    values
        Where it is fixed.

    Returns
    -------
    pandas.DataFrame
        By value: ``log_likelihood``, ``below_best`` (difference to the best), ``inside`` (whether the value is in the 95 %
        confidence interval: below_best at most half the quantile of chi squared with one degree of freedom), and the estimates of
        the others.
    """
    import pandas as pd
    from scipy import stats

    problem = found.problem
    names = [each.name for each in problem.parameters]
    if name not in names:
        raise ModelError(f"profile: unknown parameter '{name}'{suggest(name, names)}")
    others = tuple(replace(each, start=found.estimates[each.name]) for each in problem.parameters if each.name != name)
    rows = []
    for value in values:
        fixed = replace(problem, parameters=others, fixed={**problem.fixed, problem.patients.identifier(name): value})
        at = _refit(fixed)
        rows.append({"value": value, "log_likelihood": at[0], **at[1]})
    table = pd.DataFrame(rows)
    table.insert(2, "below_best", found.log_likelihood - table.log_likelihood)
    table.insert(3, "inside", table.below_best <= stats.chi2(1).ppf(_CERTAIN) / 2)
    return table


def _refit(problem: _Problem) -> tuple[float, dict[str, float]]:
    """Return the largest log likelihood and the estimates, without standard errors."""
    from scipy import optimize

    low, high = problem.bounds()
    inner = problem.start()
    if len(inner):
        inner = optimize.least_squares(
            problem.weighted, np.clip(inner, low, high), jac=problem.jacobian, bounds=(low, high), x_scale="jac"
        ).x
    if problem.error == "least_squares":
        return problem.log_likelihood_of_squares(inner), problem.named(inner)
    start = np.concatenate([inner, problem.first_errors(inner)])
    limits = [*zip(low, high, strict=True), *[(None, None)] * (len(start) - len(inner))]
    best = optimize.minimize(problem.likelihood, start, jac=True, method="L-BFGS-B", bounds=limits)
    return -float(best.fun), problem.named(best.x[: len(inner)])


@dataclass(frozen=True)
class _Subject:
    """Rows of one subject: which of the data, its patient, times, and the place of each row's time and quantity."""

    rows: NDArray[np.int64]
    patients: Patients
    times: Floats
    at: NDArray[np.int64]
    quantity: NDArray[np.int64]


@dataclass(frozen=True)
class _Problem:
    """Predictions and residuals as functions of the parameters on the scale of estimation."""

    patients: Patients
    subjects: tuple[_Subject, ...]
    data: pd.DataFrame
    parameters: tuple[Fitted, ...]
    error: ErrorModel
    fixed: Mapping[str, float]
    counter: list[int]

    @property
    def measured(self) -> Floats:
        return self.data["value"].to_numpy(dtype=np.float64)

    @property
    def weights(self) -> Floats:
        if self.error == "least_squares" and "error" in self.data:
            return self.data["error"].to_numpy(dtype=np.float64)
        return np.ones(len(self.data))

    def start(self) -> Floats:
        known = baseline(self.patients, [each.name for each in self.parameters if each.start is None])
        return np.array(
            [each.inside(known[each.name] if each.start is None else each.start) for each in self.parameters]
        )

    def bounds(self) -> tuple[Floats, Floats]:
        low = [-np.inf if each.lower is None else each.inside(each.lower) for each in self.parameters]
        high = [np.inf if each.upper is None else each.inside(each.upper) for each in self.parameters]
        return np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)

    def named(self, inner: Floats) -> dict[str, float]:
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
            step = _STEP * max(1.0, abs(inner[position])) if self.parameters[position].scale == "linear" else _STEP
            shift = np.zeros(len(inner))
            shift[position] = step
            columns.append((self.predict(inner + shift) - self.predict(inner - shift)) / (2 * step))
        return np.array(columns).T.reshape(len(self.data), len(inner))

    def weighted(self, inner: Floats) -> Floats:
        return (self.predict(inner) - self.measured) / self.weights

    def jacobian(self, inner: Floats) -> Floats:
        return self.slopes(inner) / self.weights[:, None]

    # ---- maximum likelihood: the parameters, then the logarithms of the standard deviations ----

    def deviations(self, predicted: Floats, spread: Floats) -> Floats:
        """Return the standard deviation of every row."""
        sizes = dict(zip(_ERRORS[self.error], np.exp(spread), strict=True))
        variance = sizes.get("additive_sd", 0.0) ** 2 + (sizes.get("proportional_sd", 0.0) * predicted) ** 2
        return np.asarray(np.sqrt(np.maximum(variance, np.finfo(float).tiny)))

    def first_errors(self, inner: Floats) -> Floats:
        """Return first guesses of the standard deviations, as logarithms."""
        predicted = self.predict(inner)
        residual = self.measured - predicted
        share = residual / np.where(predicted == 0, 1.0, predicted)
        guess = {"additive_sd": np.sqrt(np.mean(residual**2)), "proportional_sd": np.sqrt(np.mean(share**2))}
        half = math.sqrt(len(_ERRORS[self.error]))
        return np.array([math.log(max(guess[name] / half, 1e-12)) for name in _ERRORS[self.error]])

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
        sizes = dict(zip(_ERRORS[self.error], np.exp(spread), strict=True))
        by_prediction = -residual / variance + by_variance * 2 * sizes.get("proportional_sd", 0.0) ** 2 * predicted
        own = {"additive_sd": np.ones_like(predicted), "proportional_sd": predicted**2}
        by_spread = [float((by_variance * 2 * sizes[name] ** 2 * own[name]).sum()) for name in _ERRORS[self.error]]
        return float(terms.sum()), np.concatenate([slopes.T @ by_prediction, by_spread])

    def log_likelihood_of_squares(self, inner: Floats) -> float:
        """Return the log likelihood of weighted residuals at the best common variance."""
        squares = float((self.weighted(inner) ** 2).sum())
        count = len(self.data)
        return -count / 2 * (math.log(2 * math.pi * squares / count) + 1) - float(np.log(self.weights).sum())


def _read(path: str | Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise ModelError(f"{path}: cannot be read as a table ({error})") from error


def _problem(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Dose | Regimen | Iterable[Dose | Regimen],
    data: pd.DataFrame,
    parameters: Sequence[Fitted],
    error: ErrorModel,
) -> _Problem:
    given = (doses,) if isinstance(doses, Dose | Regimen) else tuple(doses)
    flat = tuple(one for each in given for one in (each.doses if isinstance(each, Regimen) else (each,)))
    patients = Patients(body, tuple(drugs), flat)
    if error not in _ERRORS:
        raise ModelError(f"fit: unknown error model '{error}'{suggest(error, _ERRORS)}")
    for column in data.columns:
        if column not in _COLUMNS:
            raise ModelError(f"fit: unknown column '{column}'{suggest(str(column), _COLUMNS)}")
    for column in _NEEDED:
        if column not in data:
            raise ModelError(f"fit: the data lack the column '{column}'")
    names = [each.name for each in parameters]
    if not names or len(set(names)) < len(names):
        raise ModelError("fit: needs at least one parameter, each once")
    if len(data) < len(names) + len(_ERRORS[error]):
        raise ModelError(f"fit: {len(data)} rows cannot determine {len(names) + len(_ERRORS[error])} numbers")
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
    return _Problem(patients, built, data.reset_index(drop=True), tuple(parameters), error, {}, [0])


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


def _of_least_squares(problem: _Problem, inner: Floats) -> Fit:
    residual, jacobian = problem.weighted(inner), problem.jacobian(inner)
    squares, free = float(residual @ residual), len(residual) - len(inner)
    unknown = _not_identified(problem, jacobian)
    variance = squares / free if free else math.nan
    covariance = np.asarray(np.linalg.pinv(jacobian.T @ jacobian) * variance, dtype=np.float64)
    deviation = math.sqrt(variance) * problem.weights
    loglik = problem.log_likelihood_of_squares(inner)
    return _report(problem, inner, np.zeros(0), covariance, unknown, squares, loglik, deviation)


def _of_likelihood(problem: _Problem, everything: Floats) -> Fit:
    count = len(problem.parameters)
    inner, spread = everything[:count], everything[count:]
    deviation = problem.deviations(problem.predict(inner), spread)
    unknown = _not_identified(problem, problem.slopes(inner) / deviation[:, None])
    covariance = np.asarray(
        np.linalg.pinv(_hessian(lambda at: problem.likelihood(at)[1], everything)), dtype=np.float64
    )
    value, _ = problem.likelihood(everything)
    return _report(problem, inner, spread, covariance, unknown, value, -value, deviation)


def _hessian(slope: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return the second derivatives by central differences of the first ones."""
    rows = []
    for position in range(len(at)):
        shift = np.zeros(len(at))
        shift[position] = 10 * _STEP * max(1.0, abs(at[position]))
        rows.append((slope(at + shift) - slope(at - shift)) / (2 * shift[position]))
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _not_identified(problem: _Problem, jacobian: Floats) -> tuple[str, ...]:
    """Return the parameters in directions along which the predictions do not change, and warn of them."""
    _, sizes, directions = np.linalg.svd(jacobian, full_matrices=False)
    flat = sizes <= _UNIDENTIFIED * max(float(sizes.max(initial=0.0)), np.finfo(float).tiny)
    involved = (np.abs(directions[flat]) > 0.1).any(axis=0)
    names = tuple(each.name for each, flag in zip(problem.parameters, involved, strict=True) if flag)
    if names:
        warnings.warn(f"the data do not determine {', '.join(names)}", NotIdentifiedWarning, stacklevel=4)
    return names


def _report(
    problem: _Problem,
    inner: Floats,
    spread: Floats,
    covariance: Floats,
    unknown: tuple[str, ...],
    objective: float,
    log_likelihood: float,
    deviation: Floats,
) -> Fit:
    import pandas as pd

    names = [*(each.name for each in problem.parameters), *_ERRORS[problem.error]]
    estimates = np.array([*problem.named(inner).values(), *np.exp(spread)])
    slopes = [each.slope(value) for each, value in zip(problem.parameters, estimates, strict=False)]
    own = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    errors = own * np.array([*slopes, *np.exp(spread)])
    errors[[name in unknown for name in names]] = np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = covariance / np.outer(own, own)
        percent = 100 * errors / abs(estimates)
    table = pd.DataFrame({"estimate": estimates, "standard_error": errors, "rse_percent": percent}, index=names)
    predicted = problem.predict(inner)
    residual = problem.measured - predicted
    rows = problem.data.assign(predicted=predicted, residual=residual, weighted=residual / deviation)
    count = len(names) + (problem.error == "least_squares")  # the common variance
    return Fit(
        table=table,
        correlation=pd.DataFrame(correlation, index=names, columns=names),
        residuals=rows,
        objective=objective,
        log_likelihood=log_likelihood,
        aic=2 * count - 2 * log_likelihood,
        bic=count * math.log(len(rows)) - 2 * log_likelihood,
        not_identified=unknown,
        evaluations=problem.counter[0],
        problem=problem,
    )

"""Chosen parameters of a body and its drugs fitted to measurements.

The predictions f of all rows are compared with the measurements y. Least squares minimises the sum of ((y - f) / w)^2, where w is
the row's ``error`` or 1; maximum likelihood minimises, with normal errors of a standard deviation s,

    -log L = sum of (y - f)^2 / (2 s^2) + log s + log(2 pi) / 2

where s is a (additive), b |f| (proportional) or sqrt(a^2 + b^2 f^2) (combined), and a and b are estimated too.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..doses import Dose, Regimen
from ..errors import ModelError, suggest
from .description import Body, Drug
from .fit_problem import ERRORS, STEP, ErrorModel, Fitted, Problem, build

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ErrorModel", "Fit", "Fitted", "NotIdentifiedWarning", "fit", "profile"]

Floats = NDArray[np.float64]
_UNIDENTIFIED = 1e-6  # of the largest singular value of the scaled Jacobian
_CERTAIN = 0.95  # of the interval of a profile


class NotIdentifiedWarning(UserWarning):
    """The data do not determine a parameter."""


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
    problem: Problem

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
    problem = build(body, drugs, doses, data, parameters, error)
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


def _refit(problem: Problem) -> tuple[float, dict[str, float]]:
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


def _read(path: str | Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise ModelError(f"{path}: cannot be read as a table ({error})") from error


def _of_least_squares(problem: Problem, inner: Floats) -> Fit:
    residual, jacobian = problem.weighted(inner), problem.jacobian(inner)
    squares, free = float(residual @ residual), len(residual) - len(inner)
    unknown = _not_identified(problem, jacobian)
    variance = squares / free if free else math.nan
    covariance = np.asarray(np.linalg.pinv(jacobian.T @ jacobian) * variance, dtype=np.float64)
    deviation = math.sqrt(variance) * problem.weights
    loglik = problem.log_likelihood_of_squares(inner)
    return _report(problem, inner, np.zeros(0), covariance, unknown, squares, loglik, deviation)


def _of_likelihood(problem: Problem, everything: Floats) -> Fit:
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
        shift[position] = 10 * STEP * max(1.0, abs(at[position]))
        rows.append((slope(at + shift) - slope(at - shift)) / (2 * shift[position]))
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _not_identified(problem: Problem, jacobian: Floats) -> tuple[str, ...]:
    """Return the parameters in directions along which the predictions do not change, and warn of them."""
    _, sizes, directions = np.linalg.svd(jacobian, full_matrices=False)
    flat = sizes <= _UNIDENTIFIED * max(float(sizes.max(initial=0.0)), np.finfo(float).tiny)
    involved = (np.abs(directions[flat]) > 0.1).any(axis=0)
    names = tuple(each.name for each, flag in zip(problem.parameters, involved, strict=True) if flag)
    if names:
        warnings.warn(f"the data do not determine {', '.join(names)}", NotIdentifiedWarning, stacklevel=4)
    return names


def _report(
    problem: Problem,
    inner: Floats,
    spread: Floats,
    covariance: Floats,
    unknown: tuple[str, ...],
    objective: float,
    log_likelihood: float,
    deviation: Floats,
) -> Fit:
    import pandas as pd

    names = [*(each.name for each in problem.parameters), *ERRORS[problem.error]]
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

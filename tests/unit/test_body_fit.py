"""Fits: closed forms of linear regression, recovery of known parameters, error models, identifiability."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qsp_abm.body.description import Body
from qsp_abm.body.fit import Fitted, NotIdentifiedWarning, fit, profile
from qsp_abm.body.population import Patients
from qsp_abm.doses import Dose
from qsp_abm.errors import ModelError
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.parameters import Parameter


def body(text: str, signals: dict[str, tuple[str, str]], **numbers: float) -> Body:
    parameters = tuple(
        Parameter(name=name, value=value, source="test", kind="assumed") for name, value in numbers.items()
    )
    return Body(name="b", antimony=text, signals=signals, parameters=parameters)


LINE = body("y := b_level + b_slope * time;", {"y": ("y", "")}, level=1.0, slope=1.0)
TIMES = np.array([0.0, 1.0, 2.0, 4.0, 7.0, 11.0])
MEASURED = np.array([2.1, 2.9, 4.2, 5.8, 9.3, 12.9])
LINEAR = [Fitted("b.level", 5.0, scale="linear"), Fitted("b.slope", -1.0, scale="linear")]


def line(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"time": TIMES, "quantity": "y", "value": MEASURED} | more)


def regression(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Estimates, covariance and sum of squares in closed form."""
    design = np.column_stack([np.ones_like(TIMES), TIMES]) / weights[:, None]
    inverse = np.linalg.inv(design.T @ design)
    estimates = inverse @ design.T @ (MEASURED / weights)
    squares = float(((MEASURED / weights - design @ estimates) ** 2).sum())
    return estimates, inverse * squares / (len(TIMES) - 2), squares


@pytest.mark.parametrize("weights", [np.ones(6), np.array([0.1, 0.2, 0.1, 0.4, 0.3, 0.5])])
def test_least_squares_is_linear_regression(weights: np.ndarray) -> None:
    found = fit(LINE, [], [], line(error=weights), LINEAR)
    estimates, covariance, squares = regression(weights)
    np.testing.assert_allclose(found.table.estimate, estimates, rtol=1e-6)
    np.testing.assert_allclose(found.table.standard_error, np.sqrt(np.diag(covariance)), rtol=1e-6)
    expected = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found.correlation.loc["b.level", "b.slope"] == pytest.approx(expected, rel=1e-6)
    assert found.objective == pytest.approx(squares, rel=1e-6)
    np.testing.assert_allclose(found.residuals.residual, MEASURED - found.residuals.predicted)
    assert found.table.rse_percent["b.slope"] == pytest.approx(
        100 * math.sqrt(covariance[1, 1]) / estimates[1], rel=1e-6
    )


def test_data_may_be_a_file(tmp_path: Path) -> None:
    line().to_csv(tmp_path / "data.csv", index=False)
    found = fit(LINE, [], [], tmp_path / "data.csv", LINEAR)
    np.testing.assert_allclose(found.table.estimate, regression(np.ones(6))[0], rtol=1e-6)
    with pytest.raises(ModelError, match=r"none\.csv: cannot be read"):
        fit(LINE, [], [], tmp_path / "none.csv", LINEAR)


def test_maximum_likelihood_is_linear_regression_too() -> None:
    found = fit(LINE, [], [], line(), LINEAR, "additive")
    estimates, covariance, squares = regression(np.ones(6))
    np.testing.assert_allclose(found.table.estimate[:2], estimates, rtol=1e-5)
    sigma = math.sqrt(squares / 6)  # of maximum likelihood
    assert found.table.estimate["additive_sd"] == pytest.approx(sigma, rel=1e-5)
    np.testing.assert_allclose(found.table.standard_error[:2], np.sqrt(np.diag(covariance) * 4 / 6), rtol=1e-4)
    assert found.table.standard_error["additive_sd"] == pytest.approx(sigma / math.sqrt(12), rel=1e-3)
    best = -6 / 2 * (math.log(2 * math.pi * sigma**2) + 1)
    assert found.log_likelihood == pytest.approx(best, rel=1e-8)
    assert found.aic == pytest.approx(6 - 2 * best) and found.bic == pytest.approx(3 * math.log(6) - 2 * best)
    squares_fit = fit(LINE, [], [], line(), LINEAR)
    assert (squares_fit.aic, squares_fit.bic) == pytest.approx((found.aic, found.bic), rel=1e-6)


def test_the_profile_of_a_linear_model_is_that_of_its_closed_form() -> None:
    found = fit(LINE, [], [], line(), LINEAR)
    estimates, covariance, squares = regression(np.ones(6))
    values = estimates[1] + np.array([-2.0, -0.5, 0.0, 0.5, 2.0]) * math.sqrt(covariance[1, 1])
    shape = profile(found, "b.slope", values.tolist())
    growth = (values - estimates[1]) ** 2 / covariance[1, 1] * (squares / 4)  # of the sum of squares
    np.testing.assert_allclose(shape.below_best, 3 * np.log1p(growth / squares), atol=1e-6)
    assert shape.inside.tolist() == (3 * np.log1p(growth / squares) <= 1.9207).tolist()
    assert shape.below_best.iloc[2] == pytest.approx(0, abs=1e-8)


DOSES = {"low": 20.0, "high": 200.0}
WANTED = {"pembrolizumab.clearance": 0.31, "pembrolizumab.central_volume": 2.9}


def plasma(error: str, seed: int) -> pd.DataFrame:
    """Two subjects, known parameters, simulated errors."""
    rng = np.random.default_rng(seed)
    times = np.array([0.2, 1.0, 2.0, 4.0, 7.0, 10.0, 14.0, 21.0])
    drug = pembrolizumab()
    tables = []
    for subject, amount in DOSES.items():
        patients = Patients(None, (drug,), (Dose("pembrolizumab", amount),))
        found = patients.run({patients.identifier(name): value for name, value in WANTED.items()}, times)
        true = found[:, 0]
        sizes = {"additive": 0.8, "proportional": 0.1 * true, "combined": np.hypot(0.4, 0.08 * true)}
        noisy = true + sizes[error] * rng.standard_normal(len(times))
        tables.append(
            pd.DataFrame(
                {"time": times, "quantity": "pembrolizumab.plasma", "value": noisy, "subject": subject, "dose": amount}
            )
        )
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize("error", ["additive", "proportional", "combined"])
def test_known_parameters_come_back_within_their_errors(error: str) -> None:
    drug, dose = pembrolizumab(), Dose("pembrolizumab", "1 mg")
    data = plasma(error, seed=3)
    found = fit(None, [drug], dose, data, [Fitted(name) for name in WANTED], error)  # type: ignore[arg-type]
    for name, wanted in WANTED.items():
        distance = abs(found.table.estimate[name] - wanted) / found.table.standard_error[name]
        assert distance < 3.0, (name, found.table)
        assert 0.5 < found.table.rse_percent[name] < 30
    assert not found.not_identified
    assert abs(found.residuals.weighted).max() < 4


def test_without_errors_the_parameters_come_back_exactly() -> None:
    drug = pembrolizumab()
    times = np.array([0.2, 1.0, 5.0, 14.0])
    patients = Patients(None, (drug,), (Dose("pembrolizumab", "200 mg"),))
    true = patients.run({patients.identifier(name): value for name, value in WANTED.items()}, times, 1e-10)[:, 0]
    data = pd.DataFrame({"time": times, "quantity": "pembrolizumab.plasma", "value": true})
    found = fit(
        None, [drug], Dose("pembrolizumab", "200 mg"), data, [Fitted(name, lower=0.01, upper=50) for name in WANTED]
    )
    for name, wanted in WANTED.items():
        assert found.estimates[name] == pytest.approx(wanted, rel=1e-6)


def test_what_the_data_do_not_determine_is_said() -> None:
    """Only the product of two parameters matters; and one that matters not at all."""
    twin = body("y := b_one * b_two * time; z := b_none;", {"y": ("y", "")}, one=1.0, two=2.0, none=1.0)
    data = pd.DataFrame({"time": TIMES, "quantity": "y", "value": 3 * TIMES + np.array([0.1, -0.1, 0.2, 0, -0.2, 0.1])})
    with pytest.warns(NotIdentifiedWarning, match=r"b\.one, b\.two"):
        found = fit(twin, [], [], data, [Fitted("b.one"), Fitted("b.two")])
    assert found.not_identified == ("b.one", "b.two")
    assert np.isinf(found.table.standard_error).all()
    with pytest.warns(NotIdentifiedWarning, match=r"determine b\.none$"):
        fit(twin, [], [], data, [Fitted("b.one"), Fitted("b.none")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(twin, [], [], data, [Fitted("b.one")])


@pytest.mark.parametrize(
    ("data", "parameters", "error", "said"),
    [
        (line().rename(columns={"value": "valeu"}), LINEAR, "additive", "unknown column 'valeu'; did you mean 'value'"),
        (line().drop(columns="value"), LINEAR, "additive", "lack the column 'value'"),
        (line(quantity="Y1"), LINEAR, "additive", "unknown quantity 'Y1'"),
        (line(), [Fitted("b.slop")], "additive", "did you mean 'b.slope'"),
        (line(), LINEAR, "normal", "unknown error model 'normal'"),
        (line()[:2], LINEAR, "additive", "2 rows cannot determine 3"),
        (line(), [Fitted("b.slope", start=-1.0)], "additive", "must be positive"),
        (line(error=0.0), LINEAR, "least_squares", "errors positive"),
        (line(dose=1.0), LINEAR, "least_squares", "each subject needs one dose"),
    ],
)
def test_what_does_not_fit_is_refused(data: pd.DataFrame, parameters: list[Fitted], error: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        fit(LINE, [], [], data, parameters, error)  # type: ignore[arg-type]

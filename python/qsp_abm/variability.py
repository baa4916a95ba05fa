"""How patients differ: typical values, covariate effects and correlated random effects, as population models state them.

An individual value is the typical value times its covariate effects times ``exp(eta)``, or plus eta for the random effects that
are named additive. The numbers stand in the table ``[variability]`` of the TOML file of a drug, beside the typical values.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Setting
from pydantic import model_validator

from . import units
from .errors import ModelError, suggest
from .frozen import Frozen
from .parameters import Kind

if TYPE_CHECKING:
    from .body.description import Drug

__all__ = ["Covariate", "CovariateEffect", "Variability", "draw_patients", "individual", "load_variability"]

Floats = NDArray[np.float64]


class Covariate(Frozen):
    """Something measured in a patient that a population model knows.

    Parameters
    ----------
    reference
        Value of the typical patient; 0 for an indicator (0 or 1).
    unit
        Empty for an indicator.
    parameter
        Parameter of the drug that holds it, such as ``weight``; its effect is then part of the model and not stated here.
    """

    reference: float
    unit: str = ""
    parameter: str | None = None


class CovariateEffect(Frozen):
    """What one covariate does to one parameter: a factor on the typical value, 1 at the reference.

    Parameters
    ----------
    covariate, parameter
        Names.
    form
        ``power``: ``(x / reference) ** value``; ``exponential``: ``exp(value * (x - reference))``; ``linear``:
        ``1 + value * (x - reference)``; ``factor``: ``value ** (x - reference)``; ``log-power``:
        ``(ln x / ln reference) ** value``.
    value
        The estimate.
    """

    covariate: str
    parameter: str
    form: Literal["power", "exponential", "linear", "factor", "log-power"]
    value: float

    def factor(self, x: float, reference: float) -> float:
        """Return the factor at a value of the covariate."""
        if self.form == "power":
            return float((x / reference) ** self.value)
        if self.form == "log-power":
            return float((math.log(x) / math.log(reference)) ** self.value)
        if self.form == "exponential":
            return math.exp(self.value * (x - reference))
        if self.form == "linear":
            return 1.0 + self.value * (x - reference)
        return float(self.value ** (x - reference))


class Variability(Frozen):
    """How the patients of one population model differ.

    Parameters
    ----------
    source, kind
        As in `Parameter`.
    random
        Random effect -> the parameters that it acts on; several may share one.
    omega
        Covariance matrix of the random effects, in the order of `random`; on the log scale, except those in `additive`.
    additive
        Random effects that are added instead of multiplying by ``exp(eta)``.
    covariates
        Their reference values.
    effects
        Covariate effects.
    residual
        Standard deviations of the residual error by form (``proportional``, ``additive``, ``log``), for records only.
    note
        Conventions and doubts.
    """

    source: Annotated[str, Setting(min_length=1)]
    kind: Kind
    random: dict[str, tuple[str, ...]] = {}
    omega: tuple[tuple[float, ...], ...] = ()
    additive: tuple[str, ...] = ()
    covariates: dict[str, Covariate] = {}
    effects: tuple[CovariateEffect, ...] = ()
    residual: dict[str, float] = {}
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        size = len(self.random)
        matrix = np.array(self.omega, dtype=np.float64).reshape(-1, size) if size else np.zeros((0, 0))
        if matrix.shape != (size, size):
            raise ValueError(f"omega is {matrix.shape}; allowed: one row and column for each of {size} random effects")
        if size and (not np.array_equal(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min() < -1e-12):
            raise ValueError("omega must be symmetric and positive semidefinite")
        for name in self.additive:
            if name not in self.random:
                raise ValueError(f"additive: unknown random effect '{name}'{suggest(name, self.random)}")
        for effect in self.effects:
            if effect.covariate not in self.covariates:
                raise ValueError(f"unknown covariate '{effect.covariate}'{suggest(effect.covariate, self.covariates)}")
        return self

    def values(
        self, typical: Mapping[str, float], covariates: Mapping[str, float] | None = None, eta: Sequence[float] = ()
    ) -> dict[str, float]:
        """Return the parameters of one patient that differ from, or may differ from, the typical ones.

        Parameters
        ----------
        typical
            Typical values by parameter.
        covariates
            By name; those left out are at their reference.
        eta
            Random effects in the order of `random`; none: all 0.

        Raises
        ------
        ModelError
            For an unknown covariate, or one that is not a positive number where its effect needs one.
        """
        given = dict(covariates or {})
        for name in given:
            if name not in self.covariates:
                raise ModelError(f"patient: unknown covariate '{name}'{suggest(name, self.covariates)}")
        found: dict[str, float] = {}
        for name, covariate in self.covariates.items():
            if covariate.parameter is not None and name in given:
                found[covariate.parameter] = float(given[name])
        for effect in self.effects:
            if effect.covariate not in given:
                continue
            x, reference = float(given[effect.covariate]), self.covariates[effect.covariate].reference
            if not math.isfinite(x) or (x <= 0 and effect.form in ("power", "log-power")):
                raise ModelError(f"patient: covariate '{effect.covariate}' is {x:g}; it must be a number above 0")
            found[effect.parameter] = found.get(effect.parameter, typical[effect.parameter]) * effect.factor(
                x, reference
            )
        for (name, parameters), value in zip(self.random.items(), eta, strict=bool(len(eta))):
            for parameter in parameters:
                before = found.get(parameter, typical[parameter])
                found[parameter] = before + value if name in self.additive else before * math.exp(value)
        return found


def load_variability(table: str) -> Variability | None:
    """Read the table ``[variability]`` of a parameter file; None if it has none.

    ``omega`` lists variances and, as ``"one two"``, covariances; text with a percent sign is a coefficient of variation, taken as
    ``omega^2 = ln(1 + CV^2)``.

    Examples
    --------
    >>> load_variability("pembrolizumab").omega[0][0]
    0.134
    """
    path = resources.files("qsp_abm") / "library" / "parameters" / f"{table}.toml"
    given = tomllib.loads(path.read_text(encoding="utf-8")).get("variability")
    if given is None:
        return None
    random = {name: tuple(parameters) for name, parameters in given.pop("random", {}).items()}
    return Variability(
        random=random,
        omega=_matrix(list(random), given.pop("omega", {}), table),
        covariates={name: Covariate(**each) for name, each in given.pop("covariates", {}).items()},
        effects=tuple(CovariateEffect(**each) for each in given.pop("effects", [])),
        **given,
    )


def _matrix(names: list[str], given: Mapping[str, Any], table: str) -> tuple[tuple[float, ...], ...]:
    matrix = np.zeros((len(names), len(names)))
    for key, value in given.items():
        pair = key.split() * 2
        for name in pair[:2]:
            if name not in names:
                raise ModelError(f"{table}.variability.omega: unknown random effect '{name}'{suggest(name, names)}")
        row, column = names.index(pair[0]), names.index(pair[1])
        matrix[row, column] = matrix[column, row] = (
            math.log1p(units.to(value, "", f"{table}.variability.omega.{key}") ** 2)
            if isinstance(value, str)
            else value
        )
    return tuple(tuple(float(each) for each in row) for row in matrix)


def individual(drug: Drug, values: Mapping[str, float]) -> Drug:
    """Return a drug in one patient, with some of its parameters replaced.

    Parameters
    ----------
    drug
        The typical patient.
    values
        Parameter -> value in its unit, such as a row of `draw_patients`.

    Raises
    ------
    ModelError
        For an unknown parameter.
    """
    known = drug.typical
    for name in values:
        if name not in known:
            raise ModelError(f"{drug.name}: unknown parameter '{name}'{suggest(name, known)}")
    parameters = tuple(
        parameter.replace(value=float(values[parameter.name])) if parameter.name in values else parameter
        for parameter in drug.parameters
    )
    fields = {"weight": "weight", "height": "height", "infusion_time": "duration"}  # parameters that the doses read too
    changed = {field: float(values[name]) for name, field in fields.items() if name in values}
    return drug.replace(parameters=parameters, **changed)


def draw_patients(
    drug: Drug, count: int, seed: int, covariates: Mapping[str, float | Sequence[float] | Floats] | None = None
) -> list[dict[str, float]]:
    """Draw patients from the population model of a drug.

    Parameters
    ----------
    drug
        With a `variability`.
    count
        Number of patients.
    seed
        The first k of n patients are the same for every n.
    covariates
        Name -> one value for all, or one for each patient; those left out are at their reference.

    Returns
    -------
    list
        For each patient the parameters that may differ from the typical ones, by name, for `individual` or the function of
        the library that makes the drug.

    Raises
    ------
    ModelError
        For a drug without variability, an unknown covariate, or a wrong number of values.

    Examples
    --------
    >>> from qsp_abm.library.drugs import pembrolizumab
    >>> first, second = draw_patients(pembrolizumab(), 2, seed=1, covariates={"weight": [60.0, 90.0]})
    >>> second["weight"], sorted(first)[:2]
    (90.0, ['central_volume', 'clearance'])
    """
    model = drug.variability
    if model is None:
        raise ModelError(f"{drug.name}: no variability is known; allowed: drugs with a population model")
    columns = {}
    for name, given in (covariates or {}).items():
        column = (
            np.broadcast_to(np.asarray(given, dtype=np.float64), (count,)) if np.size(given) in (1, count) else None
        )
        if column is None:
            raise ModelError(f"{drug.name}: covariate '{name}' has {np.size(given)} values for {count} patients")
        columns[name] = column
    normal = np.random.default_rng(seed).standard_normal((count, len(model.random)))
    eta = normal @ _root(model.omega).T if model.random else normal
    typical = drug.typical
    return [
        model.values(typical, {name: float(column[row]) for name, column in columns.items()}, eta[row].tolist())
        for row in range(count)
    ]


def _root(omega: tuple[tuple[float, ...], ...]) -> Floats:
    """A matrix whose product with its transpose is omega, also where omega is singular."""
    values, vectors = np.linalg.eigh(np.array(omega, dtype=np.float64))
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return root

"""Many patients of one body: compiled once in a process, then one short run each."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import units
from ..doses import Dose, Regimen
from ..errors import ModelError, SolverError, suggest
from .description import Body, Drug, parameter_values
from .machine import BodyMachine

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Patients", "simulate_patients"]

Floats = NDArray[np.float64]

RELATIVE_TOLERANCE = 1e-8  # a patient is solved from dose to dose, not in steps of minutes: nothing adds up
_WEIGHT = "weight"  # the parameter of a drug that is also the weight of its doses per kg
_CHUNKS = 4  # per process, so that none waits long for the last


class Patients(NamedTuple):
    """A body with its drugs and doses, of which patients differ in parameters.

    Parameters
    ----------
    body, drugs, doses
        As for a simulation.
    """

    body: Body | None
    drugs: tuple[Drug, ...] = ()
    doses: tuple[Dose | Regimen, ...] = ()

    def identifier(self, name: str) -> str:
        """Return the id of a parameter: ``pembrolizumab.clearance`` or the id itself.

        Raises
        ------
        ModelError
            For a name that is neither.
        """
        parts = [*([self.body] if self.body else []), *self.drugs]
        dotted = {f"{part.name}.{each.name}": part.identifier(each.name) for part in parts for each in part.parameters}
        identifier = dotted.get(name, name)
        if identifier not in dotted.values() and not (self.body is not None and self.body.sbml):
            raise ModelError(f"unknown parameter '{name}'{suggest(name, [*dotted, *dotted.values()])}")
        return identifier

    def machine(self, values: Mapping[str, float], relative_tolerance: float = RELATIVE_TOLERANCE) -> BodyMachine:
        """Return one patient at the start; `values` by id."""
        weights = {drug.name: values.get(drug.identifier(_WEIGHT)) for drug in self.drugs}
        drugs = [drug if weights[drug.name] is None else drug.replace(weight=weights[drug.name]) for drug in self.drugs]
        return BodyMachine(self.body, drugs, self.doses, values=values, relative_tolerance=relative_tolerance)

    def run(self, values: Mapping[str, float], times: Floats, relative_tolerance: float = RELATIVE_TOLERANCE) -> Floats:
        """Return signals and species of one patient at times (day), (T, Q); what is given at a time comes after it."""
        return self.machine(values, relative_tolerance).sample(times.tolist())


def simulate_patients(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Dose | Regimen | Iterable[Dose | Regimen],
    parameter_sets: pd.DataFrame,
    times: ArrayLike,
    *,
    processes: int = 1,
    relative_tolerance: float = RELATIVE_TOLERANCE,
) -> xr.Dataset:
    """Run a body once for each row of a table of parameters.

    Parameters
    ----------
    body, drugs, doses
        As for a simulation.
    parameter_sets
        A row per patient, a column per parameter: ``pembrolizumab.clearance`` or the id in the model; what is left out keeps its
        value. The ``weight`` of a drug is also that of its doses per kg. The index names the patients.
    times
        (T,), day, rising; numbers or texts such as ``"3 week"``.
    processes
        How many share the work; no bit of the result depends on it.
    relative_tolerance
        Of the solver.

    Returns
    -------
    xarray.Dataset
        ``value`` (patient, time, quantity) of every signal and every amount, ``unit`` (quantity), and ``parameter_value``
        (patient, parameter).

    Raises
    ------
    ModelError
        For unknown parameters and what a simulation refuses.
    SolverError
        Naming the patient that cannot be solved.

    Examples
    --------
    >>> import pandas as pd
    >>> from qsp_abm.library.drugs import pembrolizumab
    >>> from qsp_abm.library.regimens import pembrolizumab_200mg_q3w
    >>> sets = pd.DataFrame({"pembrolizumab.clearance": [0.2, 0.3]}, index=["a", "b"])
    >>> found = simulate_patients(None, [pembrolizumab()], pembrolizumab_200mg_q3w(), sets, [0, 21, 42])
    >>> plasma = found.value.sel(quantity="pembrolizumab.plasma", time=42)
    >>> bool(plasma.sel(patient="a") > plasma.sel(patient="b"))
    True
    """
    import xarray as xr

    given = (doses,) if isinstance(doses, Dose | Regimen) else tuple(doses)
    patients = Patients(body, tuple(drugs), given)
    days = _days(times)
    identifiers = [patients.identifier(str(name)) for name in parameter_sets.columns]
    numbers = parameter_sets.to_numpy(dtype=np.float64)
    if not len(numbers):
        raise ModelError("parameter_sets: holds no patient")
    if not np.isfinite(numbers).all():
        raise ModelError("parameter_sets: every value must be a finite number")
    labels = [str(label) for label in parameter_sets.index]
    first = patients.machine(dict(zip(identifiers, numbers[0], strict=True)))
    quantities = [*first.signal_names, *first.species_names]
    values = np.empty((len(numbers), len(days), len(quantities)))
    for where, block in _blocks(patients, identifiers, numbers, labels, days, processes, relative_tolerance):
        values[where] = block
    return xr.Dataset(
        {
            "value": (("patient", "time", "quantity"), values),
            "parameter_value": (("patient", "parameter"), numbers),
        },
        coords={
            "patient": parameter_sets.index.to_numpy(),
            "time": ("time", days, {"units": "day"}),
            "quantity": quantities,
            "unit": ("quantity", [*first.signal_units, *first.species_units]),
            "parameter": [str(name) for name in parameter_sets.columns],
        },
    )


def _days(times: ArrayLike) -> Floats:
    given = np.atleast_1d(np.asarray(times, dtype=object))
    days = np.array([units.to_days(each, "times", non_negative=True) for each in given.tolist()], dtype=np.float64)
    if not len(days) or (np.diff(days) <= 0).any():
        raise ModelError("times: must rise, and there must be at least one")
    return days


def _blocks(
    patients: Patients,
    identifiers: list[str],
    numbers: Floats,
    labels: list[str],
    days: Floats,
    processes: int,
    tolerance: float,
) -> Iterable[tuple[slice, Floats]]:
    """Yield rows of patients and their values."""
    if processes < 1:
        raise ModelError(f"processes: {processes} is not allowed; it must be at least 1")
    size = -(-len(numbers) // (processes * _CHUNKS)) if processes > 1 else len(numbers)
    places = [slice(begin, begin + size) for begin in range(0, len(numbers), size)]
    if processes == 1:
        for where in places:
            yield where, _solve(patients, identifiers, numbers[where], labels[where], days, tolerance)
        return
    # spawned, not forked: the solver's compiler does not survive a fork reliably
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [
            pool.submit(_solve, patients, identifiers, numbers[where], labels[where], days, tolerance)
            for where in places
        ]
        for where, job in zip(places, jobs, strict=True):
            yield where, job.result()


def _solve(
    patients: Patients, identifiers: list[str], numbers: Floats, labels: list[str], days: Floats, tolerance: float
) -> Floats:
    found = []
    for label, row in zip(labels, numbers.tolist(), strict=True):
        try:
            found.append(patients.run(dict(zip(identifiers, row, strict=True)), days, tolerance))
        except SolverError as error:
            raise SolverError(f"patient '{label}': {error}") from error
    return np.array(found)


def baseline(patients: Patients, names: Sequence[str]) -> dict[str, float]:
    """Return the values that named parameters have by themselves.

    Raises
    ------
    ModelError
        For names that the model does not have.
    """
    known = parameter_values(patients.body, patients.drugs)
    missing = [name for name in names if patients.identifier(name) not in known]
    if missing:
        known |= patients.machine({}).parameter_values()
    unknown = [name for name in missing if patients.identifier(name) not in known]
    if unknown:
        raise ModelError(f"unknown parameter '{unknown[0]}'{suggest(unknown[0], known)}")
    return {name: known[patients.identifier(name)] for name in names}

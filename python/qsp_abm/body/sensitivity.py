"""What the body does when its parameters change: scans over values, and local sensitivities."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..doses import Dose, Regimen
from ..errors import ModelError
from .description import Body, Drug
from .population import Patients, baseline, simulate_patients

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["local_sensitivities", "scan"]

STEP = 1e-3  # relative: truncation is about 1e-6, the solver's noise over the step about 1e-7
_TOLERANCE = 1e-10

Doses = Dose | Regimen | Iterable[Dose | Regimen]


def scan(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Doses,
    values: Mapping[str, Sequence[float]],
    times: ArrayLike,
    *,
    processes: int = 1,
) -> xr.Dataset:
    """Run a body at all combinations of values of its parameters; see `simulate_patients`.

    Parameters
    ----------
    values
        Parameter -> its values; the last one varies fastest.

    Raises
    ------
    ModelError
        As `simulate_patients`.
    """
    import pandas as pd

    table = pd.DataFrame(list(itertools.product(*values.values())), columns=list(values), dtype=float)
    return simulate_patients(body, drugs, doses, table, times, processes=processes)


def local_sensitivities(
    body: Body | None,
    drugs: Sequence[Drug],
    doses: Doses,
    parameters: Sequence[str] | Mapping[str, float],
    times: ArrayLike,
    *,
    step: float = STEP,
    processes: int = 1,
) -> xr.Dataset:
    """Return derivatives of every quantity with respect to parameters, by central differences.

    Parameters
    ----------
    body, drugs, doses, times, processes
        As for `simulate_patients`.
    parameters
        Names, taken at the values that they have; or name -> value. Each alone is changed.
    step
        Relative, to either side.

    Returns
    -------
    xarray.Dataset
        ``derivative`` (parameter, time, quantity), in the quantity's unit over the parameter's, and ``elasticity``, the relative
        change over the relative change (NaN where the quantity is 0).

    Raises
    ------
    ModelError
        For a parameter whose value is 0, which has no relative step, and as `simulate_patients`.

    Examples
    --------
    >>> from qsp_abm.library.drugs import pembrolizumab
    >>> found = local_sensitivities(None, [pembrolizumab()], Dose("pembrolizumab", "200 mg"), ["pembrolizumab.clearance"], [21])
    >>> bool(found.elasticity.sel(quantity="pembrolizumab.plasma").item() < 0)
    True
    """
    import pandas as pd
    import xarray as xr

    given = (doses,) if isinstance(doses, Dose | Regimen) else tuple(doses)
    names = list(parameters)
    patients = Patients(body, tuple(drugs), given)
    values = dict(parameters) if isinstance(parameters, Mapping) else baseline(patients, names)
    for name, value in values.items():
        if value == 0:
            raise ModelError(f"parameter '{name}': its value is 0; a relative step needs another one")
    here = np.array([values[name] for name in names])
    rows = [here]
    for position in range(len(names)):
        for sign in (1, -1):
            changed = here.copy()
            changed[position] *= 1 + sign * step
            rows.append(changed)
    table = pd.DataFrame(rows, columns=names)
    found = simulate_patients(body, drugs, given, table, times, processes=processes, relative_tolerance=_TOLERANCE)
    results = found.value.to_numpy()
    widths = 2 * step * here
    derivative = (results[1::2] - results[2::2]) / widths[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        elasticity = derivative * here[:, None, None] / results[0]
    elasticity[~np.isfinite(elasticity)] = np.nan
    dims = ("parameter", "time", "quantity")
    coords = {"parameter": names, **{name: found.coords[name] for name in ("time", "quantity", "unit")}}
    return xr.Dataset({"derivative": (dims, derivative), "elasticity": (dims, elasticity)}, coords=coords)

"""A body by itself: an ODE model run from its start to a time, as its file has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .invariance import check_invariance
from .normalise import UnitMode, normalise
from .ode import trajectory
from .sbml import SbmlModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BodyRun", "run_body"]

Floats = NDArray[np.float64]

RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-14  # the solver multiplies it by the amount at the start
ABSOLUTE_TOLERANCE_OF_ITEMS = 1e-12  # molecules or cells
MOST_POINTS = 1_000_000


@dataclass(frozen=True, slots=True)
class BodyRun:
    """What came out.

    Parameters
    ----------
    model
        The model that was run.
    times
        (T,), in the model's own unit of time.
    values
        (T, Q): the quantities of the model at these times, each in the unit that its file gives.
    """

    model: SbmlModel
    times: Floats
    values: Floats

    @property
    def final(self) -> dict[str, float]:
        """Every quantity at the last time, by SBML id."""
        return {each.id: float(value) for each, value in zip(self.model.quantities, self.values[-1], strict=True)}

    def table(self) -> pd.DataFrame:
        """Return the trajectories as a table, indexed by time, one column for each quantity (SBML ids)."""
        import pandas as pd

        index = pd.Index(self.times, name="time")
        return pd.DataFrame(self.values, index=index, columns=[each.id for each in self.model.quantities])


def run_body(
    model: SbmlModel,
    until: float,
    every: float | None = None,
    values: Mapping[str, float] | None = None,
    *,
    units: UnitMode = "as-is",
    relative_tolerance: float = RELATIVE_TOLERANCE,
    absolute_tolerance: float = ABSOLUTE_TOLERANCE,
) -> BodyRun:
    """Run a model from time 0.

    Parameters
    ----------
    model
        As `load` or `read_sbml` give it.
    until
        Last time, in the model's own unit.
    every
        Interval between the times that are kept; None: only the start and the end.
    values
        Id -> value of species (in the sense of their id), parameters and compartments, set before initial values are worked
        out.
    units
        "as-is": the numbers of the file as they are; "convert": scaled to one coherent set for the run, reported in the units
        of the file; "auto": converted if the file mixes units and all its formulas allow it.
    relative_tolerance, absolute_tolerance
        Of the solver.

    Raises
    ------
    ModelError
        For units that cannot be converted, times that cannot be, and ids that cannot be set.
    SolverError
        If the solver fails, with what it said.

    Examples
    --------
    >>> from qsp_abm.body.alone import run_body
    >>> from qsp_abm.body.ode import to_sbml
    >>> from qsp_abm.body.sbml import read_sbml
    >>> model = read_sbml(to_sbml("model decay; substanceOnly species A = 1; A -> ; k*A; k = 1; end"))
    >>> round(run_body(model, until=1).final["A"], 6)
    0.367879
    """
    if not model.quantities:
        raise ModelError(f"{model.id}: holds no species and nothing that changes")
    if not (np.isfinite(until) and until > 0):
        raise ModelError(f"until: {until!r} is not allowed; it must be a positive time")
    if every is not None and not (np.isfinite(every) and 0 < every <= until):
        raise ModelError(f"every: {every!r} is not allowed; it must be a positive time of at most {until:g}")
    points = 1 if every is None else int(np.floor(until / every * (1 + 1e-12)))
    if points > MOST_POINTS:
        raise ModelError(f"every: {every!r} makes {points} points; allowed: at most {MOST_POINTS}")
    times: Floats = np.array([0.0, until]) if every is None else np.arange(points + 1, dtype=np.float64) * every
    if times[-1] < until * (1 - 1e-12):
        times = np.append(times, until)
    times[-1] = until
    run = model.with_values(values or {})
    scaled = normalise(run, units)
    if scaled is not None:
        check_invariance(run)
    found = trajectory(
        run.text if scaled is None else scaled.model.text,
        times if scaled is None else times * scaled.time,
        [each.selection for each in model.quantities],
        relative_tolerance=relative_tolerance,
        absolute_tolerance=absolute_tolerance if scaled is None else ABSOLUTE_TOLERANCE_OF_ITEMS,
    )
    if scaled is not None:
        found = found / np.array([scaled.factors[each.id] for each in model.quantities])
    return BodyRun(model, times, found)

"""The safety net of unit conversion: rates must be the same whatever units they are computed in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .normalise import SI, normalise
from .ode import reaction_rates
from .sbml import SbmlModel

__all__ = ["check_invariance"]

Floats = NDArray[np.float64]

STATES = 20
LARGEST_DIFFERENCE = 1e-5  # relative; 3e-7 was the largest seen, where a formula cancels
NEGLIGIBLE = 1e-12  # of the largest rate


def check_invariance(model: SbmlModel) -> None:
    """Compare all reaction rates in two sets of units, at the start and at random states.

    Random ones, since near a steady state rates are differences that cancel.

    Raises
    ------
    ModelError
        Naming the reaction that disagrees most: a formula depends on its units, although its dimensions fit.
    """
    ours, theirs = normalise(model), normalise(model, base=SI)
    assert ours is not None and theirs is not None  # both convert
    substance = ours.base["mole"] / theirs.base["mole"]
    rng = np.random.default_rng(0)

    def states(start: Floats) -> list[Floats]:
        typical = start + 1e-3 * np.abs(start).mean()
        return [start, *(typical * rng.lognormal(0.0, 1.0, len(start)) for _ in range(STATES))]

    reactions, visited, rates = reaction_rates(ours.model.text, states)
    _, _, others = reaction_rates(theirs.model.text, lambda _: [state * substance for state in visited])
    others = others * (ours.base["second"] / theirs.base["second"]) / substance
    floor = NEGLIGIBLE * np.abs(rates).max(axis=1, keepdims=True, initial=0.0)
    wrong = np.abs(others - rates) / np.maximum(np.maximum(np.abs(rates), floor), np.finfo(float).tiny)
    if wrong.size and not wrong.max() <= LARGEST_DIFFERENCE:
        worst = reactions[int(np.unravel_index(np.nanargmax(wrong), wrong.shape)[1])]
        raise ModelError(
            f"{model.id}: the rate of reaction '{worst}' depends on the units it is computed in (by {np.nanmax(wrong):.1e}); "
            "load the model with units 'as-is'"
        )

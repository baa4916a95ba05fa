"""One rule."""

from __future__ import annotations

from typing import Literal

from ..frozen import Frozen

__all__ = ["Rule"]


class Rule(Frozen):
    """One signal increases or decreases one parameter.

    Parameters
    ----------
    target
        ``process.parameter``, such as ``divide.rate`` or ``trait.pdl1_induced.target``.
    signal
        What is read: ``field.<name>``, ``trait.<name>``, ``contact.<type or group>`` (cells in the Moore neighbourhood),
        ``crowding`` (fraction of neighbouring voxels that hold a solid cell), ``body.<signal>``,
        ``synapse.<name>.target`` (bonds per um2 with the engaged target), ``synapse.<name>.max`` (with the neighbour of
        highest ligand), ``engaged`` (1 while engaged), ``age`` (days since birth).
    effect
        ``increases`` or ``decreases``.
    half
        The signal at half of the effect, a number in the signal's unit or text with a unit.
    limit
        The parameter at saturation, a number in the parameter's unit or text with a unit. All increasing rules of one
        parameter share one limit, and so do all decreasing ones.
    power
        Hill power.

    Examples
    --------
    >>> Rule(target="divide.rate", signal="field.oxygen", effect="increases", half="5 mmHg", limit="0.1 / day").power
    1.0
    """

    target: str
    signal: str
    effect: Literal["increases", "decreases"]
    half: float | str
    limit: float | str
    power: float = 1.0

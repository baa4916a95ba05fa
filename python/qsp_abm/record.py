"""What of a run is written, and how often."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field as Setting
from pydantic import field_validator

from .frozen import Frozen, Quantity

__all__ = ["Record"]

_PRECISION = 2.0**-13


class Record(Frozen):
    """What is written.

    Parameters
    ----------
    every
        Time between two frames, day.
    checkpoint
        Time between two stored states from which a run can be resumed, day.
    fields
        Names of the fields that are written; None: all.
    traits
        Names of the traits that are written; None: all.
    precision
        Largest relative error of a written field; 1.2e-4 takes half the space of all 24 bits.
    sample
        Part of the cells that is written, the same cells in every frame; counts, events and lineage are always those of all cells.
    statistics
        Spatial statistics that are measured at each frame: names, or tables of a name and options.

    Examples
    --------
    >>> Record(every="1 day", precision=0.01).bits
    6
    """

    every: Annotated[float, Quantity("day", positive=True)] = 0.25
    checkpoint: Annotated[float, Quantity("day", positive=True)] = 5.0
    fields: tuple[str, ...] | None = None
    traits: tuple[str, ...] | None = None
    precision: Annotated[float, Setting(ge=2.0**-24, le=0.25)] = _PRECISION
    sample: Annotated[float, Setting(gt=0, le=1)] = 1.0
    statistics: tuple[str | dict[str, Any], ...] = ()

    @field_validator("statistics")
    @classmethod
    def _known(cls, wanted: tuple[str | dict[str, Any], ...]) -> tuple[str | dict[str, Any], ...]:
        from .statistics.recorded import recorded

        recorded(wanted)
        return wanted

    @property
    def bits(self) -> int:
        """Bits of the mantissa of a field that are kept: rounding to b bits errs by at most 2^-(b+1)."""
        return max(1, math.ceil(-math.log2(self.precision) - 1))

"""Stains: which cells a marker shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ModelError
from ..parameters import load
from ..statistics import CellTable
from ..statistics.cells import Mask, Selection

__all__ = ["Marker", "pdl1"]


@dataclass(frozen=True)
class Marker:
    """A marker with its staining threshold.

    Parameters
    ----------
    name
        Such as ``PD-L1``.
    traits
        Columns whose sum is stained; none: cells stain by type alone.
    above
        Threshold of the sum, in the unit of the columns.
    cells
        Only these types can stain; default: all.

    Examples
    --------
    >>> import pandas as pd
    >>> from qsp_abm.statistics import as_cells
    >>> table = pd.DataFrame({"x_um": [1, 2], "y_um": [3, 5], "cell_type": "tumour", "pdl1": [1e4, 1e5]})
    >>> Marker("PD-L1", ("pdl1",), above=5e4).positive(as_cells(table)).tolist()
    [False, True]
    """

    name: str
    traits: tuple[str, ...] = ()
    above: float = 0.0
    cells: Selection | None = None

    def __post_init__(self) -> None:
        if not self.traits and self.cells is None:
            raise ModelError(f"marker {self.name}: neither traits nor cells; give one of them")

    def positive(self, cells: CellTable) -> Mask:
        """Return which cells stain, (N,); a cell that lacks a trait does not.

        Raises
        ------
        ModelError
            For unknown columns or cells.
        """
        shown: Mask = np.ones(len(cells), bool) if self.cells is None else cells.select(self.cells)
        if self.traits:
            shown &= np.sum([cells.mark(name).astype("f8") for name in self.traits], axis=0) > self.above
        return shown


def pdl1() -> Marker:
    """Return PD-L1 as the library's tumour cells carry it, with the threshold of the table ``readouts``."""
    return Marker("PD-L1", ("pdl1_constitutive", "pdl1_induced"), above=load("readouts", {})["pdl1_positive"].value)

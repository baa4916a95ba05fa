"""Densities of cells in the window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..catalogue import statistic
from ..cells import as_cells
from ..result import Axis, Result

__all__ = ["density"]


@statistic("10.1002/9781118658222")
def density(cells: Any, types: Sequence[str] | None = None) -> Result:
    """Cells per area (volume) of the window, by cell type.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    types
        Labels or sets; default: every label.

    Raises
    ------
    ModelError
        For unknown cells.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [1, 9, 5], "y_um": [1, 2, 3], "cell_type": ["B", "B", "NK"]})
    >>> density(as_cells(cells, window=[0, 100, 0, 100]))["B"]
    200.0
    """
    cells = as_cells(cells)
    kinds = list(cells.types if types is None else types)
    unit, scale = cells.window.density_unit
    numbers = np.array([cells.select(each).sum() for each in kinds], "f8")
    axes = (Axis("cell_type", "", np.array(kinds)),)
    return Result("density", numbers / (cells.window.volume / scale), unit, axes, settings={})

"""The necrotic fraction: dead among all cells of the tumour."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue import statistic
from ..cells import Selection, as_cells
from ..result import Axis, Result

__all__ = ["necrotic_fraction"]


@statistic("10.1038/sj.bjc.6690378")
def necrotic_fraction(cells: Any, a: Selection = "tumour", dead: Selection = "dead") -> Result:
    """Dead tumour cells over dead and living ones.

    A pathologist estimates the area; cells that have shrunk or are cleared are missing here, so this is the smaller
    number.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a
        Living tumour cells.
    dead
        Dead ones; default: the dead types of a run, labels of a table that say dead, necrotic or apoptotic.

    Raises
    ------
    ModelError
        For unknown cells.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"x_um": [1, 2, 3, 4], "y_um": [1, 2, 3, 5], "cell_type": ["tumour"] * 3 + ["tumour_dead"]})
    >>> necrotic_fraction(cells)["fraction"]
    0.25
    """
    cells = as_cells(cells)
    living, gone = int(cells.select(a).sum()), int(cells.select(dead).sum())
    value = gone / (living + gone) if living + gone else np.nan
    axes = (Axis("quantity", "", np.array(["fraction"])),)
    return Result("necrotic_fraction", np.array([value]), "", axes, settings={"a": a, "dead": dead})

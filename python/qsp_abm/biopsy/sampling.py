"""How far one core can mislead: the same tumour, many needles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError, suggest
from ..statistics import as_cells
from .needle import needle
from .pathology import Pathology, pathology
from .section import section
from .specimen import Specimen
from .stain import Marker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["repeat", "spread"]

_AIMS = ("tumour", "anywhere")


def repeat(
    source: Any,
    cores: int = 100,
    diameter: Any = "1 mm",
    length: Any = "10 mm",
    stain: Marker | None = None,
    *,
    aim: str = "tumour",
    thickness: Any = "5 um",
    cell_diameter: Any = 12.0,
    read: Callable[[Specimen], Pathology] | None = None,
    day: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Take many cores at random and read each.

    Parameters
    ----------
    source
        All that `as_cells` takes; cores of a tumour in three dimensions are cut along their axis.
    cores
        How many.
    diameter, length
        Of the needle, um or with a unit.
    stain
        PD-L1.
    aim
        ``tumour``: the middle of a core is at a random tumour cell; ``anywhere``: at a random place. Directions are
        random.
    thickness, cell_diameter
        Of the sections, and of the cells, as in `section`.
    read
        Reads a section; default: `pathology` with `stain`.
    day
        Of a run.
    seed
        Of places and directions.

    Returns
    -------
    DataFrame
        A row for each core: the numbers of `Pathology`.

    Raises
    ------
    ModelError
        For less than one core, an unknown aim, no tumour cell to aim at.
    """
    import pandas as pd

    cells = as_cells(source, day=day)
    if cores < 1:
        raise ModelError(f"repeat: {cores} cores; allowed: 1 or more")
    if aim not in _AIMS:
        raise ModelError(f"repeat: unknown aim '{aim}'{suggest(aim, _AIMS)}")
    random = np.random.default_rng(seed)
    aimed = cells.points[cells.select("tumour")]
    if aim == "tumour" and not len(aimed):
        raise ModelError("repeat: no tumour cell to aim at; allowed: aim='anywhere'")
    rows = []
    for core in range(cores):
        direction = random.normal(size=cells.dimensions)  # of equal density in all directions
        anywhere = np.asarray(cells.window.low) + random.random(cells.dimensions) * cells.window.sides
        place = aimed[random.integers(len(aimed))] if aim == "tumour" else anywhere
        taken = needle(cells, diameter, length, place.tolist(), direction.tolist())
        if cells.dimensions == 3:
            taken = section(taken, thickness=thickness, diameter=cell_diameter, seed=seed + core)
        rows.append((read or (lambda each: pathology(each, stain)))(taken).table())
    return pd.DataFrame(rows).reset_index(drop=True).infer_objects()


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each number, the cores that have it, their median, 5 and 95 %, and coefficient of variation.

    PD-L1 scores count only where they are evaluable.

    Examples
    --------
    >>> import pandas as pd
    >>> cores = pd.DataFrame({"tps": [10.0, 30.0, 90.0], "evaluable": [True, True, False], "cd8": [1.0, 1.0, 1.0]})
    >>> spread(cores).loc["tps", ["cores", "median"]].tolist()
    [2.0, 20.0]
    """
    import pandas as pd

    rows = {}
    for name in table.columns.drop("evaluable"):
        values = table[name].astype("f8")
        if name in ("tps", "cps"):
            values = values[table["evaluable"]]
        values = values.dropna()
        low, median, high = values.quantile([0.05, 0.5, 0.95]) if len(values) else (np.nan,) * 3
        mean = values.mean()
        variation = values.std(ddof=1) / mean if mean else np.nan
        rows[name] = {"cores": len(values), "median": median, "low": low, "high": high, "variation": variation}
    return pd.DataFrame(rows).T

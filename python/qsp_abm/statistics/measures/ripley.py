"""Ripley's K and L, and their cross forms, with the translation correction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..pairs import find_pairs, ordered_pairs, radii_of
from ..result import Axis, Result
from ..window import ball_volume

__all__ = ["ripley_k", "ripley_l"]

Floats = NDArray[np.float64]


@statistic("10.1111/j.2517-6161.1977.tb01615.x")
def ripley_k(
    cells: Any,
    a: Selection = "tumour",
    b: Selection | None = None,
    radii: ArrayLike | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""Cells of B within r of a cell of A, over their density (Ripley's K, cross-K).

    .. math:: K_{AB}(r) = \frac{|W|}{n_{AB}} \sum_{i \in A, j \in B, i \ne j} 1[d_{ij} \le r] \frac{|W|}{|W \cap (W + h_{ij})|}

    with :math:`n_{AB}` the number of ordered pairs, :math:`n_A n_B` for disjoint sets and n(n-1) for A = B. The
    translation correction (Ohser 1983) makes it unbiased in a box of two or three dimensions for random cells of a
    fixed number.

    Parameters
    ----------
    cells
        All that `as_cells` takes.
    a, b
        Which cells; without `b` it is A itself.
    radii
        r, um, rising; default: twenty up to 100 um or a quarter of the shortest side.
    null
        What chance means.

    Returns
    -------
    Result
        K in um^2 or um^3 by r; `expected`: pi r^2 or 4/3 pi r^3.

    Raises
    ------
    ModelError
        For unknown cells, wrong radii, or too many pairs.

    References
    ----------
    .. [1] B. D. Ripley, "Modelling spatial patterns", J. R. Stat. Soc. B 39:172 (1977),
       doi:10.1111/j.2517-6161.1977.tb01615.x.
    .. [2] H. W. Lotwick, B. W. Silverman, "Methods for analysing spatial processes of several types of points",
       J. R. Stat. Soc. B 44:406 (1982), doi:10.1111/j.2517-6161.1982.tb01221.x.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> at = np.random.default_rng(1).random((500, 2)) * 1000
    >>> cells = pd.DataFrame({"x_um": at[:, 0], "y_um": at[:, 1], "cell_type": "tumour"})
    >>> found = ripley_k(cells, radii=[50.0])
    >>> bool(abs(found.values[0] / found.expected[0] - 1) < 0.2)
    True
    """
    return _ripley("ripley_k", as_cells(cells), a, b, radii, null)


@statistic("10.1111/j.2517-6161.1977.tb01615.x")
def ripley_l(
    cells: Any,
    a: Selection = "tumour",
    b: Selection | None = None,
    radii: ArrayLike | None = None,
    null: Null | int | None = None,
) -> Result:
    r"""K as the radius at which random cells would have it (Ripley's L, cross-L).

    :math:`L = \sqrt{K / \pi}` in two and :math:`(3 K / 4 \pi)^{1/3}` in three dimensions, um; random cells give L = r.
    Arguments, errors and references as for `ripley_k`.
    """
    return _ripley("ripley_l", as_cells(cells), a, b, radii, null)


def _ripley(
    name: str, cells: CellTable, a: Selection, b: Selection | None, radii: ArrayLike | None, null: Null | int | None
) -> Result:
    r = radii_of(cells, radii)
    masks = cells.select(a), cells.select(a if b is None else b)
    dimensions, volume = cells.dimensions, cells.window.volume
    if null is None:  # nobody else is needed
        kept = masks[0] | masks[1]
        cells, masks = cells.only(kept), (masks[0][kept], masks[1][kept])

    def build(where: CellTable) -> Measure:
        pairs = find_pairs(where.points, where.window, np.concatenate([[0.0], r]))

        def measure(order: NDArray[np.intp]) -> Floats:
            k = volume * np.cumsum(pairs.sums(masks[0][order], masks[1][order])) / ordered_pairs(*masks)
            return k if name == "ripley_k" else (k / ball_volume(1.0, dimensions)) ** (1 / dimensions)

        return measure

    return evaluate(
        name,
        cells,
        build,
        null,
        axes=(Axis("r", "um", r),),
        unit=f"um^{dimensions}" if name == "ripley_k" else "um",
        expected=ball_volume(r, dimensions) if name == "ripley_k" else r,
        settings={"a": a, "b": a if b is None else b},
    )

"""The pair correlation function of a lattice, with its exact null: every pair of voxels is counted, by FFT."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, SolverError, suggest
from ..catalogue import statistic
from ..cells import CellTable, Selection, as_cells
from ..null import Measure, Null, evaluate
from ..result import Axis, Result

__all__ = ["lattice_pair_correlation", "pair_counts"]

Metric = Literal["uniform", "taxicab", "euclidean"]
Ints = NDArray[np.int64]

_EXACT = 0.25  # a count that is further than this from a whole number was not resolved


@statistic("10.1103/PhysRevE.97.062104")
def lattice_pair_correlation(
    cells: Any,
    a: Selection = "tumour",
    b: Selection | None = None,
    reach: int | None = None,
    metric: Metric = "uniform",
    periodic: bool = False,
    null: Null | int | None = None,
) -> Result:
    r"""Pairs of A and B at a lattice distance, over the exact expectation of the lattice.

    .. math:: q_{AB}(m) = \frac{C_{AB}(m)}{T(m)\, \rho_{AB}}, \quad m = 1, 2, \dots

    C counts ordered pairs of cells and T ordered pairs of voxels at distance m, both as whole numbers;
    :math:`\rho_{AB}` is the chance that two given voxels hold such a pair when cells are placed at random:
    :math:`n_{AB} / (N (N - 1))` with one cell a voxel, :math:`n_{AB} / N^2` where voxels are shared, with
    :math:`n_{AB}` as in `ripley_k` and N voxels. A full lattice gives 1 exactly.

    Parameters
    ----------
    cells
        All that `as_cells` takes; they must lie on a lattice.
    a, b
        Which cells; without `b` it is A itself.
    reach
        Largest distance, voxels; default: 20, or half of the shortest side.
    metric
        ``uniform``: the largest of the steps along the axes; ``taxicab``: their sum; ``euclidean``: the straight
        distance, rounded to whole voxels.
    periodic
        Whether opposite faces touch.
    null
        What chance means.

    Returns
    -------
    Result
        q by the distance in um.

    Raises
    ------
    ModelError
        For unknown cells, no lattice, or a distance beyond the lattice.

    References
    ----------
    .. [1] E. Gavagnin, J. P. Owen, C. A. Yates, "Pair correlation functions for identifying spatial correlation in
       discrete domains", Phys. Rev. E 97:062104 (2018), doi:10.1103/PhysRevE.97.062104.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> at = np.indices((8, 8)).reshape(2, -1) * 10 + 5
    >>> full = pd.DataFrame({"x_um": at[0], "y_um": at[1], "cell_type": "tumour"})
    >>> cells = as_cells(full, window=[0, 80, 0, 80], spacing=10)
    >>> lattice_pair_correlation(cells, metric="taxicab").values.tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    cells = as_cells(cells)
    shape, spacing = cells.shape or (), cells.spacing
    half = min(shape) // 2
    reach = min(20, half) if reach is None else reach
    if not 1 <= reach <= half:
        raise ModelError(
            f"lattice_pair_correlation: reach {reach}; allowed: 1 to {half} voxels, half of the shortest side"
        )
    if metric not in get_args(Metric):
        raise ModelError(f"lattice_pair_correlation: unknown metric '{metric}'{suggest(metric, get_args(Metric))}")
    first, second = cells.select(a), cells.select(a if b is None else b)
    available = pair_counts(np.ones(shape, "i8"), None, reach, metric, periodic)
    voxels = float(np.prod(shape))

    def build(where: CellTable) -> Measure:
        def measure(order: NDArray[np.intp]) -> NDArray[np.float64]:
            mine, theirs = first[order], second[order]
            others = None if b is None else where.counts(theirs)
            found = pair_counts(where.counts(mine), others, reach, metric, periodic)
            alone = int(where.counts(mine | theirs).max(initial=0)) <= 1
            number = float(mine.sum()) * float(theirs.sum()) - float((mine & theirs).sum())
            density = number / (voxels * (voxels - 1) if alone else voxels**2)
            with np.errstate(invalid="ignore"):
                return np.asarray(found / (available * density))

        return measure

    return evaluate(
        "lattice_pair_correlation",
        cells,
        build,
        null,
        axes=(Axis("r", "um", spacing * np.arange(1, reach + 1)),),
        expected=np.ones(reach),
        settings={"a": a, "b": a if b is None else b, "metric": metric, "periodic": periodic},
    )


def pair_counts(first: Ints, second: Ints | None, reach: int, metric: Metric, periodic: bool = False) -> Ints:
    """Return ordered pairs of cells at each distance 1 to `reach`, exact.

    Parameters
    ----------
    first, second
        Cells in each voxel; without `second` it is `first` itself.
    reach
        Largest distance, voxels; at most half of each side where `periodic`.
    metric, periodic
        As in `lattice_pair_correlation`.

    Raises
    ------
    SolverError
        If the counts are too large to be told apart in double precision (beyond about 1e12 pairs at one shift).

    Examples
    --------
    >>> pair_counts(np.ones((3, 3), "i8"), None, 2, "uniform").tolist()
    [40, 32]
    """
    from scipy import fft

    sizes = list(first.shape) if periodic else [fft.next_fast_len(n + reach, real=True) for n in first.shape]
    one = fft.rfftn(first.astype("f8"), sizes, workers=-1)
    other = one if second is None else fft.rfftn(second.astype("f8"), sizes, workers=-1)
    shifts = fft.irfftn(np.conj(one) * other, sizes, workers=-1)
    near = shifts[np.ix_(*(np.arange(-reach, reach + 1) % n for n in sizes))]
    counts = np.rint(near)
    if np.abs(near - counts).max() > _EXACT:
        raise SolverError("lattice_pair_correlation: too many pairs for exact counting in double precision")
    steps = np.abs(np.indices(near.shape) - reach)
    if periodic:  # a shift of half a side is one shift, not two
        for axis, n in enumerate(first.shape):
            if 2 * reach == n:
                counts[(slice(None),) * axis + (0,)] = 0
    distance = {
        "uniform": lambda: steps.max(0),
        "taxicab": lambda: steps.sum(0),
        "euclidean": lambda: np.floor(np.sqrt((steps * steps).sum(0)) + 0.5).astype("i8"),
    }[metric]()
    inside = distance <= reach
    return np.bincount(distance[inside], counts[inside], minlength=reach + 1)[1:].astype("i8")

"""Runs side by side: medians and intervals over the replicates of each arm, and ratios to a control in pairs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.folder import RunSet, common_days, open_runs
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run, open_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["arms_of", "compare", "series_of"]

Source = str | Path | Run | RunSet
_LEVELS = (0.05, 0.5, 0.95)
_TABLES = ("counts", "body", "ledger", "events")


def compare(
    runs: Source | Iterable[Source] | Mapping[str, Iterable[Source]],
    quantities: Sequence[str] | None = None,
    *,
    against: str | None = None,
    levels: Sequence[float] = _LEVELS,
) -> pd.DataFrame:
    """Return quantiles over the replicates of each arm.

    Parameters
    ----------
    runs
        A folder of runs, run files (grouped by the arm that they name, else by their file names), or arm -> run files.
    quantities
        Names of cell types, groups (their living cells), body signals, ledger rows or events; None: all cell types.
    against
        Arm to compare with: every value is divided by that of the run with the same seed there (without common seeds: by the
        median of that arm), before quantiles are taken.
    levels
        Quantiles.

    Returns
    -------
    pandas.DataFrame
        Index: arm, quantity, day (those that all replicates of the arm have). Columns: `replicates` and one for each level.

    Raises
    ------
    ModelError
        For unknown arms and quantities, and runs without frames.
    """
    import pandas as pd

    arms = arms_of(runs)
    if against is not None and against not in arms:
        raise ModelError(f"compare: no arm {against!r}{suggest(against, arms)}")
    parts = []
    for arm, replicates in arms.items():
        for quantity in quantities or replicates[0].types:
            series = [series_of(run, quantity) for run in replicates]
            if against is not None:
                series = _ratios(series, replicates, arms[against], quantity)
            days, values = common_days(series)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # all-nan where the control has nothing left
                found = np.nanquantile(values, levels, axis=0)
            table = pd.DataFrame(found.T, columns=list(levels))
            table.insert(0, "replicates", len(series))
            names = ["arm", "quantity", "day"]
            table.index = pd.MultiIndex.from_product([[arm], [quantity], days], names=names)
            parts.append(table)
    return pd.concat(parts).sort_index()


def arms_of(runs: Source | Iterable[Source] | Mapping[str, Iterable[Source]]) -> dict[str, list[Run]]:
    """Return the runs of each arm, in the order given."""
    if isinstance(runs, Mapping):
        found = {arm: [run for each in _listed(some) for run in _flat(each)] for arm, some in runs.items()}
    else:
        found = {}
        for each in _listed(runs):
            opened = open_runs(each) if isinstance(each, str | Path) else each
            if isinstance(opened, RunSet):
                for arm in opened.arms:
                    found.setdefault(arm, []).extend(opened.of_arm(arm))
            else:
                arm = str(opened.provenance.get("arm") or opened.path.stem)
                found.setdefault(arm, []).append(opened)
    if not any(found.values()):
        raise ModelError("compare: no runs are given")
    return found


def series_of(run: Run, quantity: str) -> pd.Series[float]:
    """Return a quantity of a run over time (index: day): a cell type, a group (its living cells), or a column of body, ledger or events."""
    from qsp_abm.output.folder import living

    run.frame_at()  # refuses a run without frames
    if quantity in run.types:
        return run.counts[quantity].astype("f8")
    if quantity in run.schema["groups"]:
        return living(run, quantity)
    known: list[str] = [*run.types, *run.schema["groups"]]
    for name in _TABLES:
        table: pd.DataFrame = getattr(run, name)
        if quantity in table:
            return table[quantity].astype("f8")
        known.extend(table.columns)
    raise ModelError(f"{run.path}: no quantity {quantity!r}{suggest(quantity, known)}")


def _ratios(
    series: Sequence[pd.Series[float]], runs: Sequence[Run], control: Sequence[Run], quantity: str
) -> list[pd.Series[float]]:
    """Divide by the control of the same seed, else by the median of all controls."""
    by_seed = {run.seed: series_of(run, quantity) for run in control}
    pairs = [(mine, by_seed[run.seed]) for mine, run in zip(series, runs, strict=True) if run.seed in by_seed]
    if not pairs:
        import pandas as pd

        days, values = common_days(list(by_seed.values()))
        middle = pd.Series(np.median(values, axis=0), pd.Index(days, name="day"))
        pairs = [(mine, middle) for mine in series]
    return [_divided(mine, below) for mine, below in pairs]


def _divided(mine: pd.Series[float], below: pd.Series[float]) -> pd.Series[float]:
    import pandas as pd

    days, (above, under) = common_days([mine, below])
    ratio: Array = above / np.where(under > 0, under, np.nan)
    return pd.Series(ratio, pd.Index(days, name="day"))


def _listed(runs: Source | Iterable[Source]) -> Iterable[Source]:
    return [runs] if isinstance(runs, str | Path | Run | RunSet) else list(runs)


def _flat(source: Source) -> list[Run]:
    if isinstance(source, RunSet):
        return list(source)
    if isinstance(source, Run):
        return [source]
    return list(open_runs(source)) if Path(source).is_dir() else [open_run(source)]  # type: ignore[arg-type]

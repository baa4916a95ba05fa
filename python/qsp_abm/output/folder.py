"""A folder of runs: arms, swept values and replicates, as `index.json` lists them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.layout import DIGESTS, EXPERIMENT, INDEX, SUFFIX, Array
from qsp_abm.output.reader import Run, open_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Entry", "RunSet", "change_against", "living", "open_folder", "open_runs", "write_index"]

CONTROL = "untreated"  # the arm that others are measured against, where it exists


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `index.json`.

    Parameters
    ----------
    arm
        Name of the arm.
    seed
        Seed of the run.
    file
        Name of the run file in the folder.
    replicate
        Number of the replicate, from 1.
    values
        Swept values by parameter path; empty without a sweep.
    """

    arm: str
    seed: int
    file: str
    replicate: int = 1
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Arm with its swept values."""
        return " ".join([self.arm, *(f"{name}={value}" for name, value in self.values.items())])


def write_index(folder: str | Path, entries: Sequence[Entry]) -> Path:
    """Write `index.json`, whole or not at all."""
    path = Path(folder) / INDEX
    rows = [
        {"arm": each.arm, "values": each.values, "seed": each.seed, "replicate": each.replicate, "file": each.file}
        for each in entries
    ]
    draft = path.with_suffix(".json.part")
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


class RunSet:
    """The runs of a folder, grouped by arm.

    Parameters
    ----------
    folder
        Folder that holds `index.json` and the run files.

    Raises
    ------
    ModelError
        No folder, no or a broken index, or a run file that is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise ModelError(f"{folder}: no such folder")
        path = self.folder / INDEX
        if not path.is_file():
            if (self.folder / EXPERIMENT).is_file():
                raise ModelError(f"{folder}: stopped before its first run began; go on with: qsp-abm resume {folder}")
            raise ModelError(f"{folder}: holds no '{INDEX}', so it is no folder of runs")
        self.entries: list[Entry] = _parse(path)
        self._runs: dict[str, Run] = {}

    def __iter__(self) -> Iterator[Run]:
        return (self.run(each) for each in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"RunSet({str(self.folder)!r}, {len(self)} runs, arms: {', '.join(self.arms)})"

    @property
    def arms(self) -> list[str]:
        """Labels of the arms in the order of the index; a swept value makes its own label."""
        return list(dict.fromkeys(each.label for each in self.entries))

    @property
    def control(self) -> str:
        """Label of the arm that others are measured against: `untreated`, else the first."""
        return next((each.label for each in self.entries if each.arm == CONTROL), self.arms[0])

    def run(self, entry: Entry) -> Run:
        """Return the run of an entry."""
        if entry.file not in self._runs:
            self._runs[entry.file] = open_run(self.folder / entry.file)
        return self._runs[entry.file]

    def of_arm(self, arm: str) -> list[Run]:
        """Return the replicates of an arm, in order of their number."""
        entries = sorted((each for each in self.entries if each.label == arm), key=lambda each: each.replicate)
        if not entries:
            raise ModelError(f"{self.folder}: no arm {arm!r}{suggest(arm, self.arms)}")
        return [self.run(each) for each in entries]

    def digest(self) -> dict[str, str]:
        """Return the digests of all runs together, combined in the order of the file names."""
        runs = [self.run(each) for each in sorted(self.entries, key=lambda each: each.file)]
        parts = [run.digest() for run in runs]
        return {name: hashlib.sha256("\n".join(part[name] for part in parts).encode()).hexdigest() for name in DIGESTS}

    def info(self) -> dict[str, Any]:
        """Return what `info --json` prints; numbers, texts, lists and dicts only."""
        return {
            "folder": self.folder.name,
            "arms": self.arms,
            "runs": [
                {**self.run(each).info(), "arm": each.arm, "values": each.values, "replicate": each.replicate}
                for each in self.entries
            ],
            "digests": self.digest(),
        }

    def quantiles(self, arm: str, name: str, levels: Sequence[float] = (0.05, 0.5, 0.95)) -> pd.DataFrame:
        """Return quantiles over the replicates of the count of a cell type (columns: levels, index: day)."""
        import pandas as pd

        tables = [run.counts for run in self.of_arm(arm)]
        if name not in tables[0]:
            raise ModelError(f"{self.folder}: no cell type {name!r}{suggest(name, tables[0].columns)}")
        days, values = common_days([table[name] for table in tables])
        return pd.DataFrame(
            np.quantile(values, levels, axis=0).T, index=pd.Index(days, name="day"), columns=list(levels)
        )

    def plot(self, path: str | Path) -> Path:
        """Draw the arms into one picture and return its path."""
        from qsp_abm.pictures.summary import plot_runs

        return plot_runs(self, path)


def open_folder(folder: str | Path) -> RunSet:
    """Open a folder of runs for reading."""
    return RunSet(folder)


def open_runs(path: str | Path) -> Run | RunSet:
    """Open what a user calls a run: a file, or a folder with an index."""
    return open_folder(path) if Path(path).is_dir() else open_run(path)


def living(run: Run, group: str) -> pd.Series[float]:
    """Return the number of living agents of a group over time (index: day)."""
    names = [each["name"] for each in run.schema["cell_types"] if each["group"] == group and not each["dead"]]
    if not names:
        raise ModelError(f"{run.path}: no group {group!r}{suggest(group, run.schema['groups'])}")
    return run.counts[names].sum(axis=1).astype("f8")


def change_against(runs: RunSet, arm: str, group: str = "tumour", control: str | None = None) -> tuple[Array, Array]:
    """Return days and the change of an arm against the control, paired by replicate.

    Returns
    -------
    days
        (frames,) in day; those that all replicates have.
    change
        (replicates, frames); living agents of `group` in the arm over those in the control, minus one; nan where the
        control has none.
    """
    treated, untreated = runs.of_arm(arm), runs.of_arm(control or runs.control)
    count = min(len(treated), len(untreated))
    days, values = common_days([living(run, group) for run in (*treated[:count], *untreated[:count])])
    below = np.where(values[count:] > 0, values[count:], np.nan)
    return days, values[:count] / below - 1


def common_days(series: Sequence[pd.Series[float]]) -> tuple[Array, Array]:
    """Return the days that all series have, and their values there (series, days)."""
    days = series[0].index.to_numpy("f8")
    for each in series[1:]:
        days = np.intersect1d(days, each.index.to_numpy("f8"))
    return days, np.stack([each.loc[days].to_numpy("f8") for each in series])


def _parse(path: Path) -> list[Entry]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = data["runs"] if isinstance(data, dict) else data
        entries = [
            Entry(
                str(row["arm"]),
                int(row["seed"]),
                str(row["file"]),
                int(row.get("replicate") or 1),
                dict(row.get("values") or {}),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: is broken ({type(error).__name__}: {error})") from None
    if not entries:
        raise ModelError(f"{path}: lists no runs")
    for each in entries:
        if Path(each.file).name != each.file or not each.file.endswith(SUFFIX):
            raise ModelError(f"{path}: file {each.file!r}; allowed: a name in this folder that ends in '{SUFFIX}'")
    return entries

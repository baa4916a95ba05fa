"""Export as plain tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qsp_abm.errors import ModelError

if TYPE_CHECKING:
    from qsp_abm.output.reader import Run

__all__ = ["export_csv"]


def export_csv(run: Run, folder: str | Path, frames: Sequence[int] | None = None, *, force: bool = False) -> list[Path]:
    """Write counts, body and ledger, and the cells of each frame, as CSV; times in day, positions in um.

    Parameters
    ----------
    run
        The run.
    folder
        Folder to write to; created where missing.
    frames
        Numbers of the frames whose cells are written; None: all.
    force
        Overwrite existing tables.

    Returns
    -------
    list of Path
        `counts.csv`, `body.csv`, `ledger.csv`, and `cells_00000.csv` and so on.

    Raises
    ------
    ModelError
        A table exists (without `force`) or cannot be written.
    """
    folder, written = Path(folder), []
    series = {folder / "counts.csv": run.counts, folder / "body.csv": run.body, folder / "ledger.csv": run.ledger}
    if len(run.statistics.columns):
        series[folder / "statistics.csv"] = run.statistics
    chosen = range(run.frames) if frames is None else frames
    tables = {folder / f"cells_{index:05d}.csv": index for index in chosen}
    for path in (*series, *tables):
        if path.exists() and not force:
            raise ModelError(f"{path}: exists; use force (--force) to overwrite it")
    first = ["x_um", "y_um", "z_um", "cell_type"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, table in series.items():
            table.to_csv(path)
            written.append(path)
        for path, index in tables.items():
            cells = run.cells(frame=index)
            cells[[*first, *(name for name in cells.columns if name not in first)]].to_csv(path, index=False)
            written.append(path)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
    return written

"""Where cells and fields are over time: density along an axis or the distance from the centre of the tumour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import label_of
from qsp_abm.pictures.style import arm_of, canvas, heading, joined, title_of, written_unit

__all__ = ["plot_kymograph", "profiles"]

_ALONG = ("radius", "x", "y", "z")
_MOST_FRAMES, _BINS, _COLUMNS = 61, 50, 3
_COVERED = 0.25  # part of a circle that must lie in the box
_MOST = 9  # panels


def profiles(
    run: Run, what: Sequence[str], along: str = "radius", bins: int = _BINS
) -> tuple[Array, Array, dict[str, Array]]:
    """Return profiles over time.

    Parameters
    ----------
    run
        The run.
    what
        Cell types, groups (their living cells) and fields.
    along
        ``x``, ``y``, ``z``, or ``radius``: distance from the centre of the tumour at the start (without a tumour: of the box), as
        far as a quarter of the circle lies in the box.
    bins
        Number of intervals.

    Returns
    -------
    days
        (T,) in day; at most 61 frames, evenly chosen.
    edges
        (bins + 1,) in um.
    values
        Name -> (T, bins): cells per mm2 in a section, per mm3 in a volume; of a field its mean.

    Raises
    ------
    ModelError
        For an unknown name or axis.
    """
    living = {t["name"]: t["group"] for t in run.schema["cell_types"] if not t["dead"]}
    members = {
        name: [name] if name in run.types else [each for each, group in living.items() if group == name]
        for name in what
        if name not in run.field_names
    }
    for name, types in members.items():
        if not types:
            known = [*run.types, *run.schema["groups"], *run.field_names]
            raise ModelError(f"{run.path}: no cell type, group or field {name!r}{suggest(name, known)}")
    if along not in _ALONG:
        raise ModelError(f"kymograph: along {along!r} is unknown; allowed: {', '.join(_ALONG)}")
    section = run.shape[2] == 1
    axes = [(np.arange(n) + 0.5) * h for n, h in zip(run.shape, run.voxel, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    centre = _centre(run)

    def position(points: Array) -> Array:
        if along == "radius":
            return np.asarray(np.linalg.norm((points - centre)[:, : 2 if section else 3], axis=1))
        return np.asarray(points[:, "xyz".index(along)])

    where = position(grid)
    size = float(np.prod(run.voxel[:2])) / 1e6 if section else float(np.prod(run.voxel)) / 1e9
    edges = np.linspace(0, where.max() if along == "radius" else run.shape["xyz".index(along)] * run.voxel[0], bins + 1)
    if along == "radius":
        whole = np.pi * np.diff(edges**2) / 1e6 if section else 4 / 3 * np.pi * np.diff(edges**3) / 1e9
        inside = np.histogram(where, edges)[0] * size >= _COVERED * whole
        edges = np.linspace(0, edges[1 + np.flatnonzero(inside).max()], bins + 1)
    voxels = np.histogram(where, edges)[0]
    frames = np.unique(np.linspace(0, run.frames - 1, min(run.frames, _MOST_FRAMES)).round().astype(int)).tolist()
    values = {name: np.full((len(frames), bins), np.nan) for name in what}
    with np.errstate(invalid="ignore", divide="ignore"):
        for row, frame in enumerate(frames):
            cells = run.cells(frame=frame, columns=("x_um", "y_um", "z_um", "cell_type"))
            for name in what:
                if name in members:
                    chosen = cells.loc[cells["cell_type"].isin(members[name]), ["x_um", "y_um", "z_um"]]
                    values[name][row] = np.histogram(position(chosen.to_numpy("f8")), edges)[0] / (voxels * size)
                else:
                    field = run.field(name, frame=frame).to_numpy().transpose(2, 1, 0).ravel()
                    values[name][row] = np.histogram(where, edges, weights=field)[0] / voxels
    return run.times[frames], edges, values


def plot_kymograph(
    run: Run, path: str | Path, what: Sequence[str] = (), along: str = "radius", title: str = "", note: str = ""
) -> Path:
    """Draw profiles over time, one panel each.

    Parameters
    ----------
    run
        The run.
    path
        Picture to write.
    what
        Cell types, groups and fields; empty: the groups and the fields of the run, at most nine.
    along
        As in `profiles`.
    title, note
        Headline and the line under it.
    """
    run.frame_at()  # refuses a run without frames
    counts = run.counts
    groups: dict[str, list[str]] = {}
    for each in run.schema["cell_types"]:
        if not each["dead"]:
            groups.setdefault(each["group"], []).append(each["name"])
    present = [name for name, types in groups.items() if counts[types].to_numpy().any()]
    names = list(what) or [*present[: _MOST - len(run.field_names[:3])], *run.field_names[:3]]
    rows = -(-len(names) // _COLUMNS)
    height = 1.1 + 2.9 * rows
    with canvas(path, 13.0, height) as figure:
        heading(figure, title or title_of(run), joined(arm_of(run), note))
        grid = figure.add_gridspec(
            rows,
            min(len(names), _COLUMNS),
            left=0.05,
            right=0.97,
            top=1 - 1.2 / height,
            bottom=0.5 / height,
            hspace=0.45,
            wspace=0.28,
        )
        days, edges, values = profiles(run, names, along)
        for place, name in enumerate(names):
            axes = figure.add_subplot(grid[divmod(place, _COLUMNS)])
            _panel(figure, axes, run, name, along, days, edges, values[name])
    return Path(path)


def _panel(figure: Any, axes: Any, run: Run, name: str, along: str, days: Array, edges: Array, values: Array) -> None:
    from matplotlib.ticker import MaxNLocator

    is_field = name in run.field_names
    top = float(np.nanquantile(values, 0.995)) if np.isfinite(values).any() else 1.0
    image = axes.imshow(
        values.T,
        extent=(days[0], max(days[-1], days[0] + 1e-3), edges[0], edges[-1]),
        origin="lower",
        aspect="auto",
        cmap="magma" if is_field else "viridis",
        vmin=0,
        vmax=top or 1,
    )
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=25)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()
    unit = (
        written_unit(run.unit("fields", name))
        if is_field
        else "cells per mm²"
        if run.shape[2] == 1
        else "cells per mm³"
    )
    axes.set_title(f"{label_of(name)}, {unit}" if unit else label_of(name), pad=6)
    axes.set_xlabel("day")
    axes.set_ylabel("distance from the centre, µm" if along == "radius" else f"{along}, µm")
    axes.grid(False)
    axes.tick_params(length=0)


def _centre(run: Run) -> Array:
    """Return the centre of the tumour in the first frame, um."""
    tumour = [t["name"] for t in run.schema["cell_types"] if t["group"] == "tumour" and not t["dead"]]
    cells = run.cells(frame=0)
    chosen = cells.loc[cells["cell_type"].isin(tumour), ["x_um", "y_um", "z_um"]].to_numpy("f8")
    return np.asarray(chosen.mean(axis=0) if len(chosen) else np.array(run.shape) * np.array(run.voxel) / 2)

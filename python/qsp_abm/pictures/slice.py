"""One layer of a run at one time: its cells, and the fields around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import colour_of, label_of
from qsp_abm.pictures.section import draw_field, draw_scale_bar, draw_section, layer_of
from qsp_abm.pictures.style import arm_of, canvas, heading, joined, title_of, written_unit

__all__ = ["cell_legend", "plot_slice"]

_MOST_FIELDS = 3


def plot_slice(
    run: Run,
    path: str | Path,
    day: float | None = None,
    fields: Sequence[str] = (),
    axis: str = "z",
    at: float | None = None,
    title: str = "",
    note: str = "",
) -> Path:
    """Draw a layer of voxels: cells in one panel, each field in another.

    Parameters
    ----------
    run
        The run.
    path
        Picture to write.
    day
        The nearest recorded one; None: the last.
    fields
        Names of fields; empty: the first three.
    axis, at
        The layer lies across this axis at this position, um; None: in the middle.
    title, note
        Headline and the line under it.
    """
    frame, layer = run.frame_at(day), layer_of(run, axis, at)
    for name in fields:
        if name not in run.field_names:
            raise ModelError(f"{run.path}: no field {name!r}{suggest(name, run.field_names)}")
    names = list(fields) or run.field_names[:_MOST_FIELDS]
    panels = 1 + len(names)
    height = 1.2 + 12.4 / panels * 0.95 + 0.7
    with canvas(path, 13.0, height) as figure:
        number = "xyz".index(axis)
        where = f"{axis} = {(layer + 0.5) * run.voxel[number]:g} µm" if run.shape[number] > 1 else ""
        heading(figure, title or title_of(run), joined(arm_of(run), f"day {run.times[frame]:g}", where, note))
        shape = {"left": 0.055, "right": 0.96, "top": 1 - 1.25 / height, "bottom": 0.75 / height, "wspace": 0.2}
        every = figure.subplots(1, panels, squeeze=False, gridspec_kw=shape)[0]
        used = draw_section(every[0], run, frame, axis, layer)
        every[0].set_title("Cells", pad=6)
        draw_scale_bar(every[0], run, axis)
        for axes, name in zip(every[1:], names, strict=True):
            image = draw_field(axes, run, name, frame, axis, layer)
            unit = written_unit(run.unit("fields", name))
            axes.set_title(joined(label_of(name), unit).replace("    ·    ", ", "), pad=6)
            bar = figure.colorbar(image, cax=axes.inset_axes((1.02, 0, 0.035, 1)))
            bar.outline.set_visible(False)
            bar.ax.tick_params(length=0, labelsize=8)
        cell_legend(figure, run, used)
    return Path(path)


def cell_legend(figure: Any, run: Run, used: set[str]) -> None:
    """Name the colours of some cell types under a picture."""
    marks = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markersize=8,
            markeredgewidth=0,
            color=colour_of(each["name"], dead=each["dead"]),
            label=label_of(each["name"]),
        )
        for each in run.schema["cell_types"]
        if each["name"] in used
    ]
    figure.legend(
        handles=marks, loc="lower center", ncol=min(len(marks), 7) or 1, frameon=False, fontsize=9, handletextpad=0.1
    )

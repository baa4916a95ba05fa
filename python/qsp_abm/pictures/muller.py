"""Which clones grow: a Muller plot of the descendants of each founder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import label_of
from qsp_abm.pictures.style import arm_of, canvas, finish, heading, joined, nothing, title_of

__all__ = ["plot_muller"]

_MOST_FRAMES = 61
_SIZES = (1, 2, 4, 8)  # other clones are grouped by their number of cells at the end: none, 1, 2-3, 4-7, 8 and more
_CLASSES = ("gone at the end", "1 cell at the end", "2\u20133 cells", "4\u20137 cells", "8 and more")
_GREYS = ("#F3F4F5", "#DFE3E6", "#C4CAD0", "#A4ACB4", "#7F8993")


def plot_muller(
    run: Run,
    path: str | Path,
    group: str = "tumour",
    clones: int = 12,
    barcoded: float | None = None,
    title: str = "",
    note: str = "",
) -> Path:
    """Draw the sizes of the largest clones over time, in number and as parts of all, with the effective number of clones.

    Parameters
    ----------
    run
        The run.
    path
        Picture to write.
    group
        Group or cell type whose living cells count.
    clones
        How many clones have a colour of their own: those that are largest at any time; the others are grey.
    barcoded
        Day at which every cell founded a clone of its own; None: the start.
    title, note
        Headline and the line under it.
    """
    import matplotlib as mpl
    from matplotlib.patches import Patch

    run.frame_at()  # refuses a run without frames
    living = [t for t in run.schema["cell_types"] if not t["dead"]]
    types = [t["name"] for t in living if group in (t["name"], t["group"])]
    if not types:
        known = [*run.types, *run.schema["groups"]]
        raise ModelError(f"{run.path}: no living cell type or group {group!r}{suggest(group, known)}")
    first = 0 if barcoded is None else run.frame_at(day=barcoded)
    frames = np.unique(np.linspace(first, run.frames - 1, min(run.frames - first, _MOST_FRAMES)).round().astype(int))
    table = run.tree.clones(run, types, frames.tolist(), barcoded)
    days, sizes = table.index.to_numpy("f8"), table.to_numpy("f8")
    largest = np.argsort(-sizes.max(axis=0), kind="stable")[:clones]
    largest = largest[np.argsort(table.columns.to_numpy()[largest])]
    others = np.delete(sizes, largest, axis=1)
    classes = np.searchsorted(_SIZES, others[-1], side="right")
    rest = np.stack([others[:, classes == size].sum(axis=1) for size in range(len(_SIZES) + 1)], axis=1)
    named = sizes[:, largest]
    height = 5.3
    with canvas(path, 13.0, height) as figure:
        said = f"{label_of(group)}: {sizes.shape[1]:,} clones from day {days[0]:g}".replace(",", "\u2009")
        heading(figure, title or title_of(run), joined(arm_of(run), said, note))
        number, part, diversity = figure.subplots(
            1,
            3,
            gridspec_kw={
                "left": 0.055,
                "right": 0.985,
                "top": 1 - 1.3 / height,
                "bottom": 0.8 / height,
                "wspace": 0.24,
            },
        )
        if len(days) < 2 or not sizes.any():
            for axes, name in ((number, "Cells"), (part, "Part of all"), (diversity, "Diversity")):
                nothing(axes, name, "no such cells" if not sizes.any() else "only one frame")
            return Path(path)
        _stack(number, days, named, rest)
        finish(number, "Cells of the clones", "cells")
        total = np.maximum(sizes.sum(axis=1), 1)[:, None]
        _stack(part, days, 100 * named / total, 100 * rest / total)
        part.set_ylim(0, 100)
        finish(part, "Part of all", "%")
        marks = [Patch(color=grey, label=said) for grey, said in zip(_GREYS, _CLASSES, strict=True)]
        marks.append(Patch(color=mpl.colormaps["turbo"](0.5), label=f"in colours: the {len(largest)} largest"))
        figure.legend(handles=marks, loc="lower center", ncol=len(marks), frameon=False, fontsize=9)
        shares = sizes / total
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -np.where(shares > 0, shares * np.log(shares), 0).sum(axis=1)
        diversity.plot(days, np.exp(entropy), color="#0072B2", label="exp(Shannon entropy)")
        diversity.plot(days, 1 / np.maximum((shares**2).sum(axis=1), 1e-300), color="#D55E00", label="inverse Simpson")
        diversity.set_ylim(0, None)
        finish(diversity, "Effective number of clones", "clones")
        diversity.legend(frameon=False, fontsize=8.5)
    return Path(path)


def _stack(axes: object, days: Array, named: Array, rest: Array) -> None:
    import matplotlib as mpl

    shades = mpl.colormaps["turbo"](np.linspace(0.06, 0.94, max(named.shape[1], 1)))
    axes.stackplot(days, *named.T, *rest.T, colors=[*shades, *_GREYS], linewidth=0)  # type: ignore[attr-defined]

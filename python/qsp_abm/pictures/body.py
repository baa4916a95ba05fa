"""One picture of a body by itself: what changes, over time, in panels of what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qsp_abm.body.alone import BodyRun
from qsp_abm.body.sbml import Quantity
from qsp_abm.errors import ModelError, suggest
from qsp_abm.pictures.style import canvas, heading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["panels", "plot_body"]

_OBSERVED = ("time", "quantity", "value")
_LINES = 6  # in one panel, so that each can be told from the others
_LETTERS = 24  # of a label
_MOST_PANELS = 30
_COLUMNS = 3
_DECADES = 3.0  # from here on an axis is logarithmic
_SMALLEST = 1e-12  # of the largest value of a panel: below it a logarithmic axis is cut
_CONSTANT = 1e-9  # relative; a parameter that a rule derives from constants is none to draw
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#44546A")  # Okabe and Ito


def panels(quantities: Sequence[Quantity], largest: Sequence[float]) -> list[tuple[str, list[int]]]:
    """Group quantities: by compartment and unit, or by the first word of their ids if all are in one compartment.

    Parameters
    ----------
    quantities
        What a run reports.
    largest
        Largest magnitude of each; a group of many is split so that alike magnitudes stay together. What stays at zero is left
        out.

    Returns
    -------
    list of tuples
        Title of a panel, and positions in `quantities`.

    Examples
    --------
    >>> blood = [Quantity(name, name, "species", place="blood") for name in "ABC"]
    >>> panels([*blood, Quantity("D", "D", "species", place="node")], [1.0, 2.0, 0.0, 1.0])
    [('blood', [1, 0]), ('node', [3])]
    """
    one_place = len({each.place for each in quantities if each.kind == "species"}) < 2
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, (each, value) in enumerate(zip(quantities, largest, strict=True)):
        if value > 0:
            title = each.id.partition("_")[0] if one_place else each.place or f"{each.kind}s"
            groups[title, each.unit].append(position)
    alone = [key for key, members in groups.items() if len(members) == 1]
    if one_place and len(alone) > 1:  # ids that begin like no other
        for key in alone:
            groups["others", key[1]] += groups.pop(key)
    found = []
    for (title, unit), members in groups.items():
        members.sort(key=lambda position: -largest[position])
        head = f"{title} ({unit})" if unit else title
        found += [(head, members[first : first + _LINES]) for first in range(0, len(members), _LINES)]
    return found


def plot_body(
    run: BodyRun,
    path: str | Path,
    *,
    title: str = "",
    time_unit: str = "",
    observed: pd.DataFrame | None = None,
) -> Path:
    """Draw the trajectories of a run.

    Parameters
    ----------
    run
        With more than its end; see `every` of `run_body`.
    path
        Picture to write; the suffix chooses the format (``.png``, ``.pdf``, ``.svg``).
    title
        Headline; the id of the model otherwise.
    time_unit
        What the time axis is labelled with.
    observed
        Data to draw as dots: columns ``time``, ``quantity`` (SBML ids) and ``value``, in the units of the run.

    Raises
    ------
    ModelError
        If there is nothing to draw, a column or a quantity of the data is unknown, or the picture cannot be written.
    """
    dots = _dots(run, observed)
    finite = np.where(np.isfinite(run.values), run.values, 0.0)
    largest = np.abs(finite).max(axis=0)
    derived = np.array([each.kind != "species" for each in run.model.quantities])
    largest[derived & (np.ptp(finite, axis=0) <= _CONSTANT * largest)] = 0.0
    drawn = panels(run.model.quantities, [float(value) for value in largest])
    if not drawn:
        raise ModelError(f"{run.model.id}: nothing to draw; every value is zero")
    shown = drawn[:_MOST_PANELS]
    rows = -(-len(shown) // _COLUMNS)
    height = 1.25 + 2.5 * rows
    left_out = sum(len(members) for _, members in drawn[_MOST_PANELS:])
    said = f"{left_out} more quantities are in the table of the run" if left_out else ""
    with canvas(path, 13.0, height) as figure:
        heading(figure, title or run.model.id, said)
        grid = figure.add_gridspec(
            rows, _COLUMNS, left=0.055, right=0.86, top=1 - 1.1 / height, bottom=0.5 / height, hspace=0.5, wspace=0.9
        )
        for place, (head, members) in enumerate(shown):
            axes = figure.add_subplot(grid[place // _COLUMNS, place % _COLUMNS])
            _draw(axes, run, members, head, dots)
            axes.set_title(head)
            if place >= len(shown) - _COLUMNS:
                axes.set_xlabel(f"time ({time_unit})" if time_unit else "time")
    return Path(path)


def _dots(run: BodyRun, observed: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Return the data of each quantity."""
    if observed is None:
        return {}
    for column in _OBSERVED:
        if column not in observed:
            raise ModelError(f"observed data: no column '{column}'{suggest(column, observed.columns)}")
    known = [each.id for each in run.model.quantities]
    found = {str(name): rows for name, rows in observed.groupby("quantity")}
    for name in found:
        if name not in known:
            raise ModelError(f"observed data: {run.model.id} has no quantity '{name}'{suggest(name, known)}")
    return found


def _draw(axes: Any, run: BodyRun, members: Sequence[int], head: str, dots: Mapping[str, pd.DataFrame]) -> None:
    values = run.values[:, members]
    positive = values[np.isfinite(values) & (values > 0)]
    logarithmic = bool((values[np.isfinite(values)] >= 0).all()) and len(positive) > 0
    if logarithmic:
        top = float(positive.max())
        bottom = float(positive[positive > _SMALLEST * top].min())
        logarithmic = np.log10(top / bottom) > _DECADES
    for colour, column, position in zip(_COLOURS, values.T, members, strict=False):
        axes.plot(run.times, column, color=colour, linewidth=1.5, label=_label(run, position, head))
        if (rows := dots.get(run.model.quantities[position].id)) is not None:
            axes.plot(rows["time"], rows["value"], "o", color=colour, markersize=4, alpha=0.8)
    if logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(bottom / 2, top * 2)
    axes.set_xlim(run.times[0], run.times[-1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.04), frameon=False, fontsize=7.5, handlelength=1.2)


def _label(run: BodyRun, position: int, head: str) -> str:
    """Return the display name without what the panel's head says; the id where several of one compartment share it."""
    mine = run.model.quantities[position]
    twins = sum(each.name == mine.name and each.place == mine.place for each in run.model.quantities)
    text = (mine.id if twins > 1 else mine.name).removeprefix(f"{head.partition(' ')[0]}_")
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"

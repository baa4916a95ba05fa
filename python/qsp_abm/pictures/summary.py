"""One picture of a run, or of the arms of an experiment: sections, tumour, drug, counts by type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qsp_abm.output.folder import RunSet, common_days, living
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import arm_colours, colour_of, label_of
from qsp_abm.pictures.section import draw_scale_bar, draw_section
from qsp_abm.pictures.style import (
    LEGEND_COLUMNS,
    arm_legend,
    band,
    canvas,
    finish,
    from_zero,
    heading,
    joined,
    nothing,
    ticks,
    written_unit,
)

__all__ = ["plot_run", "plot_runs"]

_WIDTH = 13.0  # inch
_COLUMNS = 12  # of the grid under everything
_PANELS = 4  # small panels in a row
_MOST_PANELS = 8  # cell types with a panel of their own: the living first, then those whose number changes most

Arms = dict[str, list[Run]]


def plot_run(run: Run, path: str | Path, *, title: str = "", note: str = "", tumour: str = "tumour") -> Path:
    """Draw one run: section before and after, change of the tumour, drug and occupancy, counts by type.

    Parameters
    ----------
    run
        The run.
    path
        Picture to write; the suffix chooses the format (`.png`, `.pdf`, `.svg`).
    title, note
        Headline (default: the title of the experiment, or the name of the file or folder) and the line under it, such as `ILLUSTRATIVE`.
    tumour
        Group whose living cells are the tumour.

    Raises
    ------
    ModelError
        The run has no frame, or the picture cannot be written.
    """
    arm = str(run.provenance.get("arm") or run.path.stem)
    return _draw({arm: [run]}, None, path, title or label_of(run.path.stem), note, tumour)


def plot_runs(runs: RunSet, path: str | Path, *, title: str = "", note: str = "", tumour: str = "tumour") -> Path:
    """Draw the arms of an experiment: medians, and bands from 5 to 95 % of the replicates.

    Parameters
    ----------
    runs
        The runs of a folder.
    path, title, note, tumour
        As for `plot_run`.

    Raises
    ------
    ModelError
        A run has no frame, or the picture cannot be written.
    """
    arms = {arm: runs.of_arm(arm) for arm in runs.arms}
    title = title or arms[runs.arms[0]][0].provenance.get("title") or label_of(runs.folder.resolve().name)
    return _draw(arms, runs.control if len(arms) > 1 else None, path, title, note, tumour)


def _draw(arms: Arms, control: str | None, path: str | Path, title: str, note: str, tumour: str) -> Path:
    for each in (run for runs in arms.values() for run in runs):
        each.frame_at()  # refuses a run without frames
    colours = arm_colours(list(arms), control)
    first = next(iter(arms.values()))[0]
    kinds = _shown_types(arms)
    rows = -(-len(kinds) // _PANELS)
    head = 1.2 + (0.32 * -(-len(arms) // LEGEND_COLUMNS) if len(arms) > 1 else 0)
    height = 7.75 + 1.95 * rows + head
    with canvas(path, _WIDTH, height) as figure:
        grid = figure.add_gridspec(
            2 + rows,
            _COLUMNS,
            height_ratios=[4.4, 2.3, *[1.55] * rows],
            left=0.055,
            right=0.985,
            top=1 - head / height,
            bottom=0.55 / height,
            hspace=0.42,
            wspace=1.1,
        )
        heading(figure, title, joined(_subtitle(arms), note))
        if len(arms) > 1:
            arm_legend(figure, arms, colours, 1 - 0.82 / height)
        _sections(figure, grid, arms, control, first)
        _tumour(figure.add_subplot(grid[1, 0:4]), arms, control, colours, tumour)
        _body(figure.add_subplot(grid[1, 4:8]), arms, colours, "concentration")
        _body(figure.add_subplot(grid[1, 8:12]), arms, colours, "occupancy")
        _counts(figure, grid, arms, colours, kinds)
    return Path(path)


def _subtitle(arms: Arms) -> str:
    replicates = {len(runs) for runs in arms.values()}
    count = max(replicates)
    text = (
        "one run"
        if count == 1 and len(arms) == 1
        else f"{len(arms)} arm{'s' * (len(arms) > 1)}, {count} replicate{'s' * (count > 1)} each"
    )
    if count > 1:
        text += " (sections: the first); lines are medians, bands 5\N{EN DASH}95 %"
    return text


def _shown_types(arms: Arms) -> list[str]:
    """Return the cell types to show, the living first, then those whose number changes most, in the order of the model."""
    first = next(iter(arms.values()))[0]
    tables = [run.counts for runs in arms.values() for run in runs]
    most = {name: max(int(table[name].max()) for table in tables) for name in first.types}
    dead = {each["name"] for each in first.schema["cell_types"] if each["dead"]}
    present = [name for name in first.types if most[name] > 0]
    moving = {
        name: max(float(np.ptp(table[name]) / max(table[name].iloc[0], 1)) for table in tables) for name in present
    }
    ranked = sorted(present, key=lambda name: (name in dead, -moving[name], -most[name]))[:_MOST_PANELS]
    return [name for name in present if name in ranked]


def _sections(figure: Any, grid: Any, arms: Arms, control: str | None, first: Run) -> None:
    """Draw the start once, and the end of the control and of the last other arm."""
    names = list(arms)
    shown = (
        names
        if len(names) < 3
        else [control or names[0], next(name for name in names if name != (control or names[0]))]
    )
    panels = [(first, 0, "Start"), *((arms[name][0], -1, label_of(name)) for name in shown)]
    width = 5 if len(panels) == 2 else 4
    used: set[str] = set()
    for place, (run, frame, label) in enumerate(panels):
        if len(panels) == 2:
            axes = figure.add_subplot(grid[0, place * width : (place + 1) * width])
        else:
            axes = figure.add_subplot(grid[0, place * 4 : place * 4 + 4])
        day = run.times[frame]
        used |= draw_section(axes, run, frame)
        axes.set_title(f"{label}, day {day:g}", pad=6)
        axes.set_anchor("W")
        if place == 0:
            draw_scale_bar(axes, run)
    types = [each for each in first.schema["cell_types"] if each["name"] in used]
    if types:
        _legend(figure, grid, types, len(panels))


def _legend(figure: Any, grid: Any, types: list[dict[str, Any]], panels: int) -> None:
    from matplotlib.lines import Line2D

    dots: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 8, "markeredgewidth": 0}
    marks = [
        Line2D([], [], color=colour_of(each["name"], dead=each["dead"]), label=label_of(each["name"]), **dots)
        for each in types
    ]
    if panels == 2:
        axes = figure.add_subplot(grid[0, 10:12])
        axes.axis("off")
        axes.legend(
            handles=marks,
            loc="center left",
            frameon=False,
            fontsize=9.5,
            handletextpad=0.2,
            labelspacing=0.9,
            bbox_to_anchor=(-0.55, 0.5),
        )
        return
    box = grid[0, :].get_position(figure)
    figure.legend(
        handles=marks,
        loc="upper center",
        bbox_to_anchor=(0.52, box.y0 - 0.002),
        ncol=min(len(marks), 6),
        frameon=False,
        fontsize=9.5,
        handletextpad=0.1,
        columnspacing=1.6,
    )


# -- curves -------------------------------------------------------------------------------------------------------


def _tumour(axes: Any, arms: Arms, control: str | None, colours: dict[str, str], group: str) -> None:
    """Draw the change of the tumour: against the control, paired; without one, against the start."""
    axes.axhline(0, color="#AEB6BD", linewidth=1)
    if group not in next(iter(arms.values()))[0].schema["groups"]:
        nothing(axes, "Tumour", f"no group '{group}'")
        return
    for arm, runs in arms.items():
        if arm == control:
            continue
        base = arms[control] if control else []
        count = min(len(runs), len(base)) if control else len(runs)
        days, values = common_days([living(run, group) for run in (*runs[:count], *base[:count])])
        below = values[count:] if control else values[:, :1]
        change = 100 * (values[:count] / np.where(below > 0, below, np.nan) - 1)
        band(axes, days, change, colours[arm], label_of(arm))
    finish(
        axes,
        f"Living tumour cells against {label_of(control).lower()}" if control else "Change of living tumour cells",
        "%",
    )


def _body(axes: Any, arms: Arms, colours: dict[str, str], role: str) -> None:
    """Draw the body columns of a role; the arms where it stays at zero are left out."""
    title = {"concentration": "Drug concentration", "occupancy": "Receptor occupancy"}[role]
    first = next(iter(arms.values()))[0]
    names = _columns(first, role)
    styles = ("-", "--", ":", "-.")
    drawn = 0
    for arm, runs in arms.items():
        for name, style in zip(names, styles, strict=False):
            days, values = common_days([run.body[name] for run in runs])
            if len(days) and np.nanmax(np.abs(values)) > 0:
                label = f"{label_of(arm)}: {label_of(name)}" if len(names) > 1 else label_of(arm)
                band(axes, days, 100 * values if role == "occupancy" else values, colours[arm], label, style)
                drawn += 1
    if not drawn:
        nothing(axes, title, "none in this run" if names else "not recorded")
        return
    unit = "% of receptors" if role == "occupancy" else written_unit(first.unit("body", names[0]))
    finish(axes, f"{title}: {label_of(names[0])}" if role == "concentration" and len(names) == 1 else title, unit)
    if role == "occupancy":
        axes.set_ylim(-3, 105)
    else:
        from_zero(axes)
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8.5, handlelength=1.8, loc="best")


def _columns(run: Run, role: str) -> list[str]:
    """Return body columns of a role; in files without roles those that are named like a drug or an occupancy."""
    if names := run.columns_of_role(role):
        return names
    every = [each["name"] for each in run.schema["body"]]
    if role == "occupancy":
        return [name for name in every if "occupancy" in name]
    drugs = run.config.get("drugs") or run.config.get("model", {}).get("drugs") or []
    wanted = {str(each.get("name")) for each in drugs if isinstance(each, dict)}
    return [name for name in every if name in wanted]


def _counts(figure: Any, grid: Any, arms: Arms, colours: dict[str, str], kinds: list[str]) -> None:
    """Draw one small panel per cell type, the arms in their colours."""
    tables = {arm: [run.counts for run in runs] for arm, runs in arms.items()}
    first = next(iter(arms.values()))[0]
    dead = {each["name"] for each in first.schema["cell_types"] if each["dead"]}
    wide = _COLUMNS // _PANELS
    for place, name in enumerate(kinds):
        row, column = divmod(place, _PANELS)
        axes = figure.add_subplot(grid[2 + row, column * wide : (column + 1) * wide])
        for arm, counts in tables.items():
            days, values = common_days([table[name].astype("f8") for table in counts])
            band(axes, days, values, colours[arm], label_of(arm))
        from_zero(axes)
        axes.margins(x=0)
        axes.set_title(f"    {label_of(name)}", pad=5, fontsize=9.5)
        axes.plot(
            0.018,
            1.075,
            marker="o",
            markersize=8,
            markeredgewidth=0,
            color=colour_of(name, dead=name in dead),
            transform=axes.transAxes,
            clip_on=False,
        )
        ticks(axes)
        if column == 0:
            axes.set_ylabel("cells")
        if place + _PANELS >= len(kinds):
            axes.set_xlabel("day")

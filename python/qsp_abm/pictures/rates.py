"""How fast cells enter, kill and are exhausted: events of the ledger over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qsp_abm.output.folder import common_days
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import arm_colours, label_of
from qsp_abm.pictures.style import SOFT, arm_legend, band, canvas, finish, from_zero, heading, joined, nothing, title_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RATES", "plot_rates", "rate"]

RATES = {
    "entry": "T cells that enter the tissue, per day",
    "exit": "T cells that leave the tissue, per day",
    "killing": "tumour cells killed, per day and 1000 living ones",
    "killing per T cell": "tumour cells killed, per day and CD8 T cell",
    "division": "tumour cells born, per day and 1000 living ones",
    "exhaustion": "T cells that become terminally exhausted, per day",
}
_WINDOW = 2.0  # day over which events are counted


def rate(run: Run, name: str, window: float = _WINDOW) -> pd.Series[float]:
    """Return a rate of `RATES` over time (index: day, the end of each window); NaN where there is nothing to divide by.

    Parameters
    ----------
    run
        The run; its ledger counts events since the start.
    name
        Key of `RATES`.
    window
        Days over which events are counted.
    """
    import pandas as pd

    ledger, counts = run.ledger, run.counts
    days = ledger.index.to_numpy("f8")
    living = {t["name"]: t["group"] for t in run.schema["cell_types"] if not t["dead"]}
    tumour = [each for each, group in living.items() if group == "tumour"]
    t_cells = [each for each in living if each.startswith(("cd8", "cd4", "car_t", "treg"))]
    killers = [each for each in living if each.startswith(("cd8", "car_t"))]

    def events(row: str, types: Sequence[str]) -> Array:
        columns = [f"{row}__{each}" for each in types if f"{row}__{each}" in ledger]
        total = ledger[columns].sum(axis=1).to_numpy("f8")
        before = np.maximum(days - window, days[0])
        past = total[np.searchsorted(days, before + 1e-9, side="right") - 1]
        elapsed = days - days[np.searchsorted(days, before + 1e-9, side="right") - 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(elapsed > 0, (total - past) / elapsed, np.nan))

    def per(types: Sequence[str], many: float) -> Array:
        number = counts[list(types)].sum(axis=1).to_numpy("f8") / many
        return np.asarray(np.where(number > 0, number, np.nan))

    found: dict[str, Callable[[], Array]] = {
        "entry": lambda: events("recruited", t_cells),
        "exit": lambda: events("left", t_cells),
        "killing": lambda: events("died_killed", tumour) / per(tumour, 1000),
        "killing per T cell": lambda: events("died_killed", tumour) / per(killers, 1),
        "division": lambda: events("born", tumour) / per(tumour, 1000),
        "exhaustion": lambda: events("became_in", [each for each in t_cells if "exhausted" in each]),
    }
    return pd.Series(found[name](), pd.Index(days, name="day"), name=name)


def plot_rates(
    arms: Mapping[str, Sequence[Run]], path: str | Path, control: str | None = None, title: str = "", note: str = ""
) -> Path:
    """Draw all rates of the arms: medians, and bands from 5 to 95 % of the replicates.

    Parameters
    ----------
    arms
        Runs of each arm.
    path
        Picture to write.
    control
        Arm drawn in grey.
    title, note
        Headline and the line under it.
    """
    for run in (run for runs in arms.values() for run in runs):
        run.frame_at()
    colours = arm_colours(list(arms), control)
    height = 7.9
    with canvas(path, 13.0, height) as figure:
        first = next(iter(arms.values()))[0]
        heading(figure, title or title_of(first), joined(f"events of {_WINDOW:g} days", note))
        if len(arms) > 1:
            arm_legend(figure, arms, colours, 1 - 0.82 / height)
        panels = figure.subplots(
            2,
            3,
            gridspec_kw={
                "left": 0.055,
                "right": 0.985,
                "top": 1 - 1.7 / height,
                "bottom": 0.075,
                "hspace": 0.4,
                "wspace": 0.24,
            },
        )
        for axes, (name, unit) in zip(panels.ravel(), RATES.items(), strict=True):
            found = {arm: [rate(run, name) for run in runs] for arm, runs in arms.items()}
            if not any(np.nansum(one.to_numpy()) > 0 for series in found.values() for one in series):
                nothing(axes, label_of(name), "no such event")
                continue
            for arm, series in found.items():
                days, values = common_days(series)
                band(axes, days[1:], values[:, 1:], colours[arm], label_of(arm))
            finish(axes, label_of(name), "")
            axes.set_title(f"{label_of(name)}\n", pad=2)
            axes.text(0, 1.03, unit, transform=axes.transAxes, color=SOFT, fontsize=9)
            from_zero(axes)
    return Path(path)

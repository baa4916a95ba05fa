"""How all pictures look, and the small things that they share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qsp_abm.errors import ModelError
from qsp_abm.output.layout import Array
from qsp_abm.pictures.colours import label_of

if TYPE_CHECKING:
    from qsp_abm.output.reader import Run

__all__ = [
    "GRID",
    "INK",
    "KINDS",
    "LEGEND_COLUMNS",
    "SOFT",
    "arm_legend",
    "arm_of",
    "band",
    "canvas",
    "check_picture",
    "finish",
    "from_zero",
    "heading",
    "joined",
    "nothing",
    "ticks",
    "title_of",
    "written_unit",
]

INK, SOFT, GRID = "#22272B", "#69727A", "#E6E9EB"
KINDS = (".png", ".pdf", ".svg")
LEGEND_COLUMNS = 5
_BAND = (0.05, 0.5, 0.95)  # quantiles over the replicates
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": "#AEB6BD",
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "axes.linewidth": 0.8,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}


def check_picture(path: str | Path, kinds: tuple[str, ...] = KINDS, *, force: bool = True) -> Path:
    """Refuse a path where no picture of these kinds can be written.

    Raises
    ------
    ModelError
        An unknown suffix, a missing folder, or a file that exists while `force` is false.
    """
    path = Path(path)
    if path.suffix.lower() not in kinds:
        raise ModelError(f"{path}: unknown kind of picture; allowed: {', '.join(kinds)}")
    if not path.parent.is_dir():
        raise ModelError(f"{path}: the folder '{path.parent}' does not exist")
    if path.exists() and not force:
        raise ModelError(f"{path}: exists; use --force to overwrite")
    return path


def heading(figure: Any, title: str, subtitle: str) -> None:
    """Write the headline of a picture and the line under it."""
    left, height = 0.055, figure.get_figheight()
    figure.text(left, 1 - 0.36 / height, title, fontsize=17, fontweight="bold", va="center")
    figure.text(left, 1 - 0.68 / height, subtitle, fontsize=10.5, color=SOFT, va="center")


def arm_legend(figure: Any, arms: Iterable[str], colours: dict[str, str], height: float) -> None:
    """Name the colours of the arms, once for all curves."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=colours[arm], linewidth=3, label=label_of(arm)) for arm in arms]
    figure.legend(
        handles=lines,
        loc="upper left",
        bbox_to_anchor=(0.049, height),
        ncol=min(len(lines), LEGEND_COLUMNS),
        frameon=False,
        fontsize=11,
        handlelength=1.3,
        handletextpad=0.5,
        columnspacing=1.8,
    )


def title_of(run: Run) -> str:
    """Return the title of the experiment that a run belongs to, else the name of its file."""
    return str(run.provenance.get("title") or label_of(run.path.stem))


def arm_of(run: Run) -> str:
    """Return arm and replicate of a run, as far as it names them."""
    about = run.provenance
    arm, replicate = about.get("arm"), about.get("replicate")
    return joined(label_of(str(arm)) if arm else "", f"replicate {replicate}" if replicate else "")


def joined(*parts: str) -> str:
    """Join the parts of a subtitle that are there."""
    return "    ·    ".join(part for part in parts if part)


@contextmanager
def canvas(path: str | Path | None, width: float, height: float) -> Iterator[Any]:
    """Give an empty figure of so many inches in our style, and write it to `path` at the end; None: it stays open."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    target = None if path is None else check_picture(path)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure
        if target is not None:
            try:
                figure.savefig(target)
            except (OSError, ValueError) as error:
                raise ModelError(f"{target}: cannot be written ({error})") from None


def band(axes: Any, days: Array, values: Array, colour: str, label: str, style: str = "-") -> None:
    """Draw the median over the replicates (rows of `values`) and the band from 5 to 95 %."""
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all-nan where the control has no tumour left
        low, middle, high = np.nanquantile(values, _BAND, axis=0)
    if len(values) > 1:
        axes.fill_between(days, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(days, middle, color=colour, linewidth=1.8, linestyle=style, label=label)


def finish(axes: Any, title: str, unit: str, along: str = "day") -> None:
    """Give axes their title, unit and ticks."""
    axes.set_title(title, pad=7)
    axes.set_xlabel(along)
    axes.set_ylabel(unit)
    axes.margins(x=0)
    ticks(axes)


def from_zero(axes: Any) -> None:
    """Let the axis of values begin at zero."""
    axes.set_ylim(0, 1.08 * max(axes.dataLim.y1, 0) or 1)


def ticks(axes: Any) -> None:
    """Draw few ticks, with thousands apart and a true minus."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def thousands(value: float, _: Any) -> str:
        text = f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 1000 else f"{value:g}"
        return text.replace("-", "\u2212")

    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(length=0)


def nothing(axes: Any, title: str, why: str) -> None:
    """Say in empty axes why there is nothing to draw."""
    axes.set_title(title, pad=7)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.text(0.5, 0.5, why, ha="center", va="center", color=SOFT, transform=axes.transAxes)


def written_unit(text: str) -> str:
    """Return a unit as a reader would write it: ``um`` and ``ug`` with the sign for micro.

    Examples
    --------
    >>> written_unit("ug/mL")
    'µg/mL'
    """
    return re.sub(r"\bu(?=[a-zA-Z])", "µ", text)

"""A run, or a folder of runs, as one page that opens in any browser, without a network."""

from __future__ import annotations

import base64
import gzip
import html
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from qsp_abm.effects import CAVEAT
from qsp_abm.errors import ModelError
from qsp_abm.output.comparison import compare
from qsp_abm.output.folder import RunSet
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import colour_of, label_of
from qsp_abm.pictures.kymograph import plot_kymograph
from qsp_abm.pictures.muller import plot_muller
from qsp_abm.pictures.rates import plot_rates
from qsp_abm.pictures.style import title_of, written_unit
from qsp_abm.pictures.summary import plot_run, plot_runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_report"]

_MOST_FRAMES = 61
_MOST_CELLS = 1_500_000  # cell positions in one viewer, over all of its frames
_FEWEST_FRAMES = 11
_MOST_RUNS = 4  # that can be looked at; the first replicates of the first arms
_SCAFFOLD = ("stroma", "fibroblast")  # lies under the other cells
_SHORT = 12  # letters of a commit that are shown


def write_report(runs: Run | RunSet, path: str | Path) -> Path:
    """Write the page: a viewer with a slider of time, pictures, results, numbers with their sources, provenance.

    Parameters
    ----------
    runs
        A run, or the runs of a folder.
    path
        Page to write, ``.html``.

    Raises
    ------
    ModelError
        Another suffix, a missing folder, or a run without frames.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ModelError(f"{path}: unknown kind of page; allowed: .html")
    if not path.parent.is_dir():
        raise ModelError(f"{path}: the folder '{path.parent}' does not exist")
    arms = {arm: runs.of_arm(arm) for arm in runs.arms} if isinstance(runs, RunSet) else {_arm(runs): [runs]}
    control = runs.control if isinstance(runs, RunSet) and len(arms) > 1 else None
    first = next(iter(arms.values()))[0]
    for run in (run for some in arms.values() for run in some):
        run.frame_at()  # refuses a run without frames
    shown = [(arm, some[0]) for arm, some in arms.items()][:_MOST_RUNS]
    viewers = [_viewer(label_of(arm), run) for arm, run in shown]
    model = first.model
    page = Template(files(__name__).joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title_of(first)),
        subtitle=html.escape(_subtitle(arms, first)),
        explanation=html.escape(_explanation(viewers, first)),
        results=_results(arms, control),
        pictures=_pictures(runs, arms, control, shown),
        kinds=html.escape(_kinds(first)),
        parameters=_parameters(first),
        sentences=html.escape(model.describe()),
        provenance=_provenance(arms),
        start=html.escape("\n".join(first.config.get("report", []))),
        runs=json.dumps(viewers).replace("</", "<\\/"),
        script=files(__name__).joinpath("viewer.js").read_text(encoding="utf-8"),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def _arm(run: Run) -> str:
    return str(run.provenance.get("arm") or run.path.stem)


def _subtitle(arms: Mapping[str, Sequence[Run]], first: Run) -> str:
    count = max(len(runs) for runs in arms.values())
    shape = " × ".join(f"{n}" for n in first.shape if n > 1)
    parts = [
        ", ".join(label_of(arm) for arm in arms),
        f"{count} replicate{'s' * (count > 1)} each" if count > 1 else "one run each" if len(arms) > 1 else "one run",
        f"{first.times[-1]:g} day{'s' * bool(first.times[-1] != 1)}",
        f"{shape} voxels of {first.voxel[0]:g} µm",
        CAVEAT,
    ]
    return "  ·  ".join(parts)


# -- the viewer ---------------------------------------------------------------------------------------------------


def _packed(values: Array) -> str:
    return base64.b64encode(gzip.compress(np.ascontiguousarray(values).tobytes(), 6, mtime=0)).decode()


def _viewer(name: str, run: Run) -> dict[str, Any]:
    """Return what the viewer of one run needs: voxels in 16 bits, fields in 8 bits."""
    counts = run.counts
    total = counts.sum(axis=1).to_numpy("f8")
    number = int(np.clip(_MOST_CELLS / max(total.max(), 1), _FEWEST_FRAMES, _MOST_FRAMES))
    frames = np.unique(np.linspace(0, run.frames - 1, min(run.frames, number)).round().astype(int)).tolist()
    stride = max(1, int(np.ceil(total.max() * len(frames) / _MOST_CELLS)))
    box = np.array(run.shape) * np.array(run.voxel)
    packed = []
    for frame in frames:
        cells = run.cells(frame=frame, columns=("x_um", "y_um", "z_um", "cell_type", "id"))
        cells = cells[cells["id"].to_numpy() % stride == 0] if stride > 1 else cells
        voxels = np.floor(cells[["x_um", "y_um", "z_um"]].to_numpy("f8") / np.array(run.voxel)).astype("<u2")
        order = np.lexsort(voxels.T)  # neighbours together: this is what makes the page small
        codes = cells["cell_type"].cat.codes.to_numpy("u1")[order]
        packed.append(_packed(np.concatenate([np.ascontiguousarray(voxels[order].T).view("u1").ravel(), codes])))
    volume = run.shape[2] > 1
    return {
        "name": name,
        "days": [round(float(run.times[frame]), 4) for frame in frames],
        "box": box.tolist(),
        "shape": list(run.shape),
        "voxel": list(run.voxel),
        "volume": volume,
        "stride": stride,
        "types": [
            {
                "label": label_of(each["name"]),
                "colour": colour_of(each["name"], dead=each["dead"]),
                "below": each["name"] in _SCAFFOLD,
            }
            for each in run.schema["cell_types"]
        ],
        "counts": counts.iloc[frames].to_numpy("i8").tolist(),
        "frames": packed,
        "fields": [] if volume else [_field(run, name, frames) for name in run.field_names],
    }


def _field(run: Run, name: str, frames: Sequence[int]) -> dict[str, Any]:
    values = [run.field(name, frame=frame).to_numpy()[0] for frame in frames]
    top = max(float(np.quantile(each, 0.999)) for each in values) or 1.0
    return {
        "name": name,
        "label": label_of(name),
        "unit": written_unit(run.unit("fields", name)),
        "top": top,
        "frames": [_packed(np.clip(each / top * 255, 0, 255).round().astype("u1")) for each in values],
    }


def _explanation(viewers: Sequence[Mapping[str, Any]], first: Run) -> str:
    said = (
        "Drag to turn, use the wheel to come nearer."
        if viewers[0]["volume"]
        else "Drag to move, use the wheel to come nearer."
    )
    said += " Point at a cell to see what it is."
    if viewers[0]["stride"] > 1:
        said += f" Of every {viewers[0]['stride']} cells one is drawn; the numbers count all."
    if first.sample < 1:
        said += f" The run holds {first.sample:.3g} of its cells; the numbers count all."
    if len(viewers[0]["days"]) < first.frames:
        said += f" {len(viewers[0]['days'])} of {first.frames} recorded times are here."
    return said


# -- the rest -----------------------------------------------------------------------------------------------------


def _pictures(
    runs: Run | RunSet, arms: Mapping[str, list[Run]], control: str | None, shown: Sequence[tuple[str, Run]]
) -> str:
    last = shown[-1][1]
    drawn: list[tuple[str, Callable[[Path], Path]]] = [
        (
            "Section, tumour, drug and counts",
            lambda path: plot_runs(runs, path) if isinstance(runs, RunSet) else plot_run(runs, path),
        ),
        ("Rates", lambda path: plot_rates(arms, path, control)),
        ("Densities over place and time", lambda path: plot_kymograph(last, path)),
    ]
    if any(each["group"] == "tumour" for each in last.schema["cell_types"]):
        drawn.append(("Clones of the tumour", lambda path: plot_muller(last, path)))
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, draw) in enumerate(drawn):
            image = base64.b64encode(draw(Path(folder) / f"{number}.png").read_bytes()).decode()
            parts.append(
                f'<h3>{html.escape(name)}</h3><img alt="{html.escape(name)}" src="data:image/png;base64,{image}">'
            )
    return "\n".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (), name: str = "") -> str:
    """Return a table; cells are HTML already."""
    kind = [' class="number"' if column in numbers else "" for column in range(len(heads))]
    head = "".join(f"<th{kind[k]}>{text}</th>" for k, text in enumerate(heads))
    body = "".join(f"<tr>{''.join(f'<td{kind[k]}>{text}</td>' for k, text in enumerate(row))}</tr>" for row in rows)
    return f'<table id="{name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _results(arms: Mapping[str, list[Run]], control: str | None) -> str:
    """Return start and end of every cell type, as median and interval, and the ratio to the control."""
    table = compare(arms)
    ratios = compare(arms, against=control) if control is not None else None
    first = next(iter(arms.values()))[0]

    def spread(row: Any, digits: int) -> str:
        low, middle, high = (row[level] for level in (0.05, 0.5, 0.95))
        if not np.isfinite(middle):
            return "–"
        text = f"{middle:,.{digits}f}"
        return text if row["replicates"] < 2 else f"{text} ({low:,.{digits}f} to {high:,.{digits}f})"

    rows = []
    for arm in arms:
        for kind in first.types:
            here = _part(table, arm, kind)
            if not here[0.95].any():
                continue
            ratio = "" if ratios is None or arm == control else spread(_part(ratios, arm, kind).iloc[-1], 2)
            rows.append([label_of(arm), label_of(kind), spread(here.iloc[0], 0), spread(here.iloc[-1], 0), ratio])
    heads = ["Arm", "Cells", "Start", "End", f"End against {label_of(control).lower()}" if control else ""]
    return _table(heads, rows, (2, 3, 4)) + "<p>Median over the replicates (5 to 95 %).</p>"


def _part(table: pd.DataFrame, arm: str, kind: str) -> pd.DataFrame:
    index = table.index
    return table[(index.get_level_values("arm") == arm) & (index.get_level_values("quantity") == kind)]


def _kinds(run: Run) -> str:
    kinds = Counter(run.parameters["kind"])
    total = sum(kinds.values())
    listed = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{total} numbers: {listed}. Each has its source; unverified ones say what they stand for."


def _parameters(run: Run) -> str:
    rows = (
        [
            html.escape(row["name"]),
            f"{row['value']:.6g}",
            html.escape(written_unit(row["unit"])),
            f'<span class="kind {html.escape(row["kind"])}">{html.escape(row["kind"])}</span>',
            f'<span class="source">{html.escape(row["source"])}</span>',
        ]
        for _, row in run.parameters.iterrows()
    )
    return _table(["Name", "Value", "Unit", "Kind", "Source"], rows, (1,), "parameters")


def _provenance(arms: Mapping[str, Sequence[Run]]) -> str:
    rows = []
    for arm, runs in arms.items():
        for run in runs:
            about = run.provenance
            commit = str(about.get("git_hash") or "")[:_SHORT]
            version = " ".join(str(each) for each in (about.get("qsp_abm_version"), commit) if each)
            digest = run.digest().get("all", "")[:_SHORT]
            cells = (
                label_of(arm),
                run.path.name,
                run.status,
                f"{run.seed}",
                version,
                f"{about.get('started', '')}",
                digest,
            )
            rows.append([html.escape(each) for each in cells])
    return _table(["Arm", "File", "Status", "Seed", "Version", "Started", "Digest of the end"], rows)

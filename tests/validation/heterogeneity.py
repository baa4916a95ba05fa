"""Twelve tumour sections for 60 days with and without anti-PD-1, as they are and with their cells rearranged.

    python tests/validation/heterogeneity.py docs --seeds 20

runs what is missing and writes `heterogeneity.csv`, `heterogeneity.md` and `pictures/heterogeneity.png` into the folder given.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from sections import EXAMPLES

import qsp_abm as qa
from qsp_abm.library import models

DATA = Path(__file__).parents[1] / "reference" / "mibi_tnbc"
PATIENTS = (2, 4, 5, 8, 9, 12, 14, 16, 20, 29, 35, 41)
DAYS = (0, 2, 7, 14, 21, 30, 45, 60)
ARMS = ("untreated", "anti-PD-1")
REGIMEN = qa.Dose("pembrolizumab", "200 mg", every="3 week")
ARRANGEMENTS = ("measured", "immune permuted", "all permuted")
MARGIN = 100.0  # um of mirrored tissue around the table
FIXED = ("Endothelial/Vim", "Mesenchymal/SMA", "Other")  # stay where they are in all arrangements
TUMOUR = ("Epithelial", "Tumor/Keratin", "Tumor/EGFR")


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One run; the order is that in which they are done: whole seeds first."""

    seed: int
    patient: int
    arrangement: str
    arm: str

    @property
    def name(self) -> str:
        """Name of its file of results."""
        return f"patient{self.patient}-{self.arrangement}-{self.arm}-{self.seed}".replace(" ", "_")


def cases(seeds: Iterable[int]) -> Iterator[Case]:
    """Yield all runs of some seeds."""
    for seed, patient, arrangement, arm in product(seeds, PATIENTS, ARRANGEMENTS, ARMS):
        yield Case(seed, patient, arrangement, arm)


def arranged(table: pd.DataFrame, arrangement: str, seed: int) -> pd.DataFrame:
    """Return the cells in an arrangement: labels permuted among immune positions, or among immune and tumour positions."""
    if arrangement == "measured":
        return table
    label = table["cell_type"].to_numpy(copy=True)
    moving = ~np.isin(label, FIXED)
    if arrangement == "immune permuted":
        moving &= ~np.isin(label, TUMOUR)
    label[moving] = np.random.default_rng(seed).permutation(label[moving])
    return table.assign(cell_type=label)


def run(case: Case, data: Path, path: Path) -> None:
    """Run a case on one thread and store its cells at `DAYS`."""
    document = tomllib.loads((EXAMPLES / "patient_section.toml").read_text(encoding="utf-8"))
    start = document["start"][0]
    del start["kind"]
    cells = arranged(pd.read_csv(data / f"patient{case.patient}.csv"), case.arrangement, case.seed)
    with tempfile.TemporaryDirectory() as folder:
        start["path"] = str(Path(folder) / "cells.csv")
        cells.to_csv(start["path"], index=False)
        start["margin"] = MARGIN
        start["types"].setdefault("*", "other_immune")
        model = models.solid_tumour_2d(lattice=qa.Lattice(**document["model"]["lattice"]))
        doses = (REGIMEN,) if case.arm == "anti-PD-1" else ()
        simulation = qa.Simulation(
            model, qa.FromTable(**start), doses, seed=case.seed, vessel_draw=case.seed % 3, threads=1
        )
    kept = {}
    for day in DAYS:
        if day:
            simulation.step_until(day)
        found = simulation.cell_columns()
        kept[f"types{day}"] = found["cell_type"].astype("u1")
        kept[f"points{day}"] = np.stack([found["x_um"], found["y_um"]], axis=1).astype("f4")
    simulation.check()
    draft = path.with_suffix(".part.npz")
    np.savez_compressed(draft, names=np.array(list(model.types)), **kept)
    draft.replace(path)


def run_all(wanted: Iterable[Case], data: Path, folder: Path, workers: int = 0) -> None:
    """Run what is missing in `folder`, one process for each core unless said otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = [case for case in wanted if not (folder / f"{case.name}.npz").exists()]
    with ProcessPoolExecutor(workers or len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        for each in as_completed([pool.submit(run, case, data, folder / f"{case.name}.npz") for case in todo]):
            each.result()


COLUMNS = ("seed", "patient", "arrangement", "arm", "day", "tumour", "cd8", "mixing", "normalised", "core", "margin")


def measure(case: Case, path: Path) -> Iterator[dict[str, object]]:
    """Yield a line of the table for each day: living tumour and CD8 cells, and the architecture inside the measured field."""
    from qsp_abm import statistics

    with np.load(path) as kept:
        names = kept["names"]
        for day in DAYS:
            points = kept[f"points{day}"].astype("f8")
            cells = pd.DataFrame(
                {"x_um": points[:, 0], "y_um": points[:, 1], "cell_type": names[kept[f"types{day}"] - 1]}
            )
            size = points.max() + 4.0  # half a voxel
            field = points - MARGIN
            inside = ((field >= 0) & (field < size - 2 * MARGIN)).all(axis=1)
            mixing = statistics.mixing_score(cells[inside], radius=20.0)
            place = statistics.immune_phenotype(cells[inside], margin=50.0)
            kinds = cells["cell_type"]
            yield {
                "seed": case.seed,
                "patient": case.patient,
                "arrangement": case.arrangement,
                "arm": case.arm,
                "day": day,
                "tumour": int((kinds == "tumour").sum()),
                "cd8": int(kinds.str.startswith("cd8").sum()),
                "mixing": round(float(mixing["raw"]), 4),
                "normalised": round(float(mixing["normalised"]), 4),
                "core": round(float(place["core"]), 1),
                "margin": round(float(place["margin"]), 1),
            }


def tabulate(folder: Path, table: Path, seeds: Iterable[int]) -> pd.DataFrame:
    """Return all lines, those of an earlier table and those of results that are new; the table is written anew."""
    found = pd.read_csv(table) if table.exists() else pd.DataFrame(columns=list(COLUMNS))
    have = set(zip(found["seed"], found["patient"], found["arrangement"], found["arm"], strict=True))
    rows = [
        row
        for case in cases(seeds)
        if (case.seed, case.patient, case.arrangement, case.arm) not in have
        and (path := folder / f"{case.name}.npz").exists()
        for row in measure(case, path)
    ]
    if rows:
        found = pd.concat([found, pd.DataFrame(rows)]) if len(found) else pd.DataFrame(rows)
        found = found.sort_values(list(COLUMNS[:5]), key=lambda each: each.map(_ORDER) if each.name in _NAMED else each)
        found.to_csv(table, index=False)
    return found


_NAMED = ("arrangement", "arm")
_ORDER = {name: place for place, name in enumerate((*ARRANGEMENTS, *ARMS))}


def effects(table: pd.DataFrame) -> pd.DataFrame:
    """Return log of treated over untreated tumour cells at the end (columns: arrangements) by patient and seed."""
    last = table[table["day"] == DAYS[-1]].set_index(["patient", "seed", "arrangement", "arm"])["tumour"].unstack("arm")
    both = last.dropna()
    ratio = np.log(both[ARMS[1]] / both[ARMS[0]]).unstack("arrangement")
    return ratio.dropna()[[*ARRANGEMENTS]]


def interval(values: pd.Series) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval of Student's t."""
    from scipy.special import stdtrit

    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def classes() -> dict[int, str]:
    """Return what the paper calls each patient."""
    known = pd.read_csv(DATA / "patients.csv")
    return {
        int(name.removeprefix("patient")): kind
        for name, kind in zip(known["patient"], known["architecture"], strict=True)
    }


def page(table: pd.DataFrame) -> str:
    """Return the page."""
    change, kind = effects(table), classes()
    seeds = sorted({int(seed) for _, seed in change.index})
    of = change.groupby(level="patient").mean()
    steady = table[(table["arm"] == ARMS[0]) & (table["arrangement"] == ARRANGEMENTS[0]) & table["seed"].isin(seeds)]
    mixing = steady.groupby(["patient", "day"])["mixing"].median().unstack("day")
    normalised = steady.groupby(["patient", "day"])["normalised"].median().unstack("day")
    cut = np.sqrt(
        mixing[0][[p for p in of.index if kind[p] == "mixed"]].min()
        * mixing[0][[p for p in of.index if kind[p] != "mixed"]].max()
    )
    kept = ((mixing[0] > cut) == (mixing > cut).T).T
    lines = [
        "# Does the arrangement of the cells change the answer to anti-PD-1 in this model?",
        "",
        "Made by `python tests/validation/heterogeneity.py docs --seeds N`: twelve sections of triple-negative breast cancer (Keren et al. 2018,",
        "doi:10.1016/j.cell.2018.08.039), 60 days, untreated and with pembrolizumab 200 mg every 3 weeks, each as measured and in two",
        "rearrangements of the same cells: immune labels permuted among immune positions, and immune and tumour labels permuted among all their",
        "positions (stroma and vessels stay). Runs of one patient and seed share random numbers and vessels (draw: seed mod 3). What follows is what",
        "the model says. It is not what patients will do: the model is not validated for that, and many of its numbers are assumed.",
        "",
        f"This page holds the seeds {', '.join(map(str, seeds))}: {6 * len(change)} of the runs, about half a minute of one core each. The command goes on",
        "where it was interrupted; finished runs stand in [heterogeneity.csv](heterogeneity.csv).",
        "",
        "## Untreated, does a section keep its architecture?",
        "",
        "Mixing score (immune-tumour over immune-immune neighbours within 20 um) inside the measured field, median over the seeds. The published",
        f"class (mixed or compartmentalised) is such a score; cut at {cut:.2f} ours gives the same classes on day 0. The question is how long it lasts.",
        "",
        "The score grows with the number of tumour cells whatever their place, so the normalised score (1: labels at random) stands beside it.",
        "",
        "| patient | published | "
        + " | ".join(f"day {day}" for day in DAYS)
        + " | class kept until | normalised, day 0, 14, 60 |",
        "|---|---|" + "---|" * (len(DAYS) + 2),
    ]
    for patient in of.index:
        row = kept.loc[patient]
        until = DAYS[-1] if row.all() else ([0, *[day for day in DAYS if day < row.index[~row][0]]])[-1]
        values = " | ".join(f"{mixing.loc[patient, day]:.2f}" for day in DAYS)
        beside = ", ".join(f"{normalised.loc[patient, day]:.2f}" for day in (0, 14, 60))
        lines.append(f"| {patient} | {kind[patient]} | {values} | day {until} | {beside} |")
    lines += [
        "",
        "## Treated over untreated tumour cells at day 60",
        "",
        "Geometric mean over the seeds. The effect of the architecture is the last two columns: the ratio as measured over that of the rearranged",
        "cells, patient by patient.",
        "",
        "| patient | published | as measured | immune permuted | all permuted | measured / immune permuted | measured / all permuted |",
        "|---|---|---|---|---|---|---|",
    ]
    for patient, row in of.iterrows():
        measured, immune, every = (row[name] for name in ARRANGEMENTS)
        cells = (measured, immune, every, measured - immune, measured - every)
        lines.append(f"| {patient} | {kind[patient]} | " + " | ".join(f"{np.exp(each):.3f}" for each in cells) + " |")
    lines += ["", f"Over the {len(of)} patients, mean and 95 % interval (Student's t over patients):", ""]
    for name, values in (
        *((f"effect, {name}", of[name]) for name in ARRANGEMENTS),
        ("measured / immune permuted", of[ARRANGEMENTS[0]] - of[ARRANGEMENTS[1]]),
        ("measured / all permuted", of[ARRANGEMENTS[0]] - of[ARRANGEMENTS[2]]),
    ):
        middle, low, high = np.exp(interval(values))
        lines.append(f"- {name}: {middle:.3f} ({low:.3f} to {high:.3f})")
    lines += ["", "![Effect by patient and arrangement](pictures/heterogeneity.png)", ""]
    return "\n".join(lines)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the effect of each patient in each arrangement, and the untreated mixing score over time."""
    from qsp_abm.pictures.style import canvas, finish, heading

    change, kind = effects(table), classes()
    of = change.groupby(level="patient").mean()
    order = of[ARRANGEMENTS[0]].sort_values().index
    shades = dict(zip(ARRANGEMENTS, ("#22272B", "#E69F00", "#56B4E9"), strict=True))
    with canvas(path, 12.0, 5.2) as figure:
        heading(
            figure,
            "Anti-PD-1 in twelve sections and their rearrangements",
            "what the model says, not what patients will do",
        )
        left, right = figure.subplots(
            1, 2, gridspec_kw={"left": 0.06, "right": 0.98, "top": 0.74, "bottom": 0.12, "wspace": 0.22}
        )
        for place, patient in enumerate(order):
            for name, colour in shades.items():
                values = 100 * np.expm1(change.loc[patient][name])
                x = place + 0.22 * (list(shades).index(name) - 1)
                left.plot([x] * len(values), values, ".", color=colour, alpha=0.45, markersize=5)
                left.plot(
                    x,
                    100 * np.expm1(of.loc[patient, name]),
                    "o",
                    color=colour,
                    markersize=6,
                    label=name if place == 0 else None,
                )
        left.axhline(0, color="#AEB6BD", linewidth=1)
        finish(left, "Tumour cells at day 60 against untreated", "%", "patient (m: mixed, c: compartmentalised)")
        left.margins(x=0.03)
        left.set_xticks(range(len(order)), [f"{patient}{kind[patient][0]}" for patient in order])
        left.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.08), ncol=3)
        steady = table[(table["arm"] == ARMS[0]) & (table["arrangement"] == ARRANGEMENTS[0])]
        for patient, rows in steady.groupby("patient"):
            median = rows.groupby("day")["mixing"].median()
            right.plot(median.index, median, color="#0072B2" if kind[patient] == "mixed" else "#D55E00", linewidth=1.5)
            right.text(DAYS[-1] + 0.6, median.iloc[-1], f"{patient}", fontsize=8, va="center")
        right.plot([], [], color="#0072B2", label="mixed")
        right.plot([], [], color="#D55E00", label="compartmentalised")
        finish(right, "Mixing score, untreated, as measured", "")
        right.set_yscale("log")
        right.set_xlim(0, DAYS[-1] + 4)
        right.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.08), ncol=2)


def main() -> None:
    """Run what is missing, then write the table, the page and the picture."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where table, page and picture go")
    parser.add_argument("--seeds", type=int, default=20, help="seeds 1 to this")
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir()) / "qsp_abm_heterogeneity",
        help="cells of finished runs",
    )
    parser.add_argument("--workers", type=int, default=0, help="runs side by side; default: all cores")
    parser.add_argument("--only-page", action="store_true", help="run nothing; write what is there")
    given = parser.parse_args()
    seeds, path = range(1, given.seeds + 1), given.folder / "heterogeneity.csv"
    table = tabulate(given.kept, path, seeds)
    if not given.only_page:
        have = set(zip(table["seed"], table["patient"], table["arrangement"], table["arm"], strict=True))
        missing = [case for case in cases(seeds) if (case.seed, case.patient, case.arrangement, case.arm) not in have]
        run_all(missing, DATA, given.kept, given.workers)
        table = tabulate(given.kept, path, seeds)
    (given.folder / "pictures").mkdir(parents=True, exist_ok=True)
    draw(table, given.folder / "pictures" / "heterogeneity.png")
    (given.folder / "heterogeneity.md").write_text(page(table), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The effect of pembrolizumab on one section over reactive fractions and doses: the sweep, its table and its picture.

    python tests/validation/dose_response.py docs

runs the sweep (60 runs, half an hour on two cores) and writes `dose_response.csv` and `pictures/dose_response.png` into the folder given.
"""

from __future__ import annotations

import argparse
import csv
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from sections import Case, Result, run_all

PATIENT = 4
FRACTIONS = (0.01, 0.05, 0.1, 0.2, 0.5)
DOSES = (0.05, 0.15, 0.5, 2.0, 10.0)  # mg/kg every 3 weeks
SEEDS = (1, 2)
COLUMNS = ("reactive_fraction", "dose_mg_per_kg", "seed", "tumour_start", "tumour_end", "ratio_to_untreated")

Row = tuple[float, float, int, int, int, float]
Effects = dict[float, list[float]]


def cases() -> list[Case]:
    """Return all runs: each seed, each fraction, untreated and each dose."""
    return [Case(PATIENT, fraction, dose, seed) for seed, fraction, dose in product(SEEDS, FRACTIONS, (0.0, *DOSES))]


def rows(results: Mapping[Case, Result]) -> Iterator[Row]:
    """Yield the lines of the table; runs of one seed and fraction are compared with the untreated one of the same seed."""
    for case in cases():
        found, control = results[case], results[Case(PATIENT, case.reactive, 0.0, case.seed)]
        yield case.reactive, case.dose, case.seed, found.start, found.end, found.end / control.end


def effects(table: Sequence[Row]) -> Effects:
    """Return the effect by fraction, one for each dose: minus the mean log ratio of treated to untreated over the seeds."""
    logs: dict[tuple[float, float], list[float]] = {}
    for fraction, dose, _, _, _, ratio in table:
        logs.setdefault((fraction, dose), []).append(-math.log(ratio))
    return {
        fraction: [sum(logs[fraction, dose]) / len(logs[fraction, dose]) for dose in DOSES] for fraction in FRACTIONS
    }


def read(path: Path) -> list[Row]:
    """Read a table that `write` wrote."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            (float(a), float(b), int(c), int(d), int(e), float(f)) for a, b, c, d, e, f in list(csv.reader(stream))[1:]
        ]


def write(table: Sequence[Row], path: Path) -> None:
    """Write the table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows([*(f"{value:g}" for value in row[:5]), f"{row[5]:.4f}"] for row in table)


def draw(table: Sequence[Row], path: Path) -> None:
    """Draw living tumour cells against untreated, over doses and over fractions; dots are single pairs."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    by_fraction = effects(table)
    shades = [mpl.colormaps["viridis"](0.85 - 0.8 * place / (len(FRACTIONS) - 1)) for place in range(len(FRACTIONS))]
    figure, (over_doses, over_fractions) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    for fraction, shade in zip(FRACTIONS, shades, strict=True):
        means = [100 * math.expm1(-value) for value in by_fraction[fraction]]
        over_doses.plot(DOSES, means, color=shade, marker="o", markersize=4, label=f"{fraction:g}")
        pairs = [(dose, 100 * (ratio - 1)) for share, dose, _, _, _, ratio in table if share == fraction and dose]
        over_doses.plot(*zip(*pairs, strict=True), color=shade, marker=".", markersize=4, linestyle="", alpha=0.5)
    shades = [mpl.colormaps["plasma"](0.85 - 0.8 * place / (len(DOSES) - 1)) for place in range(len(DOSES))]
    for place, (dose, shade) in enumerate(zip(DOSES, shades, strict=True)):
        means = [100 * math.expm1(-by_fraction[fraction][place]) for fraction in FRACTIONS]
        over_fractions.plot(FRACTIONS, means, color=shade, marker="o", markersize=4, label=f"{dose:g}")
    over_doses.set(
        xscale="log", xlabel="dose every 3 weeks, mg/kg", ylabel="living tumour cells at day 60 against untreated, %"
    )
    over_fractions.set(xscale="log", xlabel="tumour-reactive fraction of CD8 cells")
    over_doses.legend(title="reactive fraction", frameon=False, fontsize=8)
    over_fractions.legend(title="mg/kg", frameon=False, fontsize=8)
    for axes in (over_doses, over_fractions):
        axes.axhline(0, color="#AEB6BD", linewidth=1)
        axes.grid(color="#E6E9EB")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter("{x:g}")
    figure.suptitle("Patient 4 under pembrolizumab: illustrative, not a prediction for this patient", fontsize=11)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main() -> None:
    """Run the sweep and write its table and picture."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where table and picture go")
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir()) / "qsp_abm_sections",
        help="results of an interrupted sweep",
    )
    parser.add_argument("--workers", type=int, default=0, help="runs side by side; default: all cores")
    given = parser.parse_args()
    table = list(rows(run_all(cases(), given.kept, given.workers)))
    (given.folder / "pictures").mkdir(parents=True, exist_ok=True)
    write(table, given.folder / "dose_response.csv")
    draw(table, given.folder / "pictures" / "dose_response.png")


if __name__ == "__main__":
    main()

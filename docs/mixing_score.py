"""How the mixing score of the twelve published sections depends on neighbours, field of view and rotation.

    python docs/mixing_score.py

writes the tables of docs/statistics.md anew.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from qsp_abm import statistics
from qsp_abm.statistics import CellTable, Window, as_cells

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "statistics.md"
OPEN, CLOSE = "<!-- tables: docs/mixing_score.py -->", "<!-- end of tables -->"
SIDE = 800.0  # um, of a field of view
NEIGHBOURS: tuple[dict[str, Any], ...] = (
    *({"neighbours": "radius", "radius": float(r)} for r in (8, 10, 15, 20, 30, 50)),
    *({"neighbours": "knn", "k": k} for k in (3, 6, 10)),
    *({"neighbours": "delaunay", "radius": float(r)} for r in (20, 50)),
)


def patients() -> dict[str, tuple[str, CellTable]]:
    """Return each patient's published class and cells."""
    tables = ROOT / "tests" / "reference" / "mibi_tnbc"
    with (tables / "patients.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = {}
    for row in rows:
        name = f"{row['patient']}.csv"
        path = tables / name if (tables / name).exists() else ROOT / "examples" / "data" / name
        found[row["patient"]] = (row["architecture"], as_cells(path, window=[0, SIDE, 0, SIDE]))
    return found


def scores(cells: CellTable, **options: Any) -> dict[str, float]:
    """Return the values of the mixing score by name."""
    return {name: value for name, (value, _) in statistics.mixing_score(cells, **options).flat().items()}


def ordered(mixed: list[float], apart: list[float]) -> float:
    """Return the part of all pairs in which the mixed one has the higher score."""
    return sum(m > a for m, a in product(mixed, apart)) / (len(mixed) * len(apart))


def by_neighbours(cells: dict[str, tuple[str, CellTable]]) -> Iterator[str]:
    """Yield a row for each definition of neighbours."""
    yield "| neighbours | raw: lowest mixed | highest compartmentalised | pairs in order | normalised: pairs in order |"
    yield "|---|---|---|---|---|"
    for options in NEIGHBOURS:
        found = [(kind, scores(table, **options)) for kind, table in cells.values()]
        columns = {
            name: ([v[name] for kind, v in found if kind == "mixed"], [v[name] for kind, v in found if kind != "mixed"])
            for name in ("raw", "normalised")
        }
        mixed, apart = columns["raw"]
        size = f"{options['k']}" if options["neighbours"] == "knn" else f"{options['radius']:g} um"
        yield (
            f"| {options['neighbours']}, {size} | {min(mixed):.3g} | {max(apart):.3g} | {36 * ordered(mixed, apart):.0f} of 36 "
            f"| {36 * ordered(*columns['normalised']):.0f} of 36 |"
        )


def windows(cells: CellTable, side: float) -> Iterator[CellTable]:
    """Yield square parts of a field of view that overlap by half."""
    for x, y in product(np.arange(0, SIDE - side + 1, side / 2), repeat=2):
        yield as_cells(cells, window=[x, x + side, y, y + side])


def turned(cells: CellTable, side: float) -> Iterator[CellTable]:
    """Yield the middle square of a field of view, turned by 0, 15, ... 75 degrees."""
    for degrees in range(0, 90, 15):
        angle = math.radians(degrees)
        frame = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        points = (cells.points - SIDE / 2) @ frame
        kept = (np.abs(points) <= side / 2).all(1)
        low, high = (-side / 2,) * 2, (side / 2,) * 2
        alone = cells.only(kept)
        yield replace(alone, points=points[kept], window=Window(low, high))


def by_view(cells: dict[str, tuple[str, CellTable]]) -> Iterator[str]:
    """Yield a row for each patient: the whole field, parts of it, and a square that is turned."""
    views = {
        "parts of 400 um": lambda table: windows(table, 400.0),
        "parts of 200 um": lambda table: windows(table, 200.0),
        "500 um turned": lambda table: turned(table, 500.0),
    }
    yield f"| patient | published | 800 um | {' | '.join(views)} |"
    yield "|---|---|---|---|---|---|"
    pooled: dict[str, dict[str, list[float]]] = {name: {"mixed": [], "compartmentalized": []} for name in views}
    for patient, (kind, table) in sorted(cells.items(), key=lambda each: -scores(each[1][1])["raw"]):
        ranges = []
        for name, view in views.items():
            found = [value for each in view(table) if np.isfinite(value := scores(each)["raw"])]
            pooled[name][kind] += found
            ranges.append(f"{min(found):.2g} to {max(found):.2g}")
        yield f"| {patient.removeprefix('patient')} | {kind} | {scores(table)['raw']:.3g} | {' | '.join(ranges)} |"
    parts = (f"{ordered(found['mixed'], found['compartmentalized']):.1%}" for found in pooled.values())
    yield f"| pairs in order | | 100.0% | {' | '.join(parts)} |"


def main() -> None:
    """Write the tables."""
    cells = patients()
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(OPEN)
    _, after = rest.split(CLOSE)
    tables = "\n\n".join("\n".join(rows(cells)) for rows in (by_neighbours, by_view))
    PAGE.write_text(f"{before}{OPEN}\n\n{tables}\n\n{CLOSE}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

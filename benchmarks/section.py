"""One simulated day of the patient section on one thread: prints one JSON line.

    python benchmarks/section.py

The answer is checked beside the time: cells, lattice and tally agree, and the tissue has the same bits on two threads. The
limit measured in the same run is the time of the two fields alone, on a lattice of the same size without cells.
"""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path

import qsp_abm as qa
from qsp_abm.library import models

EXAMPLES = Path(__file__).parents[1] / "examples"
DAYS = 1


def cpu_seconds(simulation: qa.Simulation) -> float:
    """Return the processor time of a run of `DAYS`."""
    begin = time.process_time()
    simulation.run(f"{DAYS} day")
    return time.process_time() - begin


def main() -> None:
    """Run and print."""
    document = tomllib.loads((EXAMPLES / "patient_section.toml").read_text())
    start = qa.FromTable(path=EXAMPLES / "data" / "patient4.csv", types=document["start"][0]["types"])
    dose = qa.Dose("pembrolizumab", "200 mg", every="3 week")
    one, two = (qa.Simulation(models.solid_tumour_2d(), start, dose, seed=1, threads=n) for n in (1, 2))
    empty = qa.Simulation(one.model, (), dose, seed=1, threads=1)
    agents = sum(one.counts().values())
    seconds, fields = cpu_seconds(one), cpu_seconds(empty)
    two.run(f"{DAYS} day")
    one.check()
    nx, ny, _ = one.model.lattice.shape or (1, 1, 1)
    steps = one.step
    print(
        json.dumps(
            {
                "benchmark": "section",
                "agents": agents,
                "voxels": nx * ny,
                "steps": steps,
                "ms_per_step": round(1e3 * seconds / steps, 3),
                "ms_per_step_fields_without_cells": round(1e3 * fields / steps, 3),
                "ratio": round(seconds / fields, 2),
                "seconds_for_60_days": round(60 / DAYS * seconds, 1),
                "same_bits_on_two_threads": one.digest() == two.digest(),
            }
        )
    )
    if one.digest() != two.digest():
        raise SystemExit("the tissue depends on the number of threads")


if __name__ == "__main__":
    main()

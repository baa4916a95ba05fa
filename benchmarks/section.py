"""One simulated day of a patient's section on one thread, against the same fields without cells."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from benchmarks.common import Result, advance, balanced, check_bits, timed

import qsp_abm as qa
from qsp_abm.library import models

EXAMPLES = Path(__file__).parents[1] / "examples"
STEPS_PER_DAY = 240


def run(quick: bool = False, steps: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    steps
        Steps of 6 min; a day has 240.
    """
    steps = steps or (10 if quick else STEPS_PER_DAY)
    document = tomllib.loads((EXAMPLES / "patient_section.toml").read_text())
    start = qa.FromTable(path=EXAMPLES / "data" / "patient4.csv", types=document["start"][0]["types"])
    dose = qa.Dose("pembrolizumab", "200 mg", every="3 week")
    one, two = (qa.Simulation(models.solid_tumour_2d(), start, dose, seed=1, threads=n) for n in (1, 2))
    empty = qa.Simulation(one.model, (), dose, seed=1, threads=1)
    result = Result("section")
    result.numbers |= {"agents": sum(one.counts().values()), "steps": steps}
    with timed() as elapsed:
        advance(one, steps)
    with timed() as alone:
        advance(empty, steps)
    advance(two, steps)
    nx, ny, _ = one.model.lattice.shape or (1, 1, 1)
    result.numbers["voxels"] = nx * ny
    result.add("cpu_ms_per_step", 1e3 * elapsed.cpu / steps)
    result.add("cpu_ms_per_step_fields_without_cells", 1e3 * alone.cpu / steps)
    result.add("over_fields_without_cells", elapsed.cpu / alone.cpu)
    result.add("cpu_seconds_for_60_days", 60 * STEPS_PER_DAY * elapsed.cpu / steps)
    check_bits(result, models.solid_tumour_2d(), [start], [dose])
    result.check("same bits on 1 and 2 threads, body and drug as well", one.digest() == two.digest())
    result.check("cells, lattice and tally agree", balanced(one))
    return result.as_dict()

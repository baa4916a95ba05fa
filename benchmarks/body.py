"""What a step of 6 min of the body of immuno-oncology costs, beside a body that does nothing, and how long it takes to make one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from benchmarks.common import MINUTE, Result

from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.startup import grow_to_diagnosis
from qsp_abm.library import bodies

STEP = 6 * MINUTE


def per_step(body: Body, steps: int, repeats: int) -> float:
    """Return the microseconds of processor time of one step, the best of some repeats: other work only adds."""
    machine = BodyMachine(body)
    best = float("inf")
    for repeat in range(repeats):
        begin = time.process_time()
        for number in range(repeat * steps, (repeat + 1) * steps):
            machine.advance(number * STEP, (number + 1) * STEP)
            machine.signals()
        best = min(best, (time.process_time() - begin) / steps)
    return best * 1e6


def run(quick: bool = False) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Few steps: for tests.
    """
    steps, repeats = (20, 1) if quick else (100, 30)
    result = Result("body")
    begin = time.perf_counter()
    started = grow_to_diagnosis(bodies.nsclc())
    result.add("seconds_to_diagnosis_with_compilation", time.perf_counter() - begin)
    begin = time.perf_counter()
    BodyMachine(started.body)
    result.add("seconds_to_make_another", time.perf_counter() - begin)
    cost = per_step(started.body, steps, repeats)
    result.add("microseconds_of_processor_per_step", cost, at_most=None if quick else 250.0)
    result.add("over_constant_blood", cost / per_step(bodies.constant_blood(), steps, repeats))
    small, whole = BodyMachine(started.body), BodyMachine(started.body)
    for number in range(steps):
        small.advance(number * STEP, (number + 1) * STEP)
    whole.advance(0.0, steps * STEP)
    result.check("small steps and one long one agree", bool(np.allclose(small.signals(), whole.signals(), rtol=1e-6)))
    result.check("the tumour grows", small.signals()[small.signal_names.index("tumour.cancer")] > 0)
    return result.as_dict()

"""The field solver alone: a multigrid cycle against the memory of the machine, a step, a day, and its error.

The problem is a tumour ball with random uptake and sources (`problem`): at time 0 a tenth of its cells is drawn anew and
half of the tumour begins to secrete. The reference solution is the same day by small steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.common import MINUTE, THREADS, Result, read_modify_write_rate, timed, uniform
from numpy.typing import NDArray

from qsp_abm import _core

BYTES_OF_A_CYCLE = 37  # per voxel: 16 down, 16 up, coarse source and solution, all levels (times 8/7)
SPACING = 20.0  # um
DT = 6 * MINUTE
KINDS = {  # diffusion (um2/min), decay, uptake, secretion, vessel exchange (1/min), vessel value
    "oxygen": (1e5, 0.1, 10.0, 0.0, 10.0, 38.0),
    "slow": (300.0, 0.01, 0.1, 1.0, 0.0, 0.0),
    "fast": (6e4, 0.1, 0.1, 1.0, 0.0, 0.0),
}
OF_A_DAY = ("oxygen", "slow", "fast", "slow", "fast")  # five fields


def description(kind: str) -> dict[str, Any]:
    """Return a field as the solver takes it."""
    diffusion, decay, _, _, exchange, value = KINDS[kind]
    return {
        "name": kind,
        "diffusion": diffusion / MINUTE,
        "decay": decay / MINUTE,
        "scale": 1.0,
        "initial": 0.0,
        "half_saturation": 0.0,
        "scheme": 0 if kind == "oxygen" else 2,  # automatic, transient
        "boundary": None,
        "vessel_exchange": exchange / MINUTE,
        "vessel_value": value,
    }


def problem(kind: str, side: int, seed: int, share: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return source and uptake (1/day), dense, and the voxels of vessels; `share` of the sites is drawn anew with `seed`."""
    _, _, uptake, secretion, exchange, _ = KINDS[kind]
    index = np.arange(side**3, dtype="u8")
    x, y, z = (index // np.uint64(side**axis) % np.uint64(side) for axis in range(3))
    ball = sum((each.astype("f8") - side / 2) ** 2 for each in (x, y, z)) < (0.35 * side) ** 2
    occupied = uniform(7 * index + 1)
    again = uniform(13 * index + seed) < share
    occupied[again] = uniform(17 * index[again] + seed + 5)
    cells = ball & (occupied < 0.6)
    secretes = cells & ((uniform(29 * index + 3) < 0.1) | ((seed % 2 == 1) & (x < side // 2)))
    shape = (side, side, side)
    vessels = np.flatnonzero(uniform(31 * index + 11) < 0.01) if exchange > 0 else np.zeros(0, "i8")
    source = np.where(secretes, secretion / MINUTE, 0.0).astype("f4").reshape(shape)
    return source, np.where(cells, uptake / MINUTE, 0.0).astype("f4").reshape(shape), vessels


def solver(kind: str, side: int, threads: int, seed: int = 2, share: float = 0.0, instructions: str = "") -> Any:
    """Return a solver of one field with the sources of a problem."""
    best = instructions or _core.available_instructions()[-1]
    made = _core.FieldSolver((side, side, side), SPACING, SPACING, description(kind), threads, best)
    load(made, kind, side, seed, share)
    return made


def load(made: Any, kind: str, side: int, seed: int, share: float) -> None:
    """Give a solver other sources."""
    made.source, made.uptake, vessels = problem(kind, side, seed, share)
    if len(vessels):
        _, _, _, _, exchange, value = KINDS[kind]
        made.set_exchange(vessels, exchange / MINUTE, value)


def jump_error(kind: str, side: int, threads: int, minutes: float = 6.0) -> float:
    """Return the relative error of a field after a source jump and one step, against small steps."""
    fields = [solver(kind, side, threads) for _ in range(2)]
    for made in fields:
        for _ in range(20):
            made.step(60 * MINUTE)  # towards the steady state of the sources before the jump
        load(made, kind, side, 5, 0.1)
    fields[0].step(minutes * MINUTE)
    steps = 60
    for _ in range(steps):
        fields[1].step(minutes / steps * MINUTE)
    one, many = (np.asarray(made.values(), "f8") for made in fields)
    return float(np.linalg.norm(one - many) / np.linalg.norm(many))


def run(quick: bool = False, side: int | None = None, steps_of_day: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    side
        Voxels along each side.
    steps_of_day
        Steps of 6 min that are run of the 240 of a day.
    """
    side = side or (32 if quick else 128)
    steps = steps_of_day or (4 if quick else 240)
    voxels = side**3
    result = Result("fields")
    result.numbers |= {"side": side, "fields": len(OF_A_DAY), "steps": steps}

    rate, by = read_modify_write_rate(8 if quick else 192)
    limit = BYTES_OF_A_CYCLE / rate * 1e9
    cycle = solver("slow", side, 1)
    cycles = 10
    seconds = min(cycle.cycle_seconds(cycles) for _ in range(5)) / cycles
    result.add("read_modify_write_gb_per_s", rate / 1e9)
    result.add("limit_ns_per_voxel_and_cycle", limit)
    result.add("cycle_ns_per_voxel", 1e9 * seconds / voxels)
    result.add("cycle_over_limit", 1e9 * seconds / voxels / limit, at_most=None if quick else 3.3)
    result.notes.append(
        f"limit: {BYTES_OF_A_CYCLE} bytes per voxel at the rate of a = a s + b in place ({by}), same run"
    )

    step = solver("slow", side, 2)
    step.step(DT)
    fastest = float("inf")
    for _ in range(5):
        with timed() as elapsed:
            sub_steps = int(step.step(DT).get("substeps", 1))
        fastest = min(fastest, elapsed.wall / sub_steps)
    result.add("sub_step_ns_per_voxel_and_field", 1e9 * fastest / voxels, at_most=None if quick else 6.0)

    day = [solver(kind, side, 2) for kind in OF_A_DAY]
    for made, kind in zip(day, OF_A_DAY, strict=True):
        made.step(60 * MINUTE)
        load(made, kind, side, 5, 0.1)  # the jump
    with timed() as elapsed:
        reports = [[made.step(DT) for made in day] for _ in range(steps)]
    result.add("day_seconds", elapsed.wall * 240 / steps, at_most=None if quick else 20.0)
    result.numbers["most_sub_steps"] = max(int(report.get("substeps", 1)) for row in reports for report in row)

    error = {kind: jump_error(kind, min(side, 32 if quick else 64), 2) for kind in KINDS}
    for kind, value in error.items():
        result.add(f"error_after_jump_{kind}", value, at_most=0.01)
    result.check("error under 1 % after a source jump", max(error.values()) < 0.01)
    digests = set()
    for threads in THREADS:
        for instructions in _core.available_instructions():
            made = solver("fast", min(side, 48), threads, instructions=instructions)
            made.step(DT)
            digests.add(np.asarray(made.values()).tobytes())
    result.check("same bits on all threads and instructions", len(digests) == 1)
    result.check("no value below 0", all(float(np.min(made.values())) > -1e-6 for made in day))
    return result.as_dict()

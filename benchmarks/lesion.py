"""A whole lesion: a ball 10 mm across at a pitch of 17 um, oxygen from vessels, interferon-gamma, T cells that enter.

Time of a simulated day (from steps of 6 min after two that warm up, or the day itself), peak memory, bytes per cell and per
voxel, and the writing of one frame: types and voxels of all cells, a sample of cells with all columns, fields at half
resolution. It runs in a process of its own, whose peak memory is that of the lesion.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import (
    PHASES,
    Result,
    advance,
    balanced,
    check_bits,
    ledger_closes,
    peak_memory,
    phase_seconds,
    timed,
)
from numpy.typing import NDArray

import qsp_abm as qa
from qsp_abm.library import bodies, cells, fields, synapses
from qsp_abm.library.cells.cd8 import cd8_mixture

PITCH, RADIUS, MARGIN = 17.0, 5000.0, 100.0  # um
FILL = 0.8  # of the ball's voxels: tumour cells
T_CELLS = 1000.0  # per mm3 at the start
VESSELS, VESSEL_SPACING = 1000.0, 30.0  # per mm3, um
STEPS_PER_DAY = 240
SAMPLE = 1_000_000  # cells that a frame holds in full
WARM_UP = 2
SMALL = 0.03  # scale of the lesion whose bits are compared


def model(scale: float) -> tuple[qa.Model, list[qa.Ball | qa.Scatter]]:
    """Return the model and its start; `scale` shrinks the diameter."""
    side = 8 * round((2 * RADIUS * scale + 2 * MARGIN) / PITCH / 8)
    made = qa.Model(
        lattice=qa.Lattice(shape=(side, side, side), spacing=PITCH),
        cells=(cells.tumour(), cells.cd8(obstacles=("tumour", "tumour_dead"), suppressors=())),
        fields=(fields.oxygen(), fields.ifng()),
        synapses=(synapses.pd1(blocked_by=()),),
        vessels=qa.Vessels(density=VESSELS, spacing=VESSEL_SPACING, outside=()),
        body=bodies.constant_blood(),
    )
    return made, [
        qa.Ball("tumour", RADIUS * scale, fill=FILL),
        qa.Scatter("cd8", f"{T_CELLS} / mm^3", fractions=cd8_mixture(reactive=0.5)),
    ]


def halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a field at half resolution: means of eight voxels."""
    nz, ny, nx = (side // 2 for side in values.shape)
    result = np.empty((nz, ny, nx), "f4")
    for z in range(nz):  # plane by plane: no second copy of the field
        pair = values[2 * z : 2 * z + 2, : 2 * ny, : 2 * nx]
        result[z] = pair.reshape(2, ny, 2, nx, 2).mean(axis=(0, 2, 4))
    return result


def write_frame(simulation: qa.Simulation, path: Path) -> tuple[float, bool]:
    """Write a frame and read it back; return the seconds of writing it and whether it is the same."""
    import h5py

    with timed() as elapsed:
        raw = simulation._engine.columns()
        count = len(raw["id"])
        chosen = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype("i8"))
        wanted = {"type": raw["type"], "voxel": raw["voxel"]}
        wanted |= {f"sample/{name}": values[chosen] for name, values in raw.items()}
        del raw
        wanted |= {f"field/{field.name}": halved(simulation.field(field.name)) for field in simulation.model.fields}
        with h5py.File(path, "w") as file:
            for name, values in wanted.items():
                file.create_dataset(name, data=values)
    with h5py.File(path) as file:
        return elapsed.wall, all(np.array_equal(file[name][...], values) for name, values in wanted.items())


def measure(scale: float, steps: int, whole: bool, threads: int, folder: Path) -> dict[str, Any]:
    """Run the lesion in this process."""
    result = Result("lesion")
    made, start = model(scale)
    voxels = int(np.prod(made.lattice.shape or ()))
    with timed() as elapsed:
        simulation = qa.Simulation(made, start, seed=1, threads=threads)
    agents = sum(simulation.counts().values())
    result.numbers |= {"scale": scale, "voxels": voxels, "agents": agents, "vessels": len(simulation.vessels)}
    result.numbers |= {"threads": simulation.threads, "sub_steps": simulation._engine.sub_steps}
    result.add("start_seconds", elapsed.wall)
    result.add("peak_gb_after_start", peak_memory() / 1e9)
    advance(simulation, WARM_UP)
    before = phase_seconds(simulation)
    begin = time.perf_counter()
    seconds = []
    for _ in range(STEPS_PER_DAY if whole else steps):
        with timed() as elapsed:
            advance(simulation, 1)
        seconds.append(elapsed.wall)
    taken, after = time.perf_counter() - begin, phase_seconds(simulation)
    day = taken if whole else STEPS_PER_DAY * statistics.fmean(seconds)
    full = scale == 1.0
    result.numbers |= {"steps": len(seconds), "whole_day": whole}
    result.add("day_minutes", day / 60, at_most=30.0 if full else None)
    result.add("step_seconds", statistics.median(seconds))
    result.add("slowest_step_seconds", max(seconds))
    if before is not None and after is not None:
        for phase in PHASES:
            if phase in after:
                result.add(f"step_seconds_{phase}", (after[phase] - before.get(phase, 0.0)) / len(seconds))
    result.add("ns_per_agent_step", 1e9 * statistics.median(seconds) / agents)
    result.add("peak_gb_after_steps", peak_memory() / 1e9, at_most=22.0 if full else None)
    result.add("peak_bytes_per_agent", peak_memory() / agents)
    memory = getattr(simulation, "memory", None)
    if memory is not None:
        parts = dict(memory())
        for name, size in parts.items():
            result.add(f"gb_{name}", size / 1e9)
        result.add("bytes_per_agent", parts.get("agents", 0) / agents, at_most=64.0)
        result.add("bytes_per_voxel_and_field", parts.get("fields", 0) / voxels / len(made.fields))
        result.add("bytes_per_voxel_lattice", parts.get("lattice", 0) / voxels)
    writing, same = write_frame(simulation, folder / "frame.h5")
    hour = 10 * statistics.median(seconds)
    result.add("frame_seconds", writing)
    result.add("frame_gb", (folder / "frame.h5").stat().st_size / 1e9)
    result.add("frame_over_simulated_hour", writing / hour, at_most=1.0 if full else None)
    result.add("peak_gb", peak_memory() / 1e9, at_most=22.0 if full else None)
    result.check("the frame reads back equal", same)
    if full:
        result.check("at least 8e7 agents", agents >= 8e7)
    result.check("cells, lattice and tally agree", balanced(simulation))
    result.check("the ledger of the fields closes", ledger_closes(simulation))
    entered = sum(simulation.tally()["recruited"].values())
    result.numbers["cells_recruited"] = entered
    if scale >= 0.3:  # in smaller ones not one a step
        result.check("T cells enter", entered > 0)
    result.notes.append(
        "a day run in full" if whole else f"a day: 240 times the mean of {len(seconds)} steps after {WARM_UP}"
    )
    return result.as_dict()


def in_own_process(scale: float, steps: int, whole: bool, threads: int) -> dict[str, Any]:
    """Run `measure` in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "benchmarks.lesion",
            f"{scale}",
            f"{steps}",
            f"{int(whole)}",
            f"{threads}",
            folder,
        ]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"lesion: its process ended with {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(
    quick: bool = False, scale: float | None = None, steps: int | None = None, whole: bool = False
) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    scale
        Diameter, relative to 10 mm.
    steps
        Steps that are measured, after two.
    whole
        Run all steps of a day.
    """
    scale = scale or (0.04 if quick else 1.0)
    steps = steps or (1 if quick else 5)
    line = in_own_process(scale, steps, whole, 2)
    small = Result("lesion")
    check_bits(small, *model(SMALL))
    line["checks"] |= {f"a small one: {what}": right for what, right in small.checks.items()}
    line["correct"] = all(line["checks"].values())
    return line


def main() -> None:
    """Measure in this process and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("scale", float), ("steps", int), ("whole", int), ("threads", int), ("folder", Path)):
        parser.add_argument(name, type=kind)
    given = parser.parse_args()
    print(json.dumps(measure(given.scale, given.steps, bool(given.whole), given.threads, given.folder)))


if __name__ == "__main__":
    main()

"""Tumour and immune cells in 3-D: 75^3 voxels of 20 um, two fields, 1e4, 5e4 and 2e5 cells, a step of 6 min.

A tumour ball takes oxygen up and secretes a factor; around it a shell of killers, 9 % of the cells, follows the factor,
kills, moves. The set-up is that of a sample that PhysiCell ships (1.14.2, cancer and immune cells in 3-D), whose times on a
machine of the same kind, one thread, stand beside ours: with all it does, and with diffusion and secretion alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.common import MINUTE, Result, advance, balanced, check_bits, ledger_closes, phase_seconds, timed

import qsp_abm as qa

SIDE, SPACING = 75, 20.0
BLOCKS = 3  # of which the fastest counts: other load only adds
SHELL = 0.09  # of the tumour cells
VOLUME = 2494.0  # um3, of every cell
PHYSICELL = {10_000: (260.0, 205.0), 50_000: (440.0, 226.0), 200_000: (1265.0, 395.0)}  # all; diffusion and secretion


def model(side: int = SIDE) -> qa.Model:
    """Return the model on a cube of so many voxels a side."""
    breathe = qa.TakeUp(field="oxygen", clearance=10.0 * VOLUME / MINUTE)
    tumour = qa.CellType(
        name="tumour",
        volume=VOLUME,
        hits=qa.Hits(threshold=1),
        processes=(
            qa.Divide(rate=0.0),
            qa.Die(rate=0.00005 / MINUTE),
            breathe,
            qa.Secrete(field="factor", rate=10.0 * VOLUME * 1e-12 / MINUTE),
        ),
        rules=(
            qa.Rule(
                target="divide.rate",
                signal="field.oxygen",
                effect="increases",
                half=15.0,
                limit=0.0007 / MINUTE,
                power=4,
            ),
        ),
    )
    killer = qa.CellType(
        name="killer",
        volume=175.0,
        occupies="small",
        processes=(
            qa.Move(
                motility=3.3 / MINUTE,
                persistence=10 * MINUTE,
                chemotaxis=(qa.Chemotaxis(field="factor", sensitivity=20.0, half=0.1),),
                permeability={"tumour": 0.1},
            ),
            qa.Kill(targets=("tumour",), engage=0.2 / MINUTE, hit_rate=0.0667 / MINUTE, detach=1 / 60 / MINUTE),
            qa.Die(rate=0.00007 / MINUTE),
            breathe,
        ),
    )
    return qa.Model(
        lattice=qa.Lattice(shape=(side, side, side), spacing=SPACING),
        cells=(tumour, killer),
        fields=(
            qa.Field(
                name="oxygen",
                unit="mmHg",
                diffusion="1e5 um^2/min",
                decay="0.1/min",
                scale=38.0,
                initial=38.0,
                boundary=38.0,
            ),
            qa.Field(name="factor", unit="nM", diffusion="1e3 um^2/min", decay="0.016/min"),
        ),
        dt=6 * MINUTE,
    )


def start(cells: int, side: int = SIDE) -> list[qa.Ball | qa.Cells]:
    """Return a ball of tumour cells and a shell of killers, so many together."""
    tumour = cells / (1 + SHELL)
    radius = (tumour * 0.75 / np.pi) ** (1 / 3)  # voxels
    line = np.arange(side) + 0.5 - side / 2
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    gap = np.sqrt(x**2 + y**2 + z**2) - radius
    shell = np.flatnonzero(((gap > 1.0) & (gap < 5.0)).ravel())
    chosen = np.random.default_rng(1).permutation(shell)[: round(SHELL * tumour)]
    places = np.stack([chosen % side, chosen // side % side, chosen // side**2], axis=1)
    return [qa.Ball("tumour", radius * SPACING), qa.Cells("killer", (places + 0.5) * SPACING)]


def measured(simulation: qa.Simulation, steps: int) -> tuple[float, float]:
    """Run steps; return processor and wall seconds."""
    with timed() as elapsed:
        advance(simulation, steps)
    return elapsed.cpu, elapsed.wall


def run(quick: bool = False, sizes: tuple[int, ...] | None = None, steps: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    sizes
        Numbers of cells.
    steps
        Steps of 6 min of each of three blocks, after two; an hour has ten.
    """
    sizes = sizes or ((10_000,) if quick else (10_000, 50_000, 200_000))
    steps = steps or (1 if quick else 10)
    result = Result("tumour_immune")
    result.numbers |= {"voxels": SIDE**3, "fields": 2, "steps": BLOCKS * steps}
    check_bits(result, model(24), start(2_000, 24))
    made = model()
    empty = qa.Simulation(made, (), seed=1, threads=1)
    advance(empty, 1)
    alone = min(measured(empty, steps)[0] for _ in range(BLOCKS))
    result.add("cpu_s_per_hour_fields_without_cells", 10 / steps * alone)
    for size in sizes:
        simulation = qa.Simulation(made, start(size), seed=1, threads=1)
        other = qa.Simulation.from_snapshot(simulation.snapshot(), threads=2)
        placed = sum(simulation.counts().values())
        advance(simulation, 2)
        before = phase_seconds(simulation)
        advance(other, 2)
        blocks = [(measured(simulation, steps), measured(other, steps)) for _ in range(BLOCKS)]
        after = phase_seconds(simulation)
        cpu, wall = min(one[0] for one, _ in blocks), min(two[1] for _, two in blocks)
        each = f"{size:.0e}".replace("e+0", "e")
        hour = 10 / steps * cpu
        result.numbers[f"cells_{each}"] = placed
        result.add(f"cpu_s_per_hour_{each}", hour, at_most=0.5 if size == 50_000 else None)
        result.add(f"wall_s_per_hour_2_threads_{each}", 10 / steps * wall)
        if before is not None and after is not None:
            result.add(f"fields_s_per_hour_{each}", 10 / steps / BLOCKS * (after["fields"] - before["fields"]))
        result.add(f"over_fields_without_cells_{each}", cpu / max(alone, 1e-9))
        if size in PHYSICELL:
            whole, fields = PHYSICELL[size]
            result.add(f"physicell_s_per_hour_{each}", whole)
            result.add(f"physicell_diffusion_and_secretion_s_per_hour_{each}", fields)
        same = simulation.digest()["tissue"] == other.digest()["tissue"]
        result.check(f"{each}: same bits on 1 and 2 threads", same)
        result.check(f"{each}: cells, lattice and tally agree", balanced(simulation))
        result.check(f"{each}: the ledger of the fields closes", ledger_closes(simulation))
    result.notes.append("PhysiCell 1.14.2: quoted, one thread, another machine of this kind; see docs/performance.md")
    return result.as_dict()

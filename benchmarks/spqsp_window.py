"""A window as in a liver-cancer model of spQSP-IO: 325 x 10 x 325 voxels of 20 um, ten fields, 6e5 cells.

Measured are a step of 6 h, which is what that program takes at a time (11 s of one core), and 6 h in steps of 6 min.
"""

from __future__ import annotations

from typing import Any

from benchmarks.common import MINUTE, Result, advance, balanced, check_bits, ledger_closes, per_mm3, timed

import qsp_abm as qa

SHAPE, SPACING = (325, 10, 325), 20.0
CELLS = {"tumour": 617_000, "macrophage": 1_300, "killer": 80}
VESSELS = 7_400
CYTOKINES = ("ifng", "il2", "tgfb", "il10", "il12", "ccl2", "arginase", "nitric_oxide", "vegf")
SPQSP_SECONDS = 11.0  # CPU, one core, per slice of 6 h


def model(shape: tuple[int, int, int], dt: str) -> qa.Model:
    """Return the model; every cell secretes or takes up a few of the fields."""
    oxygen = qa.Field(
        name="oxygen",
        unit="mmHg",
        diffusion="1e5 um^2/min",
        scale=40.0,
        initial=40.0,
        half_saturation=1.5,
        vessel_exchange="1e3/min",
        vessel_value=40.0,
    )
    others = tuple(
        qa.Field(
            name=name, unit="nM", diffusion=f"{6000 / (1 + k):g} um^2/min", decay=f"{0.004 * (1 + k):g}/min", scale=1e-3
        )
        for k, name in enumerate(CYTOKINES)
    )

    def verbs(secretes: tuple[str, ...], takes_up: tuple[str, ...]) -> tuple[Any, ...]:
        released = (qa.Secrete(field=name, rate="1 molecule/s") for name in secretes)
        taken = (qa.TakeUp(field=name, clearance="20 um^3/s") for name in takes_up)
        return (*released, *taken)

    tumour = qa.CellType(
        name="tumour",
        volume=2500.0,
        hits=qa.Hits(threshold=1),
        processes=(
            qa.Divide(rate=0.0),
            qa.Die(rate=0.005),
            qa.TakeUp(field="oxygen", clearance="2000 um^3/s"),
            *verbs(("tgfb", "ccl2", "vegf"), ("ifng", "il12", "nitric_oxide")),
        ),
        rules=(
            qa.Rule(target="divide.rate", signal="field.oxygen", effect="increases", half=5.0, limit=0.03, power=2),
            qa.Rule(target="die.rate", signal="field.nitric_oxide", effect="increases", half=1.0, limit=0.02),
        ),
    )
    macrophage = qa.CellType(
        name="macrophage",
        volume=1000.0,
        occupies="small",
        processes=(
            qa.Move(motility=0.05 / MINUTE),
            qa.Die(rate=0.02),
            *verbs(("il10", "il12", "arginase", "nitric_oxide"), ("ccl2", "ifng")),
        ),
    )
    killer = qa.CellType(
        name="killer",
        volume=175.0,
        occupies="small",
        processes=(
            qa.Move(motility=0.05 / MINUTE),
            qa.Kill(targets=("tumour",), engage=5.0, hit_rate=10.0, detach=10.0),
            qa.Die(rate=0.05),
            *verbs(("ifng", "il2"), ("il2", "arginase")),
        ),
        rules=(
            qa.Rule(target="kill.hit_rate", signal="field.tgfb", effect="decreases", half=0.01, limit=1.0),
            qa.Rule(target="die.rate", signal="field.il10", effect="increases", half=0.01, limit=0.1),
        ),
    )
    nx, ny, nz = shape
    volume = nx * ny * nz * (SPACING / 1000) ** 3
    per = nx * ny * nz / (SHAPE[0] * SHAPE[1] * SHAPE[2])
    return qa.Model(
        lattice=qa.Lattice(shape=shape, spacing=SPACING),
        cells=(tumour, macrophage, killer),
        fields=(oxygen, *others),
        vessels=qa.Vessels(density=VESSELS * per / volume, spacing=SPACING, outside=()),
        dt=dt,
    )


def start_of(made: qa.Model) -> list[qa.Scatter]:
    """Return the cells of a window, as dense as in the whole one."""
    nx, ny, nz = made.lattice.shape or SHAPE
    part = nx * ny * nz / (SHAPE[0] * SHAPE[1] * SHAPE[2])
    return [qa.Scatter(cell, per_mm3(max(1, round(part * n)), made.lattice)) for cell, n in CELLS.items()]


def run(quick: bool = False, slices: int | None = None, short_steps: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    slices
        Steps of 6 h that are measured, after one.
    short_steps
        Steps of 6 min that are measured, after one; 6 h have 60.
    """
    shape = (64, 10, 64) if quick else SHAPE
    slices, short_steps = slices or (1 if quick else 3), short_steps or (2 if quick else 20)
    result = Result("spqsp_window")
    small = model((40, 10, 40), "6 min")
    check_bits(result, small, start_of(small))
    for dt, steps, scale, name, bound in (
        ("6 hour", slices, 1, "s_per_6_h_step_of_6_h", 0.5),
        ("6 min", short_steps, 60, "s_per_6_h_steps_of_6_min", 15.0),
    ):
        made = model(shape, dt)
        simulation = qa.Simulation(made, start_of(made), seed=1, threads=2)
        other = qa.Simulation.from_snapshot(simulation.snapshot(), threads=1)
        result.numbers |= {"voxels": shape[0] * shape[1] * shape[2], "agents": sum(simulation.counts().values())}
        for each in (simulation, other):
            advance(each, 1)
        with timed() as two:
            advance(simulation, steps)
        with timed() as one:
            advance(other, steps)
        result.add(f"{name}_2_threads", scale * two.wall / steps, at_most=None if quick else bound)
        result.add(f"{name}_1_thread_cpu", scale * one.cpu / steps)
        same = simulation.digest()["tissue"] == other.digest()["tissue"]
        result.check(f"steps of {dt}: same bits on 1 and 2 threads", same)
        result.check(f"steps of {dt}: cells, lattice and tally agree", balanced(simulation))
        result.check(f"steps of {dt}: the ledger of the fields closes", ledger_closes(simulation))
    result.numbers |= {"fields": 1 + len(CYTOKINES), "vessels": len(simulation.vessels)}
    if not quick:
        result.add("spqsp_s_per_6_h_1_thread_cpu", SPQSP_SECONDS)
    result.notes.append(
        "spQSP-IO (HCC example): quoted, CPU of one core per slice of 6 h, another machine of this kind"
    )
    return result.as_dict()

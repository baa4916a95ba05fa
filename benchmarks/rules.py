"""Many rules: ten causes of death with three Hill terms each, against the same formula in numpy.

The cost is that of the phase of the rules where the engine counts phases; otherwise the time of a step less that of the
same cells without rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.common import Result, advance, agent_seconds, check_bits, per_mm3, phase_seconds, static_field, timed

import qsp_abm as qa

BEHAVIOURS, TERMS, TRAITS = 10, 3, 5
POWERS = (1.0, 2.0, 4.0, 1.5)
BLOCKS = 3
BASE, UP, DOWN = 1e-7, 3e-7, 1e-8  # 1/day: nobody dies


def term(behaviour: int, number: int) -> tuple[str, str, float, float]:
    """Return signal, effect, half and power of a rule."""
    signal = f"field.level{behaviour % 2}" if number == 2 else f"trait.t{(behaviour + 2 * number) % TRAITS}"
    effect = "decreases" if number == 1 else "increases"
    return signal, effect, 0.5 + 0.25 * behaviour, POWERS[(behaviour + number) % len(POWERS)]


def model(side: int, rules: bool) -> qa.Model:
    """Return cells with ten causes of death, with or without rules, on a cube."""
    limits = {"increases": UP, "decreases": DOWN}
    cell = qa.CellType(
        name="cell",
        volume=2500.0,
        processes=tuple(qa.Die(name=f"cause{b}", rate=BASE) for b in range(BEHAVIOURS)),
        rules=tuple(
            qa.Rule(target=f"cause{b}.rate", signal=signal, effect=effect, half=half, limit=limits[effect], power=power)
            for b in range(BEHAVIOURS if rules else 0)
            for signal, effect, half, power in (term(b, number) for number in range(TERMS))
        ),
    )
    law = qa.LogNormal(median=1.0, sigma=0.7)
    traits = tuple(qa.Trait(name=f"t{number}", start=law) for number in range(TRAITS))
    return qa.Model(
        lattice=qa.Lattice(shape=(side, side, side), spacing=17.0),
        cells=(qa.Group(name="cell", types=(cell,), traits=traits),),
        fields=tuple(static_field(number, 1.0 + number) for number in range(2)),
    )


def expected(simulation: qa.Simulation) -> float:
    """Return the sum of all rates of all cells, 1/day, evaluated with numpy: u = b + (M - b) U, then u + (m - u) D."""
    table = simulation.cell_columns()
    nx, ny, _ = simulation.model.lattice.shape or (1, 1, 1)
    h = simulation.model.lattice.spacing
    steps = [np.floor(table[f"{axis}_um"].astype("f8") / h).astype("i8") for axis in "xyz"]
    voxel = steps[0] + nx * (steps[1] + ny * steps[2])
    signals = {f"trait.t{number}": table[f"t{number}"].astype("f8") for number in range(TRAITS)}
    for field in simulation.model.fields:
        signals[f"field.{field.name}"] = simulation.field(field.name).ravel()[voxel].astype("f8")
    total = 0.0
    for behaviour in range(BEHAVIOURS):
        sums = {"increases": np.zeros(len(voxel)), "decreases": np.zeros(len(voxel))}
        for number in range(TERMS):
            signal, effect, half, power = term(behaviour, number)
            sums[effect] += (signals[signal] / half) ** power
        up, down = (each / (1.0 + each) for each in sums.values())
        rate = BASE + (UP - BASE) * up
        total += float((rate + (DOWN - rate) * down).sum())
    return total


def run(quick: bool = False, agents: int | None = None, steps: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    agents
        How many.
    steps
        Steps of each of three blocks, after one.
    """
    agents = agents or (20_000 if quick else 1_000_000)
    steps = steps or (2 if quick else 4)
    side = round((agents / 0.3) ** (1 / 3))
    result = Result("rules")
    small = model(20, rules=True)
    check_bits(result, small, [qa.Scatter("cell", per_mm3(2_000, small.lattice))])
    evaluations = 0
    simulations: dict[tuple[bool, int], qa.Simulation] = {}
    for with_rules in (True, False):
        made = model(side, with_rules)
        first = qa.Simulation(made, qa.Scatter("cell", per_mm3(agents, made.lattice)), seed=1, threads=1)
        if with_rules:
            found = float(first._engine.fate_rates(np.zeros(0))["dies"][0])
            with timed() as elapsed:
                wanted = expected(first)
            placed = sum(first.counts().values())
            evaluations = placed * BEHAVIOURS * TERMS
            result.numbers |= {"agents": placed, "rules_per_agent": BEHAVIOURS * TERMS, "steps": BLOCKS * steps}
            result.add("relative_error_of_rates", abs(found / wanted - 1.0))
            result.check("rates as the formula in numpy gives them", abs(found / wanted - 1.0) < 1e-5)
            result.add("ns_per_rule_evaluation_numpy", 1e9 * elapsed.wall / evaluations)
        start = first.snapshot()
        for threads in (1, 2):
            simulations[with_rules, threads] = qa.Simulation.from_snapshot(start, threads=threads)
            advance(simulations[with_rules, threads], 1)
    seconds = dict.fromkeys(simulations, float("inf"))
    for _ in range(BLOCKS):  # in turn, so that other load of the machine meets all; the fastest counts
        for which, simulation in simulations.items():
            before = phase_seconds(simulation)
            wall, _ = agent_seconds(simulation, steps)
            after = phase_seconds(simulation)
            own = wall if before is None or after is None else after["rules"] - before["rules"]
            seconds[which] = min(seconds[which], own / steps)
    for with_rules in (True, False):
        one, two = (simulations[with_rules, threads].digest()["tissue"] for threads in (1, 2))
        result.check(f"same bits on 1 and 2 threads{'' if with_rules else ', without rules'}", one == two)
    for threads in (1, 2):
        own = seconds[True, threads] - seconds[False, threads]
        result.add(f"ns_per_rule_evaluation_{threads}_thread{'s' if threads > 1 else ''}", 1e9 * own / evaluations)
    result.notes.append("seconds with rules less seconds without, over agents x rules")
    return result.as_dict()

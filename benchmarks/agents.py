"""Movement, division, death and killing with rules that read five fields: 1e6 agents at density 0.3, and 1e7.

A fifth are T cells that hop about once per step and kill, the others tumour cells that divide and die, one in a hundred per
step. The fields stand still. The cost is that of all phases but the fields, where the engine counts phases; otherwise the
time of the whole step less that of the same lattice and fields without cells.
"""

from __future__ import annotations

from typing import Any

from benchmarks.common import (
    MINUTE,
    PHASES,
    Result,
    advance,
    agent_seconds,
    balanced,
    check_bits,
    per_mm3,
    phase_seconds,
    read_modify_write_rate,
    static_field,
)

import qsp_abm as qa

DENSITY = 0.3
DT = 6 * MINUTE
BYTES = 2 * 64 + 5 * 4  # of an agent-step: its state read and written, five field values read
WARM_UP = 2
BLOCKS = 3  # of which the fastest counts: other load only adds


def model(side: int) -> qa.Model:
    """Return the model on a cube of so many voxels a side."""
    once = 0.01 / DT  # one in a hundred per step
    tumour = qa.CellType(
        name="tumour",
        volume=2500.0,
        hits=qa.Hits(threshold=1),
        processes=(qa.Divide(rate=2 * once), qa.Die(rate=once)),
        rules=(
            qa.Rule(target="divide.rate", signal="field.level0", effect="increases", half=1.0, limit=3 * once),
            qa.Rule(target="divide.rate", signal="field.level1", effect="decreases", half=1.0, limit=0.0, power=2),
            qa.Rule(target="die.rate", signal="field.level2", effect="increases", half=1.0, limit=1.5 * once),
            qa.Rule(target="die.rate", signal="field.level3", effect="decreases", half=1.0, limit=0.5 * once, power=2),
            qa.Rule(target="die.rate", signal="field.level4", effect="decreases", half=2.0, limit=0.5 * once),
        ),
    )
    killer = qa.CellType(
        name="killer",
        volume=175.0,
        occupies="small",
        processes=(
            qa.Move(motility=8 / MINUTE, persistence=0.0),
            qa.Kill(targets=("tumour",), engage=5 * once, hit_rate=100 * once, detach=50 * once),
            qa.Die(rate=once),
        ),
        rules=(
            qa.Rule(target="move.motility", signal="field.level0", effect="decreases", half=9.0, limit=6 / MINUTE),
            qa.Rule(target="kill.engage", signal="field.level1", effect="increases", half=1.0, limit=8 * once),
            qa.Rule(target="kill.hit_rate", signal="field.level2", effect="increases", half=1.0, limit=150 * once),
            qa.Rule(target="kill.detach", signal="field.level3", effect="decreases", half=1.0, limit=20 * once),
            qa.Rule(target="die.rate", signal="field.level4", effect="decreases", half=1.0, limit=0.0),
        ),
    )
    return qa.Model(
        lattice=qa.Lattice(shape=(side, side, side), spacing=17.0),
        cells=(tumour, killer),
        fields=tuple(static_field(number) for number in range(5)),
        dt=DT,
    )


def world(agents: int) -> tuple[qa.Model, list[qa.Scatter]]:
    """Return the model and the start of so many agents at the density."""
    made = model(round((agents / DENSITY) ** (1 / 3)))
    return made, [
        qa.Scatter("tumour", per_mm3(0.8 * agents, made.lattice)),
        qa.Scatter("killer", per_mm3(0.2 * agents, made.lattice)),
    ]


def begin(agents: int) -> qa.Simulation:
    """Return so many agents at the density."""
    return qa.Simulation(*world(agents), seed=1, threads=1)


def cost(simulation: qa.Simulation, steps: int, without_cells: float) -> tuple[float, float]:
    """Run steps; return nanoseconds per agent and step of the agents' phases, and of everything."""
    before = sum(simulation.counts().values())
    wall, of_agents = agent_seconds(simulation, steps)
    agent_steps = steps * (before + sum(simulation.counts().values())) / 2
    own = of_agents if of_agents is not None else max(wall - steps * without_cells, 0.0)
    return 1e9 * own / agent_steps, 1e9 * wall / agent_steps


def fields_alone(simulation: qa.Simulation, threads: int, steps: int) -> float:
    """Return the seconds of a step of the same lattice and fields without cells; 0 where the engine counts phases."""
    if phase_seconds(simulation) is not None:
        return 0.0
    empty = qa.Simulation(simulation.model, (), seed=1, threads=threads)
    advance(empty, 1)
    return agent_seconds(empty, steps)[0] / steps


def run(
    quick: bool = False, agents: int | None = None, many: int | None = None, steps: int | None = None
) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    agents, many
        Agents of the main measurement and of the large one (0: none).
    steps
        Steps of each of three blocks, after two.
    """
    agents = agents or (20_000 if quick else 1_000_000)
    many = (60_000 if quick else 10_000_000) if many is None else many
    steps = steps or (2 if quick else 7)
    result = Result("agents")
    rate, by = read_modify_write_rate(8 if quick else 192)
    limit = BYTES / rate * 1e9
    check_bits(result, *world(4_000))

    first = begin(agents)
    result.check("one motile sub-step", first._engine.sub_steps == 1)
    start = first.snapshot()
    simulations = {threads: qa.Simulation.from_snapshot(start, threads=threads) for threads in (1, 2)}
    alone = {threads: fields_alone(simulation, threads, steps) for threads, simulation in simulations.items()}
    for simulation in simulations.values():
        advance(simulation, WARM_UP)
    costs: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(BLOCKS):  # in turn, so that other load of the machine meets both
        for threads, simulation in simulations.items():
            costs[threads].append(cost(simulation, steps, alone[threads]))
    found = {threads: min(own for own, _ in of_both) for threads, of_both in costs.items()}
    for threads, simulation in simulations.items():
        each = f"{threads}_thread{'s' if threads > 1 else ''}"
        fast = None if quick or threads == 1 else 60.0
        result.add(f"million_agent_steps_per_s_{each}", 1e3 / max(found[threads], 1e-9), at_least=fast)
        result.add(f"ns_per_agent_step_{each}", found[threads])
        result.add(f"ns_per_agent_step_with_fields_{each}", min(whole for _, whole in costs[threads]))
        phases = phase_seconds(simulation) or {}
        own = {name: seconds for name, seconds in phases.items() if name in PHASES and name != "fields"}
        for name, seconds in own.items():
            result.add(f"share_{name}_{each}", seconds / max(sum(own.values()), 1e-12))
    digests = {simulation.digest()["tissue"] for simulation in simulations.values()}
    tally = simulation.tally()
    result.numbers |= {"agents": sum(first.counts().values()), "steps": BLOCKS * steps}
    result.add("efficiency_of_2_threads", found[1] / max(found[2], 1e-9), at_least=None if quick else 1.7)
    result.add("limit_ns_per_agent_step", limit)
    result.add("over_limit_1_thread", found[1] / limit)
    result.notes.append(f"limit: {BYTES} bytes per agent and step at the rate of a = a s + b in place ({by}, 1 thread)")
    result.check("same bits on 1 and 2 threads", len(digests) == 1)
    result.check("cells, lattice and tally agree", balanced(simulation))
    happened = {event: sum(tally[event].values()) for event in ("born", "died_die", "died_killed")}
    result.check("cells are born, die and are killed", min(happened.values()) > 0)
    result.numbers |= {f"cells_{event}": count for event, count in happened.items()}
    del simulation, simulations, first, start

    if many:
        simulation = qa.Simulation.from_snapshot(begin(many).snapshot(), threads=2)
        alone_many = fields_alone(simulation, 2, 2)
        advance(simulation, WARM_UP)
        large = min(cost(simulation, steps, alone_many)[0] for _ in range(BLOCKS))
        result.numbers["many_agents"] = sum(simulation.counts().values())
        result.add("ns_per_agent_step_many", large)
        result.add("many_over_few", large / max(found[2], 1e-9), at_most=None if quick else 1.3)
        result.check("the large one: cells, lattice and tally agree", balanced(simulation))
    return result.as_dict()

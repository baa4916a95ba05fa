"""No cell is lost or doubled, whatever happens: tally, lattice, lineage and identities always agree."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from machine import Machine
from worlds import crowd, settled, worlds

from qsp_abm import Model

STARTED, GIVEN, BORN, RECRUITED, BECAME, DIED, LEFT, MOVED_OUT, REMOVED = range(9)


def follow(machine: Machine) -> tuple[int, set[int]]:
    """Replay the lineage: who began, who ended. Returns the number of events and the ids alive."""
    events = machine.engine.events()
    alive: dict[int, int] = {}
    remains = {"tumour": "remains"}
    names = list(machine.model.types)
    clock = -1.0
    for day, agent, parent, code, what in zip(
        *(events[name].tolist() for name in ("day", "agent", "parent", "type", "what")), strict=True
    ):
        assert day >= clock - machine.model.dt - 1e-9
        clock = max(clock, day)
        if what in (STARTED, GIVEN, BORN, RECRUITED):
            assert agent not in alive
            assert (parent > 0) == (what == BORN)
            assert parent < agent
            alive[agent] = code
        elif what == BECAME:
            assert agent in alive
            alive[agent] = code
        else:
            assert alive.pop(agent) == code  # the type that it had
            into = remains.get(names[code - 1]) if what == DIED else None
            if into is not None:
                alive[agent] = names.index(into) + 1  # the same cell goes on as its remains
    cells = machine.columns()
    assert alive == dict(zip(cells["id"].tolist(), cells["type"].tolist(), strict=True))
    return len(events["day"]), set(alive)


def test_a_busy_world_keeps_its_books_in_two_and_three_dimensions() -> None:
    for shape in ((30, 30, 1), (10, 10, 10)):
        for edges in ("closed", "open"):
            machine = settled(crowd(shape, edges=edges, speed=5.0), 3)
            machine.run_checked(150)
            count, _ = follow(machine)
            tally = machine.tally()
            happened = {name for name, row in tally.items() if sum(row.values()) > 0}
            wanted = {
                "born",
                "recruited",
                "became_in",
                "remains",
                "left",
                "died_killed",
                "died_hypoxia",
                "died_age",
                "died_clearance",
            }
            assert wanted <= happened, (shape, edges, wanted - happened)
            assert ("moved_out" in happened) == (edges == "open")
            assert count > 500


@settings(max_examples=60)
@given(worlds())
def test_no_cell_is_lost_or_doubled(world: tuple[Model, int, float]) -> None:
    model, seed, density = world
    machine = settled(model, seed, density=density)
    machine.engine.check()
    machine.run_checked(12)
    follow(machine)
    cells = machine.columns()
    ids, keys = cells["id"], cells["key"]
    assert (np.diff(ids.astype("i8")) > 0).all()
    assert len(set(keys.tolist())) == len(keys)
    codes = np.bincount(cells["type"], minlength=len(model.types) + 1)[1:]
    assert codes.tolist() == list(machine.counts().values())
    tally = machine.tally()
    for name in model.types:
        into = sum(tally[row][name] for row in ("started", "given", "born", "recruited", "became_in", "remains"))
        out = sum(row[name] for event, row in tally.items() if event.startswith("died_"))
        out += sum(tally[row][name] for row in ("became_out", "left", "moved_out", "removed"))
        assert into - out == machine.counts()[name]
    assert sum(tally["became_in"].values()) == sum(tally["became_out"].values())


@settings(max_examples=30)
@given(worlds())
def test_dt_06_no_voxel_ever_holds_more_than_it_can(world: tuple[Model, int, float]) -> None:
    """DT-06: small cells of all types together stay within the volume of a voxel, one beside a solid cell."""
    model, seed, density = world
    machine = settled(model, seed, density=density)
    volume = {name: t.volume for name, t in model.types.items()}
    names = list(model.types)
    small = np.array([0.0, *(volume[n] if model.types[n].occupies == "small" else 0.0 for n in names)])
    solid = np.array([0, *(int(model.types[n].occupies == "solid") for n in names)])
    room = model.lattice.packing * model.lattice.voxel_volume
    for _ in range(8):
        machine.run(1)
        cells = machine.columns()
        voxels = int(np.prod(model.lattice.shape or ()))
        filled = np.bincount(cells["voxel"], small[cells["type"]], voxels)
        many = np.bincount(cells["voxel"], (small > 0)[cells["type"]], voxels)
        solids = np.bincount(cells["voxel"], solid[cells["type"]], voxels)
        assert solids.max(initial=0) <= 1
        assert (many[solids > 0] <= 1).all()
        assert ((filled <= room + 1e-6) | (many <= 1)).all()

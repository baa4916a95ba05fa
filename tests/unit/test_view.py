"""Views of a simulation's memory: no copy, read-only, and nothing that dangles."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from test_simulation import DOSE
from test_simulation import simulation as begun

import qsp_abm as qa
from qsp_abm import ModelError, Simulation


def test_a_view_shows_what_copies_show() -> None:
    simulation = begun()
    simulation.run("4 hour")
    table, stored = simulation.cell_columns(), simulation._engine.field(0, stored=True)
    with simulation.view() as state:
        there = state.cells["cell_type"] > 0
        order = np.argsort(state.cells["id"][there])
        for name in ("id", "parent", "cell_type", "target"):
            assert np.array_equal(state.cells[name][there][order], table[name])
        pdl1 = state.trait("cancer", "pdl1")[there][order]
        cancer = ~np.isnan(table["pdl1"])
        assert cancer.any() and np.array_equal(pdl1[cancer], table["pdl1"][cancer])
        assert np.array_equal(state.field("ifng"), stored)
        shown = np.maximum(state.field("ifng"), 0) * np.float32(state.scale("ifng"))
        assert np.array_equal(shown, simulation.field("ifng"))
        for name, count in simulation.counts().items():
            assert np.count_nonzero(state.cells["cell_type"] == state.code(name)) == count


def test_a_view_is_no_copy_and_cannot_be_written() -> None:
    simulation = begun()
    with simulation.view() as first, simulation.view() as second:
        for ours, theirs in ((first.field("ifng"), second.field("ifng")), (first.cells["id"], second.cells["id"])):
            assert np.shares_memory(ours, theirs)
            assert not ours.flags.owndata and not ours.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                ours[...] = 0
            with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                ours.flags.writeable = True
            with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                ours[:1].flags.writeable = True


@pytest.mark.parametrize(
    "change",
    [
        lambda simulation: simulation.run("1 hour"),
        lambda simulation: simulation.step_until("1 day"),
        lambda simulation: simulation.remove(simulation.cells()["id"][:3]),
        lambda simulation: simulation.add("cd8", [[30.0, 30.0]]),
        lambda simulation: simulation.set_trait(
            simulation.cells().query("cell_type == 'tumour'")["id"][:2], "pdl1", 3.0
        ),
    ],
    ids=["run", "step_until", "remove", "add", "set_trait"],
)
def test_nothing_changes_while_somebody_looks(change: Callable[[Simulation], None]) -> None:
    simulation = begun()
    before, day = simulation.digest(), simulation.day
    with simulation.view() as state:
        kept = state.field("ifng")[0, 2:5]  # an array made from one that the view gave
        with pytest.raises(ModelError, match="somebody looks at its memory"):
            change(simulation)
    with pytest.raises(ModelError, match="delete the arrays"):
        change(simulation)
    assert simulation.digest() == before and simulation.day == day  # the body has not moved either
    assert simulation.take_interventions() == []
    del kept, state
    change(simulation)
    assert simulation.digest() != before


def test_views_in_dead_cycles_do_not_block() -> None:
    simulation = begun()
    cycle: list[object] = [simulation.view().field("ifng")]
    cycle.append(cycle)
    del cycle
    simulation.run("1 hour")


def test_a_closed_view_gives_nothing() -> None:
    simulation = begun()
    with simulation.view() as state:
        pass
    for look in (lambda: state.cells, lambda: state.field("ifng"), lambda: state.trait("cancer", "pdl1")):
        with pytest.raises(ModelError, match="closed"):
            look()
    simulation.run("1 hour")


def test_an_array_outlives_its_simulation() -> None:
    simulation = begun()
    expected = simulation._engine.field(0, stored=True)
    gone = weakref.ref(simulation)
    values = simulation.view().field("ifng")
    del simulation
    gc.collect()
    assert gone() is None
    _ = [np.full(values.size, 7.0, "f4") for _ in range(20)]  # would take over memory that had been given back
    assert np.array_equal(values, expected)


def test_copies_are_free() -> None:
    simulation = begun()
    state = simulation.view()
    values = state.field("ifng")
    others = (values.copy(), copy.deepcopy(values), pickle.loads(pickle.dumps(values)))
    del values
    state.close()
    simulation.run("1 hour")
    for other in others:
        assert not np.array_equal(other, simulation._engine.field(0, stored=True))


def test_a_view_does_not_copy_large_fields() -> None:
    side = 160
    large = qa.Model(
        lattice=qa.Lattice(shape=(side,) * 3, spacing=20.0),
        cells=(qa.CellType(name="tumour", volume=1000.0),),
        fields=(qa.Field(name="oxygen", unit="mmHg", diffusion=1e8, decay=100.0, initial=40.0),),
    )
    simulation = Simulation(large)
    import tracemalloc

    tracemalloc.start()
    with simulation.view() as state:
        assert state.field("oxygen").nbytes == 4 * side**3
        assert state.field("oxygen")[80, 80, 80] * state.scale("oxygen") == pytest.approx(40.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_no_view_while_another_thread_runs() -> None:
    simulation = begun()
    steps = 2000
    body = np.tile(simulation._signals(), (steps, 1))
    running = threading.Thread(target=simulation._engine.run, args=(steps, body))
    running.start()
    refused = []
    while running.is_alive():
        try:
            simulation.view().close()
        except ModelError as error:
            refused.append(str(error))
    assert refused and all("running in another thread" in text for text in refused)
    assert simulation.step == steps
    simulation.check()


def test_unknown_names_are_refused_with_the_nearest() -> None:
    simulation = begun()
    with simulation.view() as state:
        with pytest.raises(ModelError, match="did you mean 'ifng'"):
            state.field("ifgn")
        with pytest.raises(ModelError, match="did you mean 'pdl1'"):
            state.trait("cancer", "pdl2")
        with pytest.raises(ModelError, match="unknown group"):
            state.trait("tumor", "pdl1")
        with pytest.raises(ModelError, match="did you mean 'tumour'"):
            state.code("tumor")


def test_a_dose_may_be_given_while_somebody_looks() -> None:
    simulation = begun()
    with simulation.view():
        simulation.give(DOSE)
    simulation.run("1 hour")

"""Same seed, same bits: any number of threads, after saving and loading, whatever else runs (SEMANTICS.md, promise)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine import Machine
from worlds import crowd, settled, worlds

import qsp_abm as qa
from qsp_abm import _core

STEPS = 40
MANY_THREADS = (2, 3, 4, 8)
World = tuple[qa.Model, int, float]


def reload(machine: Machine, threads: int = 1) -> Machine:
    """Return a machine that is built anew and put into the state of another."""
    state, columns = machine.engine.state(), machine.columns()
    fields = [machine.engine.field(k, True) for k in range(len(machine.model.fields))]
    copy = Machine(
        machine.model, {}, vessels=machine.engine.vessels, body=machine.body, seed=machine.seed, threads=threads
    )
    copy.engine.restore(state, columns, fields)
    return copy


@pytest.mark.parametrize("shape", [(96, 96, 1), (24, 24, 24)])
def test_threads_do_not_change_a_bit(shape: tuple[int, int, int]) -> None:
    model = crowd(shape, speed=5.0)
    found = {}
    for threads in (1, 2, 3):
        machine = settled(model, 5, threads=threads)
        machine.run(STEPS)
        found[threads] = machine.digest()
        assert machine.engine.threads == threads
    assert len(set(found.values())) == 1, found


def test_the_threads_asked_for_are_used() -> None:
    machine = settled(crowd((32, 32, 32), speed=0.3), 5, threads=2)
    for _ in range(60):  # on a busy machine a thread may take long to get its first item
        machine.run(1)
        if machine.engine.threads_used == 2:
            break
    assert machine.engine.threads_used == 2


@settings(max_examples=15)
@given(st.integers(0, STEPS), st.integers(0, STEPS), st.booleans())
def test_saving_and_loading_at_any_step_changes_nothing(first: int, second: int, flat: bool) -> None:
    model = crowd((14, 14, 1) if flat else (6, 6, 6), speed=10.0)
    whole = settled(model, 5)
    whole.run(STEPS)
    stops = sorted((first, second))
    machine = settled(model, 5)
    machine.run(stops[0])
    machine = reload(machine, threads=2)
    machine.run(stops[1] - stops[0])
    machine = reload(machine)
    machine.run(STEPS - stops[1])
    assert machine.digest() == whole.digest()
    assert machine.tally() == whole.tally()


def assert_one_history(world: World, steps: int, stop: int) -> None:
    """Any threads and instructions, whole or restarted at a step: the same bits."""
    model, seed, density = world
    reference = settled(model, seed, density=density, instructions="plain")
    reference.run(steps)
    for threads in MANY_THREADS:
        for instructions in _core.available_instructions():
            machine = settled(model, seed, density=density, threads=threads, instructions=instructions)
            machine.run(stop)
            if threads == MANY_THREADS[0]:
                machine = reload(machine, threads)
            machine.run(steps - stop)
            assert machine.digest() == reference.digest(), (threads, instructions)
            assert machine.tally() == reference.tally(), (threads, instructions)


@settings(max_examples=25)
@given(worlds(), st.integers(0, 16))
def test_random_models_have_one_history(world: World, stop: int) -> None:
    """Steps 0 to 16: every one between two sortings of the agents."""
    assert_one_history(world, 20, stop)


@pytest.mark.slow
@settings(max_examples=200)
@given(worlds(plane=150, volume=40), st.integers(0, 16))
def test_large_random_models_have_one_history(world: World, stop: int) -> None:
    """Large enough that loops are shared out among threads."""
    assert_one_history(world, 20, stop)


def test_two_simulations_in_one_process_do_not_disturb_each_other() -> None:
    model = crowd((16, 16, 1), speed=5.0)
    alone = []
    for seed in (5, 6):
        machine = settled(model, seed)
        machine.run(STEPS)
        alone.append(machine.digest())
    pair = [settled(model, seed) for seed in (5, 6)]
    for _ in range(STEPS):
        for machine in pair:
            machine.run(1)
    assert [machine.digest() for machine in pair] == alone
    assert alone[0] != alone[1]


def test_a_fresh_process_gives_the_same_bits() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from worlds import crowd, settled\n"
        "m = settled(crowd((16, 16, 1), speed=5.0), 5); m.run(40); print(m.digest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    machine = settled(crowd((16, 16, 1), speed=5.0), 5)
    machine.run(40)
    assert done.stdout.strip() == machine.digest()


def test_one_long_run_is_many_short_ones() -> None:
    model = crowd((16, 16, 1), speed=5.0)
    whole, parts = settled(model, 5), settled(model, 5)
    whole.run(STEPS)
    for steps in (1, 2, 3, 34):
        parts.run(steps)
    assert whole.digest() == parts.digest()


def positions(seed: int, count: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    voxels = rng.permutation(400)[:count]
    jitter = rng.uniform(-5, 5, (count, 2))
    return [
        (15.0 * (v % 20) + 7.5 + a, 15.0 * (v // 20) + 7.5 + b)
        for v, (a, b) in zip(voxels.tolist(), jitter.tolist(), strict=True)
    ]


@settings(max_examples=8)
@given(st.randoms(use_true_random=False))
def test_dt_14_the_order_of_rows_does_not_matter(random: object) -> None:
    """DT-14: permuting the rows of the start gives the same bits, not just the same statistics."""
    model = crowd((20, 20, 1), speed=5.0).replace(vessels=qa.Vessels(density=50))
    where = positions(3, 120)
    shuffled = list(where)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = []
    for rows in (where, shuffled):
        simulation = qa.Simulation(
            model,
            [qa.Cells(cells="tumour", positions=rows), qa.Scatter(cells="effector", density="300 / mm^2")],
            seed=4,
        )
        simulation.run("2 hour")
        simulation.check()
        found.append(simulation.digest()["all"])
    assert found[0] == found[1]

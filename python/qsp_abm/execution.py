"""Runs side by side: each in a process of its own, all of them watched from here.

A run that fails is reported, the others go on. Ctrl-C asks every run to close its file and then stops.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, Protocol

from .errors import ModelError, SolverError

__all__ = ["Outcome", "Task", "Watcher", "cores", "execute", "run_task", "usual_workers"]

_PAUSE = 0.2  # s between two messages of a run

Progress = Callable[[int, int], None]
Perform = Callable[["Task", Progress], None]


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that one run needs; it can be sent to another process.

    Parameters
    ----------
    path
        The run file.
    model, start, doses
        What is simulated.
    duration, every, checkpoint
        Simulated time, time between frames, and between stored states, day.
    seed, threads, vessel_draw, force, provenance
        As in `Simulation`.
    statistics
        Measured at each frame.
    resume
        Go on with the run of this file.
    """

    path: Path
    model: Any = None
    start: tuple[Any, ...] = ()
    doses: tuple[Any, ...] = ()
    duration: float = 0.0
    every: float = 0.25
    checkpoint: float = 5.0
    seed: int = 0
    threads: int | None = 1
    vessel_draw: int | None = None
    statistics: tuple[Any, ...] = ()
    force: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: ``complete``, ``failed`` (with a message), or ``interrupted``."""

    status: str
    message: str = ""


class Watcher(Protocol):
    """What is told how the runs go."""

    def advanced(self, number: int, step: int, steps: int) -> None:
        """Run `number` has done `step` of `steps`."""

    def ended(self, number: int, outcome: Outcome) -> None:
        """Run `number` has ended."""


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usual_workers(threads: int, tasks: int) -> int:
    """Return how many runs go side by side unless said otherwise."""
    return max(1, min(tasks, cores() // max(1, threads)))


def run_task(task: Task, progress: Progress) -> None:
    """Run one task in this process."""
    from .simulation import Simulation

    if task.resume:
        Simulation.resume(task.path, threads=task.threads, progress=progress)
        return
    simulation = Simulation(
        task.model,
        start=task.start,
        doses=task.doses,
        seed=task.seed,
        threads=task.threads,
        vessel_draw=task.vessel_draw,
    )
    simulation.run(
        task.duration,
        record=task.path,
        every=task.every,
        force=task.force,
        progress=progress,
        checkpoint=task.checkpoint,
        provenance=task.provenance,
        statistics=task.statistics,
    )


def execute(tasks: Sequence[Task], workers: int, watcher: Watcher, perform: Perform = run_task) -> list[Outcome]:
    """Run all tasks.

    Parameters
    ----------
    tasks
        In the order in which they are begun.
    workers
        How many run side by side; with 1 they run in this process.
    watcher
        Is told of progress and ends.
    perform
        What runs a task; a function that another process can import.

    Returns
    -------
    list of Outcome
        One for each task. After Ctrl-C those that did not end are ``interrupted``; `KeyboardInterrupt` is not raised.
    """
    if workers <= 1 or len(tasks) <= 1:
        return _one_by_one(tasks, watcher, perform)
    return _side_by_side(tasks, min(workers, len(tasks)), watcher, perform)


def _attempt(perform: Perform, task: Task, progress: Progress) -> Outcome:
    try:
        perform(task, progress)
    except KeyboardInterrupt:
        return Outcome("interrupted")
    except (ModelError, SolverError) as error:
        return Outcome("failed", str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on
        return Outcome("failed", f"{type(error).__name__}: {error}")
    return Outcome("complete")


def _one_by_one(tasks: Sequence[Task], watcher: Watcher, perform: Perform) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for number, task in enumerate(tasks):
        if outcomes and outcomes[-1].status == "interrupted":
            outcomes.append(Outcome("interrupted"))
            continue
        outcomes.append(_attempt(perform, task, _seldom(partial(watcher.advanced, number))))
        watcher.ended(number, outcomes[-1])
    return outcomes


def _side_by_side(tasks: Sequence[Task], workers: int, watcher: Watcher, perform: Perform) -> list[Outcome]:
    context = get_context("spawn")
    messages, stop = context.Queue(), context.Event()
    outcomes = [Outcome("interrupted")] * len(tasks)
    with ProcessPoolExecutor(workers, context, _prepare, (messages, stop)) as pool:
        with _on_interrupt(signal.SIG_IGN):  # new processes inherit this: Ctrl-C reaches the runs through `stop`
            running = {pool.submit(_in_worker, perform, number, task): number for number, task in enumerate(tasks)}
        with _on_interrupt(signal.default_int_handler):  # a shell lets what it puts in the background ignore Ctrl-C
            _watch(running, outcomes, messages, stop, watcher)
    return outcomes


def _watch(
    running: dict[Future[Outcome], int], outcomes: list[Outcome], messages: Any, stop: Any, watcher: Watcher
) -> None:
    """Pass messages on until every run has ended; at Ctrl-C ask all of them to end."""
    while running:
        try:
            with suppress(queue.Empty):
                number, step, steps = messages.get(timeout=_PAUSE)
                while True:
                    if number in running.values():  # a last message may come after the end
                        watcher.advanced(number, step, steps)
                    number, step, steps = messages.get_nowait()
            for future in [each for each in running if each.done()]:
                number = running.pop(future)
                outcomes[number] = _outcome(future)
                watcher.ended(number, outcomes[number])
        except KeyboardInterrupt:
            stop.set()
            for future in list(running):
                if future.cancel():
                    del running[future]


def _outcome(future: Future[Outcome]) -> Outcome:
    if future.cancelled():
        return Outcome("interrupted")
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(
            "failed", "a process of the runs ended without a word (out of memory?); `qsp-abm resume` goes on"
        )


# -- inside a worker ------------------------------------------------------------------------------------------------

_messages: Any = None
_stop: Any = None


def _prepare(messages: Any, stop: Any) -> None:
    global _messages, _stop
    _messages, _stop = messages, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no run behind when the process that asked for it was killed; its file keeps every committed frame."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _in_worker(perform: Perform, number: int, task: Task) -> Outcome:
    send = _seldom(lambda step, steps: _messages.put((number, step, steps)))

    def progress(step: int, steps: int) -> None:
        if _stop.is_set():
            raise KeyboardInterrupt
        send(step, steps)

    return Outcome("interrupted") if _stop.is_set() else _attempt(perform, task, progress)


def _seldom(send: Progress) -> Progress:
    """Let a message through from time to time, and the last one always."""
    last = -_PAUSE

    def limited(step: int, steps: int) -> None:
        nonlocal last
        now = time.monotonic()
        if step >= steps or now - last >= _PAUSE:
            last = now
            send(step, steps)

    return limited


@contextmanager
def _on_interrupt(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

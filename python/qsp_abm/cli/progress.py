"""What a user sees while runs go on: bars on a terminal, else a line for each tenth."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer

from qsp_abm.execution import Outcome, Watcher

__all__ = ["watcher"]

_MANY = 20  # runs; beyond it only those that are going on have a bar

Ended = Callable[[int, Outcome], None]


@contextmanager
def watcher(names: Sequence[str], ended: Ended | None = None) -> Iterator[Watcher]:
    """Yield what shows the progress of runs with these names, on standard error.

    Parameters
    ----------
    names
        One for each run.
    ended
        Is also told of each end.
    """
    if not sys.stderr.isatty():
        yield _Lines(names, ended)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bars(progress, names, ended)


class _Lines:
    def __init__(self, names: Sequence[str], ended: Ended | None) -> None:
        self._names, self._ended = names, ended
        self._tenths = [0] * len(names)

    def advanced(self, number: int, step: int, steps: int) -> None:
        tenth = 10 * step // max(1, steps)
        if self._tenths[number] < tenth < 10:
            self._tenths[number] = tenth
            typer.echo(f"{self._names[number]}: {10 * tenth} %", err=True)

    def ended(self, number: int, outcome: Outcome) -> None:
        if outcome.status != "interrupted":
            typer.echo(f"{self._names[number]}: {outcome.status}", err=True)
        if self._ended is not None:
            self._ended(number, outcome)


class _Bars:
    def __init__(self, progress: object, names: Sequence[str], ended: Ended | None) -> None:
        from rich.progress import Progress

        assert isinstance(progress, Progress)
        self._progress, self._names, self._ended = progress, names, ended
        few = len(names) <= _MANY
        self._bars = [progress.add_task(name, total=None, start=False, visible=few) for name in names]

    def advanced(self, number: int, step: int, steps: int) -> None:
        bar = self._bars[number]
        if not self._progress.tasks[number].started:
            self._progress.start_task(bar)
        self._progress.update(bar, completed=step, total=steps, visible=True)

    def ended(self, number: int, outcome: Outcome) -> None:
        description = f"{self._names[number]} {outcome.status}"
        self._progress.update(self._bars[number], description=description, visible=len(self._names) <= _MANY)
        self._progress.stop_task(self._bars[number])
        if self._ended is not None:
            self._ended(number, outcome)

"""Runs side by side: one failure does not stop the others, Ctrl-C stops all, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qsp_abm.execution import Outcome, Task, cores, execute, usual_workers

PERFORM = """
import os, time
from qsp_abm.errors import SolverError

def perform(task, progress):
    progress(1, 1000)
    name = task.path.name
    if name == "fails":
        raise SolverError("oxygen does not converge")
    if name == "surprises":
        raise KeyError("x")
    if name == "dies":
        os._exit(9)
    if name == "long":
        try:
            for step in range(2, 1000):
                time.sleep(0.05)
                progress(step, 1000)
        finally:
            task.path.write_text("closed")
    progress(1000, 1000)
    task.path.write_text(str(os.getpid()))
"""


class Log:
    def __init__(self) -> None:
        self.steps: list[tuple[int, int, int]] = []
        self.ends: dict[int, Outcome] = {}

    def advanced(self, number: int, step: int, steps: int) -> None:
        self.steps.append((number, step, steps))

    def ended(self, number: int, outcome: Outcome) -> None:
        self.ends[number] = outcome


@pytest.fixture
def perform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    (tmp_path / "performing.py").write_text(PERFORM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("performing", None)
    from performing import perform as found  # type: ignore[import-not-found]

    return found  # type: ignore[no-any-return]


def tasks(folder: Path, *names: str) -> list[Task]:
    return [Task(folder / name) for name in names]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_does_not_stop_the_others(tmp_path: Path, perform: Callable[..., Any], workers: int) -> None:
    log = Log()
    outcomes = execute(tasks(tmp_path, "a", "fails", "surprises", "b"), workers, log, perform)
    assert [each.status for each in outcomes] == ["complete", "failed", "failed", "complete"]
    assert outcomes[1].message == "oxygen does not converge"
    assert outcomes[2].message == "KeyError: 'x'"
    assert log.ends == dict(enumerate(outcomes))
    assert {step for step in log.steps if step[1] == 1000} <= {(0, 1000, 1000), (3, 1000, 1000)}
    processes = {(tmp_path / name).read_text() for name in "ab"}
    assert (str(os.getpid()) in processes) == (workers == 1)


def test_a_process_that_dies_is_reported(tmp_path: Path, perform: Callable[..., Any]) -> None:
    outcomes = execute(tasks(tmp_path, "dies", "dies"), 2, Log(), perform)
    assert [each.status for each in outcomes] == ["failed", "failed"]
    assert "resume" in outcomes[0].message


def test_interrupt_stops_all(tmp_path: Path, perform: Callable[..., Any]) -> None:
    class Interrupting(Log):
        def advanced(self, number: int, step: int, steps: int) -> None:
            super().advanced(number, step, steps)
            if {each[0] for each in self.steps} == {0, 1}:
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                self.steps.append((9, 0, 0))  # once

    long = [Task(tmp_path / name / "long") for name in ("x", "y", "z")]
    for task in long:
        task.path.parent.mkdir()
    begin = time.monotonic()
    outcomes = execute(long, 2, Interrupting(), perform)
    assert [each.status for each in outcomes] == ["interrupted"] * 3
    assert time.monotonic() - begin < 20
    assert [task.path.exists() for task in long] == [True, True, False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_killed_runs_leave_no_process(tmp_path: Path, perform: Callable[..., Any]) -> None:
    del perform
    script = tmp_path / "parent.py"
    script.write_text(
        "from pathlib import Path\n"
        "from performing import perform\n"
        "from qsp_abm.execution import Task, execute\n"
        "class Log:\n"
        "    def advanced(self, *_): print('going', flush=True)\n"
        "    def ended(self, *_): pass\n"
        "if __name__ == '__main__':\n"
        f"    execute([Task(Path({str(tmp_path)!r}) / name / 'long') for name in 'xy'], 2, Log(), perform)\n"
    )
    for name in "xy":
        (tmp_path / name).mkdir()
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    parent.stdout.readline()
    children = [int(each) for each in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert children
    deadline = time.monotonic() + 10
    while any(alive(each) for each in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(each) for each in children)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def test_usual_workers() -> None:
    assert usual_workers(1, 100) == cores()
    assert usual_workers(10_000, 100) == 1
    assert usual_workers(1, 1) == 1

"""What the benchmarks share: times, limits of the machine, checks of the answer, models that several of them need."""

from __future__ import annotations

import inspect
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import qsp_abm as qa
from qsp_abm import _core

MINUTE = 1 / 1440  # day
PHASES = ("contacts", "deposit", "fields", "rules", "motile", "fates", "sort")  # of a step, as the engine names them
THREADS = (1, 2, 3, 4, 8)  # over which the bits must agree
BIT_STEPS = 9  # longer than storage stays in one order


@dataclass
class Result:
    """What a benchmark found: numbers by name, targets for some of them, checks of the answer, sentences to know.

    Parameters
    ----------
    name
        Of the benchmark.
    numbers
        Name -> number; the name says the unit.
    targets
        Name of a number -> (``"<="`` or ``">="``, bound).
    checks
        What was checked of the answer -> whether it is right.
    notes
        What the reader of a number must know.
    """

    name: str
    numbers: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, tuple[str, float]] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, at_most: float | None = None, at_least: float | None = None) -> None:
        """Add a number and what it should reach."""
        self.numbers[name] = significant(value)
        if at_most is not None:
            self.targets[name] = ("<=", at_most)
        if at_least is not None:
            self.targets[name] = (">=", at_least)

    def check(self, what: str, right: bool) -> None:
        """Add a check of the answer."""
        self.checks[what] = bool(right)

    def as_dict(self) -> dict[str, Any]:
        """Return what is printed: the agreed keys of a JSON line."""
        reached = {
            name: bool(self.numbers[name] <= bound if sign == "<=" else self.numbers[name] >= bound)
            for name, (sign, bound) in self.targets.items()
        }
        return {
            "benchmark": self.name,
            "correct": all(self.checks.values()),
            "checks": self.checks,
            "numbers": self.numbers,
            "targets": {name: f"{sign} {bound:g}" for name, (sign, bound) in self.targets.items()},
            "reached": reached,
            "notes": self.notes,
        }


def significant(value: float, digits: int = 4) -> float:
    """Return a number with so many significant digits; whole numbers stay whole.

    Examples
    --------
    >>> significant(0.123456), significant(123456)
    (0.1235, 123456)
    """
    return value if isinstance(value, int | np.integer) else float(f"{value:.{digits}g}")


# ---- time and memory -------------------------------------------------------------------------------------------------


@dataclass
class Elapsed:
    """Wall and processor seconds of a block."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def timed() -> Iterator[Elapsed]:
    """Measure a block."""
    elapsed = Elapsed()
    wall, cpu = time.perf_counter(), time.process_time()
    yield elapsed
    elapsed.wall, elapsed.cpu = time.perf_counter() - wall, time.process_time() - cpu


def median_seconds(function: Callable[[], object], repeats: int) -> float:
    """Return the median wall time of calls."""
    seconds = []
    for _ in range(repeats):
        with timed() as elapsed:
            function()
        seconds.append(elapsed.wall)
    return statistics.median(seconds)


def peak_memory() -> int:
    """Return the largest resident memory of this process so far, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def phase_seconds(simulation: qa.Simulation) -> dict[str, float] | None:
    """Return the wall seconds that the phases of all steps took so far; None: this engine does not count them."""
    report = getattr(simulation, "phase_seconds", None)
    return None if report is None else dict(report())


def agent_seconds(simulation: qa.Simulation, steps: int) -> tuple[float, float | None]:
    """Run steps; return the wall seconds of all, and of what agents do (None: the engine does not count phases)."""
    before = phase_seconds(simulation)
    with timed() as elapsed:
        advance(simulation, steps)
    after = phase_seconds(simulation)
    if before is None or after is None:
        return elapsed.wall, None
    return elapsed.wall, sum(after[name] - before[name] for name in PHASES if name in after and name != "fields")


def advance(simulation: qa.Simulation, steps: int) -> None:
    """Run a number of steps."""
    simulation.step_until((simulation.step + steps) * simulation.model.dt)


# ---- limits of the machine -------------------------------------------------------------------------------------------


def read_modify_write_rate(megabytes: int = 192, repeats: int = 7, threads: int = 1) -> tuple[float, str]:
    """Return the bytes per second at which ``a = a * s + b`` is done in place, and by what it was measured."""
    measure = getattr(_core, "read_modify_write_rate", None)
    if measure is not None:
        return float(measure(megabytes << 20, repeats, threads)), "compiled"
    values = np.ones((megabytes << 20) // 4, "f4")
    seconds = [median_seconds(lambda: np.multiply(values, np.float32(0.999), out=values), 1) for _ in range(repeats)]
    return 2 * values.nbytes / min(seconds), "numpy"


def machine() -> dict[str, str]:
    """Return where the numbers were measured."""
    cpu = platform.processor() or platform.machine()
    info, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if info.exists():
        found = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        found = {name.strip(): value.strip() for name, value in found.items()}
        cpu = f"{found.get('model name', cpu)}, family {found.get('cpu family', '?')} model {found.get('model', '?')}"
    gigabytes = int(memory.read_text().split()[1]) / 1e6 if memory.exists() else float("nan")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    available = getattr(_core, "available_instructions", None)
    return {
        "processor": cpu,
        "cores": str(cores),
        "memory": f"{gigabytes:.0f} GB",
        "instructions": ", ".join(available()) if available is not None else "as compiled",
        "compiler": _core.compiler,
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
        "version": f"{_core.version} ({_core.commit})",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


# ---- models ----------------------------------------------------------------------------------------------------------


def uniform(keys: NDArray[Any]) -> NDArray[np.float64]:
    """Return U(j) = (splitmix64(j) >> 11) 2^-53 for whole numbers j."""
    with np.errstate(over="ignore"):
        z = np.asarray(keys, "u8") + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.asarray((z >> np.uint64(11)).astype("f8") * 2.0**-53)


def static_field(number: int, level: float = 1.0) -> qa.Field:
    """Return a field that stands still at a level: no source, no decay."""
    return qa.Field(name=f"level{number}", unit="nM", diffusion="600 um^2/min", initial=level, scheme="transient")


def per_mm3(count: float, lattice: qa.Lattice) -> str:
    """Return the density that makes so many cells of a volume."""
    nx, ny, nz = lattice.shape or (1, 1, 1)
    return f"{count / (nx * ny * nz * (lattice.spacing / 1000) ** 3):.12g} / mm^3"


def ledger_closes(simulation: qa.Simulation, relative: float = 1e-3) -> bool:
    """Tell whether what a field gained is what was produced less what was lost, within a part of what went through."""
    for number in range(len(simulation.model.fields)):
        row = simulation._engine.field_report(number)
        through = sum(abs(row[name]) for name in ("produced", "decayed", "taken_up", "exchanged", "boundary"))
        if abs(row["residual"]) > relative * max(through, 1e-300):
            return False
    return True


def balanced(simulation: qa.Simulation) -> bool:
    """Tell whether the cells of each type are those that came less those that went, and lattice and cells agree."""
    simulation.check()
    tally = simulation.tally()
    gains = ("started", "given", "born", "recruited", "became_in", "remains")
    losses = [name for name in tally if name not in gains]
    return all(
        count
        == sum(tally[name][cell_type] for name in gains if name in tally)
        - sum(tally[name][cell_type] for name in losses)
        for cell_type, count in simulation.counts().items()
    )


def check_bits(
    result: Result,
    model: qa.Model,
    start: Sequence[Any],
    doses: Sequence[Any] = (),
    steps: int = BIT_STEPS,
) -> None:
    """Check that a small world has the same bits whatever the threads, the instructions, restarts and the order of starts."""

    def after(simulation: qa.Simulation) -> str:
        advance(simulation, steps)
        return simulation.digest()["tissue"]

    first = qa.Simulation(model, start, doses, seed=1, threads=1)
    origin = first.snapshot()
    expected = after(first)
    by_threads = {after(qa.Simulation.from_snapshot(origin, threads=threads)) for threads in THREADS}
    names = ", ".join(str(threads) for threads in THREADS)
    result.check(f"same bits on {names} threads", by_threads == {expected})
    again = qa.Simulation.from_snapshot(origin, threads=2)
    for _ in range(steps):
        advance(again, 1)
        again = qa.Simulation.from_snapshot(again.snapshot(), threads=1)
    result.check("same bits with a restart after every step", again.digest()["tissue"] == expected)
    if len(start) > 1:
        turned = qa.Simulation(model, start[::-1], doses, seed=1, threads=2)
        result.check("same bits with the starts in another order", after(turned) == expected)
    if "instructions" in inspect.signature(qa.Simulation).parameters:
        for instructions in _core.available_instructions():
            chosen: dict[str, Any] = {"instructions": instructions}
            other = qa.Simulation(model, start, doses, seed=1, threads=2, **chosen)
            result.check(f"same bits with {instructions} instructions", after(other) == expected)

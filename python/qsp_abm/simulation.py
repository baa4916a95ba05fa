"""The machine: takes a Model, a start, doses and a seed, and runs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, units
from .body.machine import BodyMachine
from .compile import compile_model
from .doses import Dose, Regimen
from .errors import ModelError, suggest
from .frozen import Frozen
from .model import MOST_STEPS, MOST_THREADS, Model
from .placement import Report, place
from .processes import Recruit
from .snapshot import Snapshot, digest, pack, take, unpack
from .start import Start
from .view import View

if TYPE_CHECKING:
    import pandas as pd

    from .output import Run
    from .recording import Recorder

__all__ = ["Simulation"]

_BLOCK = 100  # steps between looks at Ctrl-C and the progress bar
_MANY_VOXELS = 500_000  # from here on more than one thread pays by default

Progress = Callable[[int, int], None]
Floats = NDArray[np.float64]


def whole_steps(value: Any, dt: float, what: str) -> int:
    """Return a time as a number of steps; refuse what is not a whole multiple of dt.

    Examples
    --------
    >>> whole_steps("1 hour", 6 / 1440, "every")
    10
    """
    days = units.to_days(value, what, positive=True)
    if not days / dt <= MOST_STEPS:
        raise ModelError(
            f"{what}: {value!r} is too long; allowed: at most {MOST_STEPS * dt:g} day ({MOST_STEPS} steps)"
        )
    steps = round(days / dt)
    if steps < 1 or abs(steps * dt - days) > 1e-9 * max(days, dt):
        raise ModelError(f"{what}: {value!r} is not a whole number of steps of {dt * 1440:g} min")
    return steps


class Simulation:
    """A running tissue in a running body.

    Parameters
    ----------
    model
        What is simulated; a lattice without a shape takes it from a start that brings one.
    start
        What is there at the beginning.
    doses
        What is given.
    seed
        Of all random numbers; the arms of a comparison share it.
    threads
        Of the engine; exact. None: one for small lattices, else all that the process may use. The result never depends on it.
    vessel_draw
        Number of the draw of sampled vessels; None: the seed.
    instructions
        Vector instructions of the engine: auto (the fastest that the machine has), plain, avx2 or avx512. The result never
        depends on them.
    lineage
        Keep births, deaths and changes until they are taken or recorded. False saves 32 bytes an event: for very large
        tumours.

    Raises
    ------
    ModelError
        If the start does not fit the model, a dose is of an unknown drug, and the like.
    """

    def __init__(
        self,
        model: Model,
        start: Start | Iterable[Start] = (),
        doses: Dose | Regimen | Iterable[Dose | Regimen] = (),
        *,
        seed: int = 0,
        threads: int | None = None,
        vessel_draw: int | None = None,
        instructions: str = "auto",
        lineage: bool = True,
    ) -> None:
        if not 0 <= seed < 2**64:
            raise ModelError(f"seed: {seed} is not allowed; it must be a whole number from 0 below 2^64")
        self.start: tuple[Start, ...] = (start,) if isinstance(start, Frozen) else tuple(start)
        self.doses: tuple[Dose | Regimen, ...] = (doses,) if isinstance(doses, Dose | Regimen) else tuple(doses)
        self.seed = seed
        placement = place(model, self.start, seed, vessel_draw)
        self.model = model.replace(lattice=placement.lattice)
        self.report: Report = placement.report
        self._build(placement.vessels, threads, instructions, lineage)
        self._engine.place(placement.types, placement.voxels, placement.keys)
        self._engine.settle()
        self._balance_recruitment()
        self._check_readouts()

    # ---- building ----------------------------------------------------------------------------------------------------

    def _build(
        self, vessels: NDArray[np.int64], threads: int | None, instructions: str = "auto", lineage: bool = True
    ) -> None:
        """Make the engine and the body, both empty."""
        self.threads_asked = threads
        voxels = int(np.prod(self.model.lattice.shape or ()))
        if threads is None:
            threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            threads = threads if voxels >= _MANY_VOXELS else 1
        if not 1 <= threads <= MOST_THREADS:
            raise ModelError(f"threads: {threads} is not allowed; it must be 1 to {MOST_THREADS}")
        self._engine = _core.Engine(compile_model(self.model), vessels, self.seed, threads, instructions, lineage)
        has_body = self.model.body is not None or bool(self.model.drugs)
        if self.doses and not has_body:
            raise ModelError("doses: the model has no drugs; allowed: none")
        self._drives = self._tissue_drives()
        inputs = [] if self.model.body is None else [self.model.body.input(name) for name in self._drives]
        self._body = BodyMachine(self.model.body, self.model.drugs, self.doses, inputs=inputs) if has_body else None
        self.vessels = vessels
        self.clearances: dict[str, float] = {}
        self._callbacks: list[tuple[int, Callable[[Simulation], None]]] = []
        self._interventions: list[tuple[float, dict[str, Any]]] = []

    def _tissue_drives(self) -> dict[str, tuple[NDArray[np.int64], float]]:
        """Return what the tissue drives in the body: positions of the cell types that are counted, and the scale."""
        drives = {}
        names = list(self.model.types)
        for name, port in ({} if self.model.body is None else self.model.body.inputs).items():
            for cell_type in port.of:
                if cell_type not in names:
                    raise ModelError(f"port '{name}': unknown cell type '{cell_type}'{suggest(cell_type, names)}")
            if port.of:
                drives[name] = (np.array([names.index(cell_type) for cell_type in port.of]), port.scale)
        return drives

    def _signals(self) -> Floats:
        return self._body.signals() if self._body is not None else np.zeros(0)

    def _balance_recruitment(self) -> None:
        """Solve each clearance that the model leaves open: entry equals what the start loses per day."""
        rates = self._engine.fate_rates(self._signals())
        for index, cell_type in enumerate(self.model.types.values()):
            recruit = next((p for p in cell_type.processes if isinstance(p, Recruit)), None)
            if recruit is None or self._body is None:
                continue
            density = float(self._signals()[self._body.signal_names.index(recruit.blood)])
            clearance = recruit.clearance
            if clearance is None:
                gained = rates["divides"][index] + rates["arrives"][index]
                lost = rates["dies"][index] + rates["leaves"][index] + rates["becomes_other"][index]
                clearance = max(0.0, float(lost - gained)) / density if density > 0 else 0.0
                self._engine.set_clearance(index + 1, clearance)
                self.report.add(
                    f"{cell_type.name}: {clearance * density:.3g} cells per day enter from blood "
                    f"({density:g} cell/uL, constant; clearance {clearance:.3g} uL/day, balances the start)"
                )
            self.clearances[cell_type.name] = clearance

    def readouts(self) -> dict[str, float]:
        """Return the model's readouts: fractions of the living cells of their groups (NaN: there are none)."""
        if not self.model.readouts:
            return {}
        result = {}
        cells = self._engine.columns()
        for readout in self.model.readouts:
            codes = [
                c
                for c, t in enumerate(self.model.types.values(), 1)
                if t in self.model.groups[readout.group].types and not t.dead
            ]
            mine = np.isin(cells["type"], codes)
            total = np.zeros(int(mine.sum()))
            for name in readout.signals:
                source, _, rest = name.partition(".")
                if source == "field":
                    total += self.field(rest).ravel()[cells["voxel"][mine]]
                else:
                    slot = [trait.name for trait in self.model.groups[readout.group].traits].index(rest)
                    total += cells[f"trait{slot}"][mine]
            hit = total < readout.below if readout.below is not None else total > (readout.above or 0.0)
            result[readout.name] = float(np.mean(hit)) if len(hit) else float("nan")
        return result

    def _check_readouts(self) -> None:
        found = self.readouts()
        for readout in self.model.readouts:
            value = found[readout.name]
            self.report.add(f"{readout.name.replace('_', ' ')}: {value:.1%} of {readout.group} at the start")
            if value > readout.at_most:
                raise ModelError(
                    f"start: {readout.name} is {value:.1%} of {readout.group}; allowed: at most {readout.at_most:.0%} "
                    f"(readout '{readout.name}', at_most)"
                )

    # ---- looking -----------------------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Number of steps done."""
        return int(self._engine.step)

    @property
    def day(self) -> float:
        """Time, day."""
        return self.step * self.model.dt

    @property
    def threads(self) -> int:
        """Engine threads."""
        return int(self._engine.threads)

    def counts(self) -> dict[str, int]:
        """Return the number of cells of each type."""
        return dict(zip(self.model.types, (int(n) for n in self._engine.counts()), strict=True))

    def tally(self) -> dict[str, dict[str, int]]:
        """Return what ever happened to cells: event (``born``, ``died_killed``, ...) to type to number."""
        names, counts = self._engine.tally()
        return {
            name: dict(zip(self.model.types, (int(n) for n in row), strict=True))
            for name, row in zip(names, counts, strict=True)
        }

    def cells(self) -> pd.DataFrame:
        """Return all cells as a table (a copy): id, cell_type, group, x_um, y_um, z_um, born (day), hits, target, traits by name."""
        import pandas as pd

        columns = self.cell_columns()
        frame = pd.DataFrame({name: values for name, values in columns.items() if name not in ("cell_type", "group")})
        for position, (name, allowed) in enumerate(
            (("cell_type", [*self.model.types]), ("group", [*self.model.groups])), 1
        ):
            names = pd.Categorical(np.array(allowed)[columns[name] - 1], categories=allowed)
            frame.insert(position, name, pd.Series(names))
        return frame

    def cell_columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of all cells as arrays; cell_type and group as codes from 1, traits a group lacks as NaN."""
        raw = self._engine.columns()
        points = self.points(raw["voxel"])
        group_codes = np.zeros(len(self.model.types) + 1, "u1")
        for code, name in enumerate(self.model.types, 1):
            group_codes[code] = list(self.model.groups).index(self.model.group_of(name).name) + 1
        result = {
            "id": raw["id"],
            "parent": raw["parent"],
            "cell_type": raw["type"],
            "group": group_codes[raw["type"]],
            "x_um": points[:, 0],
            "y_um": points[:, 1],
            "z_um": points[:, 2],
            "born": (raw["born"] * self.model.dt).astype("f4"),
            "hits": np.where(raw["recovered_at"] > self.day * 86400.0, raw["hits"], 0).astype("u1"),
            "target": raw["target"],
        }
        for name in self.trait_units():
            values = np.full(len(raw["id"]), np.nan, "f4")
            for code, group in enumerate(self.model.cells, 1):
                for slot, trait in enumerate(group.traits):
                    if trait.name == name:
                        mine = result["group"] == code
                        values[mine] = raw[f"trait{slot}"][mine]
            result[name] = values
        return result

    def trait_units(self) -> dict[str, str]:
        """Return all traits of the model, name to unit."""
        return {trait.name: trait.unit for group in self.model.cells for trait in group.traits}

    def points(self, voxels: ArrayLike) -> NDArray[np.float32]:
        """Return the centres of voxels, (N, 3) in um."""
        nx, ny, nz = self.model.lattice.shape or (1, 1, 1)
        index = np.asarray(voxels, "i8")
        h = self.model.lattice.spacing
        depth = h if nz > 1 else self.model.lattice.thickness or h
        steps = np.stack([index % nx, index // nx % ny, index // (nx * ny)], axis=1)
        return np.asarray((steps + 0.5) * np.array([h, h, depth]), "f4")

    def field(self, name: str) -> NDArray[np.float32]:
        """Return a field, (nz, ny, nx) in its unit."""
        names = [field.name for field in self.model.fields]
        if name not in names:
            raise ModelError(f"unknown field '{name}'{suggest(name, names)}")
        values: NDArray[np.float32] = self._engine.field(names.index(name))
        return values

    def view(self) -> View:
        """Return a read-only view of cells and fields in the simulation's own memory: ``with simulation.view() as state``.

        While it is open, or an array taken from it is alive, the simulation refuses to run and to be changed.

        Raises
        ------
        ModelError
            If another thread runs the simulation.
        """
        return View(self._engine, self.model)

    def body(self) -> dict[str, float]:
        """Return the body's signals and species at this moment."""
        if self._body is None:
            return {}
        species = zip(self._body.species_names, self._body.species(), strict=True)
        return {
            **{str(k): float(v) for k, v in zip(self._body.signal_names, self._signals(), strict=True)},
            **{str(k): float(v) for k, v in species},
        }

    def digest(self) -> dict[str, str]:
        """Return the hashes of the state: tissue, drug_fields, body, all."""
        return digest(self.snapshot())

    def phase_seconds(self) -> dict[str, float]:
        """Return the wall time spent so far in each phase of a step, s."""
        seconds: dict[str, float] = self._engine.phase_seconds()
        return seconds

    def memory(self) -> dict[str, int]:
        """Return the bytes in use: agents, lattice, fields, workspace of the field solver, scratch of a step."""
        found: dict[str, int] = self._engine.memory()
        return found

    def check(self) -> None:
        """Raise if cells, lattice and tally disagree (they never should)."""
        self._engine.check()

    # ---- running -----------------------------------------------------------------------------------------------------

    def run(
        self,
        duration: Any,
        record: str | Path | None = None,
        every: Any = "6 hour",
        *,
        force: bool = False,
        progress: bool | Progress = False,
        checkpoint: Any = "5 day",
        provenance: Mapping[str, Any] | None = None,
    ) -> Run | None:
        """Run for a time and record it.

        Parameters
        ----------
        duration
            Time, a whole number of steps.
        record
            File to write (``.vtkhdf``); None: nothing is recorded.
        every
            Interval between frames, a whole number of steps.
        force
            Overwrite an existing file.
        progress
            True shows a bar; a function is called with the steps done and the steps in all.
        checkpoint
            Interval between stored states from which an interrupted run goes on.
        provenance
            Short texts and numbers to keep with the run, such as its arm.

        Returns
        -------
        Run or None
            The recorded run, open for reading.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, when the file is closed and readable.
        """
        steps = whole_steps(duration, self.model.dt, "duration")
        if record is None:
            begin = self.step
            with self._shown(progress) as show:
                self._advance(begin + steps, lambda: show(self.step - begin, steps))
            return None
        from .recording import Recorder

        interval = whole_steps(every, self.model.dt, "every")
        keep = max(1, round(whole_steps(checkpoint, self.model.dt, "checkpoint") / interval))
        recorder = Recorder.create(self, Path(record), interval, keep, self.step + steps, force, dict(provenance or {}))
        return self._record(recorder, progress)

    @classmethod
    def resume(cls, path: str | Path, *, threads: int | None = None, progress: bool | Progress = False) -> Run:
        """Go on with an interrupted recorded run from its last stored state, bit for bit as if it had not been interrupted."""
        from .recording import Recorder

        simulation, recorder = Recorder.reopen(cls, Path(path), threads)
        return simulation._record(recorder, progress)

    def _record(self, recorder: Recorder, progress: bool | Progress) -> Run:
        from .output import open_run

        with recorder, self._shown(progress) as show:
            if recorder.fresh:
                recorder.frame(self)
            begin = self.step
            while self.step < recorder.end:
                target = min(recorder.end, (self.step // recorder.interval + 1) * recorder.interval)
                self._advance(target, lambda: show(self.step - begin, recorder.end - begin), recorder)
                recorder.frame(self)
        return open_run(recorder.path)

    def step_until(self, day: Any) -> None:
        """Run to a time (day), a whole number of steps."""
        target = whole_steps(day, self.model.dt, "step_until")
        if target < self.step:
            raise ModelError(f"step_until: day {day!r} is past; the simulation stands at day {self.day:g}")
        self._advance(target, lambda: None)

    def every(self, interval: Any, function: Callable[[Simulation], None]) -> None:
        """Call a function with the simulation at every multiple of an interval, from now on."""
        self._callbacks.append((whole_steps(interval, self.model.dt, "every"), function))

    def _advance(self, target: int, tell: Callable[[], None], recorder: Recorder | None = None) -> None:
        """Run to a step, in blocks that end at callbacks; Ctrl-C takes effect between blocks."""
        with _deferred_interrupt() as interrupted:
            while self.step < target:
                self._engine.require_free()  # before the body moves on
                here = self.step
                longest = 1 if self._drives else _BLOCK  # what the tissue drives is counted before every step
                stops = [here + longest, target, *((here // n + 1) * n for n, _ in self._callbacks)]
                block = min(stops) - here
                self._engine.run(block, self._step_body(here, block, recorder))
                for n, function in self._callbacks:
                    if self.step % n == 0:
                        function(self)
                tell()
                if interrupted():
                    raise KeyboardInterrupt

    def _step_body(self, first: int, block: int, recorder: Recorder | None) -> Floats:
        """Step the body through a block; return its signals at the end of each step, (block, signals)."""
        if self._body is None:
            return np.zeros((block, 0))
        dt = self.model.dt
        rows = np.empty((block, len(self._body.signal_names)))
        counts = np.asarray(self._engine.counts(), dtype=np.float64)
        inputs = [scale * float(counts[types].sum()) for types, scale in self._drives.values()]
        for k in range(block):
            self._body.advance((first + k) * dt, (first + k + 1) * dt, inputs)
            rows[k] = self._body.signals()
            if recorder is not None:
                recorder.sample(first + k + 1, self._body, rows[k])
        return rows

    @contextmanager
    def _shown(self, progress: bool | Progress) -> Iterator[Progress]:
        if callable(progress):
            yield progress
        elif not progress:
            yield lambda done, steps: None
        else:
            from rich.progress import Progress as Bar

            with Bar() as bar:
                task = bar.add_task("simulating", total=None)
                yield lambda done, steps: bar.update(task, completed=done, total=steps)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def give(self, dose: Dose) -> None:
        """Give a dose from now on; its times count from the start of the simulation."""
        if self._body is None:
            raise ModelError("give: the model has no drugs")
        self._body.give([dose])
        self._note("give", dose=dose.model_dump(mode="json"))

    def remove(self, ids: ArrayLike) -> None:
        """Remove cells by id."""
        found = np.unique(np.asarray(ids, "u4"))
        self._engine.remove(found)
        self._note("remove", ids=found.tolist())

    def set_trait(self, ids: ArrayLike, name: str, values: ArrayLike) -> None:
        """Set a trait of cells of one group; one value for all or one each."""
        found = np.asarray(ids, "u4").ravel()
        raw = self._engine.columns()
        codes = np.unique(raw["type"][np.isin(raw["id"], found)])
        groups = {self.model.group_of(list(self.model.types)[code - 1]).name for code in codes}
        if len(groups) != 1:
            raise ModelError(f"set_trait: cells of {len(groups)} groups; allowed: cells of one group")
        traits = [trait.name for trait in self.model.groups[groups.pop()].traits]
        if name not in traits:
            raise ModelError(f"set_trait: unknown trait '{name}'{suggest(name, traits)}")
        numbers = np.broadcast_to(np.asarray(values, "f4"), found.shape)
        if not np.isfinite(numbers).all():
            raise ModelError(f"set_trait: '{name}' takes finite numbers")
        self._engine.set_trait(found, traits.index(name), np.ascontiguousarray(numbers))
        self._note("set_trait", ids=found.tolist(), name=name, values=numbers.tolist())

    def add(self, cell_type: str, positions: ArrayLike) -> int:
        """Add cells of a type at positions, (N, 3) or (N, 2) in um, where there is room; return how many found it."""
        if cell_type not in self.model.types:
            raise ModelError(f"add: unknown cell type '{cell_type}'{suggest(cell_type, self.model.types)}")
        where = np.atleast_2d(np.asarray(positions, "f8"))
        nx, ny, nz = self.model.lattice.shape or (1, 1, 1)
        steps = np.floor(where / self.model.lattice.spacing).astype("i8")
        if where.shape[1] == 2 or nz == 1:
            steps = np.column_stack([steps[:, :2], np.zeros(len(steps), "i8")])
        if ((steps < 0) | (steps >= (nx, ny, nz))).any():
            raise ModelError("add: a position lies outside the lattice")
        voxels = steps[:, 0] + nx * (steps[:, 1] + ny * steps[:, 2])
        placed = int(self._engine.give(list(self.model.types).index(cell_type) + 1, voxels))
        self._note("add", cell_type=cell_type, positions=where.tolist(), placed=placed)
        return placed

    def _note(self, verb: str, **what: Any) -> None:
        self._interventions.append((self.day, {"verb": verb, **what}))

    def take_interventions(self) -> list[tuple[float, dict[str, Any]]]:
        """Return what scripts changed since the last call: (day, what)."""
        taken, self._interventions = self._interventions, []
        return taken

    def take_events(self) -> dict[str, NDArray[Any]]:
        """Return births, deaths and changes since the last call, as columns day, agent, parent, type, what, cause."""
        events: dict[str, NDArray[Any]] = self._engine.events()
        return events

    # ---- keeping -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return everything that the future depends on, as arrays and bytes."""
        return take(self, self._engine, self._body)

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, *, threads: int | None = None) -> Self:
        """Return a simulation that goes on from a snapshot, bit for bit."""
        from .snapshot import described, restore

        simulation = cls.__new__(cls)
        simulation.model, simulation.seed = described(snapshot)
        simulation.start, simulation.doses = (), ()
        simulation.report = Report()
        simulation._build(np.asarray(snapshot["vessels"]), threads)
        simulation.clearances = restore(snapshot, simulation.model, simulation._engine, simulation._body)
        return simulation

    def branch(self) -> Self:
        """Return an independent copy of the whole state: the same tumour under another therapy from here on."""
        return type(self).from_snapshot(self.snapshot(), threads=self.threads)

    def save(self, path: str | Path) -> None:
        """Write the whole state to a file."""
        Path(path).write_bytes(pack(self.snapshot()))

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> Self:
        """Return the simulation that `save` wrote; it goes on bit for bit.

        Raises
        ------
        ModelError
            If the file is missing or not a saved simulation.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
        return cls.from_snapshot(unpack(data, str(path)), threads=threads)


@contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back until the caller asks, so that body and tissue never part."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    seen: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, previous)

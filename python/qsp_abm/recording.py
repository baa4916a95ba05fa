"""Recording: from a simulation to frames of a run file, and back to a simulation that goes on."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _core
from .body.machine import BodyMachine
from .errors import ModelError, suggest
from .model import Model
from .output.layout import STANDARD_COLUMNS, Column, Frame, ParameterRow, RunDescription, TypeEntry
from .output.reader import open_run
from .output.writer import Writer
from .processes import Become, Die, Divide, Leave, Recruit
from .record import Record
from .simulation import whole_steps
from .snapshot import digest, pack, unpack
from .statistics.recorded import Recorded, recorded

if TYPE_CHECKING:
    from .simulation import Simulation

__all__ = ["Recorder"]

_HAPPENINGS = (
    "started",
    "given",
    "born",
    "recruited",
    "became",
    "died",
    "left",
    "moved_out",
    "removed",
)  # as in the engine
_EVENTS = ("born", "killed", "died", "recruited", "left")
_SCATTER = np.uint32(2654435761)  # spreads neighbouring identities over all 32 bits (Knuth, TAOCP 3, 6.4)
_SAMPLES_PER_DAY = 24  # of the body, at most
_FIELD_LEDGER = ("produced", "decayed", "taken_up", "exchanged", "boundary", "change", "residual")


class Recorder:
    """Writes frames, body samples, lineage, ledger and checkpoints of one run."""

    def __init__(
        self,
        writer: Writer,
        interval: int,
        keep: int,
        end: int,
        model: Model,
        statistics: Mapping[Recorded, int] | None = None,
        *,
        fresh: bool,
    ) -> None:
        self.path = writer.path
        self.interval = interval
        self.end = end
        self.fresh = fresh
        self._writer = writer
        self._keep = keep
        self._model = model
        self._statistics = dict(statistics or {})  # and how many values each has
        self._sampling = max(1, round(1 / (_SAMPLES_PER_DAY * model.dt)))
        self._samples: list[tuple[float, NDArray[np.float64]]] = []
        self._causes = _causes(model)
        self._before: dict[str, int] = {}
        self._threads_used = 0

    @classmethod
    def create(
        cls,
        simulation: Simulation,
        path: Path,
        record: Record,
        end: int,
        force: bool,
        provenance: dict[str, Any],
    ) -> Self:
        """Open a new file for a simulation."""
        model = simulation.model
        interval = whole_steps(record.every, model.dt, "every")
        keep = max(1, round(whole_steps(record.checkpoint, model.dt, "checkpoint") / interval))
        measured = {each: each.columns(simulation) for each in recorded(record.statistics)}
        traits = simulation.trait_units()
        for what, wanted, known in (
            ("fields", record.fields, [field.name for field in model.fields]),
            ("traits", record.traits, list(traits)),
        ):
            for name in wanted or ():
                if name not in known:
                    raise ModelError(f"record: {what}: unknown name '{name}'{suggest(name, known)}")
        config = {
            "model": json.loads(model.to_json()),
            "start": [start.model_dump(mode="json") for start in simulation.start],
            "doses": [dose.model_dump(mode="json") for dose in simulation.doses],
            "seed": simulation.seed,
            "record": {
                "interval": interval,
                "checkpoint": keep,
                "end": end,
                **record.model_dump(mode="json", include={"fields", "traits", "precision", "sample", "statistics"}),
            },
            "report": simulation.report.lines(),
        }
        signals = simulation._body
        description = RunDescription(
            shape=model.lattice.shape or (1, 1, 1),
            spacing=model.lattice.spacing,
            thickness=model.lattice.thickness,
            cell_types=tuple(TypeEntry(t.name, model.group_of(t.name).name, t.dead) for t in model.types.values()),
            columns=(
                *STANDARD_COLUMNS,
                Column("target", "", "u4", "identity of the engaged target; 0 for none"),
                *(
                    Column(name, unit)
                    for name, unit in traits.items()
                    if record.traits is None or name in record.traits
                ),
            ),
            fields=tuple(
                Column(field.name, field.unit)
                for field in model.fields
                if record.fields is None or field.name in record.fields
            ),
            body=_body_columns(signals) if signals is not None else (),
            ledger=tuple(Column(name, unit, "f8") for name, unit in _ledger_columns(model).items()),
            vessels=simulation.points(simulation.vessels) if len(simulation.vessels) else None,
            events=_EVENTS,
            causes=tuple(_causes(model)),
            config=json.dumps(config),
            parameters=tuple(
                ParameterRow(f"{part}.{p.name}", p.value, p.unit, p.source, p.kind) for part, p in model.parameters()
            ),
            provenance={
                "qsp_abm_version": _core.version,
                "git_hash": _core.commit,
                "compiler": _core.compiler,
                "python": platform.python_version(),
                "hostname": platform.node(),
                "argv": " ".join(sys.argv),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "rng": "Philox4x32-10",
                "model_digest": model.digest,
                "threads_asked": simulation.threads_asked or "automatic",
                "threads": simulation.threads,
                "sub_steps": int(simulation._engine.sub_steps),
                "dt_day": model.dt,
                **provenance,
            },
            seed=simulation.seed,
            statistics=tuple(measured.values()),
            expected_cells=max(1, round(record.sample * sum(simulation.counts().values()))),
            field_bits=record.bits,
            sample=record.sample,
        )
        writer = Writer(path, description, force, background=True)
        numbers = {each: len(columns.values) for each, columns in measured.items()}
        return cls(writer, interval, keep, end, model, numbers, fresh=True)

    @classmethod
    def reopen(cls, kind: type[Simulation], path: Path, threads: int | None) -> tuple[Simulation, Self]:
        """Return a simulation in the last stored state of a file, and a recorder that goes on behind it."""
        run = open_run(path)
        stored = run.checkpoint()
        if stored is None:
            raise ModelError(f"{path}: holds no stored state to go on from")
        data = stored.arrays["snapshot"]
        simulation = kind.from_snapshot(
            unpack(data if isinstance(data, bytes) else data.tobytes(), str(path)), threads=threads
        )
        record = run.config["record"]
        if simulation.step >= record["end"]:
            raise ModelError(f"{path}: is complete; there is nothing to resume")
        writer = Writer.resume(path, stored.step, background=True)
        numbers = {each["name"]: len(each["values"]) for each in run.schema.get("statistics", ())}
        recorder = cls(
            writer,
            record["interval"],
            record["checkpoint"],
            record["end"],
            simulation.model,
            {each: numbers[each.name] for each in recorded(record.get("statistics", ()))},
            fresh=False,
        )
        recorder._before = _totals(simulation)
        return simulation, recorder

    def sample(self, step: int, body: BodyMachine, signals: NDArray[np.float64]) -> None:
        """Take a sample of the body, where one is due."""
        if step % self._sampling == 0 or step % self.interval == 0:
            self._samples.append((step * self._model.dt, np.concatenate([signals, body.species()])))

    def frame(self, simulation: Simulation) -> None:
        """Write a frame, and a stored state every few frames and at the end."""
        columns = self._sampled(simulation.cell_columns())
        points = np.stack([columns.pop(f"{axis}_um") for axis in "xyz"], axis=1)
        if simulation._body is not None and not self._samples:
            self.sample(simulation.step, simulation._body, simulation._body.signals())
        if self._samples:
            times, rows = zip(*self._samples, strict=True)
            self._writer.body(np.array(times), np.array(rows))
            self._samples.clear()
        self._lineage(simulation)
        for day, what in simulation.take_interventions():
            self._writer.intervention(day, what)
        snapshot = simulation.snapshot()
        after = _totals(simulation)
        self._writer.frame(
            Frame(
                step=simulation.step,
                time=simulation.day,
                points=points,
                columns={name: columns[name] for name in self._writer.columns},
                fields={name: simulation.field(name) for name in self._writer.fields},
                counts=np.array(list(simulation.counts().values())),
                ledger=np.array(list(self._ledger(simulation).values())),
                events={name: after[name] - self._before.get(name, 0) for name in _EVENTS},
                digests=digest(snapshot),
                statistics={each.name: each.values(simulation, number) for each, number in self._statistics.items()},
            )
        )
        self._before = after
        self._threads_used = int(simulation._engine.threads_used)
        index = self._writer.frames - 1
        if index % self._keep == 0 or simulation.step >= self.end:
            self._writer.checkpoint({"snapshot": pack(snapshot)})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status = "complete" if kind is None else "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
        self._writer.close(status, self._threads_used)

    def _sampled(self, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the part of the cells that is written: a cell is in it over its whole life, or never."""
        part = self._writer.sample
        if part >= 1:
            return columns
        keep = columns["id"] * _SCATTER < np.uint32(min(part * 2.0**32, 2.0**32 - 1))
        return {name: values[keep] for name, values in columns.items()}

    def _lineage(self, simulation: Simulation) -> None:
        events = simulation.take_events()
        rows = np.zeros(len(events["day"]), [("time", "f8"), ("child", "u4"), ("parent", "u4"), ("cause", "u1")])
        rows["time"], rows["child"], rows["parent"] = events["day"], events["agent"], events["parent"]
        died = events["what"] == _HAPPENINGS.index("died")
        rows["cause"] = np.where(died, len(_HAPPENINGS) + events["cause"], events["what"])
        self._writer.lineage(rows)

    def _ledger(self, simulation: Simulation) -> dict[str, float]:
        tally = simulation.tally()
        transit = dict(zip(self._model.types, simulation._engine.transit(), strict=True))
        reports = {f.name: simulation._engine.field_report(k) for k, f in enumerate(self._model.fields)}
        readouts = simulation.readouts()
        values = {}
        for name in _ledger_columns(self._model):
            row, _, who = name.partition("__")
            if row in ("told", "outside"):
                values[name] = simulation.coupled()[row][who]
            elif row == "transit":
                values[name] = float(transit[who])
            elif row in _FIELD_LEDGER:
                values[name] = float(reports[who][row])
            elif row == "readout":
                values[name] = readouts[who]
            else:
                values[name] = float(tally[row][who])
        return values


def _body_columns(body: BodyMachine) -> tuple[Column, ...]:
    signals = zip(body.signal_names, body.signal_units, strict=True)
    species = zip(body.species_names, body.species_units, strict=True)

    def role(name: str) -> str:
        return "concentration" if name.endswith(".plasma") else "occupancy" if name.endswith(".occupancy") else ""

    columns = [Column(name.replace(".", "_"), unit, "f8", role=role(name)) for name, unit in signals]
    return (*columns, *(Column(f"amount_{name}", unit, "f8") for name, unit in species))


def _causes(model: Model) -> list[str]:
    """Return the names of lineage codes: what happens, then deaths by cause in the order of the engine."""
    causes = ["killed"]
    for cell_type in model.types.values():
        causes += [p.name for p in cell_type.processes if isinstance(p, Die) and p.name not in causes]
    return [*_HAPPENINGS, *(f"died_{cause}" for cause in causes)]


def _ledger_columns(model: Model) -> dict[str, str]:
    """Return the rows of the ledger that can ever be other than zero: ``<event>__<type or field>`` to unit."""
    found: dict[str, str] = {}
    into = {p.into for t in model.types.values() for p in t.processes if isinstance(p, Become)}
    daughters = {p.into for t in model.types.values() for p in t.processes if isinstance(p, Divide)}
    remains = {p.into for t in model.types.values() for p in t.processes if isinstance(p, Die)}
    remains |= {t.hits.into for t in model.types.values() if t.hits is not None}
    for name, cell_type in model.types.items():
        processes = cell_type.processes
        rows = ["started", "given", "removed"]
        rows += ["born"] if any(isinstance(p, Divide) for p in processes) or name in daughters else []
        rows += ["recruited", "transit"] if any(isinstance(p, Recruit) for p in processes) else []
        rows += ["left"] if any(isinstance(p, Leave) for p in processes) else []
        rows += ["became_out"] if any(isinstance(p, Become) for p in processes) else []
        rows += ["became_in"] if name in into else []
        rows += ["remains"] if name in remains else []
        rows += ["died_killed"] if cell_type.hits is not None else []
        rows += [f"died_{p.name}" for p in processes if isinstance(p, Die)]
        rows += ["moved_out"] if model.lattice.edges == "open" and cell_type.occupies == "solid" else []
        found |= {f"{row}__{name}": "cell" for row in rows}
    for field in model.fields:
        found |= {f"{row}__{field.name}": f"{field.unit} um^3" for row in _FIELD_LEDGER}
    if model.coupling is not None and model.body is not None:
        found |= {f"told__{name}": model.body.inputs[name][1] for name in model.coupling.inputs}
        found |= {f"outside__{name}": "cell" for name in model.types if f"moved_out__{name}" in found}
    return found | {f"readout__{readout.name}": "" for readout in model.readouts}


def _totals(simulation: Simulation) -> dict[str, int]:
    tally = {name: sum(row.values()) for name, row in simulation.tally().items()}
    died = sum(count for name, count in tally.items() if name.startswith("died_"))
    return {
        "born": tally["born"],
        "killed": tally["died_killed"],
        "died": died,
        "recruited": tally["recruited"],
        "left": tally["left"],
    }

"""Writing a run, frame by frame, so that a kill at any moment loses only the frame in flight."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from qsp_abm.errors import ModelError
from qsp_abm.output.checkpoint import forget_checkpoints, write_checkpoint
from qsp_abm.output.create import TOPOLOGY, create_companions, create_tree
from qsp_abm.output.growing import Growing, keep_bits
from qsp_abm.output.layout import (
    ALIGNED,
    BLOCKS,
    DIGESTS,
    LINEAGE,
    STATUSES,
    SUFFIX,
    Array,
    Frame,
    RunDescription,
    companion,
)

__all__ = ["Writer", "check_target"]


def check_target(path: str | Path, *, force: bool = False) -> Path:
    """Refuse a path where no run can be written; nothing is changed.

    Raises
    ------
    ModelError
        Wrong suffix, missing or unwritable folder, or a file that exists while `force` is false.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ModelError(f"{path}: a run file ends in '{SUFFIX}'")
    if not path.parent.is_dir():
        raise ModelError(f"{path}: the folder '{path.parent}' does not exist")
    for each in (path, companion(path, "cells"), companion(path, "fields")):
        if each.is_dir():
            raise ModelError(f"{each}: is a folder, not a file")
        if each.exists() and not force:
            raise ModelError(f"{each}: exists; use force (--force) to overwrite it")
        try:  # the one honest test of a right to write
            fresh = not each.exists()
            with each.open("ab"):
                pass
            if fresh:
                each.unlink()
        except OSError as error:
            raise ModelError(f"{each}: cannot be written ({error.strerror or error})") from None
    return path


@dataclass(slots=True)
class _Pending:
    """Rows of the tables that are written with the next frame."""

    body: list[tuple[Array, Array]] = field(default_factory=list)
    lineage: list[Array] = field(default_factory=list)
    interventions: list[tuple[float, bytes]] = field(default_factory=list)


class Writer:
    """Writes one run file and its two companions.

    Parameters
    ----------
    path
        File to create; ends in `.vtkhdf`.
    description
        What is known before the first frame.
    force
        Overwrite an existing run.
    background
        Frames are compressed and written while the caller goes on; at most one is under way, and an error in writing it is raised
        by what is called next.

    Raises
    ------
    ModelError
        The path exists (without `force`) or cannot be written.
    """

    _frames: int
    _pending: _Pending
    _worker: ThreadPoolExecutor | None
    _under_way: Future[None] | None

    def __init__(
        self, path: str | Path, description: RunDescription, force: bool = False, *, background: bool = False
    ) -> None:
        description.check()
        self.path = check_target(path, force=force)
        try:
            with h5py.File(self.path, "w", libver="earliest", locking=False):
                pass  # the old superblock holds no flag that a killed writer would leave set
            self._file = _open(self.path)
            create_tree(self._file, description)
            self._file.flush()
            create_companions(self.path)
        except OSError as error:
            raise ModelError(f"{path}: cannot be written ({error})") from None
        self._attach(background)

    @classmethod
    def resume(cls, path: str | Path, at_step: int | None = None, *, background: bool = False) -> Self:
        """Open a run to go on behind the frame of step `at_step`, or behind the last committed frame.

        Everything after that frame is cut off.

        Raises
        ------
        ModelError
            No run file, not writable, or no frame of that step.
        """
        from qsp_abm.output.reader import open_run

        path = Path(path)
        run = open_run(path)
        keep = run.frames
        if at_step is not None:
            steps = run.steps.tolist()
            if at_step not in steps:
                raise ModelError(
                    f"{path}: no frame of step {at_step}; frames end at step {steps[-1] if steps else None}"
                )
            keep = steps.index(at_step) + 1
        writer = cls.__new__(cls)
        writer.path = path
        try:
            writer._file = _open(path)
        except OSError as error:
            raise ModelError(f"{path}: cannot be written ({error})") from None
        writer._attach(background)
        writer._truncate(keep)
        return writer

    @property
    def frames(self) -> int:
        """Number of frames handed over; all but one that is under way are committed."""
        return self._frames

    @property
    def columns(self) -> list[str]:
        """Names of the point arrays of a frame."""
        return list(self._columns)

    @property
    def fields(self) -> list[str]:
        """Names of the fields of a frame."""
        return list(self._fields)

    @property
    def sample(self) -> float:
        """Part of the agents that frames hold."""
        return float(self._schema.get("sample", 1.0))

    def frame(self, frame: Frame) -> None:
        """Write and commit one frame, with the body samples, lineage and interventions handed over since the last."""
        self._check(frame)
        self._settle()
        rows = self._pending
        self._pending = _Pending()
        number = self._frames
        self._frames = number + 1
        if self._worker is None:
            self._write(frame, number, rows)
        else:
            self._under_way = self._worker.submit(self._write, frame, number, rows)

    def _settle(self) -> None:
        """Wait for the frame that is under way, and raise what went wrong with it."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            under_way.result()

    def _write(self, frame: Frame, number: int, rows: _Pending) -> None:
        points = self._points(frame)
        count = len(points)
        start = self._append("VTKHDF/cells/Points", points)
        for name in self._columns:
            self._append(f"VTKHDF/cells/PointData/{name}", frame.columns[name])
        self._number_vertices(count)
        for name in TOPOLOGY:
            for counted in ("NumberOfCells", "NumberOfConnectivityIds"):
                self._append(f"VTKHDF/cells/{name}/{counted}", [count if name == "Vertices" else 0])
        self._append("VTKHDF/cells/NumberOfPoints", [count])
        for name in self._fields:
            self._append(
                f"VTKHDF/fields/CellData/{name}",
                keep_bits(np.maximum(frame.fields[name], np.float32(0)), self._schema["field_bits"])[None],
            )
        self._steps("cells", frame.time, part=number, point=start)
        self._append("VTKHDF/fields/Steps/Values", [frame.time])
        if "vessels" in self._blocks:
            self._steps("vessels", frame.time, part=0, point=0)
        self._append("fields/time", [frame.time])
        self._append_pending(rows)
        self._append_summary(frame)
        self._file.flush()  # the data first ...
        self._commit(number + 1)  # ... then the commit record, in place

    def body(self, times: Array, values: Array) -> None:
        """Hand over body samples: times (m,) in day and values (m, columns); written with the next frame."""
        times, values = np.asarray(times, "f8"), np.asarray(values, "f8")
        if values.shape != (len(times), len(self._body)):
            raise ValueError(f"body: values of shape {values.shape}; allowed: {(len(times), len(self._body))}")
        self._pending.body.append((times, values))

    def lineage(self, rows: Array | Iterable[tuple[float, int, int, int]]) -> None:
        """Hand over births and deaths (time in day, child, parent, cause); written with the next frame."""
        self._pending.lineage.append(rows if isinstance(rows, np.ndarray) else np.array(list(rows), LINEAGE))

    def intervention(self, time: float, what: Mapping[str, Any]) -> None:
        """Hand over what a script changed at `time` (day); written with the next frame."""
        self._pending.interventions.append((time, json.dumps(what).encode()))

    def checkpoint(self, arrays: dict[str, Array | bytes]) -> None:
        """Store the state for a restart, tied to the last committed frame."""
        if not self._frames:
            raise ValueError("checkpoint: belongs to a committed frame, and there is none yet")
        self._settle()
        write_checkpoint(self._file, self._frames - 1, arrays)

    def close(self, status: str = "complete", threads_used: int = 0) -> None:
        """Close the file; `status` is complete, stopped, interrupted or failed; `threads_used` those that had work."""
        if status not in STATUSES:
            raise ValueError(f"status: {status!r}; allowed: {', '.join(STATUSES)}")
        if not self._file:
            return
        try:
            self._settle()
        except BaseException:
            status = "failed"
            raise
        finally:
            if self._worker is not None:
                self._worker.shutdown()
            self._file["provenance/threads_used"][()] = threads_used
            self._set_status(status)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.close("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    # -- the parts ------------------------------------------------------------------------------------------------

    def _attach(self, background: bool) -> None:
        self._worker = ThreadPoolExecutor(1, "writer") if background else None
        self._under_way = None
        schema = json.loads(self._file["schema/json"].asstr()[()])
        self._schema: dict[str, Any] = schema
        self._columns, self._fields, self._body, self._ledger = (
            [each["name"] for each in schema[what]] for what in ("columns", "fields", "body", "ledger")
        )
        self._blocks = [name for name in BLOCKS if name in self._file["VTKHDF"]]
        self._growing: dict[str, Growing] = {}
        for group in ("VTKHDF", "body", "ledger", "lineage", "interventions", "summary"):
            self._file[group].visititems(self._collect(group))
        self._growing["fields/time"] = Growing(self._file["fields/time"])
        self._frames = 0
        self._pending = _Pending()

    def _collect(self, group: str) -> Any:
        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.maxshape[:1] == (None,):
                self._growing[f"{group}/{name}"] = Growing(item)

        return visit

    def _append(self, path: str, rows: Any) -> int:
        return self._growing[path].append(rows)

    def _check(self, frame: Frame) -> None:
        """Refuse a frame that does not fit the description, before anything is written."""
        points, schema = np.shape(frame.points), self._schema
        if len(points) != 2 or points[1] != 3:
            raise ValueError(f"points: shape {points}; allowed: (N, 3)")
        for what, names, given, shape in (
            ("columns", self._columns, frame.columns, points[:1]),
            ("fields", self._fields, frame.fields, tuple(reversed(schema["shape"]))),
        ):
            if sorted(names) != sorted(given):
                raise ValueError(f"{what}: got {sorted(given)}; allowed: {sorted(names)}")
            for name, values in given.items():
                if np.shape(values) != shape:
                    raise ValueError(f"{what}[{name!r}]: shape {np.shape(values)}; allowed: {shape}")
        if np.shape(frame.counts) != (len(schema["cell_types"]),):
            raise ValueError(f"counts: shape {np.shape(frame.counts)}; allowed: {(len(schema['cell_types']),)}")
        for each in schema.get("statistics", ()):
            shape = np.shape(frame.statistics.get(each["name"], ()))
            if shape != (len(each["values"]),):
                raise ValueError(f"statistics[{each['name']!r}]: shape {shape}; allowed: {(len(each['values']),)}")
        ledger = () if frame.ledger is None else np.shape(frame.ledger)
        if self._ledger and ledger != (len(self._ledger),):
            raise ValueError(f"ledger: shape {ledger}; allowed: {(len(self._ledger),)}")
        for what, named, allowed in (
            ("events", set(frame.events), schema["events"]),
            ("digests", set(frame.digests), list(DIGESTS)),
        ):
            if unknown := named - set(allowed):
                raise ValueError(f"{what}: unknown {sorted(unknown)}; allowed: {allowed}")

    def _points(self, frame: Frame) -> Array:
        """Return the positions; the agents of a section lie in its middle plane."""
        points = np.array(frame.points, "f4")
        if self._schema["shape"][2] == 1:
            points[:, 2] = self._schema["voxel"][2] / 2
        return points

    def _number_vertices(self, count: int) -> None:
        """Grow the static topology 0, 1, 2, ... by whole chunks to more than `count`."""
        connectivity, offsets = (self._growing[f"VTKHDF/cells/Vertices/{name}"] for name in ("Connectivity", "Offsets"))
        need = -(-(count + 1) // offsets.align) * offsets.align
        for part in (connectivity, offsets):
            if need > part.length:
                part.append(np.arange(part.length, need))

    def _steps(self, block: str, time: float, part: int, point: int) -> None:
        zeros = np.zeros((1, 4), "i8")
        for name, row in (
            ("PartOffsets", [part]),
            ("NumberOfParts", [1]),
            ("PointOffsets", [point]),
            ("CellOffsets", zeros),
            ("ConnectivityIdOffsets", zeros),
            ("Values", [time]),
        ):
            self._append(f"VTKHDF/{block}/Steps/{name}", row)

    def _append_pending(self, pending: _Pending) -> None:
        if pending.body:
            self._append("body/time", np.concatenate([times for times, _ in pending.body]))
            values = np.concatenate([values for _, values in pending.body])
            for index, name in enumerate(self._body):
                self._append(f"body/{name}", values[:, index])
        for rows in pending.lineage:
            for name in LINEAGE.names or ():
                self._append(f"lineage/{name}", rows[name])
        for time, text in pending.interventions:
            start = self._append("interventions/text", np.frombuffer(text, "u1"))
            self._append("interventions/end", [start + len(text)])
            self._append("interventions/time", [time])

    def _append_summary(self, frame: Frame) -> None:
        if self._ledger:
            for name, value in zip(self._ledger, np.asarray(frame.ledger, "f8"), strict=True):
                self._append(f"ledger/{name}", [value])
        self._append("ledger/time", [frame.time])
        self._append("summary/time", [frame.time])
        self._append("summary/step", [frame.step])
        self._append("summary/counts", np.asarray(frame.counts, "i8")[None])
        self._append("summary/rows", [[self._growing[f"{name}/time"].length for name in ALIGNED]])
        for name in DIGESTS:
            self._append(f"summary/digest_{name}", np.array([frame.digests.get(name, "").encode()], "S64"))
        for name in self._schema["events"]:
            self._append(f"summary/events/{name}", [frame.events.get(name, 0)])
        for each in self._schema.get("statistics", ()):  # older files have none
            self._append(f"summary/statistics/{each['name']}", np.asarray(frame.statistics[each["name"]], "f8")[None])

    def _commit(self, frames: int) -> None:
        for name in self._blocks:
            self._file[f"VTKHDF/{name}/Steps"].attrs.modify("NSteps", np.int64(frames))
        self._file.flush()

    def _set_status(self, status: str) -> None:
        self._file["provenance/status"][()] = np.array(status.encode(), "S16")
        self._file.flush()

    def _truncate(self, frames: int) -> None:
        """Cut everything behind the first `frames` frames, the commit record first."""
        self._set_status("running")
        self._commit(frames)
        self._frames = frames
        forget_checkpoints(self._file, frames)
        rows = self._file["summary/rows"][frames - 1] if frames else np.zeros(len(ALIGNED), "i8")
        texts = int(self._file["interventions/end"][rows[2] - 1]) if rows[2] else 0
        agents = 0
        if frames:
            cells = self._file["VTKHDF/cells"]
            agents = int(cells["Steps/PointOffsets"][frames - 1] + cells["NumberOfPoints"][frames - 1])
        lengths = dict(zip(ALIGNED, (int(each) for each in rows), strict=True))
        for path, growing in self._growing.items():
            if path == "VTKHDF/cells/Points" or path.startswith("VTKHDF/cells/PointData/"):
                growing.truncate(agents)
            elif path == "interventions/text":
                growing.truncate(texts)
            elif (table := path.split("/")[0]) in lengths:
                growing.truncate(lengths[table])
            elif not path.startswith("VTKHDF/cells/Vertices/") or path.rsplit("/", 1)[1].startswith("Number"):
                growing.truncate(frames)
        self._file.flush()


def _open(path: Path) -> Any:
    """Open for writing such that growing datasets are indexed by extensible arrays.

    The index of the oldest format, a B-tree, is split every 64 chunks in several writes; a kill between them hides
    frames committed long before. An extensible array never moves an entry.
    """
    return h5py.File(path, "r+", libver=("v110", "v110"), locking=False)

"""The state for a restart, kept twice in the run file so that one copy is always whole.

Two slots take turns. A slot is void while it is rewritten; its row of `/checkpoint/commit` (serial, frame, bytes, check
sum) is written last. Whatever the moment of a kill, the other slot and the frame that it names are valid.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsp_abm.output.layout import Array

__all__ = ["Checkpoint", "create_slots", "forget_checkpoints", "pack", "read_checkpoint", "unpack", "write_checkpoint"]

_SLOTS = ("A", "B")
_VOID = (-1, -1, 0, 0)
_CHUNK = 1 << 16  # bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state for a restart and the committed frame that it belongs to.

    Parameters
    ----------
    frame
        Index of the frame.
    step
        Number of the step.
    time
        Time in day.
    arrays
        What the simulation handed over; bytes come back as bytes.
    """

    frame: int
    step: int
    time: float
    arrays: dict[str, Array | bytes]


def create_slots(file: Any) -> None:
    """Create the two empty slots."""
    group = file.create_group("checkpoint")
    for name in _SLOTS:
        group.create_dataset(name, (0,), "u1", maxshape=(None,), chunks=(_CHUNK,))
    group.create_dataset("commit", data=np.array([_VOID, _VOID], "i8"))


def write_checkpoint(file: Any, frame: int, arrays: dict[str, Array | bytes]) -> None:
    """Store `arrays` in the older slot, for the committed frame `frame`."""
    packed = pack(arrays)
    data = np.frombuffer(packed, "u1")
    commit = file["checkpoint/commit"]
    serials = commit[:, 0]
    slot = int(np.argmin(serials))
    commit[slot] = _VOID
    file.flush()
    dataset = file["checkpoint"][_SLOTS[slot]]
    if len(dataset) < len(data):  # never shrinks: nothing that a kill could find half freed
        dataset.resize(len(data), axis=0)
    dataset[: len(data)] = data
    file.flush()
    commit[slot] = (int(serials.max()) + 1, frame, len(data), zlib.crc32(packed))
    file.flush()


def forget_checkpoints(file: Any, frames: int) -> None:
    """Make void what belongs to frames that a resumed run has cut off."""
    commit = file["checkpoint/commit"]
    for slot, (_, frame, _, _) in enumerate(commit[:]):
        if frame >= frames:
            commit[slot] = _VOID
    file.flush()


def read_checkpoint(file: Any, frames: int) -> tuple[int, dict[str, Array | bytes]] | None:
    """Return frame and arrays of the newest whole checkpoint of a committed frame, or None."""
    commit = file["checkpoint/commit"][:]
    for slot in np.argsort(commit[:, 0])[::-1]:
        serial, frame, length, check = (int(each) for each in commit[slot])
        if serial < 0 or frame >= frames:
            continue
        packed = file["checkpoint"][_SLOTS[slot]][:length].tobytes()
        if len(packed) == length and zlib.crc32(packed) == check:
            return frame, unpack(packed)
    return None


def pack(arrays: dict[str, Array | bytes]) -> bytes:
    """Return one block of bytes that holds the arrays and byte strings by name."""
    stream = io.BytesIO()
    named: dict[str, Array] = {}
    for name, value in arrays.items():
        if isinstance(value, bytes):
            named[f"bytes:{name}"] = np.frombuffer(value, "u1")
        else:
            named[f"array:{name}"] = np.asarray(value)
    np.savez(stream, allow_pickle=False, **named)
    return stream.getvalue()


def unpack(data: bytes) -> dict[str, Array | bytes]:
    """Return what `pack` was given."""
    arrays: dict[str, Array | bytes] = {}
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        for entry in stored.files:
            kind, name = entry.split(":", 1)
            arrays[name] = stored[entry].tobytes() if kind == "bytes" else stored[entry]
    return arrays

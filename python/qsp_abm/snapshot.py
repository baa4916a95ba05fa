"""The whole state of a simulation as named arrays: for saving, branching, restarting, and for digests."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .model import Model

if TYPE_CHECKING:
    from .body.machine import BodyMachine
    from .exchange import Exchange
    from .simulation import Simulation

__all__ = ["Snapshot", "described", "digest", "pack", "restore", "take", "unpack"]

Snapshot = dict[str, NDArray[Any]]
FORMAT = 2
_TISSUE = ("agent/", "field/")


def take(simulation: Simulation, engine: Any, body: BodyMachine | None, exchange: Exchange | None) -> Snapshot:
    """Return the state; names begin with ``agent/``, ``field/``, ``engine/``, ``body/``, ``exchange/``."""
    header = {
        "format": FORMAT,
        "model": simulation.model.to_json(),
        "seed": simulation.seed,
        "clearances": simulation.clearances,
    }
    state = engine.state()
    snapshot: Snapshot = {
        "header": np.frombuffer(json.dumps(header).encode(), "u1"),
        "vessels": simulation.vessels,
        **{f"agent/{name}": column for name, column in engine.columns().items()},
        **{f"field/{field.name}": engine.field(k, stored=True) for k, field in enumerate(simulation.model.fields)},
        **{f"engine/{name}": np.asarray(value) for name, value in state.items()},
    }
    if body is not None:
        snapshot |= {f"body/{name}": value for name, value in body.state().items()}
    if exchange is not None:
        snapshot |= {f"exchange/{name}": value for name, value in exchange.state().items()}
    return snapshot


def _header(snapshot: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(snapshot["header"].tobytes())
    if header["format"] != FORMAT:
        raise ModelError(f"snapshot: format {header['format']} is not known; allowed: {FORMAT}")
    return header


def described(snapshot: Mapping[str, NDArray[Any]]) -> tuple[Model, int]:
    """Return the model and the seed."""
    header = _header(snapshot)
    return Model.from_json(header["model"]), int(header["seed"])


def restore(
    snapshot: Mapping[str, NDArray[Any]],
    model: Model,
    engine: Any,
    body: BodyMachine | None,
    exchange: Exchange | None,
) -> dict[str, float]:
    """Put a freshly built engine and body into the state; return the clearances of recruited types."""
    part = {
        kind: {name.split("/", 1)[1]: value for name, value in snapshot.items() if name.startswith(f"{kind}/")}
        for kind in ("agent", "field", "engine", "body", "exchange")
    }
    engine.restore(part["engine"], part["agent"], [part["field"][field.name] for field in model.fields])
    clearances: dict[str, float] = _header(snapshot)["clearances"]
    for name, clearance in clearances.items():
        engine.set_clearance(list(model.types).index(name) + 1, clearance)
    if body is not None:
        body.set_state(part["body"])
    if exchange is not None:
        exchange.set_state(part["exchange"])
    return clearances


def digest(snapshot: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Return the hashes of tissue (agents by id, fields, transit), drug fields, body, and all of them.

    Never part of it: paths, times of day, threads, host, the order of agents in memory.
    """
    names = sorted(set(snapshot) - {"agent/order"})
    parts = {
        "tissue": [
            n
            for n in names
            if n.startswith(_TISSUE) or n in ("engine/step", "engine/next_id", "engine/transit", "engine/serial")
        ],
        "drug_fields": [],
        "body": [n for n in names if n.startswith(("body/", "exchange/"))],
    }
    found = {part: _hash({n: snapshot[n] for n in chosen}) for part, chosen in parts.items()}
    return found | {"all": hashlib.blake2b("".join(found.values()).encode(), digest_size=16).hexdigest()}


def _hash(arrays: Mapping[str, NDArray[Any]]) -> str:
    result = hashlib.blake2b(digest_size=16)
    for name, values in arrays.items():
        result.update(f"{name} {values.dtype.str} {values.shape};".encode())
        result.update(np.ascontiguousarray(values).data)
    return result.hexdigest()


def pack(snapshot: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a snapshot as one block of bytes."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **{name.replace("/", ":"): value for name, value in snapshot.items()})
    return stream.getvalue()


def unpack(data: bytes, what: str) -> Snapshot:
    """Return what `pack` was given.

    Raises
    ------
    ModelError
        If `data` is something else; `what` names it.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            snapshot = {name.replace(":", "/"): stored[name] for name in stored.files}
        _header(snapshot)
    except (BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
        raise ModelError(f"{what}: not a saved simulation") from error
    return snapshot

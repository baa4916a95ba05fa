"""A model as sentences, for people who want to know what it assumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .check import behaviours, signal_units
from .frozen import Quantity
from .model import CellType, Model

__all__ = ["sentences"]


def sentences(model: Model) -> Iterator[str]:
    """Yield the lines that describe a model.

    Examples
    --------
    >>> from qsp_abm.model import CellType, Lattice, Model
    >>> model = Model(lattice=Lattice(shape=(8, 8), spacing="20 um"), cells=[CellType(name="tumour", volume=2500)])
    >>> list(sentences(model))[1]
    'tumour: a solid cell of 2500 um3.'
    """
    yield _lattice(model)
    for group in model.cells:
        signals = signal_units(model, group)
        for cell_type in group.types:
            yield from _cell_type(cell_type, signals, behaviours(cell_type, group))
    for field in model.fields:
        yield (
            f"{field.name}: a field in {field.unit or '1'} that diffuses at {field.diffusion:g} um2/day and decays at "
            f"{field.decay:g} /day, {field.scheme.replace('_', '-')}."
        )
    for synapse in model.synapses:
        blocked = f", blocked by {', '.join(synapse.blocked_by)}" if synapse.blocked_by else ""
        yield f"{synapse.name}: a synapse between {', '.join(synapse.receptor)} and {' + '.join(synapse.ligand)}{blocked}."
    for part in (*([model.body] if model.body else []), *model.drugs):
        told = ", ".join(f"{name} ({unit or 'fraction'})" for name, (_, unit) in part.signals.items())
        yield f"{part.name}: {type(part).__name__.lower()} with the signals {told or 'none'}."


def _lattice(model: Model) -> str:
    shape = (
        "as large as the start"
        if model.lattice.shape is None
        else " x ".join(str(side) for side in model.lattice.shape)
    )
    return f"Lattice: {shape}, voxels of {model.lattice.spacing:g} um; one step is {model.dt * 1440:g} min."


def _cell_type(cell_type: CellType, signals: dict[str, str], targets: dict[str, str]) -> Iterator[str]:
    name = cell_type.name
    article = (
        "remains"
        if cell_type.dead
        else {"solid": "a solid cell", "small": "a small cell", "none": "a cell without room"}[cell_type.occupies]
    )
    yield f"{name}: {article} of {cell_type.volume:g} um3."
    if cell_type.hits is not None:
        yield (
            f"  It dies of {cell_type.hits.threshold} hits; {cell_type.hits.recovery * 1440:g} min without a hit forgive all."
        )
    for process in cell_type.processes:
        yield f"  {_process(name, process)}"
    for rule in cell_type.rules:
        numbers = {"half": _number(rule.half, signals[rule.signal]), "limit": _number(rule.limit, targets[rule.target])}
        yield f"  {rule.model_copy(update=numbers).sentence(name)}"


def _process(cell: str, process: Any) -> str:
    fixed, rates = [], []
    for name, field in type(process).model_fields.items():
        value = getattr(process, name)
        if name in ("verb", "name") or value is None or value == () or value == {}:
            continue
        unit = next((mark.unit for mark in field.metadata if isinstance(mark, Quantity)), None)
        if unit is not None:
            rates.append(f"{name} {value:g} {unit}".rstrip())
        else:
            fixed.append(f"{name} {_text(value)}")
    verb = process.verb.replace("_", " ")
    own = "" if process.name == process.verb else f" ({process.name})"
    return f"{cell} can {verb}{own}: {', '.join([*fixed, *rates])}."


def _number(value: float | str, unit: str) -> str:
    return value if isinstance(value, str) else f"{value:g} {unit}".rstrip()


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " and ".join(_text(each) for each in value)
    if isinstance(value, dict):
        return " and ".join(f"{name} {_text(each)}" for name, each in value.items())
    if hasattr(value, "field") and hasattr(value, "sensitivity"):
        return f"along {value.field} with sensitivity {value.sensitivity:g} um (half at {value.half:g})"
    return f"{value:g}" if isinstance(value, float) else str(value)

"""From the signals and parameters of a model to the words of the grammar; names and units of the model where it has none."""

from __future__ import annotations

from collections.abc import Iterator

from .. import units
from ..check import behaviours, signal_units
from ..model import CellType, Group, Model
from ..processes import Become, Die, Divide
from .table import Line
from .translate import PER_DAY

__all__ = ["worded"]


def worded(model: Model) -> Iterator[Line]:
    """Yield the rules of a model in the words of the grammar; names and units of the model where it has no word."""
    for group in model.cells:
        readable = signal_units(model, group)
        for cell_type in group.types:
            own = behaviours(cell_type, group)
            for rule in cell_type.rules:
                word, factor = _word(cell_type, rule.target)
                yield Line(
                    cell_type=cell_type.name,
                    signal=_signal_word(rule.signal),
                    effect=rule.effect,
                    behaviour=word,
                    limit=units.to(rule.limit, own[rule.target]) / factor,
                    half=units.to(rule.half, readable[rule.signal]),
                    power=rule.power,
                    base=_base(group, cell_type, rule.target) / factor,
                )


def _base(group: Group, cell_type: CellType, target: str) -> float:
    owner, parameter = target.rsplit(".", 1)
    trait = next((each for each in group.traits if f"trait.{each.name}" == owner), None)
    if trait is not None:
        return trait.target
    return float(getattr(next(each for each in cell_type.processes if each.name == owner), parameter))


def _word(cell_type: CellType, target: str) -> tuple[str, float]:
    """Return the grammar's word for a parameter and what 1 of it is here; the name itself where there is none."""
    process = next((each for each in cell_type.processes if each.name == target.rsplit(".", 1)[0]), None)
    match process:
        case Divide():
            return "cycle entry", PER_DAY
        case Die(name="apoptosis"):
            return "apoptosis", PER_DAY
        case Die(name="necrosis" | "hypoxia"):
            return "necrosis", PER_DAY
        case Become():
            return f"transform to {process.into}", PER_DAY
    return target, 1.0


def _signal_word(signal: str) -> str:
    source, _, name = signal.partition(".")
    return {"field": name, "contact": f"contact with {name}", "engaged": "attacking"}.get(source, signal)

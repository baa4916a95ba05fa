"""What makes a Model valid as a whole: every name that one part says exists in another, every unit fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import units
from .coupling import check_coupling
from .errors import ModelError, suggest
from .processes import Become, Die, Divide, Kill, Leave, Move, Recruit, Secrete, TakeUp

if TYPE_CHECKING:
    from .model import CellType, Group, Model
    from .rules import Rule

__all__ = ["MOST_POWER", "behaviours", "body_signals", "check_model", "signal_units"]

MOST_TYPES = 255
MOST_POWER = 32.0  # of a Hill response
MOST_EVENTS = 1000.0  # of one kind, cell and step: a chain of fates ends in a time that can be waited for
_FATES = (Become, Die, Divide, Leave)
_ONCE = ("move", "divide", "kill", "recruit", "leave")


def body_signals(model: Model) -> dict[str, str]:
    """Return the signals of the body and its drugs, name to unit, in order."""
    parts = [*([model.body] if model.body else []), *model.drugs]
    return {name: unit for part in parts for name, (_, unit) in part.signals.items()}


def behaviours(cell_type: CellType, group: Group) -> dict[str, str]:
    """Return what rules of a type may change, ``process.parameter`` to unit, in order."""
    found = {
        f"{process.name}.{name}": unit for process in cell_type.processes for name, unit in process.behaviours().items()
    }
    relaxing = (trait for trait in group.traits if trait.rise is not None or trait.decay is not None)
    return found | {f"trait.{trait.name}.target": trait.unit for trait in relaxing}


def signal_units(model: Model, group: Group) -> dict[str, str]:
    """Return what the types of a group can read, signal to unit."""
    found = {f"field.{field.name}": field.unit for field in model.fields}
    found |= {f"trait.{trait.name}": trait.unit for trait in group.traits}
    found |= {f"contact.{name}": "" for name in [*model.groups, *model.types]}
    found |= {f"body.{name}": unit for name, unit in body_signals(model).items()}
    for synapse in model.synapses:
        found |= {f"synapse.{synapse.name}.{where}": "1/um^2" for where in ("target", "max")}
    return found | {"crowding": "", "engaged": "", "age": "day"}


def check_model(model: Model) -> None:
    """Raise ModelError with one clear sentence if the parts of a model do not fit together."""
    groups = [group.name for group in model.cells]
    types = [cell_type for group in model.cells for cell_type in group.types]
    _distinct("group", groups)
    _distinct("cell type", [cell_type.name for cell_type in types])
    _distinct("field", [field.name for field in model.fields])
    _distinct("synapse", [synapse.name for synapse in model.synapses])
    _distinct("readout", [readout.name for readout in model.readouts])
    _distinct("body signal", list(body_signals(model)))
    if len(types) > MOST_TYPES:
        raise ModelError(f"model: {len(types)} cell types; allowed: at most {MOST_TYPES}")
    for group in model.cells:
        _check_group(group)
        for cell_type in group.types:
            _check_type(model, group, cell_type)
    for synapse in model.synapses:
        for name in synapse.receptor:
            model.types_named(name, f"synapse '{synapse.name}'")
        traits = {trait.name for group in model.cells for trait in group.traits}
        for name in synapse.ligand:
            _known(f"synapse '{synapse.name}'", "trait", name, traits)
        for name in synapse.blocked_by:
            _known(f"synapse '{synapse.name}'", "body signal", name, body_signals(model))
    for readout in model.readouts:
        _known(f"readout '{readout.name}'", "group", readout.group, groups)
        for name in readout.signals:
            readable = [
                s for s in signal_units(model, model.groups[readout.group]) if s.startswith(("field.", "trait."))
            ]
            _known(f"readout '{readout.name}'", "signal", name, readable)
    for field in model.fields:
        if field.vessel_exchange > 0 and model.vessels is None:
            raise ModelError(f"field '{field.name}': exchanges with vessels, but the model has none")

    check_coupling(model)


def _distinct(what: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ModelError(f"model: {count} times the {what} '{name}'; names must differ")


def _known(who: str, what: str, name: str, allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    if name not in allowed:
        raise ModelError(f"{who}: unknown {what} '{name}'{suggest(name, allowed)}")


def _check_group(group: Group) -> None:
    _distinct(f"trait of '{group.name}'", [trait.name for trait in group.traits])
    rooms = {(each.occupies, each.volume if each.occupies == "small" else 0.0) for each in group.types}
    if len(rooms) > 1:
        raise ModelError(
            f"group '{group.name}': cells that may become each other take the same room; "
            "allowed: one value of `occupies`, and for small cells one volume"
        )


def _check_type(model: Model, group: Group, cell_type: CellType) -> None:
    who = cell_type.name
    own = [each.name for each in group.types]
    _distinct(f"process of '{who}'", [process.name for process in cell_type.processes])
    verbs: Counter[str] = Counter(process.verb for process in cell_type.processes)
    for verb in _ONCE:
        if verbs[verb] > 1:
            raise ModelError(f"{who}: {verbs[verb]} processes '{verb}'; allowed: one")
    for process in cell_type.processes:
        where = f"{who}: {process.name}"
        if isinstance(process, Become | Die | Divide) and process.into is not None:
            _known(where, "type of its group", process.into, own)
        if isinstance(process, Secrete | TakeUp):
            _known(where, "field", process.field, [field.name for field in model.fields])
        if isinstance(process, Secrete):
            field = next(field for field in model.fields if field.name == process.field)
            if not field.molar:
                raise ModelError(f"{where}: field '{field.name}' is in {field.unit}; allowed: a molar unit, such as nM")
        if isinstance(process, Move):
            for taxis in process.chemotaxis:
                _known(f"{where}.chemotaxis", "field", taxis.field, [field.name for field in model.fields])
            for name in process.permeability:
                model.types_named(name, f"{where}.permeability")
        if isinstance(process, Kill):
            _check_targets(model, where, process)
        if isinstance(process, Recruit):
            _known(where, "body signal", process.blood, body_signals(model))
        if isinstance(process, Recruit | Leave) and model.vessels is None:
            raise ModelError(f"{where}: needs vessels, but the model has none")
    if cell_type.hits is not None and cell_type.hits.into is not None:
        _known(f"{who}: hits", "type of its group", cell_type.hits.into, own)
    for rule in cell_type.rules:
        _check_rule(model, group, cell_type, rule)
    _check_limits(cell_type)
    _check_rates(cell_type, model.dt)


def _check_targets(model: Model, where: str, kill: Kill) -> None:
    for name in kill.targets:
        for target in model.types_named(name, f"{where}.targets"):
            found = model.types[target]
            if found.dead and name != target:
                continue  # a group named as target means its living types
            if found.occupies != "solid" or found.hits is None:
                lacks = "is not solid" if found.occupies != "solid" else "has no hits"
                raise ModelError(f"{where}.targets: '{target}' {lacks}; only solid cells with hits can be killed")


def _check_rule(model: Model, group: Group, cell_type: CellType, rule: Rule) -> None:
    who = cell_type.name
    targets = behaviours(cell_type, group)
    _known(who, "rule target", rule.target, targets)
    readable = signal_units(model, group)
    _known(who, "signal", rule.signal, readable)
    if rule.signal.startswith("synapse.") and rule.signal.endswith(".target"):
        process = next((p for p in cell_type.processes if p.name == rule.target.split(".")[0]), None)
        if not isinstance(process, Kill) or rule.target.endswith(".engage"):
            raise ModelError(
                f"{who}: '{rule.signal}' exists only while engaged; allowed: rules on the hit rate or detachment of kill"
            )
    where = f"{who}: rule on {rule.target}"
    units.to(rule.half, readable[rule.signal], f"{where}: half", positive=True)
    units.to(rule.limit, targets[rule.target], f"{where}: limit", non_negative=True)
    if not 0 < rule.power <= MOST_POWER:
        raise ModelError(f"{where}: power {rule.power:g}; allowed: above 0, at most {MOST_POWER:g}")


def _check_limits(cell_type: CellType) -> None:
    limits: dict[tuple[str, str], float | str] = {}
    for rule in cell_type.rules:
        first = limits.setdefault((rule.target, rule.effect), rule.limit)
        if first != rule.limit:
            raise ModelError(
                f"{cell_type.name}: two limits, {first!r} and {rule.limit!r}, where rules {rule.effect[:-1]} {rule.target}; "
                "allowed: one limit for all rules of one direction"
            )


def _check_rates(cell_type: CellType, dt: float) -> None:
    fates = {process.name: process.rate for process in cell_type.processes if isinstance(process, _FATES)}
    fastest = [(f"{name}.rate", rate) for name, rate in fates.items()]
    for rule in cell_type.rules:
        if rule.target.removesuffix(".rate") in fates:
            limit = units.to(rule.limit, "1/day", f"{cell_type.name}: rule on {rule.target}: limit")
            fastest.append((f"rule on {rule.target}: limit", limit))
    for what, rate in fastest:
        if rate * dt > MOST_EVENTS:
            raise ModelError(
                f"{cell_type.name}: {what}: {rate:g} 1/day is {rate * dt:g} events per step of {dt * 1440:g} min; "
                f"allowed: at most {MOST_EVENTS:g}"
            )

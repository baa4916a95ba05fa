"""From the words of the grammar to signals and parameters of a model.

The grammar counts in minutes and um and gives secretion, uptake and speed per cell in its own way; each word below says how it
becomes a parameter here. What has no counterpart says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .. import units
from ..check import MOST_POWER, behaviours, signal_units
from ..errors import suggest
from ..model import CellType, Field, Group, Model
from ..processes import Become, Die, Divide, Kill, Move, Process, Secrete, TakeUp
from ..sentences import rule_sentence
from .report import Report
from .rule import Rule
from .table import Line, Rules

__all__ = ["PER_DAY", "Translation"]

PER_DAY = 1440.0  # of a rate per minute
PMOL_PER_NM_UM3 = 1e-12  # 1 nM = 1e-9 mol / 1e15 um3

_NO_SIGNAL = {
    "pressure": "cells of a lattice have no mechanical pressure; 'crowding' is the nearest signal: names={'pressure': 'crowding'}",
    "volume": "the volume of a cell is that of its type",
    "damage": "damage is counted in hits that the target's own `hits` forgive or turn into death; no rule reads them",
    "time": "rules do not read the time; use doses or a body signal",
    **dict.fromkeys(
        ("dead", "apoptotic", "necrotic"), "remains are a cell type of their own: give that type the process instead"
    ),
}
_NO_BEHAVIOUR = {
    "migration bias": "the bias of a walk follows from the sensitivity of its chemotaxis, which rules cannot change",
    "migration persistence time": "rules cannot change the persistence of a walk",
    "attack duration": "it is the inverse of kill.detach, and a Hill response of the one is none of the other",
    "damage repair rate": "it is the inverse of hits.recovery, which rules cannot change",
}


class Unmapped(ValueError):
    """A word of the grammar that the model has nothing for; the message says why."""


@dataclass(frozen=True)
class Target:
    """A parameter of a model, and how a number of the grammar becomes one in its unit."""

    name: str
    convert: Callable[[float], float]


def folded(text: str) -> str:
    """Return a name as it would be spelt here.

    Examples
    --------
    >>> folded("CD8 T cell")
    'cd8_t_cell'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


class Translation:
    """What a table of rules becomes in a model: `model`, and the `report` on it."""

    def __init__(
        self,
        rules: Rules,
        model: Model,
        names: Mapping[str, str],
        units: Mapping[str, str],
        targets: Mapping[str, float],
    ) -> None:
        self.given = model
        self.names = {folded(name): ours for name, ours in names.items()}
        self.ones = {folded(name): one for name, one in units.items()}
        self.targets = {folded(name): target for name, target in targets.items()}
        self.notes: dict[str, None] = {}  # in order, each once
        self.unmapped: list[str] = list(rules.faults)
        self.rules: dict[str, list[Rule]] = {}
        self.bases: dict[tuple[str, str], float] = {}
        for line in rules.lines:
            try:
                self.take(line)
            except Unmapped as reason:
                where = f"{line.where}, {line.cell_type}" if line.where else line.cell_type
                self.unmapped.append(f"{where}: {reason}")
        self.share_limits()
        self.model = self.build()
        self.report = Report(
            mapped=tuple(self.sentences()), notes=tuple(self.notes), unmapped=tuple(sorted(self.unmapped, key=_place))
        )

    # -- one line

    def take(self, line: Line) -> None:
        living = self.types(line.cell_type)
        if line.power > MOST_POWER:
            raise Unmapped(f"Hill power {line.power:g} of '{line.signal}'; allowed: at most {MOST_POWER:g}")
        if line.limit < 0:
            raise Unmapped(f"'{line.behaviour}' towards {line.limit:g}; allowed: not below 0")
        able = [each for each in living if self.can(line, each)] if len(living) > 1 else living
        for each in living:
            if each not in able and able:
                self.note(f"'{line.behaviour}' of {line.cell_type}: {each.name} does not have it")
        for cell_type in able or living[:1]:  # of none that can, the first says why
            self.add(line, cell_type)
        if line.dead:
            remains = {name: self.given.types[name] for each in living for name in _remains(each)}
            found = [each for each in remains.values() if each.dead and self.can(line, each)]
            for each in found:
                self.add(line, each)
            if not found:
                self.note(
                    f"'{line.behaviour}' applies to dead cells too, but the remains of {line.cell_type} do not have it"
                )

    def add(self, line: Line, cell_type: CellType) -> None:
        group = self.given.group_of(cell_type.name)
        signal, factor = self.signal(line.signal, group)
        target = self.behaviour(line.behaviour, cell_type, group)
        rules = self.rules.setdefault(cell_type.name, [])
        if any((r.target, r.signal, r.effect) == (target.name, signal, line.effect) for r in rules):
            raise Unmapped(f"'{line.signal}' {line.effect} '{line.behaviour}' already in a line before")
        if line.base is not None:
            base = target.convert(line.base)
            trait = next((each for each in group.traits if target.name == f"trait.{each.name}.target"), None)
            if trait is not None and trait.target != base:
                raise Unmapped(f"base {line.base:g} of '{line.behaviour}'; that of the trait is {trait.target:g}")
            if self.bases.setdefault((cell_type.name, target.name), base) != base:
                raise Unmapped(f"base {line.base:g} of '{line.behaviour}', but another in a line before")
        half, limit = line.half * factor, target.convert(line.limit)
        rules.append(
            Rule(target=target.name, signal=signal, effect=line.effect, half=half, limit=limit, power=line.power)
        )

    def can(self, line: Line, cell_type: CellType) -> bool:
        try:
            self.behaviour(line.behaviour, cell_type, self.given.group_of(cell_type.name))
        except Unmapped:
            return False
        return True

    def note(self, text: str) -> None:
        self.notes[text] = None

    # -- names

    def types(self, text: str) -> list[CellType]:
        """Return the types that a cell type of the table stands for; a group means its living types."""
        name = self.names.get(folded(text), text if text in self.given.types else folded(text))
        if name in self.given.types:
            return [self.given.types[name]]
        if name in self.given.groups:
            return [each for each in self.given.groups[name].types if not each.dead]
        known = [*self.given.types, *self.given.groups]
        raise Unmapped(f"no cell type '{name}'{suggest(name, known)} Give names={{'{text}': ...}}")

    def contact(self, text: str) -> str:
        name = self.names.get(folded(text), text if text in self.given.types else folded(text))
        if name not in self.given.types and name not in self.given.groups:
            raise Unmapped(f"no cell type '{name}'{suggest(name, [*self.given.types, *self.given.groups])}")
        return f"contact.{name}"

    def field(self, text: str) -> Field | None:
        name = self.names.get(folded(text), folded(text))
        return next((each for each in self.given.fields if each.name == name), None)

    def one(self, text: str, field: Field) -> float:
        """Return what 1 of a substrate is in the unit of its field."""
        if folded(text) in self.ones:
            return units.to(self.ones[folded(text)], field.unit, f"units['{text}']", positive=True)
        self.note(f"{text}: its numbers are taken to be in {field.unit or 'plain numbers'}")
        return 1.0

    def signal(self, text: str, group: Group) -> tuple[str, float]:
        """Return a signal of the model and what 1 of the table's is in its unit."""
        readable = signal_units(self.given, group)
        for name in (text, self.names.get(folded(text), "")):
            if name in readable:
                return name, 1.0
        field = self.field(text)
        if field is not None:
            return f"field.{field.name}", self.one(text, field)
        if text.startswith("contact with "):
            dead = [each.name for each in self.given.types.values() if each.dead]
            other = text.removeprefix("contact with ").removeprefix("cell type ")
            if other in ("dead cell", "dead cells") and len(dead) == 1:
                return f"contact.{dead[0]}", 1.0
            return self.contact(other), 1.0
        if text in ("attacking", "is attacking"):
            return "engaged", 1.0
        if text.startswith("custom:") and f"trait.{folded(text[7:])}" in readable:
            return f"trait.{folded(text[7:])}", 1.0
        raise Unmapped(f"'{text}': {_NO_SIGNAL.get(text) or 'no such signal or field' + suggest(text, readable)}")

    def behaviour(self, text: str, cell_type: CellType, group: Group) -> Target:
        """Return the parameter of a type that a behaviour of the grammar is."""
        own = behaviours(cell_type, group)
        for name in (text, self.names.get(folded(text), "")):
            if name in own:
                return Target(name, lambda value: value)
        for found in self.worded(text, cell_type):
            if found.name in own:
                return found
        raise Unmapped(f"'{text}': {_NO_BEHAVIOUR.get(text) or f'{cell_type.name} has no process for it'}")

    def worded(self, text: str, cell_type: CellType) -> Iterator[Target]:
        """Yield the parameters that a behaviour of the grammar may be, best first."""
        per_day = _rate
        dies = [each for each in cell_type.processes if isinstance(each, Die)]
        match text.split(" "):
            case ["cycle", "entry"] | ["exit", "from", "cycle", "phase", "0"]:
                yield from (per_day(each) for each in cell_type.processes if isinstance(each, Divide))
            case ["apoptosis"]:
                yield from (per_day(each) for each in dies if each.name == "apoptosis")
                if len(dies) == 1:
                    yield per_day(dies[0])
            case ["necrosis"]:
                yield from (per_day(each) for each in dies if each.name in ("necrosis", "hypoxia"))
            case ["migration", "speed"]:
                yield from (self.motility(each) for each in cell_type.processes if isinstance(each, Move))
            case ["attack", "damage", "rate"]:
                for each in _kills(cell_type):
                    self.note("attack damage rate: one hit is taken for one unit of damage")
                    yield Target(f"{each.name}.hit_rate", _per_minute)
            case ["attack", *other]:
                wanted = set(self.given.types_named(self.contact(" ".join(other)).removeprefix("contact."), "attack"))
                for each in _kills(cell_type):
                    if wanted & {name for target in each.targets for name in self.given.types_named(target, "attack")}:
                        yield Target(f"{each.name}.engage", _per_minute)
            case ["transform" | "transition", "to", *other]:
                into = {each.name for each in self.types(" ".join(other))}
                become = (each for each in cell_type.processes if isinstance(each, Become))
                yield from (per_day(each) for each in become if each.into in into)
            case [*substrate, "secretion" | "export" | "uptake" as how]:
                yield from self.exchange(" ".join(substrate), how, cell_type)
        if text.startswith("custom:"):
            yield Target(f"trait.{folded(text[7:])}.target", lambda value: value)

    def motility(self, move: Move) -> Target:
        """Return the motility of a walk at a speed v in um/min: M = v^2 P / n in n dimensions."""
        if move.persistence <= 0:
            raise Unmapped("'migration speed': the walk here has no persistence, so that its speed says nothing")
        self.note(
            "migration speed v: the response acts on the motility v^2 x persistence / dimensions, exact at base and limit"
        )
        return Target(
            f"{move.name}.motility", lambda v: (v * PER_DAY) ** 2 * move.persistence / self.given.lattice.dimensions
        )

    def exchange(self, substrate: str, how: str, cell_type: CellType) -> Iterator[Target]:
        field = self.field(substrate)
        if field is None:
            raise Unmapped(
                f"no field '{folded(substrate)}'{suggest(folded(substrate), [f.name for f in self.given.fields])}"
            )
        kind, parameter = (TakeUp, "clearance") if how == "uptake" else (Secrete, "rate")
        processes = [
            each for each in cell_type.processes if isinstance(each, TakeUp | Secrete) and each.field == field.name
        ]
        factor = PER_DAY
        if how == "uptake":
            factor *= cell_type.volume
        else:
            factor *= self.one(substrate, field) * units.to(f"1 {field.unit}", "nM") * PMOL_PER_NM_UM3
        if how == "secretion":
            target = self.targets.get(folded(substrate))
            if target is None:
                raise Unmapped(f"'{substrate} {how}': an amount only with its target: targets={{'{substrate}': ...}}")
            self.note(
                f"{substrate} secretion: rate x target x volume of the cell, as while the concentration is far below target"
            )
            factor *= target * cell_type.volume
        yield from (
            Target(f"{each.name}.{parameter}", lambda value: value * factor)
            for each in processes
            if isinstance(each, kind)
        )

    # -- all lines

    def share_limits(self) -> None:
        """Give all rules of one direction the limit that the grammar gives them: the highest of increases, the lowest of decreases."""
        for name, rules in self.rules.items():
            for target, effect in {(rule.target, rule.effect): None for rule in rules}:
                limits = [float(rule.limit) for rule in rules if (rule.target, rule.effect) == (target, effect)]
                shared = max(limits) if effect == "increases" else min(limits)
                if len(set(limits)) > 1:
                    self.note(
                        f"{name}: rules that {effect[:-1]} {target} saturate at different values; all at {shared:g} now"
                    )
                rules[:] = [
                    rule.replace(limit=shared) if (rule.target, rule.effect) == (target, effect) else rule
                    for rule in rules
                ]

    def build(self) -> Model:
        groups = [group.replace(types=tuple(map(self.built, group.types))) for group in self.given.cells]
        return self.given.replace(cells=tuple(groups))

    def built(self, cell_type: CellType) -> CellType:
        rules = self.rules.get(cell_type.name, [])
        steered = {rule.target for rule in rules}
        kept = [rule for rule in cell_type.rules if rule.target not in steered]
        for target in sorted({rule.target for rule in cell_type.rules} & steered):
            self.note(f"{cell_type.name}: the model's own rules on {target} give way to the table's")
        processes = tuple(self.based(cell_type.name, process) for process in cell_type.processes)
        return cell_type.replace(processes=processes, rules=(*kept, *rules))

    def based(self, type_name: str, process: Process) -> Process:
        """Return a process with the bases that the table tells."""
        for (name, target), base in self.bases.items():
            owner, parameter = target.rsplit(".", 1)
            if name == type_name and owner == process.name and getattr(process, parameter) != base:
                self.note(f"{name}: base of {target} {getattr(process, parameter):g} -> {base:g}")
                process = process.replace(**{parameter: base})
        return process

    def sentences(self) -> Iterator[str]:
        for name, rules in self.rules.items():
            for rule in rules:
                yield rule_sentence(self.model, self.model.types[name], rule)


def _place(text: str) -> int:
    found = re.match(r"line (\d+)", text)
    return int(found.group(1)) if found else 0


def _remains(cell_type: CellType) -> list[str]:
    into = [each.into for each in cell_type.processes if isinstance(each, Die) and each.into is not None]
    if cell_type.hits is not None and cell_type.hits.into is not None:
        into.append(cell_type.hits.into)
    return list(dict.fromkeys(into))


def _kills(cell_type: CellType) -> list[Kill]:
    return [each for each in cell_type.processes if isinstance(each, Kill)]


def _per_minute(value: float) -> float:
    return value * PER_DAY


def _rate(process: Process) -> Target:
    return Target(f"{process.name}.rate", _per_minute)

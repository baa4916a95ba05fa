"""What several cells of the library do alike."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ModelError, suggest
from ...model import CellType, Constant, Group, Trait
from ...parameters import Parameter
from ...processes import Chemotaxis, Kill, Move, Process, Recruit, Secrete, TakeUp
from ...rules import Rule

__all__ = [
    "OBSTACLES",
    "SOLID_GROUPS",
    "at_contact",
    "breathe",
    "counts_divisions",
    "enter",
    "halvings",
    "in_proportion",
    "lowered",
    "raised",
    "small",
    "stops_dividing",
    "values",
    "wander",
    "whole",
    "without_parts",
]

OBSTACLES = {"tumour": "tumour", "tumour_dead": "tumour", "macrophage": "macrophage", "stroma": "stroma"}
"""Solid types of the library -> the parameter ``through_...`` that says how permeable their voxels are."""

SOLID_GROUPS = ("tumour", "macrophage", "fibroblast")
"""Groups of solid cells among which the cells of `library.models.tumour_microenvironment` walk."""

_THROUGH = {**OBSTACLES, "fibroblast": "stroma"}


def values(parameters: Mapping[str, Parameter]) -> dict[str, float]:
    """Return the plain numbers, each in its unit."""
    return {name: parameter.value for name, parameter in parameters.items()}


def whole(parameter: Parameter, table: str) -> int:
    """Return a number that counts something; refuse a fraction of one."""
    if parameter.value != round(parameter.value):
        raise ModelError(f"{table}.{parameter.name}: {parameter.value:g} is not allowed; it must be a whole number")
    return round(parameter.value)


def breathe(number: Mapping[str, float]) -> tuple[TakeUp, TakeUp]:
    """Return the uptake of oxygen and of interferon-gamma that every living cell has."""
    return (
        TakeUp(field="oxygen", clearance=number["oxygen_clearance"]),
        TakeUp(field="ifng", clearance=number["ifng_clearance"]),
    )


def wander(
    number: Mapping[str, float], obstacles: tuple[str, ...], motility: str = "motility", towards: tuple[str, ...] = ()
) -> Move:
    """Return the persistent walk of a small cell through tissue whose solid cells hinder it, up gradients of fields."""
    through = {name: number[f"through_{_THROUGH[name]}"] for name in obstacles}
    taxis = tuple(
        Chemotaxis(field=field, sensitivity=number[f"{field}_sensitivity"], half=number[f"{field}_half"])
        for field in towards
    )
    return Move(motility=number[motility], persistence=number["persistence"], chemotaxis=taxis, permeability=through)


def in_proportion(target: str, signal: str, at_one: float) -> Rule:
    """Return a rule that is 0 without the signal and `at_one` at a signal of 1 (nearly linear below)."""
    return Rule(target=target, signal=signal, effect="increases", half=1.0, limit=2.0 * at_one)


def small(
    name: str, number: Mapping[str, float], processes: tuple[Process, ...], rules: tuple[Rule, ...] = ()
) -> CellType:
    """Return a small cell of the volume of its table."""
    return CellType(name=name, volume=number["volume"], occupies="small", processes=processes, rules=rules)


def enter(blood: str | None) -> tuple[Recruit, ...]:
    """Return entry from blood at a body signal; nothing without one."""
    return () if blood is None else (Recruit(blood=blood),)


def raised(target: str, signal: str, half: float, limit: float, power: float = 1.0) -> Rule:
    """Return a rule by which a signal increases a parameter."""
    return Rule(target=target, signal=signal, effect="increases", half=half, limit=limit, power=power)


def lowered(target: str, signal: str, half: float, limit: float = 0.0, power: float = 1.0) -> Rule:
    """Return a rule by which a signal decreases a parameter, by default to nothing."""
    return Rule(target=target, signal=signal, effect="decreases", half=half, limit=limit, power=power)


def at_contact(target: str, cells: str, half: float, limit: float) -> Rule:
    """Return a rule by which contact raises a parameter; with a half below 1 one cell is nearly enough."""
    return raised(target, f"contact.{cells}", half, limit, power=2.0)


def halvings(divisions: float) -> float:
    """Return the value that falls below 1 at the last of a number of halvings.

    The exponent leaves a quarter below: a Hill response of power 32 is then 0.996 after the last halving and 6e-8 before it.
    """
    return float(2.0 ** (divisions - 0.25))


def counts_divisions(destiny: float) -> tuple[Trait, Trait]:
    """Return the traits by which a cell stops after a number of divisions.

    `destiny` halves at each division and falls below 1 at the last one (`halvings`); `spent` is 0 before and 1 within minutes
    after (`stops_dividing`). So a clone counts its divisions without a counter of its own.
    """
    return (
        Trait(name="destiny", start=Constant(value=halvings(destiny)), inheritance="halve"),
        Trait(name="spent", rise="1 min", decay="1 min", target=1.0),
    )


def stops_dividing(divides: bool = True) -> tuple[Rule, ...]:
    """Return the rules of a type by which `counts_divisions` acts; a type that does not divide keeps the count alone."""
    count = lowered("trait.spent.target", "trait.destiny", half=1.0, power=32.0)
    return (count, lowered("divide.rate", "trait.spent", half=0.05, power=4.0)) if divides else (count,)


def without_parts(group: Group, without: tuple[str, ...]) -> Group:
    """Return a group that needs none of some fields, cells and synapses: what refers to them is left out.

    Raises
    ------
    ModelError
        For a name that nothing of the group refers to.
    """
    referred: set[str] = set()
    types = tuple(_without(cell_type, frozenset(without), referred) for cell_type in group.types)
    for name in without:
        if name not in referred:
            raise ModelError(f"{group.name}: without '{name}': it does not need it{suggest(name, referred)}")
    return group.replace(types=types) if without else group


def _without(cell_type: CellType, names: frozenset[str], referred: set[str]) -> CellType:
    processes: list[Process] = []
    for process in cell_type.processes:
        match process:
            case Secrete() | TakeUp():
                referred.add(process.field)
                if process.field in names:
                    continue
            case Move():
                fields = [taxis.field for taxis in process.chemotaxis]
                referred.update(fields, process.permeability)
                process = process.replace(
                    chemotaxis=tuple(taxis for taxis in process.chemotaxis if taxis.field not in names),
                    permeability={name: share for name, share in process.permeability.items() if name not in names},
                )
            case Kill():
                referred.update(process.targets)
                process = process.replace(targets=tuple(each for each in process.targets if each not in names))
            case Recruit():
                referred.add(process.blood)
                if process.blood in names:
                    continue
        processes.append(process)
    gone = {process.name for process in cell_type.processes} - {process.name for process in processes}
    rules = []
    for rule in cell_type.rules:
        source, _, name = rule.signal.partition(".")
        name = name.rsplit(".", 1)[0] if source == "synapse" else name
        if source in ("field", "contact", "synapse"):
            referred.add(name)
        if name not in names and rule.target.split(".")[0] not in gone:
            rules.append(rule)
    return cell_type.replace(processes=tuple(processes), rules=tuple(rules))

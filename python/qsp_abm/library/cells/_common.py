"""What several cells of the library do alike."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ModelError
from ...parameters import Parameter
from ...processes import Move, TakeUp
from ...rules import Rule

__all__ = ["OBSTACLES", "breathe", "in_proportion", "values", "wander", "whole"]

OBSTACLES = {"tumour": "tumour", "tumour_dead": "tumour", "macrophage": "macrophage", "stroma": "stroma"}
"""Solid types of the library -> the parameter ``through_...`` that says how permeable their voxels are."""


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


def wander(number: Mapping[str, float], obstacles: tuple[str, ...], motility: str = "motility") -> Move:
    """Return the persistent walk of a small cell through tissue whose solid cells hinder it."""
    through = {name: number[f"through_{OBSTACLES[name]}"] for name in obstacles}
    return Move(motility=number[motility], persistence=number["persistence"], permeability=through)


def in_proportion(target: str, signal: str, at_one: float) -> Rule:
    """Return a rule that is 0 without the signal and `at_one` at a signal of 1 (nearly linear below)."""
    return Rule(target=target, signal=signal, effect="increases", half=1.0, limit=2.0 * at_one)

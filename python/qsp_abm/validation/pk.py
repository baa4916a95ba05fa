"""Exposures, binding and occupancy of the drugs of the library against the numbers in ``pk.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import catalogue
from ..body import binding
from ..body.description import Drug
from ..body.exposure import exposure, terminal_half_life
from ..body.machine import BodyMachine
from ..doses import schedule
from ..dosing import regimen
from ..library.synapses.pd1 import two_dimensional
from ..variability import individual
from .check import Check

__all__ = ["checks"]

Floats = NDArray[np.float64]

_CLOSE, _FAR = (
    0.05,
    0.25,
)  # day between samples, for a day after an administration and later; areas are log-linear between
_NEAR = 1.0  # day


def checks() -> Iterator[Check]:
    """Yield the checks one after another; each scenario is run when its first check is due."""
    expected = tomllib.loads((resources.files(__package__) / "pk.toml").read_text(encoding="utf-8"))
    sources = expected["sources"]
    found: dict[tuple[str, ...], float] = {}
    for scenario in expected["scenario"]:
        yield from _scenario(scenario, sources, found)
    yield from _falling(expected["occupancy"])
    for kind, compute in (("synapse", _synapse), ("ternary", _ternary)):
        for given in expected[kind]:
            yield Check(
                given["name"],
                "verified",
                given["published"],
                compute(given),
                given["tolerance"],
                sources[given["source"]],
            )


def _scenario(
    scenario: Mapping[str, Any], sources: Mapping[str, str], before: dict[tuple[str, ...], float]
) -> Iterator[Check]:
    """Run one scenario; `before` holds what earlier ones of the drug gave, for checks ``per`` one of them."""
    drug = _drug(scenario)
    intervals = {name: (float(start), float(stop)) for name, (start, stop) in scenario["intervals"].items()}
    times, values = _simulate(drug, scenario["regimen"], intervals)
    patient = ", ".join(f"{name} {value:g}" for name, value in scenario.get("covariates", {}).items())
    label = f"{drug.name} {scenario['name']} [{patient or 'typical patient'}]"
    if not patient:
        for interval, (start, stop) in intervals.items():
            for metric, value in exposure(times, values[f"{drug.name}.plasma"], start, stop)._asdict().items():
                before[drug.name, scenario["name"], metric, interval] = value
    for given in scenario["checks"]:
        signal = given.get("signal", "plasma")
        found = _metric(given, times, values[f"{drug.name}.{signal}"], intervals) * given.get("factor", 1.0)
        name = f"{label}: {given['metric']} {given['interval']}" + (f" of {signal}" if signal != "plasma" else "")
        if "factor" in given:
            name += f", times {given['factor']:g}"
        if "over" in given:
            name += f" over {given['over']}"
        if "per" in given:
            name += f" over that of {given['per']}"
            found /= before[drug.name, given["per"], given["metric"], given["interval"]]
        yield Check(
            name,
            given["group"],
            given["published"],
            found,
            given["tolerance"],
            sources[given["source"]],
            given.get("known_miss", ""),
        )


def _drug(scenario: Mapping[str, Any]) -> Drug:
    drug: Drug = catalogue.builder("drugs", scenario["drug"])(**scenario.get("arguments", {}))
    covariates = scenario.get("covariates")
    if not covariates:
        return drug
    assert drug.variability is not None  # a scenario with covariates names a drug that knows them
    return individual(drug, drug.variability.values(drug.typical, covariates))


def _simulate(drug: Drug, text: str, intervals: Mapping[str, tuple[float, float]]) -> tuple[Floats, dict[str, Floats]]:
    """Run a regimen and sample its signals in the intervals: at their ends, and at and after every edge of a dose."""
    given = regimen(drug.name, text)
    end = max(stop for _, stop in intervals.values())
    wanted = {0.0}
    for start, stop in intervals.values():
        wanted |= {start, stop, *np.arange(start, stop, _FAR).tolist()}
        for administration in schedule([given], [drug], stop):
            peak = administration.time + administration.duration
            near = [administration.time, *(peak + np.arange(0.0, _NEAR, _CLOSE)).tolist()]
            wanted |= {time for time in near if start <= time <= stop}
    times = np.array(sorted(wanted))
    times = times[np.concatenate(([True], np.diff(times) > 1e-9))]
    machine = BodyMachine(None, [drug], [given])
    rows = [machine.signals()]
    for before, after in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        machine.advance(before, after)
        rows.append(machine.signals())
    assert machine.time == end
    return times, dict(zip(machine.signal_names, np.array(rows).T, strict=True))


def _metric(
    given: Mapping[str, Any], times: Floats, values: Floats, intervals: Mapping[str, tuple[float, float]]
) -> float:
    """Return a field of `Exposure`, its ratio to the one of another interval, or ``half-life``, ``at start``."""
    start, stop = intervals[given["interval"]]
    metric = given["metric"]
    if metric == "at start":
        return float(values[np.searchsorted(times, start)])
    if metric == "half-life":
        inside = (times >= start) & (times <= stop)
        return terminal_half_life(times[inside], values[inside])
    found = exposure(times, values, start, stop)
    if "over" in given:
        other = exposure(times, values, *intervals[given["over"]])
        return float(getattr(found, metric) / getattr(other, metric))
    return float(getattr(found, metric))


def _falling(given: Mapping[str, Any]) -> Iterator[Check]:
    """Occupancy at trough after each of several doses per kg: every one below that of the next higher dose."""
    drug: Drug = catalogue.builder("drugs", given["drug"])()
    last = None
    for amount in given["doses"]:
        _, values = _simulate(drug, f"{amount} mg/kg q3w x {given['cycles']}", {"end": (0.0, 21.0 * given["cycles"])})
        found = float(values[given["signal"]][-1])
        if last is not None:
            name = f"{drug.name} {amount:g} mg/kg q3w: occupancy at trough, at least that of the next lower dose"
            yield Check(name, "verified", last, found, 0.0, given["source"])
        last = found


def _synapse(given: Mapping[str, Any]) -> float:
    """Two-dimensional constant (per um2); bonds per um2; or their effect, a Hill function of the bonds."""
    constant = two_dimensional(given["dissociation"], given["gap"])
    if "receptors" not in given:
        return constant
    receptors = given["receptors"] / given["receptor_area"] * (1.0 - given.get("blocked", 0.0))
    bonds = binding.pair(receptors, given["ligands"] / given["ligand_area"], constant)
    if "half" not in given:
        return bonds
    part = (bonds / given["half"]) ** given["hill"]
    return float(part / (1.0 + part))


def _ternary(given: Mapping[str, Any]) -> float:
    names = ("drug", "effector", "target", "to_effector", "to_target", "cooperativity")
    return binding.ternary(*(float(given[name]) for name in names))

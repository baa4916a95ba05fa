"""Where a body begins: at the diagnosis of a tumour that grew in it, or in the steady state that fits a section; and
what the tissue changes.

A body can be started if each of its species ``s`` begins at a parameter ``s_start``, as those of
`library.bodies.immuno_oncology` do. What comes back is the same body with other parameters: data, that a Model takes as
it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, suggest
from ..units import to, to_days
from .description import Body, Drug
from .machine import BodyMachine

__all__ = [
    "SOLVED",
    "TISSUE_TYPES",
    "HandOver",
    "Jump",
    "Started",
    "grow_to_diagnosis",
    "hand_over",
    "steady_state_for",
]

Floats = NDArray[np.float64]

DIAMETER, VOLUME = "tumour.diameter", "tumour.volume"

# density -> the parameter that is solved to meet it, for the body of immuno-oncology
SOLVED: Mapping[str, str] = {
    "blood.cd8": "healthy_bystander",
    "blood.cd8_bystander": "healthy_bystander",
    "blood.treg": "healthy_treg",
    "blood.naive_cd8": "thymus_cd8",
    "blood.naive_cd4": "thymus_cd4",
    **{f"tumour.{cell}": f"tumour_entry_{cell}" for cell in ("cd8", "helper", "treg", "bystander")},
}

# signal of the body -> cell types of the tissue that are the same cells
TISSUE_TYPES: Mapping[str, tuple[str, ...]] = {
    "tumour.cancer": ("tumour",),
    "tumour.cd8": ("cd8_effector", "cd8_progenitor_exhausted"),
    "tumour.exhausted": ("cd8_terminally_exhausted",),
    "tumour.bystander": ("cd8_bystander",),
    "tumour.helper": ("cd4_helper",),
    "tumour.treg": ("treg",),
}

_LONGEST_STEP = 10.0  # day, while looking for the diameter
_SETTLED = 2.0e4  # day; ten times the life of a naive cell and more
_CLOSE = 1e-10  # relative, of the diameter and of solved parameters
_FARTHEST = 12.0  # of the logarithm of a solved parameter, from its value in the body
_SAME = 1e-2  # relative; a density that is missed by more is not met
_DRIFT = 30.0  # day


@dataclass(frozen=True, slots=True)
class Started:
    """A body at the beginning of a treatment.

    Parameters
    ----------
    body
        Starts in this state.
    day
        Days that it took to get there; 0 for a steady state.
    signals
        All signals of this state.
    solved
        Parameter -> value that was solved for.
    residuals
        Density -> found over wanted, minus 1.
    drift
        Density -> relative change over 30 untreated days with the tumour growing.
    """

    body: Body
    day: float
    signals: Mapping[str, float]
    solved: Mapping[str, float]
    residuals: Mapping[str, float]
    drift: Mapping[str, float]


def grow_to_diagnosis(
    body: Body, diameter: str | float | None = None, *, longest: str | float = "40 year", drugs: Sequence[Drug] = ()
) -> Started:
    """Let the tumour of a body grow, untreated, until it has a diameter.

    Parameters
    ----------
    body
        With a signal ``tumour.diameter``.
    diameter
        Such as ``"3.7 cm"``, or um; None: the body's ``diagnosis_diameter``.
    longest
        Time after which the tumour is taken never to get there.
    drugs
        Drugs that the body's text refers to; none is given.

    Raises
    ------
    ModelError
        If the body has no such signal, starts larger, or its tumour does not get there.

    Examples
    --------
    >>> from qsp_abm.library.bodies import nsclc
    >>> started = grow_to_diagnosis(nsclc(), "2 cm")
    >>> round(started.signals["tumour.diameter"])
    20000
    """
    wanted = _number(body, "diagnosis_diameter") if diameter is None else to(diameter, "um", "diameter", positive=True)
    limit = to_days(longest, "longest")
    machine = BodyMachine(body, drugs)
    index = _signal(body, machine, DIAMETER)
    if machine.signals()[index] > wanted:
        raise ModelError(f"body '{body.name}': its tumour starts above a diameter of {wanted:g} um")
    largest = 0.0
    while machine.time < limit:
        before, begin = machine.state(), machine.time
        machine.advance(begin, begin + _LONGEST_STEP)
        reached = float(machine.signals()[index])
        largest = max(largest, reached)
        if reached >= wanted:
            return _started(body, machine, _crossing(machine, before, index, wanted), {})
    raise ModelError(
        f"body '{body.name}': its tumour does not reach a diameter of {wanted:g} um in {limit:g} day; "
        f"the largest was {largest:.4g} um"
    )


def _crossing(machine: BodyMachine, before: Mapping[str, Floats], index: int, wanted: float) -> float:
    """Bring the machine to the time at which the diameter is met, within one step of `before`; return that time."""
    from scipy.optimize import brentq

    begin = float(before["time"][0])

    def excess(step: float) -> float:
        machine.set_state(before)
        if step > 0:
            machine.advance(begin, begin + step)
        return float(machine.signals()[index]) / wanted - 1.0

    excess(float(brentq(excess, 0.0, _LONGEST_STEP, rtol=_CLOSE)))
    return machine.time


def steady_state_for(
    body: Body,
    densities: Mapping[str, str | float],
    diameter: str | float | None = None,
    *,
    solved: Mapping[str, str] = SOLVED,
    drugs: Sequence[Drug] = (),
) -> Started:
    """Return the body in the steady state that has given densities of blood and tumour, untreated.

    The tumour grows to its diameter and is held there (births equal deaths); the parameters in `solved` are found such
    that everything else comes to rest at the densities. Then growth is let go: `Started.drift` says what that changes
    in 30 days.

    Parameters
    ----------
    body
        With a parameter ``held``.
    densities
        Signal -> density, such as ``{"blood.treg": "40 cell/uL", "tumour.cd8": 300}``; a number is in the unit of the signal.
    diameter
        Of the lesion that the section is of; None: the body's ``diagnosis_diameter``.
    solved
        Signal -> parameter that is solved to meet it, one each.
    drugs
        Drugs that the body's text refers to; none is given.

    Raises
    ------
    ModelError
        For a density that no parameter is named for, two on one parameter, and densities that are not met within 1 %.
    SolverError
        If the solver fails on the way.
    """
    from scipy.optimize import root

    if not densities:
        raise ModelError("densities: none is given; allowed: at least one")
    names = _parameters_for(body, densities, solved)
    wanted = {signal: _density(body, signal, value) for signal, value in densities.items()}
    grown = grow_to_diagnosis(body, diameter, drugs=drugs).body

    first = np.log([max(_number(body, name), 1e-12) for name in names])

    def solution(logs: Floats) -> Body:
        values = np.exp(np.clip(logs, first - _FARTHEST, first + _FARTHEST))
        numbers = dict(zip(names, (float(value) for value in values), strict=True))
        return _with(grown, numbers, "solved for the densities of a section")

    def settle(given: Body) -> BodyMachine:
        machine = BodyMachine(_with(given, {"held": 1.0}, "while the tumour is held"), drugs)
        machine.advance(0.0, _SETTLED)
        return machine

    def misses(logs: Floats) -> Floats:
        found = _signals(settle(solution(logs)))
        return np.array([math.log(max(found[signal], 1e-300) / value) for signal, value in wanted.items()])

    rested = solution(np.asarray(root(misses, first, method="hybr", options={"xtol": _CLOSE}).x, dtype=np.float64))
    machine = settle(rested)
    found = _signals(machine)
    residuals = {signal: found[signal] / value - 1.0 for signal, value in wanted.items()}
    worst = max(residuals, key=lambda signal: abs(residuals[signal]))
    if not abs(residuals[worst]) <= _SAME:
        raise ModelError(
            f"body '{body.name}': no steady state has {worst} = {wanted[worst]:g}; with '{solved[worst]}' the nearest found "
            f"is {found[worst]:.4g}"
        )
    started = _started(rested, machine, 0.0, {name: _number(rested, name) for name in names})
    after = BodyMachine(started.body, drugs)
    after.advance(0.0, _DRIFT)
    later = _signals(after)
    drift = {signal: later[signal] / started.signals[signal] - 1.0 for signal in wanted}
    return Started(started.body, 0.0, started.signals, started.solved, residuals, drift)


@dataclass(frozen=True, slots=True)
class Jump:
    """One quantity at the hand-over: of the body's own tumour, and of the tissue scaled to the lesion."""

    quantity: str
    body: float
    tissue: float

    @property
    def relative(self) -> float:
        """Tissue over body, minus 1; infinite where the body has none and the tissue some."""
        if self.body == 0.0:
            return 0.0 if self.tissue == 0.0 else math.inf
        return self.tissue / self.body - 1.0


@dataclass(frozen=True, slots=True)
class HandOver:
    """What changes when the tissue takes the place of the body's tumour.

    Parameters
    ----------
    scale
        Windows in the lesion, a whole number.
    jumps
        Volume of the lesion (L), then numbers of cells.
    limit
        Largest relative jump that passes.
    """

    scale: int
    jumps: tuple[Jump, ...]
    limit: float

    @property
    def within(self) -> bool:
        """Whether no jump is larger than the limit."""
        return all(abs(jump.relative) <= self.limit for jump in self.jumps)

    def __str__(self) -> str:
        """Return the table of the jumps."""
        lines = [f"hand-over: the lesion is {self.scale} windows; jumps above {self.limit:.0%} are marked"]
        for jump in self.jumps:
            mark = " *" if abs(jump.relative) > self.limit else ""
            lines.append(
                f"  {jump.quantity}: body {jump.body:.4g}, tissue {jump.tissue:.4g}, {jump.relative:+.1%}{mark}"
            )
        return "\n".join(lines)


def hand_over(
    started: Started,
    counts: Mapping[str, float],
    window: str | float,
    *,
    types: Mapping[str, tuple[str, ...]] = TISSUE_TYPES,
    limit: float = 0.05,
) -> HandOver:
    """Compare the body's tumour with the tissue that takes its place.

    The lesion is ``scale`` windows, its volume over that of the window, rounded to a whole number. Cells are counts of
    the window times the scale.

    Parameters
    ----------
    started
        The body at the hand-over.
    counts
        Cell type -> number in the window, as `Simulation.counts` gives it; types that are not among `types` have no
        counterpart in the body.
    window
        Volume of the window's tissue, such as ``"0.01 mm^3"``, or uL.
    types
        Signal of a density -> cell types that are the same cells.
    limit
        Largest relative jump that passes.

    Raises
    ------
    ModelError
        If the window is larger than the lesion.

    Examples
    --------
    >>> from qsp_abm.library.bodies import nsclc
    >>> print(str(hand_over(grow_to_diagnosis(nsclc(), "2 cm"), {"tumour": 90, "treg": 1}, "0.001 mm^3")).splitlines()[0])
    hand-over: the lesion is 4188790 windows; jumps above 5% are marked
    """
    lesion = started.signals[VOLUME] * 1e6  # uL
    part = to(window, "uL", "window", positive=True)
    scale = round(lesion / part)
    if scale < 1:
        raise ModelError(f"window: {part:g} uL is not allowed; the lesion holds {lesion:g} uL")
    jumps = [Jump("volume (L)", started.signals[VOLUME], scale * part * 1e-6)]
    for signal, names in types.items():
        cells = sum(counts.get(name, 0) for name in names)
        jumps.append(Jump(signal.partition(".")[2], started.signals[signal] * lesion, scale * cells))
    return HandOver(scale, tuple(jumps), limit)


def _signals(machine: BodyMachine) -> dict[str, float]:
    return dict(zip(machine.signal_names, (float(value) for value in machine.signals()), strict=True))


def _signal(body: Body, machine: BodyMachine, name: str) -> int:
    if name not in machine.signal_names:
        raise ModelError(f"body '{body.name}': it has no signal '{name}'{suggest(name, machine.signal_names)}")
    return machine.signal_names.index(name)


def _number(body: Body, name: str) -> float:
    known = {parameter.name: parameter.value for parameter in body.parameters}
    if name not in known:
        raise ModelError(f"body '{body.name}': it has no parameter '{name}'{suggest(name, known)}")
    return known[name]


def _with(body: Body, numbers: Mapping[str, float], source: str) -> Body:
    """Return a body with other values of some parameters."""
    for name in numbers:
        _number(body, name)
    changed: dict[str, Any] = {"source": source, "kind": "fitted-in-model", "spread": "", "note": ""}
    return body.replace(
        parameters=tuple(
            each.replace(value=numbers[each.name], **changed) if each.name in numbers else each
            for each in body.parameters
        )
    )


def _started(body: Body, machine: BodyMachine, day: float, solved: Mapping[str, float]) -> Started:
    """Return a body that starts where the machine stands."""
    amounts = zip(machine.species_names, machine.species(), strict=True)
    starts = {f"{name}_start": max(float(amount), 0.0) for name, amount in amounts if name in body.species}
    return Started(_with(body, starts, "state at the start, computed"), day, _signals(machine), solved, {}, {})


def _parameters_for(body: Body, densities: Mapping[str, str | float], solved: Mapping[str, str]) -> list[str]:
    names = []
    for signal in densities:
        if signal not in solved:
            raise ModelError(f"densities: nothing is solved for '{signal}'{suggest(signal, solved)}")
        if solved[signal] in names:
            raise ModelError(
                f"densities: '{signal}' and another one are both met by '{solved[signal]}'; give one of them"
            )
        _number(body, solved[signal])
        names.append(solved[signal])
    return names


def _density(body: Body, signal: str, value: str | float) -> float:
    if signal not in body.signals:
        raise ModelError(f"body '{body.name}': it has no signal '{signal}'{suggest(signal, body.signals)}")
    return to(value, body.signals[signal][1], signal, positive=True)

"""The ODE solver: libroadrunner (SBML compiled, CVODE) behind a thin wrapper that keeps it exact.

Rules that make a run repeatable, restartable and independent of how it is called:

* every step restarts the integrator (``oneStep(..., True)``), which also makes it see values set in between;
* before every step the state just read is written back, because that alone changes the next step at 1e-14;
* the state of a model is what `Ode.state` returns, never a saved solver; a delayed event under way is hidden state, so a model
  with such events is run but not saved; other events have none, since each step looks at their triggers anew;
* species are amounts throughout.
"""

from __future__ import annotations

import math
import os
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, SolverError, suggest

__all__ = ["Ode", "has_initial_parameters", "to_sbml"]

Floats = NDArray[np.float64]

RELATIVE_TOLERANCE = 1e-10  # restarts every 6 min add up: 1e-5 in ten days at 1e-8, 1.5e-7 at 1e-10, for the same time
ABSOLUTE_TOLERANCE = 1e-12  # the solver multiplies it by the amount at each restart
_KEPT = 65536  # bytes of solver chatter kept for an error message

_REFUSED = {
    r"<algebraicRule\b": "algebraic rules",
    r"symbols/delay\b": "delays",
    r'\bfast="(?:true|1)"': "fast reactions",
}

_antimony = threading.Lock()  # its parser is one global
_idle: dict[str, list[Any]] = {}  # compiled solvers waiting to be used again, by SBML text


@lru_cache(maxsize=64)
def to_sbml(antimony: str) -> str:
    """Translate Antimony to SBML.

    Raises
    ------
    ModelError
        With the line that the parser does not understand.
    """
    import antimony as parser  # type: ignore[import-untyped, unused-ignore]

    with _antimony:
        parser.clearPreviousLoads()
        if parser.loadAntimonyString(antimony) < 0:
            raise ModelError(f"body: cannot read the Antimony text: {parser.getLastError()}")
        text = parser.getSBMLString(parser.getMainModuleName())
    if not text:
        raise ModelError("body: the Antimony text holds no model")
    return str(text)


def has_initial_parameters(sbml: str) -> bool:
    """Tell whether initial values of parameters are computed from others; such a model is compiled anew for new values."""
    assigned = set(re.findall(r'<initialAssignment\b[^>]*\bsymbol="(\w+)"', sbml))
    return bool(assigned & set(re.findall(r'<parameter\b[^>]*\bid="(\w+)"', sbml)))


class _Chatter:
    """Keeps what the solver writes to stdout and stderr, to be shown with an error only."""

    def __init__(self) -> None:
        self._process = -1
        self._file = -1

    @contextmanager
    def captured(self) -> Iterator[None]:
        if self._process != os.getpid():
            import tempfile

            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
            self._process = os.getpid()
        kept = []
        for stream in (1, 2):  # it writes to both, whatever its log level
            with suppress(OSError):  # this process has no such stream
                kept.append((stream, os.dup(stream)))
                os.dup2(self._file, stream)
        try:
            yield
        finally:
            for stream, copy in kept:
                os.dup2(copy, stream)
                os.close(copy)
            if os.lseek(self._file, 0, os.SEEK_CUR) > _KEPT:
                self.take()

    def take(self) -> str:
        """Return what was kept, and forget it."""
        if self._process != os.getpid():
            return ""
        size = os.lseek(self._file, 0, os.SEEK_CUR)
        os.lseek(self._file, 0, os.SEEK_SET)
        text = os.read(self._file, size).decode(errors="replace")
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        return re.sub(r"\x1b\[[0-9;]*m", "", text).strip()


_chatter = _Chatter()


def _acquire(sbml: str) -> Any:
    waiting = _idle.get(sbml)
    if waiting:
        return waiting.pop()
    import roadrunner  # type: ignore[import-untyped, unused-ignore]

    for pattern, what in _REFUSED.items():
        if re.search(pattern, sbml):
            raise ModelError(f"body: algebraic rules, delays and fast reactions are refused; this model has {what}")
    with _chatter.captured():
        try:
            return roadrunner.RoadRunner(sbml)
        except Exception as error:
            raise ModelError(f"body: the solver refuses the model: {_short(error)}") from error


def _short(error: Exception) -> str:
    return str(error).split(", at ")[0].split("; In ")[0].strip()


class Ode:
    """A compiled ODE model and its state. Compiled once per text and process; solvers are used again.

    Parameters
    ----------
    sbml
        SBML text.
    values
        Parameter id -> value, set before initial values are worked out.
    relative_tolerance, absolute_tolerance
        Of CVODE.

    Raises
    ------
    ModelError
        For models with algebraic rules, delays or fast reactions, and unknown ids in `values`.
    """

    def __init__(
        self,
        sbml: str,
        values: Mapping[str, float] | None = None,
        *,
        relative_tolerance: float = RELATIVE_TOLERANCE,
        absolute_tolerance: float = ABSOLUTE_TOLERANCE,
    ) -> None:
        solver = _acquire(sbml)
        self._solver: Any = solver
        self._release = weakref.finalize(self, _idle.setdefault(sbml, []).append, solver)
        with _chatter.captured():
            solver.resetToOrigin()
            solver.integrator.relative_tolerance = relative_tolerance
            solver.integrator.absolute_tolerance = absolute_tolerance
            model = self._model = solver.model
            self.species: tuple[str, ...] = tuple(model.getFloatingSpeciesIds())
            self.parameters: tuple[str, ...] = tuple(model.getGlobalParameterIds())
            self._boundary: tuple[str, ...] = tuple(model.getBoundarySpeciesIds())
            self._compartments: tuple[str, ...] = tuple(model.getCompartmentIds())
            for name, value in (values or {}).items():
                model.setGlobalParameterValues([self.parameter(name)], [float(value)])
            if values:
                solver.reset()  # initial values that depend on parameters
            self.has_delayed_events: bool = re.search(r"<delay\b", sbml) is not None
            # what can be set; the rest follows from rules
            self._free = tuple(
                _settable(len(names), get, put)
                for names, get, put in (
                    (self.parameters, model.getGlobalParameterValues, model.setGlobalParameterValues),
                    (self._boundary, model.getBoundarySpeciesAmounts, self._set_boundary),
                    (self._compartments, model.getCompartmentVolumes, model.setCompartmentVolumes),
                    (self.species, model.getFloatingSpeciesAmounts, model.setFloatingSpeciesAmounts),
                )
            )
            moving = set(model.getRateRuleSymbols())
        _chatter.take()
        self._amounts = self._free[3]
        self._moving_parameters = [i for i in self._free[0] if self.parameters[i] in moving]
        self._moving_volumes = [i for i in self._free[2] if self._compartments[i] in moving]

    def parameter(self, name: str) -> int:
        """Return the index of a parameter."""
        if name not in self.parameters:
            raise ModelError(f"body: unknown parameter '{name}'{suggest(name, self.parameters)}")
        return self.parameters.index(name)

    def amount(self, name: str) -> int:
        """Return the index of a species."""
        if name not in self.species:
            raise ModelError(f"body: unknown species '{name}'{suggest(name, self.species)}")
        return self.species.index(name)

    def set_parameters(self, indices: Sequence[int], values: Sequence[float]) -> None:
        """Set parameters by index."""
        self._model.setGlobalParameterValues(list(indices), [float(value) for value in values])

    def add(self, index: int, amount: float) -> None:
        """Add to the amount of a species."""
        now = float(self._model.getFloatingSpeciesAmounts([index])[0])
        self._model.setFloatingSpeciesAmounts([index], [now + amount])

    def set_amount(self, index: int, amount: float) -> None:
        """Set the amount of a species."""
        self._model.setFloatingSpeciesAmounts([index], [amount])

    def value(self, index: int) -> float:
        """Return one parameter, also one that follows from a rule."""
        return float(self._model.getGlobalParameterValues([index])[0])

    def amounts(self) -> Floats:
        """Return the amounts of all species."""
        return np.array(self._model.getFloatingSpeciesAmounts(), dtype=np.float64)

    def values(self) -> Floats:
        """Return all global parameters, those that follow from rules included."""
        return np.array(self._model.getGlobalParameterValues(), dtype=np.float64)

    def step(self, start: float, end: float) -> None:
        """Integrate from one time to another, both in the time unit of the model.

        Raises
        ------
        SolverError
            With the time and what the solver said.
        """
        model = self._model
        if self._amounts:
            model.setFloatingSpeciesAmounts(self._amounts, model.getFloatingSpeciesAmounts(self._amounts).tolist())
        if self._moving_parameters:
            moving = self._moving_parameters
            model.setGlobalParameterValues(moving, model.getGlobalParameterValues(moving).tolist())
        if self._moving_volumes:
            moving = self._moving_volumes
            model.setCompartmentVolumes(moving, model.getCompartmentVolumes(moving).tolist())
        reached = self._solved(start, end, lambda: self._solver.oneStep(start, end - start, True))
        if not math.isfinite(reached):
            self._release.detach()
            raise SolverError(f"body: the step from {start!r} to {end!r} ended at {reached}")

    def through(self, times: Sequence[float], names: Sequence[str]) -> Floats:
        """Integrate over rising times, the first of which is now, without a restart; return values at each, (T, N).

        Parameters
        ----------
        times
            In the time unit of the model.
        names
            Species (their amounts) and parameters.

        Raises
        ------
        SolverError
            As `step`.
        """

        def course() -> Any:
            self._solver.timeCourseSelections = list(names)
            return np.array(self._solver.simulate(times=list(times)), dtype=np.float64)

        found: Floats = self._solved(times[0], times[-1], course)
        return found

    def _solved(self, start: float, end: float, solve: Callable[[], Any]) -> Any:
        with _chatter.captured():
            try:
                return solve()
            except RuntimeError as error:
                self._release.detach()  # never used again
                said = f"body: no step from {start!r} to {end!r}: {_short(error)}\n{_chatter.take()}"
                raise SolverError(said.rstrip()) from error

    def state(self) -> dict[str, Floats]:
        """Return everything that the next step depends on, as arrays.

        Raises
        ------
        ModelError
            For a model with delayed events of its own: what is under way cannot be saved.
        """
        self._refuse_delayed_events()
        model = self._model
        parameters, boundary, volumes, amounts = self._free
        return {
            "parameters": np.array(model.getGlobalParameterValues(), dtype=np.float64)[parameters],
            "boundary": np.array(model.getBoundarySpeciesAmounts(), dtype=np.float64)[boundary],
            "volumes": np.array(model.getCompartmentVolumes(), dtype=np.float64)[volumes],
            "amounts": np.array(model.getFloatingSpeciesAmounts(), dtype=np.float64)[amounts],
        }

    def set_state(self, state: Mapping[str, Floats], time: float) -> None:
        """Go to a state that `state` returned, for this model."""
        self._refuse_delayed_events()
        model = self._model
        names = ("parameters", "boundary", "volumes", "amounts")
        for name, free in zip(names, self._free, strict=True):
            if name not in state or len(state[name]) != len(free):
                raise ModelError(f"body: the saved state does not fit this model ({name}: {len(free)} values expected)")
        model.setTime(float(time))
        setters = (
            model.setGlobalParameterValues,
            self._set_boundary,
            model.setCompartmentVolumes,
            model.setFloatingSpeciesAmounts,
        )
        for name, free, put in zip(names, self._free, setters, strict=True):
            if free:
                put(free, [float(value) for value in state[name]])

    def _set_boundary(self, indices: Sequence[int], amounts: Sequence[float]) -> None:
        for index, amount in zip(indices, amounts, strict=True):  # the solver's own function for many has no binding
            self._model[self._boundary[index]] = amount

    def _refuse_delayed_events(self) -> None:
        if self.has_delayed_events:
            raise ModelError("body: a model with delayed events of its own cannot be saved, resumed or branched")


def _settable(count: int, get: Any, put: Any) -> list[int]:
    """Return the indices of values that are not ruled by an assignment."""
    found = []
    for index in range(count):
        try:
            put([index], [float(get([index])[0])])
        except RuntimeError:
            continue
        found.append(index)
    return found


def trajectory(
    sbml: str,
    times: Floats,
    selections: Sequence[str],
    *,
    relative_tolerance: float,
    absolute_tolerance: float,
) -> Floats:
    """Integrate a whole model once, its own events included, and return selected values at times, (T, S).

    Parameters
    ----------
    sbml
        SBML text.
    times
        Rising, from 0, in the unit of the model.
    selections
        ``id``, or ``[id]`` for the concentration of a species.

    Raises
    ------
    SolverError
        If the solver fails, with what it said.
    """
    solver = _acquire(sbml)
    with _chatter.captured():
        try:
            solver.resetToOrigin()
            solver.integrator.relative_tolerance = relative_tolerance
            solver.integrator.absolute_tolerance = absolute_tolerance
            solver.timeCourseSelections = ["time", *selections]
            result = np.array(solver.simulate(times=times.tolist()), dtype=np.float64)[:, 1:]
        except RuntimeError as error:
            said = f"body: no run to {times[-1]:g}: {_short(error)}\n{_chatter.take()}"
            raise SolverError(said.rstrip()) from error
    _chatter.take()
    for name, column in zip(selections, result.T, strict=True):
        if _is_species(solver, name) and not np.isfinite(column).all():  # what a rule derives may be, as log(0)
            raise SolverError(f"body: '{name}' is not finite on the way to {times[-1]:g}")
    return result


def _is_species(solver: Any, selection: str) -> bool:
    return selection.strip("[]") in solver.model.getFloatingSpeciesIds()


def reaction_rates(
    sbml: str, states: Callable[[Floats], Sequence[Floats]]
) -> tuple[tuple[str, ...], list[Floats], Floats]:
    """Return the ids of all reactions, the states visited and the rates there, (S, R).

    Parameters
    ----------
    sbml
        SBML text.
    states
        Called with the amounts of the species at the start; returns the amounts at which to look.
    """
    solver = _acquire(sbml)
    with _chatter.captured():
        solver.resetToOrigin()
        model = solver.model
        indices = _settable(
            len(model.getFloatingSpeciesIds()), model.getFloatingSpeciesAmounts, model.setFloatingSpeciesAmounts
        )
        start = np.array(model.getFloatingSpeciesAmounts(), dtype=np.float64)[indices]
        visited = [np.asarray(state, dtype=np.float64) for state in states(start)]
        rates = []
        for state in visited:
            model.setFloatingSpeciesAmounts(indices, state.tolist())
            rates.append(np.array(model.getReactionRates(), dtype=np.float64))
        reactions = tuple(model.getReactionIds())
    _chatter.take()
    return reactions, visited, np.array(rates).reshape(len(visited), len(reactions))

"""The body at run time: the ODE model of a Model, stepped exactly through its doses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..doses import Course, Dose, Regimen, courses, same_instant
from ..errors import ModelError, SolverError
from .assemble import assemble
from .description import Body, Drug, parameter_values
from .ode import RELATIVE_TOLERANCE, Ode

__all__ = ["BodyMachine"]

Floats = NDArray[np.float64]


class BodyMachine:
    """Steps a body and its drugs; splits steps exactly at administrations.

    A dose belongs to the step that begins at its time or holds it: a dose at t = 0 counts, one at the end of a run is given when
    the run goes on. A dose within 1e-10 (relative) of a boundary is given at the boundary, once.

    Parameters
    ----------
    body, drugs
        The description.
    doses
        What is given; doses of zero are dropped.
    inputs
        Parameter ids that the tissue sets before each step (see `advance`).
    values
        Parameter id -> value other than the description's, for one patient of many.
    relative_tolerance
        Of the solver.

    Raises
    ------
    ModelError
        For ids that the model does not have, unknown drugs, wrong units.
    """

    def __init__(
        self,
        body: Body | None,
        drugs: Sequence[Drug] = (),
        doses: Iterable[Dose | Regimen] = (),
        *,
        inputs: Sequence[str] = (),
        values: Mapping[str, float] | None = None,
        relative_tolerance: float = RELATIVE_TOLERANCE,
    ) -> None:
        self.time = 0.0
        self.drugs = tuple(drugs)
        numbers = parameter_values(body, self.drugs) | dict(values or {})
        self._ode = Ode(assemble(body, self.drugs), numbers, relative_tolerance=relative_tolerance)
        self._dose_into = [self._ode.amount(drug.dose_into) for drug in self.drugs]
        self._infusion = [-1 if drug.infusion is None else self._ode.parameter(drug.infusion) for drug in self.drugs]
        self._first_dose = [-1 if drug.first_dose is None else self._ode.parameter(drug.first_dose) for drug in drugs]
        self._inputs = [self._ode.parameter(name) for name in inputs]

        parts = [*([body] if body else []), *self.drugs]
        signals = {name: where for part in parts for name, where in part.signals.items()}
        self.signal_names = tuple(signals)
        self.signal_units = tuple(unit for _, unit in signals.values())
        self._signals = [self._place(identifier) for identifier, _ in signals.values()]
        self._sampled = [*(identifier for identifier, _ in signals.values()), *self._ode.species]
        units = {name: unit for part in parts for name, unit in part.species.items()}
        for name in units:
            self._ode.amount(name)
        self.species_names = self._ode.species
        self.species_units = tuple(units.get(name, "") for name in self._ode.species)

        self._courses: list[Course] = list(courses(doses, self.drugs))
        self._next = [0] * len(self._courses)  # number of the next administration of each course
        self._running: list[tuple[float, float, float, int]] = []  # infusions: stop, start, amount, drug
        self._given = [0.0] * len(self.drugs)
        self._first = [math.inf] * len(self.drugs)
        self._due = self._next_due()

    def _place(self, identifier: str) -> int:
        """Index of a signal in amounts followed by parameters."""
        if identifier in self._ode.species:
            return self._ode.species.index(identifier)
        return len(self._ode.species) + self._ode.parameter(identifier)

    def advance(self, start: float, end: float, inputs: Sequence[float] = ()) -> None:
        """Go from the beginning to the end of one step.

        Each call restarts the solver, so call it once per step of the simulation, whatever is recorded: then no bit depends on
        how often the body is looked at.

        Parameters
        ----------
        start, end
            Day; computed from whole steps by the caller, never accumulated. `start` is where the body stands.
        inputs
            Values of the input parameters over this step.

        Raises
        ------
        SolverError
            With the model, time and step.
        """
        if abs(start - self.time) > same_instant(start):
            raise SolverError(f"body: it stands at day {self.time!r}; a step cannot begin at {start!r}")
        if len(inputs) != len(self._inputs):
            raise SolverError(f"body: {len(inputs)} inputs for {len(self._inputs)} input parameters")
        if self._inputs:
            self._ode.set_parameters(self._inputs, inputs)
        now, near_end = start, end - same_instant(end)
        while now < end:
            self.settle(now)
            until = self._due if self._due < near_end else end
            self._ode.step(now, until)
            now = until
        self.time = end

    def sample(self, times: Sequence[float]) -> Floats:
        """Go through rising times, restarting the solver at administrations alone; return signals and species at each, (T, Q).

        For patients without a tissue. What is given at a time comes after the values at it.

        Parameters
        ----------
        times
            Day, none before the present.

        Raises
        ------
        SolverError
            With the model and the time.
        """
        rows = np.empty((len(times), len(self._sampled)))
        done, now = 0, self.time
        while done < len(times) and times[done] <= now:
            rows[done] = np.concatenate([self.signals(), self.species()])
            done += 1
        while done < len(times):
            self.settle(now)
            before = [time for time in times[done:] if time <= self._due + same_instant(self._due)]
            until = before[-1] if before and (before[-1] >= self._due or before[-1] == times[-1]) else self._due
            grid = [now, *before] if before and before[-1] == until else [now, *before, until]
            values = self._ode.through(grid, self._sampled)
            rows[done : done + len(before)] = values[1 : 1 + len(before)]
            done, now = done + len(before), until
        self.time = now
        return rows

    def settle(self, now: float) -> None:
        """Give what is due at this time (day). `advance` does this at the beginning of a step; again it does nothing."""
        latest = now + same_instant(now)
        if self._due > latest:
            return
        bolus = [0.0] * len(self.drugs)
        for infusion in [each for each in self._running if each[0] <= latest]:
            _, begun, amount, drug = infusion
            self._running.remove(infusion)
            rest = amount - self._rate(infusion) * (now - begun)  # of stopping at `now` instead of `stop`; about 1e-10
            bolus[drug] += rest
            self._given[drug] += amount
        for position, course in enumerate(self._courses):
            while course.time(self._next[position]) <= latest:
                self._next[position] += 1
                if math.isinf(self._first[course.drug]):
                    self._first[course.drug] = now
                    if self._first_dose[course.drug] >= 0:
                        self._ode.set_parameters([self._first_dose[course.drug]], [now])
                if course.duration > 0:
                    self._running.append((now + course.duration, now, course.amount, course.drug))
                else:
                    bolus[course.drug] += course.amount
                    self._given[course.drug] += course.amount
        self._running.sort()
        for drug, amount in enumerate(bolus):
            if amount != 0.0:
                self._ode.add(self._dose_into[drug], amount)
            if self._infusion[drug] >= 0:
                rate = math.fsum(self._rate(each) for each in self._running if each[3] == drug)
                self._ode.set_parameters([self._infusion[drug]], [rate])
        self._due = self._next_due()

    @staticmethod
    def _rate(infusion: tuple[float, float, float, int]) -> float:
        stop, begun, amount, _ = infusion
        return amount / (stop - begun)

    def _next_due(self) -> float:
        starts = [course.time(number) for course, number in zip(self._courses, self._next, strict=True)]
        return min([*starts, *(each[0] for each in self._running)], default=math.inf)

    def give(self, doses: Iterable[Dose | Regimen]) -> None:
        """Add doses to those still to come; none may begin in the past.

        Raises
        ------
        ModelError
            As `courses`, and for a dose before the present time.
        """
        added = courses(doses, self.drugs)
        for course in added:
            if course.at < self.time - same_instant(self.time):
                name = self.drugs[course.drug].name
                raise ModelError(f"dose of {name}: at {course.at:g} day is past; the body stands at day {self.time:g}")
        # one order for all, so that it does not matter when a dose became known
        order = sorted(zip([*self._courses, *added], [*self._next, *([0] * len(added))], strict=True))
        self._courses = [course for course, _ in order]
        self._next = [number for _, number in order]
        self._due = self._next_due()

    def signals(self) -> Floats:
        """Return the signals that cells can read, in the order of `signal_names`."""
        everything = np.concatenate((self._ode.amounts(), self._ode.values()))
        return everything[self._signals]

    def species(self) -> Floats:
        """Return the amounts of all species, in the order of `species_names` and `species_units`."""
        return self._ode.amounts()

    def parameter_values(self) -> dict[str, float]:
        """Return every parameter of the model by id, those that follow from rules included."""
        return dict(zip(self._ode.parameters, map(float, self._ode.values()), strict=True))

    def given(self) -> dict[str, float]:
        """Return what each drug has been given so far, infusions up to now, in its unit."""
        given = list(self._given)
        for infusion in self._running:
            given[infusion[3]] += self._rate(infusion) * (self.time - infusion[1])
        return {drug.name: amount for drug, amount in zip(self.drugs, given, strict=True)}

    def since_first_dose(self) -> dict[str, float]:
        """Return the days since the first dose of each drug; drugs not yet given are left out."""
        firsts = zip(self.drugs, self._first, strict=True)
        return {drug.name: self.time - at for drug, at in firsts if math.isfinite(at)}

    def state(self) -> dict[str, Floats]:
        """Return the whole state as plain arrays; `set_state` continues from it bit for bit.

        Raises
        ------
        ModelError
            For a body with delayed events of its own.
        """
        courses_left = [(*course, number) for course, number in zip(self._courses, self._next, strict=True)]
        return {
            "time": np.array([self.time]),
            **self._ode.state(),
            "courses": np.array(courses_left, dtype=np.float64).reshape(-1, 7),
            "infusions": np.array(self._running, dtype=np.float64).reshape(-1, 4),
            "given": np.array([self._given, self._first], dtype=np.float64).reshape(2, -1),
        }

    def set_state(self, state: Mapping[str, Floats]) -> None:
        """Continue from what `state` returned, doses still to come and running infusions included.

        Raises
        ------
        ModelError
            If the state is of another model.
        """
        missing = {"time", "courses", "infusions", "given"} - set(state)
        if missing or np.shape(state["given"]) != (2, len(self.drugs)):
            raise ModelError("body: the saved state does not fit this model")
        self.time = float(state["time"][0])
        self._ode.set_state(state, self.time)
        self._courses = [Course(int(row[0]), *(float(value) for value in row[1:6])) for row in state["courses"]]
        self._next = [int(row[6]) for row in state["courses"]]
        self._running = [(float(row[0]), float(row[1]), float(row[2]), int(row[3])) for row in state["infusions"]]
        self._given = [float(value) for value in state["given"][0]]
        self._first = [float(value) for value in state["given"][1]]
        self._due = self._next_due()

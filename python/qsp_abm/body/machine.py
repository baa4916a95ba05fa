"""The body at run time: the ODE model of a Model, stepped exactly through its doses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..doses import Course, Dose, Regimen, courses, same_instant
from ..errors import ModelError, SolverError
from .assemble import assemble
from .description import Body, Drug, Entry, parameter_values
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
        self._routes, self._sites = self._find_sites()
        self._infusions = sorted({site.infusion for site in self._sites} - {-1})
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
        self._running: list[_Infusion] = []
        self._late: list[_Arrival] = []  # given, but held back by a lag
        self._given = [0.0] * len(self.drugs)
        self._first = [math.inf] * len(self.drugs)
        self._due = self._next_due()
        self._start = self._ode.amounts()

    def _find_sites(self) -> tuple[list[list[list[int]]], list[_Site]]:
        """Number all places where doses enter; the first ones are `dose_into` of each drug, one after another.

        Returns
        -------
        tuple
            Sites by drug and route, and the sites.
        """
        entries = [
            (number, Entry(into=drug.dose_into, infusion=drug.infusion)) for number, drug in enumerate(self.drugs)
        ]
        routes: list[list[list[int]]] = []
        for number, drug in enumerate(self.drugs):
            routes.append([])
            for route, each in drug.all_routes.items():
                if route == "iv":
                    routes[-1].append([number])
                    continue
                routes[-1].append(list(range(len(entries), len(entries) + len(each))))
                entries += [(number, entry) for entry in each]
        return routes, [_Site.of(self._ode, number, entry) for number, entry in entries]

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
        bolus = [0.0] * len(self._sites)
        for infusion in [each for each in self._running if each.stop <= latest]:
            self._running.remove(infusion)
            # of stopping at `now` instead of `stop`; about 1e-10
            bolus[infusion.site] += infusion.amount - infusion.rate * (now - infusion.begun)
            self._given[self._sites[infusion.site].drug] += infusion.amount
        for arrival in [each for each in self._late if each.time <= latest]:
            self._late.remove(arrival)
            self._enter(arrival, now, bolus)
        for position, course in enumerate(self._courses):
            while course.time(self._next[position]) <= latest:
                self._next[position] += 1
                if math.isinf(self._first[course.drug]):
                    self._first[course.drug] = now
                    if self._first_dose[course.drug] >= 0:
                        self._ode.set_parameters([self._first_dose[course.drug]], [now])
                for arrival in self._arrivals(course, now):
                    if arrival.time <= latest:
                        self._enter(arrival, now, bolus)
                    else:
                        self._late.append(arrival)
        self._running.sort()
        self._late.sort()
        for site, amount in zip(self._sites, bolus, strict=True):
            if amount != 0.0:
                self._ode.add(site.into, amount)
        for parameter in self._infusions:
            rate = math.fsum(each.rate for each in self._running if self._sites[each.site].infusion == parameter)
            self._ode.set_parameters([parameter], [rate])
        self._due = self._next_due()

    def _arrivals(self, course: Course, now: float) -> Iterator[_Arrival]:
        """Yield what a dose given now adds where and when, with the present fractions, lags and durations."""
        for number in self._routes[course.drug][course.route]:
            site = self._sites[number]
            amount = course.amount if site.fraction < 0 else course.amount * self._ode.value(site.fraction)
            lag = 0.0 if site.lag < 0 else self._ode.value(site.lag)
            duration = course.duration
            if course.rate > 0:
                duration = amount / course.rate
            elif duration == 0 and site.duration >= 0:
                duration = self._ode.value(site.duration)
            if amount < 0 or lag < 0 or duration < 0:
                drug = self.drugs[course.drug].name
                raise ModelError(
                    f"dose of {drug}: amount {amount:g}, lag {lag:g}, duration {duration:g}; none may be < 0"
                )
            if amount > 0:
                yield _Arrival(now + lag, amount, duration, number)

    def _enter(self, arrival: _Arrival, now: float, bolus: list[float]) -> None:
        if arrival.duration > 0:
            self._running.append(_Infusion(now + arrival.duration, now, arrival.amount, arrival.site))
        else:
            bolus[arrival.site] += arrival.amount
            self._given[self._sites[arrival.site].drug] += arrival.amount

    def _next_due(self) -> float:
        starts = [course.time(number) for course, number in zip(self._courses, self._next, strict=True)]
        return min(
            [*starts, *(each.stop for each in self._running), *(each.time for each in self._late)], default=math.inf
        )

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

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Set parameters by their id in the model, from now on; a covariate that changes with time is set this way.

        Raises
        ------
        ModelError
            For an unknown id.
        """
        self._ode.set_parameters([self._ode.parameter(name) for name in values], list(values.values()))

    def reset(self) -> None:
        """Put all amounts back to their initial values, stop infusions and cancel what was still to come."""
        self.set_species(self._start)
        self._courses, self._next, self._running, self._late = [], [], [], []
        self._ode.set_parameters(self._infusions, [0.0] * len(self._infusions))
        self._due = math.inf

    def set_species(self, amounts: Floats, running: Iterable[tuple[float, float, float, int]] = ()) -> None:
        """Set the amounts of all species, in the order of `species_names`, and add running infusions.

        Parameters
        ----------
        amounts
            (S,), in `species_units`.
        running
            (stop, begun, amount, site) as `running` returns them, days of this machine.
        """
        for index, (before, after) in enumerate(zip(self._ode.amounts(), amounts, strict=True)):
            if before != after:
                self._ode.set_amount(index, float(after))
        self._running = sorted([*self._running, *(_Infusion(*each) for each in running)])
        self._due = -math.inf if self._running else self._next_due()  # the next step sets the rates

    @property
    def running(self) -> tuple[tuple[float, float, float, int], ...]:
        """The running infusions: stop and begin (day), amount, site."""
        return tuple(self._running)

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
        """Return what of each drug has entered so far, in its unit: infusions up to now, of other routes the bioavailable part."""
        given = list(self._given)
        for infusion in self._running:
            given[self._sites[infusion.site].drug] += infusion.rate * (self.time - infusion.begun)
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
            "courses": np.array(courses_left, dtype=np.float64).reshape(-1, 9),
            "infusions": np.array(self._running, dtype=np.float64).reshape(-1, 4),
            "late": np.array(self._late, dtype=np.float64).reshape(-1, 4),
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
        rows = [_course(row) for row in state["courses"]]
        self._courses = [course for course, _ in rows]
        self._next = [number for _, number in rows]
        self._running = [
            _Infusion(float(row[0]), float(row[1]), float(row[2]), int(row[3])) for row in state["infusions"]
        ]
        self._late = [
            _Arrival(float(row[0]), float(row[1]), float(row[2]), int(row[3])) for row in state.get("late", ())
        ]
        self._given = [float(value) for value in state["given"][0]]
        self._first = [float(value) for value in state["given"][1]]
        self._due = self._next_due()


class _Site(NamedTuple):
    """An `Entry` as indices into the compiled model; -1: none."""

    drug: int
    into: int
    infusion: int
    fraction: int
    lag: int
    duration: int

    @classmethod
    def of(cls, ode: Ode, drug: int, entry: Entry) -> _Site:
        found = (entry.infusion, entry.fraction, entry.lag, entry.duration)
        return cls(drug, ode.amount(entry.into), *(-1 if name is None else ode.parameter(name) for name in found))


class _Infusion(NamedTuple):
    stop: float
    begun: float
    amount: float
    site: int

    @property
    def rate(self) -> float:
        return self.amount / (self.stop - self.begun)


class _Arrival(NamedTuple):
    """Part of a dose on its way to a site: when, how much, over which time."""

    time: float
    amount: float
    duration: float
    site: int


def _course(row: Floats) -> tuple[Course, int]:
    """Read a row of a saved state: a course and the number of its next administration."""
    drug, at, every, repeats, amount, duration, *more, number = (float(value) for value in row)
    route, rate = more or (0.0, 0.0)  # states of version 0.1 had neither
    return Course(int(drug), at, every, repeats, amount, duration, int(route), rate), int(number)

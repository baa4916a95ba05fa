"""Event tables solved: what a drug does at each record of each person."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .. import units
from ..body.description import Drug
from ..body.machine import BodyMachine
from ..doses import Dose, Route
from ..errors import ModelError, suggest
from ..variability import individual
from .nonmem import EventTable, route_of
from .steady import steady_state

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["predict"]

Modelled = float | Callable[[Mapping[str, float]], float]
Advance = Literal["nocb", "locf"]


def predict(
    drug: Drug,
    table: EventTable,
    *,
    covariates: Mapping[str, str] | None = None,
    advance: Advance = "nocb",
    routes: Mapping[int, Route] | None = None,
    modelled_rate: Modelled | None = None,
    modelled_duration: Modelled | None = None,
) -> pd.DataFrame:
    """Return the signals of a drug at every record of an event table.

    Records are taken in the order of the table: an observation before a dose of the same time sees the state before it. Doses that
    ADDL implies come before a record of the same time. Fractions, lags, rates and durations of a dose are those of its own record.
    A reset (EVID 3 or 4) empties all compartments, stops infusions and cancels what was still to come. Steady state by SS 1
    replaces what there is, SS 2 adds to it. A constant infusion (SS 1, AMT 0, RATE) ends with its record.

    Parameters
    ----------
    drug
        The typical patient.
    table
        Events.
    covariates
        Column -> covariate of the drug's population model, or a parameter of the drug, such as ``{"WT": "weight"}``; other columns
        are carried along unused.
    advance
        Between two records the covariates are those of the next one (``nocb``, next observation carried backward, as in NONMEM) or
        of the last one (``locf``). The end of an infusion is no record.
    routes
        CMT -> route of the drug; None: its usual route whatever CMT says.
    modelled_rate, modelled_duration
        For RATE -1 (unit of the drug per day) and -2 (day): a number, or a function of the covariates of the record.

    Returns
    -------
    DataFrame
        ``ID``, ``TIME`` and one column per signal, one row per record.

    Raises
    ------
    ModelError
        For unknown covariates and routes, a person without a value of a covariate, modelled rates and durations that are not given, and steady state of a drug whose
        clearance depends on the time since the first dose.
    """
    import pandas as pd

    if advance not in ("nocb", "locf"):
        raise ModelError(f"advance: '{advance}' is not allowed{suggest(advance, ('nocb', 'locf'))}")
    _check_covariates(drug, table, covariates or {})
    rows: list[dict[str, float]] = []
    for person in table.people:
        solver = _Person(drug, table, dict(covariates or {}), routes, modelled_rate, modelled_duration)
        rows += solver.run(table.records(person), advance)
    return pd.DataFrame(rows)


def _check_covariates(drug: Drug, table: EventTable, covariates: Mapping[str, str]) -> None:
    known = set(drug.typical)
    if drug.variability is not None:
        known |= set(drug.variability.covariates)
    for column, name in covariates.items():
        if column not in table.covariates:
            raise ModelError(f"covariates: the table has no column '{column}'{suggest(column, table.covariates)}")
        if name not in known:
            raise ModelError(f"covariates: {drug.name} has no covariate or parameter '{name}'{suggest(name, known)}")


@dataclass
class _Person:
    """One person on the way through the records."""

    drug: Drug
    table: EventTable
    covariates: dict[str, str]
    routes: Mapping[int, Route] | None
    modelled_rate: Modelled | None
    modelled_duration: Modelled | None
    values: dict[str, float] = field(init=False)  # what the covariates of the present decide
    now: Drug = field(init=False)  # the drug with them
    machine: BodyMachine = field(init=False)

    def run(self, records: list[dict[str, float]], advance: Advance) -> list[dict[str, float]]:
        self.values = self._parameters(records[0])
        self.now = individual(self.drug, self.values)
        self.machine = BodyMachine(None, [self.now])
        zero = -self.table.days(records[0]["TIME"])  # from the time of the table to that of the machine
        rows = []
        for record in records:
            time = self.table.days(record["TIME"]) + zero
            if time < self.machine.time and record["EVID"] in (3, 4):  # time begins anew
                zero += self.machine.time - time
                time = self.machine.time
            if advance == "nocb":
                self._set(record)
            if time > self.machine.time:
                self.machine.advance(self.machine.time, time)
            if advance == "locf":
                self._set(record)
            self.machine.settle(time)
            if record["EVID"] in (3, 4):
                self.machine.reset()
            if record["EVID"] in (1, 4):
                self._dose(record)
            signals = dict(zip(self.machine.signal_names, self.machine.signals().tolist(), strict=True))
            rows.append({"ID": record["ID"], "TIME": record["TIME"]} | signals)
        return rows

    def _parameters(self, record: Mapping[str, float]) -> dict[str, float]:
        """Parameters that the covariates of a record decide."""
        model = self.drug.variability
        for column in self.covariates:
            if column not in record:
                raise ModelError(f"predict: ID {record['ID']:g} has no value of the covariate {column}")
        given = {name: record[column] for column, name in self.covariates.items()}
        modelled = {} if model is None else {name: each for name, each in given.items() if name in model.covariates}
        plain = {name: each for name, each in given.items() if name not in modelled}
        if model is None or not modelled:
            return plain
        return model.values(self.drug.typical, modelled) | plain

    def _set(self, record: Mapping[str, float]) -> None:
        values = self._parameters(record)
        if values != self.values:
            self.values = values
            self.now = individual(self.drug, values)
            self.machine.set_parameters({self.drug.identifier(name): value for name, value in values.items()})

    def _dose(self, record: Mapping[str, float]) -> None:
        machine, time = self.machine, self.machine.time
        constant = record["AMT"] == 0.0
        dose = self._constant(record) if constant else self._given(record)
        if record["SS"] > 0:
            if self.drug.first_dose is not None:
                raise ModelError(
                    f"{self.drug.name}: SS is not defined, its clearance depends on the time since the first dose; give the doses"
                )
            steady = steady_state(self.now, dose)
            if record["SS"] == 1:
                machine.reset()
            before = machine.species() if record["SS"] == 2 else 0.0
            running = [(stop + time, begun + time, amount, site) for stop, begun, amount, site in steady.running]
            machine.set_species(before + steady.amounts, () if constant else running)
        if not constant:
            count = int(record["ADDL"]) + 1
            machine.give(
                [dose.replace(at=time, every=dose.every if count > 1 else None, count=count if count > 1 else None)]
            )
        machine.settle(time)

    def _given(self, record: Mapping[str, float]) -> Dose:
        """The dose of a record, with its interval where it has one."""
        length = self.table.days(1.0)
        amount = units.to_dose(
            f"{record['AMT']!r} {self.table.amount_unit}", self.drug.unit, "AMT", self.now.weight, self.now.surface
        )
        duration, rate = self.table.days(record["DUR"]), None
        if record["RATE"] == -1:
            rate = self._modelled("modelled_rate", self.modelled_rate, record)
        elif record["RATE"] == -2:
            duration = self._modelled("modelled_duration", self.modelled_duration, record)
        elif record["RATE"] > 0:
            rate = amount / record["AMT"] * record["RATE"] / length
        return Dose(
            drug=self.drug.name,
            amount=amount,
            every=self.table.days(record["II"]) if record["II"] > 0 else None,
            duration=duration if rate is None else None,
            rate=rate,
            route=route_of(record, self.routes),
        )

    def _constant(self, record: Mapping[str, float]) -> Dose:
        rate = units.to_dose(
            f"{record['RATE']!r} {self.table.amount_unit}", self.drug.unit, "RATE", self.now.weight, self.now.surface
        ) / self.table.days(1.0)
        return Dose(drug=self.drug.name, amount=rate, every=1.0, duration=1.0, route=route_of(record, self.routes))

    def _modelled(self, name: str, value: Modelled | None, record: Mapping[str, float]) -> float:
        if value is None:
            raise ModelError(f"predict: RATE is {record['RATE']:g} at TIME {record['TIME']:g}; give {name}")
        found = float(value(record)) if callable(value) else float(value)
        if not (found > 0 and math.isfinite(found)):
            raise ModelError(f"predict: {name} is {found:g} at TIME {record['TIME']:g}; it must be above 0")
        return found

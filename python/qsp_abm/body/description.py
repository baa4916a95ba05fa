"""What a body and a drug are: Antimony text, its numbers, and the signals that cells can read. Nothing here runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Setting
from pydantic import model_validator

from ..doses import Route
from ..errors import ModelError, suggest
from ..frozen import Frozen, Quantity
from ..parameters import Parameter
from ..variability import Variability
from .ports import DoseInto, Port
from .ports import identifier as port_identifier

__all__ = ["Body", "Drug", "Entry", "compose", "parameter_values"]

_NAME = r"^[a-z][a-z0-9_]*$"
_ASSIGNED = re.compile(r"(?m)(?:^|;)\s*(?:const\s+)?([A-Za-z_]\w*)\s*:?=(?!=)")
_DECLARED = re.compile(r"(?m)^\s*(?:const\s+)?([A-Za-z_]\w*)\s*=(?!=)")


class _Part(Frozen):
    """What bodies and drugs share.

    Every parameter ``p`` of a part named ``n`` appears in the Antimony text as ``n_p``; its value comes from the Parameter and
    is not written in the text. Quantities derived from parameters are written with ``:=``, so that they follow a change.
    """

    name: Annotated[str, Setting(pattern=_NAME)]
    antimony: str = ""
    signals: dict[str, tuple[str, str]] = {}
    species: dict[str, str] = {}
    parameters: tuple[Parameter, ...] = ()

    def identifier(self, parameter: str) -> str:
        """Return the id of a parameter in the Antimony text."""
        return f"{self.name}_{parameter}"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [parameter.name for parameter in self.parameters]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"parameter '{min(twice)}' is given twice")
        declared = set(_DECLARED.findall(self.antimony)) & {self.identifier(name) for name in names}
        if declared:
            raise ValueError(f"antimony sets '{min(declared)}', whose value comes from the parameters; leave it out")
        return self


class Body(_Part):
    """A compartmental ODE model of the patient.

    Parameters
    ----------
    name
        Such as ``blood``.
    antimony
        Statements (no ``model ... end``); time in day, species as amounts (``substanceOnly species``).
    signals
        Name that rules and records use -> (id in the model, unit).
    species
        Unit of each species, for records.
    parameters
        Their values.
    prefix
        Of the ids of its parameters in the Antimony text; None: the name and an underscore.
    sbml
        Instead of Antimony: an imported model, in days; see `from_sbml`.
    inputs
        What the tissue may tell, name -> (parameter in the model, unit); a `Coupling` says what each is told.
    targets
        What doses go into, by the name of the drug; see `drug`.
    """

    prefix: str | None = None
    sbml: str = ""
    inputs: dict[str, tuple[str, str]] = {}
    targets: dict[str, DoseInto] = {}

    @classmethod
    def from_sbml(
        cls,
        source: str | Path,
        ports: Mapping[str, Port | Mapping[str, Any]] | None = None,
        *,
        name: str = "body",
        units: Literal["auto", "convert", "as-is"] = "auto",
        time: str | None = None,
        prefix: str = "",
        values: Mapping[str, float] | None = None,
    ) -> Self:
        """Return a body from an SBML model, which runs beside drugs in one compiled model.

        Parameters
        ----------
        source
            SBML text, or the path of a file.
        ports
            Name -> `Read`, `Drive` or `DoseInto`, or a table with ``read``, ``drive`` or ``dose_into`` and their settings; a model
            without ports runs by itself.
        name
            Of the body.
        units
            "auto": a file that mixes units is scaled to one coherent set (items, dm, days) if all its formulas allow it;
            "convert": that, or an error; "as-is": the numbers of the file.
        time
            Unit of the model's time where the file does not say it, such as ``"hour"``; the body runs in days.
        prefix
            Of all ids, where they would clash with those of drugs.
        values
            Id -> other initial value of a species, parameter or compartment, in the file's units.

        Raises
        ------
        ModelError
            For files that cannot be read or run (algebraic rules, delays, fast reactions), units and ports that do not fit.

        Examples
        --------
        >>> body = Body.from_antimony(
        ...     "model m; compartment V = 3; species D in V; D -> ; k*D*V; k = 0.1; end",
        ...     {"drug.plasma": {"read": "D"}}, time="hour")
        >>> body.signals
        {'drug.plasma': ('port_drug_plasma', '')}
        """
        # what reads and runs is loaded on first use, as `qsp_abm.Simulation` is: a description by itself needs none of it
        read = import_module(f"{__package__}.importing").read
        return cls(**read(source, ports or {}, name=name, units=units, time=time, prefix=prefix, values=values or {}))

    @classmethod
    def from_antimony(
        cls, text: str, ports: Mapping[str, Port | Mapping[str, Any]] | None = None, **settings: Any
    ) -> Self:
        """Return a body from a whole Antimony model; everything else as in `from_sbml`."""
        translate = import_module(f"{__package__}.ode").to_sbml
        return cls.from_sbml(translate(text), ports, **settings)

    def drug(self, name: str) -> Drug:
        """Return the drug that a `DoseInto` port of this name stands for; its pharmacokinetics are the body's.

        Raises
        ------
        ModelError
            If there is no such port.
        """
        if name not in self.targets:
            raise ModelError(f"body '{self.name}': no doses go into '{name}'{suggest(name, self.targets)}")
        port, own = self.targets[name], f"{self.prefix or ''}{port_identifier(name)}"
        return Drug(
            name=name,
            unit=port.unit,
            molar_mass=port.molar_mass,
            dose_into=f"{own}_bolus",
            infusion=f"{own}_infusion",
            duration=port.duration,
            weight=port.weight,
        )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.sbml and self.antimony:
            raise ValueError("it has both antimony and sbml; give one of them")
        return self

    def identifier(self, parameter: str) -> str:
        """Return the id of a parameter in the Antimony text."""
        return super().identifier(parameter) if self.prefix is None else f"{self.prefix}{parameter}"


class Entry(Frozen):
    """One way by which a dose, or a part of it, enters the body. Every name is an id in the Antimony text.

    Parameters
    ----------
    into
        Species that it is added to.
    infusion
        Parameter that holds the rate of the running infusions, unit of the dose per day; None: only at once.
    fraction
        Bioavailable fraction of the dose that enters here; None: all of it.
    lag
        Time between the dose and its entry, day; None: none.
    duration
        Time over which it enters (zero-order absorption), day; None: at once, or as the dose says.
    """

    into: str
    infusion: str | None = None
    fraction: str | None = None
    lag: str | None = None
    duration: str | None = None


class Drug(_Part):
    """What is given, and what the body does with it.

    Parameters
    ----------
    name
        Prefix of all its ids.
    unit
        Unit of a dose, ``mg`` or ``cell``.
    molar_mass
        g/mol.
    antimony, signals, species, parameters
        As in `Body`.
    dose_into
        Species that an intravenous bolus is added to, in `unit`.
    infusion
        Parameter that holds the rate of the running intravenous infusions, `unit` per day; None: only boluses.
    duration
        Infusion time of intravenous doses that state none, day; 0: a bolus.
    routes
        Other routes: their entries; a dose may be split over several (dual absorption).
    usual_route
        Route of doses that state none; a drug whose usual route is not intravenous and that has no `infusion` takes no
        intravenous doses.
    first_dose
        Parameter that is set to the time of the first dose, day, for clearances that depend on the time since then.
    weight
        Body weight for doses per kg, kg.
    height
        Body height for doses per m2, cm.
    variability
        How patients differ.
    """

    unit: str = "mg"
    molar_mass: Annotated[float, Setting(gt=0)] | None = None
    dose_into: str
    infusion: str | None = None
    duration: Annotated[float, Quantity("day", non_negative=True)] = 0.0
    routes: dict[Route, Annotated[tuple[Entry, ...], Setting(min_length=1)]] = {}
    usual_route: Route = "iv"
    first_dose: str | None = None
    weight: Annotated[float, Quantity("kg", positive=True)] | None = None
    height: Annotated[float, Quantity("cm", positive=True)] | None = None
    variability: Variability | None = None

    @model_validator(mode="after")
    def _routes_known(self) -> Self:
        if self.duration > 0 and self.infusion is None:
            raise ValueError("it has an infusion time but no parameter for the infusion rate")
        if "iv" in self.routes:
            raise ValueError("routes: 'iv' is dose_into and infusion; leave it out")
        if self.usual_route not in self.all_routes:
            raise ValueError(f"usual_route '{self.usual_route}' is not among its routes {', '.join(self.all_routes)}")
        return self

    @property
    def typical(self) -> dict[str, float]:
        """Values of its parameters: those of the typical patient, that `variability` varies."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    @property
    def all_routes(self) -> dict[Route, tuple[Entry, ...]]:
        """Its routes with their entries, the intravenous one first where there is one."""
        others: dict[Route, tuple[Entry, ...]] = {name: self.routes[name] for name in sorted(self.routes)}
        if self.usual_route != "iv" and self.infusion is None:
            return others
        return {"iv": (Entry(into=self.dose_into, infusion=self.infusion),), **others}

    @property
    def surface(self) -> float | None:
        """Body surface area by Mosteller's formula, m2: ``sqrt(height weight / 3600)``, cm and kg; None if not known.

        References
        ----------
        Mosteller 1987, N Engl J Med 317:1098.
        """
        if self.weight is None or self.height is None:
            return None
        return math.sqrt(self.height * self.weight / 3600.0)


def compose(body: Body | None, drugs: Sequence[Drug] = (), *, values: bool = True) -> str:
    """Return one Antimony model of a body and its drugs.

    Parameters
    ----------
    body, drugs
        The parts; their ids must not clash.
    values
        False leaves the numbers out (all 1): the text that is compiled once for all patients.

    Raises
    ------
    ModelError
        If two parts have the same name or an id in common, or one signal is given twice.
    """
    parts: list[Body | Drug] = [*([body] if body else []), *drugs]
    _refuse_twice((part.name for part in parts), "the body and drugs are called")
    _refuse_twice((name for part in parts for name in part.signals), "a body signal is called")
    _refuse_twice((name for part in parts for name in sorted(_ids(part))), "the body and drugs declare")
    lines = ["model body"]
    for part in parts:
        lines += ["", f"  // {type(part).__name__.lower()}: {part.name}"]
        for parameter in part.parameters:
            number = repr(float(parameter.value)) if values else "1"
            remark = f"  // {parameter.unit or '1'}; {parameter.source}".replace("\n", " ") if values else ""
            lines.append(f"  {part.identifier(parameter.name)} = {number};{remark}")
        lines += [f"  {line.rstrip()}" for line in part.antimony.strip().splitlines()]
    return "\n".join([*lines, "end", ""])


def _ids(part: Body | Drug) -> set[str]:
    """Return what a part declares."""
    declared = {part.identifier(parameter.name) for parameter in part.parameters}
    return declared | set(part.species) | set(_ASSIGNED.findall(part.antimony))


def parameter_values(body: Body | None, drugs: Sequence[Drug] = ()) -> dict[str, float]:
    """Return every parameter id of the composed model with its value."""
    parts: list[Body | Drug] = [*([body] if body else []), *drugs]
    return {part.identifier(parameter.name): float(parameter.value) for part in parts for parameter in part.parameters}


def _refuse_twice(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f"two of {what} '{name}'; names must differ")
        seen.add(name)

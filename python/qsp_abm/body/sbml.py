"""Reading SBML: what a file holds, what of it changes, and what cannot be run. Nothing here runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import catalogue, units
from ..errors import ModelError, suggest
from .unit_check import UnitTable

__all__ = ["Quantity", "SbmlModel", "load", "own_time", "read_sbml", "time_declared", "time_unit"]

_ANTIMONY = {".ant", ".antimony", ".txt"}
_SBML = {".xml", ".sbml"}
_TIMES = {"s": 1.0, "min": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a run reports: a species, or a parameter or compartment that changes.

    Parameters
    ----------
    id
        SBML id.
    name
        Display name; the id where there is none.
    kind
        "species", "parameter" or "compartment".
    amount
        Of a species: whether its id means an amount (``hasOnlySubstanceUnits``) and not a concentration.
    place
        Display name of a species' compartment.
    unit
        As the file names it; empty where it declares none.
    """

    id: str
    name: str
    kind: str
    amount: bool = False
    place: str = ""
    unit: str = ""

    @property
    def selection(self) -> str:
        """Name under which the solver knows the value."""
        return f"[{self.id}]" if self.kind == "species" and not self.amount else self.id


@dataclass(frozen=True, slots=True)
class SbmlModel:
    """An SBML model, as it is.

    Parameters
    ----------
    text
        The SBML text.
    id
        Of the model; "model" where it has none.
    quantities
        What a run reports: every species, then the parameters and compartments that a rule, an event or an initial
        assignment changes.
    settable
        Ids that can be given another value: species, parameters and compartments that no assignment rule governs.
    """

    text: str
    id: str
    quantities: tuple[Quantity, ...]
    settable: frozenset[str]

    def with_values(self, values: Mapping[str, float]) -> SbmlModel:
        """Return the model with other initial values: of species (in the sense of their id), parameters and compartments.

        A species that the file gives as a concentration keeps it when its compartment changes, one given as an amount keeps
        that.

        Raises
        ------
        ModelError
            For ids that the model does not have, or that a rule governs.
        """
        if not values:
            return self
        libsbml = _library()
        document = libsbml.readSBMLFromString(self.text)
        model = document.getModel()
        for name, value in values.items():
            if name not in self.settable:
                raise ModelError(f"body: '{name}' cannot be set{suggest(name, self.settable)}")
            model.removeInitialAssignment(name)
            element = model.getElementBySId(name)
            if element.getTypeCode() == libsbml.SBML_COMPARTMENT:
                element.setSize(float(value))
            elif element.getTypeCode() == libsbml.SBML_PARAMETER:
                element.setValue(float(value))
            elif element.getHasOnlySubstanceUnits():
                element.unsetInitialConcentration()
                element.setInitialAmount(float(value))
            else:
                element.unsetInitialAmount()
                element.setInitialConcentration(float(value))
        return replace(self, text=libsbml.writeSBMLToString(document))


def load(source: str | Path) -> SbmlModel:
    """Read a model from a file, SBML (``.xml``, ``.sbml``) or Antimony (``.ant``, ``.txt``), or by its name in the library.

    Raises
    ------
    ModelError
        If the file cannot be read, or holds no model.

    Examples
    --------
    >>> len(load("nsclc_gong_2021").text) > 0
    True
    """
    path = Path(source)
    for kind in ("bodies", "published"):
        if str(source) in catalogue.names(kind):
            return _of_library(kind, str(source))
    text = _file(path)
    if path.suffix.lower() in _SBML or text.lstrip().startswith("<"):
        return read_sbml(text, str(path))
    if path.suffix.lower() in _ANTIMONY:
        from .ode import to_sbml

        return read_sbml(to_sbml(text), str(path))
    raise ModelError(
        f"{path}: is no model; allowed: SBML ({', '.join(sorted(_SBML))}) or Antimony ({', '.join(sorted(_ANTIMONY))})"
    )


def _of_library(kind: str, name: str) -> SbmlModel:
    from .description import Body, compose
    from .ode import to_sbml

    body = catalogue.builder(kind, name)()
    if not isinstance(body, Body):
        raise ModelError(f"library.{kind}.{name}: is no body")
    text = compose(body).replace("\n", "\nunit time_unit = 86400 second;\n", 1)  # bodies are in days
    return read_sbml(to_sbml(text), name)


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"{path}: is no text in UTF-8") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None


def read_sbml(text: str, where: str = "body") -> SbmlModel:
    """Read SBML text, levels 1 to 3.

    Raises
    ------
    ModelError
        If it is not SBML, or holds algebraic rules, delays or fast reactions.
    """
    libsbml = _library()
    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    if model is None:
        said = document.getError(0).getMessage().strip().split("\n")[0] if document.getNumErrors() else "no model"
        raise ModelError(f"{where}: cannot be read as SBML: {said}")
    refused = _refused(libsbml, model)
    if refused:
        raise ModelError(f"{where}: {' and '.join(refused)}; algebraic rules, delays and fast reactions are refused")
    rules = list(model.getListOfRules())
    changed = [each.getVariable() for each in rules]
    changed += [each.getSymbol() for each in model.getListOfInitialAssignments()]
    changed += [each.getVariable() for event in model.getListOfEvents() for each in event.getListOfEventAssignments()]
    found = [
        Quantity(
            each.getId(),
            each.getName() or each.getId(),
            "species",
            bool(each.getHasOnlySubstanceUnits()),
            *_place_and_unit(model, each),
        )
        for each in model.getListOfSpecies()
    ]
    known = {each.id for each in found}
    for kind, elements in (("parameter", model.getListOfParameters()), ("compartment", model.getListOfCompartments())):
        for each in elements:
            if each.getId() in changed and each.getId() not in known:
                found.append(Quantity(each.getId(), each.getName() or each.getId(), kind, unit=each.getUnits()))
    ruled = {each.getVariable() for each in rules if each.isAssignment()}
    everything = (*model.getListOfSpecies(), *model.getListOfParameters(), *model.getListOfCompartments())
    settable = frozenset(each.getId() for each in everything) - ruled
    return SbmlModel(text, model.getId() or "model", tuple(found), settable)


def _place_and_unit(model: Any, species: Any) -> tuple[str, str]:
    """Return the compartment's display name and the unit of a species, as the file names them."""
    compartment = model.getCompartment(species.getCompartment())
    substance, size = species.getSubstanceUnits(), compartment.getUnits()
    unit = substance if species.getHasOnlySubstanceUnits() or not (substance and size) else f"{substance}/{size}"
    return compartment.getName() or compartment.getId(), unit


def own_time(model: SbmlModel, time: str | float, what: str = "time") -> float:
    """Return a time in the model's own unit.

    Parameters
    ----------
    model
        Whose unit it is.
    time
        A number, in the model's unit already, or text with a unit such as ``"400 day"``.
    what
        What an error names.

    Raises
    ------
    ModelError
        For what is no time, and for a unit if the model declares none.

    Examples
    --------
    >>> from qsp_abm.body.ode import to_sbml
    >>> hourly = read_sbml(to_sbml("model m; unit time_unit = 3600 second; S = 1; S' = -S; end"))
    >>> own_time(hourly, "2 day"), own_time(hourly, "48")
    (48.0, 48.0)
    """
    if not isinstance(time, str):
        return float(time)
    number, unit = units.split(time, what)
    if not math.isfinite(number):
        raise ModelError(f"{what}: '{time}' is no number")
    if not unit:
        return number
    found = _seconds(model)
    if found is None:
        raise ModelError(f"{what}: {model.id} declares no unit of time; give a plain number instead of '{time}'")
    return units.to(time, "s", what) / found


def time_declared(model: SbmlModel) -> bool:
    """Tell whether the model itself says what its unit of time is; the second that level 2 presumes does not count."""
    sbml = _library().readSBMLFromString(model.text).getModel()
    if sbml.getLevel() < 3 and sbml.getUnitDefinition("time") is None:
        return False
    return _seconds(model) is not None


def time_unit(model: SbmlModel) -> str:
    """Return the name of the model's unit of time; empty where it has none, or an odd one."""
    seconds = _seconds(model)
    return next((name for name, one in _TIMES.items() if seconds is not None and math.isclose(seconds, one)), "")


def _seconds(model: SbmlModel) -> float | None:
    """Return the length of the model's unit of time, s."""
    found = UnitTable(_library().readSBMLFromString(model.text).getModel()).time()
    return None if found is None or dict(found.dimensions) != {"second": 1} else found.factor


def _library() -> Any:
    import libsbml

    return libsbml


def _refused(libsbml: Any, model: Any) -> list[str]:
    found = []
    if any(rule.isAlgebraic() for rule in model.getListOfRules()):
        found.append("it has algebraic rules")
    if any(reaction.isSetFast() and reaction.getFast() for reaction in model.getListOfReactions()):
        found.append("it has fast reactions")
    if _calls_delay(libsbml, model):
        found.append("it has delays")
    return found


def _calls_delay(libsbml: Any, model: Any) -> bool:
    """Tell whether any formula of the model uses the delay of a quantity (delays of events are something else)."""
    formulas = [
        *(each.getMath() for each in model.getListOfRules()),
        *(each.getMath() for each in model.getListOfInitialAssignments()),
        *(each.getMath() for each in model.getListOfFunctionDefinitions()),
        *(each.getKineticLaw().getMath() for each in model.getListOfReactions() if each.getKineticLaw() is not None),
        *(event.getTrigger().getMath() for event in model.getListOfEvents() if event.getTrigger() is not None),
        *(each.getMath() for event in model.getListOfEvents() for each in event.getListOfEventAssignments()),
    ]

    def inside(node: Any) -> bool:
        if node is None:
            return False
        if node.getType() == libsbml.AST_FUNCTION_DELAY:
            return True
        return any(inside(node.getChild(index)) for index in range(node.getNumChildren()))

    return any(inside(formula) for formula in formulas)

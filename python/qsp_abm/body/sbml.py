"""Reading SBML: what a file holds, what of it changes, and what cannot be run. Nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ModelError, suggest

__all__ = ["Quantity", "SbmlModel", "load", "read_sbml"]

_ANTIMONY = {".ant", ".antimony", ".txt"}
_SBML = {".xml", ".sbml"}


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
    """

    id: str
    name: str
    kind: str
    amount: bool = False

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
    """Read a model from a file, SBML (``.xml``, ``.sbml``) or Antimony (``.ant``, ``.txt``), by what it holds.

    Raises
    ------
    ModelError
        If the file cannot be read, or holds no model.
    """
    path = Path(source)
    text = _file(path)
    if path.suffix.lower() in _SBML or text.lstrip().startswith("<"):
        return read_sbml(text, str(path))
    if path.suffix.lower() in _ANTIMONY:
        from .ode import to_sbml

        return read_sbml(to_sbml(text), str(path))
    raise ModelError(
        f"{path}: is no model; allowed: SBML ({', '.join(sorted(_SBML))}) or Antimony ({', '.join(sorted(_ANTIMONY))})"
    )


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
        Quantity(each.getId(), each.getName() or each.getId(), "species", bool(each.getHasOnlySubstanceUnits()))
        for each in model.getListOfSpecies()
    ]
    known = {each.id for each in found}
    for kind, elements in (("parameter", model.getListOfParameters()), ("compartment", model.getListOfCompartments())):
        for each in elements:
            if each.getId() in changed and each.getId() not in known:
                found.append(Quantity(each.getId(), each.getName() or each.getId(), kind))
    ruled = {each.getVariable() for each in rules if each.isAssignment()}
    everything = (*model.getListOfSpecies(), *model.getListOfParameters(), *model.getListOfCompartments())
    settable = frozenset(each.getId() for each in everything) - ruled
    return SbmlModel(text, model.getId() or "model", tuple(found), settable)


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

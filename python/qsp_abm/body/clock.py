"""The time of an imported model in days, whatever its own unit: rates are multiplied, everything else stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ModelError

__all__ = ["to_days"]

_PER_DAY = "time_units_per_day"


def to_days(text: str, per_day: float) -> str:
    """Return SBML with its time in days.

    Parameters
    ----------
    text
        SBML.
    per_day
        The model's own units of time in a day.

    Raises
    ------
    ModelError
        If a formula uses the rate of a reaction or of a quantity, whose number would change.
    """
    if per_day == 1.0:
        return text
    import libsbml

    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    if model.getNumFunctionDefinitions():
        options = libsbml.ConversionProperties()
        options.addOption("expandFunctionDefinitions", True)
        document.convert(options)
    reactions = {reaction.getId() for reaction in model.getListOfReactions()}
    rates = [each.getKineticLaw() for each in model.getListOfReactions() if each.getKineticLaw() is not None]
    rates += [rule for rule in model.getListOfRules() if rule.isRate()]
    others: list[Any] = [rule for rule in model.getListOfRules() if not rule.isRate()]
    others += model.getListOfInitialAssignments()
    for event in model.getListOfEvents():
        others += [each for each in (event.getTrigger(), event.getPriority()) if each is not None]
        others += event.getListOfEventAssignments()
    delays = [event.getDelay() for event in model.getListOfEvents() if event.getDelay() is not None]
    for element in (*rates, *others, *delays):
        for node in _nodes(element.getMath()):
            if node.getType() == libsbml.AST_FUNCTION_RATE_OF or node.getName() in reactions:
                raise ModelError(
                    f"{model.getId()}: a formula uses the rate of '{node.getName()}'; give the model in days"
                )
    scale = model.createParameter()
    scale.setId(_PER_DAY)
    scale.setValue(per_day)
    scale.setConstant(True)
    for element in (*rates, *others, *delays):
        formula = element.getMath().deepCopy()
        for node in [each for each in _nodes(formula) if each.getType() == libsbml.AST_NAME_TIME]:
            node.setType(libsbml.AST_TIMES)
            node.addChild(_name(libsbml, _PER_DAY))
            time = libsbml.ASTNode(libsbml.AST_NAME_TIME)
            time.setName("time")
            node.addChild(time)
        if element not in others:
            whole = libsbml.ASTNode(libsbml.AST_TIMES if element in rates else libsbml.AST_DIVIDE)
            whole.addChild(formula)
            whole.addChild(_name(libsbml, _PER_DAY))
            formula = whole
        element.setMath(formula)
    return str(libsbml.writeSBMLToString(document))


def _name(libsbml: Any, name: str) -> Any:
    node = libsbml.ASTNode(libsbml.AST_NAME)
    node.setName(name)
    return node


def _nodes(node: Any) -> Iterator[Any]:
    if node is not None:
        yield node
        for index in range(node.getNumChildren()):
            yield from _nodes(node.getChild(index))

"""Units of a body written here: every rule and rate of its Antimony text against the units of its numbers and species.

Units are compared by name and power, and nothing is converted: a number in L beside one in mL is a problem, as the text
works with the numbers as they are.
"""

from __future__ import annotations

from typing import Any

from ..errors import ModelError
from ..units import parts
from .description import Body, compose
from .ode import to_sbml
from .unit_check import Checker, Unit, dimension_text

__all__ = ["check_dimensions"]


def check_dimensions(body: Body) -> None:
    """Check that every rule, rate and signal of a body is in the units that its parameters and species have.

    Numbers in the text count as plain numbers; time is in days. For a body alone: its drugs keep units of their own.

    Raises
    ------
    ModelError
        With all formulas that do not fit.

    Examples
    --------
    >>> from qsp_abm.library.bodies import immuno_oncology
    >>> check_dimensions(immuno_oncology())
    """
    import libsbml

    document = libsbml.readSBMLFromString(to_sbml(compose(body)))
    model = document.getModel()
    symbols: dict[str, Unit | None] = {
        body.identifier(parameter.name): _unit(parameter.unit) for parameter in body.parameters
    }
    symbols |= {name: _unit(unit) for name, unit in body.species.items()}
    checker = Checker(symbols, lambda name: _unit(name))
    _add_rules(checker, symbols, list(model.getListOfRules()))
    day = _unit("day")
    for reaction in model.getListOfReactions():
        taken = [*reaction.getListOfReactants(), *reaction.getListOfProducts()]
        for name in dict.fromkeys(each.getSpecies() for each in taken):
            unit = symbols.get(name)
            if unit is None:
                checker.problems.append(f"species '{name}' has no unit")
                continue
            rate = (unit / day).dimensions
            checker.expect(reaction.getKineticLaw().getMath(), rate, f"reaction '{reaction.getId()}' of '{name}'")
    for each in model.getListOfInitialAssignments():
        unit = symbols.get(each.getSymbol())
        checker.expect(each.getMath(), unit.dimensions if unit else None, f"start of '{each.getSymbol()}'")
    for signal, (identifier, text) in body.signals.items():
        found, wanted = symbols.get(identifier), _unit(text).dimensions
        if found is None or dict(found.dimensions) != dict(wanted):
            has = "no unit" if found is None else f"the unit {dimension_text(found.dimensions)}"
            checker.problems.append(f"signal '{signal}' has {has}, declared is {text or 'a plain number'}")
    if checker.problems:
        raise ModelError(f"body '{body.name}': units do not fit:\n  " + "\n  ".join(dict.fromkeys(checker.problems)))


def _unit(text: str) -> Unit:
    return Unit(1.0, parts(text))


def _add_rules(checker: Checker, symbols: dict[str, Unit | None], rules: list[Any]) -> None:
    """Work out the units of what rules assign, each after those that it needs; Antimony refuses circles."""
    waiting = {rule.getVariable(): rule.getMath() for rule in rules}
    while waiting:
        ready = [name for name, formula in waiting.items() if not _names(formula) & waiting.keys()]
        for name in ready:
            found = checker.dimensions(waiting.pop(name), f"rule of '{name}'")
            symbols[name] = None if found is None else Unit(1.0, found)


def _names(node: Any) -> set[str]:
    """Return the names that a formula uses."""
    found = {str(node.getName())} if node.isName() else set()
    return found.union(*(_names(node.getChild(index)) for index in range(node.getNumChildren())))

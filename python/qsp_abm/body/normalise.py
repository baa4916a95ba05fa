"""One coherent set of units for an SBML model that mixes them, as exports of SimBiology do.

SBML simulators take numbers as they are. Here the numbers are scaled (sizes, initial values, parameters) and no formula is
touched: substance in items (molecules, cells), length in dm (so volumes in L, areas in dm^2), time in days. Areas and volumes
come from one length, and cells and molecules are one substance, as in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ..errors import ModelError
from .sbml import SbmlModel
from .unit_check import Checker, Unit, UnitTable

__all__ = ["Normalised", "UnitMode", "declared_units", "normalise"]

UnitMode = Literal["auto", "convert", "as-is"]

Base = Mapping[str, float]  # unit of each dimension, in SI

SI: Base = {"mole": 1.0, "metre": 1.0, "second": 1.0}
_DECIMETRE, _DAY = 0.1, 86400.0  # m, s
_COHERENT = 1e-9  # relative; unit definitions carry 15 digits
_MOST_LISTED = 12  # problems that one message lists


@dataclass(frozen=True, slots=True)
class Normalised:
    """A model in coherent units.

    Parameters
    ----------
    model
        With scaled numbers.
    factors
        Id -> what a value in its declared unit was multiplied with (in formulas: a species as concentration or amount).
    time
        New units of time per unit of the file.
    base
        The new units.
    """

    model: SbmlModel
    factors: Mapping[str, float]
    time: float
    base: Base


class _Units:
    """Everything about the units of one model: of its symbols, and what is wrong with them."""

    def __init__(self, document: Any) -> None:
        self.model = document.getModel()
        self.table = UnitTable(self.model)
        self.symbols: dict[str, Unit | None] = {}
        for compartment in self.model.getListOfCompartments():
            self.symbols[compartment.getId()] = self.table.of_compartment(compartment)
        for species in self.model.getListOfSpecies():
            self.symbols[species.getId()] = self.table.of_species(species)
        for parameter in self.model.getListOfParameters():
            self.symbols[parameter.getId()] = self.table.of_parameter(parameter, f"parameter '{parameter.getId()}'")
        for reaction in self.model.getListOfReactions():  # the id of a reaction is its rate
            self.symbols[reaction.getId()] = self._rate()
        self.time = self.table.time()
        self.locals = {
            reaction.getId(): {
                each.getId(): self.table.of_parameter(
                    each, f"reaction '{reaction.getId()}', parameter '{each.getId()}'"
                )
                for each in _local_parameters(reaction)
            }
            for reaction in self.model.getListOfReactions()
        }

    def _rate(self) -> Unit | None:
        extent, time = self.table.extent(), self.table.time()
        return None if extent is None or time is None else extent / time

    def problems(self) -> list[str]:
        """Return all that stands against scaling."""
        checker = Checker(self.symbols, lambda name: self.table.find(name, "a literal"))
        second = {"second": Fraction(1)}

        def of(name: str) -> Mapping[str, Fraction] | None:
            unit = self.symbols.get(name)
            return None if unit is None else unit.dimensions

        for reaction in self.model.getListOfReactions():
            law = reaction.getKineticLaw()
            if law is not None:
                where = f"reaction '{reaction.getName() or reaction.getId()}'"
                rate = {"mole": Fraction(1), "second": Fraction(-1)}
                checker.expect(law.getMath(), rate, where, self.locals[reaction.getId()])
        for rule in self.model.getListOfRules():
            wanted = of(rule.getVariable())
            if wanted is not None and rule.isRate():
                wanted = (Unit(1.0, wanted) / Unit(1.0, second)).dimensions
            checker.expect(rule.getMath(), wanted, f"rule of '{rule.getVariable()}'")
        for each in self.model.getListOfInitialAssignments():
            checker.expect(each.getMath(), of(each.getSymbol()), f"initial assignment of '{each.getSymbol()}'")
        for event in self.model.getListOfEvents():
            where = f"event '{event.getName() or event.getId()}'"
            if event.getTrigger() is not None:
                checker.expect(event.getTrigger().getMath(), None, where)
            if event.getDelay() is not None:
                checker.expect(event.getDelay().getMath(), second, f"{where}, delay")
            for each in event.getListOfEventAssignments():
                checker.expect(each.getMath(), of(each.getVariable()), f"{where}, '{each.getVariable()}'")
        undeclared = [] if self.time is not None else ["the model declares no unit of time"]
        return list(dict.fromkeys([*undeclared, *self.table.problems, *checker.problems]))

    def coherent(self) -> bool:
        """Tell whether one unit each of substance, length, time ... explains all units: then nothing need be scaled."""
        locals_ = [unit for each in self.locals.values() for unit in each.values()]
        units = [unit for unit in (*self.symbols.values(), *locals_, self.time) if unit is not None and unit.factor > 0]
        names = sorted({name for unit in units for name in unit.dimensions})
        if not names:
            return all(abs(unit.factor - 1) < _COHERENT for unit in units)
        powers = np.array([[float(unit.dimensions.get(name, 0)) for name in names] for unit in units])
        logs = np.log([unit.factor for unit in units])
        base, *_ = np.linalg.lstsq(powers, logs, rcond=None)
        return bool(np.abs(powers @ base - logs).max() < _COHERENT)


def declared_units(model: SbmlModel) -> tuple[dict[str, Unit | None], float]:
    """Return the unit that each symbol of a model has in formulas (None: it declares none), and its Avogadro number."""
    import libsbml

    found = _Units(libsbml.readSBMLFromString(model.text))
    return found.symbols, found.table.avogadro


def normalise(model: SbmlModel, units: UnitMode = "convert", *, base: Base | None = None) -> Normalised | None:
    """Scale a model to items, dm and days.

    Parameters
    ----------
    model
        Any SBML model.
    base
        Other units than items, dm and days.
    units
        "convert"; "auto": only if the file mixes units of one dimension, and all its formulas allow it; "as-is": never.

    Returns
    -------
    Normalised or None
        None: the model stays as it is.

    Raises
    ------
    ModelError
        With "convert", for formulas whose dimensions do not fit; all problems in one message.
    """
    if units == "as-is":
        return None
    import libsbml

    document = libsbml.readSBMLFromString(model.text)
    if document.getModel().getNumFunctionDefinitions():
        document.convert(_conversion(libsbml, "expandFunctionDefinitions"))
    found = _Units(document)
    if units == "auto" and found.coherent():
        return None
    problems = found.problems()
    if problems:
        if units == "auto":
            return None
        more = f"\n  and {len(problems) - _MOST_LISTED} more" if len(problems) > _MOST_LISTED else ""
        listed = "\n  ".join(problems[:_MOST_LISTED])
        raise ModelError(f"{model.id}: its units cannot be converted (load it with units 'as-is'):\n  {listed}{more}")
    base = base or {"mole": 1 / found.table.avogadro, "metre": _DECIMETRE, "second": _DAY}
    factors = _scale(found, base)
    time = found.time.factor / base["second"] if found.time is not None else 1.0
    return Normalised(replace(model, text=libsbml.writeSBMLToString(document)), factors, time, base)


def _conversion(libsbml: Any, option: str) -> Any:
    properties = libsbml.ConversionProperties()
    properties.addOption(option, True)
    return properties


def _scale(units: _Units, base: Base) -> dict[str, float]:
    """Scale the numbers of the model in place; return the factor of each symbol."""

    def factor(unit: Unit | None) -> float:
        if unit is None:  # in no formula, otherwise it would be a problem
            return 1.0
        result = unit.factor
        for name, power in unit.dimensions.items():
            result /= base.get(name, 1.0) ** float(power)
        return result

    model = units.model
    for compartment in model.getListOfCompartments():
        if compartment.isSetSize():
            compartment.setSize(compartment.getSize() * factor(units.symbols[compartment.getId()]))
        compartment.unsetUnits()
    for species in model.getListOfSpecies():
        amount = factor(units.table.substance_of(species))
        if species.isSetInitialAmount():
            species.setInitialAmount(species.getInitialAmount() * amount)
        if species.isSetInitialConcentration():
            size = factor(units.symbols[species.getCompartment()])
            species.setInitialConcentration(species.getInitialConcentration() * amount / size)
        species.unsetSubstanceUnits()
    for parameter in model.getListOfParameters():
        if parameter.isSetValue():
            parameter.setValue(parameter.getValue() * factor(units.symbols[parameter.getId()]))
        parameter.unsetUnits()
    for reaction in model.getListOfReactions():
        for parameter in _local_parameters(reaction):
            if parameter.isSetValue():
                parameter.setValue(parameter.getValue() * factor(units.locals[reaction.getId()][parameter.getId()]))
            parameter.unsetUnits()
    return {name: factor(unit) for name, unit in units.symbols.items()}


def _local_parameters(reaction: Any) -> list[Any]:
    law = reaction.getKineticLaw()
    if law is None:
        return []
    return [*(law.getListOfLocalParameters() if law.getLevel() > 2 else law.getListOfParameters())]

"""From an SBML file to a body of a simulation: its time in days, its units coherent, its ports connected."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from .. import units as unit_text
from ..errors import ModelError, suggest
from .clock import to_days
from .invariance import check_invariance
from .normalise import UnitMode, declared_units, normalise
from .ports import DoseInto, Drive, Read, from_table, identifier
from .sbml import SbmlModel, load, own_time, read_sbml, time_declared
from .unit_check import Unit, dimension_text

__all__ = ["read"]

_ARRIVES = 1e5  # 1/day: a bolus is in its species after seconds


def read(
    source: str | Path,
    ports: Mapping[str, Read | Drive | DoseInto | Mapping[str, Any]],
    *,
    name: str,
    units: UnitMode,
    time: str | None,
    prefix: str,
    values: Mapping[str, float],
) -> dict[str, Any]:
    """Return the fields of a body whose model is in days and coherent units, its ports connected; see `Body.from_sbml`."""
    text = str(source)
    model = read_sbml(text, name) if text.lstrip().startswith("<") else load(source)
    chosen = {key: from_table(key, given) for key, given in ports.items()}
    connected = _connect(model.with_values(values), chosen, units, time, prefix)
    return {"name": name, "prefix": prefix, **connected}


def _connect(
    model: SbmlModel, ports: Mapping[str, Read | Drive | DoseInto], mode: UnitMode, time: str | None, prefix: str
) -> dict[str, Any]:
    import libsbml

    declared, avogadro = declared_units(model)
    scaled = normalise(model, mode)
    if scaled is not None:
        check_invariance(model)
        text, factors = scaled.model.text, dict(scaled.factors)
    else:
        text, factors = to_days(model.text, _units_per_day(model, time)), {}
    document = libsbml.readSBMLFromString(text)
    if not document.setLevelAndVersion(3, 2, False):
        raise ModelError(f"{model.id}: cannot be brought to SBML level 3: {document.getError(0).getMessage().strip()}")
    workshop = _Workshop(libsbml, document.getModel(), declared, factors, avogadro)
    signals: dict[str, tuple[str, str]] = {}
    inputs: dict[str, tuple[str, str]] = {}
    targets: dict[str, DoseInto] = {}
    for name, port in ports.items():
        own = identifier(name)
        if isinstance(port, Read):
            signals[name] = (prefix + workshop.read(name, own, port), port.unit)
        elif isinstance(port, Drive):
            workshop.drive(name, own, port)
            inputs[name] = (prefix + own, port.unit)
        else:
            workshop.target(name, own, port)
            targets[name] = port
    if prefix:
        _rename(libsbml, document, prefix)
    sbml = str(libsbml.writeSBMLToString(document))
    return {"sbml": sbml, "signals": signals, "inputs": inputs, "targets": targets}


def _units_per_day(model: SbmlModel, time: str | None) -> float:
    if time is not None:
        return 1.0 / unit_text.to(f"1 {time}", "day", f"{model.id}: time", positive=True)
    if not time_declared(model):
        raise ModelError(f"{model.id}: does not say in which unit its time is; give it, such as time='day'")
    return own_time(model, "1 day")


def _rename(libsbml: Any, document: Any, prefix: str) -> None:
    model = document.getModel()
    everything = model.getListOfAllElements()
    ids = [each.getId() for each in (everything.get(k) for k in range(everything.getSize())) if each.isSetId()]
    ids = [name for name in dict.fromkeys(ids) if model.getElementBySId(name) is not None]
    options = libsbml.ConversionProperties()
    options.addOption("renameSIds", True)
    options.addOption("currentIds", ",".join(ids))
    options.addOption("newIds", ",".join(prefix + name for name in ids))
    document.convert(options)


def _unit(text: str, where: str, avogadro: float) -> Unit:
    """Return a unit that a user wrote; cells and molecules are items, of which the file says how many make a mole."""
    try:
        one = unit_text.quantity(text.replace("molecule", "cell")).to_base_units()
    except ValueError as error:
        raise ModelError(f"{where}: {error}") from error
    names = {"[substance]": "mole", "[length]": "metre", "[time]": "second", "[mass]": "kilogram"}
    powers = {key: Fraction(power).limit_denominator(12) for key, power in one.dimensionality.items()}
    cells = powers.pop("[cell_count]", Fraction(0))
    dimensions = {names.get(key, key): power for key, power in powers.items()}
    dimensions["mole"] = dimensions.get("mole", Fraction(0)) + cells
    found = {key: power for key, power in dimensions.items() if power}
    return Unit(float(one.magnitude) * avogadro ** -float(cells), found)


class _Workshop:
    """Adds what ports need to a model of level 3."""

    def __init__(
        self,
        libsbml: Any,
        model: Any,
        declared: Mapping[str, Unit | None],
        factors: Mapping[str, float],
        avogadro: float,
    ) -> None:
        self._libsbml, self._model, self._declared, self._factors = libsbml, model, declared, factors
        self._avogadro = avogadro

    def read(self, name: str, own: str, port: Read) -> str:
        element = self._find(name, port.quantity)
        formula, factor = self._as(element, port.unit, f"port '{name}'")
        self._parameter(own, 0.0, constant=False)
        self._rule(own, f"{factor!r} * {formula}")
        return own

    def drive(self, name: str, own: str, port: Drive) -> None:
        where = f"port '{name}'"
        element = self._find(name, port.quantity)
        driven = element.getId()
        if self._model.getRule(driven) is not None:
            raise ModelError(f"{where}: '{driven}' follows a rule of the model; it cannot be driven")
        self._switch_off(where, driven, port.instead_of)
        _, factor = self._as(element, port.unit, where, same=True)
        species = element.getTypeCode() == self._libsbml.SBML_SPECIES
        start = self._start(element) * factor
        self._model.removeInitialAssignment(driven)
        self._parameter(own, start, constant=False)
        element.setConstant(False)
        if species:
            element.setBoundaryCondition(True)
        self._rule(driven, f"{own} / {factor!r}")

    def target(self, name: str, own: str, port: DoseInto) -> None:
        where = f"port '{name}'"
        element = self._find(name, port.quantity)
        if element.getTypeCode() != self._libsbml.SBML_SPECIES:
            raise ModelError(f"{where}: '{element.getId()}' is no species; doses go into species")
        amount = self._amount_per_dose(element, port, where)
        depot = self._model.createSpecies()
        depot.setId(f"{own}_bolus")
        depot.setCompartment(element.getCompartment())
        depot.setHasOnlySubstanceUnits(True)
        depot.setInitialAmount(0.0)
        depot.setBoundaryCondition(False)
        depot.setConstant(False)
        self._parameter(f"{own}_infusion", 0.0, constant=False)
        self._reaction(f"{own}_empties", f"{own}_bolus", None, f"{_ARRIVES!r} * {own}_bolus")
        rate = f"{amount!r} * ({_ARRIVES!r} * {own}_bolus + {own}_infusion)"
        self._reaction(f"{own}_arrives", None, element.getId(), rate)

    def _find(self, name: str, quantity: str) -> Any:
        everything = [
            *self._model.getListOfSpecies(),
            *self._model.getListOfParameters(),
            *self._model.getListOfCompartments(),
        ]
        by_name = {each.getId(): each for each in everything}
        for species in self._model.getListOfSpecies():
            compartment = self._model.getCompartment(species.getCompartment())
            by_name.setdefault(f"{compartment.getName() or compartment.getId()}.{species.getName()}", species)
        if quantity not in by_name:
            raise ModelError(f"port '{name}': unknown quantity '{quantity}'{suggest(quantity, by_name)}")
        return by_name[quantity]

    def _as(self, element: Any, unit: str, where: str, *, same: bool = False) -> tuple[str, float]:
        """Return a formula and a factor that give a quantity in a unit; `same` only allows its own kind."""
        mine = element.getId()
        declared, factor = self._declared.get(mine), self._factors.get(mine, 1.0)
        if declared is None or not unit:
            return mine, 1.0 / factor
        wanted = _unit(unit, where, self._avogadro)
        if dict(declared.dimensions) == dict(wanted.dimensions):
            return mine, declared.factor / wanted.factor / factor
        if element.getTypeCode() == self._libsbml.SBML_SPECIES and not same:
            size = element.getCompartment()
            volume, size_factor = self._declared.get(size), self._factors.get(size, 1.0)
            if volume is not None:
                if dict((declared / volume).dimensions) == dict(wanted.dimensions):
                    ratio = declared.factor / volume.factor / wanted.factor / (factor / size_factor)
                    return f"{mine} / {size}", ratio
                if dict((declared * volume).dimensions) == dict(wanted.dimensions):
                    ratio = declared.factor * volume.factor / wanted.factor / (factor * size_factor)
                    return f"{mine} * {size}", ratio
        raise ModelError(
            f"{where}: '{mine}' has the dimension {dimension_text(declared.dimensions)}; "
            f"it cannot be had in '{unit}', {dimension_text(wanted.dimensions)}"
        )

    def _amount_per_dose(self, species: Any, port: DoseInto, where: str) -> float:
        """Return the amount in the model's units of one unit of dose."""
        mine, size = species.getId(), species.getCompartment()
        declared, factor = self._declared.get(mine), self._factors.get(mine, 1.0)
        if declared is None:
            return 1.0
        if not species.getHasOnlySubstanceUnits():
            volume = self._declared.get(size)
            if volume is None:
                return 1.0
            declared, factor = declared * volume, factor * self._factors.get(size, 1.0)
        dose = _unit(port.unit, where, self._avogadro)
        if "kilogram" in dose.dimensions and "mole" in declared.dimensions:
            if port.molar_mass is None:
                raise ModelError(f"{where}: '{mine}' counts moles and doses are in {port.unit}; give molar_mass")
            dose = Unit(dose.factor / (port.molar_mass * 1e-3), {"mole": Fraction(1)})
        if dict(dose.dimensions) != dict(declared.dimensions):
            raise ModelError(
                f"{where}: a dose in {port.unit} does not go into '{mine}', which is "
                f"{dimension_text(declared.dimensions)}"
            )
        return dose.factor / declared.factor * factor

    def _switch_off(self, where: str, driven: str, listed: tuple[str, ...]) -> None:
        reactions = {each.getId(): each for each in self._model.getListOfReactions()}
        for reaction in listed:
            if reaction not in reactions:
                raise ModelError(f"{where}: unknown reaction '{reaction}'{suggest(reaction, reactions)}")
            self._model.removeReaction(reaction)
        for reaction, each in reactions.items():
            if reaction in listed:
                continue
            sides = [*each.getListOfReactants(), *each.getListOfProducts()]
            if any(side.getSpecies() == driven for side in sides):
                raise ModelError(f"{where}: reaction '{reaction}' changes '{driven}' and is not in instead_of")

    def _start(self, element: Any) -> float:
        kind = element.getTypeCode()
        if kind == self._libsbml.SBML_PARAMETER:
            return float(element.getValue()) if element.isSetValue() else 0.0
        if kind == self._libsbml.SBML_COMPARTMENT:
            raise ModelError(f"'{element.getId()}' is a compartment; only species and parameters can be driven")
        size = self._model.getCompartment(element.getCompartment()).getSize()
        if element.isSetInitialConcentration():
            start = element.getInitialConcentration()
            return float(start * size if element.getHasOnlySubstanceUnits() else start)
        start = element.getInitialAmount() if element.isSetInitialAmount() else 0.0
        return float(start if element.getHasOnlySubstanceUnits() else start / size)

    def _parameter(self, name: str, value: float, *, constant: bool) -> None:
        if self._model.getElementBySId(name) is not None:
            raise ModelError(f"port: the model has '{name}' already; give the port another name")
        parameter = self._model.createParameter()
        parameter.setId(name)
        parameter.setValue(value)
        parameter.setConstant(constant)

    def _rule(self, variable: str, formula: str) -> None:
        rule = self._model.createAssignmentRule()
        rule.setVariable(variable)
        rule.setMath(self._libsbml.parseL3Formula(formula))

    def _reaction(self, name: str, reactant: str | None, product: str | None, formula: str) -> None:
        reaction = self._model.createReaction()
        reaction.setId(name)
        reaction.setReversible(False)
        for side, species in ((reaction.createReactant, reactant), (reaction.createProduct, product)):
            if species is not None:
                reference = side()
                reference.setSpecies(species)
                reference.setStoichiometry(1.0)
                reference.setConstant(True)
        reaction.createKineticLaw().setMath(self._libsbml.parseL3Formula(formula))

"""Units of an SBML model: what each symbol is measured in, and whether its formulas fit together.

Only dimensions are compared, never scales: a law in mole per day beside one in nanomole per hour is what conversion is for, a
concentration added to a plain number is what it cannot save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

__all__ = ["Checker", "Unit", "UnitTable", "dimension_text"]

Dimensions = Mapping[str, Fraction]  # of mole, metre, second, kilogram, ...; what is not there has the power 0

AVOGADRO = 6.02214076e23  # CODATA 2019

_LITRE = (1e-3, {"metre": 3})
_KINDS: dict[str, tuple[float, dict[str, int]]] = {
    **{base: (1.0, {base: 1}) for base in ("mole", "metre", "second", "kilogram", "ampere", "kelvin", "candela")},
    "meter": (1.0, {"metre": 1}),
    "gram": (1e-3, {"kilogram": 1}),
    "litre": _LITRE,
    "liter": _LITRE,
    "dimensionless": (1.0, {}),
    "radian": (1.0, {}),
    "steradian": (1.0, {}),
    "hertz": (1.0, {"second": -1}),
    "becquerel": (1.0, {"second": -1}),
    "newton": (1.0, {"kilogram": 1, "metre": 1, "second": -2}),
    "pascal": (1.0, {"kilogram": 1, "metre": -1, "second": -2}),
    "joule": (1.0, {"kilogram": 1, "metre": 2, "second": -2}),
    "watt": (1.0, {"kilogram": 1, "metre": 2, "second": -3}),
    "gray": (1.0, {"metre": 2, "second": -2}),
    "sievert": (1.0, {"metre": 2, "second": -2}),
    "katal": (1.0, {"mole": 1, "second": -1}),
    "coulomb": (1.0, {"ampere": 1, "second": 1}),
    "volt": (1.0, {"kilogram": 1, "metre": 2, "second": -3, "ampere": -1}),
}
_LEVEL_2 = {"substance": "mole", "volume": "litre", "length": "metre", "time": "second"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A factor to SI (with mole) and dimensions."""

    factor: float
    dimensions: Dimensions

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.factor * other.factor, _product(self.dimensions, other.dimensions, 1))

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(self.factor / other.factor, _product(self.dimensions, other.dimensions, -1))


def _product(a: Dimensions, b: Dimensions, power: Fraction | int) -> dict[str, Fraction]:
    names = {*a, *b}
    found = {name: a.get(name, Fraction(0)) + b.get(name, Fraction(0)) * power for name in sorted(names)}
    return {name: value for name, value in found.items() if value != 0}


def dimension_text(dimensions: Dimensions) -> str:
    """Return dimensions in words, such as ``mole/second``."""
    words = {"mole": "substance", "metre": "length", "second": "time", "kilogram": "mass"}

    def part(items: Iterable[tuple[str, Fraction]]) -> str:
        return " ".join(words.get(name, name) + ("" if power == 1 else f"^{power}") for name, power in items)

    above = part((name, power) for name, power in dimensions.items() if power > 0)
    below = part((name, -power) for name, power in dimensions.items() if power < 0)
    return (above or "1") + (f"/({below})" if " " in below else f"/{below}" if below else "")


class UnitTable:
    """Units that a model declares.

    Parameters
    ----------
    model
        A libsbml model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.problems: list[str] = []
        self.avogadro = self._own_avogadro()

    def _own_avogadro(self) -> float:
        """Return Avogadro's number as the file has it: of a unit that is one molecule in moles; else the true one."""
        for definition in self._model.getListOfUnitDefinitions():
            if definition.getNumUnits() == 1:
                unit = definition.getUnit(0)
                if _kind(unit) == "mole" and unit.getExponentAsDouble() == 1:
                    factor = unit.getMultiplier() * 10.0 ** unit.getScale()
                    if factor > 0 and abs(factor * AVOGADRO - 1) < 1e-3:
                        return float(1 / factor)
        return AVOGADRO

    def find(self, name: str, what: str) -> Unit | None:
        """Return a unit by its id or kind; None, with a problem noted, where there is none."""
        definition = self._model.getUnitDefinition(name)
        if definition is not None:
            found = Unit(1.0, {})
            for unit in definition.getListOfUnits():
                kind = self._of_kind(_kind(unit))
                if kind is None:
                    self.problems.append(f"{what}: unit '{name}' is made of '{_kind(unit)}', which cannot be converted")
                    return None
                power = Fraction(unit.getExponentAsDouble()).limit_denominator(12)
                factor = (unit.getMultiplier() * 10.0 ** unit.getScale() * kind.factor) ** float(power)
                found = Unit(found.factor * factor, _product(found.dimensions, kind.dimensions, power))
            return found
        if self._model.getLevel() < 3 and name in _LEVEL_2:
            return self._of_kind(_LEVEL_2[name])
        if self._model.getLevel() < 3 and name == "area":
            return Unit(1.0, {"metre": Fraction(2)})
        kind = self._of_kind(name)
        if kind is None:
            self.problems.append(f"{what}: unknown unit '{name}'")
        return kind

    def _of_kind(self, kind: str) -> Unit | None:
        if kind == "item":
            return Unit(1 / self.avogadro, {"mole": Fraction(1)})
        if kind not in _KINDS:
            return None
        factor, dimensions = _KINDS[kind]
        return Unit(factor, {name: Fraction(power) for name, power in dimensions.items()})

    def time(self) -> Unit | None:
        """Return the model's unit of time."""
        return self._default("time", self._model.getTimeUnits(), "the model's time")

    def extent(self) -> Unit | None:
        """Return the unit of what a reaction turns over."""
        if self._model.getLevel() < 3:
            return self.find("substance", "reactions")
        return self._default("", self._model.getExtentUnits() or self._model.getSubstanceUnits(), "reactions")

    def _default(self, level_2: str, level_3: str, what: str) -> Unit | None:
        name = level_2 if self._model.getLevel() < 3 else level_3
        return self.find(name, what) if name else None

    def of_compartment(self, compartment: Any) -> Unit | None:
        """Return the unit of a compartment's size."""
        dimensions = int(compartment.getSpatialDimensions())
        if dimensions == 0:
            return Unit(1.0, {})
        what = f"compartment '{_label(compartment)}'"
        level_2 = {3: "volume", 2: "area", 1: "length"}[dimensions]
        level_3 = {3: self._model.getVolumeUnits(), 2: self._model.getAreaUnits(), 1: self._model.getLengthUnits()}
        unit = (
            self.find(compartment.getUnits(), what)
            if compartment.getUnits()
            else self._default(level_2, level_3[dimensions], what)
        )
        if unit is not None and unit.dimensions != {"metre": dimensions}:
            self.problems.append(f"{what} has {dimensions} dimensions but a unit of {dimension_text(unit.dimensions)}")
            return None
        return unit

    def substance_of(self, species: Any) -> Unit | None:
        """Return the unit of a species' amount."""
        what = f"species '{_label(species)}'"
        if species.getSubstanceUnits():
            return self.find(species.getSubstanceUnits(), what)
        return self._default("substance", self._model.getSubstanceUnits(), what)

    def of_species(self, species: Any) -> Unit | None:
        """Return the unit that a species' id has in formulas."""
        substance = self.substance_of(species)
        compartment = self._model.getCompartment(species.getCompartment())
        if species.getHasOnlySubstanceUnits() or compartment.getSpatialDimensions() == 0:
            return substance
        size = self.of_compartment(compartment)
        return None if substance is None or size is None else substance / size

    def of_parameter(self, parameter: Any, what: str) -> Unit | None:
        """Return the unit of a parameter; None where it declares none."""
        return self.find(parameter.getUnits(), what) if parameter.getUnits() else None


def _kind(unit: Any) -> str:
    import libsbml

    return str(libsbml.UnitKind_toString(unit.getKind())).lower()


def _label(element: Any) -> str:
    """Display name of an element; a species with its compartment."""
    name = element.getName() or element.getId()
    if hasattr(element, "getCompartment") and element.getElementName() == "species":
        compartment = element.getModel().getCompartment(element.getCompartment())
        return f"{compartment.getName() or compartment.getId()}.{name}"
    return str(name)


class _Wild(dict[str, Fraction]):
    """Dimensions of the literal 0: any."""


class Checker:
    """Dimensions of formulas.

    Parameters
    ----------
    symbols
        Id -> unit; None: undeclared.
    find
        Unit by name, for literals that carry one.
    """

    def __init__(self, symbols: Mapping[str, Unit | None], find: Callable[[str], Unit | None]) -> None:
        self.symbols = symbols
        self._find = find
        self.problems: list[str] = []
        self._where = ""
        self._local: Mapping[str, Unit | None] = {}

    def expect(
        self, formula: Any, wanted: Dimensions | None, where: str, local: Mapping[str, Unit | None] | None = None
    ) -> None:
        """Note a problem unless a formula has the wanted dimensions (None: any)."""
        import libsbml

        if formula is None:
            return
        self._where, self._local = where, local or {}
        before = len(self.problems)
        found = self._of(formula)
        if len(self.problems) > before or found is None or wanted is None or isinstance(found, _Wild):
            return
        if dict(found) != dict(wanted):
            self.problems.append(
                f"{where}: '{libsbml.formulaToL3String(formula)}' has the dimension {dimension_text(found)}, "
                f"expected {dimension_text(wanted)}"
            )

    def dimensions(self, formula: Any, where: str) -> Dimensions | None:
        """Return the dimensions of a formula; None, with a problem noted, where they do not fit together."""
        self._where, self._local = where, {}
        return self._of(formula)

    def _note(self, what: str) -> None:
        self.problems.append(f"{self._where}: {what}")

    def _of(self, node: Any) -> Dimensions | None:
        """Dimensions of a node; None where they are not known (and a problem is noted)."""
        import libsbml as s

        kind = node.getType()
        children = [node.getChild(index) for index in range(node.getNumChildren())]
        if node.isNumber():
            if node.isSetUnits():
                unit = self._find(node.getUnits())
                return None if unit is None else unit.dimensions
            return _Wild() if node.getValue() == 0 else {}
        if kind == s.AST_NAME:
            return self._symbol(node.getName())
        if kind == s.AST_NAME_TIME:
            return {"second": Fraction(1)}
        if kind == s.AST_NAME_AVOGADRO:
            return {"mole": Fraction(-1)}
        if node.isConstant():
            return {}
        if kind in (s.AST_TIMES, s.AST_DIVIDE):
            return self._product(children, -1 if kind == s.AST_DIVIDE else 1)
        if kind in (s.AST_PLUS, s.AST_MINUS, s.AST_FUNCTION_MIN, s.AST_FUNCTION_MAX):
            return self._alike(children, node)
        if node.isRelational():
            return None if self._alike(children, node) is None else {}
        if kind in (s.AST_POWER, s.AST_FUNCTION_POWER):
            return self._power(children[0], children[1], inverse=False)
        if kind == s.AST_FUNCTION_ROOT:
            degree = children[0] if len(children) == 2 else None
            return self._power(children[-1], degree, inverse=True)
        if kind == s.AST_FUNCTION_PIECEWISE:
            conditions = [self._of(child) for child in children[1::2][: len(children) // 2]]
            values = self._alike([*children[0:-1:2], children[-1]] if len(children) % 2 else children[0::2], node)
            return None if any(each is None for each in conditions) else values
        if kind in (s.AST_FUNCTION_ABS, s.AST_FUNCTION_FLOOR, s.AST_FUNCTION_CEILING):
            return self._of(children[0])
        if kind == s.AST_FUNCTION_RATE_OF:
            inside = self._of(children[0])
            return None if inside is None else _product(inside, {"second": Fraction(1)}, -1)
        return self._plain(children, node)

    def _symbol(self, name: str) -> Dimensions | None:
        unit = self._local[name] if name in self._local else self.symbols.get(name)
        if unit is None:
            self._note(f"'{name}' has no units; conversion cannot scale it")
            return None
        return unit.dimensions

    def _product(self, children: list[Any], sign: int) -> Dimensions | None:
        found: Dimensions | None = {}
        for position, child in enumerate(children):
            each = self._of(child)
            if found is None or each is None:
                found = None
            elif isinstance(each, _Wild) or isinstance(found, _Wild):
                found = _Wild()
            else:
                found = _product(found, each, sign if position else 1)
        return found

    def _alike(self, children: list[Any], node: Any) -> Dimensions | None:
        """Dimensions that all children share."""
        import libsbml

        found = [self._of(child) for child in children]
        if any(each is None for each in found):
            return None
        told = [each for each in found if each is not None and not isinstance(each, _Wild)]
        if not told:
            return _Wild()
        for each in told[1:]:
            if dict(each) != dict(told[0]):
                self._note(
                    f"'{libsbml.formulaToL3String(node)}' puts {dimension_text(told[0])} and {dimension_text(each)} "
                    "together; the result would depend on the units chosen"
                )
                return None
        return told[0]

    def _plain(self, children: list[Any], node: Any) -> Dimensions | None:
        """A function of plain numbers, such as exp or a logical one."""
        import libsbml

        for child in children:
            inside = self._of(child)
            if inside is None:
                return None
            if inside:
                self._note(
                    f"'{libsbml.formulaToL3String(node)}': the argument has the dimension {dimension_text(inside)}; it must be "
                    "a plain number"
                )
                return None
        return {}

    def _power(self, base: Any, exponent: Any, *, inverse: bool) -> Dimensions | None:
        inside = self._of(base)
        power = {} if exponent is None else self._of(exponent)
        if inside is None or power is None:
            return None
        if power:
            self._note(f"an exponent has the dimension {dimension_text(power)}; it must be a plain number")
            return None
        if not inside:
            return inside
        if exponent is not None and not exponent.isNumber():
            self._note("the power of a quantity with units needs a number as its exponent")
            return None
        number = Fraction(2) if exponent is None else Fraction(exponent.getValue()).limit_denominator(12)
        return _product({}, inside, 1 / number if inverse else number)

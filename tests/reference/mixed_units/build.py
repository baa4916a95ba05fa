"""The description as SBML in its own units and in coherent ones, and as a right-hand side of plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import libsbml
import numpy as np

from .description import DAY, ITEM, UNITS, Description, Species

COHERENT = {"mole": ITEM, "metre": 0.1, "second": DAY}  # items, dm (so L and dm^2), day


def factor(unit: str) -> float:
    """Return how many coherent units one unit is."""
    scale, mole, metre, second = UNITS[unit]
    return scale / (COHERENT["mole"] ** mole * COHERENT["metre"] ** metre * COHERENT["second"] ** second)


def coherent(m: Description) -> Description:
    """Return the description with all its numbers in items, dm and days."""
    size_unit = {name: unit for name, (_, unit, _) in m.compartments.items()}

    def scaled(each: Species) -> Species:
        size = 1.0 if each.amount else factor(size_unit[each.compartment])
        return replace(each, value=each.value * factor(each.substance) / size)

    return replace(
        m,
        compartments={name: (size * factor(unit), unit, dims) for name, (size, unit, dims) in m.compartments.items()},
        species={name: scaled(each) for name, each in m.species.items()},
        parameters={name: (value * factor(unit), unit) for name, (value, unit) in m.parameters.items()},
    )


def to_declared(m: Description) -> dict[str, float]:
    """Return what a coherent value of each species and rule is multiplied with to be in its declared unit."""
    found = {name: 1 / factor(unit) for name, (_, unit) in m.rules.items()}
    for name, each in m.species.items():
        size = 1.0 if each.amount else factor(m.compartments[each.compartment][1])
        found[name] = size / factor(each.substance)
    return found


# ---- SBML --------------------------------------------------------------------------------------------------------------


def sbml(m: Description, *, units: bool = True) -> str:
    """Return SBML as SimBiology exports it: level 2, multipliers on dimensionless units, no modifiers, no law in one scale."""
    document = libsbml.SBMLDocument(2, 4)
    model = document.createModel()
    model.setId("mixed_units" if units else "coherent_units")
    if units:
        _units(model)
    for name, (size, unit, dimensions) in m.compartments.items():
        each = model.createCompartment()
        each.setId(name)
        each.setSpatialDimensions(dimensions)
        each.setSize(size)
        each.setConstant(name not in m.rules)
        if units:
            each.setUnits(unit)
    for name, species in m.species.items():
        each = model.createSpecies()
        each.setId(name)
        each.setName(re.sub(r"_[CEPST]\b|_[CNT](?=_\d)", "", name))  # the same name in several compartments
        each.setCompartment(species.compartment)
        each.setHasOnlySubstanceUnits(species.amount)
        (each.setInitialAmount if species.amount else each.setInitialConcentration)(species.value)
        if units:
            each.setSubstanceUnits(species.substance)
    for name, (value, unit) in [*m.parameters.items(), *((name, (0.0, rule[1])) for name, rule in m.rules.items())]:
        if name in m.compartments:
            continue
        each = model.createParameter()
        each.setId(name)
        each.setValue(value)
        each.setConstant(name not in m.rules)
        if units:
            each.setUnits(unit)
    for name, formula in m.initial.items():
        each = model.createInitialAssignment()
        each.setSymbol(name)
        each.setMath(libsbml.parseL3Formula(formula))
    for name, (formula, _) in m.rules.items():
        each = model.createAssignmentRule()
        each.setVariable(name)
        each.setMath(libsbml.parseL3Formula(formula))
    for name, (change, formula) in m.reactions.items():
        each = model.createReaction()
        each.setId(f"reaction_{name}")
        each.setReversible(False)
        for species_id, sign in change.items():
            (each.createReactant() if sign < 0 else each.createProduct()).setSpecies(species_id)
        each.createKineticLaw().setMath(libsbml.parseL3Formula(formula))
    for name, (trigger, assignments) in m.events.items():
        each = model.createEvent()
        each.setId(f"event_{name}")
        each.createTrigger().setMath(libsbml.parseL3Formula(trigger))
        for variable, formula in assignments.items():
            assigned = each.createEventAssignment()
            assigned.setVariable(variable)
            assigned.setMath(libsbml.parseL3Formula(formula))
    return str(libsbml.writeSBMLToString(document))


def _units(model: libsbml.Model) -> None:
    for name, (scale, *powers) in {**UNITS, "time": UNITS["day"]}.items():
        definition = model.createUnitDefinition()
        definition.setId(name)
        for kind, power in zip(("mole", "metre", "second"), powers, strict=True):
            if power:
                _unit(definition, kind, power, scale if name in ("cell", "molecule") else 1.0)
        if name not in ("cell", "molecule"):
            _unit(definition, "dimensionless", 1, scale)


def _unit(definition: libsbml.UnitDefinition, kind: str, power: int, multiplier: float) -> None:
    unit = definition.createUnit()
    unit.setKind(libsbml.UnitKind_forName(kind))
    unit.setExponent(power)
    unit.setMultiplier(float(f"{multiplier:.15g}"))


# ---- plain Python ------------------------------------------------------------------------------------------------------


def right_hand_side(
    m: Description,
) -> tuple[np.ndarray, Callable[[float, np.ndarray], np.ndarray], Callable[..., dict]]:
    """Return the amounts at the start, their derivatives, and a function that returns all values of a state by name.

    Parameters
    ----------
    m
        In coherent units.

    The derivatives take many states at once, (S, N), real or complex: for an exact Jacobian by complex steps.
    """
    numbers = {name: value for name, (value, _) in m.parameters.items()}
    numbers |= {name: size for name, (size, _, _) in m.compartments.items() if name not in m.rules}
    derivatives = ", ".join(
        " + ".join(
            f"({sign})*r_{reaction}"
            for reaction, (change, _) in m.reactions.items()
            for sign in [change.get(name)]
            if sign
        )
        or "0.0"
        for name in m.species
    )
    amounts = ", ".join(f"a_{name}" for name in m.species)
    lines = [f"    {amounts} = y.tolist() if y.ndim == 1 else y"]  # plain floats are faster than those of arrays
    # volumes follow cells, which are amounts; then concentrations; then the rest
    lines += [f"    {name} = a_{name}" for name, each in m.species.items() if each.amount]
    lines += [f"    {name} = {_python(m.rules[name][0])}" for name in ("T_total", "tumour")]
    lines += [f"    {name} = a_{name}/{each.compartment}" for name, each in m.species.items() if not each.amount]
    late = [name for name in m.rules if name not in ("T_total", "tumour", "killed")] + ["killed"]
    lines += [f"    {name} = {_python(m.rules[name][0])}" for name in late]
    values = "    return {" + ", ".join(f"{name!r}: {name}" for name in [*m.species, *m.rules]) + "}"
    rates = [f"    r_{name} = {_python(formula)}" for name, (_, formula) in m.reactions.items()]
    text = [
        *(
            "def derivatives(time, y):",
            *lines,
            *rates,
            f"    zero = 0 * y[0]; return array([each + zero for each in ({derivatives})])",
        ),
        *("def values(y):", *lines, values),
    ]
    found: dict = {**numbers, "array": np.array}
    exec(compile("\n".join(text), "<mixed units>", "exec"), found)  # noqa: S102
    size = {name: each[0] for name, each in m.compartments.items()}
    cells = {name: each.value for name, each in m.species.items() if each.amount}
    total = sum(value for name, value in cells.items() if name.startswith("T_T_"))
    size["tumour"] = eval(_python(m.rules["tumour"][0]), {**numbers, **cells, "T_total": total})
    start = []
    for name, each in m.species.items():
        value = eval(_python(m.initial[name]), {**numbers}) if name in m.initial else each.value
        start.append(value * (1.0 if each.amount else size[each.compartment]))
    return np.array(start), found["derivatives"], found["values"]


def _python(formula: str) -> str:
    return formula.replace("^", "**")

"""A model as English sentences, for people who want to know what it assumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .check import behaviours, signal_units
from .model import CellType, Constant, Field, Group, Model, Trait
from .processes import Become, Die, Divide, Kill, Leave, Move, Recruit, Secrete, TakeUp
from .rules import Rule

__all__ = ["rule_sentence", "sentences"]

MOLECULES_PER_PMOL = 6.02214076e11
_DAY = 86400.0


def sentences(model: Model) -> Iterator[str]:
    """Yield the lines that describe a model: each process, each rule, each field and synapse is a sentence.

    Examples
    --------
    >>> from qsp_abm.model import CellType, Lattice, Model
    >>> model = Model(lattice=Lattice(shape=(8, 8), spacing="20 um"), cells=[CellType(name="tumour", volume=2500)])
    >>> list(sentences(model))[1]
    'A tumour cell is solid, one in a voxel, of 2500 um3.'
    """
    yield _lattice(model)
    for group in model.cells:
        for cell_type in group.types:
            yield _body(cell_type)
            for process in cell_type.processes:
                yield f"  {_process(process)}"
            for rule in cell_type.rules:
                yield f"  {rule_sentence(model, cell_type, rule)}"
        for trait in group.traits:
            yield _trait(group, trait)
    yield from map(_field, model.fields)
    for synapse in model.synapses:
        blocked = f"; {_listed(synapse.blocked_by)} blocks it" if synapse.blocked_by else ""
        yield (
            f"The synapse {synapse.name} binds receptors of {_listed(synapse.receptor)} to {' + '.join(synapse.ligand)} of the "
            f"other cell with {synapse.affinity:.4g} molecules per um2{blocked}."
        )
    if model.vessels is not None:
        yield f"Vessels are completed to {model.vessels.density:g} per {'mm2' if model.lattice.dimensions == 2 else 'mm3'}."
    for part in (*([model.body] if model.body else []), *model.drugs):
        told = ", ".join(f"{name} ({unit or 'fraction'})" for name, (_, unit) in part.signals.items())
        yield f"The {type(part).__name__.lower()} {part.name} tells the tissue {told or 'nothing'}."


def rule_sentence(model: Model, cell_type: CellType, rule: Rule) -> str:
    """Return a rule as an English sentence, with its base, limit, half and power.

    Examples
    --------
    >>> from qsp_abm.library.models import solid_tumour_2d
    >>> model = solid_tumour_2d()
    >>> tumour = model.types["tumour"]
    >>> rule_sentence(model, tumour, tumour.rules[0])
    'In tumour, oxygen increases division from 0 towards 0.025 1/day (half at 5 mmHg, Hill power 2).'
    """
    group = model.group_of(cell_type.name)
    half = _number(rule.half, signal_units(model, group)[rule.signal])
    limit = _number(rule.limit, behaviours(cell_type, group)[rule.target])
    owner, parameter = rule.target.rsplit(".", 1)
    process = next((each for each in cell_type.processes if each.name == owner), None)
    if process is None:  # a trait
        trait = next(each for each in group.traits if f"trait.{each.name}" == owner)
        what, base = f"what {_words(trait.name)} relaxes to", trait.target
    else:
        what, base = _behaviour(process, parameter), getattr(process, parameter)
    raised = any((each.target, each.effect) == (rule.target, "increases") for each in cell_type.rules)
    start = (
        "" if rule.effect == "decreases" and raised else f" from {base:g}"
    )  # decreases start from what increases reach
    return (
        f"In {cell_type.name}, {_signal(rule.signal)} {rule.effect} {what}{start} towards {limit} "
        f"(half at {half}, Hill power {rule.power:g})."
    )


def _lattice(model: Model) -> str:
    shape = (
        "as large as the start"
        if model.lattice.shape is None
        else " x ".join(str(side) for side in model.lattice.shape)
    )
    return f"The lattice is {shape}, of voxels of {model.lattice.spacing:g} um; one step is {model.dt * 1440:g} min."


def _body(cell_type: CellType) -> str:
    room = {
        "solid": "solid, one in a voxel,",
        "small": "small, several in a voxel,",
        "none": "without room of its own,",
    }[cell_type.occupies]
    text = f"A {cell_type.name} cell is {'dead, ' if cell_type.dead else ''}{room} of {cell_type.volume:g} um3."
    hits = cell_type.hits
    if hits is None:
        return text
    number = "1 hit" if hits.threshold == 1 else f"{hits.threshold} hits"
    forgiven = "" if hits.threshold == 1 else f"; {hits.recovery * 1440:g} min without a hit forgive all"
    return f"{text} It dies of {number}{_remains(hits.into)}{forgiven}."


def _process(process: Any) -> str:
    match process:
        case Move():
            persists = f", keeping its heading for {_time(process.persistence)}" if process.persistence else ""
            through = _listed(f"{name} {share:g}" for name, share in process.permeability.items())
            passes = (
                f"; of its attempts to enter voxels with these cells this share succeeds: {through}" if through else ""
            )
            along = "".join(
                f"; it turns {'towards' if taxis.sensitivity > 0 else 'away from'} {taxis.field} "
                f"(sensitivity {abs(taxis.sensitivity):g} um, half at {taxis.half:g})"
                for taxis in process.chemotaxis
            )
            return f"It walks with a motility of {process.motility / 1440:.4g} um2/min{persists}{passes}{along}."
        case Divide():
            often = "" if process.fraction == 1 else f" in {process.fraction:.3g} of the divisions"
            unlike = f"; its daughter is a {_words(process.into)} cell{often}" if process.into else ""
            return f"It divides {_often(process.rate)}, pushing at most {process.push} voxels out of the way{unlike}."
        case Die():
            cause = "" if process.name in ("die", "death") else f" by {_words(process.name)}"
            return f"It dies{cause} {_often(process.rate)}{_remains(process.into)}."
        case Kill():
            return (
                f"It engages an adjacent {_listed(process.targets, 'or')} {_often(process.engage)}, hits it "
                f"{_often(process.hit_rate)} while engaged, and lets go {_often(process.detach)}."
            )
        case Become():
            return f"It becomes {process.into} {_often(process.rate)}."
        case Secrete():
            rate = f"at {process.rate * MOLECULES_PER_PMOL / _DAY:.4g} molecules/s" if process.rate else _often(0.0)
            return f"It secretes {process.field} {rate}."
        case TakeUp():
            return f"It takes {process.field} up from {process.clearance / _DAY:.4g} um3/s."
        case Recruit():
            amount = (
                "what balances the losses of the start"
                if process.clearance is None
                else f"{process.clearance:g} uL/day"
            )
            return f"It enters from blood through vessels: {process.blood} times {amount}."
        case Leave():
            return f"It leaves through a vessel {_often(process.rate)} while next to one."
    raise AssertionError(process)


def _trait(group: Group, trait: Trait) -> str:
    start = trait.start
    law = (
        f"{start.value:g}"
        if isinstance(start, Constant)
        else f"lognormal with median {start.median:g} and sigma {start.sigma:g}"
    )
    at_division = {
        "copy": "both daughters keep it",
        "halve": "division halves it",
        "reset": f"division resets it to {trait.target:g}",
    }
    relaxes = [
        f"{way} within {_time(value)}"
        for way, value in (("rises", trait.rise), ("falls", trait.decay))
        if value is not None
    ]
    follows = f"; it {_listed(relaxes)} towards {trait.target:g} or what rules say" if relaxes else ""
    return (
        f"Each cell of {group.name} carries {_words(trait.name)}{f' ({trait.unit})' if trait.unit else ''}: {law} at the start; "
        f"{at_division[trait.inheritance]}{follows}."
    )


def _field(field: Field) -> str:
    length = field.reaction_length()
    reach = "" if length is None else f" (reaction length {length:.4g} um without uptake)"
    vessels = (
        f" Vessels exchange it towards {field.vessel_value:g} at {field.vessel_exchange / _DAY:.4g} 1/s."
        if field.vessel_exchange
        else ""
    )
    edge = " No flux passes the faces." if field.boundary is None else f" The faces hold it at {field.boundary:g}."
    saturates = f" Uptake saturates, half at {field.half_saturation:g}." if field.half_saturation else ""
    return (
        f"{field.name} is a field in {field.unit or 'plain numbers'} that diffuses at {field.diffusion / _DAY:.4g} um2/s and decays "
        f"at {field.decay / _DAY:.4g} 1/s{reach}.{saturates}{vessels}{edge}"
    )


def _behaviour(process: Any, parameter: str) -> str:
    match process:
        case Divide():
            return "division"
        case Die():
            return "death" if process.name in ("die", "death") else f"death by {_words(process.name)}"
        case Become():
            return f"becoming {process.into}"
        case Secrete():
            return f"secretion of {process.field}"
        case TakeUp():
            return f"uptake of {process.field}"
        case Leave():
            return "leaving"
        case Move():
            return "motility"
        case Kill():
            return {"engage": "engaging", "hit_rate": "hitting", "detach": "letting go"}[parameter]
    raise AssertionError(process)


def _signal(signal: str) -> str:
    source, _, name = signal.partition(".")
    if source == "synapse":
        synapse, where = name.rsplit(".", 1)
        other = "the engaged target" if where == "target" else "the neighbour of highest ligand"
        return f"binding of {synapse} to {other}"
    return {
        "field": name,
        "trait": f"own {_words(name)}",
        "contact": f"contact with {name}",
        "crowding": "crowding",
        "body": f"{name} of the body",
        "engaged": "being engaged",
        "age": "age",
    }[source]


def _remains(into: str | None) -> str:
    return f" and leaves {into}" if into else ""


def _often(rate: float) -> str:
    return f"at {rate:g} 1/day" if rate else "only as rules say"


def _time(days: float) -> str:
    minutes = days * 1440
    if minutes < 120:
        return f"{minutes:.4g} min"
    return f"{minutes / 60:.4g} hour" if minutes < 2880 else f"{days:.4g} day"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float | str, unit: str) -> str:
    return value if isinstance(value, str) else f"{value:g} {unit}".rstrip()


def _listed(parts: Iterable[str], last: str = "and") -> str:
    named = list(parts)
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} {last} {named[-1]}" if named else ""

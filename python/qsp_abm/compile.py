"""Model to flat arrays: the only file that knows both the description and the engine."""

from __future__ import annotations

import hashlib
from typing import Any

from . import units
from .check import behaviours, body_signals, signal_units
from .errors import ModelError
from .model import CellType, Constant, Field, Group, Lattice, Model, Synapse
from .processes import Become, Die, Divide, Kill, Leave, Move, Recruit, Secrete, TakeUp

__all__ = ["compile_model", "small_capacity", "small_cost"]

FULL_ROOM = 252  # units of room in a voxel, as in the engine's occupancy
MOST_SMALL = 15  # small cells of one type in a voxel
PMOL_PER_UM3_IN_NM = 1e12  # 1 pmol/um3 = 1e-12 mol / 1e-15 L
KILLED = "killed"

_SOURCES = ("field", "trait", "contact", "crowding", "body", "synapse_target", "synapse_max", "engaged", "age")
_OCCUPIES = ("solid", "small", "none")
_SCHEMES = ("automatic", "quasi_steady", "transient")
_INHERITANCE = ("copy", "halve", "reset")


def small_capacity(volume: float, lattice: Lattice) -> int:
    """Return how many small cells of a volume (um3) a voxel without a solid cell holds: by volume, at least 1, at most 15."""
    return min(MOST_SMALL, max(1, int(lattice.packing * lattice.voxel_volume / volume)))


def small_cost(volume: float, lattice: Lattice) -> int:
    """Return what a small cell costs of the 252 units of room in a voxel."""
    return FULL_ROOM // small_capacity(volume, lattice)


def label(text: str) -> int:
    """Return a 64-bit hash of a name, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class _Compiler:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.codes = {name: code for code, name in enumerate(model.types, 1)}
        self.fields = {field.name: index for index, field in enumerate(model.fields)}
        self.body = {name: index for index, name in enumerate(body_signals(model))}
        self.signals: list[tuple[int, int]] = []
        self.contacts: list[list[int]] = []
        self.behaviours: list[dict[str, Any]] = []
        self.causes = [KILLED]

    def specification(self) -> dict[str, Any]:
        model = self.model
        if model.lattice.shape is None:
            raise ModelError("lattice.shape: missing; only a start from a table can decide it")
        types = [self.type(group, cell_type) for group in model.cells for cell_type in group.types]
        return {
            "shape": model.lattice.shape,
            "spacing": model.lattice.spacing,
            "thickness": model.lattice.thickness or model.lattice.spacing,
            "open_edges": model.lattice.edges == "open",
            "dt": model.dt,
            "types": types,
            "behaviours": self.behaviours,
            "signals": self.signals,
            "contacts": self.contacts,
            "synapses": [self.synapse(synapse) for synapse in model.synapses],
            "causes": self.causes,
            "body_signals": len(self.body),
            "fields": [self.field(field) for field in model.fields],
        }

    def type(self, group: Group, cell_type: CellType) -> dict[str, Any]:
        first = len(self.behaviours)
        rows = {name: k for k, name in enumerate(behaviours(cell_type, group))}
        for name in rows:
            self.behaviours.append(self.behaviour(group, cell_type, name))
        result: dict[str, Any] = {
            "name": cell_type.name,
            "label": label(cell_type.name),
            "occupies": _OCCUPIES.index(cell_type.occupies),
            "cost": small_cost(cell_type.volume, self.model.lattice) if cell_type.occupies == "small" else 0,
            "dead": cell_type.dead,
            "hits": self.hits(cell_type),
            "traits": [
                {
                    "law": 0 if isinstance(trait.start, Constant) else 1,
                    "value": trait.start.value if isinstance(trait.start, Constant) else trait.start.median,
                    "sigma": 0.0 if isinstance(trait.start, Constant) else trait.start.sigma,
                    "inheritance": _INHERITANCE.index(trait.inheritance),
                    "target": rows.get(f"trait.{trait.name}.target", -1),
                    "rise": trait.rise or 0.0,
                    "decay": trait.decay or 0.0,
                    "base": trait.target,
                }
                for trait in group.traits
            ],
            "first_behaviour": first,
            "behaviours": len(rows),
        }
        verbs: dict[str, list[dict[str, Any]]] = {
            verb: [] for verb in ("move", "divide", "die", "kill", "become", "secrete", "take_up", "recruit", "leave")
        }
        for process in cell_type.processes:
            entry = {name: rows[f"{process.name}.{name}"] for name in process.behaviours()}
            verbs[process.verb].append(entry | self.constants(process))
        return result | verbs

    def hits(self, cell_type: CellType) -> dict[str, Any]:
        hits = cell_type.hits
        if hits is None:
            return {"threshold": 0, "stages": 1, "recovery": 0.0, "into": 0}
        return {
            "threshold": hits.threshold,
            "stages": hits.stages,
            "recovery": hits.recovery,
            "into": self.code(hits.into),
        }

    def constants(self, process: Any) -> dict[str, Any]:
        """Return the settings of a process that rules cannot change, resolved."""
        match process:
            case Move():
                return {
                    "persistence": process.persistence,
                    "chemotaxis": [
                        {"field": self.fields[taxis.field], "sensitivity": taxis.sensitivity, "half": taxis.half}
                        for taxis in process.chemotaxis
                    ],
                    "permeability": self.by_code(process.permeability, "permeability"),
                }
            case Divide():
                return {"push": process.push, "into": self.code(process.into), "fraction": process.fraction}
            case Die():
                return {"cause": self.cause(process.name), "into": self.code(process.into)}
            case Kill():
                return {"targets": self.targets(process)}
            case Become():
                return {"into": self.code(process.into)}
            case Secrete():
                field = self.model.fields[self.fields[process.field]]
                per_nm = units.to(f"1 {field.unit}", "nM")
                return {
                    "field": self.fields[process.field],
                    "factor": PMOL_PER_UM3_IN_NM / per_nm / self.model.lattice.voxel_volume,
                }
            case TakeUp():
                return {"field": self.fields[process.field]}
            case Recruit():
                return {"blood": self.body[process.blood], "clearance": process.clearance or 0.0}
            case Leave():
                return {}
        raise AssertionError(process)

    def code(self, name: str | None) -> int:
        return 0 if name is None else self.codes[name]

    def cause(self, name: str) -> int:
        if name not in self.causes:
            self.causes.append(name)
        return self.causes.index(name)

    def targets(self, kill: Kill) -> list[int]:
        named = [name for target in kill.targets for name in self.model.types_named(target, "kill.targets")]
        return sorted({self.codes[name] for name in named if not self.model.types[name].dead})

    def by_code(self, values: dict[str, float], who: str) -> dict[int, float]:
        """Return values by type code; a type named itself wins over its group."""
        found: dict[int, float] = {}
        for name, value in sorted(values.items(), key=lambda item: item[0] in self.model.types):
            found |= {self.codes[each]: value for each in self.model.types_named(name, who)}
        return found

    def behaviour(self, group: Group, cell_type: CellType, name: str) -> dict[str, Any]:
        owner, parameter = name.rsplit(".", 1)
        if owner.startswith("trait."):
            base = next(trait.target for trait in group.traits if f"trait.{trait.name}" == owner)
        else:
            base = getattr(next(process for process in cell_type.processes if process.name == owner), parameter)
        unit = behaviours(cell_type, group)[name]
        readable = signal_units(self.model, group)
        rules = [rule for rule in cell_type.rules if rule.target == name]
        limits = {rule.effect: units.to(rule.limit, unit) for rule in rules}
        return {
            "base": base,
            "limit_up": limits.get("increases", base),
            "limit_down": limits.get("decreases", base),
            "deferred": any(rule.signal.startswith("synapse.") and rule.signal.endswith(".target") for rule in rules),
            "terms": [
                {
                    "signal": self.signal(group, rule.signal),
                    "half": units.to(rule.half, readable[rule.signal]),
                    "power": rule.power,
                    "up": rule.effect == "increases",
                }
                for rule in rules
            ],
        }

    def signal(self, group: Group, name: str) -> int:
        source, _, rest = name.partition(".")
        index = 0
        if source == "field":
            index = self.fields[rest]
        elif source == "trait":
            index = [trait.name for trait in group.traits].index(rest)
        elif source == "contact":
            codes = sorted(self.codes[each] for each in self.model.types_named(rest, name))
            if codes not in self.contacts:
                self.contacts.append(codes)
            index = self.contacts.index(codes)
        elif source == "body":
            index = self.body[rest]
        elif source == "synapse":
            synapse, where = rest.rsplit(".", 1)
            source = f"synapse_{where}"
            index = [each.name for each in self.model.synapses].index(synapse)
        entry = (_SOURCES.index(source), index)
        if entry not in self.signals:
            self.signals.append(entry)
        return self.signals.index(entry)

    def synapse(self, synapse: Synapse) -> dict[str, Any]:
        slots: dict[int, list[int]] = {}
        for group in self.model.cells:
            found = [slot for slot, trait in enumerate(group.traits) if trait.name in synapse.ligand]
            slots |= {self.codes[cell_type.name]: found for cell_type in group.types if found and not cell_type.dead}
        receptors = self.by_code(synapse.receptor, synapse.name)
        return {
            "receptor": {code: n / synapse.receptor_area * synapse.enrichment for code, n in receptors.items()},
            "per_ligand": synapse.enrichment / synapse.ligand_area,
            "dissociation": synapse.affinity,
            "ligand_slots": slots,
            "blocked_by": [self.body[name] for name in synapse.blocked_by],
        }

    def field(self, field: Field) -> dict[str, Any]:
        return {
            "name": field.name,
            "diffusion": field.diffusion,
            "decay": field.decay,
            "scale": field.scale,
            "initial": field.initial,
            "half_saturation": field.half_saturation or 0.0,
            "scheme": _SCHEMES.index(field.scheme),
            "boundary": field.boundary,
            "vessel_exchange": field.vessel_exchange,
            "vessel_value": field.vessel_value,
        }


def compile_model(model: Model) -> dict[str, Any]:
    """Return what the engine's constructor takes.

    Raises
    ------
    ModelError
        If the lattice has no shape.
    """
    return _Compiler(model).specification()

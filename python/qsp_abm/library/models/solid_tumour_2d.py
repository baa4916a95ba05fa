"""A section of a solid tumour with T cells, under an antibody against PD-1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...body.description import Drug
from ...errors import ModelError, suggest
from ...model import Lattice, Model
from ...parameters import load
from .. import bodies, cells, fields, synapses
from .. import drugs as known_drugs
from ..readouts import readouts
from ..vessels import vessels

__all__ = ["solid_tumour_2d"]

_TABLES = (
    *("tumour", "cd8", "treg", "macrophage", "stroma", "other_immune"),
    *("oxygen", "ifng", "pd1", "vessels", "body", "readouts"),
)


def solid_tumour_2d(
    *,
    lattice: Lattice | Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    drugs: Sequence[str | Drug] = ("pembrolizumab",),
    dt: str | float = "6 min",
) -> Model:
    """Return the default model of a section: tumour, CD8, Treg, macrophages, stroma, oxygen, interferon-gamma, PD-1.

    Parameters
    ----------
    lattice
        Default: 8 um voxels, shape and thickness left to the start.
    parameters
        ``table.name`` -> value, such as ``{"cd8.hit_rate": "2 / hour", "pembrolizumab.weight": "60 kg"}``; the tables are
        those of ``library/parameters``.
    drugs
        Drugs of the model, by name in the library or built. Those with a signal ``<name>.occupancy`` block PD-1. A drug
        has no effect until it is dosed.
    dt
        Step.

    Raises
    ------
    ModelError
        For an unknown table, parameter or drug.

    Examples
    --------
    >>> model = solid_tumour_2d(parameters={"cd8.hit_rate": "2 / hour"})
    >>> [group.name for group in model.cells]
    ['tumour', 'cd8', 'treg', 'macrophage', 'stroma', 'other_immune']
    """
    names = [drug for drug in drugs if isinstance(drug, str)]
    given = _by_table(parameters or {}, (*_TABLES, *names))
    built = tuple(_drug(drug, given) if isinstance(drug, str) else drug for drug in drugs)
    blocking = tuple(f"{drug.name}.occupancy" for drug in built if f"{drug.name}.occupancy" in drug.signals)
    return Model(
        lattice=_lattice(lattice),
        cells=(
            cells.tumour(**given["tumour"]),
            cells.cd8(**given["cd8"]),
            cells.treg(**given["treg"]),
            cells.macrophage(**given["macrophage"]),
            cells.stroma(**given["stroma"]),
            cells.other_immune(**given["other_immune"]),
        ),
        fields=(fields.oxygen(**given["oxygen"]), fields.ifng(**given["ifng"])),
        synapses=(synapses.pd1(blocked_by=blocking, **given["pd1"]),),
        vessels=vessels(**given["vessels"]),
        body=bodies.constant_blood(**given["body"]),
        drugs=built,
        readouts=readouts(**given["readouts"]),
        dt=dt,
    )


def _lattice(given: Lattice | Mapping[str, Any] | None) -> Lattice:
    if isinstance(given, Lattice):
        return given
    return Lattice(**({"spacing": "8 um"} | dict(given or {})))


def _drug(name: str, given: Mapping[str, Mapping[str, Any]]) -> Drug:
    if name not in known_drugs.__all__:
        raise ModelError(f"solid_tumour_2d: unknown drug '{name}'{suggest(name, known_drugs.__all__)}")
    factory: Callable[..., Drug] = getattr(known_drugs, name)
    return factory(**given[name])


def _by_table(parameters: Mapping[str, Any], tables: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Sort ``table.name`` -> value by table; every name is known."""
    given: dict[str, dict[str, Any]] = {table: {} for table in tables}
    for path, value in parameters.items():
        table, _, name = path.partition(".")
        if table not in given or not name:
            known = [f"{each}.{one}" for each in tables for one in load(each)]
            raise ModelError(f"solid_tumour_2d: unknown parameter '{path}'{suggest(path, known)}")
        given[table][name] = value
    for table, values in given.items():
        if values:
            load(table, values)  # says which name is unknown, before a factory takes it for an argument
    return given

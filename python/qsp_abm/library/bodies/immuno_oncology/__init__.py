"""The body of immuno-oncology: a patient with a tumour, nodes, blood and periphery, from named modules, one file each.

Units are one coherent set: day, L (and um^2 for synapses), cell, nmol, molecule. Every species is an amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ....body.description import Body
from ....errors import ModelError, suggest
from ....parameters import Parameter, load, replaced
from .antibodies import antibodies
from .antigen import antigen
from .antigen_presenting_cells import antigen_presenting_cells
from .checkpoints import checkpoints
from .compartments import compartments
from .interleukin_2 import interleukin_2
from .module import Module
from .naive import naive
from .presentation import presentation
from .priming import priming
from .readings import SIGNALS, readings
from .tissue import tissue
from .traffic import traffic
from .tumour import tumour

__all__ = ["PRESETS", "immuno_oncology"]

Preset = Literal["nsclc", "tnbc", "hcc", "crc", "melanoma"]
PRESETS: tuple[Preset, ...] = ("nsclc", "tnbc", "hcc", "crc", "melanoma")

_MODULES = (
    *(compartments, tissue, tumour, antigen, antigen_presenting_cells, presentation, checkpoints),
    *(naive, priming, interleukin_2, traffic),
)


def immuno_oncology(
    preset: Preset | None = None, *, anti_pd1: Sequence[str] = (), anti_ctla4: Sequence[str] = (), **numbers: Any
) -> Body:
    """Return the body of immuno-oncology: its own tumour, or coupled to a tissue.

    It starts with a small tumour in a healthy body; `qsp_abm.body.startup` takes it to diagnosis or to the steady state
    of a section.

    Parameters
    ----------
    preset
        Tumour whose numbers replace the general ones: nsclc, tnbc, hcc, crc or melanoma.
    anti_pd1, anti_ctla4
        Names of drugs of the model that block these receptors.
    numbers
        Replace values of the tables ``immuno_oncology_...``, such as ``growth="0.01 / day"``, or the start of a species,
        ``tumour_cancer_start="1e8 cell"``.

    Raises
    ------
    ModelError
        For an unknown preset or number, a value that its unit forbids, and no antigen clones at all.

    Examples
    --------
    >>> body = immuno_oncology("nsclc", growth="0.01 / day")
    >>> body.signals["blood.treg"]
    ('density_blood_treg', 'cell/uL')
    """
    modules = (*_MODULES, antibodies(anti_pd1, anti_ctla4))
    species = {name: unit for module in modules for name, unit in module.species.items()}
    values = _replaced(_general(modules) | _starts(species), preset, numbers)
    for clones in ("neo_clones", "self_clones"):
        if not values[clones].value > 0:
            raise ModelError(f"immuno_oncology: {clones} is 0; allowed: above 0 (no antigen: neoantigen_per_cell = 0)")
    lines = ["compartment patient = 1;"]
    lines += [f"substanceOnly species {name} in patient = io_{name}_start;" for name in species]
    return Body(
        name="io",
        antimony="\n".join(lines) + "\n" + "\n".join(_titled(module) for module in (*modules, readings)),
        signals=SIGNALS,
        species=species,
        inputs={
            name.removeprefix("tissue_"): (f"io_{name}", number.unit)
            for name, number in values.items()
            if name.startswith("tissue_")
        },
        parameters=tuple(values.values()),
    )


def _titled(module: Module) -> str:
    return f"\n// {module.name.replace('_', ' ')}\n{module.antimony.strip()}\n"


def _general(modules: Sequence[Module]) -> dict[str, Parameter]:
    """Return the numbers of all modules; each name stands in one table."""
    return {name: number for module in modules for name, number in load(f"immuno_oncology_{module.name}").items()}


def _starts(species: dict[str, str]) -> dict[str, Parameter]:
    """Return the start of every species: of the healthy body where it holds some, else nothing."""
    known = load("immuno_oncology_start")
    nothing = {"source": "assumed: a healthy body holds none", "kind": "assumed", "note": "rises from zero"}
    return {
        f"{name}_start": known.get(f"{name}_start")
        or Parameter.model_validate({"name": f"{name}_start", "value": 0.0, "unit": unit, **nothing})
        for name, unit in species.items()
    }


def _replaced(general: dict[str, Parameter], preset: str | None, numbers: dict[str, Any]) -> dict[str, Parameter]:
    """Return the numbers with those of a preset, then those of the user."""
    if preset is not None and preset not in PRESETS:
        raise ModelError(f"immuno_oncology: unknown preset '{preset}'{suggest(preset, PRESETS)}")
    own = load(f"immuno_oncology_{preset}") if preset else {}
    return replaced("immuno_oncology", general | own, numbers)

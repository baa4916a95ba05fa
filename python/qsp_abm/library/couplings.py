"""What a tissue of the library tells a body of the library."""

from __future__ import annotations

from typing import Any

from ..coupling import Coupling, Happened, Living, Source
from ..errors import ModelError
from ..model import Model

__all__ = ["immuno_oncology_coupling"]


def immuno_oncology_coupling(model: Model, **settings: Any) -> Coupling:
    """Return the coupling of a tissue with the body of immuno-oncology, for the kinds of cells that the tissue has.

    The body must leave its own tumour off (``alone=0``).

    Parameters
    ----------
    model
        The tissue: cancer cells are the living types of the group ``tumour``, T cells those named ``cd8_...``,
        ``cd4_helper`` and ``treg``; ``cd8_bystander`` is a kind of its own.
    settings
        Of `Coupling`: ``scale``, ``lesion``, ``represents``, ``exchange``.

    Raises
    ------
    ModelError
        For a tissue without living cells of the group ``tumour``.

    Examples
    --------
    >>> from qsp_abm.library import models
    >>> coupling = immuno_oncology_coupling(models.solid_tumour_2d(), scale=1000)
    >>> coupling.inputs["kills"].event
    'killed'
    """
    living = {name: model.group_of(name).name for name, each in model.types.items() if not each.dead}
    cancer = tuple(name for name, group in living.items() if group == "tumour")
    if not cancer:
        raise ModelError("immuno_oncology_coupling: the model has no living cells of a group 'tumour'")
    kinds = {
        "cd8": tuple(name for name in living if name.startswith("cd8") and name != "cd8_bystander"),
        "helper": tuple(name for name in living if name == "cd4_helper"),
        "treg": tuple(name for name in living if name == "treg"),
        "bystander": tuple(name for name in living if name == "cd8_bystander"),
    }
    present = {kind: types for kind, types in kinds.items() if types}
    inputs: dict[str, Source] = {
        "cancer": Living(types=cancer),
        "deaths": Happened(event="died_otherwise", types=cancer),
        "kills": Happened(event="killed", types=cancer),
    }
    if present:
        inputs["t_cells"] = Living(types=tuple(name for types in present.values() for name in types))
    inputs |= {f"entry_{kind}": Happened(event="entering", types=types) for kind, types in present.items()}
    inputs |= {f"return_{kind}": Happened(event="left", types=types) for kind, types in present.items()}
    return Coupling(inputs=inputs, **settings)

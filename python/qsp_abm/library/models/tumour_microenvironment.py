"""A solid tumour with all cells, fields and synapses of the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import Lattice, Model
from .. import bodies, cells, fields, synapses
from ..readouts import readouts
from ..vessels import vessels

__all__ = ["tumour_microenvironment"]


def tumour_microenvironment(*, lattice: Lattice | Mapping[str, Any] | None = None, dt: str | float = "6 min") -> Model:
    """Return a model of every mechanism of the library: a hierarchy of tumour cells, eight groups of immune cells, fibroblasts.

    It is the place to see the mechanisms together. It has not been calibrated as a whole: for sections under pembrolizumab
    `solid_tumour_2d` has.

    Parameters
    ----------
    lattice
        Default: 20 um voxels, shape left to the start.
    dt
        Step.

    Examples
    --------
    >>> len(tumour_microenvironment().types)
    22
    """
    given = lattice if isinstance(lattice, Lattice) else Lattice(**({"spacing": "20 um"} | dict(lattice or {})))
    pd1 = synapses.pd1(blocked_by=())
    return Model(
        lattice=given,
        cells=(
            cells.tumour_hierarchy(),
            cells.cd8_lineage(),
            cells.cd4(),
            cells.macrophage_polarised(),
            cells.mdsc(),
            cells.nk(),
            cells.b_cell(),
            cells.neutrophil(),
            cells.dendritic(),
            cells.fibroblast(),
        ),
        fields=(
            fields.oxygen(),
            fields.ifng(),
            fields.il2(),
            fields.il10(),
            fields.il12(),
            fields.tgfb(),
            fields.ccl2(),
            fields.cxcl10(),
            fields.vegf(),
            fields.nitric_oxide(),
            fields.arginase(),
        ),
        synapses=(
            pd1.replace(receptor={**pd1.receptor, "cd8_cytotoxic": pd1.receptor["cd8_effector"]}),
            synapses.cd47(),
        ),
        vessels=vessels(),
        body=bodies.constant_blood(),
        readouts=readouts(),
        dt=dt,
    )

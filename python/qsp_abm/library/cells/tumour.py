"""Tumour cells and their remains."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Constant, Group, Hits, LogNormal, Trait
from ...parameters import load
from ...processes import Die, Divide
from ...rules import Rule
from ._common import breathe, values, whole

__all__ = ["tumour"]


def tumour(**numbers: Any) -> Group:
    """Return tumour cells: oxygen-limited division, spontaneous and hypoxic death, PD-L1 of two parts, remains that clear.

    `tumour` divides at a Hill response of oxygen, dies spontaneously and, without oxygen, of hypoxia, and dies of hits that
    killers deliver within its recovery time. All deaths leave `tumour_dead`, which fills its voxel until it clears.
    PD-L1 molecules are the sum of the traits `pdl1_constitutive` (lognormal, inherited) and `pdl1_induced` (relaxes towards a
    Hill response of interferon-gamma).

    Parameters
    ----------
    numbers
        Replace values of the table ``tumour``, such as ``division_rate="0.05 / day"``.

    Examples
    --------
    >>> [cell_type.name for cell_type in tumour().types]
    ['tumour', 'tumour_dead']
    """
    parameters = load("tumour", numbers)
    number = values(parameters)
    living = CellType(
        name="tumour",
        volume=number["volume"],
        hits=Hits(
            threshold=whole(parameters["hits_threshold"], "tumour"),
            recovery=number["hits_recovery"],
            stages=round(number["hits_stages"]),
            into="tumour_dead",
        ),
        processes=(
            Divide(rate=0.0, push=round(number["division_push"])),
            Die(name="apoptosis", rate=number["death_rate"], into="tumour_dead"),
            Die(name="hypoxia", rate=number["hypoxic_death_rate"], into="tumour_dead"),
            *breathe(number),
        ),
        rules=(
            Rule(
                target="divide.rate",
                signal="field.oxygen",
                effect="increases",
                half=number["division_oxygen"],
                limit=number["division_rate"],
                power=number["division_oxygen_power"],
            ),
            Rule(
                target="hypoxia.rate",
                signal="field.oxygen",
                effect="decreases",
                half=number["hypoxic_death_oxygen"],
                limit=0.0,
                power=number["hypoxic_death_power"],
            ),
            Rule(
                target="trait.pdl1_induced.target",
                signal="field.ifng",
                effect="increases",
                half=number["pdl1_ifng"],
                limit=number["pdl1_induced"],
                power=number["pdl1_ifng_power"],
            ),
        ),
    )
    dead = CellType(
        name="tumour_dead",
        volume=number["remains_volume"],
        dead=True,
        processes=(Die(name="clearance", rate=number["remains_clearance"]),),
    )
    return Group(
        name="tumour",
        types=(living, dead),
        traits=(
            Trait(name="pdl1_constitutive", start=LogNormal(median=number["pdl1_median"], sigma=number["pdl1_sigma"])),
            Trait(name="pdl1_induced", start=Constant(value=0.0), rise=number["pdl1_rise"], decay=number["pdl1_decay"]),
        ),
        parameters=tuple(parameters.values()),
    )

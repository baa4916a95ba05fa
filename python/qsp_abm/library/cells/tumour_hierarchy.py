"""Tumour cells as a hierarchy: stem, progenitor, senescent."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Constant, Group, Hits, LogNormal, Trait
from ...parameters import load
from ...processes import Become, Die, Divide, Process, Secrete
from ...rules import Rule
from ._common import breathe, halvings, lowered, raised, values, whole, without_parts

__all__ = ["stationary_composition", "tumour_hierarchy"]


def tumour_hierarchy(*, without: tuple[str, ...] = (), **numbers: Any) -> Group:
    """Return tumour cells of three living types that divide and die as in `tumour`, in a hierarchy.

    `tumour_stem` divides without limit and becomes `tumour_progenitor` at the share of its divisions that is asymmetric; that one
    divides a number of times, counted by the trait `destiny`, and becomes `tumour_senescent`, which dies. Means are those of
    asymmetric division wherever there is room to divide; a single stem cell can be lost, and where nobody can divide stem cells
    turn into progenitors all the same.

    Parameters
    ----------
    without
        Fields that the model does not have.
    numbers
        Replace values of the table ``tumour_hierarchy``.

    Examples
    --------
    >>> [cell_type.name for cell_type in tumour_hierarchy().types]
    ['tumour_stem', 'tumour_progenitor', 'tumour_senescent', 'tumour_dead']
    """
    parameters = load("tumour_hierarchy", numbers)
    number = values(parameters)
    hits = Hits(
        threshold=whole(parameters["hits_threshold"], "tumour_hierarchy"),
        recovery=number["hits_recovery"],
        stages=round(number["hits_stages"]),
        into="tumour_dead",
    )
    destiny = halvings(whole(parameters["progenitor_divisions"], "tumour_hierarchy"))
    divide = Divide(rate=0.0, push=round(number["division_push"]))

    def breathing(target: str, rate: float) -> Rule:
        return raised(target, "field.oxygen", number["division_oxygen"], rate, number["division_oxygen_power"])

    def living(name: str, processes: tuple[Process, ...], rules: tuple[Rule, ...]) -> CellType:
        return CellType(
            name=name,
            volume=number["volume"],
            hits=hits,
            processes=(
                Die(name="hypoxia", rate=number["hypoxic_death_rate"], into="tumour_dead"),
                *breathe(number),
                Secrete(field="ccl2", rate=number["ccl2_secretion"]),
                *processes,
            ),
            rules=(
                lowered(
                    "hypoxia.rate", "field.oxygen", number["hypoxic_death_oxygen"], power=number["hypoxic_death_power"]
                ),
                raised(
                    "trait.pdl1_induced.target",
                    "field.ifng",
                    number["pdl1_ifng"],
                    number["pdl1_induced"],
                    number["pdl1_ifng_power"],
                ),
                *rules,
            ),
        )

    stem = living(
        "tumour_stem",
        (
            divide,
            Become(into="tumour_progenitor", rate=0.0),
            Secrete(field="tgfb", rate=number["tgfb_secretion"]),
            Secrete(field="vegf", rate=number["vegf_secretion"]),
        ),
        (
            breathing("divide.rate", number["stem_rate"]),
            breathing("become_tumour_progenitor.rate", number["stem_rate"] * number["stem_asymmetric"]),
            raised("trait.destiny.target", "trait.destiny", 1.0, destiny, power=8.0),
        ),
    )
    progenitor = living(
        "tumour_progenitor",
        (
            divide,
            Become(into="tumour_senescent", rate=number["senescence"]),
            Secrete(field="vegf", rate=number["vegf_secretion_progenitor"]),
        ),
        (
            breathing("divide.rate", number["progenitor_rate"]),
            lowered("become_tumour_senescent.rate", "trait.destiny", 1.0, power=32.0),
        ),
    )
    senescent = living(
        "tumour_senescent", (Die(name="senescence", rate=number["senescent_death"], into="tumour_dead"),), ()
    )
    dead = CellType(
        name="tumour_dead",
        volume=number["remains_volume"],
        dead=True,
        processes=(Die(name="clearance", rate=number["remains_clearance"]),),
    )
    group = Group(
        name="tumour",
        types=(stem, progenitor, senescent, dead),
        traits=(
            Trait(name="pdl1_constitutive", start=LogNormal(median=number["pdl1_median"], sigma=number["pdl1_sigma"])),
            Trait(name="pdl1_induced", start=Constant(value=0.0), rise=number["pdl1_rise"], decay=number["pdl1_decay"]),
            Trait(name="destiny", start=Constant(value=destiny), inheritance="halve", rise="1 min"),
            Trait(name="cd47", start=Constant(value=number["cd47_density"] * number["cd47_area"])),
        ),
        parameters=tuple(parameters.values()),
    )
    return without_parts(group, without)


def stationary_composition(**numbers: Any) -> dict[str, float]:
    """Return the fractions of stem cells, progenitors of each generation and senescent cells of steady growth.

    With stem rate r, progenitor rate p, senescent death m, asymmetric share k and growth g = r (1 - k): the first generation is
    k r / (g + p) of the stem cells, each later one 2 p / (g + p) of the one before, senescent cells 2 p / (g + m) of the last.

    Parameters
    ----------
    numbers
        Replace values of the table ``tumour_hierarchy``.

    References
    ----------
    VoxelContentGen of spQSP-IO, doi:10.3390/cancers13153751.

    Examples
    --------
    >>> round(100 * stationary_composition()["tumour_stem"], 3)
    0.348
    """
    number = values(load("tumour_hierarchy", numbers))
    rate, share, divisions = number["stem_rate"], number["stem_asymmetric"], number["progenitor_rate"]
    growth = rate * (1 - share)
    found = {"tumour_stem": 1.0, "tumour_progenitor_1": share * rate / (growth + divisions)}
    for generation in range(2, round(number["progenitor_divisions"]) + 1):
        found[f"tumour_progenitor_{generation}"] = (
            found[f"tumour_progenitor_{generation - 1}"] * 2 * divisions / (growth + divisions)
        )
    last = found[f"tumour_progenitor_{round(number['progenitor_divisions'])}"]
    found["tumour_senescent"] = last * 2 * divisions / (growth + number["senescent_death"])
    total = sum(found.values())
    return {name: value / total for name, value in found.items()}

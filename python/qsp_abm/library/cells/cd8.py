"""CD8 T cells: bystander, effector, progenitor-exhausted, terminally exhausted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import CellType, Constant, Group, Trait
from ...parameters import load
from ...processes import Become, Die, Divide, Kill, Leave, Process, Recruit, Secrete
from ...rules import Rule
from ._common import OBSTACLES, breathe, in_proportion, values, wander

__all__ = ["cd8", "cd8_mixture"]


def cd8(
    *,
    targets: tuple[str, ...] = ("tumour",),
    obstacles: tuple[str, ...] = tuple(OBSTACLES),
    suppressors: tuple[str, ...] = ("treg",),
    **numbers: Any,
) -> Group:
    """Return CD8 T cells of four types, of which all but the bystander recognise the tumour.

    `cd8_bystander` moves, enters and leaves, and never engages. `cd8_effector` kills, and exhausts under stimulation; like all
    that engage it stands still meanwhile.
    `cd8_progenitor_exhausted` (TCF1+) renews itself and gives effectors. `cd8_terminally_exhausted` hits weakly and no longer
    divides. The trait `stimulation` is 1 while engaged and fades with a stated tail; it drives secretion of interferon-gamma,
    division and exhaustion. PD-1 (synapse `pd1`) lowers the hit rate (with the engaged target), lowers division and
    differentiation, and hastens exhaustion (with the neighbour of highest ligand), each with a maximum effect below 1.

    Parameters
    ----------
    targets
        Types or groups that are recognised.
    obstacles
        Solid types of the model that hinder movement; leave out those that the model does not have.
    suppressors
        Types whose contact suppresses killing and division; empty for a model without them.
    numbers
        Replace values of the table ``cd8``, such as ``hit_rate="2 / hour"``.

    Examples
    --------
    >>> [cell_type.name for cell_type in cd8().types]
    ['cd8_bystander', 'cd8_effector', 'cd8_progenitor_exhausted', 'cd8_terminally_exhausted']
    """
    parameters = load("cd8", numbers)
    number = values(parameters)
    everywhere: tuple[Process, ...] = (Leave(rate=number["leave_rate"]), *breathe(number))
    search, drift = wander(number, obstacles), wander(number, obstacles, "motility_bystander")
    entry = Recruit(blood="blood.cd8")
    stimulation = in_proportion("trait.stimulation.target", "engaged", 1.0)

    def reactive(kind: str, hit_share: float, secretion_share: float) -> tuple[tuple[Process, ...], tuple[Rule, ...]]:
        hit_rate = number["hit_rate"] * hit_share
        floor = hit_rate * (1.0 - number["hit_suppression"])
        processes = (
            search,
            *everywhere,
            Kill(targets=targets, engage=number["engage"], hit_rate=hit_rate, detach=number["detach"]),
            Secrete(field="ifng", rate=0.0),
            Die(name="death", rate=number[f"death_{kind}"]),
        )
        rules = (
            stimulation,
            *_suppressed("kill.hit_rate", "synapse.pd1.target", number, "pd1_half", floor, suppressors),
            in_proportion("secrete_ifng.rate", "trait.stimulation", number["ifng_secretion"] * secretion_share),
        )
        return processes, rules

    def stimulated(target: str, rate: float) -> tuple[Rule, ...]:
        return (
            in_proportion(target, "trait.stimulation", rate),
            *_suppressed(target, "synapse.pd1.max", number, "pd1_half_division", 0.0, suppressors),
        )

    def cell_type(name: str, processes: tuple[Process, ...], rules: tuple[Rule, ...] = ()) -> CellType:
        return CellType(name=name, volume=number["volume"], occupies="small", processes=processes, rules=rules)

    effector, effector_rules = reactive("effector", 1.0, 1.0)
    progenitor, progenitor_rules = reactive(
        "progenitor", number["hit_share_progenitor"], number["ifng_share_exhausted"]
    )
    terminal, terminal_rules = reactive("terminal", number["hit_share_terminal"], number["ifng_share_exhausted"])
    exhaustion = "become_cd8_terminally_exhausted.rate"
    return Group(
        name="cd8",
        types=(
            cell_type("cd8_bystander", (drift, *everywhere, entry, Die(name="death", rate=number["death_bystander"]))),
            cell_type(
                "cd8_effector",
                (*effector, entry, Divide(rate=0.0), Become(into="cd8_terminally_exhausted", rate=0.0)),
                (
                    *effector_rules,
                    *stimulated("divide.rate", number["division_effector"]),
                    Rule(
                        target=exhaustion,
                        signal="trait.stimulation",
                        effect="increases",
                        half=number["exhaustion_stimulation"],
                        limit=number["exhaustion_rate"],
                    ),
                    Rule(
                        target=exhaustion,
                        signal="synapse.pd1.max",
                        effect="increases",
                        half=number["pd1_half"],
                        limit=number["exhaustion_rate"],
                        power=number["pd1_power"],
                    ),
                ),
            ),
            cell_type(
                "cd8_progenitor_exhausted",
                (*progenitor, entry, Divide(rate=0.0), Become(into="cd8_effector", rate=0.0)),
                (
                    *progenitor_rules,
                    *stimulated("divide.rate", number["division_progenitor"]),
                    *stimulated("become_cd8_effector.rate", number["differentiation"]),
                ),
            ),
            cell_type("cd8_terminally_exhausted", terminal, terminal_rules),
        ),
        traits=(
            Trait(
                name="stimulation",
                start=Constant(value=0.0),
                rise=number["stimulation_rise"],
                decay=number["stimulation_decay"],
            ),
        ),
        parameters=tuple(parameters.values()),
    )


def cd8_mixture(reactive: float | None = None, **numbers: Any) -> dict[str, float]:
    """Return the types that labelled CD8 cells stand for, with fractions that add up to 1.

    Parameters
    ----------
    reactive
        Tumour-reactive fraction, 0..1; None: the default of the table.
    numbers
        Replace values of the table ``cd8``.

    Examples
    --------
    >>> cd8_mixture(reactive=0.5)["cd8_bystander"]
    0.5
    """
    number = values(load("cd8", numbers))
    share = number["reactive_fraction"] if reactive is None else reactive
    effector, progenitor = number["reactive_effector"], number["reactive_progenitor"]
    return {
        "cd8_bystander": 1.0 - share,
        "cd8_effector": share * effector,
        "cd8_progenitor_exhausted": share * progenitor,
        "cd8_terminally_exhausted": share * (1.0 - effector - progenitor),
    }


def _suppressed(
    target: str, signal: str, number: Mapping[str, float], half: str, floor: float, suppressors: tuple[str, ...]
) -> tuple[Rule, ...]:
    """Return the rules by which PD-1 bonds and suppressing neighbours lower a rate towards `floor`."""
    by_bonds = Rule(
        target=target, signal=signal, effect="decreases", half=number[half], limit=floor, power=number["pd1_power"]
    )
    by_contact = (
        Rule(target=target, signal=f"contact.{name}", effect="decreases", half=number["treg_half"], limit=floor)
        for name in suppressors
    )
    return (by_bonds, *by_contact)

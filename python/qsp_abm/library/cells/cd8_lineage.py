"""CD8 T cells from priming to memory and exhaustion."""

from __future__ import annotations

from typing import Any

from ...model import CellType, Group
from ...parameters import load
from ...processes import Become, Die, Divide, Move, Secrete, TakeUp
from ...rules import Rule
from ._common import (
    SOLID_GROUPS,
    at_contact,
    breathe,
    counts_divisions,
    in_proportion,
    lowered,
    raised,
    small,
    stops_dividing,
    values,
    wander,
    without_parts,
)
from .cd8 import cd8

__all__ = ["cd8_lineage"]

_SUPPRESSING = ("tgfb", "il10", "nitric_oxide", "arginase")


def cd8_lineage(
    *,
    targets: tuple[str, ...] = ("tumour",),
    obstacles: tuple[str, ...] = SOLID_GROUPS,
    suppressors: tuple[str, ...] = ("treg",),
    without: tuple[str, ...] = (),
    **numbers: Any,
) -> Group:
    """Return CD8 T cells of six types, instead of the group of `cd8`, whose bystander, progenitor and terminal cells they keep.

    `cd8_effector` is primed: it searches and, stimulated by contact with a target, becomes `cd8_cytotoxic`. That one does what the
    effector of `cd8` does, and secretes interleukin-2, divides on it too and only up to its destiny, dies sooner without it,
    and yields to TGF-beta, IL-10, nitric oxide and arginase as to PD-1 and regulatory T cells. Without antigen it becomes
    `cd8_memory`, which lives long and is primed anew at contact. All follow CXCL9/10.

    Parameters
    ----------
    targets
        Types or groups that are recognised.
    obstacles
        Groups of solid cells that hinder movement.
    suppressors
        Types whose contact suppresses killing and division and hastens exhaustion.
    without
        Fields and synapses that the model does not have.
    numbers
        Replace values of the tables ``cd8`` and ``cd8_lineage``.

    Examples
    --------
    >>> [cell_type.name for cell_type in cd8_lineage().types][:3]
    ['cd8_bystander', 'cd8_effector', 'cd8_cytotoxic']
    """
    own = {name: value for name, value in numbers.items() if name in load("cd8")}
    base = cd8(targets=targets, obstacles=obstacles, suppressors=suppressors, **own)
    parameters = load("cd8_lineage", {name: value for name, value in numbers.items() if name not in own})
    number = values({each.name: each for each in base.parameters} | parameters)
    old = {cell_type.name: cell_type for cell_type in base.types}
    walk = wander(number, obstacles, towards=("cxcl10",))
    follows = TakeUp(field="cxcl10", clearance=number["cxcl10_clearance"])
    drinks = TakeUp(field="il2", clearance=number["il2_clearance"])
    entry_and_exit = tuple(each for each in old["cd8_bystander"].processes if each.verb in ("leave", "recruit"))

    def suppressed(target: str, floor: float) -> tuple[Rule, ...]:
        return tuple(lowered(target, f"field.{name}", number[f"{name}_half_killing"], floor) for name in _SUPPRESSING)

    def killer(cell_type: CellType, hit_rate: float) -> CellType:
        """Return a killer of `cd8` with the soluble signals, the chemokine and interleukin-2."""
        rules = suppressed("kill.hit_rate", hit_rate * (1.0 - number["hit_suppression"]))
        if any(isinstance(process, Divide) for process in cell_type.processes):
            rules += suppressed("divide.rate", 0.0)
        processes = tuple(walk if isinstance(each, Move) else each for each in cell_type.processes)
        return cell_type.replace(processes=(*processes, follows, drinks), rules=(*cell_type.rules, *rules))

    def primes(into: str) -> tuple[Rule, ...]:
        """Return the rules by which contact with a target stimulates, and stimulation turns a cell into another type.

        Stimulation starts at 0, so that what is balanced by entry at the start does not count priming as a loss.
        """
        meets = (at_contact("trait.stimulation.target", name, number["activation_contacts"], 1.0) for name in targets)
        return (*meets, in_proportion(f"become_{into}.rate", "trait.stimulation", number["activation_rate"]))

    primed = small(
        "cd8_effector",
        number,
        (
            walk,
            *entry_and_exit,
            *breathe(number),
            follows,
            drinks,
            Die(name="death", rate=number["death_effector"]),
            Become(into="cd8_cytotoxic", rate=0.0),
        ),
        (*primes("cd8_cytotoxic"), *stops_dividing(divides=False)),
    )
    cytotoxic = killer(old["cd8_effector"], number["hit_rate"])
    cytotoxic = cytotoxic.replace(
        name="cd8_cytotoxic",
        processes=(
            *(each for each in cytotoxic.processes if each.verb != "recruit"),
            Secrete(field="il2", rate=0.0),
            Die(name="withdrawal", rate=number["withdrawal_rate"]),
            Become(into="cd8_memory", rate=number["memory_rate"]),
        ),
        rules=(
            *cytotoxic.rules,
            raised("divide.rate", "field.il2", number["il2_half"], 2 * number["division_effector"]),
            *stops_dividing(),
            in_proportion("secrete_il2.rate", "trait.stimulation", number["il2_secretion"]),
            lowered("withdrawal.rate", "field.il2", number["withdrawal_il2"]),
            lowered("become_cd8_memory.rate", "trait.stimulation", number["memory_stimulation"], power=2.0),
            *(
                raised(
                    "become_cd8_terminally_exhausted.rate",
                    f"contact.{name}",
                    number["treg_half"],
                    number["exhaustion_rate"],
                )
                for name in suppressors
            ),
        ),
    )
    progenitor = killer(old["cd8_progenitor_exhausted"], number["hit_rate"] * number["hit_share_progenitor"])
    terminal = killer(old["cd8_terminally_exhausted"], number["hit_rate"] * number["hit_share_terminal"])
    memory = small(
        "cd8_memory",
        number,
        (
            walk,
            *(each for each in entry_and_exit if each.verb == "leave"),
            *breathe(number),
            follows,
            Die(name="death", rate=number["death_memory"]),
            Become(into="cd8_effector", rate=0.0),
        ),
        (*primes("cd8_effector"), *stops_dividing(divides=False)),
    )
    counting = stops_dividing(divides=False)
    group = Group(
        name="cd8",
        types=(
            old["cd8_bystander"].replace(rules=counting),
            primed,
            cytotoxic,
            progenitor.replace(rules=(*progenitor.rules, *stops_dividing())),
            terminal.replace(rules=(*terminal.rules, *counting)),
            memory,
        ),
        traits=(*base.traits, *counts_divisions(number["division_destiny"])),
        parameters=(*base.parameters, *parameters.values()),
    )
    return without_parts(group, without)

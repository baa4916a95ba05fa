"""Rules: the arithmetic of the grammar, and every signal reads what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import MINUTE, Machine, group
from worlds import BLOOD

from qsp_abm import Become, CellType, Die, Divide, Field, Group, Hits, Kill, Lattice, Model, Rule, Rules, Synapse, Trait

LATTICE = Lattice(shape=(5, 5, 1), spacing=20.0)


def death_rate(machine: Machine, name: str = "cell") -> float:
    """The rate of death of all cells of a type, as the engine evaluates it now, 1/day."""
    index = list(machine.model.types).index(name)
    return float(machine.engine.fate_rates(machine.body)["dies"][index])


def reading(signal: str, half: float, *more: CellType | Group, limit: float = 1000.0, **settings: object) -> Model:
    """A cell whose death rate is 1000 x / (1 + x) a day with x = signal / half."""
    own = {"fields": (), "traits": (), "synapses": (), "processes": ()} | settings
    cell = CellType(
        name="cell",
        volume=1000.0,
        processes=(Die(rate=0.0), *own["processes"]),  # type: ignore[misc]
        rules=(Rule(target="die.rate", signal=signal, effect="increases", half=half, limit=limit),),
    )
    return Model(
        lattice=LATTICE,
        cells=(group("cell", cell, traits=own["traits"]), *more),
        fields=own["fields"],
        synapses=own["synapses"],
        body=BLOOD,
        dt=6 * MINUTE,
    )


def signal_of(machine: Machine, half: float = 1.0) -> float:
    rate = death_rate(machine) / 1000.0
    return half * rate / (1 - rate)


positive = st.floats(0.0, 100.0)


@given(
    signals=st.lists(positive, min_size=4, max_size=4),
    halves=st.lists(st.floats(0.1, 50.0), min_size=4, max_size=4),
    powers=st.lists(st.sampled_from([0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 9.3]), min_size=4, max_size=4),
    base=st.floats(0.0, 10.0),
    up=st.floats(0.0, 20.0),
    down=st.floats(0.0, 20.0),
)
def test_rules_combine_as_in_the_grammar(
    signals: list[float], halves: list[float], powers: list[float], base: float, up: float, down: float
) -> None:
    """Two increasing and two decreasing signals: u = b + (M - b) U, then u + (m - u) D, each a saturating sum."""
    names = ["a", "b", "c", "d"]
    rules = tuple(
        Rule(
            target="die.rate",
            signal=f"trait.{n}",
            effect="increases" if k < 2 else "decreases",
            half=halves[k],
            power=powers[k],
            limit=up if k < 2 else down,
        )
        for k, n in enumerate(names)
    )
    cell = CellType(name="cell", volume=1000.0, processes=(Die(rate=base),), rules=rules)
    model = Model(lattice=LATTICE, cells=(group("cell", cell, traits=tuple(Trait(name=n) for n in names)),))
    machine = Machine(model, {"cell": [12]})
    for slot, value in enumerate(signals):
        machine.engine.set_trait(np.array([1], "u4"), slot, np.array([value], "f4"))
    x = [(float(np.float32(s)) / float(np.float32(h))) ** p for s, h, p in zip(signals, halves, powers, strict=True)]
    raised = base + (up - base) * (x[0] + x[1]) / (1 + x[0] + x[1])
    expected = raised + (down - raised) * (x[2] + x[3]) / (1 + x[2] + x[3])
    assert death_rate(machine) == pytest.approx(expected, rel=2e-5, abs=1e-5)


def test_a_hand_computed_rule() -> None:
    """base 1, one signal at twice its half with power 2 towards 11: 1 + 10 * 4/5 = 9; then at its half towards 0: 4.5."""
    cell = CellType(
        name="cell",
        volume=1000.0,
        processes=(Die(rate=1.0),),
        rules=(
            Rule(target="die.rate", signal="trait.a", effect="increases", half=3.0, power=2, limit=11.0),
            Rule(target="die.rate", signal="trait.b", effect="decreases", half=7.0, limit=0.0),
        ),
    )
    model = Model(lattice=LATTICE, cells=(group("cell", cell, traits=(Trait(name="a"), Trait(name="b"))),))
    machine = Machine(model, {"cell": [12]})
    one = np.array([1], "u4")
    machine.engine.set_trait(one, 0, np.array([6.0], "f4"))
    assert death_rate(machine) == pytest.approx(9.0)
    machine.engine.set_trait(one, 1, np.array([7.0], "f4"))
    assert death_rate(machine) == pytest.approx(4.5)


def test_dt_13_two_stimuli_are_never_weaker_than_one() -> None:
    """DT-13: with both routes the response is at least that of each alone."""

    def rate(a: float, b: float) -> float:
        cell = CellType(
            name="cell",
            volume=1000.0,
            processes=(Become(into="worn", rate=0.1),),
            rules=tuple(
                Rule(target="become_worn.rate", signal=f"trait.{n}", effect="increases", half=1.0, power=2, limit=2.0)
                for n in "ab"
            ),
        )
        traits = (Trait(name="a"), Trait(name="b"))
        model = Model(lattice=LATTICE, cells=(group("t", cell, CellType(name="worn", volume=1000.0), traits=traits),))
        machine = Machine(model, {"cell": [12]})
        for slot, value in enumerate((a, b)):
            machine.engine.set_trait(np.array([1], "u4"), slot, np.array([value], "f4"))
        return float(machine.engine.fate_rates(machine.body)["becomes_other"][0])

    for a, b in ((0.5, 0.5), (0.1, 3.0), (2.0, 2.0)):
        assert rate(a, b) >= max(rate(a, 0.0), rate(0.0, b))


def test_signal_field_reads_the_voxel() -> None:
    model = reading("field.oxygen", 10.0, fields=(Field(name="oxygen", unit="mmHg", diffusion=1.0, scale=40.0),))
    machine = Machine(model, {"cell": [7]})
    stored = np.arange(25, dtype="f4").reshape(1, 5, 5) / 40
    machine.engine.restore(machine.engine.state(), machine.columns(), [stored])
    assert signal_of(machine, 10.0) == pytest.approx(7.0, rel=1e-4)


def test_signal_body_reads_its_signal() -> None:
    for name, expected in (("patient.cd8", 100.0), ("patient.treg", 20.0)):
        machine = Machine(reading(f"body.{name}", 50.0), {"cell": [12]}, body=(100.0, 20.0))
        assert signal_of(machine, 50.0) == pytest.approx(expected, rel=1e-4)


def test_signal_contact_counts_the_neighbours_and_the_own_voxel_but_not_oneself() -> None:
    small = CellType(name="small", volume=100.0, occupies="small")
    other = CellType(name="other", volume=1000.0)
    cells = {"cell": [12], "other": [6, 7, 18, 4], "small": [12, 13, 13, 13, 20]}
    assert signal_of(Machine(reading("contact.other", 1.0, other, small), cells, body=(0, 0))) == pytest.approx(
        3.0, rel=1e-4
    )
    assert signal_of(Machine(reading("contact.small", 1.0, other, small), cells, body=(0, 0))) == pytest.approx(
        4.0, rel=1e-4
    )
    alone = Machine(reading("contact.cell", 1.0), {"cell": [12]}, body=(0, 0))
    assert death_rate(alone) == 0.0
    corner = Machine(reading("contact.other", 1.0, other), {"cell": [0], "other": [1, 5, 6, 4, 20, 24]}, body=(0, 0))
    assert signal_of(corner) == pytest.approx(3.0, rel=1e-4)  # nothing is met across the faces


def test_signal_crowding_is_the_share_of_neighbours_with_a_solid_cell() -> None:
    other = CellType(name="other", volume=1000.0)
    middle = Machine(reading("crowding", 0.5, other), {"cell": [12], "other": [6, 7]}, body=(0, 0))
    assert signal_of(middle, 0.5) == pytest.approx(2 / 8, rel=1e-4)
    corner = Machine(reading("crowding", 0.5, other), {"cell": [0], "other": [1]}, body=(0, 0))
    assert signal_of(corner, 0.5) == pytest.approx(1 / 3, rel=1e-4)


def test_signal_age_is_days_since_birth() -> None:
    machine = Machine(reading("age", 1.0, limit=1e-6), {"cell": [12]}, body=(0, 0))
    machine.run_for(0.5)
    assert death_rate(machine) == pytest.approx(1e-6 * 0.5 / 1.5, rel=1e-3)


def bonds(receptor: float, ligand: float, affinity: float) -> float:
    total = receptor + ligand + affinity
    return float(total - np.sqrt(total**2 - 4 * receptor * ligand)) / 2


@pytest.mark.parametrize("blocked", [0.0, 0.6, 1.0])
def test_signal_synapse_max_reads_the_neighbour_of_highest_ligand(blocked: float) -> None:
    bearer = CellType(name="bearer", volume=1000.0)
    synapse = Synapse(
        name="pd1",
        receptor={"cell": 3000.0},
        receptor_area=150.0,
        ligand=("ligand",),
        ligand_area=900.0,
        affinity=15.0,
        enrichment=2.0,
        blocked_by=("patient.cd8",),
    )
    model = reading(
        "synapse.pd1.max", 10.0, group("bearer", bearer, traits=(Trait(name="ligand"),)), synapses=(synapse,)
    )
    machine = Machine(model, {"cell": [12], "bearer": [6, 18, 4]}, body=(blocked, 0.0))
    machine.engine.set_trait(np.array([2, 3, 4], "u4"), 0, np.array([1000.0, 20000.0, 1e6], "f4"))
    expected = bonds(2 * 3000 / 150 * (1 - blocked), 2 * 20000 / 900, 15.0)
    found = signal_of(machine, 10.0)
    assert found == pytest.approx(expected, rel=1e-3)


def test_signal_synapse_target_acts_on_the_hit_rate_of_the_engagement() -> None:
    """Without bonds every engaged killer hits; with many bonds none does. The neighbour that is not engaged does not count."""
    synapse = Synapse(
        name="pd1", receptor={"killer": 3e4}, receptor_area=150.0, ligand=("ligand",), ligand_area=900.0, affinity=15.0
    )
    target = CellType(name="target", volume=1000.0, hits=Hits())
    bystander = CellType(name="bystander", volume=1000.0)
    killer = CellType(
        name="killer",
        volume=1.0,
        occupies="none",
        processes=(Kill(targets=("target",), engage=1e7, hit_rate=1e7, detach=0.0),),
        rules=(
            Rule(
                target="kill.hit_rate", signal="synapse.pd1.target", effect="decreases", half=1e-3, power=4, limit=0.0
            ),
        ),
    )
    lawn = group("lawn", target, bystander, traits=(Trait(name="ligand"),))
    model = Model(lattice=LATTICE, cells=(lawn, killer), synapses=(synapse,))
    for shielded in (False, True):
        machine = Machine(model, {"target": [12], "bystander": [13], "killer": [12]})
        machine.engine.set_trait(
            np.array([1, 2], "u4"), 0, np.array([1e5 if shielded else 0.0, 0.0 if shielded else 1e5], "f4")
        )
        machine.run(3)
        assert machine.counts()["target"] == (1 if shielded else 0)


def test_signal_engaged_is_one_while_engaged() -> None:
    target = CellType(name="target", volume=1000.0, hits=Hits())
    kill = Kill(targets=("target",), engage=1e7, hit_rate=0.0, detach=0.0)
    machine = Machine(
        reading("engaged", 1.0, target, limit=1e-6, processes=(kill,)), {"cell": [12], "target": [13]}, body=(0, 0)
    )
    assert death_rate(machine) == 0.0
    machine.run(1)
    assert death_rate(machine) == pytest.approx(0.5e-6, rel=1e-4)


def grammar(
    base: float, ups: list[tuple[float, ...]], downs: list[tuple[float, ...]], top: float, bottom: float
) -> float:
    """The response of the grammar, written down again from Johnson et al., Cell 2025: terms are (signal, half, power)."""

    def hill(terms: list[tuple[float, ...]]) -> float:
        total = sum((signal / half) ** power for signal, half, power in terms)
        return total / (1 + total)

    raised = (1 - hill(ups)) * base + hill(ups) * top
    return (1 - hill(downs)) * raised + hill(downs) * bottom


@pytest.mark.parametrize(
    ("oxygen", "neighbours", "by_hand"),
    [  # cycle entry of the published sample: oxygen towards 0.003333 /min (21.5 mmHg, power 4), crowding towards 0 (1, power 4)
        (0.0, 0, 0.0),
        (21.5, 0, 2.39976),  # half of 0.003333 x 1440
        (43.0, 0, 4.51720),  # x = 16: 16/17
        (10.75, 0, 0.282325),  # x = 1/16: 1/17
        (43.0, 8, 2.25860),  # all around: x = 1 takes half
        (43.0, 4, 4.25148),  # half around: x = 1/16 takes 1/17
    ],
)
def test_a_published_table_of_rules_on_the_engine(oxygen: float, neighbours: int, by_hand: float) -> None:
    rules = Rules.from_csv(
        ["tumour,oxygen,increases,cycle entry,0.003333,21.5,4,0", "tumour,crowding,decreases,cycle entry,0,1,4,0"]
    )
    cell = CellType(name="tumour", volume=2494.0, processes=(Divide(rate=0.0),))
    model = Model(
        lattice=LATTICE,
        cells=(cell, CellType(name="stone", volume=1000.0)),
        fields=(Field(name="oxygen", unit="mmHg", diffusion="1e5 um^2/min", scale=40, initial=oxygen),),
    )
    around = [6, 7, 8, 11, 13, 16, 17, 18][:neighbours]
    machine = Machine(rules.onto(model), {"tumour": [12], "stone": around})
    found = float(machine.engine.fate_rates(machine.body)["divides"][0])
    formula = grammar(0.0, [(oxygen, 21.5, 4)], [(neighbours / 8, 1.0, 4)], 0.003333 * 1440, 0.0)
    assert formula == pytest.approx(by_hand, rel=1e-5, abs=1e-12)
    assert found == pytest.approx(formula, rel=1e-5, abs=1e-9)


def test_rules_for_the_dead_act_in_the_remains() -> None:
    """Dead cells feel the flagged rules alone, from the same base to the same limit."""
    rules = Rules.from_csv(
        ["cell,oxygen,increases,apoptosis,0.01,20,2,1", "cell,contact with cell,decreases,apoptosis,0,1,1,0"]
    )
    cell = CellType(name="cell", volume=1000.0, processes=(Die(name="apoptosis", rate=0.0, into="remains"),))
    remains = CellType(name="remains", volume=1000.0, dead=True, processes=(Die(name="apoptosis", rate=0.0),))
    oxygen = Field(name="oxygen", unit="mmHg", diffusion="1e5 um^2/min", initial=20.0)
    model = rules.onto(Model(lattice=LATTICE, cells=(group("flesh", cell, remains),), fields=(oxygen,)))
    machine = Machine(model, {"cell": [12], "remains": [13]})
    assert death_rate(machine, "remains") == pytest.approx(7.2, rel=1e-5)
    assert death_rate(machine, "cell") == pytest.approx(7.2, rel=1e-5)
    crowded = Machine(model, {"cell": [12, 11], "remains": [13]})
    assert death_rate(crowded, "remains") == pytest.approx(7.2, rel=1e-5)
    assert death_rate(crowded, "cell") == pytest.approx(2 * 3.6, rel=1e-5)

"""A compiled model: every name resolved to an index, every number in internal units."""

from __future__ import annotations

import pytest

import qsp_abm as qa
from qsp_abm.compile import FULL_ROOM, compile_model, label, small_capacity, small_cost

LATTICE = qa.Lattice(shape=(8, 8), spacing=20, thickness=15)


def built() -> qa.Model:
    tumour = qa.CellType(
        name="tumour",
        volume=2500,
        hits=qa.Hits(threshold=3, into="dead"),
        processes=(
            qa.Divide(rate=1.0),
            qa.Die(name="hypoxia", rate=0.5, into="dead"),
            qa.Secrete(field="ifng", rate=2.0),
        ),
        rules=(
            qa.Rule(target="divide.rate", signal="field.ifng", effect="decreases", half="2 pM", limit=0.25, power=2),
            qa.Rule(target="trait.pdl1.target", signal="contact.cd8", effect="increases", half=1, limit=9),
        ),
    )
    dead = qa.CellType(name="dead", volume=2500, dead=True, processes=(qa.Die(name="clearance", rate=0.3),))
    cd8 = qa.CellType(
        name="cd8",
        volume=175,
        occupies="small",
        processes=(
            qa.Move(motility=1.0, permeability={"cancer": 0.5, "dead": 0.9}),
            qa.Kill(targets=("cancer",), engage=1, hit_rate=2, detach=3),
        ),
        rules=(qa.Rule(target="kill.hit_rate", signal="synapse.pd1.target", effect="decreases", half=5, limit=0.5),),
    )
    cancer = qa.Group(
        name="cancer",
        types=(tumour, dead),
        traits=(qa.Trait(name="clone"), qa.Trait(name="pdl1", rise="1 day", target=4.0)),
    )
    synapse = qa.Synapse(
        name="pd1",
        receptor={"cd8": 3000},
        receptor_area=150,
        ligand=("pdl1",),
        ligand_area=900,
        affinity=15,
        enrichment=2,
    )
    field = qa.Field(name="ifng", unit="nM", diffusion=100)
    return qa.Model(lattice=LATTICE, cells=(cancer, cd8), fields=(field,), synapses=(synapse,))


def test_types_and_behaviours_are_flat_and_in_order() -> None:
    spec = compile_model(built())
    assert [entry["name"] for entry in spec["types"]] == ["tumour", "dead", "cd8"]
    tumour, dead, cd8 = spec["types"]
    assert (tumour["first_behaviour"], tumour["behaviours"]) == (0, 4)  # divide, hypoxia, secretion, target of pdl1
    assert dead["first_behaviour"] == 4
    assert cd8["first_behaviour"] == 4 + dead["behaviours"]
    assert tumour["label"] == label("tumour") != label("dead")
    assert tumour["hits"] == {"threshold": 3, "stages": 4, "recovery": pytest.approx(120 / 1440), "into": 2}
    assert tumour["die"][0]["into"] == 2
    assert spec["causes"] == ["killed", "hypoxia", "clearance"]


def test_rules_become_terms_in_internal_units() -> None:
    spec = compile_model(built())
    divide = spec["behaviours"][0]
    assert (divide["base"], divide["limit_up"], divide["limit_down"], divide["deferred"]) == (1.0, 1.0, 0.25, False)
    term = divide["terms"][0]
    assert term["half"] == pytest.approx(2e-3)  # nM
    assert (term["power"], term["up"]) == (2, False)
    assert spec["signals"][term["signal"]] == (0, 0)  # field, the first
    target = spec["behaviours"][3]
    assert (target["base"], target["limit_up"]) == (4.0, 9.0)
    assert spec["signals"][target["terms"][0]["signal"]][0] == 2  # contact
    assert spec["contacts"] == [[3]]


def test_rules_on_the_engaged_target_are_deferred() -> None:
    spec = compile_model(built())
    cd8 = spec["types"][2]
    rows = [
        spec["behaviours"][cd8["first_behaviour"] + cd8["kill"][0][name]] for name in ("engage", "hit_rate", "detach")
    ]
    assert [row["deferred"] for row in rows] == [False, True, False]
    assert [row["base"] for row in rows] == [1, 2, 3]


def test_targets_of_a_group_are_its_living_types_and_names_win_over_groups() -> None:
    cd8 = compile_model(built())["types"][2]
    assert cd8["kill"][0]["targets"] == [1]
    assert cd8["move"][0]["permeability"] == {1: 0.5, 2: 0.9}


def test_secretion_is_concentration_per_voxel() -> None:
    factor = compile_model(built())["types"][0]["secrete"][0]["factor"]
    assert factor == pytest.approx(1e12 / (20 * 20 * 15))  # 1 pmol in a voxel of 6000 um3, nM


def test_dt_11_synapse_densities_are_per_area() -> None:
    """DT-11: molecules in a synapse follow density and enrichment; the same density on another area changes nothing."""
    synapse = compile_model(built())["synapses"][0]
    assert synapse["receptor"] == {3: pytest.approx(2 * 3000 / 150)}
    assert synapse["per_ligand"] == pytest.approx(2 / 900)
    assert synapse["ligand_slots"] == {1: [1]}  # the dead offer none
    assert synapse["dissociation"] == 15
    model = built()
    wider = model.synapses[0].replace(receptor={"cd8": 6000}, receptor_area=300)
    assert compile_model(model.replace(synapses=(wider,)))["synapses"] == [synapse]


def test_dt_07_compiling_twice_gives_the_same() -> None:
    """DT-07: units are converted once; compiling again, or a model that went through JSON, changes nothing."""
    model = built()
    first = compile_model(model)
    assert compile_model(model) == first
    assert compile_model(qa.Model.from_json(model.to_json())) == first


@pytest.mark.parametrize(("volume", "capacity"), [(175, 15), (500, 7), (1000, 3), (3000, 1), (1e6, 1)])
def test_small_cells_share_a_voxel_by_volume(volume: float, capacity: int) -> None:
    assert small_capacity(volume, LATTICE) == capacity
    cost = small_cost(volume, LATTICE)
    assert cost * capacity <= FULL_ROOM < cost * (capacity + 1)


def test_a_lattice_without_a_shape_is_refused() -> None:
    with pytest.raises(qa.ModelError, match=r"lattice\.shape: missing"):
        compile_model(built().replace(lattice=qa.Lattice(spacing=20)))


def test_labels_of_types_never_change() -> None:
    """Golden: keys, and with them all random numbers, hang on these hashes."""
    assert label("tumour") == 0xEDE20D45FD58DFFF
    assert label("cd8_effector") == 0x6398334C18F0EF50

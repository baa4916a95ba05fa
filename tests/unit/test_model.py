"""A Model is valid once built: each mistake is refused with its name, its value, what is allowed and the nearest name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qsp_abm as qa
from qsp_abm import (
    CellType,
    Die,
    Divide,
    Field,
    Group,
    Hits,
    Kill,
    Lattice,
    Model,
    ModelError,
    Rule,
    Secrete,
    TakeUp,
    Trait,
)

LATTICE = Lattice(shape=(8, 8), spacing="20 um")
OXYGEN = Field(name="oxygen", unit="mmHg", diffusion="1e5 um^2/min", scale=40)
IFNG = Field(name="ifng", unit="nM", diffusion="6000 um^2/min")


def cell(name: str = "tumour", **settings: Any) -> CellType:
    return CellType(**({"name": name, "volume": 2500} | settings))


def model(*cells: CellType | Group, **settings: Any) -> Model:
    return Model(**({"lattice": LATTICE, "cells": cells, "fields": (OXYGEN, IFNG)} | settings))


def rule(**settings: Any) -> Rule:
    given = {"target": "divide.rate", "signal": "field.oxygen", "effect": "decreases", "half": 10, "limit": 0}
    return Rule(**(given | settings))


def ruled(**settings: Any) -> Model:
    return model(cell(processes=(Divide(rate="1/day"),), rules=(rule(**settings),)))


def test_a_model_goes_to_json_and_back() -> None:
    from qsp_abm.library import models

    for one in (ruled(), models.solid_tumour_2d()):
        again = Model.from_json(one.to_json())
        assert again == one
        assert again.digest == one.digest


def test_a_model_is_hashable() -> None:
    from qsp_abm.library import models

    one = models.solid_tumour_2d()
    assert hash(Model.from_json(one.to_json())) == hash(one)
    assert len({one, one.replace(), one.replace(dt="12 min")}) == 2


names = st.sampled_from(["alpha", "beta", "gamma", "delta"])


@st.composite
def random_models(draw: st.DrawFn) -> Model:
    rate = st.floats(0, 100)
    hill = st.builds(
        rule,
        effect=st.just("increases"),
        half=st.floats(0.1, 100),
        limit=st.just(draw(rate)),
        power=st.floats(0.1, 8),
        signal=st.sampled_from(
            ["field.oxygen", "field.ifng", "trait.level", "crowding", "age", "engaged", "contact.alpha"]
        ),
    )
    groups = []
    for name in ["alpha", *draw(st.lists(names.filter(lambda n: n != "alpha"), max_size=3, unique=True))]:
        processes: list[qa.processes.Process] = [Divide(rate=draw(rate), push=draw(st.integers(1, 32)))]
        if draw(st.booleans()):
            processes.append(Die(name="age", rate=draw(rate)))
        if draw(st.booleans()):
            processes.append(Secrete(field="ifng", rate=draw(rate)))
        if draw(st.booleans()):
            processes.append(TakeUp(field="oxygen", clearance=draw(rate)))
        if draw(st.booleans()):
            processes.append(
                qa.Move(
                    motility=draw(rate),
                    persistence=draw(st.floats(0, 1)),
                    permeability={"alpha": draw(st.floats(0, 1))},
                )
            )
        one = cell(
            name,
            volume=draw(st.floats(1, 1e4)),
            occupies=draw(st.sampled_from(["solid", "small", "none"])),
            hits=draw(st.none() | st.builds(Hits, threshold=st.integers(1, 200), recovery=st.floats(0.01, 10))),
            processes=tuple(processes),
            rules=tuple(draw(st.lists(hill, max_size=3))),
        )
        groups.append(
            Group(
                name=name,
                types=(one,),
                traits=(Trait(name="level", start=qa.LogNormal(median=draw(st.floats(0.1, 1e5)), sigma=1)),),
            )
        )
    shape = draw(st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(1, 30)))
    return model(*groups, lattice=Lattice(shape=shape, spacing=draw(st.floats(1, 100))), dt=draw(st.floats(1e-4, 0.1)))


@given(random_models())
def test_any_model_goes_to_json_and_back(one: Model) -> None:
    assert Model.from_json(one.to_json()) == one


def test_a_change_is_a_new_model() -> None:
    one = ruled()
    other = one.replace(dt="12 min")
    assert other.dt == pytest.approx(12 / 1440)
    assert one.dt == pytest.approx(6 / 1440)
    assert one.digest != other.digest
    with pytest.raises(ModelError, match="unknown name 'latice'; did you mean 'lattice'"):
        one.replace(latice=LATTICE)
    with pytest.raises(ValueError):
        one.dt = 1.0  # type: ignore[misc]


def test_a_lone_type_is_a_group_of_one() -> None:
    one = model(cell(), cell("stroma"))
    assert list(one.groups) == list(one.types) == ["tumour", "stroma"]
    assert one.group_of("stroma").name == "stroma"
    with pytest.raises(ModelError, match="unknown cell type 'stromo'; did you mean 'stroma'"):
        one.group_of("stromo")


killers = {"engage": 1.0, "hit_rate": 1.0, "detach": 1.0}

# What is built, and everything that its message must say.
MISTAKES: list[tuple[str, Callable[[], Any], tuple[str, ...]]] = [
    ("two groups of one name", lambda: model(cell(), cell()), ("2 times", "group", "'tumour'", "names must differ")),
    (
        "two types of one name",
        lambda: model(Group(name="a", types=(cell(),)), Group(name="b", types=(cell(),))),
        ("2 times", "cell type", "'tumour'"),
    ),
    ("two fields of one name", lambda: model(fields=(OXYGEN, OXYGEN)), ("2 times", "field", "'oxygen'")),
    (
        "two traits of one name",
        lambda: model(Group(name="a", types=(cell(),), traits=(Trait(name="age"), Trait(name="age")))),
        ("2 times", "'a'", "'age'"),
    ),
    (
        "two processes of one name",
        lambda: model(cell(processes=(Die(rate=1), Die(rate=2)))),
        ("2 times", "process of 'tumour'", "'die'"),
    ),
    (
        "two of what comes once",
        lambda: model(cell(processes=(Divide(name="a", rate=1), Divide(name="b", rate=2)))),
        ("tumour", "2 processes 'divide'", "allowed: one"),
    ),
    (
        "rooms within a group",
        lambda: model(Group(name="a", types=(cell("b"), cell("c", occupies="small")))),
        ("group 'a'", "same room", "occupies"),
    ),
    (
        "volumes of small cells within a group",
        lambda: model(Group(name="a", types=(cell("b", occupies="small"), cell("c", occupies="small", volume=9)))),
        ("group 'a'", "one volume"),
    ),
    (
        "become out of the group",
        lambda: model(cell(processes=(qa.Become(into="tumor", rate=1),))),
        ("tumour: become_tumor", "unknown type of its group 'tumor'", "did you mean 'tumour'"),
    ),
    (
        "remains out of the group",
        lambda: model(cell(processes=(Die(rate=1, into="dead"),)), cell("dead")),
        ("tumour: die", "'dead'", "tumour"),
    ),
    ("remains of the killed", lambda: model(cell(hits=Hits(into="nothing"))), ("tumour: hits", "'nothing'", "tumour")),
    (
        "secretes into the unknown",
        lambda: model(cell(processes=(Secrete(field="ifgn", rate=1),))),
        ("tumour: secrete_ifgn", "unknown field 'ifgn'", "did you mean 'ifng'"),
    ),
    (
        "secretes what has no amount",
        lambda: model(cell(processes=(Secrete(field="oxygen", rate=1),))),
        ("tumour: secrete_oxygen", "mmHg", "allowed: a molar unit"),
    ),
    (
        "takes up the unknown",
        lambda: model(cell(processes=(TakeUp(field="oxigen", clearance=1),))),
        ("unknown field 'oxigen'", "did you mean 'oxygen'"),
    ),
    (
        "follows the unknown",
        lambda: model(
            cell(processes=(qa.Move(motility=1, chemotaxis=(qa.Chemotaxis(field="bait", sensitivity=1, half=1),)),))
        ),
        ("tumour: move.chemotaxis", "'bait'", "ifng, oxygen"),
    ),
    (
        "passes the unknown",
        lambda: model(cell(processes=(qa.Move(motility=1, permeability={"tumor": 0.5}),))),
        ("tumour: move.permeability", "'tumor'", "did you mean 'tumour'"),
    ),
    (
        "kills the unknown",
        lambda: model(cell(processes=(Kill(targets=("tumuor",), **killers),))),
        ("tumour: kill.targets", "'tumuor'", "did you mean 'tumour'"),
    ),
    (
        "kills what cannot be killed",
        lambda: model(cell(processes=(Kill(targets=("tumour",), **killers),))),
        ("kill.targets", "'tumour' has no hits"),
    ),
    (
        "kills small cells",
        lambda: model(cell(hits=Hits(), occupies="small", processes=(Kill(targets=("tumour",), **killers),))),
        ("kill.targets", "'tumour' is not solid"),
    ),
    (
        "recruits by an unknown signal",
        lambda: model(cell(processes=(qa.Recruit(blood="cd8", clearance=1),)), vessels=qa.Vessels(density=1)),
        ("tumour: recruit", "unknown body signal 'cd8'", "there is none"),
    ),
    ("leaves without vessels", lambda: model(cell(processes=(qa.Leave(rate=1),))), ("tumour: leave", "needs vessels")),
    (
        "exchanges without vessels",
        lambda: model(fields=(OXYGEN.replace(vessel_exchange=1.0),)),
        ("'oxygen'", "vessels"),
    ),
    (
        "synapse of the unknown",
        lambda: model(cell(), synapses=(_synapse(receptor={"tumor": 1.0}),)),
        ("synapse 'pd1'", "'tumor'", "did you mean 'tumour'"),
    ),
    (
        "synapse without its ligand",
        lambda: model(cell(), synapses=(_synapse(),)),
        ("synapse 'pd1'", "unknown trait 'pdl1'"),
    ),
    (
        "synapse blocked by the unknown",
        lambda: model(
            Group(name="tumour", types=(cell(),), traits=(Trait(name="pdl1"),)), synapses=(_synapse(blocked_by=("x",)),)
        ),
        ("synapse 'pd1'", "unknown body signal 'x'"),
    ),
    (
        "readout of an unknown group",
        lambda: model(cell(), readouts=(qa.Readout(name="low", group="tumor", signals=("field.oxygen",), below=1),)),
        ("readout 'low'", "unknown group 'tumor'", "did you mean 'tumour'"),
    ),
    (
        "readout of an unknown signal",
        lambda: model(cell(), readouts=(qa.Readout(name="low", group="tumour", signals=("field.oxigen",), below=1),)),
        ("readout 'low'", "'field.oxigen'", "did you mean 'field.oxygen'"),
    ),
    (
        "rule on the unknown",
        lambda: ruled(target="divide.speed"),
        ("tumour", "unknown rule target 'divide.speed'", "divide.rate"),
    ),
    (
        "rule by the unknown",
        lambda: ruled(signal="field.oxigen"),
        ("tumour", "unknown signal 'field.oxigen'", "did you mean 'field.oxygen'"),
    ),
    ("half in a wrong unit", lambda: ruled(half="3 nM"), ("tumour: rule on divide.rate: half", "nM", "mmHg")),
    ("half that is not above 0", lambda: ruled(half=0), ("tumour: rule on divide.rate: half", "0")),
    ("limit in a wrong unit", lambda: ruled(limit="3 um"), ("tumour: rule on divide.rate: limit", "um", "1/day")),
    ("limit below 0", lambda: ruled(limit=-1), ("tumour: rule on divide.rate: limit", "-1")),
    ("power of 0", lambda: ruled(power=0), ("tumour: rule on divide.rate", "power 0", "above 0, at most 32")),
    (
        "two limits",
        lambda: model(
            cell(processes=(Divide(rate=1),), rules=(rule(), rule(signal="crowding", half=0.5, limit="0.2/day")))
        ),
        ("tumour", "two limits", "0.2/day", "decrease divide.rate", "allowed: one limit"),
    ),
    (
        "the target's synapse without a target",
        lambda: model(
            Group(
                name="tumour",
                types=(cell(processes=(Divide(rate=1),), rules=(rule(signal="synapse.pd1.target"),)),),
                traits=(Trait(name="pdl1"),),
            ),
            synapses=(_synapse(),),
        ),
        ("tumour", "'synapse.pd1.target'", "only while engaged", "kill"),
    ),
    ("an unknown setting", lambda: cell(volum=3), ("'tumour'", "unknown name 'volum'", "did you mean 'volume'")),
    ("a wrong unit", lambda: Lattice(shape=(8, 8), spacing="20 mg"), ("Lattice", "spacing", "mg", "um")),
    ("a length below 0", lambda: Lattice(shape=(8, 8), spacing="-20 um"), ("Lattice", "spacing", "-20")),
    ("not a number", lambda: Lattice(shape=(8, 8), spacing=float("nan")), ("Lattice", "spacing", "nan")),
    (
        "not a box",
        lambda: Lattice(shape=(8, 0, 8), spacing=20),
        ("Lattice", "shape", "(8, 0, 8)", "whole numbers above 0"),
    ),
    ("too many voxels", lambda: Lattice(shape=(2000, 2000, 2000), spacing=20), ("Lattice", "2^31")),
    (
        "a thick volume",
        lambda: Lattice(shape=(8, 8, 8), spacing=20, thickness=15),
        ("Lattice", "thickness 15", "one voxel in z"),
    ),
    ("a wrong name", lambda: cell("Tumour"), ("CellType", "name", "'Tumour'")),
    ("a wrong choice", lambda: cell(occupies="large"), ("'tumour'", "occupies", "'large'", "'solid'")),
    (
        "no threshold",
        lambda: qa.Readout(name="low", group="tumour", signals=("field.oxygen",)),
        ("'low'", "above and below"),
    ),
    ("not JSON", lambda: Model.from_json("{"), ("model", "cannot read")),
    ("not a model", lambda: Model.from_json("[1]"), ("model", "not a JSON object")),
]


def _synapse(**settings: Any) -> qa.Synapse:
    given = {
        "name": "pd1",
        "receptor": {"tumour": 1.0},
        "receptor_area": 150,
        "ligand": ("pdl1",),
        "ligand_area": 900,
        "affinity": 15,
    }
    return qa.Synapse(**(given | settings))


@pytest.mark.parametrize(("build", "said"), [pytest.param(build, said, id=name) for name, build, said in MISTAKES])
def test_a_mistake_is_refused_in_words(build: Callable[[], Any], said: tuple[str, ...]) -> None:
    with pytest.raises(ModelError) as caught:
        build()
    missing = [part for part in said if part not in str(caught.value)]
    assert not missing, f"{caught.value} - does not say {missing}"


def test_too_many_types_are_refused() -> None:
    with pytest.raises(ModelError, match="256 cell types; allowed: at most 255"):
        model(*(cell(f"t{k}") for k in range(256)))


def test_units_are_converted_once_at_the_edge() -> None:
    one = model(cell(processes=(Divide(rate="1 / hour"), Secrete(field="ifng", rate="10 molecule / s"))), dt="0.1 hour")
    divide, secrete = one.types["tumour"].processes
    assert isinstance(divide, Divide)
    assert isinstance(secrete, Secrete)
    assert divide.rate == pytest.approx(24.0)
    assert secrete.rate == pytest.approx(10 * 86400 / 6.02214076e23 * 1e12)
    assert one.dt == pytest.approx(6 / 1440)
    assert OXYGEN.diffusion == pytest.approx(1.44e8)


def test_a_section_has_the_volume_of_its_thickness() -> None:
    assert Lattice(shape=(8, 8), spacing=8, thickness=15).voxel_volume == 960
    assert Lattice(shape=(8, 8), spacing=8).voxel_volume == 512
    assert Lattice(shape=(8, 8, 4), spacing=8).voxel_volume == 512
    assert Lattice(shape=(8, 8), spacing=8).dimensions == 2
    assert Lattice(shape=(8, 8, 4), spacing=8).dimensions == 3


def test_every_verb_declares_in_cpp_what_python_describes() -> None:
    """Names, units and what rules may change are the same on both sides of the border."""
    from qsp_abm import _core, processes, units

    described = {
        kind.model_fields["verb"].default: kind
        for kind in (getattr(processes, n) for n in processes.__all__)
        if "verb" in getattr(kind, "model_fields", {})
    }
    registry = _core.registry()
    assert set(registry) == set(described)
    for verb, entry in registry.items():
        assert entry["sentence"]
        for name, (unit, behaviour) in entry["parameters"].items():
            field = described[verb].model_fields[name]
            marks = [mark for mark in field.metadata if hasattr(mark, "behaviour")]
            assert any(mark.behaviour for mark in marks) == behaviour, (verb, name)
            for mark in marks:
                assert units.same_dimension(mark.unit, unit), (verb, name)

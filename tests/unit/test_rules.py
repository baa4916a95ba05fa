"""Tables of rules: read, mapped onto a model, written again; every rule and process is a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qsp_abm as qa
from qsp_abm import (
    Become,
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
    Move,
    Rule,
    Rules,
)
from qsp_abm.library.models import solid_tumour_2d
from qsp_abm.rules import Line

# Rules of the PhysiCell sample project "rules" (facts of its cell_rules.csv, version 3; PhysiCell is BSD-3-Clause), two of
# which lack a comma as published.
PUBLISHED = """\
// malignant epithelial cells
malignant epithelial cell,oxygen,decreases,necrosis,0,3.75,8,0
malignant epithelial cell,oxygen,increases,cycle entry,0.003333,21.5,4,0
malignant epithelial cell,pressure,decreases,cycle entry,0,1,4,0
malignant epithelial cell,apoptotic,increases,apoptotic debris secretion,0.017,0.1,10,1
malignant epithelial cell,oxygen,decreases,migration speed,0,5,4,0
malignant epithelial cell,damage,increases,apoptosis,0.1,5,8,0

effector T cell,pro-inflammatory factor,increases,attack malignant epithelial cell,0.01,1,4,0
effector T cell,contact with malignant epithelial cell,decreases migration speed,0.01,0.1,10,0
effector T cell,pro-inflammatory factor,increases,migration speed,1,0.01,4,0
effector T cell,anti-inflammatory factor,increases,transform to exhausted T cell,0.001,0.5,4,0
exhausted T cell,anti-inflammatory factor,decreases,migration speed,0.001,0.5,4,0
""".splitlines()
NAMES = {
    "malignant epithelial cell": "tumour",
    "effector T cell": "effector",
    "exhausted T cell": "exhausted",
    "pro-inflammatory factor": "ifng",
    "anti-inflammatory factor": "il10",
    "pressure": "crowding",
}
UNITS = {"pro-inflammatory factor": "0.01 nM", "anti-inflammatory factor": "0.5 nM"}


def sample_model() -> Model:
    """Return a model with the cells of the published table."""
    tumour = CellType(
        name="tumour",
        volume=2494,
        hits=Hits(threshold=3, into="remains"),
        processes=(
            Divide(rate=0),
            Die(name="apoptosis", rate="5.31667e-5 / min", into="remains"),
            Die(name="necrosis", rate="0.00277 / min", into="remains"),
            qa.Secrete(field="debris", rate=0),
            qa.TakeUp(field="oxygen", clearance=0),
        ),
    )
    remains = CellType(name="remains", volume=2494, dead=True, processes=(qa.Secrete(field="debris", rate=0),))
    walk = Move(motility="1 um^2/min", persistence="5 min")
    effector = CellType(
        name="effector",
        volume=478,
        occupies="small",
        processes=(
            walk,
            Kill(targets=("tumour",), engage=0, hit_rate=1, detach=1),
            Become(into="exhausted", rate=0),
        ),
    )
    exhausted = CellType(name="exhausted", volume=478, occupies="small", processes=(walk,))
    return Model(
        lattice=Lattice(shape=(8, 8), spacing=20),
        cells=(
            Group(name="cancer", types=(tumour, remains)),
            Group(name="t_cell", types=(effector, exhausted)),
        ),
        fields=(
            Field(name="oxygen", unit="mmHg", diffusion="1e5 um^2/min"),
            *(Field(name=name, unit="nM", diffusion=1) for name in ("ifng", "il10", "debris")),
        ),
    )


def one(text: str, **settings: object) -> Model:
    return Rules.from_csv([text]).onto(sample_model(), **settings)  # type: ignore[arg-type]


def reason(text: str, **settings: object) -> str:
    report = Rules.from_csv([text]).report(sample_model(), **settings)  # type: ignore[arg-type]
    assert not report.mapped
    (line,) = report.unmapped
    return line


def test_the_published_table_is_mapped_and_the_rest_listed() -> None:
    rules = Rules.from_csv(PUBLISHED)
    report = rules.report(sample_model(), names=NAMES, units=UNITS)
    assert len(report.mapped) == 7
    assert [line.split(":")[0].split(",")[0] for line in report.unmapped] == [f"line {n}" for n in (5, 6, 7, 10)]
    told = "\n".join(report.unmapped)
    assert "7 columns; allowed: 8 (versions 2 and 3)" in told  # PhysiCell skips this line of its own sample
    assert "'apoptotic': remains are a cell type of their own" in told
    assert "tumour has no process for it" in told
    assert "damage is counted in hits" in told
    with pytest.raises(ModelError, match=r"4 rules not mapped(?s:.*)allow_unmapped=True"):
        rules.onto(sample_model(), names=NAMES, units=UNITS)
    model = rules.onto(sample_model(), names=NAMES, units=UNITS, allow_unmapped=True)
    assert sum(len(each.rules) for each in model.types.values()) == 7
    attack = model.types["effector"].rules[0]
    assert (attack.target, attack.signal, attack.half) == ("kill.engage", "field.ifng", pytest.approx(0.01))
    assert attack.limit == pytest.approx(0.01 * 1440)
    speed = next(rule for rule in model.types["effector"].rules if rule.target == "move.motility")
    assert speed.limit == pytest.approx(1.0**2 * 5 / 2 * 1440)  # v^2 P / n, um2/min -> um2/day
    assert speed.half == pytest.approx(0.01 * 0.01)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (0, "tumour,cycle entry,0,0.0001,0.003333,oxygen,increases,21.5,4,0"),
        (1, "tumour,oxygen,increases,cycle entry,0.0001,0.003333,21.5,4,0"),
        (2, "tumour,oxygen,increases,cycle entry,0.003333,21.5,4,0"),
        (3, "tumour\toxygen\tincreases\tcycle entry\t0.003333\t21.5\t4\t0"),
    ],
)
def test_all_versions_say_the_same(version: Literal[0, 1, 2, 3], text: str) -> None:
    told = Rules.from_csv([text], version=version)
    assert told.lines == Rules.from_csv([text]).lines
    tumour = told.onto(sample_model()).types["tumour"]
    assert tumour.rules == (
        Rule(
            target="divide.rate",
            signal="field.oxygen",
            effect="increases",
            half=21.5,
            limit=0.003333 * 1440,
            power=4,
        ),
    )
    assert tumour.processes[0].rate == pytest.approx(0.0001 * 1440 if version < 2 else 0.0)  # type: ignore[union-attr]


def test_a_base_is_told_once() -> None:
    texts = ["tumour,oxygen,increases,cycle entry,0.1,1,5,1,0", "tumour,crowding,decreases,cycle entry,0.2,0,5,1,0"]
    report = Rules.from_csv(texts).report(sample_model())
    assert report.unmapped == ("line 2, tumour: base 0.2 of 'cycle entry', but another in a line before",)


def test_rules_for_the_dead_go_to_the_remains_too() -> None:
    living = one("tumour,oxygen,increases,debris export,1,5,1,0")
    assert living.types["tumour"].rules
    assert not living.types["remains"].rules
    both = one("tumour,oxygen,increases,debris export,1,5,1,1")
    assert both.types["tumour"].rules == both.types["remains"].rules == living.types["tumour"].rules
    report = Rules.from_csv(["tumour,oxygen,increases,cycle entry,1,5,1,1"]).report(sample_model())
    assert "the remains of tumour do not have it" in report.notes[-1]


def test_a_group_means_its_living_types_that_can_and_their_remains_once() -> None:
    """Both tumour types leave the same remains; the T cells that cannot kill are told of."""
    model = sample_model()
    cancer = model.groups["cancer"]
    twin = cancer.types[0].replace(name="twin")
    model = model.replace(cells=(cancer.replace(types=(*cancer.types, twin)), model.groups["t_cell"]))
    rules = Rules.from_csv(
        ["cancer,oxygen,increases,debris export,1,5,1,1", "t_cell,oxygen,increases,attack tumour,1,5,1,0"]
    )
    report = rules.report(model)
    assert not report.unmapped
    assert "'attack tumour' of t_cell: exhausted does not have it" in report.notes
    found = rules.onto(model).types
    assert [len(found[name].rules) for name in ("tumour", "twin", "remains", "effector", "exhausted")] == [
        1,
        1,
        1,
        1,
        0,
    ]
    assert "exhausted has no process" in reason("exhausted,oxygen,increases,attack tumour,1,5,1,0")
    assert "has no process" in reason("t_cell,oxygen,increases,cycle entry,1,5,1,0")


@pytest.mark.parametrize(
    ("text", "target", "limit"),
    [
        ("tumour,crowding,increases,oxygen uptake,10,1,1,0", "take_up_oxygen.clearance", 10 * 2494 * 1440),
        ("tumour,crowding,increases,debris export,5,1,1,0", "secrete_debris.rate", 5e-12 * 1440),  # nM um3 / min
        ("tumour,crowding,increases,debris secretion,2,1,1,0", "secrete_debris.rate", 2 * 3 * 2494e-12 * 1440),
        ("tumour,crowding,increases,apoptosis,0.1,1,1,0", "apoptosis.rate", 144),
        ("tumour,crowding,increases,exit from cycle phase 0,0.1,1,1,0", "divide.rate", 144),
        ("effector,crowding,increases,transition to exhausted,0.1,1,1,0", "become_exhausted.rate", 144),
        ("effector,crowding,increases,attack cancer,0.1,1,1,0", "kill.engage", 144),
        ("effector,crowding,increases,attack damage rate,0.1,1,1,0", "kill.hit_rate", 144),
        ("effector,crowding,increases,kill.detach,7,1,1,0", "kill.detach", 7),  # a name of the model, in its unit
    ],
)
def test_behaviours_in_their_units(text: str, target: str, limit: float) -> None:
    model = one(text, targets={"debris": 3.0})
    (rule,) = model.types[text.split(",")[0]].rules
    assert rule.target == target
    assert rule.limit == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize(
    ("signal", "ours"),
    [
        ("oxygen", "field.oxygen"),
        ("IL 10", "field.il10"),
        ("contact with effector", "contact.effector"),
        ("contact with T cell", "contact.t_cell"),
        ("contact with dead cell", "contact.remains"),
        ("attacking", "engaged"),
        ("age", "age"),
        ("pressure", "crowding"),
    ],
)
def test_signals(signal: str, ours: str) -> None:
    names = {"IL 10": "il10", "pressure": "crowding"}
    model = one(f"effector,{signal},increases,transform to exhausted,1,1,1,0", names=names)
    assert model.types["effector"].rules[0].signal == ours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tumor,oxygen,increases,cycle entry,1,1,1,0", "no cell type 'tumor'; did you mean 'tumour'"),
        ("tumour,oxigen,increases,cycle entry,1,1,1,0", "'oxigen': no such signal or field"),
        ("tumour,time,increases,cycle entry,1,1,1,0", "rules do not read the time"),
        ("tumour,contact with efector,increases,cycle entry,1,1,1,0", "did you mean 'effector'"),
        ("tumour,oxygen,increases,migration bias,1,1,1,0", "sensitivity of its chemotaxis"),
        ("tumour,oxygen,increases,asymmetric division to effector,1,1,1,0", "tumour has no process for it"),
        ("tumour,oxygen,increases,debris secretion,1,1,1,0", "an amount only with its target"),
        ("tumour,oxygen,increases,il12 secretion,1,1,1,0", "no field 'il12'; did you mean 'il10'"),
        ("tumour,oxygen,increases,apoptosis,9e9,30,100,0", "Hill power 100 of 'oxygen'; allowed: at most 32"),
        ("tumour,oxygen,increases,apoptosis,-1,30,1,0", "towards -1; allowed: not below 0"),
        ("tumour,oxygen,raises,apoptosis,1,30,1,0", "neither 'increases' nor 'decreases'"),
        ("tumour,oxygen,increases,apoptosis,1,0,1,0", "must be above 0"),
        ("tumour,oxygen,increases,apoptosis,high,1,1,0", "limit 'high' is not a number"),
        ("tumour,oxygen,increases,apoptosis,1,1,1,perhaps", "dead 'perhaps' is not a number"),
        ("tumour,oxygen", "2 columns"),
    ],
)
def test_what_cannot_be_mapped_says_why(text: str, message: str) -> None:
    assert message in reason(text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        Rules.from_csv(tmp_path / "none.csv")


def test_one_limit_for_all_rules_of_one_direction() -> None:
    """The grammar keeps the highest saturation of increases and the lowest of decreases."""
    rules = Rules.from_csv(
        [
            "tumour,oxygen,increases,cycle entry,1,5,1,0",
            "tumour,ifng,increases,cycle entry,3,5,1,0",
            "tumour,il10,decreases,cycle entry,0.5,5,1,0",
            "tumour,crowding,decreases,cycle entry,0.1,5,1,0",
        ]
    )
    limits = [float(rule.limit) / 1440 for rule in rules.onto(sample_model()).types["tumour"].rules]
    assert limits == pytest.approx([3, 3, 0.1, 0.1])
    assert sum("saturate at different values" in note for note in rules.report(sample_model()).notes) == 2


def test_a_rule_told_twice_is_refused() -> None:
    line = "tumour,oxygen,increases,cycle entry,1,5,1,0"
    report = Rules.from_csv([line, line.replace("cycle entry", "exit from cycle phase 0")]).report(sample_model())
    assert report.unmapped == ("line 2, tumour: 'oxygen' increases 'exit from cycle phase 0' already in a line before",)


word = st.text("abcxyz -+", min_size=1, max_size=12).map(str.strip).filter(bool)
positive = st.floats(1e-9, 1e9)


@given(
    st.lists(
        st.builds(
            Line,
            cell_type=word,
            signal=word,
            effect=st.sampled_from(["increases", "decreases"]),
            behaviour=word,
            limit=st.floats(0, 1e9),
            half=positive,
            power=positive,
            dead=st.booleans(),
            base=st.floats(0, 1e9),
        ),
        max_size=5,
    ),
    st.sampled_from([0, 1, 2, 3]),
)
def test_tables_survive_a_round_trip(lines: list[Line], version: Literal[0, 1, 2, 3]) -> None:
    text = Rules(lines=tuple(lines)).to_csv(version=version)
    read = Rules.from_csv(text.splitlines(), version=version)
    assert not read.faults
    kept = [line.replace(base=line.base if version < 2 else None) for line in lines]
    assert [line.replace(where="") for line in read.lines] == kept
    assert read.to_csv(version=version) == text


def test_a_file_is_written_and_older_versions_need_the_base(tmp_path: Path) -> None:
    rules = Rules.from_csv(PUBLISHED)
    rules.to_csv(tmp_path / "rules.csv")
    again = Rules.from_csv(tmp_path / "rules.csv")
    assert [line.replace(where="") for line in again.lines] == [line.replace(where="") for line in rules.lines]
    with pytest.raises(ModelError, match="has no base, which versions 0 and 1 tell"):
        rules.to_csv(version=1)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_the_rules_of_a_model_survive_a_round_trip(version: Literal[0, 1, 3]) -> None:
    """From our words to the grammar's and back; what it has no word for keeps its name."""
    model = solid_tumour_2d()
    table = Rules.of(model).to_csv(version=version)
    assert ("cycle entry" in table) and ("synapse.pd1.target" in table)  # a word of the grammar, a name of ours
    bare = model.replace(
        cells=[group.replace(types=[each.replace(rules=()) for each in group.types]) for group in model.cells]
    )
    again = Rules.from_csv(table.splitlines()).onto(bare)
    for name, cell_type in model.types.items():
        for old, new in zip(cell_type.rules, again.types[name].rules, strict=True):
            assert (new.target, new.signal, new.effect, new.power) == (old.target, old.signal, old.effect, old.power)
            assert (new.half, new.limit) == pytest.approx((old.half, old.limit), rel=1e-14)


def test_describe_says_every_process_and_rule() -> None:
    model = solid_tumour_2d()
    lines = model.describe().splitlines()
    assert all(line.endswith(".") for line in lines)
    for cell_type in model.types.values():
        first = next(k for k, line in enumerate(lines) if line.startswith(f"A {cell_type.name} cell"))
        told = lines[first + 1 :]
        told = told[: next((k for k, line in enumerate(told) if not line.startswith("  ")), len(told))]
        assert len(told) == len(cell_type.processes) + len(cell_type.rules)
    assert sum(line.startswith("Each ") for line in lines) == sum(len(group.traits) for group in model.cells)
    assert "reaction length 1240 um" in model.describe()

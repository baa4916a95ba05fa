"""Experiment files: what is read, refused, expanded to runs; effects against numbers worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from qsp_abm import effects
from qsp_abm.document import put, resolve
from qsp_abm.errors import ModelError
from qsp_abm.experiment import Experiment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TEXT = """
duration = "60 day"
seed = 7
[model]
use = "library.models.solid_tumour_2d"
lattice = { shape = [20, 20], spacing = "20 um" }
[model.parameters]
"cd8.hit_rate" = "2 / hour"
[[start]]
kind = "ball"
cells = "tumour"
radius = "60 um"
[arms.untreated]
[arms.pembrolizumab]
doses = [{ drug = "pembrolizumab", amount = "200 mg", every = "3 week" }]
[record]
every = "12 hour"
"""


def read(folder: Path, text: str) -> Experiment:
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return Experiment.from_file(path)


def described(**changes: Any) -> Experiment:
    doses = [{"drug": "pembrolizumab", "amount": "200 mg", "every": "3 week"}]
    given: dict[str, Any] = {
        "duration": "60 day",
        "seed": 7,
        "model": {"use": "library.models.solid_tumour_2d", "lattice": {"shape": [20, 20], "spacing": "20 um"}},
        "arms": {"untreated": {"doses": []}, "pembrolizumab": {"doses": doses}},
    }
    return Experiment(**(given | changes))


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path: Path) -> None:
    experiment = read(tmp_path, TEXT)
    assert (experiment.duration, experiment.seed, experiment.record.every) == (60.0, 7, 0.5)
    assert list(experiment.arms) == ["untreated", "pembrolizumab"]
    assert experiment.folder == tmp_path
    model = experiment.build_model()
    assert model.lattice.shape == (20, 20, 1)
    assert {parameter.name: parameter.value for part, parameter in model.parameters() if part == "cd8"}[
        "hit_rate"
    ] == 48.0
    assert experiment.build_doses("untreated") == ()
    (dose,) = experiment.build_doses("pembrolizumab")
    assert (dose.drug, dose.amount, dose.every) == ("pembrolizumab", "200 mg", 21.0)


def test_parameters_may_be_tables() -> None:
    use = "library.models.solid_tumour_2d"
    flat = described(model={"use": use, "parameters": {"cd8.hit_rate": "2/hour"}})
    nested = described(model={"use": use, "parameters": {"cd8": {"hit_rate": "2/hour"}}})
    assert flat == nested


def test_the_document_is_complete() -> None:
    experiment = described(repeat={"replicates": 2, "vary": {"pembrolizumab.dose": ["1 mg/kg", "2 mg/kg"]}})
    assert Experiment.from_document(experiment.document()) == experiment


def test_a_regimen_of_the_library() -> None:
    experiment = described(arms={"label": {"doses": ["pembrolizumab_200mg_q3w"]}})
    assert experiment.build_doses("label")[0].doses[0].amount == "200 mg"
    with pytest.raises(ModelError, match="did you mean 'pembrolizumab_200mg_q3w'"):
        described(arms={"label": {"doses": ["pembrolizumab_200_q3w"]}}).build_doses("label")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('duration = "60 day"', 'duration = "60 day', "line 2"),
        ("duration", "duratoin", "unknown name 'duratoin'; did you mean 'duration'"),
        ('duration = "60 day"', "", "duration: is missing"),
        ('"60 day"', '"60 mg"', "duration: .*dimension"),
        ('"60 day"', '"-60 day"', "duration: .*above 0"),
        ('"60 day"', "nan", "duration: .*not a finite number"),
        ('"60 day"', '"60 dya"', "duration: .*unknown unit 'dya'"),
        ("seed = 7", "seed = -1", "seed"),
        ("seed = 7", "seed = 1.5", "seed"),
        ('every = "12 hour"', 'evry = "12 hour"', "record.*did you mean 'every'"),
        ('every = "12 hour"', 'every = "100 day"', "record.every .*longer than duration"),
        ("[arms.untreated]", '[arms."a/b"]', "arms"),
        (
            "[arms.untreated]",
            "[arms.untreated]\ndose = []",
            "arms.untreated.*unknown name 'dose'; did you mean 'doses'",
        ),
        ('use = "library.models.solid_tumour_2d"', "", "model: use must name a model"),
        ("[record]", "[repeat]\nreplicates = 0\n[record]", "repeat: replicates: .*received 0"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ModelError, match=message) as refused:
        read(tmp_path, TEXT.replace(old, new, 1))
    assert str(tmp_path / "experiment.toml") in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("solid_tumour_2d", "solid_tumor_2d", "did you mean 'solid_tumour_2d'"),
        ("library.models.solid_tumour_2d", "solid", "allowed: 'library.models.<name>'"),
        ("library.models.solid_tumour_2d", "missing.json", "missing.json: no such file"),
        ("library.models.solid_tumour_2d", "missing.py:build", "missing.py: no such file"),
        ('"cd8.hit_rate"', '"cd8.hit_rat"', "did you mean 'hit_rate'"),
        ('"2 / hour"', '"2 mg"', "cd8.hit_rate.*dimension"),
        ('"20 um" }', '"-20 um" }', "spacing"),
        ('spacing = "20 um" }', 'spacng = "20 um" }', "did you mean 'spacing'"),
        ("lattice =", "latice =", "unknown name 'latice'; did you mean 'lattice'"),
    ],
)
def test_a_wrong_model_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ModelError, match=message) as refused:
        read(tmp_path, TEXT.replace(old, new, 1)).build_model()
    assert f"{tmp_path / 'experiment.toml'}: model: " in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "bal"}, "start.0: kind: 'bal' is unknown; did you mean 'ball'"),
        ({"radius": 5}, "start.0: kind"),
        ({"kind": "ball", "radus": 5}, "did you mean 'radius'"),
    ],
)
def test_a_wrong_start_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        described(start=[given]).build_start()


def test_a_regimen_may_be_text() -> None:
    given = {"drug": "pembrolizumab", "regimen": "200 mg q3w x 35"}
    (regimen,) = described(arms={"a": {"doses": [given]}}).build_doses("a")
    assert (regimen.doses[0].every, regimen.doses[0].count) == (21.0, 35)  # type: ignore[union-attr]
    for wrong, message in (
        ({"regimen": "200 mg monthly"}, "arms.a.doses.0: .*write q4w"),
        ({"at": "3 day"}, "unknown name 'at'"),
        ({"regimen": 3}, "such as '200 mg q3w x 35'"),
    ):
        with pytest.raises(ModelError, match=message):
            described(arms={"a": {"doses": [given | wrong]}}).build_doses("a")


def test_wrong_doses_are_refused() -> None:
    doses = [{"drug": "pembrolizumab", "amuont": "200 mg"}]
    with pytest.raises(ModelError, match=r"arms\.a\.doses\.0: .*did you mean 'amount'"):
        described(arms={"a": {"doses": doses}}).build_doses("a")
    with pytest.raises(ModelError, match="unknown arm 'pembrolizumap'; did you mean 'pembrolizumab'"):
        described().plan(["pembrolizumap"])


def test_empty_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is empty"):
        read(tmp_path, " \n")
    (tmp_path / "binary.toml").write_bytes(b"\x89HDF\r\n\xff\xfe")
    with pytest.raises(ModelError, match="not a text file"):
        Experiment.from_file(tmp_path / "binary.toml")
    with pytest.raises(ModelError, match="No such file"):
        Experiment.from_file(tmp_path / "missing.toml")
    with pytest.raises(ModelError, match="cannot be read"):
        Experiment.from_file(tmp_path)


def test_times_are_whole_steps() -> None:
    described(record={"every": "6 min"}).check_times(6 / 1440)
    with pytest.raises(ModelError, match=r"record.every: 0.15 hour .* nearest: 0.1 or 0.2 hour"):
        described(record={"every": "9 min"}).check_times(6 / 1440)
    with pytest.raises(ModelError, match="duration"):
        described(duration="61 min", record={"every": "6 min"}).check_times(6 / 1440)


# -- models of the user's ---------------------------------------------------------------------------------------------

USER = """
from __future__ import annotations
import qsp_abm as qa
from beside import VOLUME

def build(lattice, rate="1 / day"):
    mine = qa.CellType(name="mine", volume=VOLUME, processes=[qa.Divide(rate=rate)])
    return qa.Model(lattice=lattice, cells=[mine])

def wrong():
    return 1

def broken():
    return {}["nothing"]
"""


def test_a_model_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(USER, encoding="utf-8")
    (tmp_path / "beside.py").write_text("VOLUME = 1000\n", encoding="utf-8")

    def build(use: str, **others: Any) -> Any:
        document = {"duration": "1 day", "model": {"use": use, **others}}
        return Experiment.from_document(document, tmp_path).build_model()

    lattice = {"shape": [10, 10], "spacing": "20 um"}
    assert build("own.py:build", lattice=lattice, rate="2 / day").types["mine"].processes[0].rate == 2.0
    for use, others, message in (
        ("own.py:build", {"lattice": lattice, "rat": 1}, "did you mean 'rate'"),
        ("own.py:build", {}, "needs lattice"),
        ("own.py:bild", {}, "did you mean 'build'"),
        ("own.py:wrong", {}, "returns int"),
        ("own.py:broken", {}, "KeyError"),
    ):
        with pytest.raises(ModelError, match=message):
            build(use, **others)


def test_a_model_from_json(tmp_path: Path) -> None:
    model = described().build_model()
    (tmp_path / "model.json").write_text(model.to_json(), encoding="utf-8")
    document = {"duration": "1 day", "model": {"use": "model.json"}}
    assert Experiment.from_document(document, tmp_path).build_model() == model
    document["model"] = {"use": "model.json", "dt": "3 min", "lattice": {"shape": [30, 30]}}
    changed = Experiment.from_document(document, tmp_path).build_model()
    assert changed.dt == 3 / 1440
    assert (changed.lattice.shape, changed.lattice.spacing) == ((30, 30, 1), 20.0)
    for name, value in (("parameters", {"cd8.hit_rate": 1}), ("dtt", 1)):
        document["model"] = {"use": "model.json", name: value}
        with pytest.raises(ModelError, match=r"model\.json: "):
            Experiment.from_document(document, tmp_path).build_model()
    (tmp_path / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot read"):
        Experiment.from_document({"duration": "1 day", "model": {"use": "model.json"}}, tmp_path).build_model()


# -- plan -------------------------------------------------------------------------------------------------------------


def test_one_run_per_arm() -> None:
    assert [(job.file, job.seed) for job in described().plan()] == [
        ("untreated.vtkhdf", 7),
        ("pembrolizumab.vtkhdf", 7),
    ]
    assert [job.file for job in described().plan(["pembrolizumab"])] == ["pembrolizumab.vtkhdf"]


def test_replicates_are_paired() -> None:
    jobs = described(repeat={"replicates": 2}).plan()
    assert [(job.stem, job.seed, job.replicate) for job in jobs] == [
        ("untreated-1", 7, 1),
        ("pembrolizumab-1", 7, 1),
        ("untreated-2", 8, 2),
        ("pembrolizumab-2", 8, 2),
    ]


def test_a_sweep_is_full_factorial() -> None:
    vary = {"pembrolizumab.dose": ["1 mg/kg", "10 mg/kg"], "model.parameters.cd8.hit_rate": ["1 / hour", "3 / hour"]}
    jobs = described(repeat={"replicates": 2, "vary": vary}).plan(["pembrolizumab"])
    assert [job.stem for job in jobs] == [f"pembrolizumab-v{point}-{k}" for point in (1, 2, 3, 4) for k in (1, 2)]
    assert [
        (each["pembrolizumab.dose"], each["model.parameters.cd8.hit_rate"])
        for each in (job.values for job in jobs[::2])
    ] == [
        ("1 mg/kg", "1 / hour"),
        ("1 mg/kg", "3 / hour"),
        ("10 mg/kg", "1 / hour"),
        ("10 mg/kg", "3 / hour"),
    ]
    last = jobs[-1].experiment
    assert last.build_doses("pembrolizumab")[0].amount == "10 mg/kg"
    assert last.model["parameters"]["cd8.hit_rate"] == "3 / hour"
    assert last.repeat.vary == {}


def test_other_paths_of_a_sweep(tmp_path: Path) -> None:
    start = [{"kind": "table", "path": "cells.csv", "types": {"CD8T": {"cd8_bystander": 0.9, "cd8_effector": 0.1}}}]
    fractions = [{"cd8_bystander": 0.5, "cd8_effector": 0.5}]
    vary = {
        "start.0.types.CD8T": fractions,
        "arms.pembrolizumab.doses.0.amount": ["2 mg"],
        "record.every": ["6 hour"],
        "seed": [3],
    }
    (job, _) = described(start=start, repeat={"vary": vary}).plan()
    assert job.experiment.start[0]["types"]["CD8T"] == fractions[0]
    assert job.experiment.arms["pembrolizumab"].doses[0]["amount"] == "2 mg"  # type: ignore[index]
    assert (job.experiment.record.every, job.seed) == (0.25, 3)
    del tmp_path


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("start.0.types", "no place '0'; allowed: none"),
        ("arms.pembro.doses.0.amount", "unknown name 'pembro'"),
        ("arms.pembrolizumab.doses.1.amount", "no place '1'; allowed: 0 to 0"),
        ("arms.pembrolizumab.doses.0.amuont", "did you mean 'amount'"),
        ("pembrolizumap.dose", "no arm is given 'pembrolizumap'; did you mean 'pembrolizumab'"),
        ("duratoin", "did you mean 'duration'"),
        ("duration.day", "'duration' is a value"),
    ],
)
def test_unknown_paths_of_a_sweep(key: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        described(repeat={"vary": {key: [1]}})


def test_wrong_values_of_a_sweep() -> None:
    with pytest.raises(ModelError, match="seed"):
        described(repeat={"vary": {"seed": [-1]}}).plan()
    with pytest.raises(ModelError, match="vary"):
        described(repeat={"vary": {"seed": []}})


def test_places_with_dots() -> None:
    document = {"a": [{"b.c": {"d": 1}}]}
    keys = resolve(document, "a.0.b.c.d", "vary")
    assert keys == ("a", 0, "b.c", "d")
    put(document, keys, 2)
    assert document == {"a": [{"b.c": {"d": 2}}]}


# -- effects ----------------------------------------------------------------------------------------------------------


def test_change_by_hand() -> None:
    result = effects.change([1000, 1000, 1000], [1100, 1300, 1200], 60.0)
    assert result.median == pytest.approx(0.2)
    assert (result.low, result.high) == (pytest.approx(0.11), pytest.approx(0.29))  # linear between order statistics
    assert result.rate == pytest.approx(0.18232155679 / 60)


def test_effect_by_hand() -> None:
    # log ratios -0.2, -0.3, -0.4: mean -0.3, standard deviation 0.1, t(0.975, 2) = 4.302653
    control = [1000.0, 1100.0, 1200.0]
    treated = [count * math.exp(shift) for count, shift in zip(control, (-0.2, -0.3, -0.4), strict=True)]
    result = effects.effect(treated, control)
    half = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert result.low is not None
    assert result.high is not None
    assert (result.ratio, result.low, result.high) == pytest.approx(
        (math.exp(-0.3), math.exp(-0.3 - half), math.exp(-0.3 + half))
    )


def test_effect_at_the_edges() -> None:
    assert effects.effect([80], [100]) == effects.Effect(0.8, None, None, 1, 0)
    cleared = effects.effect([0, 50, 60], [100, 100, 100])
    assert (cleared.ratio, cleared.low, cleared.cleared) == (0.5, None, 1)
    assert effects.effect([5], [0]).pairs == 0
    assert effects.change([10], [0], 1.0).rate == -math.inf


# -- the example ------------------------------------------------------------------------------------------------------


def test_the_example_is_read() -> None:
    experiment = Experiment.from_file(EXAMPLES / "patient_section.toml")
    assert [job.file for job in experiment.plan()] == [
        f"{arm}-{k}.vtkhdf" for k in (1, 2, 3) for arm in ("untreated", "pembrolizumab")
    ]
    known = set(experiment.build_model().types) | {"skip"}
    for target in experiment.start[0]["types"].values():
        parts = target if isinstance(target, dict) else {target: 1.0}
        assert set(parts) <= known
        assert sum(parts.values()) == pytest.approx(1.0)


def test_the_example_of_an_own_cell_type() -> None:
    given = {"use": "own_cell_type.py:model", "hits_per_hour": 2, "lattice": {"shape": [20, 20], "spacing": "15 um"}}
    model = Experiment.from_document({"duration": "1 day", "model": given}, EXAMPLES).build_model()
    assert model.types["natural_killer"].rules[0].limit == "2 / hour"


def test_the_tissue_acts_on_the_body_as_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "patient.ant").write_text(
        "model patient; compartment blood = 1; substanceOnly species T in blood; T = 3e9;"
        " seen = 0; species S; S = 0; grow: => S; seen; end"
    )
    text = """
duration = "1 day"
[model]
use = "library.models.solid_tumour_2d"
lattice = { shape = [20, 20, 1], spacing = "20 um" }
[body]
file = "patient.ant"
time = "day"
ports = { "blood.cd8" = { read = "T" }, "blood.treg" = { read = "T" }, tumour = { drive = "seen" } }
[coupling]
scale = 1000
exchange = "1 hour"
inputs = { tumour = { kind = "living", types = ["tumour"] } }
"""
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    model = Experiment.from_file(path).build_model()
    assert model.coupling is not None and model.coupling.scale == 1000
    path.write_text(text.replace('["tumour"]', '["tumor"]'))
    with pytest.raises(ModelError, match=r"coupling: tumour: unknown cell type or group 'tumor'"):
        Experiment.from_file(path).build_model()

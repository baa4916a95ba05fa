"""The command line: what it prints, writes and refuses. Runs are made of formulas here, without the engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from qsp_abm.cli import app
from qsp_abm.errors import ModelError, SolverError
from qsp_abm.output import Frame, RunDescription, TypeEntry, Writer, open_folder, open_run

TEXT = """
duration = "2 day"
seed = 7
[model]
use = "library.models.solid_tumour_2d"
lattice = { shape = [20, 20], spacing = "20 um" }
[arms.untreated]
[arms.pembrolizumab]
doses = [{ drug = "pembrolizumab", amount = "200 mg", every = "3 week" }]
[record]
every = "12 hour"
[repeat]
replicates = 2
"""


class FakeSimulation:
    """Grows by 100 cells a day untreated, by 50 under a drug; writes real files."""

    wrong: ClassVar[dict[int, BaseException]] = {}  # seed -> what a treated run raises after a day
    made: ClassVar[list[FakeSimulation]] = []
    report = SimpleNamespace(lines=lambda: ["start: 3 cells moved, 0 skipped", "free voxels: 50 %"])

    def __init__(
        self,
        model: Any,
        start: Any = (),
        doses: Any = (),
        *,
        seed: int = 0,
        threads: int | None = None,
        vessel_draw: Any = None,
    ) -> None:
        if model.lattice.shape is None:
            raise ModelError("lattice.shape: missing; only a start from a table can decide it")
        self.doses, self.seed, self.threads = doses, seed, threads or 1
        del start, vessel_draw
        self.made.append(self)

    def run(
        self,
        duration: float,
        record: Path,
        every: float,
        force: bool,
        progress: Any,
        checkpoint: float,
        provenance: Any,
        **record_options: Any,
    ) -> None:
        del record_options
        assert checkpoint == 5.0
        types = (TypeEntry("tumour", "tumour"), TypeEntry("tumour_dead", "tumour", dead=True))
        provenance = {"qsp_abm_version": "0.1", "threads_asked": self.threads, **provenance}
        about = RunDescription((20, 20, 1), 20.0, types, seed=self.seed, provenance=provenance)
        with Writer(record, about, force=force) as writer:
            self._go(writer, duration, every, 0, progress)
            writer.close("complete", threads_used=self.threads)

    def _go(self, writer: Writer, duration: float, every: float, first: int, progress: Any) -> None:
        frames = round(duration / every)
        for index in range(first, frames + 1):
            count = 1000 + round((50 if self.doses else 100) * every * index * (1 + 0.01 * self.seed))
            kinds = np.ones(count, "u1")
            same = {name: np.arange(count) for name in ("id", "parent", "born", "hits")}
            digest = {name: f"{name}{self.seed}{index}" for name in ("tissue", "drug_fields", "body", "all")}
            columns = same | {"cell_type": kinds, "group": kinds}
            writer.frame(
                Frame(
                    120 * index,
                    every * index,
                    np.full((count, 3), 5.0),
                    columns,
                    {},
                    np.array([count, 0]),
                    digests=digest,
                )
            )
            writer.checkpoint({"state": np.array([self.seed, bool(self.doses), duration, every])})
            progress(120 * index, 120 * frames)
            if self.doses and index == 2 and self.seed in self.wrong:
                raise self.wrong.pop(self.seed)

    @classmethod
    def resume(cls, path: Path, *, threads: int | None = None, progress: Any = None) -> None:
        state = open_run(path).checkpoint()
        assert state is not None
        seed, dosed, duration, every = np.asarray(state.arrays["state"], "f8").tolist()
        again = cls.__new__(cls)
        again.doses, again.seed, again.threads = bool(dosed), int(seed), threads or 1
        with Writer.resume(path, state.step) as writer:
            again._go(writer, duration, every, state.frame + 1, progress)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeSimulation]:
    monkeypatch.setitem(sys.modules, "qsp_abm.simulation", SimpleNamespace(Simulation=FakeSimulation))  # type: ignore[arg-type]
    FakeSimulation.wrong.clear()
    FakeSimulation.made.clear()
    return FakeSimulation


def call(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def experiment(folder: Path, text: str = TEXT) -> Path:
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(result: Any, folder: Path, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    for word in words:
        assert word in result.stderr
    assert not (folder / "out").exists()


# -- run --------------------------------------------------------------------------------------------------------------


def test_run_writes_everything(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    out = tmp_path / "deep" / "out"
    result = call("run", experiment(tmp_path), "-o", out, "--workers", 1, "--threads", 2)
    assert result.exit_code == 0, result.output
    stems = ["untreated-1", "pembrolizumab-1", "untreated-2", "pembrolizumab-2"]
    for stem in stems:
        for middle in ("", ".cells", ".fields"):
            assert (out / f"{stem}{middle}.vtkhdf").is_file()
    assert (out / "summary.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((out / "index.json").read_text())
    assert [row["file"] for row in rows] == [f"{stem}.vtkhdf" for stem in stems]
    assert rows[3] == {
        "arm": "pembrolizumab",
        "values": {},
        "seed": 8,
        "replicate": 2,
        "file": "pembrolizumab-2.vtkhdf",
        "status": "complete",
    }
    made = [(each.seed, each.threads) for each in fake.made]
    assert made == [(7, 1), (8, 1), (7, 2), (7, 2), (8, 2), (8, 2)]  # the first two: the check of each start
    lines = result.stdout.splitlines()
    assert lines[0] == "start: 3 cells moved, 0 skipped"
    untreated, treated = (
        next(line for line in lines if line.startswith(f"{arm}: ")) for arm in ("untreated", "pembrolizumab")
    )
    # Untreated seeds 7 and 8 end at 1000 + 200 * 1.07 and 1000 + 200 * 1.08.
    assert "tumour +21.5 % (5-95 %: +21.4 to +21.6 %) over 2 day, net +0.0974 /day, 2 replicates" in untreated
    assert "0.912 x untreated (95 % interval 0.907 to 0.916, 2 pairs)" in treated
    assert all("illustrative, not a prediction for this patient" in line for line in (untreated, treated))
    assert str(out) in lines[-1]
    assert "untreated-1: complete" in result.stderr


def test_seed_and_arm(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    result = call(
        "run", experiment(tmp_path), "-o", tmp_path / "out", "--workers", 1, "--seed", 3, "--arm", "untreated"
    )
    assert result.exit_code == 0, result.output
    assert [row["seed"] for row in json.loads((tmp_path / "out" / "index.json").read_text())] == [3, 4]
    assert not list((tmp_path / "out").glob("pembrolizumab*"))
    del fake


def test_a_sweep(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    text = TEXT + 'vary = { "pembrolizumab.dose" = ["0 mg", "2 mg/kg"] }\n'
    result = call("run", experiment(tmp_path, text), "-o", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "pembrolizumab-v2-1.vtkhdf").is_file()
    assert "pembrolizumab pembrolizumab.dose = 2 mg/kg: tumour" in result.stdout
    assert len(open_folder(tmp_path / "out").arms) == 4
    del fake


def test_results_are_not_overwritten(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    path, out = experiment(tmp_path, TEXT.replace("replicates = 2", "replicates = 1")), tmp_path / "out"
    assert call("run", path, "-o", out, "--workers", 1).exit_code == 0
    before = {each.name: each.stat().st_mtime_ns for each in out.iterdir()}
    again = call("run", path, "-o", out, "--workers", 1)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert {each.name: each.stat().st_mtime_ns for each in out.iterdir()} == before
    assert call("run", path, "-o", out, "--workers", 1, "--force").exit_code == 0
    assert {each.name: each.stat().st_mtime_ns for each in out.iterdir()} != before
    del fake


def test_one_run_fails_the_others_go_on(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    fake.wrong[7] = SolverError("oxygen does not converge")
    result = call("run", experiment(tmp_path), "-o", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 1
    assert "pembrolizumab-1.vtkhdf failed: oxygen does not converge" in result.stderr
    states = [row["status"] for row in json.loads((tmp_path / "out" / "index.json").read_text())]
    assert states == ["complete", "failed", "complete", "complete"]
    assert "1 replicate of 2" in result.stdout
    assert "(one replicate, no interval)" in result.stdout


def test_interrupt_and_resume(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    path = experiment(tmp_path)
    assert call("run", path, "-o", whole, "--workers", 1).exit_code == 0
    fake.wrong[7] = KeyboardInterrupt()
    result = call("run", path, "-o", out, "--workers", 1)
    assert result.exit_code == 130
    assert f"qsp-abm resume {out}" in result.stderr
    assert open_run(out / "pembrolizumab-1.vtkhdf").status == "interrupted"
    assert open_run(out / "pembrolizumab-1.vtkhdf").frames == 3
    rows = json.loads((out / "index.json").read_text())
    assert [row["status"] for row in rows] == ["complete", "interrupted"]
    path.unlink()  # everything needed is in the folder
    resumed = call("resume", out, "--workers", 1)
    assert resumed.exit_code == 0, resumed.output
    assert "pembrolizumab: tumour" in resumed.stdout
    assert open_folder(out).digest() == open_folder(whole).digest()
    assert [row["status"] for row in json.loads((out / "index.json").read_text())] == ["complete"] * 4


def test_a_folder_can_be_read_before_a_run_has_ended(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    out, seen = tmp_path / "out", []
    go = fake._go

    def looked_at(self: FakeSimulation, *arguments: Any) -> None:
        *others, progress = arguments

        def look(step: int, steps: int) -> None:
            progress(step, steps)
            seen.append([(row["file"], row["status"]) for row in json.loads((out / "index.json").read_text())])

        go(self, *others, look)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake, "_go", looked_at)
        assert call("run", experiment(tmp_path), "-o", out, "--workers", 1).exit_code == 0
    assert seen[0] == [("untreated-1.vtkhdf", "running")]
    assert seen[-1][0] == ("untreated-1.vtkhdf", "complete") and seen[-1][-1][1] == "running"


def test_resume_one_file(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    fake.wrong[7] = KeyboardInterrupt()
    call("run", experiment(tmp_path), "-o", tmp_path / "out", "--workers", 1)
    file = tmp_path / "out" / "pembrolizumab-1.vtkhdf"
    assert call("resume", file).exit_code == 0
    assert open_run(file).status == "complete"
    assert "is complete" in call("resume", file).stdout
    missing = call("resume", tmp_path / "nothing.vtkhdf")
    assert missing.exit_code == 2
    (tmp_path / "empty").mkdir()
    assert call("resume", tmp_path / "empty").exit_code == 2


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"2 day"', '"2 day', ["experiment.toml", "line 2"]),
        ("duration", "duratoin", ["did you mean 'duration'"]),
        ('"2 day"', '"2 mg"', ["duration", "2 mg"]),
        ('"2 day"', '"-2 day"', ["duration", "above 0"]),
        ('"2 day"', "nan", ["duration"]),
        ('"2 day"', '"1e12 day"', ["duration", "1e+12 day is too long", "at most"]),
        ('"2 day"', '"1e300 day"', ["duration", "too long"]),
        ('duration = "2 day"\n', "", ["duration: is missing"]),
        ('"12 hour"', '"9 min"', ["record.every", "whole multiple"]),
        ("solid_tumour_2d", "solid_tumor", ["did you mean 'solid_tumour_2d'"]),
        ('"20 um"', '"20 kg"', ["model", "spacing"]),
        ('"20 um"', '"-20 um"', ["model", "spacing"]),
        ('"200 mg"', '"-200 mg"', ["arms.pembrolizumab.doses.0", "-200 mg"]),
        ('"200 mg"', '"200 hour"', ["200 hour"]),
        ('"200 mg"', '"nan mg"', ["arms.pembrolizumab.doses.0", "nan"]),
        ('drug = "pembrolizumab"', 'drug = "pembrolizumap"', ["arms.pembrolizumab: ", "did you mean 'pembrolizumab'"]),
        ("shape = [20, 20], ", "", ["lattice.shape"]),
        ("[20, 20]", '"big"', ["shape", "'big' is not a box"]),
        ("[20, 20]", "[20, inf]", ["shape", "is not a box"]),
        ("[20, 20]", "[[1], 20]", ["shape", "is not a box"]),
        ('every = "3 week"', 'every = "1e-9 s"', ["arms.pembrolizumab.doses.0", "every", "below 1 min"]),
        (
            '[{ drug = "pembrolizumab", amount = "200 mg", every = "3 week" }]',
            "{ drug = 1 }",
            ["doses: must be a list"],
        ),
        ("replicates = 2", "replicates = true", ["repeat: replicates: must be a whole number", "True"]),
        ("replicates = 2", "replicates = 1.5", ["replicates: must be a whole number", "1.5"]),
        ("[arms.untreated]", '[arms."a/b"]', ["arms.a/b: its name must match", "a/b"]),
        ("replicates = 2", 'vary = { "cd8.dose" = ["1 mg"] }', ["repeat.vary", "cd8"]),
    ],
)
def test_bad_input_writes_nothing(
    tmp_path: Path, fake: type[FakeSimulation], old: str, new: str, words: list[str]
) -> None:
    assert old in TEXT
    path = experiment(tmp_path, TEXT.replace(old, new, 1))
    refused(call("run", path, "-o", tmp_path / "out"), tmp_path, *words)
    del fake


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ('"cd8.hit_rate" = "-2 / hour"', ["cd8.hit_rate", "-2 / hour", "must not be below 0"]),
        ('"tumour.hits_threshold" = 2.5', ["tumour.hits_threshold", "2.5", "whole number"]),
        ('"tumour.division_rate" = "1e30 / day"', ["tumour: rule on divide.rate: limit", "1e+30", "at most 1000"]),
        ('"tumour.death_rate" = "1e30 / day"', ["tumour: apoptosis.rate", "1e+30", "events per step"]),
    ],
)
def test_impossible_numbers(tmp_path: Path, number: str, words: list[str]) -> None:
    text = TEXT.replace("[arms.untreated]", f"[model.parameters]\n{number}\n[arms.untreated]")
    refused(call("run", experiment(tmp_path, text), "-o", tmp_path / "out"), tmp_path, "experiment.toml", *words)


def test_a_lattice_beyond_the_memory(tmp_path: Path) -> None:
    path = experiment(tmp_path, TEXT.replace("[20, 20]", "[46000, 46000]"))
    refused(call("run", path, "-o", tmp_path / "out"), tmp_path, "lattice: 2116000000 voxels", "GiB of memory")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    path = experiment(tmp_path, "\ufeff" + TEXT)
    assert call("run", path, "-o", tmp_path / "out", "--workers", 1).exit_code == 0
    del fake


def test_files_that_are_no_experiments(tmp_path: Path) -> None:
    refused(call("run", experiment(tmp_path, ""), "-o", tmp_path / "out"), tmp_path, "is empty")
    refused(call("run", tmp_path / "missing.toml", "-o", tmp_path / "out"), tmp_path, "missing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\x00\xff")
    refused(call("run", tmp_path / "binary.toml", "-o", tmp_path / "out"), tmp_path, "not a text file")


def test_outputs_that_cannot_be(tmp_path: Path, fake: type[FakeSimulation]) -> None:
    path = experiment(tmp_path)
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "out", Path("/proc/nothing/out")):
        result = call("run", path, "-o", out)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("error: ")
    assert (tmp_path / "file").read_text() == "mine"
    del fake


def test_unknown_arm_option_and_verb(tmp_path: Path) -> None:
    path = experiment(tmp_path)
    refused(call("run", path, "-o", tmp_path / "out", "--arm", "untraeted"), tmp_path, "did you mean 'untreated'")
    for arguments in (
        ("run", path),
        ("run", path, "-o", tmp_path / "out", "--threads", 0),
        ("run", path, "-o", tmp_path / "out", "--threads", 10**6),
        ("rnu", path),
    ):
        assert call(*arguments).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_rule_target_with_two_limits(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import qsp_abm as qa\n"
        "def build():\n"
        "    rules = [qa.Rule(target='divide.rate', signal='crowding', effect='decreases', half=0.5, limit=limit)\n"
        "             for limit in (0.1, 0.2)]\n"
        "    mine = qa.CellType(name='mine', volume=1000, processes=[qa.Divide(rate='1 / day')], rules=rules)\n"
        "    return qa.Model(lattice=qa.Lattice(shape=(9, 9), spacing='20 um'), cells=[mine])\n"
    )
    path = experiment(tmp_path, 'duration = "1 day"\n[model]\nuse = "own.py:build"\n')
    refused(call("run", path, "-o", tmp_path / "out"), tmp_path, "model: ", "divide.rate", "limit")


# -- with the engine ----------------------------------------------------------------------------------------------------

TABLE = """
[[start]]
kind = "table"
path = "cells.csv"
margin = "40 um"
margin_filling = "empty"
types = { Tumour = "tumour", CD8T = { cd8_bystander = 0.5, cd8_effector = 0.5 } }
"""
CELLS = "x_um,y_um,cell_type\n" + "".join(
    f"{20 * x + 5},{20 * y + 5},{'CD8T' if (x + y) % 3 == 0 else 'Tumour'}\n" for x in range(6) for y in range(6)
)


def small(folder: Path, start: str = TABLE, cells: str = CELLS) -> Path:
    (folder / "cells.csv").write_text(cells, encoding="utf-8")
    text = (
        TEXT.replace('"2 day"', '"2 hour"').replace('"12 hour"', '"1 hour"').replace("replicates = 2", "replicates = 1")
    )
    return experiment(folder, text.replace("shape = [20, 20], ", "") + start)


def test_threads_do_not_change_a_result(tmp_path: Path) -> None:
    path = small(tmp_path)
    one = call("run", path, "-o", tmp_path / "one", "--threads", 1)
    assert one.exit_code == 0, one.output
    assert "36 rows" in one.stdout
    assert call("run", path, "-o", tmp_path / "two", "--threads", 2, "--workers", 1).exit_code == 0
    digests = [call("info", tmp_path / name, "--digest").stdout for name in ("one", "two")]
    assert digests[0] == digests[1]
    known = json.loads(call("info", tmp_path / "two" / "untreated.vtkhdf", "--json").stdout)
    assert known["threads"] == {"asked": 2, "used": 2}
    assert known["days"] == pytest.approx(2 / 24)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cells.csv", "missing.csv", ["missing.csv"]),
        ("Tumour =", "Tumor =", ["Tumour"]),
        ('"tumour"', '"tumuor"', ["tumuor", "did you mean 'tumour'"]),
        ("cd8_effector = 0.5", "cd8_effector = 0.6", ["CD8T", "1.1"]),
        ("cd8_effector = 0.5", "cd8_effector = -0.5", ["start.0: types.CD8T.cd8_effector: must be", "-0.5"]),
        ('Tumour = "tumour"', "Tumour = 3", ["start.0: types.Tumour: must be text or a table", "3"]),
        ('"40 um"', '"40 km"', ["margins of 4e+10 um", "voxels"]),
        ('"40 um"', '"-40 um"', ["start.0", "margin"]),
        ("margin =", "margn =", ["start.0", "did you mean 'margin'"]),
        ('"table"', '"tabel"', ["start.0", "did you mean 'table'"]),
    ],
)
def test_bad_starts(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    assert old in TABLE
    refused(call("run", small(tmp_path, TABLE.replace(old, new, 1)), "-o", tmp_path / "out"), tmp_path, *words)


def test_a_table_of_which_nothing_is_left(tmp_path: Path) -> None:
    start = TABLE.replace('"tumour"', '"skip"').replace("{ cd8_bystander = 0.5, cd8_effector = 0.5 }", '"skip"')
    refused(call("run", small(tmp_path, start), "-o", tmp_path / "out"), tmp_path, "all 36 cells are skipped")


@pytest.mark.parametrize(
    "cells", ["", "x_um,y_um,cell_type\n", "a,b\n1,2\n", CELLS + "nan,5,Tumour\n", CELLS + "5,Tumour\n", "\x00\x01"]
)
def test_bad_tables(tmp_path: Path, cells: str) -> None:
    refused(call("run", small(tmp_path, cells=cells), "-o", tmp_path / "out"), tmp_path, "cells.csv")


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ('kind = "cells"\ncells = "tumour"\npositions = [[5, 5], [500, 5]]', ["outside the lattice"]),
        ('kind = "ball"\ncells = "tumour"\nradius = "400 um"', ["ball", "400 um", "does not fit"]),
        ('kind = "ball"\ncells = "tumuor"\nradius = "40 um"', ["did you mean 'tumour'"]),
        ('kind = "scatter"\ncells = "tumour"\ndensity = "200 / mm^3"', ["200 / mm^3", "mm^2"]),
        ('kind = "scatter"\ncells = "tumour"\ndensity = "500000 / mm^2"', ["tumour", "do not fit"]),
    ],
)
def test_starts_that_do_not_fit(tmp_path: Path, start: str, words: list[str]) -> None:
    refused(call("run", experiment(tmp_path, f"{TEXT}[[start]]\n{start}\n"), "-o", tmp_path / "out"), tmp_path, *words)


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "qsp_abm.simulation", SimpleNamespace(Simulation=FakeSimulation))  # type: ignore[arg-type]
        assert call("run", experiment(folder), "-o", folder / "out", "--workers", 1, "--threads", 2).exit_code == 0
    return folder / "out"


def test_info(out: Path) -> None:
    file = out / "untreated-1.vtkhdf"
    known = json.loads(call("info", file, "--json").stdout)
    for name, kind in {
        "file": str,
        "status": str,
        "seed": int,
        "threads": dict,
        "shape": list,
        "voxel_um": list,
        "frames": int,
        "steps": int,
        "days": float,
        "cell_types": list,
        "counts": dict,
        "digests": dict,
        "provenance": dict,
    }.items():
        assert isinstance(known[name], kind), name
    assert known["arm"] == "untreated"
    assert known["threads"] == {"asked": 2, "used": 2}
    assert known["counts"]["end"]["tumour"] == 1214
    folder = json.loads(call("info", out, "--json").stdout)
    assert [run["arm"] for run in folder["runs"]] == ["untreated", "pembrolizumab"] * 2
    assert "1214" in call("info", file).stdout
    assert "replicate 2, seed 8, complete, 2 day" in call("info", out).stdout
    assert call("info", file, "--json", "--digest").exit_code == 2


def test_digest(out: Path) -> None:
    lines = call("info", out / "untreated-1.vtkhdf", "--digest").stdout.splitlines()
    assert lines == ["tissue tissue74", "drug_fields drug_fields74", "body body74", "all all74"]
    lines = call("info", out, "--digest").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["tissue", "drug_fields", "body", "all"]
    assert all(len(line.split()[1]) == 64 for line in lines)


def test_plot(out: Path, tmp_path: Path) -> None:
    result = call("plot", out / "untreated-1.vtkhdf")
    assert result.stdout.strip() == str(out / "untreated-1.png")
    assert (out / "untreated-1.png").is_file()
    target = tmp_path / "picture.png"
    assert call("plot", out, "-o", target).exit_code == 0
    assert call("plot", out, "-o", target).exit_code == 2
    assert call("plot", out, "-o", target, "--force").exit_code == 0
    assert call("plot", out, "-o", tmp_path / "picture.doc").exit_code == 2


def test_export(out: Path, tmp_path: Path) -> None:
    result = call("export", out / "untreated-1.vtkhdf", "--to", "csv", "-o", tmp_path / "tables")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "tables" / "counts.csv").is_file()
    assert str(tmp_path / "tables") in result.stdout
    assert call("export", out / "untreated-1.vtkhdf", "--to", "csv", "-o", tmp_path / "tables").exit_code == 2
    assert call("export", out, "--to", "csv", "-o", tmp_path / "all").exit_code == 0
    assert (tmp_path / "all" / "pembrolizumab-2" / "counts.csv").is_file()
    assert call("export", out, "--to", "xlsx", "-o", tmp_path / "all").exit_code == 2


def test_files_that_are_no_runs(tmp_path: Path) -> None:
    (tmp_path / "empty.vtkhdf").touch()
    (tmp_path / "folder").mkdir()
    for path in ("missing.vtkhdf", "empty.vtkhdf", "folder"):
        for verb in (("info",), ("plot",), ("export", "--to", "csv", "-o", tmp_path / "tables")):
            result = call(*verb, tmp_path / path)
            assert result.exit_code == 2, (verb, path)
            assert path in result.stderr
    assert not (tmp_path / "tables").exists()


# -- the library ------------------------------------------------------------------------------------------------------


def test_library() -> None:
    drugs = call("library").stdout.split("drugs: ")[1].splitlines()[0]
    assert "pembrolizumab" in drugs.split(", ")
    assert "solid_tumour_2d: " in call("library", "models").stdout
    text = call("library", "drugs", "pembrolizumab").stdout
    assert "clearance" in text
    assert "measured-human" in text
    assert "doi:10.1002/psp4.12139" in text
    assert "200 mg" in call("library", "regimens", "pembrolizumab_200mg_q3w").stdout
    assert "cd8.hit_rate" in call("library", "models", "solid_tumour_2d").stdout
    assert "did you mean 'drugs'" in call("library", "drug").stderr
    assert "did you mean 'pembrolizumab'" in call("library", "drugs", "pembrolizumap").stderr


def test_everything_in_the_library_can_be_shown() -> None:
    from qsp_abm import catalogue

    for kind in catalogue.KINDS:
        for name in catalogue.names(kind):
            result = call("library", kind, name)
            assert result.exit_code == 0, result.output
            assert len(result.stdout.splitlines()) > 1, name


def test_describe(tmp_path: Path) -> None:
    text = call("describe", "solid_tumour_2d").stdout
    assert "In tumour, oxygen increases division from 0 towards 0.025 1/day" in text
    assert "It engages an adjacent tumour" in text
    assert call("describe", "library.models.solid_tumour_2d").stdout == text
    assert "voxels of 20 um" in call("describe", experiment(tmp_path)).stdout
    assert "did you mean 'solid_tumour_2d'" in call("describe", "solid_tumor_2d").stderr


def test_help() -> None:
    text = call("--help").stdout
    for verb in ("run", "resume", "info", "plot", "export", "library", "describe"):
        assert verb in text
        assert "Usage" in call(verb, "--help").stdout

"""The benchmarks: each runs in its quick form, gives a right answer and the agreed keys, and the page takes their table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from benchmarks import run
from benchmarks.common import significant, uniform

from qsp_abm import _core

needs_solver = pytest.mark.skipif(not hasattr(_core, "FieldSolver"), reason="this build has no field solver of its own")


@pytest.mark.parametrize("name", [pytest.param(n, marks=needs_solver) if n == "fields" else n for n in run.NAMES])
def test_every_benchmark_gives_a_right_answer(name: str) -> None:
    line = run.measure(name, quick=True)
    assert tuple(line) == run.KEYS
    assert line["benchmark"] == name
    assert line["checks"], "a benchmark checks its answer"
    assert line["correct"], line["checks"]
    assert set(line["targets"]) == set(line["reached"]) <= set(line["numbers"])
    assert json.loads(json.dumps(line)) == line


def test_every_file_is_listed() -> None:
    files = {path.stem for path in Path(run.__file__).parent.glob("*.py")}
    assert files == {*run.NAMES, "run", "common"}


def test_the_command_prints_a_line_for_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--json", "--quick", "section"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["benchmark"] for line in out.splitlines()] == ["section"]
    assert "section ..." in err
    with pytest.raises(SystemExit):
        run.main(["sektion"])
    assert "unknown benchmark 'sektion'" in capsys.readouterr().err


def test_the_table_stands_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    shutil.copy(run.PAGE, page)
    line = {
        "benchmark": "section",
        "checks": {"same bits": True, "a sum": False},
        "numbers": {"seconds": 2.5},
        "targets": {"seconds": "<= 2"},
        "reached": {"seconds": False},
        "machine": {"processor": "one"},
    }
    run.rewrite(page, [line])
    run.rewrite(page, [line])
    before, after = run.PAGE.read_text(), page.read_text()
    assert after.count(run.OPEN) == after.count(run.CLOSE) == 1
    assert "| `section` | seconds | 2.5 | &lt;= 2 | **no** |" in after
    assert "**wrong: a sum**" in after
    assert after.split(run.OPEN)[0] == before.split(run.OPEN)[0]
    assert after.split(run.CLOSE)[1] == before.split(run.CLOSE)[1]


def test_random_sites_are_those_of_the_reference() -> None:
    """splitmix64 of 0 is 16294208416658607535."""
    assert uniform([0])[0] == (16294208416658607535 >> 11) * 2.0**-53
    assert significant(0.0123456) == 0.01235

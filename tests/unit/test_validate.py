"""`qsp-abm validate`: every verified check holds, known misses are shown, a failed verified check is told by the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from qsp_abm.cli import app
from qsp_abm.validation import Check, pk

KNOWN_MISSES = {
    "cemiplimab 350 mg q3w [cscc 1]: ctrough steady",
    "mosunetuzumab 1/2/60/60/30 mg [typical patient]: cmax C2D1",
}


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["validate", *arguments])


def test_exposures_binding_and_occupancy() -> None:
    result = call("pk", "--json")
    rows = json.loads(result.stdout)
    assert all(list(row) == ["check", "group", "published", "ours", "tolerance", "source", "pass"] for row in rows)
    assert [row["check"] for row in rows if row["group"] == "verified" and not row["pass"]] == []
    missed = {row["check"].split(" (known miss")[0] for row in rows if not row["pass"]}
    assert missed == KNOWN_MISSES
    assert {row["check"].split(" (known miss")[0] for row in rows if "known miss" in row["check"]} == KNOWN_MISSES
    assert result.exit_code == 0
    assert len(rows) == 142
    assert result.stderr.count("\n") == len(rows)


def test_a_failed_verified_check_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks(group: Any) -> Any:
        return lambda: iter(
            [Check("far", group, 1.0, 2.0, 0.1, "test"), Check("bound", "verified", 1.0, 1.5, 0.0, "test")]
        )

    monkeypatch.setattr(pk, "checks", checks("validated"))
    assert call("pk").exit_code == 0
    assert "validated: 0 of 1 hold" in call("pk").stdout
    assert "bound: 1.5, at least 1" in call("pk").stdout
    monkeypatch.setattr(pk, "checks", checks("verified"))
    assert call().exit_code == 1


def test_bounds_and_tolerances() -> None:
    assert not Check("low", "verified", 1.0, 0.99, 0.0, "test").passed
    assert Check("near", "verified", -1.0, -1.01, 0.02, "test").passed
    assert not Check("nothing", "verified", 1.0, float("nan"), 0.02, "test").passed


def test_unknown_parts_are_refused() -> None:
    result = call("pq")
    assert result.exit_code == 2
    assert "unknown part 'pq'" in result.stderr

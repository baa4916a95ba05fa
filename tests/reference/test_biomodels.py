"""Sixteen curated models of BioModels (CC0) against COPASI 4.48 (LSODA, rtol 1e-9, atol 1e-14) at time 100.

Tolerance: 1e-4 relative, with a floor of 1e-9 of the largest value of the model. See biomodels/README.md.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from qsp_abm.body.alone import run_body
from qsp_abm.body.sbml import load

FOLDER = Path(__file__).parent / "biomodels"
MODELS = sorted(path.stem for path in FOLDER.glob("*.xml"))


def published() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    with (FOLDER / "copasi_t100.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["model"]][row["id"]] = float(row["value_t100"])
    return found


def test_all_models_are_there() -> None:
    assert set(MODELS) == set(published()) and len(MODELS) == 16


@pytest.mark.parametrize("name", MODELS)
def test_every_value_is_that_of_copasi(name: str) -> None:
    expected = published()[name]
    final = run_body(load(FOLDER / f"{name}.xml"), until=100).final
    floor = 1e-9 * max(1.0, *(abs(value) for value in expected.values()))
    wrong = {
        key: (final.get(key), value)
        for key, value in expected.items()
        if key not in final or not abs(final[key] - value) <= 1e-4 * (abs(value) + floor)
    }
    assert not wrong

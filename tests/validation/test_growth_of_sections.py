"""Untreated sections grow as slowly as tumours of patients do, whatever the seed and the draw of their vessels (SCIENCE.md 1)."""

from __future__ import annotations

from itertools import product
from math import log
from pathlib import Path

import pytest
from sections import DAYS, Case, run_all

pytestmark = pytest.mark.validation

PATIENTS, SEEDS, DRAWS = (4, 8), (1, 2, 3), (0, 1, 2)
SLOWEST, FASTEST = 0.0, 0.015  # net growth, 1/day


def test_untreated_sections_grow_slowly(kept: Path) -> None:
    cases = [Case(patient, seed=seed, draw=draw) for patient, seed, draw in product(PATIENTS, SEEDS, DRAWS)]
    results = run_all(cases, kept)
    rates = {case: log(results[case].end / results[case].start) / DAYS for case in cases}
    for case, rate in rates.items():
        print(f"patient {case.patient}, seed {case.seed}, vessel draw {case.draw}: {rate:.4f} /day")  # noqa: T201
    outside = {case: rate for case, rate in rates.items() if not SLOWEST <= rate <= FASTEST}
    assert not outside, outside
    assert all(result.hypoxic < 0.5 for result in results.values())

"""Under pembrolizumab a section shrinks by degrees: with the reactive fraction of its CD8 cells and with the dose (SCIENCE.md 1, 3)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from dose_response import DOSES, FRACTIONS, PATIENT, Row, cases, effects, rows
from sections import DAYS, Case, build, run_all

NOISE = 0.04  # of a mean log ratio of two pairs: what neighbours may differ by against the order
LARGEST_STEP = 0.8  # of the whole range that one step may carry
LEAST = 0.25  # log ratio that the strongest combination reaches: otherwise nothing is graded because nothing happens


def graded(values: list[float]) -> None:
    """Effects rise, within the noise, and no step carries most of the range."""
    steps = [after - before for before, after in pairwise(values)]
    assert min(steps) > -NOISE, values
    assert max(steps) < LARGEST_STEP * (max(values) - min(values)), values


def check(table: list[Row]) -> None:
    found = effects(table)
    for fraction, values in found.items():
        print(f"reactive fraction {fraction:g}: effect (log ratio) {[round(value, 3) for value in values]}")  # noqa: T201
    highest = max(max(values) for values in found.values())
    assert highest > LEAST
    graded([0.0, *(values[-1] for values in found.values())])  # with the fraction, at the highest dose
    graded([0.0, *found[FRACTIONS[-1]]])  # with the dose, at the highest fraction
    for place in range(len(DOSES)):  # at every dose, and every fraction: never against the order
        column = [values[place] for values in found.values()]
        assert all(after > before - NOISE for before, after in pairwise(column)), column
    for values in found.values():
        assert all(after > before - NOISE for before, after in pairwise(values)), values
    for fraction, dose, seed, start, end, _ in table:
        assert end > 0, (fraction, dose, seed)  # nothing is cleared ...
        assert dose > 0 or end >= start, (fraction, seed)  # ... and nothing shrinks untreated


@pytest.mark.validation
def test_the_sweep_is_graded(kept: Path) -> None:
    check(list(rows(run_all(cases(), kept))))


@pytest.mark.validation
def test_the_drug_does_nothing_to_a_section_without_cd8_cells() -> None:
    """The whole section, 60 days, with and without the highest dose: the same bits."""
    arms = [build(Case(PATIENT, None, dose)) for dose in (0.0, DOSES[-1])]
    for arm in arms:
        arm.run(f"{DAYS} day")
    untreated, treated = (arm.digest() for arm in arms)
    assert untreated["tissue"] == treated["tissue"]
    assert untreated["body"] != treated["body"]

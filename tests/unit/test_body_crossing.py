"""The day on which a body gets somewhere."""

from __future__ import annotations

from math import exp

import pytest

from qsp_abm.body.crossing import first_day
from qsp_abm.body.description import Body
from qsp_abm.errors import ModelError

GROWING = Body(name="b", antimony="A = 1; A' = 0.01*A; x := 2*A;", signals={"A": ("A", "cell"), "x": ("x", "cell")})


@pytest.mark.parametrize(("wanted", "day"), [(0.5, 0), (2.0, 0), (2.0 * exp(0.0949), 10), (2.0 * exp(29.999), 3000)])
def test_the_first_whole_day_at_or_above(wanted: float, day: int) -> None:
    found, signals = first_day(GROWING, "x", wanted)
    assert found == day
    assert signals == pytest.approx({"A": exp(0.01 * day), "x": 2 * exp(0.01 * day)}, rel=1e-6)


def test_what_is_never_reached_or_unknown_is_refused() -> None:
    with pytest.raises(ModelError, match="'x' does not reach 1e\\+06 within 100 days"):
        first_day(GROWING, "x", 1e6, longest=100)
    with pytest.raises(ModelError, match="unknown signal 'y'"):
        first_day(GROWING, "y", 1.0)

"""Units of bodies: fitting ones pass, others are named with the formula, and units are compared as written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from qsp_abm.body.description import Body
from qsp_abm.body.dimensions import check_dimensions
from qsp_abm.errors import ModelError
from qsp_abm.parameters import Parameter
from qsp_abm.units import parts


def body(
    text: str = "s -> ; b_loss * s;", rule: str = "c := s / b_volume;", start: str = "cell", signal: str = "cell/L"
) -> Body:
    """One species of cells that is lost, and its concentration."""
    numbers = (("loss", "1/day"), ("volume", "L"), ("begin", start))
    return Body(
        name="b",
        antimony=f"compartment p = 1; substanceOnly species s in p = b_begin;\n{rule}\n{text}",
        signals={"s.density": ("c", signal)},
        species={"s": "cell"},
        parameters=tuple(Parameter(name=n, value=1.0, unit=u, source="test", kind="assumed") for n, u in numbers),
    )


def test_units_that_fit_pass() -> None:
    check_dimensions(body())
    check_dimensions(body(rule="c := d / b_volume; d := sqrt(s * s);"))  # in any order


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"text": "s -> ; b_loss * c;"}, r"reaction '_J0' of 's'.*cell/\(day liter\), expected cell/day"),
        ({"rule": "c := s / b_volume + s;"}, "rule of 'c'.*cell/liter and cell"),
        ({"start": "nmol"}, "start of 's'.*nanomole, expected cell"),
        ({"signal": "cell/mL"}, "signal 's.density' has the unit cell/liter, declared is cell/mL"),
        ({"signal": ""}, "declared is a plain number"),
        ({"text": "t -> ; b_loss * s; substanceOnly species t in p; t = 0;"}, "species 't' has no unit"),
    ],
)
def test_units_that_do_not_are_named(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_dimensions(body(**wrong))


def test_units_are_taken_apart_as_written() -> None:
    assert parts("") == {}
    assert parts("um^2/(molecule day)") == {"micrometer": 2, "particle": -1, "day": -1}
    assert parts("mL") != parts("L")
    assert parts("L^0.5") == {"liter": Fraction(1, 2)}
    with pytest.raises(ModelError, match="unknown unit 'litters'"):
        parts("litters/day")

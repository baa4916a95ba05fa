"""Units at the edge."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qsp_abm import units
from qsp_abm.errors import ModelError, suggest


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("20 um", "um", 20.0),
        ("20um", "um", 20.0),
        (20, "um", 20.0),
        ("1e4", "molecule", 1e4),
        ("0.02 mm", "um", 20.0),
        ("6 min", "day", 6 / 1440),
        ("6 hour", "day", 0.25),
        ("3 week", "day", 21.0),
        ("10 um2/min", "um^2/day", 14400.0),
        ("10 um^2/min", "um^2/day", 14400.0),
        ("1e-6 cm^2/s", "um^2/day", 8.64e6),
        ("200 / mm^3", "cell/um^3", 2e-7),
        ("200 cell/mm3", "cell/um^3", 2e-7),
        ("5 %", "", 0.05),
        ("50 percent", "", 0.5),
        ("40 mmHg", "mmHg", 40.0),
        ("29 pM", "nM", 0.029),
        ("8.2 uM", "nM", 8200.0),
        ("2 mg/L", "ug/mL", 2.0),
        ("1e8 cell", "cell", 1e8),
        ("0.1 1/day", "1/day", 0.1),
        ("12 pmol", "pmol", 12.0),
    ],
)
def test_converts(value: object, unit: str, expected: float) -> None:
    assert units.to(value, unit) == expected


@pytest.mark.parametrize(
    "value",
    [
        "20 min",
        "nan um",
        "inf um",
        float("nan"),
        "5 parsnip",
        "abc",
        "",
        True,
        None,
        "-1 um",
        "0 um",
        "1e999 um",
        "1 2 um",
        "5 um +",
    ],
)
def test_refuses_and_names_the_object(value: object) -> None:
    with pytest.raises(ModelError, match=r"^lattice\.spacing: "):
        units.to(value, "um", "lattice.spacing", positive=True)


def test_a_percentage_is_not_a_number_of_cells() -> None:
    with pytest.raises(ModelError, match="cell"):
        units.to("5 percent", "cell")


def test_nearest_name() -> None:
    with pytest.raises(ModelError, match="did you mean 'um'"):
        units.to("5 umm", "um")
    assert suggest("cd8_efector", ["cd8_effector", "treg"]) == "; did you mean 'cd8_effector'?"
    assert suggest("x", []) == "; there is none"


def test_takes_pint_quantities_of_any_registry() -> None:
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry()
    assert units.to(10 * registry.um**2 / registry.min, "um^2/day") == 14400.0
    assert units.to_days(3 * registry.hour) == 0.125
    assert units.to_dose(2 * registry.mg / registry.kg, "mg", weight=70.0) == 140.0


def test_doses() -> None:
    assert units.to_dose("200 mg", "mg") == 200.0
    assert units.to_dose("500 ug", "mg") == 0.5
    assert units.to_dose("2 mg/kg", "mg", weight=76.8) == 153.6
    assert units.to_dose("10 mg/m^2", "mg", surface=1.8) == units.to_dose("10 mg / m2", "mg", surface=1.8) == 18.0
    assert units.to_dose("2e6 cell/kg", "cell", weight=70.0) == 1.4e8
    for wrong in ("1e8 cell", "-1 mg", "2 mg/m2", "3 day"):
        with pytest.raises(ModelError):
            units.to_dose(wrong, "mg", weight=70.0)
    with pytest.raises(ModelError, match="no weight"):
        units.to_dose("2 mg/kg", "mg")


def test_same_dimension() -> None:
    assert units.same_dimension("pM", "nM")
    assert not units.same_dimension("mmHg", "nM")
    assert not units.same_dimension("mmHg", "nonsense")


def test_plain_numbers_do_not_load_pint() -> None:
    code = "import sys; from qsp_abm import units; units.to('20 um', 'um'); units.to(3, 'day'); assert 'pint' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

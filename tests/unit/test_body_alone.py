"""A body by itself: what is reported, set, refused and converted."""

from __future__ import annotations

import json
from math import exp
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qsp_abm import ModelError
from qsp_abm.body.alone import run_body
from qsp_abm.body.invariance import check_invariance
from qsp_abm.body.normalise import normalise
from qsp_abm.body.ode import to_sbml
from qsp_abm.body.sbml import Quantity, load, read_sbml
from qsp_abm.cli import app
from qsp_abm.pictures.body import panels

TWO = """
model two
  compartment V = 2; species A in V = 3; substanceOnly species B in V = 0
  A -> B; V*k*A; k = 0.1; x := A*2; p = 1
  at (time > 5): p = 2
end
"""

# A drug in blood: mL beside litres, lost per hour, infused per day.
MIXED = """
model mixed
  unit nM = 1e-9 mole / litre; unit mL = 1e-3 litre; unit L = litre; unit hour = 3600 second
  unit per_hour = 1 / (3600 second); unit per_day = 1 / (86400 second)
  unit molecule = 1.66053872801495e-24 mole
  unit time_unit = 86400 second; unit substance = 1e-9 mole
  compartment blood = 5000; blood has mL
  species D in blood = 40
  elimination: D -> ; k*D*blood
  infusion: -> D; rate*blood
  k = 0.02; k has per_hour
  rate = 3000; rate has uptake
  unit uptake = 1e-9 mole / (litre * 86400 second)
end
"""


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["body", "run", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.ant"
    path.write_text(TWO)
    return path


def test_json_is_the_last_value_of_all_that_changes(two: Path) -> None:
    code, out, _ = run(two, "--until", 10, "--json")
    final = json.loads(out)["final"]
    assert code == 0 and list(final) == ["A", "B", "x", "p"]
    left = 3 * exp(-1)
    assert final == pytest.approx({"A": left, "B": 2 * (3 - left), "x": 2 * left, "p": 2}, rel=1e-7)


def test_other_values(two: Path) -> None:
    model = load(two)
    final = run_body(model, 10, values={"A": 6, "V": 4}).final  # a concentration stays what it is in a larger volume
    assert final["A"] == pytest.approx(6 * exp(-1), rel=1e-7)
    assert final["B"] == pytest.approx(4 * 6 * (1 - exp(-1)), rel=1e-7)
    assert run_body(model, 10).final["A"] == pytest.approx(3 * exp(-1), rel=1e-7)  # of this run only


def test_trajectories(two: Path, tmp_path: Path) -> None:
    code, _, _ = run(two, "--until", 10, "--every", 4, "--csv", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert code == 0 and lines[0] == "time,A,B,x,p"
    assert [float(line.split(",")[0]) for line in lines[1:]] == [0, 4, 8, 10]
    assert run(two, "--until", 10, "--csv", tmp_path / "out.csv")[0] == 2
    assert run(two, "--until", 10, "--csv", tmp_path / "out.csv", "--force")[0] == 0


def test_times_with_units(tmp_path: Path) -> None:
    path = tmp_path / "hourly.ant"
    path.write_text("model hourly; unit time_unit = 3600 second; S = 1; S' = -S/24; end")
    code, out, _ = run(path, "--until", "2 day", "--every", "720 min", "-o", tmp_path / "out.csv", "--json")
    assert code == 0 and json.loads(out)["final"]["S"] == pytest.approx(exp(-2), rel=1e-7)
    rows = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert [float(row.split(",")[0]) for row in rows] == [0, 12, 24, 36, 48]


def test_a_unit_of_time_needs_one_of_the_model(two: Path) -> None:
    code, _, error = run(two, "--until", "2 day")
    assert code == 2 and "two declares no unit of time; give a plain number instead of '2 day'" in error


def test_a_body_of_the_library_by_its_name() -> None:
    code, out, _ = run("nsclc_gong_2021", "--until", "10 day", "--json")
    assert code == 0 and json.loads(out)["final"]["tumour_cancer"] == pytest.approx(200 * exp(0.099), rel=1e-3)
    assert "is no body" in run("nivolumab_gong_2021", "--until", "1")[2]


def test_pictures(two: Path, tmp_path: Path) -> None:
    picture = tmp_path / "two.png"
    assert run(two, "--until", 10, "--plot", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000
    assert "use --force" in run(two, "--until", 10, "--plot", picture)[2]
    assert "unknown kind of picture" in run(two, "--until", 10, "--plot", tmp_path / "two.gif")[2]


def test_data_are_drawn_over_the_trajectories(two: Path, tmp_path: Path) -> None:
    plain, dotted, data = tmp_path / "plain.png", tmp_path / "dotted.png", tmp_path / "data.csv"
    data.write_text("time,quantity,value\n1,A,0.5\n4,A,0.2\n")
    assert run(two, "--until", 10, "--plot", plain)[0] == 0
    assert run(two, "--until", 10, "--plot", dotted, "--observe", data)[0] == 0
    assert plain.read_bytes() != dotted.read_bytes()
    data.write_text("time,quantity,value\n1,AA,0.5\n")
    refused = run(two, "--until", 10, "--plot", tmp_path / "none.png", "--observe", data)
    assert "has no quantity 'AA'; did you mean 'A'" in refused[2]
    assert "give --plot too" in run(two, "--until", 10, "--observe", data)[2]


def test_panels_hold_what_belongs_together() -> None:
    names = [f"blood_{letter}" for letter in "abcdefgh"] + ["node_a", "V", "x"]
    found = panels([Quantity(name, name, "species") for name in names], [*range(1, 9), 5.0, 1.0, 0.0])
    assert [(title, len(members)) for title, members in found] == [("blood", 6), ("blood", 2), ("others", 2)]
    assert [names[position] for position in found[1][1]] == ["blood_b", "blood_a"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "-1"), "positive time"),
        (("--until", "nan"), "no number"),
        (("--until", "3", "--every", "4"), "at most 3"),
        (("--until", "3", "--set", "x=1"), "'x' cannot be set"),
        (("--until", "3", "--set", "k"), "ID=VALUE"),
        (("--until", "3", "--units", "convrt"), "did you mean 'convert'"),
    ],
)
def test_wrong_arguments_are_refused(two: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, error = run(two, *arguments)
    assert code == 2 and said in error and not out


@pytest.mark.parametrize("content", ["", "<sbml>", "A -> ; k*", "\x00\x01"])
def test_broken_files_are_refused(tmp_path: Path, content: str) -> None:
    for suffix in (".xml", ".ant"):
        path = tmp_path / f"broken{suffix}"
        path.write_text(content)
        code, out, error = run(path, "--until", 1, "--json")
        assert code == 2 and error.startswith("error: ") and not out
    assert run(tmp_path / "none.xml", "--until", 1)[0] == 2


FAST = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">
<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialAmount="1"/></listOfSpecies>
<listOfReactions><reaction id="r" reversible="false" fast="true"><listOfReactants><speciesReference species="A"/></listOfReactants>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>A</ci></math></kineticLaw></reaction></listOfReactions>
</model></sbml>"""


def test_what_the_solver_cannot_do_is_refused() -> None:
    with pytest.raises(ModelError, match="it has fast reactions"):
        read_sbml(FAST)
    assert read_sbml(FAST.replace(' fast="true"', "")).id == "m"


def test_mixed_units_give_what_the_closed_form_says() -> None:
    model = read_sbml(to_sbml(MIXED))
    scaled = normalise(model)
    assert scaled is not None and scaled.time == pytest.approx(1.0)
    check_invariance(model)
    days = 3.0
    k, steady = 0.02 * 24, 3.0 / (0.02 * 24)
    expected = steady + (40 - steady) * exp(-k * days)  # nmol/mL; infused at 3000 nM = 3 nmol/mL a day
    assert run_body(model, days, units="convert").final["D"] == pytest.approx(expected, rel=1e-6)

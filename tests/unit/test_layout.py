"""The architecture holds: include and import floors, a light import, a complete registry, numbers with sources."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CPP = REPOSITORY / "cpp"
PYTHON = REPOSITORY / "python" / "qsp_abm"

# ---------------------------------------------------------------------------------------------------------------- C++

FLOORS = {
    "base": 0,
    "lattice": 1,
    "field": 2,
    "agent": 2,
    "synapse": 2,
    "rule": 3,
    "process": 4,
    "engine": 5,
    "bind": 6,
    "tests": 6,  # beside bind: the tests see the whole engine, and no Python
}
# Includes between siblings of one floor, as (from, to): reason.
SIBLINGS: dict[tuple[str, str], str] = {}
# C++ never prints, never exits; exp, log and pow come from base/, where they give the same bits on every machine.
NEVER = re.compile(r"std::(cout|cerr|clog|exit|quick_exit|abort|terminate)\b|\b(printf|fprintf|puts)\s*\(")
LIBM = re.compile(r"std::(exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|sin|cos|tan|atan2?|sinh|cosh|tanh|hypot)\s*\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def cpp_files() -> list[Path]:
    return sorted(path for suffix in ("*.hpp", "*.cpp") for path in CPP.rglob(suffix))


def code(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def test_every_cpp_folder_has_a_floor() -> None:
    assert {path.relative_to(CPP).parts[0] for path in cpp_files()} <= set(FLOORS)


@pytest.mark.parametrize("path", cpp_files(), ids=lambda path: path.relative_to(CPP).as_posix())
def test_include_floors(path: Path) -> None:
    folder = path.relative_to(CPP).parts[0]
    for included in re.findall(r'^\s*#\s*include\s+"([^"]+)"', code(path), re.MULTILINE):
        target = included.split("/")[0]
        assert target in FLOORS, f'include "{included}" must begin with a folder of cpp/'
        assert (CPP / included).is_file(), f'include "{included}": no such file'
        allowed = target == folder or FLOORS[target] < FLOORS[folder] or (folder, target) in SIBLINGS
        assert allowed, f"{folder}/ (floor {FLOORS[folder]}) includes {included} (floor {FLOORS[target]})"


@pytest.mark.parametrize("path", cpp_files(), ids=lambda path: path.relative_to(CPP).as_posix())
def test_engine_keeps_to_itself(path: Path) -> None:
    folder = path.relative_to(CPP).parts[0]
    text = code(path)
    if folder != "bind":
        assert "pybind11" not in text and "Python.h" not in text, "Python is known to bind/ alone"
    if folder != "tests":
        found = NEVER.search(text)
        assert found is None, f"C++ never prints and never exits: {found and found[0]}"
    if folder not in {"base", "tests"}:
        found = LIBM.search(text)
        assert found is None, f"take it from base/, where it gives the same bits everywhere: {found and found[0]}"


# ------------------------------------------------------------------------------------------------------------- Python

# What describes a model; all else runs one. A describing module knows describing modules and `_core.registry` only.
DESCRIBING = {
    "body.description",
    "body.ports",
    "check",
    "coupling",
    "doses",
    "dosing.holds",
    "dosing.text",
    "errors",
    "frozen",
    "model",
    "parameters",
    "processes",
    "sentences",
    "start",
    "units",
    "variability",
}
# What reads and solves is imported inside a function, so that describing without it loads none of it.
READING = {
    "body.description": {"body.importing", "body.normalise", "body.ode", "body.sbml"},  # Body.from_sbml
    "library.published.nsclc_gong_2021": {"body.ode"},  # grown to the day of diagnosis by its own equations
}
COMPILED = "_core"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PYTHON).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PYTHON.rglob("*.py"))}


def describes(name: str) -> bool:
    return name in DESCRIBING or name.split(".")[0] in {"library", "rules"}


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Resolve the module of a from-import, relative or not, to its absolute name."""
    if not node.level:
        return node.module or ""
    package = ("qsp_abm", *path.relative_to(PYTHON).parent.parts)
    base = package[: len(package) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)


def imported(path: Path) -> Iterator[str]:
    """Name what a file imports from this package, inside functions too, as `model` or `body.description`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix("qsp_abm.")
                names.append(f"qsp_abm.{inner}" if inner in MODULES or inner == COMPILED else module)
        for name in names:
            if name == "qsp_abm" or name.startswith("qsp_abm."):
                yield name.removeprefix("qsp_abm").removeprefix(".")


def test_describing_modules_exist() -> None:
    assert set(MODULES) >= DESCRIBING


@pytest.mark.parametrize("name", [name for name in MODULES if describes(name)])
def test_describing_imports_nothing_that_runs(name: str) -> None:
    running = {other for other in imported(MODULES[name]) if other != COMPILED and not describes(other)}
    running -= READING.get(name, set())
    assert not running, f"{name} describes, but imports {sorted(other or 'qsp_abm' for other in running)}"


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] not in {"cli", "__main__"}])
def test_nothing_imports_the_command_line(name: str) -> None:
    assert not [other for other in imported(MODULES[name]) if other.split(".")[0] == "cli"]


IMPORT = """
import json, sys, time
before = set(sys.modules)
start = time.process_time()  # not of the clock: other processes must not fail the test
import qsp_abm
seconds = time.process_time() - start
qsp_abm.Model  # describing loads numpy and pydantic, and nothing that runs
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""
# What numpy and pydantic themselves are made of or bring along.
LIGHT = {"annotated_types", "numpy", "pydantic", "pydantic_core", "qsp_abm", "typing_extensions", "typing_inspection"}
HEAVY = {"antimony", "h5py", "matplotlib", "pandas", "pint", "rich", "roadrunner", "scipy", "typer", "vtk", "xarray"}


def import_in_new_process() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_import_is_light() -> None:
    answers = [import_in_new_process() for _ in range(3)]
    packages = {name.split(".")[0] for name in answers[0]["modules"]}
    assert not packages & HEAVY
    third_parties = {name for name in packages - LIGHT - set(sys.stdlib_module_names) if not name.startswith("_")}
    assert not third_parties
    assert statistics.median(answer["seconds"] for answer in answers) < 0.2


# ----------------------------------------------------------------------------------------------- registry and numbers


def verbs() -> set[str]:
    """Name the verbs: each file of cpp/process/ that declares one is named after it."""
    return {path.stem for path in (CPP / "process").glob("*.hpp") if "const Declaration declaration" in code(path)}


def test_registry_names_every_verb() -> None:
    from qsp_abm import _core

    assert verbs()
    assert set(_core.registry()) >= verbs()


KINDS = {"measured-human", "measured-animal", "in-vitro", "fitted-in-model", "assumed", "unverified"}


def parameter_files() -> list[Path]:
    return sorted((PYTHON / "library").rglob("*.toml"))


def leaf_tables(table: dict[str, Any], name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk down to the tables that hold no further table: each is one parameter."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    if not inner:
        yield name, table
    for key, value in inner.items():
        yield from leaf_tables(value, f"{name}.{key}".strip("."))


def test_there_are_numbers() -> None:
    assert parameter_files()


@pytest.mark.parametrize("path", parameter_files(), ids=lambda path: path.relative_to(PYTHON).as_posix())
def test_every_number_has_unit_source_and_kind(path: Path) -> None:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    if "variability" in tables:  # one source for the whole population model
        variability = tables.pop("variability")
        assert variability["source"].strip()
        assert variability["kind"] in KINDS
    for name, parameter in leaf_tables(tables):
        if set(parameter) == {"same_as"}:
            continue  # a number of another table, which tests of the library load
        missing = {"value", "unit", "source", "kind"} - set(parameter)
        assert not missing, f"{name}: no {', '.join(sorted(missing))}"
        value = parameter["value"]  # a number in `unit` (empty: a plain number), or text with the unit of its source
        assert isinstance(value, int | float | str) and not isinstance(value, bool), (
            f"{name}: {value!r} is not a number"
        )
        assert isinstance(parameter["unit"], str), f"{name}: unit {parameter['unit']!r} is not text"
        assert str(parameter["source"]).strip(), f"{name}: empty source"
        assert parameter["kind"] in KINDS, f"{name}: kind {parameter['kind']!r} is none of {sorted(KINDS)}"


def test_the_installed_package_is_complete() -> None:
    found = find_spec("qsp_abm")
    assert found is not None and found.origin is not None
    installed = Path(found.origin).parent
    for path in (*parameter_files(), PYTHON / "py.typed"):
        assert (installed / path.relative_to(PYTHON)).is_file(), f"{path.name} is not in the wheel"

"""Builds the C++ unit tests with the engine's own checks switched on, and runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def tool(name: str) -> str:
    """Find a build tool beside this Python first, then on the path."""
    found = shutil.which(name, path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]))
    assert found, f'{name} is missing: install the test extras with pip install ".[test]"'
    return found


def run(*command: str) -> str:
    """Run a command and return what it printed; its output is the message where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-8000:]}", pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("cpp")
    run(
        tool("cmake"),
        *("-S", str(REPOSITORY), "-B", str(build), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"),
        *("-DQSP_PYTHON=OFF", "-DQSP_TESTS=ON", "-DQSP_CHECKS=ON", "-DQSP_WERROR=ON"),
    )
    run(tool("cmake"), "--build", str(build), "--parallel", "2")
    return build / "qsp_tests"


def test_there_are_cases(executable: Path) -> None:
    listed = run(str(executable), "--list-test-cases", "--no-colors")
    assert "unskipped test cases passing the current filters: 0" not in listed, listed


def test_every_case_passes(executable: Path) -> None:
    run(str(executable), "--no-colors")

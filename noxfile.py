"""Everything a developer runs: `nox` for lint and the fast tests, `nox -l` for the rest."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"

CPP_TOOLS = ("cmake>=3.24", "ninja>=1.11")


@nox.session
def tests(session: nox.Session) -> None:
    """The fast tests on the installed package; `nox -s tests -- -m slow` for the slow ones."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, lint and types, exactly as in continuous integration."""
    session.install(".[test]")
    session.run("bash", ".ci/lint", external=True)


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ unit tests alone, with the engine's own checks on and warnings as errors."""
    session.install(*CPP_TOOLS)
    settings = ("-DQSP_PYTHON=OFF", "-DQSP_TESTS=ON", "-DQSP_CHECKS=ON", "-DQSP_WERROR=ON")
    session.run("cmake", "-S", ".", "-B", "build/cpp", "-G", "Ninja", *settings)
    session.run("cmake", "--build", "build/cpp", "--parallel", "2")
    session.run("build/cpp/qsp_tests", *session.posargs, external=True)


@nox.session
@nox.parametrize("sanitizers", ["address,undefined", "thread"], ids=["memory", "threads"])
def sanitize(session: nox.Session, sanitizers: str) -> None:
    """The C++ unit tests under address and undefined-behaviour, or under thread sanitizers."""
    session.install(*CPP_TOOLS)
    session.run("bash", ".ci/sanitize", sanitizers, external=True)


@nox.session
@nox.parametrize("version", ["9.4", "9.5", "9.6", "9.7"])
def vtk(session: nox.Session, version: str) -> None:
    """Run files are read by this version of VTK."""
    session.install(".[test]")
    session.install(f"vtk=={version}.*")
    session.run("pytest", "tests/unit/test_output.py", "-k", "vtk")


@nox.session
def paraview(session: nox.Session) -> None:
    """Exports are read and drawn by a real ParaView; needs the Debian packages python3-paraview, xvfb and xauth."""
    session.install(".[test]")
    session.run("pytest", "-m", "outside", "tests/outside/test_paraview.py")


@nox.session
def browser(session: nox.Session) -> None:
    """The page of a run works in a browser without a network; needs the Debian package chromium."""
    session.install(".[test]")
    session.run("pytest", "-m", "outside", "tests/outside/test_browser.py")


@nox.session
def squidpy(session: nox.Session) -> None:
    """Exported frames open and run in squidpy."""
    session.install(".[test]", "squidpy")
    session.run("pytest", "-m", "outside", "tests/outside/test_squidpy.py")


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """An editable installation into the active environment; changed C++ is rebuilt on import."""
    session.run("pip", "install", "scikit-build-core>=0.11", "pybind11>=3.0", *CPP_TOOLS)
    settings = ("-Cbuild-dir=build/editable", "-Ceditable.rebuild=true")
    session.run("pip", "install", "--no-build-isolation", *settings, "-e", ".[test,dev]")

"""How long it takes until something can be done: the import, beside that of numpy alone, and the help of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.common import Result, median_seconds

FORBIDDEN = (
    "pint",
    "pandas",
    "xarray",
    "vtk",
    "scipy",
    "matplotlib",
    "h5py",
    "roadrunner",
    "antimony",
    "rich",
    "typer",
)


def fresh(code: str) -> str:
    """Run code in a fresh process; return what it prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def run(quick: bool = False) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Fewer repeats: for tests.
    """
    repeats = 1 if quick else 5
    result = Result("startup")
    inside = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    found = {
        name: sorted(float(fresh(inside.format(name))) for _ in range(repeats))[repeats // 2]
        for name in ("qsp_abm", "numpy")
    }
    result.add("import_seconds", found["qsp_abm"], at_most=None if quick else 0.5)
    result.add("import_seconds_numpy_alone", found["numpy"])
    result.add("import_over_numpy", found["qsp_abm"] / found["numpy"])
    command = [sys.executable, "-c", "from qsp_abm.cli import main; main()", "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, check=False)
    result.add(
        "help_seconds", median_seconds(lambda: subprocess.run(command, capture_output=True, check=False), repeats)
    )
    listed = "import json, sys; before = set(sys.modules); import qsp_abm; print(json.dumps(sorted(set(sys.modules) - before)))"
    modules = json.loads(fresh(listed))
    packages = sorted({name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names))
    result.numbers |= {"modules": len(modules), "packages": packages}
    result.check("nothing heavy is imported", not set(packages) & set(FORBIDDEN))
    result.check("the command line prints its help", helped.returncode == 0 and "run" in helped.stdout)
    return result.as_dict()

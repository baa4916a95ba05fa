"""Run the benchmarks: one line of JSON each.

    python benchmarks/run.py --json [NAME ...]

Without names all run, in a fixed order. Every benchmark checks its answer as well as its time; the exit code is 1 if an
answer is wrong. A time that misses its target is said, not an error: machines differ.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # the benchmarks are a package; this folder itself is not searched

from benchmarks.common import machine

NAMES = (
    "startup",
    "body",
    "fields",
    "agents",
    "rules",
    "section",
    "tumour_immune",
    "spqsp_window",
    "output",
    "spatial_statistics",
    "lesion",
)
KEYS = ("benchmark", "correct", "checks", "numbers", "targets", "reached", "notes", "seconds", "quick", "machine")
PAGE = ROOT / "docs" / "performance.md"
OPEN, CLOSE = "<!-- results: benchmarks/run.py --table -->", "<!-- end of results -->"


def measure(name: str, quick: bool, **options: Any) -> dict[str, Any]:
    """Run one benchmark and return its line.

    Parameters
    ----------
    name
        One of `NAMES`.
    quick
        Small sizes: to see that it works, not how fast.
    options
        Of its `run`, such as ``scale`` of the lesion.
    """
    begin = time.perf_counter()
    found = importlib.import_module(f"benchmarks.{name}").run(quick=quick, **options)
    line = found | {"seconds": round(time.perf_counter() - begin, 1), "quick": quick, "machine": machine()}
    return {key: line[key] for key in KEYS}


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown: the machine, then a row for each number."""
    where = ", ".join(f"{name} {value}" for name, value in lines[0]["machine"].items()) if lines else ""
    rows = [f"Measured on: {where}.", "", "| benchmark | number | value | target | reached |", "|---|---|---|---|---|"]
    for line in lines:
        name = f"`{line['benchmark']}`"
        for number, value in line["numbers"].items():
            target, reached = line["targets"].get(number, ""), line["reached"].get(number)
            shown = ", ".join(value) if isinstance(value, list) else value
            text = {None: "", True: "yes", False: "**no**"}[reached]
            rows.append(f"| {name} | {number.replace('_', ' ')} | {shown} | {target.replace('<', '&lt;')} | {text} |")
        wrong = [what for what, right in line["checks"].items() if not right]
        text = f"**wrong: {'; '.join(wrong)}**" if wrong else "right: " + "; ".join(line["checks"])
        rows.append(f"| {name} | answer | {text} | | {'**no**' if wrong else 'yes'} |")
    return "\n".join(rows)


def rewrite(page: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Put the table between the two marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(OPEN, 1)
    after = rest.split(CLOSE, 1)[1]
    page.write_text(f"{before}{OPEN}\n{table(lines)}\n{CLOSE}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--json", action="store_true", help="print one line of JSON per benchmark (the default)")
    parser.add_argument("--quick", action="store_true", help="small sizes, seconds each: for tests")
    parser.add_argument("--table", action="store_true", help="write the results into docs/performance.md")
    parser.add_argument("--scale", type=float, help="of the lesion: its diameter relative to 10 mm")
    parser.add_argument("--whole", action="store_true", help="of the lesion: run every step of the day")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in NAMES:
            parser.error(f"unknown benchmark '{name}'; allowed: {', '.join(NAMES)}")
    options = {"lesion": {"scale": given.scale, "whole": given.whole}}
    lines = []
    for name in [name for name in NAMES if name in (given.names or NAMES)]:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            line = measure(name, given.quick, **options.get(name, {}))
        except Exception as error:  # noqa: BLE001 - one broken benchmark must not hide the others
            line = {"benchmark": name, "correct": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(line), flush=True)
        lines.append(line)
        missed = [number for number, reached in line.get("reached", {}).items() if not reached]
        wrong = [what for what, right in line.get("checks", {}).items() if not right]
        for what in (*(f"target missed: {each}" for each in missed), *(f"WRONG: {each}" for each in wrong)):
            print(f"  {what}", file=sys.stderr)
        if "error" in line:
            print(f"  FAILED: {line['error']}", file=sys.stderr)
    if given.table:
        rewrite(PAGE, [line for line in lines if "error" not in line])
    return 0 if all(line["correct"] for line in lines) else 1


if __name__ == "__main__":
    raise SystemExit(main())

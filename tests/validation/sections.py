"""Runs of real sections to their last day, side by side, for tests that compare many of them."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import qsp_abm as qa
from qsp_abm.library import models
from qsp_abm.library.cells.cd8 import cd8_mixture

EXAMPLES = Path(__file__).parents[2] / "examples"
DAYS = 60
_NOT_COUNTED = {"cli", "output"}  # parts of the package that a result does not depend on


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One run of a section: patient, reactive fraction of its CD8 cells (None: without CD8 cells), dose, seed, vessel draw.

    The dose is given every 3 weeks, mg/kg.
    """

    patient: int
    reactive: float | None = 0.1
    dose: float = 0.0
    seed: int = 1
    draw: int | None = None

    @property
    def name(self) -> str:
        """Name of its file of results."""
        return f"patient{self.patient}-{self.reactive}-{self.dose:g}-{self.seed}-{self.draw}"


@dataclass(frozen=True, slots=True)
class Result:
    """Living tumour cells at the start and the end, CD8 cells at the start, hypoxic part of the tumour at the start."""

    start: int
    end: int
    cd8: int
    hypoxic: float


def build(case: Case) -> qa.Simulation:
    """Return the section of a case at its start, on one thread."""
    document = tomllib.loads((EXAMPLES / "patient_section.toml").read_text(encoding="utf-8"))
    table = document["start"][0]
    del table["kind"]
    table["path"] = str(EXAMPLES / "data" / f"patient{case.patient}.csv")
    table["types"]["CD8T"] = "skip" if case.reactive is None else cd8_mixture(reactive=case.reactive)
    table["types"].setdefault("*", "other_immune")
    doses = (qa.Dose("pembrolizumab", f"{case.dose:g} mg/kg", every="3 week"),) if case.dose else ()
    model = models.solid_tumour_2d(lattice=qa.Lattice(**document["model"]["lattice"]))
    return qa.Simulation(model, qa.FromTable(**table), doses, seed=case.seed, vessel_draw=case.draw, threads=1)


def run(case: Case) -> Result:
    """Run one case."""
    simulation = build(case)
    before, hypoxic = simulation.counts(), simulation.readouts()["hypoxic_fraction"]
    simulation.run(f"{DAYS} day")
    simulation.check()
    cd8 = sum(count for name, count in before.items() if name.startswith("cd8"))
    return Result(before["tumour"], simulation.counts()["tumour"], cd8, hypoxic)


def run_all(cases: Iterable[Case], folder: Path, workers: int = 0) -> dict[Case, Result]:
    """Run all cases, one process for each core unless said otherwise.

    What has ended is kept in `folder` under a hash of the package, so that an interrupted sweep goes on.
    """
    kept = folder / _package()
    kept.mkdir(parents=True, exist_ok=True)
    found, todo = {}, []
    for case in dict.fromkeys(cases):
        path = kept / f"{case.name}.json"
        if path.exists():
            found[case] = Result(**json.loads(path.read_text(encoding="utf-8")))
        else:
            todo.append(case)
    if not todo:
        return found
    with ProcessPoolExecutor(workers or len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        running = {pool.submit(run, case): case for case in todo}
        for each in as_completed(running):
            case = running[each]
            found[case] = each.result()
            draft = kept / f"{case.name}.part"
            draft.write_text(json.dumps(asdict(found[case])), encoding="utf-8")
            draft.replace(kept / f"{case.name}.json")
    return found


@cache
def _package() -> str:
    """Return a hash of all that a result depends on."""
    root = Path(qa.__file__).parent
    found = hashlib.sha256((EXAMPLES / "patient_section.toml").read_bytes())
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and parts[0] not in _NOT_COUNTED and "__pycache__" not in parts:
            found.update(path.read_bytes())
    return found.hexdigest()[:16]

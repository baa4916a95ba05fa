"""The runs of one folder: checked before they begin, carried out, listed, summed up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from qsp_abm.errors import ModelError
from qsp_abm.execution import Outcome, Task, Watcher, execute, usual_workers
from qsp_abm.experiment import Experiment, Job, located
from qsp_abm.output.layout import EXPERIMENT, INDEX

from .progress import watcher

__all__ = ["begin", "carry_out", "check_folder", "check_jobs", "tasks", "unfinished"]

_PLANNED = "planned"
SUMMARY = "summary.png"


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that cannot be written, or that holds results already; nothing is changed."""
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; the output must be a folder")
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ModelError(f"{folder}: cannot be written ('{there}' is not a folder with the right to write)")
    found = sorted(_results(folder))
    if found and not force:
        raise ModelError(
            f"{folder}: holds results already ({found[0].name}); use --force to overwrite, or another folder"
        )


def check_jobs(jobs: Sequence[Job]) -> list[str]:
    """Build and place everything that will run, and return what the first start reports.

    Raises
    ------
    ModelError
        Whatever would stop any of the runs from beginning.
    """
    from qsp_abm.doses import courses
    from qsp_abm.simulation import Simulation

    report: list[str] = []
    placed: set[str] = set()
    for experiment, arms, seeds in _points(jobs):
        model, start = experiment.build_model(), experiment.build_start()
        experiment.check_times(model.dt)
        for arm in arms:
            doses = experiment.build_doses(arm)
            with located(f"{experiment.file}: arms.{arm}"):
                courses(doses, model.drugs)
        for seed in seeds:  # vessels, and so what is hypoxic, depend on the seed; doses do not decide where cells fit
            key = f"{model.digest} {start!r} {experiment.vessel_draw} {seed}"
            if key not in placed:
                placed.add(key)
                with located(experiment.file):
                    simulation = Simulation(
                        model, start=start, doses=doses, seed=seed, vessel_draw=experiment.vessel_draw
                    )
                report = report or list(simulation.report.lines())
    return report


def begin(folder: Path, experiment: Experiment, jobs: Sequence[Job], arms: Sequence[str] | None) -> None:
    """Make the folder, clear what it will replace, and note what is to be done, for `resume`."""
    note = {
        "experiment": experiment.document(),
        "folder": os.path.relpath(experiment.folder.resolve(), folder.resolve()),
        "arms": arms,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (folder / INDEX, folder / SUMMARY, *(path for job in jobs for path in _files(folder, job))):
            old.unlink(missing_ok=True)
        (folder / EXPERIMENT).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None


def tasks(folder: Path, jobs: Sequence[Job], threads: int | None) -> list[Task]:
    """Return the runs of a folder as tasks; without a number of threads, runs side by side have one each."""
    made = []
    if threads is None and len(jobs) > 1:
        threads = 1
    built: dict[int, tuple[Any, Any]] = {}
    for job in jobs:
        experiment = job.experiment
        if job.point not in built:
            built[job.point] = experiment.build_model(), experiment.build_start()
        model, start = built[job.point]
        made.append(
            Task(
                path=folder / job.file,
                model=model,
                start=start,
                doses=experiment.build_doses(job.arm),
                duration=experiment.duration,
                every=experiment.record.every,
                checkpoint=experiment.record.checkpoint,
                statistics=experiment.record.statistics,
                seed=job.seed,
                threads=threads,
                vessel_draw=experiment.vessel_draw,
                provenance={
                    "title": experiment.title,
                    "arm": job.arm,
                    "replicate": job.replicate,
                    "values": json.dumps(job.values),
                },
                force=True,  # what was there has been cleared, or was left by a run without a state to resume from
            )
        )
    return made


def unfinished(folder: Path, threads: int | None) -> tuple[list[Job], list[Task]]:
    """Return all jobs of a folder, and the tasks of those that are not complete."""
    from qsp_abm.output import open_run

    path = folder / EXPERIMENT
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        document, origin, arms = note["experiment"], folder / note["folder"], note["arms"]
    except FileNotFoundError:
        raise ModelError(f"{folder}: holds no '{EXPERIMENT}', so it was not made by `qsp-abm run`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: is broken ({type(error).__name__}: {error})") from None
    jobs = Experiment.from_document(document, origin, str(path)).plan(arms)
    fresh, again = [], []
    for job in jobs:
        file = folder / job.file
        try:
            run = open_run(file) if file.exists() else None
            status, state = (run.status, run.checkpoint()) if run is not None else ("", None)
        except ModelError:  # killed while the file was being made
            status, state = "", None
        if status == "complete":
            continue
        if state is None:
            fresh.append(job)
        else:
            again.append(Task(file, resume=True, threads=threads))
    return jobs, [*again, *(tasks(folder, fresh, threads) if fresh else [])]


def carry_out(folder: Path, jobs: Sequence[Job], todo: Sequence[Task], threads: int | None, workers: int | None) -> int:
    """Run the tasks, keep the index, print the summary; return the exit code."""
    by_file = {folder / job.file: job for job in jobs}
    states = {job.stem: "complete" for job in jobs}
    states |= {by_file[task.path].stem: "running" if task.resume else _PLANNED for task in todo}

    def ended(number: int, outcome: Outcome) -> None:
        job = by_file[todo[number].path]
        states[job.stem] = outcome.status
        _write_index(folder, jobs, states)

    def began(number: int) -> None:  # so that the folder can be read although it is killed before the first run ends
        states[by_file[todo[number].path].stem] = "running"
        _write_index(folder, jobs, states)

    with watcher([by_file[task.path].stem for task in todo], ended) as watching:
        outcomes = execute(todo, workers or usual_workers(threads or 1, len(todo)), _FirstSteps(watching, began))
    for task, outcome in zip(todo, outcomes, strict=True):
        states[by_file[task.path].stem] = outcome.status
        if outcome.status == "failed":
            typer.echo(f"{task.path.name} failed: {outcome.message}", err=True)
    rows = _write_index(folder, jobs, states)
    if "interrupted" in states.values():
        typer.echo(f"interrupted; files are readable; go on with: qsp-abm resume {folder}", err=True)
        return 130
    _sum_up(folder, rows)
    return 1 if "failed" in states.values() else 0


class _FirstSteps:
    """Passes on how the runs go, and tells when one of them has done its first steps: its file is there then."""

    def __init__(self, watching: Watcher, began: Callable[[int], None]) -> None:
        self._watching, self._began = watching, began
        self._seen: set[int] = set()

    def advanced(self, number: int, step: int, steps: int) -> None:
        if number not in self._seen:
            self._seen.add(number)
            self._began(number)
        self._watching.advanced(number, step, steps)

    def ended(self, number: int, outcome: Outcome) -> None:
        self._watching.ended(number, outcome)


def _sum_up(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from qsp_abm import effects

    complete = [row for row in rows if row["status"] == "complete"]
    if complete:
        from qsp_abm.output import open_folder
        from qsp_abm.output.plot import plot_runs

        for line in effects.lines(folder, rows):
            typer.echo(line)
        runs = open_folder(folder)
        whole = {row["file"] for row in complete}
        runs.entries = [each for each in runs.entries if each.file in whole]
        plot_runs(runs, folder / SUMMARY, note=effects.CAVEAT)
    made = f": {len(complete)} of {len(rows)} runs (.vtkhdf), {INDEX}" + (f", {SUMMARY}" if complete else "")
    typer.echo(f"results in {folder}{made}")


def _write_index(folder: Path, jobs: Sequence[Job], states: Mapping[str, str]) -> list[dict[str, Any]]:
    """List the runs whose file is there and has a frame; the list itself is there whole or not at all."""
    rows = [
        {
            "arm": job.arm,
            "values": job.values,
            "seed": job.seed,
            "replicate": job.replicate,
            "file": job.file,
            "status": states[job.stem],
        }
        for job in jobs
        if states[job.stem] != _PLANNED and (folder / job.file).exists()
    ]
    draft = folder / f"{INDEX}.part"
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / INDEX)
    return rows


def _points(jobs: Sequence[Job]) -> list[tuple[Experiment, list[str], list[int]]]:
    """Return each point of the sweep with its arms and seeds."""
    found: dict[int, tuple[Experiment, dict[str, None], dict[int, None]]] = {}
    for job in jobs:
        _, arms, seeds = found.setdefault(job.point, (job.experiment, {}, {}))
        arms[job.arm] = seeds[job.seed] = None
    return [(experiment, list(arms), list(seeds)) for experiment, arms, seeds in found.values()]


def _files(folder: Path, job: Job) -> list[Path]:
    return [folder / f"{job.stem}{middle}.vtkhdf" for middle in ("", ".cells", ".fields")]


def _results(folder: Path) -> list[Path]:
    return [*folder.glob("*.vtkhdf"), *(path for path in (folder / INDEX, folder / SUMMARY) if path.exists())]

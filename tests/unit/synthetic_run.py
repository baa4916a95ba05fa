"""Runs made of formulas, without the engine: what the writer is given and what the readers must return."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from qsp_abm.output.folder import Entry, write_index
from qsp_abm.output.layout import STANDARD_COLUMNS, Column, Frame, ParameterRow, RunDescription, TypeEntry
from qsp_abm.output.writer import Writer

TYPES = (
    TypeEntry("tumour", "tumour"),
    TypeEntry("tumour_dead", "tumour", dead=True),
    TypeEntry("cd8_bystander", "cd8"),
    TypeEntry("cd8_effector", "cd8"),
    TypeEntry("cd8_progenitor_exhausted", "cd8"),
    TypeEntry("cd8_terminally_exhausted", "cd8"),
    TypeEntry("treg", "treg"),
    TypeEntry("macrophage", "macrophage"),
    TypeEntry("stroma", "stroma"),
)
BODY = (
    Column("pembrolizumab", "nM", "f8", "serum concentration", "concentration"),
    Column("pd1_occupancy", "1", "f8", "occupied fraction of PD-1 in the tumour", "occupancy"),
)
LEDGER = (Column("recruited", "cell", "f8"), Column("left", "cell", "f8"))
COLUMNS = (*STANDARD_COLUMNS, Column("pdl1", "molecule", "f4"))
FIELDS = (Column("oxygen", "mmHg"), Column("ifng", "nM"))


def description(shape: tuple[int, int, int] = (20, 16, 1), spacing: float = 8.0, **others: object) -> RunDescription:
    """Return the description of a synthetic run."""
    settings: dict[str, object] = {
        "thickness": 15.0 if shape[2] == 1 else None,
        "columns": COLUMNS,
        "fields": FIELDS,
        "body": BODY,
        "ledger": LEDGER,
        "vessels": np.array([[4, 4, 7.5], [12, 20, 7.5]], "f4"),
        "events": ("born", "died"),
        "causes": ("start", "division", "killed"),
        "config": json.dumps({"seed": 1, "drugs": [{"name": "pembrolizumab"}]}),
        "parameters": (ParameterRow("tumour.divide.rate", 0.5, "1/day", "10.1000/example", "assumed"),),
        "provenance": {"version": "0.1", "threads_asked": 2, "threads_used": 2, "arm": "untreated"},
        "seed": 1,
        "title": "synthetic",
    }
    return RunDescription(shape, spacing, TYPES, **{**settings, **others})  # type: ignore[arg-type]


def frame(about: RunDescription, index: int, count: int, time: float | None = None) -> Frame:
    """Return frame `index` with `count` agents; every number follows from the index alone."""
    random = np.random.default_rng([7, index])
    nx, ny, nz = about.shape
    cells = np.sort(random.integers(nx * ny * nz, size=count))
    x, y, z = cells % nx, cells // nx % ny, cells // (nx * ny)
    kinds = (
        random.choice(len(TYPES), size=count, p=(0.4, 0.05, 0.2, 0.05, 0.05, 0.05, 0.05, 0.1, 0.05)).astype("u1") + 1
    )
    group = {name: code for code, name in enumerate(about.groups, 1)}
    groups = np.array([0, *(group[each.group] for each in about.cell_types)], "u1")
    zz, yy, xx = np.meshgrid(*(np.linspace(0, 3, size) for size in (nz, ny, nx)), indexing="ij")
    return Frame(
        step=index * 10,
        time=0.5 * index if time is None else time,
        points=(np.stack([x, y, z], 1) + 0.5).astype("f4") * np.array(about.steps, "f4"),
        columns={
            "id": np.arange(1, count + 1, dtype="u4"),
            "parent": (np.arange(count) // 2).astype("u4"),
            "cell_type": kinds,
            "group": groups[kinds],
            "born": np.full(count, -1.0, "f4"),
            "hits": (kinds % 3).astype("u1"),
            "pdl1": random.lognormal(9, 1, count).astype("f4"),
        },
        fields={
            "oxygen": (40 + 10 * np.sin(xx + 0.1 * index) * np.cos(yy) * np.cos(zz)).astype("f4"),
            "ifng": (np.exp(-((xx - 1.5) ** 2) - (yy - 1.5) ** 2) * (1 + index)).astype("f4"),
        },
        counts=np.bincount(kinds, minlength=len(TYPES) + 1)[1:],
        ledger=np.array([index, 2 * index], "f8"),
        events={"born": index, "died": 1},
        digests=dict.fromkeys(("tissue", "drug_fields", "body", "all"), f"{index:016x}"),
    )


def write(path: Path, about: RunDescription, counts: list[int], **others: bool) -> Writer:
    """Write frames of the given numbers of agents, with two body samples each, and return the open writer."""
    writer = Writer(path, about, **others)
    for index, count in enumerate(counts):
        go_on(writer, about, index, count)
    return writer


def go_on(writer: Writer, about: RunDescription, index: int, count: int) -> None:
    """Write frame `index` and what belongs to it."""
    times = np.array([0.5 * index - 0.25, 0.5 * index])
    writer.body(times, np.stack([times + 1, times + 2], 1))
    writer.lineage([(0.5 * index, index + 1, index, 1)])
    writer.frame(frame(about, index, count))
    writer.checkpoint({"state": np.arange(index + 10), "body": bytes([index % 256])})


def patient_folder(folder: Path, replicates: int = 3, days: float = 60.0, every: float = 0.5) -> Path:
    """Write a folder of two arms that looks like a section under anti-PD-1: for the pictures alone."""
    entries = []
    for arm in ("untreated", "pembrolizumab"):
        for replicate in range(1, replicates + 1):
            name = f"{arm}-{replicate}.vtkhdf"
            about = description(
                (110, 110, 1), provenance={"arm": arm, "version": "0.1"}, seed=replicate, expected_cells=8000
            )
            with Writer(folder / name, about, force=True) as writer:
                _patient(writer, about, arm == "pembrolizumab", replicate, np.arange(0, days + every / 2, every))
            entries.append(Entry(arm, replicate, name, replicate))
    write_index(folder, entries)
    return folder


def _patient(writer: Writer, about: RunDescription, treated: bool, seed: int, times: np.ndarray) -> None:
    random, tissue = np.random.default_rng(seed), np.random.default_rng(14)
    nx, ny, _ = about.shape
    y, x = np.divmod(np.arange(nx * ny), nx)
    smooth = sum(
        np.sin((k + 1) * (x * a + y * b) / 22 + c) / (k + 1)
        for k, (a, b, c) in enumerate(tissue.uniform(-1, 1, (6, 3)) * (1, 1, 6))
    )
    nest = smooth - 0.018 * np.hypot(x - nx / 2, y - ny / 2) + 0.75
    rank, kind_draw = tissue.random(nx * ny), tissue.random(nx * ny)
    drift = np.cumsum(random.normal(0, 0.01, len(times)))
    inside = np.hypot(x - nx / 2, y - ny / 2) < 52
    for index, time in enumerate(times):
        kill = random.normal(0.32, 0.05) * (1 - np.exp(-max(time - 4, 0) / 18)) if treated else 0.0
        growth = 0.3 * time / 60 * (0.35 if treated else 1.0) + drift[index]
        tumour = inside & (nest + growth > 0) & (rank < 0.85 - kill)
        immune = inside & ~tumour & (rank < 0.45 + 0.4 * (nest + growth > 0) * (rank > 0.2))
        shares = np.cumsum([0.42, 0.05 + 0.1 * kill, 0.05 - 0.06 * kill, 0.05, 0.08, 0.25, 0.1 - 0.04 * kill])
        kinds = np.zeros(nx * ny, "u1")
        kinds[immune] = 3 + np.minimum(6, np.searchsorted(shares / shares[-1], kind_draw[immune]))
        kinds[tumour] = np.where(kind_draw[tumour] < 0.03 + 0.1 * kill, 2, 1)
        keep = np.flatnonzero(kinds)
        kinds = kinds[keep]
        base = frame(about, index, len(keep), time)
        base.points = np.stack([x[keep], y[keep], 0 * keep], 1).astype("f4") * 8 + 4
        base.columns["cell_type"] = kinds
        base.counts = np.bincount(kinds, minlength=len(TYPES) + 1)[1:]
        samples = np.arange(time - 0.5, time, 0.1) + 0.1 if index else np.zeros(1)
        drug = (
            480
            * sum(np.exp(-np.maximum(samples - 21 * dose, 0) / 14) * (samples >= 21 * dose) for dose in range(3))
            * treated
        )
        writer.body(samples, np.stack([drug, drug / (drug + 6)], 1))
        writer.frame(base)

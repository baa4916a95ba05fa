"""A frame of 1e6 cells with eight attributes and five fields of 100^3 voxels, recorded and read back.

The time of a frame is that of a recorded run less that of the same run without a record, over its frames; stored states for
a restart are part of it. The limit is the plain writing of the same bytes, measured in the same run.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import Result, check_bits, per_mm3, timed

import qsp_abm as qa

FIELDS = 5
BYTES_OF_A_CELL = 4 + 4 + 1 + 1 + 4 + 1 + 4 + 4 + 12  # eight attributes and a position


def world(agents: int, side: int) -> tuple[qa.Model, list[qa.Scatter]]:
    """Return small cells at random that only stand and die, and fields that come in from the faces."""
    cell = qa.CellType(name="cell", volume=175.0, occupies="small", processes=(qa.Die(rate=0.1),))
    trait = qa.Trait(name="ligand", start=qa.LogNormal(median=1e4, sigma=1.0))
    made = qa.Model(
        lattice=qa.Lattice(shape=(side, side, side), spacing=20.0),
        cells=(qa.Group(name="cell", types=(cell,), traits=(trait,)),),
        fields=tuple(
            qa.Field(
                name=f"field{number}",
                unit="nM",
                diffusion="6e4 um^2/min",
                decay="0.1/min",
                initial=1.0 + number,
                boundary=3.0 + number,
            )
            for number in range(FIELDS)
        ),
    )
    return made, [qa.Scatter("cell", per_mm3(agents, made.lattice))]


def plain_seconds(size: int, path: Path) -> float:
    """Return the seconds that it takes to write so many bytes to a file."""
    block = np.random.default_rng(1).integers(0, 256, size, dtype="u1")
    with timed() as elapsed, path.open("wb") as file:
        block.tofile(file)
        file.flush()
        os.fsync(file.fileno())
    return elapsed.wall


def run(quick: bool = False, agents: int | None = None, side: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick
        Small: for tests.
    agents
        Cells.
    side
        Voxels along each side.
    """
    agents, side = agents or (10_000 if quick else 1_000_000), side or (24 if quick else 100)
    steps = 2
    result = Result("output")
    check_bits(result, *world(2_000, 20))
    recorded, bare = (qa.Simulation(*world(agents, side), seed=1, threads=2) for _ in range(2))
    duration = steps * recorded.model.dt
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.vtkhdf"
        with timed() as with_record:
            recorded.run(duration, record=path, every=recorded.model.dt, checkpoint=duration)
        with timed() as without:
            bare.run(duration)
        frames = steps + 1
        size = sum(each.stat().st_size for each in Path(folder).iterdir())
        raw = frames * (BYTES_OF_A_CELL * agents + 4 * FIELDS * side**3)
        with timed() as reading:
            run = qa.open_run(path)
            table = run.cells(frame=-1)
            read = {name: run.field(name, frame=-1).values for name in run.field_names}
        plain = plain_seconds(raw, Path(folder) / "plain")
    now = recorded.cells()
    shared = [name for name in now.columns if name in table.columns]
    equal = all(np.array_equal(now[name].to_numpy(), table[name].to_numpy()) for name in shared)
    kept = 2.0 ** -int(run.schema["field_bits"])  # fields are rounded to so many bits
    same = all(np.allclose(read[name], recorded.field(name), rtol=kept, atol=0) for name in read)
    result.numbers |= {
        "agents": len(now),
        "attributes": len(recorded.cell_columns()) - 3,
        "voxels": side**3,
        "fields": FIELDS,
    }
    result.add("seconds_per_frame", max(with_record.wall - without.wall, 0.0) / frames)
    result.add("mb_per_frame", size / frames / 1e6)
    result.add("raw_mb_per_frame", raw / frames / 1e6)
    result.add("seconds_to_read_a_frame", reading.wall)
    result.add("limit_seconds_per_frame", plain / frames)
    result.add("over_limit", max(with_record.wall - without.wall, 0.0) / max(plain, 1e-9))
    result.check("cells read back equal", len(shared) >= 8 and len(now) == len(table) and equal)
    result.check("fields read back equal but for the bits that the file drops", len(read) == FIELDS and same)
    result.check("recording changes no bit", recorded.digest() == bare.digest())
    result.notes.append(
        f"{frames} frames with two stored states for a restart; limit: the raw bytes of the frames, written plainly"
    )
    return result.as_dict()

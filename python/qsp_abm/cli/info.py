"""`qsp-abm info`: what a run is, and the digest of its final state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["info"]


def info(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run file, or folder of runs.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    digest: Annotated[
        bool, typer.Option("--digest", help="Hashes of the final state; of a folder: of all runs.")
    ] = False,
) -> None:
    """Tell what a run holds: arm, seed, days, cells."""
    from qsp_abm.errors import ModelError
    from qsp_abm.output import open_folder, open_run

    if as_json and digest:
        raise ModelError("info: --json and --digest; give one of them (--json holds the digests too)")
    opened = open_folder(run) if run.is_dir() else open_run(run)
    if digest:
        hashes = opened.digest()
        for name in ("tissue", "drug_fields", "body", "all"):
            typer.echo(f"{name} {hashes[name]}")
        return
    known = opened.info()
    if as_json:
        typer.echo(json.dumps(known, indent=1))
        return
    typer.echo(str(run))
    if "runs" in known:
        for each in known["runs"]:
            values = "".join(f" {name}={value}" for name, value in each["values"].items())
            typer.echo(
                f"  {each['file']}: {each['arm']}{values}, replicate {each['replicate']}, seed {each['seed']}, "
                f"{each['status']}, {each['days']:g} day"
            )
        typer.echo(f"  digest {known['digests']['all']}")
        return
    for line in _lines(known):
        typer.echo(f"  {line}")


def _lines(known: dict[str, Any]) -> Iterator[str]:
    yield f"arm {known['arm']}, seed {known['seed']}, {known['status']}, version {known['version']}"
    yield f"{known['days']:g} day in {known['steps']} steps, {known['frames']} frames, {known['threads']['used']} threads"
    shape, voxel = (" x ".join(f"{each:g}" for each in known[name]) for name in ("shape", "voxel_um"))
    yield f"lattice {shape} voxels of {voxel} um; fields: {', '.join(known['fields']) or 'none'}"
    counts = known["counts"]
    if counts:
        width = max(len(name) for name in known["cell_types"])
        yield f"{'cells':{width}}  {'start':>8}  {'end':>8}"
        for name in known["cell_types"]:
            yield f"{name:{width}}  {counts['start'][name]:>8}  {counts['end'][name]:>8}"
        yield f"digest {known['digests']['all']}"

"""The tree of an empty run file: VTKHDF blocks first, our own groups beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from qsp_abm.output.checkpoint import create_slots
from qsp_abm.output.growing import FILTERS, grow
from qsp_abm.output.layout import BLOCKS, DIGESTS, SCHEMA, Array, Column, RunDescription, companion

__all__ = ["create_companions", "create_tree"]

TOPOLOGY = ("Vertices", "Lines", "Polygons", "Strips")
_CHUNK_ROWS = (1024, 65536)  # smallest and largest chunk of agents
_BODY_ROWS = 4096  # rows per chunk of the body samples and of the lineage
_SLAB_BYTES = 2**20  # bytes of a field that share a chunk


def create_tree(file: Any, description: RunDescription) -> None:
    """Write everything that is known before the first frame."""
    file.attrs["qsp_abm_schema"] = SCHEMA
    file.attrs["Conventions"] = f"qsp_abm-{SCHEMA} VTKHDF-2.2"
    file.attrs["title"] = description.title
    root = file.create_group("VTKHDF", track_order=True)
    root.attrs["Version"] = np.array([2, 2], "i8")
    root.attrs.create("Type", np.bytes_("MultiBlockDataSet"))
    _create_cells(root, description)
    _create_fields(root, description)
    if description.vessels is not None:
        _create_vessels(root, np.asarray(description.vessels, "f4"))
    assembly = root.create_group("Assembly", track_order=True)
    for name in BLOCKS:
        if name in root:
            assembly[name] = h5py.SoftLink(f"/VTKHDF/{name}")
    _create_view(file, description)
    _create_tables(file, description)
    _create_texts(file, description)
    create_slots(file)


def create_companions(path: Path) -> None:
    """Write the two small files through which every reader sees one block, by an external link."""
    for block in ("cells", "fields"):
        with h5py.File(companion(path, block), "w", libver="earliest", locking=False) as thin:
            thin["VTKHDF"] = h5py.ExternalLink(path.name, f"/VTKHDF/{block}")


def _block(root: Any, name: str, kind: str) -> Any:
    group = root.create_group(name, track_order=True)
    group.attrs["Version"] = np.array([2, 2], "i8")
    group.attrs.create("Type", np.bytes_(kind))
    group.attrs["Index"] = np.int32(BLOCKS.index(name))
    steps = group.create_group("Steps")
    steps.attrs["NSteps"] = np.int64(0)  # the commit record
    grow(steps, "Values", "f8")
    steps["Values"].attrs["unit"] = "day"
    return group


def _moving_steps(group: Any) -> None:
    for name, tail in (
        ("PartOffsets", ()),
        ("NumberOfParts", ()),
        ("PointOffsets", ()),
        ("CellOffsets", (4,)),
        ("ConnectivityIdOffsets", (4,)),
    ):
        grow(group["Steps"], name, "i8", tail=tail)


def _create_cells(root: Any, description: RunDescription) -> None:
    smallest, largest = _CHUNK_ROWS
    chunk = min(largest, max(smallest, 1 << max(0, description.expected_cells - 1).bit_length()))
    cells = _block(root, "cells", "PolyData")
    grow(cells, "Points", "f4", chunk, (3,), packed=True)
    cells["Points"].attrs["units"] = "um"
    grow(cells, "NumberOfPoints", "i8")
    for name in TOPOLOGY:
        group = cells.create_group(name)
        if name == "Vertices":  # one vertex per agent, numbered once for all frames
            grow(group, "Connectivity", "i8", chunk, packed=True)
            grow(group, "Offsets", "i8", chunk, packed=True)
        else:
            group.create_dataset("Connectivity", (0,), "i8")
            group.create_dataset("Offsets", data=np.zeros(1, "i8"))
        grow(group, "NumberOfCells", "i8")
        grow(group, "NumberOfConnectivityIds", "i8")
    data = cells.create_group("PointData")
    labels = {"cell_type": [each.name for each in description.cell_types], "group": list(description.groups)}
    for column in description.columns:
        grow(data, column.name, column.dtype, chunk, packed=True)
        _annotate(data[column.name], column)
        if column.name in labels:
            data[column.name].attrs["labels"] = json.dumps(dict(enumerate(labels[column.name], 1)))
    _moving_steps(cells)


def _create_fields(root: Any, description: RunDescription) -> None:
    nx, ny, nz = description.shape
    image = _block(root, "fields", "ImageData")
    image.attrs["WholeExtent"] = np.array([0, nx, 0, ny, 0, nz], "i8")
    image.attrs["Origin"] = np.zeros(3)
    image.attrs["Spacing"] = np.array(description.steps)
    image.attrs["Direction"] = np.eye(3).ravel()
    data = image.create_group("CellData")
    slab = max(1, min(nz, _SLAB_BYTES // (4 * nx * ny)))
    for column in description.fields:
        data.create_dataset(
            column.name, (0, nz, ny, nx), "f4", maxshape=(None, nz, ny, nx), chunks=(1, slab, ny, nx), **FILTERS
        )
        _annotate(data[column.name], column)
        data[column.name].attrs["mantissa_bits"] = np.int32(description.field_bits)


def _create_vessels(root: Any, centres: Array) -> None:
    if centres.ndim != 2 or centres.shape[1] != 3:
        raise ValueError(f"vessels: shape {centres.shape}; allowed: (V, 3)")
    count = len(centres)
    group = _block(root, "vessels", "PolyData")
    group["Points"] = centres
    group["NumberOfPoints"] = np.array([count], "i8")
    for name in TOPOLOGY:
        size = count if name == "Vertices" else 0
        part = group.create_group(name)
        part["Connectivity"] = np.arange(size, dtype="i8")
        part["Offsets"] = np.arange(size + 1, dtype="i8")
        part["NumberOfCells"] = np.array([size], "i8")
        part["NumberOfConnectivityIds"] = np.array([size], "i8")
    group.create_group("PointData")
    _moving_steps(group)


def _create_view(file: Any, description: RunDescription) -> None:
    """Give the fields a second face with coordinates, for xarray; the data are hard links."""
    view = file.create_group("fields", track_order=True)
    grow(view, "time", "f8")
    view["time"].make_scale("time")
    view["time"].attrs["unit"] = "day"  # "units" would be decoded as a calendar
    for name, size, step in zip("zyx", reversed(description.shape), reversed(description.steps), strict=True):
        view.create_dataset(name, data=step * (np.arange(size) + 0.5)).make_scale(name)
        view[name].attrs["units"] = "um"
    for column in description.fields:
        dataset = view[column.name] = file["VTKHDF/fields/CellData"][column.name]
        for axis, scale in enumerate(("time", "z", "y", "x")):
            dataset.dims[axis].attach_scale(view[scale])


def _create_tables(file: Any, description: RunDescription) -> None:
    body = file.create_group("body", track_order=True)
    ledger = file.create_group("ledger", track_order=True)
    for group, columns, rows in ((body, description.body, _BODY_ROWS), (ledger, description.ledger, 512)):
        for column in (Column("time", "day", "f8"), *columns):
            grow(group, column.name, column.dtype, rows)
            _annotate(group[column.name], column)
    lineage = file.create_group("lineage", track_order=True)
    for name, dtype in (("time", "f8"), ("child", "u4"), ("parent", "u4"), ("cause", "u1")):
        grow(lineage, name, dtype, _BODY_ROWS)
    lineage["time"].attrs["units"] = "day"
    lineage["cause"].attrs["labels"] = json.dumps(dict(enumerate(description.causes)))
    interventions = file.create_group("interventions", track_order=True)
    grow(interventions, "time", "f8", 64)  # texts are kept as bytes: rows that are only ever appended
    grow(interventions, "end", "i8", 64)
    grow(interventions, "text", "u1", _BODY_ROWS)
    summary = file.create_group("summary", track_order=True)
    grow(summary, "time", "f8")
    summary["time"].attrs["units"] = "day"
    grow(summary, "step", "i8")
    grow(summary, "counts", "i8", tail=(len(description.cell_types),))
    summary["counts"].attrs["labels"] = json.dumps([each.name for each in description.cell_types])
    grow(summary, "rows", "i8", tail=(3,))  # committed length of body, lineage, interventions
    for name in DIGESTS:
        grow(summary, f"digest_{name}", "S64", 64)
    events = summary.create_group("events", track_order=True)
    for name in description.events:
        grow(events, name, "i8")
    statistics = summary.create_group("statistics", track_order=True)
    for each in description.statistics:
        grow(statistics, each.name, "f8", tail=(len(each.values),))
        statistics[each.name].attrs["labels"] = json.dumps(each.values)


def _create_texts(file: Any, description: RunDescription) -> None:
    text = h5py.string_dtype()
    config = file.create_group("config")
    config.create_dataset("json", data=description.config, dtype=text)
    table = config.create_group("parameters", track_order=True)
    rows = description.parameters
    table["name"] = np.array([each.name for each in rows], dtype=text)
    table["value"] = np.array([each.value for each in rows], "f8")
    for name in ("unit", "source", "kind"):
        table[name] = np.array([getattr(each, name) for each in rows], dtype=text)
    provenance = file.create_group("provenance")
    provenance["json"] = json.dumps(description.provenance)
    provenance["seed"] = np.uint64(description.seed)
    provenance.create_dataset("status", data=np.array(b"running", "S16"))
    provenance.create_dataset("threads_used", data=np.int64(0))  # known at the end
    file.create_group("schema").create_dataset("json", data=json.dumps(description.schema()), dtype=text)


def _annotate(dataset: Any, column: Column) -> None:
    dataset.attrs["units"] = column.unit
    if column.note:
        dataset.attrs["long_name"] = column.note

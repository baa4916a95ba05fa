"""Datasets that only grow, written so that a killed process never damages what was committed before."""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import product
from typing import Any

import h5py
import numpy as np

from qsp_abm.output.layout import MANTISSA, Array

__all__ = ["FILTERS", "Growing", "grow", "keep_bits"]

FILTERS: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}  # what every VTK can read
ROWS = 512  # rows per chunk of the small tables


class Growing:
    """A dataset that grows along its first axis.

    In a compressed dataset every batch starts on a fresh chunk, so that no compressed chunk is ever written twice: HDF5
    may relocate a rewritten chunk, and a kill in between would destroy rows committed long before. The gap between two
    batches is legal; readers use the recorded offsets.
    """

    __slots__ = ("align", "dataset", "length", "tail")

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.align: int = dataset.chunks[0] if dataset.compression else 1
        self.length: int = dataset.shape[0]
        self.tail: tuple[int, ...] = dataset.shape[1:]

    def append(self, rows: Any) -> int:
        """Write `rows` behind the last ones and return the index of the first."""
        rows = np.ascontiguousarray(rows, self.dataset.dtype)
        start = -(-self.length // self.align) * self.align
        self.length = start + len(rows)
        identity = self.dataset.id  # the low-level calls take a quarter of the time of dataset[start:] = rows
        identity.set_extent((self.length, *self.tail))
        if not rows.size:
            return start
        if self.dataset.compression:
            _write_packed(identity, start, rows, self.dataset.chunks)
        else:
            there = identity.get_space()
            there.select_hyperslab((start, *(0 for _ in self.tail)), rows.shape)
            identity.write(h5py.h5s.create_simple(rows.shape), there, rows)
        return start

    def truncate(self, length: int) -> None:
        """Forget the rows from `length` on, by whole chunks where chunks are compressed."""
        length = min(self.length, -(-length // self.align) * self.align)
        if length < self.length:
            self.dataset.resize(length, axis=0)
            self.length = length


def _write_packed(identity: Any, start: int, rows: Array, chunk: tuple[int, ...]) -> None:
    """Write rows that begin a fresh chunk; the chunks are compressed here, side by side, and stored as they are."""
    corners = list(product(*(range(0, size, step) for size, step in zip(rows.shape, chunk, strict=True))))
    blocks = [rows[tuple(slice(at, at + step) for at, step in zip(corner, chunk, strict=True))] for corner in corners]
    work = partial(_packed, chunk=chunk)
    packed = _pool().map(work, blocks) if len(blocks) > 1 else map(work, blocks)
    for corner, data in zip(corners, packed, strict=True):
        identity.write_direct_chunk((start + corner[0], *corner[1:]), data)


def _packed(block: Array, chunk: tuple[int, ...]) -> bytes:
    """Return a chunk as the filters of `FILTERS` would store it: first all first bytes, then all second bytes, ..., deflated."""
    whole = block
    if block.shape != chunk:
        whole = np.zeros(chunk, block.dtype)
        whole[tuple(slice(0, size) for size in block.shape)] = block
    shuffled = np.ascontiguousarray(whole).view("u1").reshape(-1, block.dtype.itemsize).T
    return zlib.compress(np.ascontiguousarray(shuffled).data, FILTERS["compression_opts"])


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that compress: as many as this process may use cores."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())


def grow(
    group: Any, name: str, dtype: Any, chunk: int = ROWS, tail: tuple[int, ...] = (), *, packed: bool = False
) -> None:
    """Create an empty growing dataset in chunks of `chunk` rows; a `packed` one is compressed."""
    filters = FILTERS if packed else {}
    group.create_dataset(name, (0, *tail), dtype, maxshape=(None, *tail), chunks=(chunk, *tail), **filters)


def keep_bits(values: Array, bits: int) -> Array:
    """Round f4 values to the nearest with `bits` bits of mantissa; what is not finite stays as it is."""
    if bits >= MANTISSA:
        return values
    dropped = MANTISSA - bits
    raw = np.ascontiguousarray(values, "f4").view("u4")
    rounded = ((raw + np.uint32(1 << (dropped - 1))) >> np.uint32(dropped) << np.uint32(dropped)).view("f4")
    return np.where(np.isfinite(values), rounded, values)

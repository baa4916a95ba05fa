"""Datasets that only grow, written so that a killed process never damages what was committed before."""

from __future__ import annotations

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
        if rows.size:
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

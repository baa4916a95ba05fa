"""Arrays of a run file that are read when their values are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

__all__ = ["lazy"]


class _Dataset(BackendArray):
    """A dataset of a run file. The file is opened for each reading, so that it may be written meanwhile."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...]) -> None:
        self._path, self._name = path, name
        self.shape, self.dtype = shape, np.dtype("f4")

    def __getitem__(self, key: Any) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._part)

    def _part(self, key: tuple[Any, ...]) -> Any:
        # Bounded by the committed part: the dataset itself may be longer.
        bounded = tuple(
            slice(*each.indices(size)) if isinstance(each, slice) else each
            for each, size in zip(key, self.shape, strict=True)
        )
        with h5py.File(self._path, "r", locking=False) as file:
            return file[self._name][bounded]


def lazy(path: Path, name: str, shape: tuple[int, ...]) -> Any:
    """Return a dataset of a file as an array for xarray that reads only what is asked for.

    Parameters
    ----------
    path, name
        The file, and the dataset in it.
    shape
        Its committed part, counted from the start.
    """
    return indexing.LazilyIndexedArray(_Dataset(path, name, shape))

"""Reads a table of cells: positions and labels, or one clear sentence about what is wrong with the file.

CSV tables with a header, AnnData files (`.h5ad`: positions in `obsm["spatial"]`, labels in `obs`), and the `cells.csv` of PhysiCell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError, suggest
from .start import COLUMNS, FromTable

__all__ = ["Table", "read_table"]

_PHYSICELL = {"x": "x", "y": "y", "z": "z", "type": "type"}


@dataclass(frozen=True)
class Table:
    """The cells of a table.

    Parameters
    ----------
    points
        (N, 3), um; z is 0 in a section.
    labels
        (N,), text.
    lines
        (N,), line of the file, from 1, for messages.
    flat
        Whether it is a section, without z.
    rows
        Rows of the whole file, those that `select` leaves out included.
    """

    points: NDArray[np.float64]
    labels: NDArray[np.str_]
    lines: NDArray[np.int64]
    flat: bool
    rows: int


def read_table(start: FromTable) -> Table:
    """Read the table of a start.

    Raises
    ------
    ModelError
        For a file that is missing, empty, not text or not a table; for missing columns; for positions that are not finite
        numbers; where no row is left.
    """
    who = f"start: {start.path}"
    rows = list(_anndata_rows(start.path, who) if start.path.suffix == ".h5ad" else _rows(start.path, who))
    if not rows:
        raise ModelError(f"{who}: holds no cells; allowed: a CSV table with a header and a row per cell")
    names = COLUMNS | start.columns
    if names["x"] not in (each.strip() for each in rows[0][1]) and _of_physicell(rows[0][1]):
        names |= _PHYSICELL
        if _is_number(rows[0][1][0]):  # the first version of PhysiCell's table has no header
            rows = [(0, [*_PHYSICELL.values()]), *((line, row[: len(_PHYSICELL)]) for line, row in rows)]
        if len({row[2] for _, row in rows[1:] if len(row) > 2}) == 1:  # a section there has one z
            names["z"] = "no z"
    header = [name.strip() for name in rows[0][1]]
    flat = "z" not in start.columns and names["z"] not in header
    wanted = [names[key] for key in (("x", "y", "type") if flat else ("x", "y", "z", "type"))]
    for name in (*wanted, *start.select):
        if name not in header:
            raise ModelError(f"{who}: no column '{name}'{suggest(name, header)}")
        if header.count(name) > 1:
            raise ModelError(f"{who}: {header.count(name)} columns '{name}'; names must differ")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ModelError(f"{who}: row {line} has {len(row)} values, but the header {len(header)}")
    cells = rows[1:]
    for name, value in start.select.items():
        cells = _selected(cells, header.index(name), name, value, who)
    if not cells:
        raise ModelError(f"{who}: holds no cells")
    *axes, kind = (header.index(name) for name in wanted)
    lines = np.array([line for line, _ in cells], "i8")
    points = np.zeros((len(cells), 3))
    for axis, column in enumerate(axes):
        points[:, axis] = _numbers([row[column] for _, row in cells], lines, header[column], who)
    labels = np.array([row[kind].strip() for _, row in cells])
    if (labels == "").any():
        raise ModelError(f"{who}: row {lines[np.argmax(labels == '')]} has no {header[kind]}")
    return Table(points, labels, lines, flat, len(rows) - 1)


def _of_physicell(header: Sequence[str]) -> bool:
    """Whether a table is one of PhysiCell's: ``x, y, z, type, ...``, or four numbers in the first line."""
    names = [each.strip().lower() for each in header]
    return names[:4] == [*_PHYSICELL.values()] or (len(names) >= 4 and all(map(_is_number, names[:4])))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _anndata_rows(path: Path, who: str) -> Iterator[tuple[int, list[str]]]:
    """Yield header and rows of an AnnData file: positions under the usual names, and all columns of `obs`."""
    try:
        import anndata
    except ImportError:
        raise ModelError(f"{who}: AnnData needs a package: pip install anndata") from None
    try:
        table = anndata.read_h5ad(path)
    except OSError as error:
        raise ModelError(f"{who}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # anndata wraps whatever went wrong below it
        raise ModelError(f"{who}: cannot be read as AnnData ({type(error).__name__}: {error})") from error
    if "spatial" not in table.obsm:
        known = sorted(table.obsm)
        raise ModelError(f'{who}: has no positions in obsm["spatial"]; obsm holds {", ".join(known) or "nothing"}')
    points = np.asarray(table.obsm["spatial"], "f8")
    axes = [COLUMNS[axis] for axis in "xyz"[: points.shape[1]]]
    obs = table.obs[[name for name in table.obs.columns if name not in axes]]
    yield 0, [*axes, *(str(name) for name in obs.columns)]
    labels = [obs[name].astype(str).to_list() for name in obs.columns]
    for number, (point, *values) in enumerate(zip(points.tolist(), *labels, strict=True), 1):
        yield number, [*map(repr, point), *values]


def _rows(path: Path, who: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with their line in the file."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except OSError as error:
        raise ModelError(f"{who}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{who}: cannot be read: it is not a text file (UTF-8)") from error
    except csv.Error as error:
        raise ModelError(f"{who}: cannot be read as a CSV table ({error})") from error


def _selected(
    rows: Sequence[tuple[int, list[str]]], column: int, name: str, value: str, who: str
) -> list[tuple[int, list[str]]]:
    found = [(line, row) for line, row in rows if row[column].strip() == value]
    if not found:
        raise ModelError(
            f"{who}: no row has {name} = {value}{suggest(value, {row[column].strip() for _, row in rows})}"
        )
    return found


def _numbers(texts: Sequence[str], lines: NDArray[np.int64], name: str, who: str) -> NDArray[np.float64]:
    numbers = np.zeros(len(texts))
    for index, text in enumerate(texts):
        try:
            numbers[index] = float(text)
        except ValueError:
            numbers[index] = np.nan
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        index = int(np.argmax(wrong))
        others = f" (and {wrong.sum() - 1} others)" if wrong.sum() > 1 else ""
        raise ModelError(
            f"{who}: row {lines[index]} has a position that is not a finite number: {name} is '{texts[index]}'{others}; allowed: um"
        )
    return numbers

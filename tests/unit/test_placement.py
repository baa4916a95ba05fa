"""Large starts: what is done for many cells at once is what would be done for one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qsp_abm as qa
from qsp_abm import placement, room
from qsp_abm.placement import Placement, place
from qsp_abm.room import Room

SMALL = {"killer": 175.0, "macrophage": 800.0}


def model(shape: tuple[int, int, int], vessels: float = 0.0, spacing: float = 17.0) -> qa.Model:
    cells = [
        qa.CellType(name="tumour", volume=2500.0),
        qa.CellType(name="stroma", volume=2500.0),
        *(qa.CellType(name=name, volume=volume, occupies="small") for name, volume in SMALL.items()),
        qa.CellType(name="ghost", volume=1.0, occupies="none"),
    ]
    lattice = qa.Lattice(shape=shape, spacing=spacing)
    return qa.Model(lattice=lattice, cells=cells, vessels=qa.Vessels(density=vessels, spacing=40.0))


def crowded(seed: int = 1) -> Placement:
    starts = [
        qa.Ball("tumour", "150 um", fill=0.5),
        qa.Scatter("stroma", "60000 / mm^3"),
        qa.Scatter("macrophage", "40000 / mm^3"),
        qa.Scatter("killer", "300000 / mm^3", region=((0, 0, 0), (200, 300, 300))),
        qa.Scatter("killer", "20000 / mm^3"),
        qa.Scatter("ghost", "9000 / mm^3"),
    ]
    return place(model((24, 22, 20), vessels=5000.0), starts, seed)


def bits(placed: Placement) -> str:
    hasher = hashlib.blake2b(digest_size=8)
    for column in (placed.types, placed.voxels, placed.keys, placed.vessels):
        hasher.update(column.dtype.str.encode())
        hasher.update(np.ascontiguousarray(column).data)
    return hasher.hexdigest()


def one_by_one(place_of: Room, codes: np.ndarray, wanted: np.ndarray, keys: np.ndarray, first: np.ndarray) -> list[int]:
    """Settle as the rule says, cell by cell."""
    voxels = wanted.tolist()
    for solid in (True, False):
        rows = [r for r, code in enumerate(codes.tolist()) if (place_of.occupies[code] == "solid") == solid]
        rows.sort(key=lambda row: not first[row])
        waiting = []
        for row in rows:
            if place_of.fits(int(codes[row]), voxels[row]):
                place_of.put(int(codes[row]), voxels[row])
            else:
                waiting.append(row)
        for row in waiting:
            voxels[row] = place_of._nearest(int(codes[row]), voxels[row], int(keys[row]))
            if voxels[row] < 0:
                raise qa.ModelError("full")
            place_of.put(int(codes[row]), voxels[row])
    return voxels


@settings(max_examples=30)
@given(
    shape=st.sampled_from([(7, 6, 5), (20, 18, 1), (12, 12, 12), (3, 2, 1)]),
    share=st.floats(0.05, 3.0),
    narrow=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_many_cells_settle_as_one_after_the_other(
    shape: tuple[int, int, int], share: float, narrow: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    voxels = int(np.prod(shape))
    count = max(1, round(share * voxels))
    weights = np.array([0.1, 0.1, 0.4, 0.3, 0.1])
    codes = rng.choice(np.arange(1, 6, dtype="u1"), count, p=weights)
    wanted = rng.integers(0, max(1, voxels // 4) if narrow else voxels, count).astype("i4")
    keys, first = rng.integers(0, 2**64, count, dtype="u8"), rng.random(count) < 0.3
    made = model(shape)
    many, single = (Room(made, made.lattice) for _ in range(2))
    try:
        expected = one_by_one(single, codes, wanted, keys, first)
    except qa.ModelError:
        with pytest.raises(qa.ModelError, match="fit"):
            many.settle(codes, wanted, keys, first)
        return
    assert many.settle(codes, wanted, keys, first).tolist() == expected
    assert np.array_equal(many.solid, single.solid)
    assert np.array_equal(many.free, single.free)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 2**40, 2**40 + 1, 2**63, 2**63 + 7, 2**64 - 1]), max_size=60))
def test_keys_are_sorted_in_parts(values: list[int]) -> None:
    keys = np.array(values, "u8")
    expected = np.argsort(keys, kind="stable").tolist()
    assert placement._order(keys).tolist() == expected
    assert np.concatenate([np.zeros(0, "i8"), *placement._in_parts(keys)]).tolist() == expected


def test_neither_chunks_nor_parts_change_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = crowded()

    def short(count: int, size: int = 0) -> Iterator[slice]:
        for first in range(0, count, 1000):
            yield slice(first, min(first + 1000, count))

    for module in (placement, room):
        monkeypatch.setattr(module, "chunks", short)
    monkeypatch.setattr(placement, "_PART", 8)
    parts = crowded()
    assert bits(whole) == bits(parts)
    assert whole.report.lines() == parts.report.lines()


def test_starts_are_what_they_always_were() -> None:
    """Bits of a start in which everything clashes, as cell after cell was placed in version 0.1."""
    found = crowded()
    assert found.report.numbers["moved"] > 500
    assert len(found.vessels) > 100
    assert bits(found) == "6dcf6f75f5e12501"


def test_a_given_position_is_named_where_cells_clash() -> None:
    made = model((10, 10, 10))
    two = qa.Cells("tumour", [(20.0, 21.0, 22.0), (19.0, 30.0, 20.0)])
    with pytest.raises(qa.ModelError, match=r"at \(19, 30, 20\) um, where other cells stand already \(2 cells\)"):
        place(made, [two], 1)

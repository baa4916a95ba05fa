"""Starts: tables, shapes, keys, room, vessels, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import qsp_abm as qa
from qsp_abm.compile import small_capacity
from qsp_abm.model import Model
from qsp_abm.placement import Placement, place
from qsp_abm.start import Ball, Cells, FromTable, Scatter

DATA = Path(__file__).parents[2] / "examples" / "data"
TYPES = {
    "CD8T": {"killer": 0.25, "bystander": 0.75},
    "Epithelial": "tumour",
    "Tumor/Keratin": "tumour",
    "Tumor/EGFR": "tumour",
    "Endothelial/Vim": "stroma",
    "Other": "skip",
    "*": "bystander",
}


def model(**lattice: object) -> Model:
    small = {"volume": 175.0, "occupies": "small"}
    return qa.Model(
        lattice=qa.Lattice(**({"spacing": "8 um"} | lattice)),
        cells=[
            qa.CellType(name="tumour", volume=2500),
            qa.Group(name="cd8", types=(qa.CellType(name="killer", **small), qa.CellType(name="bystander", **small))),
            qa.CellType(name="stroma", volume=2000),
        ],
        vessels=qa.Vessels(density=100),
    )


def table(path: Path, rows: list[tuple[object, ...]], header: tuple[str, ...] = ("x_um", "y_um", "cell_type")) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def arrays(placement: Placement) -> list[bytes]:
    return [each.tobytes() for each in (placement.types, placement.voxels, placement.keys, placement.vessels)]


@pytest.mark.parametrize("patient", ["patient4", "patient8"])
@pytest.mark.parametrize("spacing", ["8 um", "10 um"])
def test_real_sections_are_placed_whole(patient: str, spacing: str) -> None:
    start = FromTable(path=DATA / f"{patient}.csv", types=TYPES, margin_filling="empty")
    placed = place(model(spacing=spacing), [start], 1)
    rows = placed.report.numbers["rows"]
    assert len(placed.types) == rows - sum(placed.report.numbers["skipped"].values())
    assert placed.lattice.thickness == 15.0
    assert placed.lattice.shape is not None and placed.lattice.shape[2] == 1
    assert len(np.unique(placed.keys)) == len(placed.keys)
    tumour = placed.voxels[placed.types == 1]
    assert len(np.unique(tumour)) == len(tumour)
    assert placed.report.numbers["moved"] < 0.15 * rows
    share = np.mean(placed.types[np.isin(placed.types, (2, 3))] == 2)
    assert 0.0 < share < 0.25


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    with (DATA / "patient8.csv").open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    rows += rows[:5]  # equal rows too
    rng = np.random.default_rng(1)
    first = table(tmp_path / "a.csv", [tuple(row) for row in rows], tuple(header))
    second = table(tmp_path / "b.csv", [tuple(rows[k]) for k in rng.permutation(len(rows))], tuple(header))
    one, two = (place(model(), [FromTable(path=path, types=TYPES)], 3) for path in (first, second))
    assert arrays(one) == arrays(two)


def test_the_margin_mirrors_the_tissue(tmp_path: Path) -> None:
    path = table(
        tmp_path / "t.csv", [(0, 0, "Epithelial"), (400, 0, "Epithelial"), (0, 400, "Epithelial"), (10, 200, "CD8T")]
    )
    empty = place(model(), [FromTable(path=path, types=TYPES, margin="80 um", margin_filling="empty")], 1)
    mirrored = place(model(), [FromTable(path=path, types=TYPES, margin="80 um")], 1)
    assert len(empty.types) == 4
    assert len(mirrored.types) == 5  # the T cell 10 um inside has one image 10 um outside; those on the edge have none


def test_only_selected_rows(tmp_path: Path) -> None:
    rows = [(1, 0, 0, "a"), (1, 50, 50, "a"), (2, 0, 0, "b")]
    path = table(tmp_path / "t.csv", rows, ("image", "x", "y", "type"))
    start = FromTable(
        path=path,
        types={"a": "tumour"},
        columns={"x": "x", "y": "y", "type": "type"},
        select={"image": 1},
        margin_filling="empty",
    )
    assert len(place(model(), [start], 1).types) == 2
    with pytest.raises(qa.ModelError, match="no row has image = 7"):
        place(model(), [start.replace(select={"image": 7})], 1)


def test_overlapping_starts_are_refused() -> None:
    ball = Ball("tumour", radius="40 um")
    with pytest.raises(qa.ModelError, match="starts overlap: no room for a cell of type 'tumour' at"):
        place(model(shape=(30, 30)), [ball, Cells(cells="tumour", positions=((120.0, 120.0),))], 1)
    with pytest.raises(qa.ModelError, match="starts overlap"):
        place(model(shape=(30, 30)), [ball, ball], 1)


def test_clashing_cells_move_to_the_nearest_room(tmp_path: Path) -> None:
    at = ((101.0, 101.0), (101.5, 101.5), (102.0, 102.0), (0, 0), (201, 201))
    path = table(tmp_path / "t.csv", [(*point, "Epithelial") for point in at])
    start = FromTable(path=path, types=TYPES, margin="19 um", margin_filling="empty")
    placed = place(model(shape=(30, 30)), [start], 1)
    x, y = placed.voxels % 30, placed.voxels // 30
    assert len(set(placed.voxels.tolist())) == 5
    assert np.sum((abs(x - 15) <= 2) & (abs(y - 15) <= 2)) == 3
    assert placed.report.numbers["moved"] == 2


def test_small_cells_share_by_volume_and_one_fits_beside_a_solid_cell() -> None:
    description = model(shape=(3, 1), thickness="15 um")
    capacity = small_capacity(175.0, description.lattice)
    assert capacity == 3  # 0.64 * 960 um3 / 175 um3
    full = Cells(cells="killer", positions=((12.0, 4.0),) * capacity)
    assert set(place(description, [full], 1).voxels.tolist()) == {1}
    with pytest.raises(qa.ModelError, match="overlap"):
        place(description, [full.replace(positions=((12.0, 4.0),) * (capacity + 1))], 1)
    solid, small = Cells(cells="tumour", positions=((12.0, 4.0),)), full.replace(positions=((12.0, 4.0),))
    assert place(description, [solid, small], 1).voxels.tolist() == [1, 1]
    with pytest.raises(qa.ModelError, match="overlap"):
        place(description, [solid, full.replace(positions=((12.0, 4.0),) * 2)], 1)


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(qa.ModelError, match="cells do not fit into 100 voxels"):
        place(model(shape=(10, 10)), [Scatter("tumour", density="20000 / mm^2")], 1)


def test_vessels_reach_the_declared_density_at_a_distance() -> None:
    description = model(shape=(125, 125))  # 1 mm2
    placed = place(description, [Ball("tumour", radius="300 um")], 5)
    assert len(placed.vessels) == 100
    x, y = placed.vessels % 125 * 8.0, placed.vessels // 125 * 8.0
    gaps = np.hypot(x[:, None] - x, y[:, None] - y)[~np.eye(len(x), dtype=bool)]
    assert gaps.min() >= 30.0
    inside = np.hypot(x - 496, y - 496) < 290
    assert not inside.any()
    other = place(description, [Ball("tumour", radius="300 um")], 6)
    assert not np.array_equal(placed.vessels, other.vessels)


def test_labelled_vessels_are_kept(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [(k * 20, 0, "Endothelial/Vim") for k in range(5)] + [(0, 80, "Epithelial")])
    placed = place(model(), [FromTable(path=path, types=TYPES, margin="0 um")], 1)
    assert placed.report.numbers["vessels_labelled"] == 5
    assert np.sum(placed.types == 4) == 5  # and their cells are stroma all the same


def test_scatter_and_balls() -> None:
    placed = place(
        model(shape=(125, 125)), [Scatter("cd8", density="200 / mm^2", fractions={"killer": 0.5, "bystander": 0.5})], 1
    )
    assert len(placed.types) == 200
    assert 70 < np.sum(placed.types == 2) < 130
    ball = place(model(shape=(21, 21, 21)), [Ball("tumour", radius="80 um")], 1)
    assert abs(len(ball.types) / (4 / 3 * np.pi * 10**3) - 1) < 0.02


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (lambda: Scatter("tumour", density="200 / mm^3"), "not per mm\\^2"),
        (lambda: Scatter("cd8", density="200 / mm^2"), "is a group of killer, bystander; give fractions"),
        (lambda: Ball("tumor", radius="20 um"), "did you mean 'tumour'"),
        (lambda: Ball("tumour", radius="2 mm"), "does not fit"),
        (lambda: Cells(cells="tumour", positions=((-1.0, 5.0),)), "outside the lattice"),
        (lambda: Cells(cells="tumour", positions=((float("nan"), 5.0),)), "outside|finite"),
    ],
)
def test_impossible_shapes_are_refused(start: object, message: str) -> None:
    with pytest.raises(qa.ModelError, match=message):
        place(model(shape=(30, 30)), [start()], 1)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fractions": {"killer": 0.5, "bystander": 0.4}}, "add up to 0.9"),
        ({"density": "200"}, "neither per area nor per volume"),
        ({"density": "200 / um3 s"}, "unit|neither|cannot"),
    ],
)
def test_impossible_descriptions_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(qa.ModelError, match=message):
        Scatter("cd8", **({"density": "200 / mm^2"} | given))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no cells"),
        ("x_um,y_um,cell_type\n", "holds no cells"),
        ("x,y_um,cell_type\n1,2,Epithelial\n", "no column 'x_um'"),
        ("x_um,y_um,cell_type\n1,2,Epithelial\n1,oops,Epithelial\n", "row 3"),
        ("x_um,y_um,cell_type\n1,nan,Epithelial\n", "row 2 has a position that is not a finite number"),
        ("x_um,y_um,cell_type\n1,2\n", "row 2"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(qa.ModelError, match=message):
        place(model(), [FromTable(path=path, types=TYPES)], 1)


def test_missing_files_and_unmapped_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(qa.ModelError, match="cannot be read"):
        place(model(), [FromTable(path=tmp_path / "none.csv", types=TYPES)], 1)
    path = table(tmp_path / "t.csv", [(0, 0, "Epithelial"), (9, 9, "Epithelal")])
    with pytest.raises(qa.ModelError, match="label 'Epithelal' is not mapped; did you mean 'Epithelial'"):
        place(model(), [FromTable(path=path, types={"Epithelial": "tumour"})], 1)
    with pytest.raises(qa.ModelError, match="outside the lattice"):
        place(model(shape=(3, 3)), [FromTable(path=DATA / "patient8.csv", types=TYPES)], 1)
    binary = tmp_path / "b.csv"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(qa.ModelError, match="cannot be read"):
        place(model(), [FromTable(path=binary, types=TYPES)], 1)

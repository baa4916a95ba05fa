"""Starts: tables, shapes, keys, room, vessels, and what is refused."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

import qsp_abm as qa
from qsp_abm.compile import small_capacity
from qsp_abm.model import Model
from qsp_abm.placement import Placement, place
from qsp_abm.start import Ball, Cells, FromTable, Scatter, Start

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


# ---- descriptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        Ball("tumour", "0.1 mm", centre=("50 um", 60), fill=0.5),
        Scatter("cd8", "200 / mm^2", fractions={"killer": 0.5, "bystander": 0.5}, region=((0, 0), (10, 10))),
        Cells("tumour", np.array([[1.0, 2.0], [3.0, 4.0]])),
        FromTable("a.csv", types=TYPES, select={"image": 1}, margin="0.1 mm", vessel_labels="Endothelial/Vim"),
    ],
)
def test_descriptions_go_to_json_and_back(start: Start) -> None:
    adapter: TypeAdapter[Start] = TypeAdapter(Start)
    assert adapter.validate_json(adapter.dump_json(start)) == start
    assert start.replace() == start


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Ball("tumour", "20 um", 3), "3 values without a name; allowed: cells, radius"),
        (lambda: Ball("tumour", cells="tumour", radius=20), "cells is given twice"),
        (lambda: Ball("tumour", radius="-20 um"), "must be above 0"),
        (lambda: Ball("tumour", radius="20 mg"), "radius"),
        (lambda: Ball("tumour", radius=20, centre=(1,)), "not a position"),
        (lambda: Ball("tumour", radius=20, center=(1, 2)), "did you mean 'centre'"),
        (lambda: Scatter("tumour", density="-5 / mm^2"), "must not be below 0"),
        (lambda: Scatter("tumour", density=200), "neither per area nor per volume"),
        (lambda: Cells("tumour", [(1, "nan")]), "not a finite number"),
        (lambda: FromTable("a.csv", types={}, columns={"kind": "label"}), "columns: unknown name 'kind'"),
        (lambda: FromTable("a.csv", types={"a": {"killer": 1.5, "bystander": -0.5}}), "killer|bystander"),
        (lambda: FromTable("a.csv", types={}, margin="-1 um"), "must not be below 0"),
    ],
)
def test_what_cannot_be_described(build: Callable[[], Start], message: str) -> None:
    with pytest.raises(qa.ModelError, match=message):
        build()


# ---- tables -----------------------------------------------------------------------------------------------------------

POINTS = st.lists(
    st.tuples(
        st.integers(0, 20), st.integers(0, 20), st.sampled_from(["Epithelial", "CD8T", "Endothelial/Vim", "Other"])
    ),
    min_size=2,
    max_size=40,
).filter(lambda rows: any(label != "Other" for _, _, label in rows))  # a table of which nothing is kept is refused


@given(rows=POINTS, data=st.data())
def test_any_table_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    shuffled = data.draw(st.permutations(rows))
    placed = [
        place(model(shape=(40, 40)), [FromTable(table(folder / f"{k}.csv", some), types=TYPES, margin="40 um")], 7)
        for k, some in enumerate((rows, shuffled))
    ]
    assert arrays(placed[0]) == arrays(placed[1])
    assert len(np.unique(placed[0].keys)) == len(placed[0].keys)
    solid = placed[0].voxels[np.isin(placed[0].types, (1, 4))]
    assert len(np.unique(solid)) == len(solid)


def test_an_image_has_no_cell_twice(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [(0, 0, "Epithelial"), (200, 200, "Epithelial"), (200, 100, "Epithelial")])
    placed = place(model(shape=(50, 50)), [FromTable(path, types=TYPES)], 1)
    found = sorted(zip((placed.voxels % 50).tolist(), (placed.voxels // 50).tolist(), strict=True))
    assert found == [
        (12, 12),
        (37, 0),
        (37, 25),
        (37, 37),
    ]  # one image fits in; cells on an edge are their own images there


def test_a_narrow_table_is_mirrored_again_and_again(tmp_path: Path) -> None:
    rows = [(10 * i, 10 * j, "Epithelial") for i in range(6) for j in range(40)]
    start = FromTable(table(tmp_path / "t.csv", rows), types=TYPES, margin="100 um")
    placed = place(model(spacing="10 um"), [start], 1)
    assert placed.lattice.shape == (26, 60, 1)
    assert len(placed.types) == pytest.approx(26 * 60, rel=0.1)


def test_stroma_around_a_table_is_as_dense_as_in_it(tmp_path: Path) -> None:
    rows = [(40 * i, 40 * j, "Endothelial/Vim") for i in range(11) for j in range(11)]
    start = FromTable(table(tmp_path / "t.csv", rows), types=TYPES, margin="200 um", margin_filling="stroma")
    placed = place(model(), [start], 1)
    around = len(placed.types) - 121
    assert around == pytest.approx(121 * 3, rel=0.15)  # 800 x 800 um but for the table of 400 x 400 um
    x, y = placed.voxels % 101 * 8.0, placed.voxels // 101 * 8.0
    assert np.sum((abs(x - 400) < 190) & (abs(y - 400) < 190)) == 81  # of the table itself
    rows = [(0, 0, "Epithelial"), (9, 9, "Epithelial")]
    bare = qa.Model(lattice=qa.Lattice(spacing=8), cells=[qa.CellType(name="tumour", volume=2500)])
    start = FromTable(table(tmp_path / "u.csv", rows), types={"*": "tumour"}, margin_filling="stroma")
    with pytest.raises(qa.ModelError, match="no cell type 'stroma'"):
        place(bare, [start], 1)


def test_a_section_has_one_thickness_and_one_layer(tmp_path: Path) -> None:
    start = FromTable(
        table(tmp_path / "t.csv", [(0, 0, "Epithelial"), (99, 99, "Epithelial")]), types=TYPES, thickness="12 um"
    )
    assert place(model(), [start], 1).lattice.thickness == 12.0
    with pytest.raises(qa.ModelError, match=r"thickness 12 um, but that of the lattice is 20 um"):
        place(model(thickness="20 um"), [start], 1)
    with pytest.raises(qa.ModelError, match="section without z, but the lattice has 9 voxels in z"):
        place(model(shape=(90, 90, 9)), [start.replace(thickness=None)], 1)


def test_a_table_with_z_fills_a_volume(tmp_path: Path) -> None:
    rows = [(10 * i, 10 * j, 10 * k, "Epithelial") for i in range(5) for j in range(5) for k in range(5)]
    path = table(tmp_path / "t.csv", rows, ("x_um", "y_um", "z_um", "cell_type"))
    placed = place(model(spacing=10), [FromTable(path, types=TYPES, margin=20, margin_filling="empty")], 1)
    assert placed.lattice.shape == (9, 9, 9)
    assert len(placed.types) == 125
    assert placed.report.numbers["moved"] == 0


def test_mixtures_follow_the_seed_and_vessels_their_draw() -> None:
    start = [FromTable(DATA / "patient8.csv", types=TYPES)]
    one, two, three = place(model(), start, 1, 5), place(model(), start, 2, 5), place(model(), start, 1, 6)
    assert np.array_equal(one.vessels, two.vessels)
    assert not np.array_equal(one.types, two.types)
    assert np.array_equal(one.types, three.types)
    assert not np.array_equal(one.vessels, three.vessels)


def test_the_report_says_what_became_of_the_table() -> None:
    placed = place(model(), [FromTable(DATA / "patient4.csv", types=TYPES)], 1)
    numbers, text = placed.report.numbers, "\n".join(placed.report.lines())
    assert numbers["rows"] == 6667
    assert sum(numbers["placed"].values()) == len(placed.types)
    assert f"skipped: {numbers['skipped']['Other']} (Other {numbers['skipped']['Other']})" in text
    assert numbers["inert_labels"]["stroma"]["Endothelial/Vim"] > 0
    assert (
        numbers["vessels"] == len(placed.vessels) == sum(numbers[f"vessels_{kind}"] for kind in ("merged", "sampled"))
    )
    assert f"moved to the nearest voxel with room: {numbers['moved']} (" in text
    assert "under half of the largest solid diameter, 16.8 um" in text
    assert "warning: the table's cells need" in "\n".join(
        place(
            model(spacing="14 um"),
            [FromTable(DATA / "patient4.csv", types={"*": "tumour"}, margin=400, margin_filling="empty")],
            1,
        ).report.lines()
    )


# ---- shapes -----------------------------------------------------------------------------------------------------------


def test_scattered_solid_cells_make_room_for_a_ball() -> None:
    ball = Ball("tumour", radius="100 um")
    alone = place(model(shape=(50, 50)), [ball], 1)
    both = place(model(shape=(50, 50)), [Scatter("stroma", density="2000 / mm^2"), ball], 1)
    assert set(alone.voxels.tolist()) == set(both.voxels[both.types == 1].tolist())
    assert np.sum(both.types == 4) == 320


def test_equal_scatters_stand_in_different_places() -> None:
    scatter = Scatter("killer", density="200 / mm^2")
    placed = place(model(shape=(125, 125), thickness="15 um"), [scatter, scatter], 1)
    assert len(np.unique(placed.voxels)) > 390


def test_scatter_keeps_to_its_region() -> None:
    start = Scatter("killer", density="5000 / mm^2", region=(("0 um", 800), (400, 400)))
    placed = place(model(shape=(125, 125)), [start], 1)
    assert len(placed.types) == 800
    assert (placed.voxels % 125 <= 50).all()
    assert (placed.voxels // 125 >= 49).all()


def test_the_order_of_fractions_says_nothing() -> None:
    mixtures = ({"killer": 0.3, "bystander": 0.7}, {"bystander": 0.7, "killer": 0.3})
    one, two = (place(model(shape=(50, 50)), [Scatter("cd8", "900 / mm^2", fractions=each)], 1) for each in mixtures)
    assert arrays(one) == arrays(two)


def test_a_ball_may_be_thinned() -> None:
    whole, half = (place(model(shape=(80, 80)), [Ball("tumour", 250, fill=fill)], 1) for fill in (1.0, 0.5))
    assert set(half.voxels.tolist()) < set(whole.voxels.tolist())
    assert len(half.types) == pytest.approx(len(whole.types) / 2, rel=0.1)


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        ("0,0,Epithelial\n\n\nx,0,Epithelial\n", {}, "row 5 has a position that is not a finite number: x_um is 'x'"),
        ("0,0,0,Epithelial\n", {}, "row 2 has 4 values, but the header 3"),
        ("0,0,\n", {}, "row 2 has no cell_type"),
        ("0,0,Epithelial\n1e300,0,Epithelial\n", {}, "are its positions in um"),
        (
            "0,0,Epithelial\n",
            {"types": {"*": "skip", "Other": "tumuor"}},
            "label 'Other': unknown cell type 'tumuor'; did you mean 'tumour'",
        ),
        ("0,0,Epithelial\n", {"types": {"*": "cd8"}}, "give fractions of killer, bystander"),
        (
            "0,0,Epithelial\n",
            {"vessel_labels": ("Epithelal",)},
            "vessel label 'Epithelal' is not in the table; did you mean 'Epithelial'",
        ),
        ("0,0,Epithelial\n", {"select": {"image": 1}}, "no column 'image'"),
        ("0,0,Epithelial\n", {"columns": {"z": "depth"}}, "no column 'depth'"),
        ('0,0,"Epithelial\n', {}, "cannot be read as a CSV table"),
    ],
)
def test_what_else_is_wrong_with_a_table(tmp_path: Path, text: str, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x_um,y_um,cell_type\n" + text)
    with pytest.raises(qa.ModelError, match=message):
        place(model(), [FromTable(path, **({"types": TYPES} | changes))], 1)


def test_a_fraction_is_a_type_of_the_group() -> None:
    with pytest.raises(qa.ModelError, match="fractions: 'tumour' is not one of its types"):
        place(model(shape=(30, 30)), [Scatter("cd8", "9 / mm^2", fractions={"killer": 0.5, "tumour": 0.5})], 1)

"""Immune cells in, around and away from a tumour; hollow balls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qsp_abm import Ball, Infiltrate, Lattice, Model, ModelError
from qsp_abm.library import models
from qsp_abm.library.starts import tertiary_lymphoid_structure
from qsp_abm.placement import Placement, place

SIDE, MIDDLE = 20.0, 600.0


def model() -> Model:
    return models.solid_tumour_2d(lattice=Lattice(shape=(60, 60, 1), spacing=SIDE))


def placed(pattern: str, **settings: Any) -> Placement:
    start = [Infiltrate("cd8_effector", 300, pattern, **settings), Ball("tumour", radius=300.0)]
    return place(model(), start, seed=5)


def distances(found: Placement, cell_type: str) -> Any:
    voxels = found.voxels[found.types == list(model().types).index(cell_type) + 1]
    return np.hypot(*((np.stack([voxels % 60, voxels // 60]) + 0.5) * SIDE - MIDDLE))


@pytest.mark.parametrize(
    ("pattern", "low", "high"), [("inflamed", 0, 335), ("excluded", 310, 440), ("desert", 400, 850)]
)
def test_patterns_put_the_same_number_elsewhere(pattern: str, low: float, high: float) -> None:
    found = placed(pattern)
    distance = distances(found, "cd8_effector")
    assert len(distance) == 300
    assert low <= distance.min() and distance.max() <= high
    if pattern == "inflamed":  # evenly over the disc: half of them within the radius of half of its area
        assert np.mean(distance < 320 / np.sqrt(2)) == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(placed(pattern).voxels, found.voxels)
    assert "infiltrate of cd8_effector: 300 cells" in found.report.lines()


def test_a_pattern_without_room_or_tumour_is_refused() -> None:
    with pytest.raises(ModelError, match="no cells of 'tumour' are placed"):
        place(model(), [Infiltrate("cd8_effector", 10, "inflamed")], seed=1)
    with pytest.raises(ModelError, match="no voxel is left for the pattern 'desert'"):
        placed("desert", margin="2 mm")
    with pytest.raises(ModelError, match="around: unknown cell type or group 'tumor'"):
        placed("desert", around="tumor")


def test_a_hollow_ball_is_a_ring() -> None:
    distance = distances(place(model(), [Ball("tumour", radius=300.0, inner="200 um")], seed=1), "tumour")
    assert distance.min() >= 200
    assert len(distance) == pytest.approx(np.pi * (300**2 - 200**2) / SIDE**2, rel=0.02)
    with pytest.raises(ModelError, match="is not below radius"):
        Ball("tumour", radius=100.0, inner=100.0)


def test_a_lymphoid_structure_has_its_follicle_inside() -> None:
    both = models.tumour_microenvironment(lattice=Lattice(shape=(40, 40, 1), spacing=SIDE))
    found = place(both, tertiary_lymphoid_structure((400, 400), "200 um"), seed=1)
    names = np.array(["", *both.types])[found.types]
    far = np.hypot(*((np.stack([found.voxels % 40, found.voxels // 40]) + 0.5) * SIDE - 400))
    assert far[names == "b_cell"].max() <= 120 < far[names != "b_cell"].min()
    assert set(names) == {"b_cell", "cd4_helper", "treg"}

"""Entry from blood goes through transit: what flows in is exactly what has entered and what waits."""

from __future__ import annotations

import numpy as np
import pytest
from machine import MINUTE, Machine
from worlds import BLOOD

from qsp_abm import CellType, Die, Lattice, Leave, Model, Recruit, Vessels

DT = 6 * MINUTE


def tissue(*extra: CellType, side: int = 40, clearance: tuple[float, float] = (2.0, 2.0), **settings: object) -> Model:
    effector = CellType(
        name="effector",
        volume=175.0,
        occupies="small",
        processes=(Recruit(blood="patient.cd8", clearance=clearance[0]),),
    )
    regulator = CellType(
        name="regulator",
        volume=175.0,
        occupies="small",
        processes=(Recruit(blood="patient.treg", clearance=clearance[1]),),
    )
    return Model(
        lattice=Lattice(shape=(side, side, 1), spacing=20.0),
        cells=(effector, regulator, *extra),
        vessels=Vessels(density=0),
        body=BLOOD,
        dt=DT,
    )


@pytest.mark.parametrize("blood", [(100.0, 20.0), (0.0, 50.0), (30.0, 0.0), (0.1, 0.37)])
def test_dt_01_each_type_enters_with_its_own_density(blood: tuple[float, float]) -> None:
    """DT-01: recruited + waiting = the integral of density x clearance, for each type by itself."""
    machine = Machine(tissue(), {}, vessels=[100, 700, 1300], body=blood)
    steps = 240
    for step in range(1, steps + 1):
        machine.run(1)
        entered = machine.tally()["recruited"]
        for index, name in enumerate(("effector", "regulator")):
            flux = blood[index] * 2.0 * step * DT
            waiting = machine.engine.transit()[index]
            assert entered[name] + waiting == pytest.approx(flux, rel=1e-9, abs=1e-9)
            assert -1e-9 <= waiting < 1 + 1e-9  # there is room: only part of a cell waits
            assert machine.counts()[name] == entered[name]
    machine.engine.check()


def test_a_density_that_changes_is_followed() -> None:
    machine = Machine(tissue(), {}, vessels=[100], body=(0.0, 0.0))
    rows = np.abs(np.sin(np.arange(300) / 20))[:, None] * np.array([[40.0, 7.0]])
    machine.engine.run(300, rows)
    entered, waiting = machine.tally()["recruited"], machine.engine.transit()
    for index, name in enumerate(("effector", "regulator")):
        assert entered[name] + waiting[index] == pytest.approx(rows[:, index].sum() * 2.0 * DT, rel=1e-9)


def test_dt_15_cells_without_room_wait_and_are_counted() -> None:
    """DT-15: nothing is lost where all neighbours of the port are occupied; the account falls only by cells placed."""
    wall = CellType(name="wall", volume=4000.0, processes=(Die(rate=0.0),))
    machine = Machine(tissue(wall, side=6), {"wall": np.arange(36)}, vessels=[14], body=(100.0, 0.0))
    machine.run(240)
    flux = 100.0 * 2.0 * 240 * DT
    entered, waiting = machine.tally()["recruited"]["effector"], machine.engine.transit()[0]
    assert entered == 9  # one beside each wall cell around the vessel
    assert waiting == pytest.approx(flux - 9, rel=1e-9)
    machine.engine.remove(machine.columns()["id"][machine.columns()["type"] == 1])
    machine.run(1)
    machine.engine.check()
    assert machine.counts()["effector"] == 9
    assert machine.tally()["recruited"]["effector"] + machine.engine.transit()[0] == pytest.approx(
        200.0 * 241 * DT, rel=1e-9
    )


def test_dt_05_cells_enter_at_the_vessels_and_vessels_stay() -> None:
    """DT-05: entry points persist; every recruit appears in a vessel voxel or beside one."""
    vessels = [205, 1111]
    machine = Machine(tissue(), {}, vessels=vessels, body=(3.0, 2.0))
    machine.run(480)
    assert machine.engine.vessels.tolist() == vessels
    voxel = machine.columns()["voxel"].astype(int)
    near = [min(max(abs(v % 40 - w % 40), abs(v // 40 - w // 40)) for w in vessels) for v in voxel.tolist()]
    assert len(near) > 10
    assert max(near) <= 1


def test_leaving_happens_at_vessels_at_its_rate() -> None:
    leaver = CellType(name="leaver", volume=100.0, occupies="none", processes=(Leave(rate=1.0),))
    model = tissue(leaver)
    beside, away = np.full(4000, 205 + 41), np.full(1000, 1500)
    machine = Machine(model, {"leaver": np.r_[beside, away]}, vessels=[205], body=(0.0, 0.0))
    machine.run_for(1.0)
    left = machine.tally()["left"]["leaver"]
    share = 1 - np.exp(-1.0)
    assert abs(left - 4000 * share) < 4 * np.sqrt(4000 * share * (1 - share))


def test_entry_does_not_depend_on_the_step() -> None:
    found = {}
    for dt in (1.5, 12.0):
        model = tissue().replace(dt=dt * MINUTE)
        machine = Machine(model, {}, vessels=[100, 700], body=(17.1, 3.1))
        machine.run_for(2.0)
        found[dt] = machine.tally()["recruited"]
    assert found[1.5] == found[12.0]

"""Cells and fields: what cells release and take up is what the field gets and loses, in any thickness (SCIENCE.md 6)."""

from __future__ import annotations

import numpy as np
import pytest
from machine import MINUTE, Floats, Machine, group
from numpy.typing import NDArray
from worlds import crowd, settled

from qsp_abm import CellType, Field, Group, Lattice, Model, Rule, Secrete, TakeUp, Trait


def secretors(thickness: float, spacing: float = 20.0, side: int = 30, scheme: str = "transient") -> Model:
    cell = CellType(name="cell", volume=1000.0, processes=(Secrete(field="signal", rate="10 molecule/s"),))
    return Model(
        lattice=Lattice(shape=(side, side, 1), spacing=spacing, thickness=thickness),
        cells=(cell,),
        fields=(Field(name="signal", unit="nM", diffusion="6000 um^2/min", scheme=scheme),),
    )


def test_half_the_thickness_doubles_the_source_per_volume() -> None:
    found = {}
    for thickness in (10.0, 20.0):
        machine = Machine(secretors(thickness), {"cell": np.arange(0, 900, 7)})
        machine.run(20)
        found[thickness] = machine.engine.field(0).astype(float)
    assert found[10.0] == pytest.approx(2 * found[20.0], rel=1e-4)
    # 129 cells, 10 molecules per second each, 2 hours, no loss: the amount is known.
    amount = 129 * 10 * 7200 / 6.02214076e23 * 1e12  # pmol
    volume = 900 * 20.0 * 20.0 * 20.0  # um3
    assert found[20.0].mean() == pytest.approx(amount / volume * 1e12, rel=1e-3)  # nM


def test_the_ledger_of_fields_closes_with_real_cells() -> None:
    machine = settled(crowd((24, 24, 1), speed=3.0), 4)
    machine.run(60)
    for index, name in enumerate(("oxygen", "signal")):
        report = machine.engine.field_report(index)
        gains = report["produced"] + report["exchanged"] + report["boundary"]
        losses = report["decayed"] + report["taken_up"]
        turnover = max(gains, losses)
        print(name, report)  # noqa: T201
        assert turnover > 0
        assert (
            abs(gains - losses - (0 if report["quasi_steady"] else report["change"]))
            <= 1.01 * abs(report["residual"]) + 1e-9 * turnover
        )
        assert abs(report["residual"]) <= 1e-3 * turnover
        assert (machine.engine.field(index) >= 0).all()


def test_secretion_and_uptake_are_those_of_the_cells() -> None:
    """Produced = cells x rate x time; taken up = clearance x concentration x time at a uniform concentration."""
    taker = CellType(
        name="taker",
        volume=1000.0,
        processes=(Secrete(field="signal", rate="5 molecule/s"), TakeUp(field="signal", clearance="10 um^3/s")),
    )
    model = Model(
        lattice=Lattice(shape=(20, 20, 1), spacing=20.0, thickness=15.0),
        cells=(taker,),
        fields=(Field(name="signal", unit="nM", diffusion="6000 um^2/min", scale=1e-3),),
    )
    machine = Machine(model, {"taker": np.arange(400)})
    machine.run(40)
    steady = 5 / 6.02214076e23 * 1e12 / 10 * 1e12  # nM: secretion over clearance
    assert machine.engine.field(0) == pytest.approx(steady, rel=2e-3)
    report = machine.engine.field_report(0)
    produced = 400 * 5 * 86400 / 6.02214076e23 * 1e12 * 40 * model.dt * 1e12  # nM um3
    assert report["produced"] == pytest.approx(produced, rel=1e-5)


def test_fields_settle_at_the_start_and_stay() -> None:
    model = crowd((24, 24, 1), speed=0.0, solid_movers=False)
    model = model.replace(fields=tuple(field.replace(scheme="quasi_steady") for field in model.fields))
    machine = settled(model, 4)
    before = machine.engine.field(0).copy()
    assert before.min() < 39.0  # oxygen is not what it was described as at the start: it has been used
    machine.run(1)
    assert machine.engine.field(0) == pytest.approx(before, rel=0.02, abs=0.05)


def synthetic(spacing: float) -> tuple[float, float]:
    """One tissue of 800 um, 1000 tumour cells per mm2, on voxels of a given size: oxygen used per day, mean IFN-gamma (nM)."""
    extent, thickness = 800.0, 15.0
    rng = np.random.default_rng(11)
    blocks = rng.choice(1600, 640, replace=False)  # at most one cell in each block of 20 um
    x, y = 20.0 * (blocks % 40) + 10.0, 20.0 * (blocks // 40) + 10.0
    killers = rng.uniform(0, extent, (60, 2))
    vessels = rng.uniform(0, extent, (64, 2))  # 100 per mm2
    tumour = CellType(
        name="tumour",
        volume=1000.0,
        processes=(TakeUp(field="oxygen", clearance="2000 um^3/s"), TakeUp(field="ifng", clearance="20 um^3/s")),
    )
    cd8 = CellType(name="cd8", volume=100.0, occupies="none", processes=(Secrete(field="ifng", rate="3 molecule/s"),))
    area = spacing**2 * thickness
    side = round(extent / spacing)
    supply = 2e5 * 24 * 60  # um3/day and vessel: the same permeability and surface, whatever the voxel
    model = Model(
        lattice=Lattice(shape=(side, side, 1), spacing=spacing, thickness=thickness),
        cells=(tumour, cd8),
        fields=(
            Field(
                name="oxygen",
                unit="mmHg",
                diffusion="1e5 um^2/min",
                scale=40,
                initial=40,
                half_saturation=1.5,
                vessel_exchange=supply / area,
                vessel_value=40,
            ),
            Field(name="ifng", unit="nM", diffusion="6000 um^2/min", decay="6.5e-5/s", scale=0.01),
        ),
        vessels={"density": 0},
    )

    def voxel(points: Floats) -> NDArray[np.int64]:
        steps = (points / spacing).astype("i8")
        found: NDArray[np.int64] = steps[:, 0] + side * steps[:, 1]
        return found

    machine = Machine(
        model,
        {"tumour": voxel(np.stack([x, y], axis=1)), "cd8": voxel(killers)},
        vessels=voxel(vessels),
        settle=True,
    )
    machine.run(60)
    start = machine.engine.field_report(0)["taken_up"]
    machine.run(10)
    used = (machine.engine.field_report(0)["taken_up"] - start) / (10 * model.dt)
    return float(used), float(machine.engine.field(1).mean())


def test_oxygen_use_and_interferon_do_not_depend_on_the_voxel() -> None:
    found = {spacing: synthetic(spacing) for spacing in (8.0, 10.0, 20.0)}
    print(found)  # noqa: T201
    for spacing in (10.0, 20.0):
        assert found[spacing][0] == pytest.approx(found[8.0][0], rel=0.05)
        assert found[spacing][1] == pytest.approx(found[8.0][1], rel=0.05)


def relaxing(dt: float) -> Machine:
    cell = CellType(name="cell", volume=1000.0)
    cells = group("cell", cell, traits=(Trait(name="level", rise="1 day", decay="2 day", target=100.0),))
    return Machine(
        Model(lattice=Lattice(shape=(4, 4, 1), spacing=20.0), cells=(cells,), dt=dt * MINUTE), {"cell": [0, 5]}
    )


@pytest.mark.parametrize("dt", [6.0, 360.0])
def test_traits_relax_exactly_from_below_and_above(dt: float) -> None:
    machine = relaxing(dt)
    machine.engine.set_trait(np.array([1, 2], "u4"), 0, np.array([0.0, 300.0], "f4"))
    machine.run_for(1.0)
    level = machine.columns()["trait0"]
    assert level[0] == pytest.approx(100 * (1 - np.exp(-1.0)), rel=1e-4)
    assert level[1] == pytest.approx(100 + 200 * np.exp(-0.5), rel=1e-4)


def test_dt_12_induced_ligand_falls_when_the_signal_is_gone() -> None:
    """DT-12, DT-07: without the cytokine the ligand relaxes with the configured time; a half-life halves."""
    cell = CellType(
        name="cell",
        volume=1000.0,
        rules=(Rule(target="trait.ligand.target", signal="field.ifng", effect="increases", half=0.01, limit=1e5),),
    )
    half_life = 0.5
    model = Model(
        lattice=Lattice(shape=(4, 4, 1), spacing=20.0),
        cells=(
            Group(
                name="cell", types=(cell,), traits=(Trait(name="ligand", rise="1 hour", decay=half_life / np.log(2)),)
            ),
        ),
        fields=(Field(name="ifng", unit="nM", diffusion=1.0, initial=1.0, scheme="transient"),),
    )
    machine = Machine(model, {"cell": [5]})
    machine.run_for(1.0)
    high = machine.columns()["trait0"][0]
    assert high == pytest.approx(1e5 * 100 / 101, rel=0.01)
    machine.engine.restore(machine.engine.state(), machine.columns(), [np.zeros((1, 4, 4), "f4")])
    machine.run_for(half_life)
    assert machine.columns()["trait0"][0] == pytest.approx(high / 2, rel=1e-3)

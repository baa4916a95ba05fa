"""Published closed forms of the spQSP family on the engine: AC-01 to AC-03 of the acceptance checks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qsp_abm import CellType, Die, Divide, Field, Lattice, Model, _core
from qsp_abm.compile import compile_model
from qsp_abm.library import cells
from qsp_abm.library.cells.tumour_hierarchy import stationary_composition
from qsp_abm.parameters import load

LATTICE = Lattice(shape=(8, 8), spacing=20.0)


def engine_of(model: Model, codes: np.ndarray[tuple[int], np.dtype[np.uint8]], seed: int = 1) -> _core.Engine:
    """Return the engine of a model with cells of these types, all without room of their own."""
    engine = _core.Engine(compile_model(model), np.array([], "i8"), seed, 1)
    keys = _core.mix(np.arange(len(codes), dtype="u8"), np.uint64(7))
    engine.place(codes, np.arange(len(codes)) % 64, keys)
    return engine


@pytest.mark.parametrize(("growth", "days"), [(0.01, 69.3), (0.012, 57.8), (0.005, 139.0)])
def test_ac_01_tumours_double_in_the_published_time(growth: float, days: float) -> None:
    founders, steps = 100_000, 50
    cell = CellType(name="cell", volume=1.0, occupies="none", processes=(Divide(rate=growth),))
    engine = engine_of(Model(lattice=LATTICE, cells=(cell,), dt=days / steps), np.ones(founders, "u1"))
    engine.run(steps, np.zeros((steps, 0)))
    ratio = int(engine.counts()[0]) / founders
    print(f"growth {growth:g} /day: x {ratio:.4f} in {days:g} days")  # noqa: T201
    assert ratio == pytest.approx(
        2.0, abs=4 * math.sqrt(2 / founders) + 0.003
    )  # chance, and the days have three digits


# Percent of each kind as an HCC run printed them (progenitors by generation).
PRINTED = {
    "tumour_stem": 0.348,
    **{
        f"tumour_progenitor_{k}": share
        for k, share in enumerate((0.155, 0.303, 0.592, 1.156, 2.258, 4.411, 8.615, 16.83, 32.86), 1)
    },
    "tumour_senescent": 32.47,
}


def test_ac_02_the_stationary_composition_is_the_printed_one() -> None:
    found = stationary_composition()
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-12)
    for name, percent in PRINTED.items():
        assert 100 * found[name] == pytest.approx(percent, rel=3e-3), name


def test_ac_02_the_hierarchy_keeps_its_composition_and_grows_at_the_published_rate() -> None:
    """Net 0.012 /day, and after five days every fraction as it was; the trait `destiny` counts the generations."""
    number = 60_000
    group = cells.tumour_hierarchy(
        without=("ifng", "ccl2", "tgfb", "vegf"), oxygen_clearance=0.0, hypoxic_death_rate=0.0, remains_clearance=1e3
    )
    group = group.replace(types=tuple(each.replace(occupies="none") for each in group.types))
    air = Field(name="oxygen", unit="mmHg", diffusion=1.0, initial=1e6, scale=1e6)  # division at its full rate
    steps, days = 480, 5.0
    model = Model(lattice=LATTICE, cells=(group,), fields=(air,), dt=days / steps)
    composition = stationary_composition()
    expected = np.array([round(number * share) for share in composition.values()])
    codes = np.repeat(np.array([1, *[2] * 9, 3], "u1"), expected)
    generation = np.repeat(np.arange(11), expected)  # 0 stem, 1-9, 10 senescent
    engine = engine_of(model, codes)
    destiny = [trait.name for trait in group.traits].index("destiny")
    traits = np.where(generation == 0, 2.0**8.75, 2.0 ** (9.75 - generation)).astype("f4")
    engine.set_trait(engine.columns()["id"], destiny, traits)
    rates = engine.fate_rates(np.zeros(0))
    growth = (rates["divides"].sum() - rates["dies"][:3].sum()) / number
    print(f"net growth {growth:.5f} /day")  # noqa: T201
    assert growth == pytest.approx(0.012, rel=0.01)
    assert (rates["divides"][0] - rates["becomes_other"][0]) / expected[0] == pytest.approx(0.012, rel=1e-4)
    engine.run(steps, np.zeros((steps, 0)))
    columns, counts = engine.columns(), engine.counts()
    progenitors = columns[f"trait{destiny}"][columns["type"] == 2]
    told = np.round(9.75 - np.log2(progenitors)).astype(int)
    found = np.array([counts[0], *np.bincount(told, minlength=10)[1:10], counts[2]]) / counts[:3].sum()
    for name, share, ours in zip(composition, composition.values(), found, strict=True):
        print(f"{name}: {100 * ours:.3f} %, published {PRINTED[name]} %")  # noqa: T201
        # chance: branching for five days about triples the variance of a Poisson number
        assert ours == pytest.approx(share, rel=0.01, abs=4 * math.sqrt(3 * share / number)), name


@pytest.mark.parametrize(("rate", "escape"), [(4.0, 0.3679), (1.2, 0.740818), (0.1, 0.97531), (2.0 / 50.0, 0.99005)])
def test_ac_03_probabilities_of_a_slice_of_six_hours(rate: float, escape: float) -> None:
    """Kill 4 and 1.2 /day, exhaustion by PD-L1 0.1 /day and by regulatory cells 2/50 /day: who escapes one step of 6 h."""
    number = 1_000_000
    assert math.exp(-rate * 0.25) == pytest.approx(escape, rel=6e-5)
    cell = CellType(name="cell", volume=1.0, occupies="none", processes=(Die(rate=rate),))
    engine = engine_of(Model(lattice=LATTICE, cells=(cell,), dt="6 hour"), np.ones(number, "u1"))
    engine.run(1, np.zeros((1, 0)))
    share = int(engine.counts()[0]) / number
    assert abs(share - escape) < 4 * math.sqrt(escape * (1 - escape) / number) + 5e-5


def test_ac_03_molecules_in_a_synapse() -> None:
    """6e4 PD-1 and 1.6e6 PD-L1 per cell over spheres of 6.94 and 16.9 um, in a synapse of 37.8 um2."""
    number = {name: parameter.value for name, parameter in load("pd1").items()}
    assert 6e4 * 37.8 / number["receptor_area"] == pytest.approx(1.5e4, rel=1e-3)
    assert 1.6e6 * 37.8 / number["ligand_area"] == pytest.approx(6.7e4, rel=7e-3)

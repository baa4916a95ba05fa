"""Pembrolizumab against its published population model.

Exposures: typical patient of Ahamadi 2017 (doi:10.1002/psp4.12139, Table 3), computed independently with LSODA at rtol 1e-8 with
infusions of 30 min; tolerance 0.5 % because the reference is printed with three digits. Steady state: interval after the last of
20 (q3w) or 12 (q6w) doses. Published population means are looser: AUC over 6 weeks 1870 and 1380 ug day/mL (Freshwater 2017,
J Immunother Cancer 5:43), within 5 % although the typical patient is not the mean.

Occupancy: at least 95 % in the tumour at trough for 200 mg q3w, graded and falling down to 0.05 mg/kg; above 98 % at 2 mg/kg q3w
was predicted by a published mechanistic model with the same affinity (29 pM).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from qsp_abm.body.machine import BodyMachine
from qsp_abm.doses import Dose
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.library.regimens import pembrolizumab_2mg_per_kg_q3w, pembrolizumab_200mg_q3w, pembrolizumab_400mg_q6w

STEPS = 48  # per day: the end of the infusion is a sample


@lru_cache
def signals(amount: str, every: int, cycles: int, steps: int = STEPS) -> np.ndarray:
    """Return plasma, interstitium, occupancy at each step (rows)."""
    machine = BodyMachine(None, [pembrolizumab()], [Dose("pembrolizumab", amount, every=every)])
    rows = [machine.signals()]
    for step in range(every * cycles * steps):
        machine.advance(step / steps, (step + 1) / steps)
        rows.append(machine.signals())
    return np.array(rows)


def exposure(amount: str, every: int, cycles: int) -> dict[str, float]:
    plasma = signals(amount, every, cycles)[:, 0]
    first, last = plasma[: every * STEPS + 1], plasma[-every * STEPS - 1 :]
    return {
        "first peak": first.max(),
        "first trough": first[-1],
        "peak": last.max(),
        "trough": last[-1],
        "area": float(np.trapezoid(last, dx=1 / STEPS)),
        "first area": float(np.trapezoid(first, dx=1 / STEPS)),
    }


@pytest.mark.parametrize(
    ("amount", "every", "cycles", "name", "expected", "tolerance"),
    [
        # tolerance: 0.5 %, or half of the last printed digit where that is coarser
        ("200 mg", 21, 20, "area", 909.1, 0.005),
        ("200 mg", 21, 20, "first peak", 57.3, 0.005),
        ("200 mg", 21, 20, "first trough", 12.7, 0.005),
        ("200 mg", 21, 20, "peak", 86.8, 0.005),
        ("200 mg", 21, 20, "trough", 29.5, 0.005),
        ("2 mg/kg", 21, 20, "area", 1396 / 2, 0.005),
        ("400 mg", 42, 12, "area", 1818.2, 0.005),
        ("400 mg", 42, 12, "peak", 136.0, 0.005),
        ("400 mg", 42, 12, "trough", 21.4, 0.005),
        ("200 mg", 21, 20, "area", 1870 / 2, 0.05),
        ("2 mg/kg", 21, 20, "area", 1380 / 2, 0.05),
    ],
)
def test_exposure(amount: str, every: int, cycles: int, name: str, expected: float, tolerance: float) -> None:
    assert exposure(amount, every, cycles)[name] == pytest.approx(expected, rel=tolerance)


def test_accumulation() -> None:
    found = exposure("200 mg", 21, 20)
    assert found["area"] / found["first area"] == pytest.approx(2.09, rel=0.005)  # label: 2.1-fold


def test_steady_state_area_is_dose_over_clearance() -> None:
    assert exposure("200 mg", 21, 20)["area"] == pytest.approx(200 / 0.220, rel=1e-4)


def test_occupancy_over_doses() -> None:
    doses = (0.05, 0.2, 1.0, 2.0, 10.0)
    cycles, steps = 8, 10
    table = []
    for dose in doses:
        occupancy = signals(f"{dose} mg/kg", 21, cycles, steps)[:, 2]
        cycle = 21 * steps
        table.append([occupancy[cycle], occupancy[1 : cycle + 1].mean(), occupancy[-1], occupancy[-cycle:].mean()])
    found = np.array(table)
    print("\npembrolizumab q3w: PD-1 occupancy in the tumour\n  mg/kg  trough 1   mean 1  trough 8   mean 8")  # noqa: T201
    for dose, row in zip(doses, found, strict=True):
        print(f"{dose:7g}" + "".join(f"{value:9.3f} " for value in row))  # noqa: T201
    assert (np.diff(found, axis=0) > 0).all()  # rises with dose: first and later cycles, trough and mean
    assert (found[0] < 0.5).all()  # 0.05 mg/kg: clearly below saturation
    assert ((found[1] > 0.1) & (found[1] < 0.9)).all()  # 0.2 mg/kg: on the slope
    assert (found[3:] > 0.98).all()  # 2 mg/kg and above


def test_occupancy_at_trough() -> None:
    occupancy = signals("200 mg", 21, 20)[:, 2]
    assert occupancy[21 * STEPS] >= 0.95
    assert occupancy[-1] >= 0.95


def test_interstitium_stays_within_partition() -> None:
    rows = signals("200 mg", 21, 20)
    assert (rows[1:, 1] >= 0).all()
    assert rows[-1, 1] < 0.3 * rows[-1, 0] * 1e6 / 149_000


def test_regimens() -> None:
    for regimen, amount, every in (
        (pembrolizumab_200mg_q3w(), "200 mg", 21.0),
        (pembrolizumab_400mg_q6w(), "400 mg", 42.0),
        (pembrolizumab_2mg_per_kg_q3w(), "2 mg/kg", 21.0),
    ):
        assert regimen.doses == (Dose("pembrolizumab", amount, every=every),)
        assert regimen.source

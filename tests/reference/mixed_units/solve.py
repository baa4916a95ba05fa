"""The model by scipy's Radau on the plain right-hand side; writes radau.csv: `python -m tests.reference.mixed_units.solve`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from .build import coherent, right_hand_side, to_declared
from .description import describe

TABLE = Path(__file__).parent / "radau.csv"
TIMES = (0.0, 20.0, 60.0, 100.0, 119.0, 121.0, 140.0, 200.0, 300.0, 400.0)


def solve() -> dict[str, np.ndarray]:
    """Return every species and rule at `TIMES` in its declared unit."""
    m = coherent(describe())
    state, derivatives, values = right_hand_side(m)
    number = {name: value for name, (value, _) in m.parameters.items()}
    cancer, drug = (list(m.species).index(name) for name in ("C", "Drug_C"))

    def jacobian(time: float, y: np.ndarray) -> np.ndarray:
        step = 1e-20 * np.maximum(1.0, abs(y))
        return derivatives(time, y[:, None] + 1j * np.diag(step)).imag / step

    def surgery(_: float, y: np.ndarray) -> float:
        return float(y[cancer] - number["C_surgery"])

    surgery.terminal, surgery.direction = True, 1.0  # type: ignore[attr-defined]
    found, now, treated = {0.0: state}, 0.0, False
    while now < TIMES[-1]:
        end = TIMES[-1] if treated else number["t_dose"]
        run = solve_ivp(
            derivatives,
            (now, end),
            state,
            "Radau",
            events=surgery,
            jac=jacobian,
            rtol=1e-8,
            atol=1e-6,
            dense_output=True,
        )
        assert run.success, run.message
        found |= {time: run.sol(time) for time in TIMES if now < time <= run.t[-1]}
        now, state = float(run.t[-1]), run.y[:, -1].copy()
        if run.status == 1:
            state[cancer] = number["C_left"]
        elif not treated:
            state[drug] += number["dose"] * m.compartments["central"][0]
            treated = True
    scale = to_declared(describe())
    rows = [values(found[time]) for time in TIMES]
    return {name: np.array([row[name] for row in rows]) * scale[name] for name in rows[0]}


def write() -> None:
    """Write the table, 10 digits."""
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["id", *(f"{time:g}" for time in TIMES)])
        for name, column in solve().items():
            rows.writerow([name, *(f"{value:.10g}" for value in column)])


if __name__ == "__main__":
    write()

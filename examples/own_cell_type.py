"""A cell type and a rule of one's own: natural killer cells that oxygen wakes up, in a small disc of tumour.

    python examples/own_cell_type.py

The same function serves an experiment file: ``use = "own_cell_type.py:model"``.
"""

from __future__ import annotations

import qsp_abm as qa
from qsp_abm.library import cells, fields


def model(lattice: qa.Lattice | None = None, hits_per_hour: float = 1.0) -> qa.Model:
    """Return tumour cells, natural killer cells and what both breathe."""
    killer = qa.CellType(
        name="natural_killer",
        volume="250 um^3",
        occupies="small",
        processes=[
            qa.Move(motility="5 um^2/min", permeability={"tumour": 0.2}),
            qa.Kill(targets=["tumour"], engage="1 / hour", hit_rate="0.1 / hour", detach="1 / hour"),
            qa.TakeUp(field="oxygen", clearance="1600 um^3/s"),
        ],
        rules=[
            qa.Rule(
                target="kill.hit_rate",
                signal="field.oxygen",
                effect="increases",
                half="10 mmHg",
                limit=f"{hits_per_hour} / hour",
                power=2,
            )
        ],
    )
    return qa.Model(
        lattice=lattice or qa.Lattice(shape=(60, 60), spacing="15 um"),
        cells=[cells.tumour(), killer],
        fields=[fields.oxygen(), fields.ifng()],
        vessels=qa.Vessels(density=100),
    )


def main() -> None:
    """Run ten days with few and with many killers, side by side in one script."""
    for density in ("50 / mm^2", "500 / mm^2"):
        start = (qa.Ball("tumour", radius="200 um"), qa.Scatter("natural_killer", density=density))
        simulation = qa.Simulation(model(), start=start, seed=1)
        before = simulation.counts()["tumour"]
        simulation.run("10 day")
        print(f"{density}: {before} tumour cells, after {simulation.day:g} day {simulation.counts()['tumour']}")


if __name__ == "__main__":
    main()

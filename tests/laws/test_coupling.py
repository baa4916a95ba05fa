"""Tissue and body exchange through declared accounts: nothing is lost, nothing depends on the window or on a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qsp_abm as qa

# Blood that is debited by what enters the tissue and credited by what leaves; antigen of killed tumour cells, which decays.
BLOOD = qa.Body(
    name="blood",
    antimony="""
compartment patient = 1;
substanceOnly species cd8 in patient; substanceOnly species antigen in patient; substanceOnly species tumour_seen in patient;
cd8 = 4e9; antigen = 0; tumour_seen = 0;
blood_entering = 0; blood_leaving = 0; blood_killed = 0; blood_tumour = 0;
debit: cd8 => ; blood_entering; credit: => cd8; blood_leaving;
release: => antigen; blood_killed; gone: antigen => ; 0.5 * antigen;
seen: => tumour_seen; blood_tumour;
density := cd8 / 5e6;
""",
    signals={"blood.cd8": ("density", "cell/uL")},
    species={"cd8": "cell", "antigen": "cell", "tumour_seen": "cell day"},
    inputs={
        "entering": ("blood_entering", "cell/day"),
        "leaving": ("blood_leaving", "cell/day"),
        "killed": ("blood_killed", "cell/day"),
        "tumour": ("blood_tumour", "cell"),
    },
)
INPUTS: dict[str, Any] = {
    "entering": qa.Happened(event="entering", types=("cd8",)),
    "leaving": qa.Happened(event="left", types=("cd8",)),
    "killed": qa.Happened(event="died", types=("tumour",)),
    "tumour": qa.Living(types=("tumour",)),
}
DRUG = qa.Drug(
    name="drug",
    antimony="compartment space = 1; substanceOnly species drug_central in space; drug_central = 0; drug_infusion = 0;"
    " drug_in: => drug_central; drug_infusion; drug_out: drug_central => ; 0.1 * drug_central;",
    dose_into="drug_central",
    infusion="drug_infusion",
    duration="2 hour",
    species={"drug_central": "mg"},
)


def model(side: int = 20, scale: int = 50_000, exchange: Any = None, **settings: Any) -> qa.Model:
    tumour = qa.CellType(name="tumour", volume=2500.0, processes=(qa.Divide(rate=0.2), qa.Die(rate=0.3)))
    cd8 = qa.CellType(
        name="cd8",
        volume=175.0,
        occupies="small",
        processes=(
            qa.Recruit(blood="blood.cd8", clearance=1e-4 * side**2),
            qa.Leave(rate=2.0),
            qa.Die(rate=0.1),
            qa.Move(motility="5 um^2/min", persistence="1 min"),
        ),
    )
    return qa.Model(
        lattice=qa.Lattice(shape=(side, side, 1), spacing=20.0, thickness=20.0),
        cells=(tumour, cd8),
        vessels=qa.Vessels(density=100),
        body=BLOOD,
        drugs=(DRUG,),
        coupling=qa.Coupling(inputs=INPUTS, scale=scale, exchange=exchange),
        **settings,
    )


def simulation(of: qa.Model, seed: int = 1, **settings: Any) -> qa.Simulation:
    doses = [qa.Dose("drug", "10 mg", at=0.3, every=0.5), qa.Dose("drug", "5 mg", at=1.01, duration="9 hour")]
    start = qa.Scatter("tumour", density="800 / mm^2")
    return qa.Simulation(of, start, doses, seed=seed, threads=1, **settings)


def balance(one: qa.Simulation) -> dict[str, float]:
    """Return where the T cells are, in cells of the lesion."""
    scale, told = 50_000, one.coupled()["told"]
    tally, step = one.tally(), one._exchange.steps * one.model.dt  # type: ignore[union-attr]
    return {
        "blood": one._body.species()[one._body.species_names.index("cd8")],  # type: ignore[union-attr]
        "not yet told": step * (told["leaving"] - told["entering"]),
        "transit": scale * float(one._engine.transit()[1]),
        "tissue": scale * float(one.counts()["cd8"]),
        "dead": scale * float(tally["died_die"]["cd8"]),
    }


@pytest.mark.parametrize("exchange", [None, "1 hour"])
def test_no_cell_is_lost_between_body_and_tissue(exchange: Any) -> None:
    one = simulation(model(exchange=exchange))
    for day in (0.5, 2.0, 6.0):
        one.step_until(day)
        assert sum(balance(one).values()) == pytest.approx(4e9, rel=1e-9)
    assert balance(one)["tissue"] > 0
    assert one.tally()["left"]["cd8"] > 0


def test_the_body_is_told_what_happened() -> None:
    one = simulation(model(exchange="1 hour"))
    assert one.coupled()["told"] == {
        "entering": 0,
        "leaving": 0,
        "killed": 0,
        "tumour": 50_000 * one.counts()["tumour"],
    }
    one.step_until(1)
    before = one.tally()["died_die"]["tumour"]
    one.step_until(1 + 1 / 24)
    told = one.coupled()["told"]
    assert told["killed"] == pytest.approx(50_000 * 24 * (one.tally()["died_die"]["tumour"] - before))
    assert told["tumour"] == 50_000 * one.counts()["tumour"]


def test_the_scale_follows_from_the_volume_of_the_lesion() -> None:
    lesion = qa.Coupling(inputs=INPUTS, lesion="1.6 mm^3")
    assert lesion.windows(model().lattice) == 500
    with pytest.raises(qa.ModelError, match="is smaller than the lattice"):
        qa.Coupling(inputs=INPUTS, lesion="1000 um^3").windows(model().lattice)


def test_restart_is_exact_at_any_time() -> None:
    """With infusions running and doses pending, between two exchanges too."""
    random = np.random.default_rng(7)
    whole = simulation(model(exchange="1 hour"))
    states = {}
    for step in sorted(random.choice(np.arange(1, 480), 15, replace=False).tolist()):
        whole.step_until(step * whole.model.dt)
        states[step] = whole.snapshot()
    whole.step_until(2)
    for step, state in states.items():
        again = qa.Simulation.from_snapshot(state, threads=1)
        assert again.step == step
        again.step_until(2)
        assert again.digest() == whole.digest(), f"restarted at step {step}"


def test_what_is_recorded_does_not_matter(tmp_path: Path) -> None:
    alone, seen = simulation(model(exchange="1 hour")), simulation(model(exchange="1 hour"))
    alone.step_until(1)
    run = seen.run("1 day", record=tmp_path / "run.vtkhdf", every="30 min")
    assert run is not None
    assert seen.digest() == alone.digest()
    told = run.ledger["told__tumour"]
    assert told.iloc[-1] == 50_000 * seen.counts()["tumour"]


def test_cells_pushed_out_of_the_window_live_on_outside() -> None:
    """Of a full window that grows, the lesion keeps growing at its rate."""
    grower = qa.CellType(name="tumour", volume=2500.0, processes=(qa.Divide(rate=0.5, push=30),))
    body = qa.Body(name="b", antimony="b_seen = 0;", inputs={"tumour": ("b_seen", "cell")})
    full = qa.Model(
        lattice=qa.Lattice(shape=(16, 16, 1), spacing=20.0, thickness=20.0, edges="open"),
        cells=(grower,),
        body=body,
        coupling=qa.Coupling(inputs={"tumour": qa.Living(types=("tumour",))}, scale=10),
    )
    one = qa.Simulation(full, qa.Scatter("tumour", density="2500 / mm^2"), seed=4, threads=1)
    born = one.counts()["tumour"]
    one.step_until(2)
    tally, outside = one.tally(), one.coupled()["outside"]["tumour"]
    assert tally["moved_out"]["tumour"] > 0
    assert outside >= 10 * tally["moved_out"]["tumour"]
    assert one.coupled()["told"]["tumour"] == 10 * one.counts()["tumour"] + outside
    total = one.coupled()["told"]["tumour"] / (10 * born)
    assert total == pytest.approx(np.exp(0.5 * 2), rel=0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"inputs": {"tumor": qa.Living(types=("tumour",))}},
            r"body 'blood' has no such input; did you mean 'tumour'\?",
        ),
        ({"inputs": {"tumour": qa.Living(types=("tumor",))}}, r"unknown cell type or group 'tumor'"),
        ({"inputs": {"tumour": qa.MeanField(field="oxygen")}}, r"unknown field 'oxygen'"),
        ({"inputs": {"killed": qa.Living(types=("tumour",))}}, r"coupling: killed"),
        ({"exchange": "7 min"}, "is no whole number of steps"),
        ({"represents": "lesion", "scale": None}, "a section cannot represent a lesion"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(qa.ModelError, match=message):
        model().replace(coupling=qa.Coupling(**({"inputs": INPUTS, "scale": 10} | change)))


def test_unknown_events_and_two_scales_are_refused() -> None:
    with pytest.raises(qa.ModelError, match=r"event: 'killd' is unknown; did you mean 'killed'\?"):
        qa.Happened(event="killd", types=("tumour",))
    with pytest.raises(qa.ModelError, match="give one of them"):
        qa.Coupling(inputs=INPUTS, scale=10, lesion="1 mm^3")
    with pytest.raises(qa.ModelError, match="has the scale 1; leave it out"):
        qa.Coupling(inputs=INPUTS, represents="lesion", scale=10)


def test_the_patient_does_not_depend_on_the_size_of_the_window() -> None:
    """Four times the window, a quarter of the scale: the same blood, antigen and tumour (95 % interval of the ratio in 0.93 to 1.07)."""
    found: dict[int, list[list[float]]] = {50: [], 100: []}
    for side, rows in found.items():
        for seed in range(8):
            one = simulation(model(side, scale=200_000 * 50**2 // side**2, exchange="1 hour"), seed=100 * side + seed)
            one.step_until(4)
            body = dict(zip(one._body.species_names, one._body.species(), strict=True))  # type: ignore[union-attr]
            rows.append([body["antigen"], body["tumour_seen"], 4e9 - body["cd8"]])
    small, large = (np.log(rows) for rows in found.values())
    difference = large.mean(axis=0) - small.mean(axis=0)
    error = np.sqrt((small.var(axis=0, ddof=1) + large.var(axis=0, ddof=1)) / len(small))
    assert (np.abs(difference) + 2.15 * error < np.log(1.07)).all(), (difference, error)

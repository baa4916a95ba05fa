"""A tissue inside the immuno-oncology patient: what the body is told, that it answers, and an exact restart."""

from __future__ import annotations

import pytest

import qsp_abm as qa
from qsp_abm.library import bodies, drugs, models
from qsp_abm.library.couplings import immuno_oncology_coupling

SCALE = 20_000


def patient(doses: tuple[qa.Dose, ...] = (), **settings: object) -> qa.Simulation:
    drug = drugs.pembrolizumab()
    tissue = models.solid_tumour_2d(drugs=[drug], lattice=qa.Lattice(shape=(30, 30, 1), spacing=20.0))
    body = bodies.immuno_oncology("nsclc", anti_pd1=["pembrolizumab"], alone=0, blood_cd8_start="5e8 cell")
    coupling = immuno_oncology_coupling(tissue, scale=SCALE, exchange="30 min")
    start = [
        qa.Ball("tumour", radius=120.0),
        qa.Scatter("cd8", "600 / mm^2", fractions={"cd8_effector": 0.4, "cd8_bystander": 0.6}),
        qa.Scatter("treg", "60 / mm^2"),
    ]
    return qa.Simulation(tissue.replace(body=body, coupling=coupling), start, doses, seed=2, threads=1, **settings)


def amounts(one: qa.Simulation) -> dict[str, float]:
    assert one._body is not None
    return dict(zip(one._body.species_names, one._body.species(), strict=True))


def test_the_body_is_told_of_the_lesion_and_answers() -> None:
    one = patient()
    told = one.coupled()["told"]
    assert told["cancer"] == SCALE * one.counts()["tumour"]
    assert told["entry_cd8"] == told["return_cd8"] == told["kills"] == 0
    one.step_until(3)
    tally, told = one.tally(), one.coupled()["told"]
    assert told["cancer"] == SCALE * one.counts()["tumour"]
    t_cells = sum(count for name, count in one.counts().items() if name.startswith("cd8")) + one.counts()["treg"]
    assert told["t_cells"] == SCALE * t_cells
    assert sum(tally["died_killed"].values()) > 0
    body = amounts(one)
    assert body["tumour_neoantigen"] > 0, "what dies in the tissue releases antigen in the body"
    assert body["tumour_cancer"] == pytest.approx(amounts(patient())["tumour_cancer"]), "its own tumour stands still"


def test_it_restarts_exactly_with_a_dose_pending() -> None:
    doses = (qa.Dose("pembrolizumab", "200 mg", at=0.4),)
    whole = patient(doses)
    whole.step_until(0.35)
    again = whole.branch()
    for one in (whole, again):
        one.step_until(1)
    assert again.digest() == whole.digest()
    assert whole.body()["pembrolizumab.plasma"] > 0

"""Unlike daughters: their part, their traits, their lineage, and that a hierarchy keeps its composition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qsp_abm as qa


def model(fraction: float, *, traits: tuple[qa.Trait, ...] = (), into: str | None = "progenitor") -> qa.Model:
    stem = qa.CellType(
        name="stem", volume=100.0, occupies="small", processes=(qa.Divide(rate=0.7, into=into, fraction=fraction),)
    )
    progenitor = qa.CellType(name="progenitor", volume=100.0, occupies="small", processes=(qa.Die(rate=0.2),))
    return qa.Model(
        lattice=qa.Lattice(shape=(60, 60, 1), spacing=20.0, thickness=20.0),
        cells=(qa.Group(name="tumour", types=(stem, progenitor), traits=traits),),
    )


def run(of: qa.Model, day: float, seed: int = 1, **settings: Any) -> qa.Simulation:
    one = qa.Simulation(of, qa.Scatter("stem", density="2000 / mm^2"), seed=seed, **settings)
    one.step_until(day)
    return one


@pytest.mark.parametrize("fraction", [0.3, 1.0])
def test_the_stated_part_of_the_daughters_is_unlike(fraction: float) -> None:
    """Stem cells grow at rate (1 - f) r; progenitors follow dP/dt = f r S - d P."""
    one = run(model(fraction), 3.0)
    born = one.tally()["born"]
    total = sum(born.values())
    assert born["progenitor"] / total == pytest.approx(fraction, abs=4 * np.sqrt(0.25 / total) if fraction < 1 else 0)
    r, d, t, start = 0.7, 0.2, 3.0, one.tally()["started"]["stem"]
    alike = (1 - fraction) * r
    stems = start * np.exp(alike * t)
    progenitors = start * fraction * r * (np.exp(alike * t) - np.exp(-d * t)) / (alike + d)
    assert one.counts()["stem"] == pytest.approx(stems, rel=0.04)
    assert one.counts()["progenitor"] == pytest.approx(progenitors, rel=0.06)


def test_a_daughter_inherits_and_belongs_to_her_mother(tmp_path: Any) -> None:
    trait = qa.Trait(name="antigen", start=qa.LogNormal(median=1e4, sigma=1.0))
    one = qa.Simulation(model(0.5, traits=(trait,)), qa.Scatter("stem", density="500 / mm^2"), seed=2)
    found = one.run("2 day", record=tmp_path / "run.vtkhdf", every="1 day")
    assert found is not None
    cells = found.cells().set_index("id")
    young = cells[(cells["parent"] > 0) & cells["parent"].isin(cells.index)]
    assert set(young["cell_type"].astype(str)) == {"stem", "progenitor"}
    np.testing.assert_array_equal(young["antigen"], cells.loc[young["parent"], "antigen"])
    assert found.ledger["born__progenitor"].iloc[-1] == one.tally()["born"]["progenitor"]


def test_the_bits_do_not_depend_on_threads() -> None:
    digests = {run(model(0.4), 1.0, threads=threads).digest()["all"] for threads in (1, 2)}
    assert len(digests) == 1


def test_recruitment_counts_what_unlike_daughters_become() -> None:
    """The rate at which progenitors arrive from divisions is part of the balance that solves their entry."""
    one = qa.Simulation(model(0.25), qa.Scatter("stem", density="1000 / mm^2"), seed=1)
    rates = one._engine.fate_rates(np.zeros(0))
    stems = one.counts()["stem"]
    assert rates["divides"][0] == pytest.approx(0.75 * 0.7 * stems, rel=1e-5)
    assert rates["arrives"][1] == pytest.approx(0.25 * 0.7 * stems, rel=1e-5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(qa.ModelError, match="unknown type of its group 'progenitr'; did you mean 'progenitor'"):
        model(0.5, into="progenitr")
    with pytest.raises(qa.ModelError, match="fraction"):
        qa.Divide(rate=1.0, into="progenitor", fraction=0.0)


def test_the_sentence_says_it() -> None:
    assert "its daughter is a progenitor cell in 0.3 of the divisions" in model(0.3).describe()

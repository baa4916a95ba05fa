"""PD-1 and PD-L1: the two-dimensional equilibrium, its limits, and a block of numbers that does not saturate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from qsp_abm.library.cells import cd8, tumour
from qsp_abm.library.synapses import pd1
from qsp_abm.library.synapses.pd1 import two_dimensional
from qsp_abm.parameters import load

DENSITIES = st.floats(1e-3, 1e4)


def bonds(receptor: float, ligand: float, dissociation: float) -> float:
    """Return bonds per um2: the smaller root of x^2 - (a + b + K) x + a b = 0, without cancellation."""
    total = receptor + ligand + dissociation
    return 2 * receptor * ligand / (total + math.sqrt(total**2 - 4 * receptor * ligand))


def response(bound: float, half: float, power: float = 2.0) -> float:
    """Return the Hill response."""
    raised = math.pow(bound / half, power)
    return raised / (1 + raised)


def test_two_dimensional_constants() -> None:
    """Table PH-2: Kd x N_A x 3 nm."""
    assert two_dimensional(8200.0, 0.003) == pytest.approx(14.81, abs=0.005)
    assert two_dimensional(2300.0, 0.003) == pytest.approx(4.155, abs=0.0005)
    assert pd1().affinity == two_dimensional(8200.0, 0.003)


def test_published_numbers_saturate() -> None:
    """Table PH-2: QSP-IO's receptor numbers and half-effect, without drug and with 99 % of PD-1 blocked."""
    synapse = pd1()
    receptor, ligand = 26660 / synapse.receptor_area, 224000 / synapse.ligand_area
    assert receptor == pytest.approx(176.2, abs=0.05)
    assert ligand == pytest.approx(249.6, abs=0.05)
    free = bonds(receptor, ligand, synapse.affinity)
    assert free == pytest.approx(152.81, abs=0.005)
    assert response(free, 6.0) == pytest.approx(0.998, abs=0.0005)
    blocked = bonds(0.01 * receptor, ligand, synapse.affinity)
    assert blocked == pytest.approx(1.66, abs=0.005)
    assert response(blocked, 6.0) == pytest.approx(0.071, abs=0.0005)


@given(DENSITIES, DENSITIES, DENSITIES)
def test_mass_action_and_limits(receptor: float, ligand: float, dissociation: float) -> None:
    bound = bonds(receptor, ligand, dissociation)
    assert 0 < bound < min(receptor, ligand)
    assert (receptor - bound) * (ligand - bound) == pytest.approx(dissociation * bound, rel=1e-6)
    assert bonds(ligand, receptor, dissociation) == pytest.approx(bound, rel=1e-12)
    assert bonds(receptor, 2 * ligand, dissociation) >= bound
    assert bonds(0.5 * receptor, ligand, dissociation) <= bound


def pdl1_percentiles(induced: float = 0.0) -> tuple[float, float]:
    """Return the 10th and 90th percentile of PD-L1 per tumour cell, molecules."""
    number = {name: parameter.value for name, parameter in load("tumour").items()}
    low, high = (number["pdl1_median"] * math.exp(number["pdl1_sigma"] * norm.ppf(q)) + induced for q in (0.1, 0.9))
    return float(low), float(high)


def effect(ligands: float, occupancy: float = 0.0, who: str = "cd8_effector") -> float:
    """Return H of killing at a number of PD-L1 on the target."""
    synapse = pd1()
    receptor = synapse.receptor[who] / synapse.receptor_area * synapse.enrichment * (1 - occupancy)
    if receptor == 0:
        return 0.0
    number = load("cd8")
    bound = bonds(receptor, ligands / synapse.ligand_area * synapse.enrichment, synapse.affinity)
    return response(bound, number["pd1_half"].value, number["pd1_power"].value)


def test_the_synapse_is_not_saturated() -> None:
    low, high = (effect(n) for n in pdl1_percentiles())
    assert low <= 0.2, "synapse saturated"
    assert high >= 0.8, "synapse cannot suppress"


def test_interferon_gamma_moves_the_whole_span() -> None:
    """Half-induced PD-L1 (adaptive resistance) suppresses the median cell clearly more than none."""
    median, induced = load("tumour")["pdl1_median"].value, load("tumour")["pdl1_induced"].value
    assert effect(median + 0.5 * induced) - effect(median) > 0.3


def test_the_drug_acts_by_degrees() -> None:
    _, high = pdl1_percentiles()
    falls = [effect(high, occupancy) for occupancy in (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 1.0)]
    assert np.all(np.diff(falls) < 0)
    assert 0.3 < falls[2] < 0.8
    assert falls[5] < 0.1
    assert falls[-1] == 0.0


def test_every_effect_stays_below_its_whole() -> None:
    """Killing, division and exhaustion: what saturated PD-1 leaves."""
    number = {name: parameter.value for name, parameter in load("cd8").items()}
    assert 0.3 <= number["hit_suppression"] <= 0.9
    synapse = pd1()
    most = synapse.receptor["cd8_effector"] / synapse.receptor_area * synapse.enrichment
    assert 0.5 < response(most, number["pd1_half_division"], number["pd1_power"]) < 0.95
    stimulated = 1.0 / number["exhaustion_stimulation"]
    assert stimulated / (1 + stimulated) >= 0.3  # what blocking PD-1 leaves of exhaustion at full stimulation


def test_ligands_and_receptors_belong_to_cells() -> None:
    synapse = pd1()
    assert set(synapse.receptor) == {each.name for each in cd8().types} - {"cd8_bystander"}
    assert set(synapse.ligand) == {trait.name for trait in tumour().traits}

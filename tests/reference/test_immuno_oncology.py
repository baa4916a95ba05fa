"""The body of immuno-oncology against closed forms and published figures.

From where: closed forms are derived in each test from the equations of the module. The table of the PD-1 synapse is
computed from the affinities and receptor numbers of QSP-IO (Sove 2020, doi:10.1002/psp4.12546; Cheng 2013,
doi:10.1074/jbc.M112.448126), to the digits printed. Human ranges: CD8, CD4 and their standard deviations of healthy
adults, doi:10.1128/CDLI.11.1.168-173.2004, Table 3; regulatory part of CD4, doi:10.1084/jem.20060468. How made: nothing
here was produced by this program. Tolerances: 1e-6 for steady states (the solver works at 1e-10, restarts add up), the
printed digits for tables.
"""

from __future__ import annotations

import math

import pytest

from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.library.bodies import immuno_oncology

NO_ANTIGEN = {"neoantigen_per_cell": 0.0, "self_antigen_per_cell": 0.0}


def numbers(body: Body) -> dict[str, float]:
    return {each.name: each.value for each in body.parameters}


def values(machine: BodyMachine) -> dict[str, float]:
    """Species, signals, and all that rules derive, by id or name."""
    found = dict(zip(machine._ode.parameters, machine._ode.values(), strict=True))
    found |= dict(zip(machine.species_names, machine.species(), strict=True))
    return found | dict(zip(machine.signal_names, machine.signals(), strict=True))


def at(days: float, **given: float) -> tuple[dict[str, float], dict[str, float]]:
    body = immuno_oncology(**given)
    machine = BodyMachine(body)
    if days:
        machine.advance(0.0, days)
    return values(machine), numbers(body)


def test_the_default_start_is_the_healthy_steady_state() -> None:
    """Without a tumour nothing moves in ten years, in closed form and in what the solver finds."""
    found, n = at(3650.0, tumour_cancer_start=0.0)
    start = numbers(immuno_oncology())
    for name in ("blood_treg", "node_treg", "periphery_treg", "blood_bystander", "node_apc", "cd28_cd86", "ctla4_cd80"):
        assert found[name] == pytest.approx(start[f"{name}_start"], rel=1e-6), name
    for lineage in ("cd8", "cd4"):
        out = n["node_exit"] + n["naive_death"]
        whole = n[f"thymus_{lineage}"] / n["naive_death"]
        blood = whole / (1 + (n["node_entry"] + n[f"naive_entry_{lineage}"]) / out)
        expected = {"blood": blood, "node": blood * n["node_entry"] / out}
        expected["periphery"] = blood * n[f"naive_entry_{lineage}"] / out
        for place, cells in expected.items():
            assert start[f"{place}_naive_{lineage}_start"] == pytest.approx(cells, rel=1e-6)
            assert found[f"{place}_naive_{lineage}"] == pytest.approx(cells, rel=1e-6)
    assert found["blood_treg"] == pytest.approx(n["healthy_treg"] * n["blood_volume"], rel=1e-6)
    assert found["blood_bystander"] == pytest.approx(n["healthy_bystander"] * n["blood_volume"], rel=1e-6)


def test_healthy_blood_is_within_human_ranges() -> None:
    """CD8 642 (SD 237), CD4 838 (SD 268) per uL, 6.35 % of it regulatory; without memory CD4 cells CD4 is below the mean."""
    found, _ = at(0.0)
    cd8 = found["blood.naive_cd8"] + found["blood.cd8"]
    cd4 = found["blood.naive_cd4"] + found["blood.helper"] + found["blood.treg"]
    assert abs(cd8 - 642) < 0.1 * 237
    assert 838 - 2 * 268 < cd4 < 838
    assert found["blood.treg"] == pytest.approx(0.0635 * 838, rel=0.01)


def test_growth_alone_is_logistic() -> None:
    """C = M / (1 + (M / C0 - 1) exp(-r t)); the C + 1 of parts of cells is worth 1e-6 at a million cells."""
    found, n = at(1000.0, cancer_death=0.0, kill=0.0, **NO_ANTIGEN)
    start = n["tumour_cancer_start"]
    expected = n["capacity"] / (1 + (n["capacity"] / start - 1) * math.exp(-n["growth"] * 1000.0))
    assert found["tumour_cancer"] == pytest.approx(expected, rel=3e-6)


def test_volume_is_that_of_the_cells() -> None:
    found, n = at(1000.0, **NO_ANTIGEN)
    t_cells = sum(found[f"tumour_{cell}"] for cell in ("cd8", "exhausted", "bystander", "helper", "treg"))
    cells = n["cancer_volume"] * (found["tumour_cancer"] + found["tumour_dead"]) + n["t_cell_volume"] * t_cells
    volume = cells / (1 - n["interstitial_fraction"]) + n["minimal_volume"]
    assert found["tumour.volume"] == pytest.approx(volume, rel=1e-12)
    assert found["tumour.diameter"] == pytest.approx((6 * volume * 1e15 / math.pi) ** (1 / 3), rel=1e-12)


@pytest.mark.parametrize("cells", [1e6, 1e8, 1e10])
def test_antigen_does_not_know_the_size_of_the_tumour(cells: float) -> None:
    """Held at any size: released = degraded + drained + taken up, so the concentration per volume of cells is one."""
    found, n = at(3000.0, tumour_cancer_start=cells, held=1.0, kill=0.0, maturation=0.0)
    rate = n["antigen_loss"] + n["lymph_flow"]
    amount = n["neo_clones"] * n["neoantigen_per_cell"] * n["cancer_death"] * cells / rate
    assert found["tumour_neoantigen"] == pytest.approx(amount, rel=1e-6)
    # a fixed minimum of 1e-9 L is a tenth of the smallest tumour
    density = cells / (found["tumour_volume"] - n["minimal_volume"])
    assert density == pytest.approx(1.0e11, rel=0.15)


def test_presentation_in_steady_state() -> None:
    """Peptides, complexes and MHC of the migratory cell at a constant concentration of antigen."""
    found, n = at(3000.0, tumour_cancer_start=1e8, held=1.0, kill=0.0, maturation=0.0)
    c = found["tumour_neoantigen"] / found["tumour_interstitium"]
    antigen = n["uptake"] * n["uptake_volume"] * n["avogadro"] * c / n["proteolysis"]
    assert found["migratory_antigen"] == pytest.approx(antigen, rel=1e-6)
    on = n["peptide_on"] / (n["endosome_volume"] * n["avogadro"])
    off = n["peptide_on"] * n["affinity_neo"]
    out = n["complex_loss"] + n["export"]
    free, peptide = found["migratory_mhc1"], found["migratory_peptide"]
    bound = on * free * peptide / (off + out)
    assert found["migratory_mhc1_complex"] == pytest.approx(bound, rel=1e-6)
    presented = n["export"] * bound / (off + n["complex_loss"])
    assert found["migratory_mhc1_presented"] == pytest.approx(presented, rel=1e-6)
    assert found["migratory_mhc1_surface"] == pytest.approx(off * presented / n["mhc_recycling"], rel=1e-6)
    # MHC that is made is lost, free or in complexes: its balance
    made = n["mhc_turnover"] * n["mhc_per_cell"]
    lost = n["mhc_turnover"] * free + n["complex_loss"] * (bound + presented)
    assert lost == pytest.approx(made, rel=1e-6)
    # peptide of both classes: what is cut is lost, or bound for good
    spent = n["peptide_loss"] * peptide + 2 * (out * bound)
    assert spent == pytest.approx(n["proteolysis"] * antigen, rel=1e-6)


def test_mhc_is_bounded_however_much_antigen_there_is() -> None:
    """Complexes are at most what is made over their loss, which the published model does not have on the surface."""
    found, n = at(1500.0, tumour_cancer_start=1e9, held=1.0, neoantigen_per_cell=1e-3)
    for cell, mhc in (("migratory", "mhc1"), ("migratory", "mhc2"), ("resident", "mhc2")):
        complexes = found[f"{cell}_{mhc}_complex"] + found[f"{cell}_{mhc}_presented"]
        assert complexes <= n["mhc_per_cell"] * n["mhc_turnover"] / n["complex_loss"] * (1 + 1e-6)


@pytest.mark.parametrize(
    ("blocked", "bonds", "signal"),
    [(0.0, 152.81, 0.998), (0.99, 1.66, 0.071)],
)
def test_pd1_synapse_of_qsp_io(blocked: float, bonds: float, signal: float) -> None:
    """26 660 PD-1 on 151.31 um2, 224 000 PD-L1 on 897.27 um2, K = 8.2 uM x 3 nm x N_A, half 6 per um2."""
    found, _ = at(0.0, pdl1_cancer=224_000.0, pdl1_induced=0.0, pd1_half_killing=6.0, pd1_blocked_tumour=blocked)
    assert found["pd1_bonds_tumour"] == pytest.approx(bonds, abs=0.005)
    assert found["tumour.pd1_signal"] == pytest.approx(signal, abs=5e-4)


@pytest.mark.parametrize("pdl1", [1e2, 2e4, 2e5, 1e7])
@pytest.mark.parametrize("blocked", [0.0, 0.5, 1.0])
def test_bonds_are_never_more_than_either_partner(pdl1: float, blocked: float) -> None:
    """PD-1 of a synapse is counted once: free and bound receptors add up to what there is."""
    found, n = at(0.0, pdl1_cancer=pdl1, pdl1_induced=0.0, pd1_blocked_tumour=blocked)
    receptors = n["pd1_per_cell"] / n["t_cell_area"] * (1 - blocked)
    ligands = pdl1 / n["cancer_area"]
    bonds = found["pd1_bonds_tumour"]
    assert 0 <= bonds <= min(receptors, ligands) * (1 + 1e-12)
    assert (receptors - bonds) * (ligands - bonds) == pytest.approx(n["pd1_dissociation"] * bonds, rel=1e-6, abs=1e-9)


def test_costimulation_is_in_equilibrium() -> None:
    """Each of the four complexes obeys its own mass action, and no receptor is used twice."""
    found, n = at(200.0)
    for receptor in ("cd28", "ctla4"):
        for ligand in ("cd80", "cd86"):
            pair = f"{receptor}_{ligand}"
            product = found[f"{receptor}_free"] * found[f"{ligand}_free"]
            assert product == pytest.approx(n[f"{pair}_dissociation"] * found[pair], rel=1e-3)
    assert found["cd28_free"] + found["cd28_cd80"] + found["cd28_cd86"] == pytest.approx(n["cd28"], rel=1e-9)


def test_an_activated_cell_leaves_two_to_the_divisions() -> None:
    """Division alone, all divisions by the receptor: n activated cells become n 2^N, emptying at k / N."""
    off = {"divisions_costimulation": 0.0, "divisions_il2_cd8": 0.0, "divisions_receptor": 5.0, "cd8_death": 0.0}
    body = immuno_oncology(tumour_cancer_start=0.0, node_activated_cd8_start=1000.0, **off)
    machine = BodyMachine(body)
    for days in range(1, 81):
        machine.advance(days - 1, days)
        if days == 5:
            assert values(machine)["node_activated_cd8"] == pytest.approx(1000 * math.exp(-1.0), rel=1e-6)
    found = values(machine)
    made = sum(found[f"{place}_cd8"] for place in ("node", "blood", "periphery", "tumour")) + found["tumour_exhausted"]
    assert made == pytest.approx(1000 * 2**5 * (1 - math.exp(-80 / 5)), rel=1e-6)


def test_self_antigen_that_is_drained_arrives() -> None:
    """Nothing is lost between tumour and nodes: the node's steady state is inflow over loss and uptake."""
    found, n = at(3000.0, tumour_cancer_start=1e8, held=1.0, kill=0.0)
    inflow = n["lymph_flow"] * found["tumour_self_antigen"]
    uptake = n["uptake"] * n["uptake_volume"] * found["node_apc"] / found["node_interstitium"]
    assert found["node_self_antigen"] == pytest.approx(inflow / (n["antigen_loss"] + uptake), rel=1e-6)


def test_signals_are_graded_at_diagnosis() -> None:
    """From the 10th to the 90th percentile of PD-L1 (sigma 1: 0.28 to 3.6 times) the signal spans 0.2 to 0.8."""
    low, high = (at(0.0, pdl1_cancer=2e4 * factor)[0]["tumour.pd1_signal"] for factor in (0.28, 3.6))
    assert low < 0.2
    assert high > 0.8

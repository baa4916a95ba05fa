"""A tumour with ten clones of T cells, in the mixture of units that pharmacologists write: what is in it, and nothing that runs.

Made for the tests; its equations are those of quantitative systems pharmacology (antigen presentation, priming, a checkpoint synapse,
an antibody), its numbers are of the right size and stand for no patient. Every formula fits in dimension and none in scale: rates
per second, minute, hour and day; volumes in L, mL and um^3; surfaces in um^2; cells, molecules, nanomoles and moles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CLONES = range(1, 11)

ITEM = 1.66053872801495e-24  # mole; one cell or molecule, as exports of SimBiology write it
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# unit -> (factor to SI, powers of mole, metre, second)
UNITS: dict[str, tuple[float, int, int, int]] = {
    "cell": (ITEM, 1, 0, 0),
    "molecule": (ITEM, 1, 0, 0),
    "nanomole": (1e-9, 1, 0, 0),
    "picomole": (1e-12, 1, 0, 0),
    "liter": (1e-3, 0, 3, 0),
    "milliliter": (1e-6, 0, 3, 0),
    "micrometer3": (1e-18, 0, 3, 0),
    "micrometer2": (1e-12, 0, 2, 0),
    "nanomolarity": (1e-6, 1, -3, 0),
    "molecule_per_micrometer2": (ITEM * 1e12, 1, -2, 0),
    "dimensionless_": (1.0, 0, 0, 0),
    "day": (DAY, 0, 0, 1),
    "hour": (HOUR, 0, 0, 1),
    "per_second": (1.0, 0, 0, -1),
    "per_minute": (1 / MINUTE, 0, 0, -1),
    "per_hour": (1 / HOUR, 0, 0, -1),
    "per_day": (1 / DAY, 0, 0, -1),
    "cell_per_day": (ITEM / DAY, 1, 0, -1),
    "cell_per_hour": (ITEM / HOUR, 1, 0, -1),
    "nanomole_per_cell": (1e-9 / ITEM, 0, 0, 0),
    "nanomole_per_cell_per_hour": (1e-9 / ITEM / HOUR, 0, 0, -1),
    "milliliter_per_cell": (1e-6 / ITEM, -1, 3, 0),
    "milliliter_per_minute": (1e-6 / MINUTE, 0, 3, -1),
    "liter_per_day": (1e-3 / DAY, 0, 3, -1),
    "per_nanomolarity_per_second": (1e6, -1, 3, -1),
    "per_nanomolarity_per_minute": (1e6 / MINUTE, -1, 3, -1),
    "micrometer2_per_molecule_per_second": (1e-12 / ITEM, -1, 2, -1),
    "per_nanometer": (1e9, 0, -1, 0),
}


@dataclass(frozen=True)
class Species:
    """Of a compartment; a concentration unless `amount`. `value` in its unit; a concentration's is substance / size."""

    compartment: str
    substance: str
    value: float
    amount: bool = False


@dataclass
class Description:
    """Numbers with units, and formulas in infix."""

    compartments: dict[str, tuple[float, str, int]] = field(default_factory=dict)  # size, unit, dimensions
    species: dict[str, Species] = field(default_factory=dict)
    parameters: dict[str, tuple[float, str]] = field(default_factory=dict)
    rules: dict[str, tuple[str, str]] = field(default_factory=dict)  # formula, unit; in the order of evaluation
    reactions: dict[str, tuple[dict[str, int], str]] = field(default_factory=dict)  # stoichiometry, formula
    initial: dict[str, str] = field(default_factory=dict)  # initial assignments
    events: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)  # trigger, assignments

    def flow(self, name: str, change: str, formula: str) -> None:
        """Add a reaction; `change` as ``A - B + C``, each reactant with a minus sign before it."""
        words = change.replace("- ", "-").replace("+ ", "+").split()
        self.reactions[name] = ({word.lstrip("+-"): -1 if word.startswith("-") else 1 for word in words}, formula)


def describe() -> Description:
    """Return the model."""
    m = Description()
    m.compartments |= {
        "central": (5.0, "liter", 3),
        "peripheral": (60.0, "liter", 3),
        "node": (1.1, "milliliter", 3),
        "tumour": (1.0, "milliliter", 3),  # follows its cells
        "endosome": (40.0, "micrometer3", 3),
        "endosome_membrane": (1.5e3, "micrometer2", 2),
        "surface": (900.0, "micrometer2", 2),
        "synapse": (37.8, "micrometer2", 2),
    }
    _cancer(m)
    _presentation(m)
    for clone in CLONES:
        _clone(m, clone)
    _checkpoint(m)
    _antibody(m)
    return m


def _cancer(m: Description) -> None:
    m.species["C"] = Species("tumour", "cell", 2e7, amount=True)
    m.species["C_dead"] = Species("tumour", "cell", 0.0, amount=True)
    m.species["IL2"] = Species("node", "picomole", 0.0)
    m.parameters |= {
        "k_growth": (0.012, "per_day"),
        "C_max": (2e9, "cell"),
        "k_death": (4e-6, "per_minute"),
        "k_clear": (0.004, "per_hour"),
        "k_kill": (0.15, "per_day"),
        "cell": (1.0, "cell"),
        "V_min": (0.05, "milliliter"),
        "v_cell": (4.2e-9, "milliliter_per_cell"),
        "C_surgery": (4e7, "cell"),
        "C_left": (2e7, "cell"),
        "t_dose": (120.0, "day"),
        "dose": (400.0, "nanomolarity"),
        "k_il2": (2e-9, "nanomole_per_cell_per_hour"),
        "k_il2_loss": (0.2, "per_minute"),
        "K_il2": (0.3, "nanomolarity"),
    }
    m.rules["T_total"] = (" + ".join(f"T_T_{clone}" for clone in CLONES), "cell")
    m.rules["tumour"] = ("V_min + (C + C_dead + T_total)*v_cell", "milliliter")
    m.rules["killed"] = ("k_kill*C*T_total/(C + T_total + cell)*(1 - H_pd1)", "cell_per_day")
    m.flow("growth", "C", "k_growth*C*(1 - C/C_max)")
    m.flow("death", "-C + C_dead", "k_death*C")
    m.flow("killing", "-C + C_dead", "killed")
    m.flow("clearing", "-C_dead", "k_clear*C_dead")
    activated = " + ".join(f"aT_{clone}" for clone in CLONES)
    m.flow("il2_made", "IL2", f"k_il2*({activated})")
    m.flow("il2_lost", "-IL2", "k_il2_loss*IL2*node")
    m.events["surgery"] = ("C > C_surgery", {"C": "C_left"})
    m.events["treatment"] = ("time > t_dose", {"Drug_C": "Drug_C + dose"})


def _presentation(m: Description) -> None:
    m.species["MHC_E"] = Species("endosome_membrane", "molecule", 40.0)
    m.species["MHC_S"] = Species("surface", "molecule", 0.01)
    m.parameters |= {
        "k_mhc": (0.07, "per_hour"),
        "MHC_rest": (6e4, "molecule"),
        "k_in": (14.4, "per_day"),
        "k_out": (0.02, "per_minute"),
        "k_uptake": (1e-3, "per_second"),
        "k_degrade": (0.1, "per_minute"),
        "k_lose": (0.01, "per_hour"),
        "k_on": (2e-7, "per_nanomolarity_per_second"),
        "K_mhc": (60.0, "nanomolarity"),
        "p_50": (300.0, "molecule"),
    }
    m.rules["k_off"] = ("k_on*K_mhc", "per_second")
    m.flow("mhc_made", "MHC_E", "k_mhc*MHC_rest")
    m.flow("mhc_lost", "-MHC_E", "k_mhc*MHC_E*endosome_membrane")
    m.flow("mhc_in", "-MHC_S + MHC_E", "k_in*MHC_S*surface")


def _clone(m: Description, i: int) -> None:
    """Antigen i, its presentation, and the T cells that know it."""
    m.species |= {
        f"Ag_{i}": Species("tumour", "nanomole", 0.0),
        f"pep_{i}": Species("endosome", "molecule", 0.0),
        f"pM_E_{i}": Species("endosome_membrane", "molecule", 0.0),
        f"pM_S_{i}": Species("surface", "molecule", 0.0),
        f"nT_{i}": Species("node", "cell", 400.0 + 50.0 * i, amount=True),
        f"aT_{i}": Species("node", "cell", 0.0, amount=True),
        f"T_N_{i}": Species("node", "cell", 0.0, amount=True),
        f"T_C_{i}": Species("central", "cell", 0.0, amount=True),
        f"T_T_{i}": Species("tumour", "cell", 0.0, amount=True),
    }
    m.parameters |= {
        f"per_cell_{i}": (4e-8 * (1 + i / 6), "nanomole_per_cell"),
        f"entry_{i}": (20.0 + 3.0 * i, "cell_per_hour"),
        "k_ag": (0.08, "per_hour"),
        "k_exit": (0.05, "per_hour"),
        "k_prime": (2.0, "per_day"),
        "k_expand": (1.0, "per_day"),
        "n_tcr": (3.0, "dimensionless_"),
        "n_il2": (8.0, "dimensionless_"),
        "k_egress": (0.04, "per_minute"),
        "k_T_death": (0.02, "per_day"),
        "k_enter": (5e-4, "per_minute"),
        "V_full": (50.0, "milliliter"),
    }
    m.rules[f"H_{i}"] = (f"pM_S_{i}*surface/(pM_S_{i}*surface + p_50)", "dimensionless_")
    m.flow(f"release_{i}", f"Ag_{i}", f"per_cell_{i}*(k_death*C + killed)")
    m.flow(f"ag_lost_{i}", f"-Ag_{i}", f"k_ag*Ag_{i}*tumour")
    m.flow(f"uptake_{i}", f"pep_{i}", f"k_uptake*Ag_{i}*endosome")
    m.flow(f"pep_lost_{i}", f"-pep_{i}", f"k_degrade*pep_{i}*endosome")
    m.flow(
        f"bind_{i}",
        f"-pep_{i} - MHC_E + pM_E_{i}",
        f"k_on*pep_{i}*MHC_E*endosome_membrane - k_off*pM_E_{i}*endosome_membrane",
    )
    m.flow(f"pM_lost_{i}", f"-pM_E_{i}", f"k_lose*pM_E_{i}*endosome_membrane")
    m.flow(f"pM_out_{i}", f"-pM_E_{i} + pM_S_{i}", f"k_out*pM_E_{i}*endosome_membrane")
    m.flow(f"pM_off_{i}", f"-pM_S_{i} + MHC_S", f"k_off*pM_S_{i}*surface")
    m.flow(f"enter_node_{i}", f"nT_{i}", f"entry_{i}")
    m.flow(f"leave_node_{i}", f"-nT_{i}", f"k_exit*nT_{i}")
    m.flow(f"prime_{i}", f"-nT_{i} + aT_{i}", f"k_prime*nT_{i}*H_{i}")
    m.flow(f"activated_{i}", f"-aT_{i}", f"k_expand*aT_{i}")
    m.flow(f"expand_{i}", f"T_N_{i}", f"k_expand*aT_{i}*2^(n_tcr + n_il2*IL2/(IL2 + K_il2))")
    m.flow(f"egress_{i}", f"-T_N_{i} + T_C_{i}", f"k_egress*T_N_{i}")
    m.flow(f"infiltrate_{i}", f"-T_C_{i} + T_T_{i}", f"k_enter*T_C_{i}*tumour/(tumour + V_full)")
    m.flow(f"die_C_{i}", f"-T_C_{i}", f"k_T_death*T_C_{i}")
    m.flow(f"die_T_{i}", f"-T_T_{i}", f"k_T_death*T_T_{i}")


def _checkpoint(m: Description) -> None:
    m.species |= {
        "PD1": Species("synapse", "molecule", 0.0),
        "PDL1": Species("synapse", "molecule", 0.0),
        "PD1_PDL1": Species("synapse", "molecule", 0.0),
        "PD1_drug": Species("synapse", "molecule", 0.0),
        "PD1_drug_PD1": Species("synapse", "molecule", 0.0),
    }
    m.parameters |= {
        "PD1_total": (3000.0, "molecule"),
        "PDL1_total": (6000.0, "molecule"),
        "k_on_pd1": (0.1, "micrometer2_per_molecule_per_second"),
        "k_off_pd1": (1.4, "per_second"),
        "k_on_drug": (0.078, "per_nanomolarity_per_minute"),
        "k_off_drug": (1.2, "per_hour"),
        "chi": (0.3, "per_nanometer"),
        "PD1_50": (6.0, "molecule_per_micrometer2"),
    }
    m.initial |= {"PD1": "PD1_total/synapse", "PDL1": "PDL1_total/synapse"}
    m.rules["H_pd1"] = ("(PD1_PDL1/PD1_50)^2/((PD1_PDL1/PD1_50)^2 + 1)", "dimensionless_")
    m.flow("pd1_pdl1", "-PD1 - PDL1 + PD1_PDL1", "(k_on_pd1*PD1*PDL1 - k_off_pd1*PD1_PDL1)*synapse")
    m.flow("first_arm", "-PD1 + PD1_drug", "(2*k_on_drug*Drug_T*PD1 - k_off_drug*PD1_drug)*synapse")
    # chi in 1/length and k_on in volume / substance / time: together an area / substance / time
    m.flow(
        "second_arm",
        "-PD1_drug - PD1 + PD1_drug_PD1",
        "(chi*k_on_drug*PD1*PD1_drug - 2*k_off_drug*PD1_drug_PD1)*synapse",
    )


def _antibody(m: Description) -> None:
    m.species |= {
        "Drug_C": Species("central", "nanomole", 0.0),
        "Drug_P": Species("peripheral", "nanomole", 0.0),
        "Drug_T": Species("tumour", "picomole", 0.0),
    }
    m.parameters |= {
        "clearance": (0.15, "milliliter_per_minute"),
        "q_P": (0.8, "liter_per_day"),
        "k_T": (0.02, "per_hour"),
        "f_T": (0.7, "dimensionless_"),
    }
    m.flow("drug_cleared", "-Drug_C", "clearance*Drug_C")
    m.flow("drug_out", "-Drug_C + Drug_P", "q_P*(Drug_C - Drug_P)")
    m.flow("drug_in", "-Drug_C + Drug_T", "k_T*(Drug_C - Drug_T/f_T)*tumour")

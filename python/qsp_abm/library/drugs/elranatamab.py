"""Elranatamab: T-cell engager against BCMA."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ._disposition import Structure, build

__all__ = ["elranatamab"]

# Central holds free and bound drug, mg; the target free and bound, nmol. Free drug alone is cleared, distributes, and is the plasma
# signal. 1e6: mg over g/mol to nmol. The complex is the smaller root of the binding quadratic, written without cancellation.
_ANTIMONY = """
compartment N_space = 1;
substanceOnly species N_depot in N_space; substanceOnly species N_central in N_space;
substanceOnly species N_peripheral in N_space; substanceOnly species N_eliminated in N_space;
substanceOnly species N_interstitium in N_space; substanceOnly species N_target in N_space;
N_depot = 0; N_central = 0; N_peripheral = 0; N_eliminated = 0; N_interstitium = 0;
N_target = N_target_baseline * N_target_volume;
N_infusion = 0;  // mg/day, set by the doses

N_v1 := N_central_volume * (N_weight / N_reference_weight) ^ N_volume_exponent;
N_drug := N_central * (1e6 / N_molar_mass);
N_sum := N_dissociation * N_v1 * N_target_volume / N_complex_volume + N_drug + N_target;
N_complex := 2 * N_drug * N_target / (N_sum + sqrt(N_sum ^ 2 - 4 * N_drug * N_target));
N_plasma := (N_drug - N_complex) / N_v1 * (N_molar_mass / 1e6);  // ug/mL
N_soluble_bcma := (N_target - N_complex) / N_target_volume;  // nM
N_bound := N_complex / N_complex_volume;  // nM

N_infused: => N_central; N_infusion;
N_absorbed: N_depot => N_central; N_absorption * N_depot;
N_cleared: N_central => N_eliminated; N_clearance * N_plasma;
N_cleared_bound: N_central => N_eliminated; N_complex_clearance * N_bound * (N_molar_mass / 1e6);
N_outward: N_central => N_peripheral; N_intercompartmental_clearance * N_plasma;
N_inward: N_peripheral => N_central; N_intercompartmental_clearance / N_peripheral_volume * N_peripheral;
N_made: => N_target; N_target_clearance * N_target_baseline;
N_lost: N_target => ; N_target_clearance * N_soluble_bcma + N_complex_clearance * N_bound;
N_entering: => N_interstitium; N_equilibration * N_partition * N_plasma * (1e6 / N_molar_mass);
N_leaving: N_interstitium => ; N_equilibration * N_interstitium;
"""


def elranatamab(**numbers: Any) -> Drug:
    """Return elranatamab: depot, free drug in plasma, soluble BCMA, interstitium; subcutaneous by default.

    Drug and soluble BCMA bind in quasi-equilibrium in the central compartment; free drug, free target and complex have their own
    clearances and volumes.

    Parameters
    ----------
    numbers
        Replace values of the table ``elranatamab``.

    References
    ----------
    Hibma et al. 2026, Clin Pharmacokinet 65:1173, doi:10.1007/s40262-026-01663-z.

    Examples
    --------
    >>> elranatamab().signals["elranatamab.soluble_bcma"]
    ('elranatamab_soluble_bcma', 'nM')
    """
    structure = Structure(subcutaneous=True)
    signals = {"soluble_bcma": "nM", "bound": "nM"}
    drug = build("elranatamab", numbers, structure, signals=signals, usual_route="sc")
    species = drug.species | {"elranatamab_target": "nmol"}
    return drug.replace(antimony=_ANTIMONY.replace("N_", "elranatamab_"), species=species)

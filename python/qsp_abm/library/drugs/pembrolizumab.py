"""Pembrolizumab: antibody against PD-1."""

from __future__ import annotations

from typing import Any

from ...body.description import Drug
from ...parameters import load

__all__ = ["pembrolizumab"]

# Amounts in mg and, for one litre of interstitium, nmol, whose number is the concentration in nM. 1e12 / 6.02214076e23: molecules
# per mL to nM. 1e6: mg/L over g/mol to nM.
_ANTIMONY = """
compartment pembrolizumab_space = 1;
substanceOnly species pembrolizumab_central in pembrolizumab_space;
substanceOnly species pembrolizumab_peripheral in pembrolizumab_space;
substanceOnly species pembrolizumab_eliminated in pembrolizumab_space;
substanceOnly species pembrolizumab_interstitium in pembrolizumab_space;
pembrolizumab_central = 0; pembrolizumab_peripheral = 0; pembrolizumab_eliminated = 0; pembrolizumab_interstitium = 0;
pembrolizumab_infusion = 0;  // mg/day, set by the doses

pembrolizumab_size := pembrolizumab_weight / pembrolizumab_reference_weight;
pembrolizumab_cl := pembrolizumab_clearance * pembrolizumab_size ^ pembrolizumab_clearance_exponent;
pembrolizumab_q := pembrolizumab_intercompartmental_clearance * pembrolizumab_size ^ pembrolizumab_clearance_exponent;
pembrolizumab_v1 := pembrolizumab_central_volume * pembrolizumab_size ^ pembrolizumab_volume_exponent;
pembrolizumab_v2 := pembrolizumab_peripheral_volume * pembrolizumab_size ^ pembrolizumab_volume_exponent;
pembrolizumab_plasma := pembrolizumab_central / pembrolizumab_v1;  // mg/L = ug/mL

pembrolizumab_infused: => pembrolizumab_central; pembrolizumab_infusion;
pembrolizumab_cleared: pembrolizumab_central => pembrolizumab_eliminated; pembrolizumab_cl * pembrolizumab_plasma;
pembrolizumab_outward: pembrolizumab_central => pembrolizumab_peripheral; pembrolizumab_q * pembrolizumab_plasma;
pembrolizumab_inward: pembrolizumab_peripheral => pembrolizumab_central; \
  pembrolizumab_q / pembrolizumab_v2 * pembrolizumab_peripheral;

// Tumour interstitium: too small an amount to lower the plasma, so it does not feed back.
pembrolizumab_receptors := pembrolizumab_t_cell_density * pembrolizumab_pd1_fraction * pembrolizumab_pd1_per_cell \
  * (1e12 / 6.02214076e23) / pembrolizumab_interstitial_fraction;  // nM
pembrolizumab_occupancy := pembrolizumab_interstitium / (pembrolizumab_affinity + pembrolizumab_interstitium);
pembrolizumab_entering: => pembrolizumab_interstitium; \
  pembrolizumab_equilibration * pembrolizumab_partition * pembrolizumab_plasma * (1e6 / pembrolizumab_molar_mass);
pembrolizumab_leaving: pembrolizumab_interstitium => ; pembrolizumab_equilibration * pembrolizumab_interstitium;
pembrolizumab_internalised: pembrolizumab_interstitium => ; \
  pembrolizumab_internalisation * pembrolizumab_receptors * pembrolizumab_occupancy;
"""


def pembrolizumab(**numbers: Any) -> Drug:
    """Return pembrolizumab: plasma, tumour interstitium and PD-1 occupancy there.

    Plasma is the typical patient of Ahamadi 2017: two compartments, clearance that does not change with time, scaled by weight.
    The interstitial concentration C follows ``dC/dt = k (p Cplasma - C) - k_int R C / (Kd + C)``: exchange with a partition p, and
    loss with internalised receptors R; it does not feed back on plasma. Occupancy is ``C / (Kd + C)``.

    Parameters
    ----------
    numbers
        Replace values of the table ``pembrolizumab``, such as ``clearance="0.3 L/day"`` or ``weight="60 kg"``.

    References
    ----------
    Ahamadi et al. 2017, CPT Pharmacometrics Syst Pharmacol 6:49, doi:10.1002/psp4.12139.

    Examples
    --------
    >>> pembrolizumab().signals["pembrolizumab.plasma"]
    ('pembrolizumab_plasma', 'ug/mL')
    """
    parameters = load("pembrolizumab", numbers)
    return Drug(
        name="pembrolizumab",
        unit="mg",
        molar_mass=parameters["molar_mass"].value,
        antimony=_ANTIMONY,
        dose_into="pembrolizumab_central",
        infusion="pembrolizumab_infusion",
        duration=parameters["infusion_time"].value,
        weight=parameters["weight"].value,
        signals={
            "pembrolizumab.plasma": ("pembrolizumab_plasma", "ug/mL"),
            "pembrolizumab.interstitium": ("pembrolizumab_interstitium", "nM"),
            "pembrolizumab.occupancy": ("pembrolizumab_occupancy", ""),
        },
        species={
            "pembrolizumab_central": "mg",
            "pembrolizumab_peripheral": "mg",
            "pembrolizumab_eliminated": "mg",
            "pembrolizumab_interstitium": "nmol",
        },
        parameters=tuple(parameters.values()),
    )

"""An antibody whose target decides its disposition."""

from __future__ import annotations

from typing import Any, Literal

from ...body.description import Drug
from ...errors import ModelError, suggest
from ._disposition import Structure, build

__all__ = ["target_mediated"]

Form = Literal["full", "quasi-steady-state"]

_HEAD = """
compartment N_space = 1;
substanceOnly species N_central in N_space; substanceOnly species N_peripheral in N_space;
substanceOnly species N_eliminated in N_space; substanceOnly species N_target in N_space;
N_central = 0; N_peripheral = 0; N_eliminated = 0; N_target = N_target_baseline * N_central_volume;
N_infusion = 0;  // mg/day, set by the doses
N_to_nmol := 1e6 / N_molar_mass;
N_infused: => N_central; N_infusion;
N_cleared: N_central => N_eliminated; N_clearance * N_plasma;
N_outward: N_central => N_peripheral; N_intercompartmental_clearance * N_plasma;
N_inward: N_peripheral => N_central; N_intercompartmental_clearance / N_peripheral_volume * N_peripheral;
N_made: => N_target; N_target_degradation * N_target_baseline * N_central_volume;
"""
# Central holds the free drug, mg; target and complex are nmol.
_FULL = """
substanceOnly species N_complex in N_space; N_complex = 0;
N_plasma := N_central / N_central_volume;
N_free_target := N_target / N_central_volume;
N_bound := N_complex / N_central_volume;
N_associates := (N_association * N_plasma * N_to_nmol * N_free_target - N_dissociation * N_bound) * N_central_volume;
N_binds: N_central => ; N_associates / N_to_nmol;
N_is_bound: N_target => N_complex; N_associates;
N_degraded: N_target => ; N_target_degradation * N_target;
N_internalised: N_complex => ; N_internalisation * N_complex;
"""
# Central holds free and bound drug, mg; the target free and bound, nmol.
_QUASI_STEADY_STATE = """
N_constant := (N_dissociation + N_internalisation) / N_association;
N_total := N_central * N_to_nmol / N_central_volume;
N_total_target := N_target / N_central_volume;
N_sum := N_constant + N_total + N_total_target;
N_bound := 2 * N_total * N_total_target / (N_sum + sqrt(N_sum ^ 2 - 4 * N_total * N_total_target));
N_plasma := (N_total - N_bound) / N_to_nmol;
N_free_target := N_total_target - N_bound;
N_degraded: N_target => ; (N_target_degradation * N_free_target + N_internalisation * N_bound) * N_central_volume;
N_internalised: N_central => ; N_internalisation * N_bound * N_central_volume / N_to_nmol;
"""
_FORMS: dict[str, str] = {"full": _FULL, "quasi-steady-state": _QUASI_STEADY_STATE}


def target_mediated(form: Form = "full", **numbers: Any) -> Drug:
    """Return an antibody with target-mediated disposition in two compartments; binding in the central one.

    ``full``: association and dissociation of drug and target as reactions. ``quasi-steady-state``: the complex follows total
    drug and total target with ``(koff + kint) / kon``, for binding faster than all else.

    Parameters
    ----------
    form
        ``full`` or ``quasi-steady-state``.
    numbers
        Replace values of the table ``target_mediated``; its numbers are illustrative.

    References
    ----------
    Mager and Jusko 2001, J Pharmacokinet Pharmacodyn 28:507; Gibiansky et al. 2008, J Pharmacokinet Pharmacodyn 35:573.

    Examples
    --------
    >>> sorted(target_mediated().signals)
    ['target_mediated.bound', 'target_mediated.free_target', 'target_mediated.plasma', 'target_mediated.target_occupancy']
    """
    if form not in _FORMS:
        raise ModelError(f"target_mediated: unknown form '{form}'{suggest(form, _FORMS)}")
    signals = {"free_target": "nM", "bound": "nM", "target_occupancy": ""}
    drug = build("target_mediated", numbers, Structure(interstitium=False), signals=signals)
    text = f"{_HEAD}{_FORMS[form]}N_target_occupancy := N_bound / (N_bound + N_free_target);\n"
    species = drug.species | {"target_mediated_target": "nmol"}
    if form == "full":
        species["target_mediated_complex"] = "nmol"
    return drug.replace(antimony=text.replace("N_", "target_mediated_"), species=species)

"""The body-level ODE model of non-small-cell lung cancer of Gong et al. 2021."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

from ....body.description import Body, Drug
from ....errors import ModelError, suggest
from ....parameters import Parameter, load

__all__ = ["DERIVED", "STATES", "nivolumab_gong_2021", "nsclc_gong_2021", "states"]

_TABLE = "nsclc_gong_2021"
_MODULES = (
    "compartments",
    "cancer",
    "antigen",
    "antigen_presenting_cells",
    "presentation",
    "t_cells",
    "checkpoint",
    "nivolumab",
)
_VOLUMES = {
    "blood": "blood_volume",
    "periphery": "periphery_volume",
    "tumour": "tumour_reference_volume",
    "lymph_node": "lymph_node_volume",
}

_CELLS = """
    blood.treg blood.teff periphery.treg periphery.teff tumour.cancer tumour.apc tumour.mapc tumour.treg tumour.teff
    tumour.teff_exhausted lymph_node.apc lymph_node.mapc lymph_node.naive_cd8 lymph_node.naive_cd4
    lymph_node.activated_treg lymph_node.treg lymph_node.activated_cd8 lymph_node.teff
""".split()
_CONCENTRATIONS = """
    blood.nivolumab periphery.nivolumab tumour.nivolumab lymph_node.nivolumab tumour.self_antigen tumour.neoantigen
    tumour.cytokine lymph_node.il2 lymph_node.self_antigen lymph_node.neoantigen
""".split()
_MOLECULES = """
    tcell.pd1 tcell.pd1_nivolumab synapse.pd1 synapse.pd1_nivolumab synapse.pd1_nivolumab_pd1 synapse.pdl1 synapse.pdl2
    synapse.pd1_pdl1 synapse.pd1_pdl2 endosome.self_antigen endosome.self_peptide endosome.mhc
    endosome.self_peptide_mhc endosome.neoantigen endosome.neopeptide endosome.neopeptide_mhc surface.self_peptide_mhc
    surface.mhc surface.neopeptide_mhc
""".split()

STATES: dict[str, str] = {
    **dict.fromkeys(_CELLS, "cell"),
    **dict.fromkeys(_CONCENTRATIONS, "nM"),
    **dict.fromkeys(_MOLECULES, "molecule"),
}
"""The 47 states, name to unit."""

DERIVED: dict[str, str] = {
    "tumour_volume": "L",
    "H_PD1": "",
    "kill_flux": "cell/day",
    "priming_flux": "cell/day",
    "teff_recruitment_flux": "cell/day",
    "exhaustion_flux": "cell/day",
}
"""What is reported besides: the apparent volume, the inhibition of killing, and fluxes."""

_SPECIES_UNITS = {**dict.fromkeys(_CONCENTRATIONS, "nmol"), "blood.nivolumab": "mg"}
_SIM_NUMBERS = {"neoantigen_clones": 92, "kd_neo": 40}
_SIM_ABSENT = """
    blood.teff periphery.teff tumour.teff lymph_node.teff lymph_node.activated_cd8 tumour.mapc lymph_node.mapc
    tumour.teff_exhausted tumour.self_antigen tumour.neoantigen lymph_node.self_antigen lymph_node.neoantigen
""".split()


def nsclc_gong_2021(
    program: Literal["single", "sim"] = "single", start: Mapping[str, float] | None = None, **numbers: Any
) -> Body:
    """Return the patient of Gong et al. 2021: 47 states of blood, periphery, tumour, lymph node, synapse and mature APC.

    The ODE part alone, hybrid weight 1, restated from the published program; credit for the model is its authors'. It reproduces
    the original's trajectories, which says that the code is right and nothing about patients. Time 0 is a tumour of 200 cells;
    `qsp_abm.body.crossing.first_day` finds its diagnosis (0.07 L) on day 1774, whose `states` a patient can start from. A tumour that falls through 100 cells is set to 0, by an event.

    Parameters
    ----------
    program
        "single" or "sim": two parameter sets that the authors ship. "sim" has 92 clones of neoantigen instead of 75 that bind
        MHC with 40 nM instead of 84.9 nM, and starts without effector T cells, mature APC and antigen.
    start
        Values of all `STATES` at the start; None: those of the program.
    numbers
        Replace values of the table ``nsclc_gong_2021``, such as ``k_growth="0.008 / day"``.

    Notes
    -----
    Oddities of the original, kept, since without them its trajectories do not come out. A model meant to be right should not have
    them.

    1. Synaptic PD-1 is counted twice: at the start free PD-1, PD-L1 and PD-L2 are those of a synapse without complexes, and
       complexes are there too. 1 - H_PD1 is 3.2e-5 untreated; it would be 2.8e-4.
    2. The immune populations at the start are the steady state for 7.8e9 cancer cells, beside 200.
    3. The tumour's reference volume is 1 L at all times: antigen is not conserved, and drug exchanges with 1 L of tumour.
    4. The dose is divided by nivolumab's available fraction of blood, which raises exposure by 29 %.
    5. Recruitment scales with the cube of the hybrid weight.
    6. There are two Avogadro numbers, and pi is 3.1415.
    7. PD-1 outside of the synapse influences nothing, and its first arm binds at half the rate of the synapse's.
    8. Exhaustion by cancer cells has the exponent 1 in PD-1, all else 2; exhaustion by Treg is multiplied by 1 + H_PD1.
    9. Expansion takes one day whatever the number of divisions.
    10. CD8 cells divide 0.001 times more.
    11. IL-2 is a switch between hundreds of nM and the limit of consumption.
    12. MHC is not conserved: complexes at the surface are lost by release of the peptide alone.
    13. Treg are primed by immature APC that carry the MHC of mature ones; antigen of the lymph node feeds nothing.
    14. Two constants are missing in all shipped files: death of exhausted cells (0.01/day here) and the divisions of Treg that IL-2
        drives (11 here).
    15. Other therapy is there and has the rate 0.
    16. Integrated as the original does, with its tolerances and daily restarts, states differ by at most 7e-6.
    17. Nivolumab is not consumed by binding.

    References
    ----------
    Gong C, Ruiz-Martinez A, Kimko H, Popel AS. Cancers 2021;13:3751, doi:10.3390/cancers13153751; its program:
    github.com/popellab/SPQSP_IO, commit eca3ea5 (MIT licence, copyright 2021 popellab).

    Examples
    --------
    >>> body = nsclc_gong_2021(k_growth="0.008 / day")
    >>> len(body.species), body.signals["nsclc.tumour.cancer"]
    (47, ('tumour_cancer', 'cell'))
    """
    if program not in ("single", "sim"):
        raise ModelError(f"nsclc_gong_2021: unknown program '{program}'{suggest(program, ('single', 'sim'))}")
    if program == "sim":
        numbers = {**_SIM_NUMBERS, **{_start_name(state): 0 for state in _SIM_ABSENT}, **numbers}
    parameters = load(_TABLE, numbers)
    if start is not None:
        parameters |= _start_values(start)
    texts = [_text(module) for module in (*_MODULES, *(("start",) if start is None else ()))]
    return Body(
        name="nsclc",
        prefix="",
        antimony="\n".join([*texts, *(_initial_assignment(state) for state in STATES)]),
        signals={
            "blood.cd8": ("blood_cd8_density", "cell/uL"),
            "blood.treg": ("blood_treg_density", "cell/uL"),
            **{f"nsclc.{state}": (_identifier(state), unit) for state, unit in STATES.items()},
            **{f"nsclc.{name}": (name, unit) for name, unit in DERIVED.items()},
        },
        species={_species(state): _SPECIES_UNITS.get(state, STATES[state]) for state in STATES},
        parameters=tuple(parameters.values()),
    )


def nivolumab_gong_2021(**numbers: Any) -> Drug:
    """Return nivolumab for `nsclc_gong_2021`, whose body holds all of its pharmacokinetics; doses are infused over an hour.

    Parameters
    ----------
    numbers
        Replace ``body_weight``, ``infusion_time`` and ``nivolumab_molar_mass``; give the body the same.

    Examples
    --------
    >>> nivolumab_gong_2021(infusion_time="30 min").duration * 24
    0.5
    """
    parameters = load(_TABLE, numbers)
    return Drug(
        name="nivolumab",
        unit="mg",
        molar_mass=parameters["nivolumab_molar_mass"].value * 1e6,  # mg/nmol to g/mol
        dose_into="blood_nivolumab_given",
        infusion="nivolumab_infusion",
        duration=parameters["infusion_time"].value,
        weight=parameters["body_weight"].value,
    )


def states(signals: Mapping[str, float]) -> dict[str, float]:
    """Return the states among the signals of `nsclc_gong_2021`: what another one can start from."""
    return {state: signals[f"nsclc.{state}"] for state in STATES}


def _text(module: str) -> str:
    return (resources.files(__package__) / f"{module}.ant").read_text(encoding="utf-8")


def _identifier(state: str) -> str:
    return state.replace(".", "_")


def _species(state: str) -> str:
    """Return the species behind a state: concentrations have an amount."""
    if state == "blood.nivolumab":
        return "blood_nivolumab_given"
    return _identifier(state) + ("_amount" if STATES[state] == "nM" else "")


def _start_name(state: str) -> str:
    return f"start_{_identifier(state)}"


def _initial_assignment(state: str) -> str:
    start = _start_name(state)
    if STATES[state] == "nM":
        start += f" * {_VOLUMES[state.partition('.')[0]]}"
    if state == "blood.nivolumab":
        start += " * given_per_nmol"
    return f"{_species(state)} = {start};"


def _start_values(start: Mapping[str, float]) -> dict[str, Parameter]:
    for state in start:
        if state not in STATES:
            raise ModelError(f"nsclc_gong_2021: unknown state '{state}'{suggest(state, STATES)}")
    missing = [state for state in STATES if state not in start]
    if missing:
        raise ModelError(f"nsclc_gong_2021: start lacks {', '.join(missing)}; all {len(STATES)} states are needed")
    return {
        _start_name(state): Parameter(
            name=_start_name(state),
            value=value,
            unit=STATES[state],
            source="a state of the model",
            kind="fitted-in-model",
        )
        for state, value in start.items()
    }

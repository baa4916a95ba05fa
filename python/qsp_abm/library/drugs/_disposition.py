"""What the drugs of the library share: compartments, the published forms of clearance, absorption, tumour interstitium, binding.

Amounts are in mg. The interstitium is one litre that holds nmol, whose number is the concentration in nM; it is too small to
lower the plasma, so it does not feed back on it. Time in a clearance counts from the first dose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...body.description import Drug, Entry
from ...doses import Route
from ...parameters import Parameter, load
from ...variability import load_variability

__all__ = ["Structure", "build"]

Clearance = Literal["stationary", "sigmoid", "sigmoid-linear", "approach", "decaying"]

# The clearance as a factor or sum of its published form; N_day is the time since the first dose.
_SIGMOID = "N_clearance_change * N_day ^ N_clearance_hill / (N_clearance_half_time ^ N_clearance_hill + N_day ^ N_clearance_hill)"
_CLEARANCE: dict[Clearance, str] = {
    "stationary": "{}",
    "sigmoid": f"{{}} * exp({_SIGMOID})",
    "sigmoid-linear": f"{{}} * (1 + {_SIGMOID})",
    "approach": "{0} + (N_clearance_first - {0}) * exp(-ln(2) * N_day / N_clearance_half_life)",
    "decaying": "{} + N_clearance_decaying * exp(-N_clearance_decay * N_day)",
}
_SYMBOLS = {
    "cl": "clearance",
    "q": "intercompartmental_clearance",
    "v1": "central_volume",
    "v2": "peripheral_volume",
}
_PD1_RECEPTORS = """
N_receptors := N_t_cell_density * N_pd1_fraction * N_pd1_per_cell * (1e12 / 6.02214076e23) / N_interstitial_fraction;
"""  # 1e12 / 6.02214076e23: molecules per mL to nM
_INTERSTITIUM = """
N_entering: => N_interstitium; N_equilibration * N_partition * N_plasma * (1e6 / N_molar_mass);
N_leaving: N_interstitium => ; N_equilibration * N_interstitium;
"""  # 1e6: mg/L over g/mol to nM


@dataclass(frozen=True)
class Structure:
    """The shape of a population model.

    Parameters
    ----------
    compartments
        1 or 2.
    clearance
        ``stationary``; ``sigmoid``: ``CL exp(c t^h / (t50^h + t^h))``; ``sigmoid-linear``: ``CL (1 + c t^h / (t50^h + t^h))``;
        ``approach``: exponential from ``clearance_first`` to ``clearance``; ``decaying``: ``CL + CL2 exp(-k t)``.
    scaled
        Of ``cl``, ``q``, ``v1``, ``v2`` -> the parameter that is its exponent of weight over ``reference_weight``.
    saturable
        Michaelis-Menten elimination besides, ``vmax`` (mg/day) and ``km`` (ug/mL).
    subcutaneous
        A depot with ``absorption`` (1/day) and ``bioavailability``.
    interstitium
        Whether the drug is followed into the tumour.
    target
        Receptor bound there: ``pd1`` (with loss by internalisation), ``pdl1``, ``ctla4``; empty: none.
    """

    compartments: Literal[1, 2] = 2
    clearance: Clearance = "stationary"
    scaled: Mapping[str, str] = field(default_factory=dict)
    saturable: bool = False
    subcutaneous: bool = False
    interstitium: bool = True
    target: Literal["", "pd1", "pdl1", "ctla4"] = ""

    @property
    def species(self) -> dict[str, str]:
        """Its species with their units."""
        names = ["depot"] * self.subcutaneous + ["central"] + ["peripheral"] * (self.compartments == 2) + ["eliminated"]
        return dict.fromkeys(names, "mg") | ({"interstitium": "nmol"} if self.interstitium else {})

    def text(self) -> str:
        """The Antimony text, ``N_`` before every id."""
        two = self.compartments == 2
        lines = ["compartment N_space = 1;"]
        lines += [f"substanceOnly species N_{name} in N_space;" for name in self.species]
        lines.append(" ".join(f"N_{name} = 0;" for name in self.species))
        lines.append("N_infusion = 0;  // mg/day, set by the doses")
        if self.scaled:
            lines.append("N_size := N_weight / N_reference_weight;")
        if self.clearance != "stationary":
            # not piecewise: the solver looks for its roots, and then no two instances agree to the last bit; before the first dose
            # there is nothing to clear
            lines.append("N_first_dose = 0; N_day := abs(time - N_first_dose);")
        for symbol, name in _SYMBOLS.items():
            if two or symbol in ("cl", "v1"):
                exponent = f" * N_size ^ N_{self.scaled[symbol]}" if symbol in self.scaled else ""
                value = f"N_{name}{exponent}"
                lines.append(f"N_{symbol} := {_CLEARANCE[self.clearance].format(value) if symbol == 'cl' else value};")
        lines.append("N_plasma := N_central / N_v1;  // mg/L = ug/mL")
        lines.append("N_infused: => N_central; N_infusion;")
        lines.append("N_cleared: N_central => N_eliminated; N_cl * N_plasma;")
        if two:
            lines.append("N_outward: N_central => N_peripheral; N_q * N_plasma;")
            lines.append("N_inward: N_peripheral => N_central; N_q / N_v2 * N_peripheral;")
        if self.saturable:
            lines.append("N_saturable: N_central => N_eliminated; N_vmax * N_plasma / (N_km + N_plasma);")
        if self.subcutaneous:
            lines.append("N_absorbed: N_depot => N_central; N_absorption * N_depot;")
        if self.target == "pd1":
            lines.append(_PD1_RECEPTORS.strip())
        if self.target:
            lines.append(f"N_{self.occupancy} := N_interstitium / (N_affinity + N_interstitium);")
        if self.interstitium:
            lines.append(_INTERSTITIUM.strip())
        if self.target == "pd1":
            lines.append("N_internalised: N_interstitium => ; N_internalisation * N_receptors * N_occupancy;")
        return "\n".join(lines)

    @property
    def occupancy(self) -> str:
        """Name of the occupancy: plain for PD-1, since that one blocks the PD-1 synapse; else with its receptor."""
        return "occupancy" if self.target == "pd1" else f"{self.target}_occupancy"


def build(
    name: str,
    numbers: Mapping[str, Any],
    structure: Structure,
    *,
    table: str | None = None,
    extra: str = "",
    signals: Mapping[str, str] | None = None,
    routes: Mapping[Route, tuple[Entry, ...]] | None = None,
    usual_route: Route = "iv",
) -> Drug:
    """Return a drug of the library.

    Parameters
    ----------
    name
        Prefix of its ids, put in place of ``N_``.
    numbers
        Replace values of its table.
    structure
        Its compartments and clearance.
    table
        TOML file of its numbers; default: its name.
    extra
        Antimony besides, ids with ``N_``.
    signals
        Further signals: name -> unit.
    routes, usual_route
        As in `Drug`, ids with ``N_``; a subcutaneous depot brings its own route.
    """
    parameters: dict[str, Parameter] = load(table or name, numbers)
    found = {"plasma": "ug/mL"}
    if structure.interstitium:
        found["interstitium"] = "nM"
    if structure.target:
        found[structure.occupancy] = ""
    found |= dict(signals or {})
    others = dict(routes or {})
    if structure.subcutaneous:
        others["sc"] = (Entry(into="N_depot", fraction="N_bioavailability"),)
    vein = usual_route != "oral"
    return Drug(
        name=name,
        molar_mass=parameters["molar_mass"].value,
        antimony=f"{structure.text()}\n{extra.strip()}".replace("N_", f"{name}_").strip() + "\n",
        dose_into=f"{name}_central",
        infusion=f"{name}_infusion" if vein else None,
        duration=parameters["infusion_time"].value if vein else 0.0,
        routes={route: tuple(_named(entry, name) for entry in entries) for route, entries in others.items()},
        usual_route=usual_route,
        first_dose=None if structure.clearance == "stationary" else f"{name}_first_dose",
        weight=parameters["weight"].value,
        height=parameters["height"].value if "height" in parameters else None,
        signals={f"{name}.{signal}": (f"{name}_{signal}", unit) for signal, unit in found.items()},
        species={f"{name}_{species}": unit for species, unit in structure.species.items()},
        parameters=tuple(parameters.values()),
        variability=load_variability(table or name),
    )


def _named(entry: Entry, name: str) -> Entry:
    given = entry.model_dump(exclude_none=True)
    return Entry(**{key: value.replace("N_", f"{name}_") for key, value in given.items()})

"""What cells and records read of the body: name -> (id, unit). Densities are per uL, which is per mm^3."""

from __future__ import annotations

from .module import Module

__all__ = ["SIGNALS", "readings"]

_BLOOD = {
    "cd8": "(blood_cd8 + blood_bystander)",  # naive cells do not enter tumours
    "cd8_effector": "blood_cd8",
    "cd8_bystander": "blood_bystander",
    "helper": "blood_helper",
    "treg": "blood_treg",
    "naive_cd8": "blood_naive_cd8",
    "naive_cd4": "blood_naive_cd4",
}
_TUMOUR = {
    "cancer": "cancer",
    "cd8": "tumour_cd8",
    "exhausted": "tumour_exhausted",
    "bystander": "tumour_bystander",
    "helper": "tumour_helper",
    "treg": "tumour_treg",
}

SIGNALS: dict[str, tuple[str, str]] = {
    **{f"blood.{name}": (f"density_blood_{name}", "cell/uL") for name in _BLOOD},
    **{f"tumour.{name}": (f"density_tumour_{name}", "cell/uL") for name in _TUMOUR},
    "tumour.diameter": ("tumour_diameter", "um"),
    "tumour.volume": ("tumour_volume", "L"),
    "tumour.pd1_signal": ("pd1_signal_tumour", ""),
    "node.pd1_signal": ("pd1_signal_node", ""),
    "node.costimulation": ("costimulation", ""),
    "node.il2": ("il2", "nmol/L"),
}

readings = Module(
    name="readings",
    species={},
    antimony="\n".join(
        f"density_{place}_{name} := {formula} / ({volume} * io_microlitres);"
        for place, names, volume in (("blood", _BLOOD, "io_blood_volume"), ("tumour", _TUMOUR, "tumour_volume"))
        for name, formula in names.items()
    ),
)

"""One colour per cell type, the same in every picture, distinct for colour-blind readers.

The hues are those of Okabe and Ito, lightened or darkened within a family: tumour sand, CD8 blue to green, what is dead
or scaffold grey. Families differ in lightness as well as in hue.

References
----------
Okabe M, Ito K. Color Universal Design (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

__all__ = ["arm_colours", "colour_of", "label_of"]

_KNOWN = {
    "tumour": "#E3B778",
    "tumour_antigen_negative": "#B98A4A",
    "tumour_hypoxic": "#A8763E",
    "tumour_necrotic": "#4F433A",
    "cd8_bystander": "#8CC5EE",
    "cd8_naive": "#B9DDF5",
    "cd8_effector": "#0070C0",
    "cd8_progenitor_exhausted": "#009E73",
    "cd8_terminally_exhausted": "#43206E",
    "cd4": "#66B8AE",
    "cd4_helper": "#66B8AE",
    "treg": "#D55E00",
    "car_t": "#101820",
    "nk": "#1B4D5C",
    "b_cell": "#C9B800",
    "dendritic_cell": "#8A1C4A",
    "macrophage": "#CC79A7",
    "macrophage_m1": "#E3A6C8",
    "macrophage_m2": "#99497A",
    "neutrophil": "#A8A03A",
    "mdsc": "#7A6A00",
    "other_immune": "#A9B59A",
    "stroma": "#D5D8DB",
    "fibroblast": "#B4BAC0",
    "endothelial": "#B2182B",
    "vessel": "#B2182B",
}
_CYCLE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A900", "#44546A", "#882255", "#44AA99")
_DEAD = "#65605C"
_LABELS = {
    "cd8": "CD8",
    "cd4": "CD4",
    "treg": "Treg",
    "nk": "NK",
    "car": "CAR",
    "t": "T",
    "b": "B",
    "mdsc": "MDSC",
    "m1": "M1",
    "m2": "M2",
    "pd1": "PD-1",
    "pdl1": "PD-L1",
    "ifng": "IFN-γ",
    "tcr": "TCR",
}
_CONTROL = "#6F7780"
_ARMS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")


def colour_of(name: str, *, dead: bool = False) -> str:
    """Return the colour of a cell type as hexadecimal text; an unknown name always gets the same one.

    Examples
    --------
    >>> colour_of("cd8_effector")
    '#0070C0'
    >>> colour_of("my_cell") == colour_of("my_cell")
    True
    """
    if name in _KNOWN:
        return _KNOWN[name]
    if dead or name.endswith(("_dead", "_apoptotic", "_necrotic")):
        return _DEAD
    return _CYCLE[crc32(name.encode()) % len(_CYCLE)]


def arm_colours(arms: Sequence[str], control: str | None = None) -> dict[str, str]:
    """Return a colour per arm: grey for the control, the others in order."""
    others = [arm for arm in arms if arm != control]
    colours = {arm: _ARMS[index % len(_ARMS)] for index, arm in enumerate(others)}
    return {arm: colours.get(arm, _CONTROL) for arm in arms}


def label_of(name: str) -> str:
    """Return a name of the model as a reader would write it.

    Examples
    --------
    >>> label_of("cd8_progenitor_exhausted"), label_of("treg"), label_of("tumour_dead")
    ('CD8 progenitor exhausted', 'Treg', 'Tumour dead')
    """
    words = [_LABELS.get(word, word) for word in name.replace("-", "_").split("_") if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:]

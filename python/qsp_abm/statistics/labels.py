"""Which labels are tumour cells, immune cells and so on, where nobody has said it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

__all__ = ["sets_of"]

# Patterns of labels in lower case: the cell types of the library and the usual words of multiplexed imaging.
_DEAD = ("*dead*", "*necro*", "*apopto*")
_MEMBERS = {
    "tumour": ("tumour*", "tumor*", "epithelial*", "cancer*", "malignant*"),
    "cd8": ("cd8*", "car_t*"),
    "cd4": ("cd4*",),
    "treg": ("treg*",),
    "b_cell": ("b", "b cell*", "b_cell*"),
    "nk": ("nk", "nk *", "nk_*"),
    "macrophage": ("macrophage*", "mf_*", "mf/*"),
    "dendritic": ("dc", "dc *", "dendritic*"),
    "other_immune": ("neutrophil*", "mdsc*", "mono*", "cd11c*", "other_immune*", "*immune"),
    "stroma": ("stroma*", "fibroblast*", "caf", "caf_*", "mesenchym*", "endotheli*"),
}
_UNIONS = {
    "lymphocyte": ("cd8", "cd4", "treg", "b_cell", "nk"),
    "immune": ("cd8", "cd4", "treg", "b_cell", "nk", "macrophage", "dendritic", "other_immune"),
}


def sets_of(labels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the labels that belong to each usual set; a set may be empty.

    Parameters
    ----------
    labels
        All labels that may occur.

    Examples
    --------
    >>> sets_of(["Tumor/Keratin", "CD8T", "Treg", "tumour_dead"])["tumour"]
    ('Tumor/Keratin',)
    """
    known = list(labels)

    def matching(patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(label for label in known if any(fnmatch(label.casefold(), pattern) for pattern in patterns))

    dead = matching(_DEAD)
    found = {
        name: tuple(label for label in matching(patterns) if label not in dead) for name, patterns in _MEMBERS.items()
    }
    for name, parts in _UNIONS.items():
        members = {label for part in parts for label in found[part]}
        found[name] = tuple(label for label in known if label in members)
    return found | {"dead": dead}

r"""Naive cells meet presented antigen in the nodes, become activated, and divide.

``k n s A / (s A + n) p / (p + K)``: n naive cells of all clones in the nodes, A presenting cells with s sites each,
which the clones share, p complexes of one clone per cell. PD-1 of the nodes lowers priming of CD8 and helper cells.
Activated cells become ``2^N`` cells, N = divisions by the T-cell receptor + by CD28 + by interleukin-2; N divisions
take N times one, so the activated pool empties at the division rate over N.

Sources: De Boer and Perelson 1995 (PMID 7475092), Robins 2009 (PMID 19706884), Marchingo 2014 (PMID 25430770), as in QSP-IO.
"""

from __future__ import annotations

from .module import Module

__all__ = ["priming"]

_LINEAGE = """
CELL_precursors := io_CLONES * node_naive_NAIVE / io_diversity_NAIVE;
CELL_meeting := io_sites * APC / (io_sites * APC + CELL_precursors + io_one_cell);
CELL_complexes := PRESENTED / io_CLONES;
CELL_primed := io_prime_CELL * CELL_precursors * CELL_meeting * CELL_complexes / (CELL_complexes + io_complexes_half)BRAKE;
CELL_divisions := io_divisions_receptor + io_divisions_costimulation * costimulation \
  + io_divisions_il2_CELL * il2 / (il2 + io_il2_half_CELL);

CELL_is_primed: node_naive_NAIVE => node_activated_CELL; CELL_primed;
CELL_leaves_the_activated: node_activated_CELL => ; io_division_rate / CELL_divisions * node_activated_CELL;
CELL_expands: => node_CELL; io_division_rate / CELL_divisions * 2^CELL_divisions * node_activated_CELL;
"""
_BRAKE = " \\\n  * (1 - io_pd1_effect_priming * pd1_signal_node)"


def _lineage(cell: str, naive: str, apc: str, presented: str, clones: str, brake: str = "") -> str:
    words = {"CELL": cell, "NAIVE": naive, "APC": apc, "PRESENTED": presented, "CLONES": clones, "BRAKE": brake}
    text = _LINEAGE
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


priming = Module(
    name="priming",
    species={f"node_activated_{cell}": "cell" for cell in ("cd8", "helper", "treg")},
    antimony=_lineage("cd8", "cd8", "node_mature_apc", "migratory_mhc1_presented", "neo_clones", _BRAKE)
    + _lineage("helper", "cd4", "node_mature_apc", "migratory_mhc2_presented", "neo_clones", _BRAKE)
    + _lineage("treg", "cd4", "node_apc", "resident_mhc2_presented", "self_clones"),
)

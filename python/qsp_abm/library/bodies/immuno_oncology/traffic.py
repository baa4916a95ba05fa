r"""Differentiated T cells among nodes, blood, periphery and tumour.

Every exchange is first order in the cells that move; entry into the tumour is also in proportion to its volume, ``q
V``. CD8 effectors, helper and regulatory cells come from the nodes. CD8 effectors stay in the tumour as far as they are
among cancer cells, where the PD-1 signal and regulatory cells exhaust them; helper, regulatory and bystander cells
(antigen-experienced, of other specificities) come and go. Regulatory and bystander cells are renewed towards their
density in healthy blood (thymus and homeostatic division together), and regulatory cells recirculate through the nodes.
Antibody against CTLA-4 with an active Fc part depletes regulatory cells of the tumour.

Coupled, the tissue's own entries ``io_tissue_entry_...`` and returns ``io_tissue_return_...`` (cells per day) take the
place of the tumour's.

Sources: Zhu 1996 (PMID 8706023) and De Boer and Perelson 1995 (PMID 7475092), as in QSP-IO; rates between blood and
tissue are assumed such that blood holds about 2 % of these cells.
"""

from __future__ import annotations

from .module import Module

__all__ = ["traffic"]

_EVERYWHERE = """
CELL_enters_the_periphery: blood_CELL => periphery_CELL; io_periphery_entry * blood_CELL;
CELL_leaves_the_periphery: periphery_CELL => blood_CELL; io_periphery_exit * periphery_CELL;
CELL_enters_the_tumour: blood_CELL => tumour_CELL; io_alone * io_tumour_entry_CELL * tumour_volume * blood_CELL;
CELL_enters_the_tissue: blood_CELL => ; (1 - io_alone) * io_tissue_entry_CELL;
CELL_returns_from_the_tissue: => blood_CELL; (1 - io_alone) * io_tissue_return_CELL;
"""
_EXIT = "CELL_leaves_the_tumour: tumour_CELL => blood_CELL; io_alone * io_tumour_exit * tumour_CELL;\n"
_EGRESS = "CELL_leaves_the_node: node_CELL => blood_CELL; io_egress * node_CELL;\n"
_DEATH = "CELL_dies_in_PLACE: PLACE_CELL => ; SWITCHio_CELL_death * PLACE_CELL;\n"

_PLACES = {
    "cd8": ("node", "blood", "periphery", "tumour"),
    "helper": ("node", "blood", "periphery", "tumour"),
    "treg": ("node", "blood", "periphery", "tumour"),
    "bystander": ("blood", "periphery", "tumour"),
}


def _cell(cell: str) -> str:
    text = _EVERYWHERE + (_EXIT if cell != "cd8" else "") + (_EGRESS if cell in ("cd8", "helper") else "")
    for place in _PLACES[cell]:
        text += _DEATH.replace("PLACE", place).replace("SWITCH", "io_alone * " if place == "tumour" else "")
    return text.replace("CELL", cell)


traffic = Module(
    name="traffic",
    species={f"{place}_{cell}": "cell" for cell, places in _PLACES.items() for place in places}
    | {"tumour_exhausted": "cell"},
    antimony="".join(_cell(cell) for cell in _PLACES)
    + """
treg_enters_the_node: blood_treg => node_treg; io_node_entry * blood_treg;
treg_leaves_the_node: node_treg => blood_treg; io_node_exit * node_treg;
treg_is_renewed: => blood_treg; io_renewal * io_treg_death * io_healthy_treg * io_blood_volume \
  * (1 + io_node_entry / (io_node_exit + io_treg_death) + io_periphery_entry / (io_periphery_exit + io_treg_death));
bystander_is_renewed: => blood_bystander; io_renewal * io_bystander_death * io_healthy_bystander * io_blood_volume \
  * (1 + io_periphery_entry / (io_periphery_exit + io_bystander_death));

treg_ctla4_bound := io_ctla4_per_treg * (1 - ctla4_unblocked_tumour);
treg_is_depleted: tumour_treg => ; io_alone * io_depletion * tumour_treg \
  * treg_ctla4_bound * treg_ctla4_bound \
  / (treg_ctla4_bound * treg_ctla4_bound + io_depletion_half * io_depletion_half);

contact := tumour_cancer / (tumour_cancer + tumour_t_cells + io_one_cell);
cd8_leaves_the_tumour: tumour_cd8 => blood_cd8; io_alone * io_tumour_exit * (1 - contact) * tumour_cd8;
cd8_is_exhausted: tumour_cd8 => tumour_exhausted; io_alone * tumour_cd8 \
  * (io_exhaustion * contact * pd1_signal_tumour \
     + io_exhaustion_by_treg * tumour_treg / (tumour_treg + tumour_cd8 + io_one_cell));
exhausted_dies: tumour_exhausted => ; io_alone * io_exhausted_death * tumour_exhausted;
""",
)

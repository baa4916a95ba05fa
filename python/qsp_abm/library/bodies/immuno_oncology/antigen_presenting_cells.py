r"""Antigen-presenting cells: immature ones of the tumour mature with the danger signal and migrate to the nodes.

Immature cells are replaced towards a density in the tumour, ``d rho V``; they mature at ``k c / (c + K)`` with the
danger signal c; mature cells leave for the nodes and are the same cells there. Resident cells of the nodes are replaced
towards their density.

Sources: Chen 2014 (PMID 25184733), Marino and Kirschner 2004 (PMID 15038983), as in QSP-IO.
"""

from __future__ import annotations

from .module import Module

__all__ = ["antigen_presenting_cells"]

antigen_presenting_cells = Module(
    name="antigen_presenting_cells",
    species={"tumour_apc": "cell", "tumour_mature_apc": "cell", "node_mature_apc": "cell", "node_apc": "cell"},
    antimony="""
apc_enters_the_tumour: => tumour_apc; io_apc_death * io_apc_density_tumour * tumour_volume;
apc_dies_in_the_tumour: tumour_apc => ; io_apc_death * tumour_apc;
apc_matures: tumour_apc => tumour_mature_apc; io_maturation * tumour_apc * damp / (damp + io_damp_half);
mature_apc_dies_in_the_tumour: tumour_mature_apc => ; io_mature_apc_death * tumour_mature_apc;
mature_apc_migrates: tumour_mature_apc => node_mature_apc; io_migration * tumour_mature_apc;
mature_apc_dies_in_the_node: node_mature_apc => ; io_mature_apc_death * node_mature_apc;
apc_enters_the_node: => node_apc; io_apc_death * io_apc_density_node * io_node_volume;
apc_dies_in_the_node: node_apc => ; io_apc_death * node_apc;
""",
)

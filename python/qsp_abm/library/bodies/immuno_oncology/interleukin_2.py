r"""Interleukin-2 of the nodes: secreted by activated CD8 and helper cells, used up by them and by regulatory cells.

Secretion and uptake are of one order per cell, so that the level follows the numbers of cells and is no switch.

Sources: secretion and loss of the hepatocellular model of the spQSP family; uptake assumed.
"""

from __future__ import annotations

from .module import Module

__all__ = ["interleukin_2"]

interleukin_2 = Module(
    name="interleukin_2",
    species={"node_il2": "nmol"},
    antimony="""
il2 := node_il2 / node_interstitium;
node_responders := node_activated_cd8 + node_activated_helper;

il2_is_secreted: => node_il2; io_il2_secretion * node_responders;
il2_is_lost: node_il2 => ; io_il2_loss * node_il2;
il2_is_used: node_il2 => ; io_il2_uptake * node_responders * il2 / (il2 + io_il2_half_cd8);
il2_is_used_by_treg: node_il2 => ; \
  io_il2_uptake_treg * (node_treg + node_activated_treg) * il2 / (il2 + io_il2_half_treg);
""",
)

r"""Interleukin-2 of the nodes: secreted by activated CD8 and helper cells, used up by their offspring and by regulatory cells.

Its concentration is that of the niches in which responders are, a part of the nodes with the same part of their
regulatory cells. An activated cell stands for its clone while it divides, on average ``2^N / (N ln 2)`` cells over N
equal divisions: so many use interleukin-2, which bounds expansion.

Sources: secretion and loss of the hepatocellular model of the spQSP family; uptake assumed.
"""

from __future__ import annotations

from .module import Module

__all__ = ["interleukin_2"]

interleukin_2 = Module(
    name="interleukin_2",
    species={"node_il2": "nmol"},
    antimony="""
il2 := node_il2 / (io_il2_niche * node_interstitium);
node_dividing := node_activated_cd8 * 2^cd8_divisions / (cd8_divisions * ln(2)) \
  + node_activated_helper * 2^helper_divisions / (helper_divisions * ln(2));

il2_is_secreted: => node_il2; io_il2_secretion * (node_activated_cd8 + node_activated_helper);
il2_is_lost: node_il2 => ; io_il2_loss * node_il2;
il2_is_used: node_il2 => ; io_il2_uptake * node_dividing * il2 / (il2 + io_il2_half_cd8);
il2_is_used_by_treg: node_il2 => ; \
  io_il2_uptake_treg * io_il2_niche * (node_treg + node_activated_treg) * il2 / (il2 + io_il2_half_treg);
""",
)

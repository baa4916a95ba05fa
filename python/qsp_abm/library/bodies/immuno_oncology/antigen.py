r"""Antigen of dying cancer cells, and the danger signal (DAMP) with it.

Every dying cell releases its neoantigens and self antigens into the interstitium of the tumour, where they are
degraded, taken up by mature antigen-presenting cells (`presentation`), and carried off by the lymph. Self antigen
arrives in the nodes, where resident cells present it to regulatory precursors; drained neoantigen is presented there by
nobody and is counted as lost. Killed cells give the whole danger signal, cells that die by themselves a share of it.

Amounts follow the cells that die and the volume that they die in: nothing refers to a fixed reference tumour.

Sources: QSP-IO (doi:10.1002/psp4.12546) and Gong 2021 (doi:10.3390/cancers13153751).
"""

from __future__ import annotations

from .module import Module

__all__ = ["antigen"]

antigen = Module(
    name="antigen",
    species={
        "tumour_neoantigen": "nmol",
        "tumour_self_antigen": "nmol",
        "tumour_damp": "nmol",
        "node_self_antigen": "nmol",
    },
    antimony="""
damp := io_basal_damp + tumour_damp / tumour_interstitium;

neoantigen_is_released: => tumour_neoantigen; \
  io_neo_clones * io_neoantigen_per_cell * (cancer_deaths + cancer_kills);
neoantigen_is_degraded: tumour_neoantigen => ; io_antigen_loss * tumour_neoantigen;
neoantigen_is_drained: tumour_neoantigen => ; io_lymph_flow * tumour_neoantigen;
self_antigen_is_released: => tumour_self_antigen; \
  io_self_clones * io_self_antigen_per_cell * (cancer_deaths + cancer_kills);
self_antigen_is_degraded: tumour_self_antigen => ; io_antigen_loss * tumour_self_antigen;
self_antigen_is_drained: tumour_self_antigen => node_self_antigen; io_lymph_flow * tumour_self_antigen;
self_antigen_is_lost: node_self_antigen => ; io_antigen_loss * node_self_antigen;
damp_is_released: => tumour_damp; io_damp_per_cell * (cancer_kills + io_damp_share * cancer_deaths);
damp_is_lost: tumour_damp => ; io_damp_loss * tumour_damp;
""",
)

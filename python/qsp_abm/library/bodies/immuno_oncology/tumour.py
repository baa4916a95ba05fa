r"""Cancer cells: logistic growth, basal death, killing by CD8 effectors; dead cells stay in the tumour until they are cleared.

.. math::
    \dot C = r \frac{C^2}{C + 1} (1 - C / C_{max}) - d C - K, \qquad
    K = k E \frac{C}{s C + T + 1} \frac{E}{E + p R + 1} (1 - m H)

C cancer cells, E effectors, R regulatory cells, T all T cells of the tumour, H the PD-1 signal (`checkpoints`), m its
largest effect. A part of a cell does not divide, hence C + 1. The volume is that of all cells over their volume
fraction, at every moment; concentrations refer to its interstitium.

Alone (``io_alone`` 1) the tumour is this ODE. Coupled (0) the tissue supplies its cancer cells, deaths, kills and T
cells as inputs ``io_tissue_...``, and every reaction of the ODE tumour that the tissue replaces is switched off.
``io_held`` 1 lets births make up for deaths, for a steady state of everything else.

Sources: the killing law and its constants are those of QSP-IO (doi:10.1002/psp4.12546) and Robertson-Tessi 2012.
"""

from __future__ import annotations

from .module import Module

__all__ = ["tumour"]

tumour = Module(
    name="tumour",
    species={"tumour_cancer": "cell", "tumour_dead": "cell"},
    antimony="""
cancer := io_alone * tumour_cancer + (1 - io_alone) * io_tissue_cancer;
tumour_t_cells := io_alone * (tumour_cd8 + tumour_exhausted + tumour_bystander + tumour_helper + tumour_treg) \
  + (1 - io_alone) * io_tissue_t_cells;
tumour_volume := io_minimal_volume \
  + (io_cancer_volume * (cancer + tumour_dead) + io_t_cell_volume * tumour_t_cells) / (1 - io_interstitial_fraction);
tumour_interstitium := io_interstitial_fraction * tumour_volume;
tumour_diameter := root(3, 6 * tumour_volume * io_litre / pi);

engaging := tumour_cd8 * tumour_cancer / (io_kill_saturation * tumour_cancer + tumour_t_cells + io_one_cell);
unprotected := tumour_cd8 / (tumour_cd8 + io_treg_protection * tumour_treg + io_one_cell);
killing := io_kill * engaging * unprotected * (1 - io_pd1_effect_killing * pd1_signal_tumour);
cancer_kills := io_alone * killing + (1 - io_alone) * io_tissue_kills;
cancer_deaths := io_alone * io_cancer_death * tumour_cancer + (1 - io_alone) * io_tissue_deaths;

cancer_is_born: => tumour_cancer; io_alone * (1 - io_held) * io_growth * (1 - tumour_cancer / io_capacity) \
  * tumour_cancer * tumour_cancer / (tumour_cancer + io_one_cell);
cancer_dies: tumour_cancer => ; io_alone * (1 - io_held) * (cancer_deaths + cancer_kills);
dead_cells_stay: => tumour_dead; cancer_deaths + cancer_kills;
dead_cells_are_cleared: tumour_dead => ; io_dead_clearance * tumour_dead;
""",
)

r"""PD-1 in tumour and nodes, CD28 and CTLA-4 in the nodes; all as molecules per um^2 of a synapse.

PD-1 and PD-L1 are in equilibrium: of the densities a and b, ``bound = 2 a b / (s + sqrt(s^2 - 4 a b))``, ``s = a + b +
K``; the signal is ``x^2 / (1 + x^2)``, x bonds over their half. Receptors blocked by antibody count as absent. PD-L1 of
cancer cells has a constitutive part and one that rises with the density of effectors. PD-L2 is left out.

CD28 and CTLA-4 compete for CD80 and CD86 of the mature cell, by mass action (four complexes). Regulatory cells of the
nodes take CD80 and CD86 away through their own CTLA-4. The CD28 signal is what activated cells divide on.

Sources: Cheng 2013 (doi:10.1074/jbc.M112.448126); van der Merwe 1997, Collins 2002 and Jansson 2005 (PMID 16034096), as
in QSP-IO. Receptor numbers and halves are one block each: chosen such that the signals are graded, not saturated.

The solver works out a rule anew wherever its name stands, and powers and roots are what costs: squares are written as
products, and in the signal ``(s + r)^2`` with ``r^2 = s^2 - 4 a b`` is expanded, so that the root r stands in it once.
"""

from __future__ import annotations

from .module import Module

__all__ = ["checkpoints"]

_PD1 = """
pd1_PLACE := io_pd1_per_cell / io_t_cell_area * pd1_unblocked_PLACE;
pd1_pairs_PLACE := pd1_PLACE * pdl1_PLACE;
pd1_sum_PLACE := pd1_PLACE + pdl1_PLACE + io_pd1_dissociation;
pd1_root_PLACE := sqrt(pd1_sum_PLACE * pd1_sum_PLACE - 4 * pd1_pairs_PLACE);
pd1_bonds_PLACE := 2 * pd1_pairs_PLACE / (pd1_sum_PLACE + pd1_root_PLACE);
pd1_signal_PLACE := 2 * pd1_pairs_PLACE * pd1_pairs_PLACE / (2 * pd1_pairs_PLACE * pd1_pairs_PLACE \
  + HALF * HALF * (pd1_sum_PLACE * pd1_sum_PLACE - 2 * pd1_pairs_PLACE + pd1_sum_PLACE * pd1_root_PLACE));
"""
_PAIR = """
RECEPTOR_LIGAND_binds: => RECEPTOR_LIGAND; \
  io_LIGAND_on * (RECEPTOR_free * LIGAND_free - io_RECEPTOR_LIGAND_dissociation * RECEPTOR_LIGAND);
"""

checkpoints = Module(
    name="checkpoints",
    species={f"{receptor}_{ligand}": "molecule/um^2" for receptor in ("cd28", "ctla4") for ligand in ("cd80", "cd86")},
    antimony="""
effector_density := tumour_cd8 / tumour_volume;
pdl1_tumour := (io_pdl1_cancer + io_pdl1_induced * effector_density / (effector_density + io_pdl1_induction_half)) \
  / io_cancer_area;
pdl1_node := io_pdl1_apc / io_apc_area;
"""
    + _PD1.replace("PLACE", "tumour").replace("HALF", "io_pd1_half_killing")
    + _PD1.replace("PLACE", "node").replace("HALF", "io_pd1_half_priming")
    + """
ligands_left := 1 / (1 + ctla4_unblocked_node * node_treg / io_transendocytosis_half);
cd80_free := io_cd80 * ligands_left - cd28_cd80 - ctla4_cd80;
cd86_free := io_cd86 * ligands_left - cd28_cd86 - ctla4_cd86;
cd28_free := io_cd28 - cd28_cd80 - cd28_cd86;
ctla4_free := io_ctla4 * ctla4_unblocked_node - ctla4_cd80 - ctla4_cd86;
cd28_bonds := cd28_cd80 + cd28_cd86;
costimulation := cd28_bonds * cd28_bonds / (io_cd28_half * io_cd28_half + cd28_bonds * cd28_bonds);
"""
    + "".join(
        _PAIR.replace("RECEPTOR", receptor).replace("LIGAND", ligand)
        for receptor in ("cd28", "ctla4")
        for ligand in ("cd80", "cd86")
    ),
)

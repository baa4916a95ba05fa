r"""Antibodies against PD-1 and CTLA-4: which fraction of the receptors they leave free, in the tumour and in the nodes.

In the tumour the drug's own occupancy counts. In the nodes its concentration C follows ``dC/dt = k (p C_plasma - C)``
and occupies ``C / (K + C)``, K the drug's affinity; it does not feed back on the plasma. ``io_pd1_blocked_tumour`` and
the like block a further fraction, for what-if questions.
"""

from __future__ import annotations

from collections.abc import Sequence

from .module import Module

__all__ = ["antibodies"]

# mg/L over g/mol is mmol/L; a million of nmol/L
_NODE = """
DRUG_reaches_the_node: => node_DRUG; io_node_equilibration * io_node_partition * node_interstitium \
  * DRUG_plasma / DRUG_molar_mass * 1e6;
DRUG_leaves_the_node: node_DRUG => ; io_node_equilibration * node_DRUG;
DRUG_node_occupancy := node_DRUG / (node_DRUG + DRUG_affinity * node_interstitium);
"""


def antibodies(anti_pd1: Sequence[str] = (), anti_ctla4: Sequence[str] = ()) -> Module:
    """Return the module for drugs of these names.

    Parameters
    ----------
    anti_pd1, anti_ctla4
        Drugs of the model. Each has a plasma concentration (mg/L), an affinity (nM) and a molar mass (g/mol) under these
        names, and an occupancy in the tumour: ``<drug>_occupancy`` of PD-1, ``<drug>_ctla4_occupancy`` of CTLA-4.
    """
    drugs = [*anti_pd1, *anti_ctla4]
    text = "".join(_NODE.replace("DRUG", drug) for drug in drugs)
    for target, blockers, in_tumour in (("pd1", anti_pd1, "occupancy"), ("ctla4", anti_ctla4, "ctla4_occupancy")):
        for place, occupancy in (("tumour", in_tumour), ("node", "node_occupancy")):
            factors = [f"(1 - io_{target}_blocked_{place})", *(f"(1 - {drug}_{occupancy})" for drug in blockers)]
            text += f"{target}_unblocked_{place} := {' * '.join(factors)};\n"
    return Module("antibodies", {f"node_{drug}": "nmol" for drug in drugs}, text)

r"""Naive CD8 and CD4 cells: thymic output into the blood, exchange with nodes of the tumour and the periphery, death.

The periphery stands for all other lymphoid tissue. Without a tumour the pool is thymic output over death rate, split by
the ratios of entry to exit: a closed form that a test holds the solver to.

Sources: Mandl 2012 (PMID 23071319) for exchange, thymic output and death as in QSP-IO.
"""

from __future__ import annotations

from .module import Module

__all__ = ["naive"]

_LINEAGE = """
naive_LINEAGE_leaves_the_thymus: => blood_naive_LINEAGE; io_thymus_LINEAGE;
naive_LINEAGE_enters_the_node: blood_naive_LINEAGE => node_naive_LINEAGE; io_node_entry * blood_naive_LINEAGE;
naive_LINEAGE_leaves_the_node: node_naive_LINEAGE => blood_naive_LINEAGE; io_node_exit * node_naive_LINEAGE;
naive_LINEAGE_enters_the_periphery: blood_naive_LINEAGE => periphery_naive_LINEAGE; \
  io_naive_entry_LINEAGE * blood_naive_LINEAGE;
naive_LINEAGE_leaves_the_periphery: periphery_naive_LINEAGE => blood_naive_LINEAGE; \
  io_node_exit * periphery_naive_LINEAGE;
"""
_DEATH = "naive_LINEAGE_dies_in_PLACE: PLACE_naive_LINEAGE => ; io_naive_death * PLACE_naive_LINEAGE;\n"
_PLACES = ("blood", "node", "periphery")

naive = Module(
    name="naive",
    species={f"{place}_naive_{lineage}": "cell" for lineage in ("cd8", "cd4") for place in _PLACES},
    antimony="".join(
        (_LINEAGE + "".join(_DEATH.replace("PLACE", place) for place in _PLACES)).replace("LINEAGE", lineage)
        for lineage in ("cd8", "cd4")
    ),
)

r"""Processing and presentation of antigen in one average cell; all amounts are molecules per cell.

Antigen is taken up with fluid, cut to peptides in the endosome, and there peptide and MHC bind; complexes go to the
surface. Two cells:

- the migratory mature cell of the tumour, which presents neoantigen on MHC-I (to CD8) and on MHC-II (to helper precursors);
- the resident cell of the nodes, which presents drained self antigen on MHC-II (to regulatory precursors).

MHC is made, degraded and recycled. A complex on the surface releases its peptide or is degraded like one inside; MHC is
therefore bounded by synthesis over the slowest loss. What is taken up leaves the interstitium.

Sources: Chen 2014 (PMID 25184733), Agrawal and Linderman 1996 (PMID 8944895), as in QSP-IO.
"""

from __future__ import annotations

from .module import Module

__all__ = ["presentation"]

_MHC = """
CELL_MHC_is_made: => CELL_MHC; io_mhc_turnover * io_mhc_per_cell;
CELL_MHC_is_degraded: CELL_MHC => ; io_mhc_turnover * CELL_MHC;
CELL_MHC_is_recycled: CELL_MHC_surface => CELL_MHC; io_mhc_recycling * CELL_MHC_surface;
"""
_PEPTIDE = """
CELL_antigen_is_taken_up: => CELL_antigen; io_uptake * io_uptake_volume * io_avogadro * SOURCE;
CELL_antigen_is_cut: CELL_antigen => CELL_peptide; io_proteolysis * CELL_antigen;
CELL_peptide_is_lost: CELL_peptide => ; io_peptide_loss * CELL_peptide;
"""
_COMPLEX = """
CELL_MHC_binds: CELL_MHC + CELL_peptide => CELL_MHC_complex; \
  io_peptide_on / (io_endosome_volume * io_avogadro) * CELL_MHC * CELL_peptide - io_peptide_on * AFFINITY * CELL_MHC_complex;
CELL_MHC_complex_is_lost: CELL_MHC_complex => ; io_complex_loss * CELL_MHC_complex;
CELL_MHC_complex_is_exported: CELL_MHC_complex => CELL_MHC_presented; io_export * CELL_MHC_complex;
CELL_MHC_peptide_is_released: CELL_MHC_presented => CELL_MHC_surface; io_peptide_on * AFFINITY * CELL_MHC_presented;
CELL_MHC_presented_is_lost: CELL_MHC_presented => ; io_complex_loss * CELL_MHC_presented;
"""


def _cell(cell: str, classes: tuple[str, ...], source: str, affinity: str) -> str:
    """Return the reactions of one cell with its classes of MHC."""
    text = _PEPTIDE + "".join((_MHC + _COMPLEX).replace("MHC", mhc) for mhc in classes)
    return text.replace("CELL", cell).replace("SOURCE", source).replace("AFFINITY", affinity)


def _species(cell: str, classes: tuple[str, ...]) -> dict[str, str]:
    names = ["antigen", "peptide"]
    for mhc in classes:
        names += [mhc, f"{mhc}_surface", f"{mhc}_complex", f"{mhc}_presented"]
    return {f"{cell}_{name}": "molecule/cell" for name in names}


presentation = Module(
    name="presentation",
    species=_species("migratory", ("mhc1", "mhc2")) | _species("resident", ("mhc2",)),
    antimony=_cell("migratory", ("mhc1", "mhc2"), "tumour_neoantigen / tumour_interstitium", "io_affinity_neo")
    + _cell("resident", ("mhc2",), "node_self_antigen / node_interstitium", "io_affinity_self")
    + """
neoantigen_is_taken_up: tumour_neoantigen => ; \
  io_uptake * io_uptake_volume * tumour_mature_apc * tumour_neoantigen / tumour_interstitium;
self_antigen_is_taken_up: node_self_antigen => ; \
  io_uptake * io_uptake_volume * node_apc * node_self_antigen / node_interstitium;
""",
)

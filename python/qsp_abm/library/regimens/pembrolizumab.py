"""Regimens of pembrolizumab; infusions of 30 minutes (the default of the drug)."""

from __future__ import annotations

from ...doses import Dose, Regimen

__all__ = ["pembrolizumab_2mg_per_kg_q3w", "pembrolizumab_200mg_q3w", "pembrolizumab_400mg_q6w"]

_LABEL = "US label of Keytruda, section 2"


def pembrolizumab_200mg_q3w() -> Regimen:
    """Return 200 mg every 3 weeks (label)."""
    dose = Dose("pembrolizumab", "200 mg", every="3 week")
    return Regimen(name="pembrolizumab 200 mg q3w", doses=(dose,), source=_LABEL)


def pembrolizumab_400mg_q6w() -> Regimen:
    """Return 400 mg every 6 weeks (label; Lala 2020, Eur J Cancer 131:68)."""
    dose = Dose("pembrolizumab", "400 mg", every="6 week")
    return Regimen(name="pembrolizumab 400 mg q6w", doses=(dose,), source=_LABEL)


def pembrolizumab_2mg_per_kg_q3w() -> Regimen:
    """Return 2 mg/kg every 3 weeks (the first label; Freshwater 2017, J Immunother Cancer 5:43)."""
    dose = Dose("pembrolizumab", "2 mg/kg", every="3 week")
    return Regimen(name="pembrolizumab 2 mg/kg q3w", doses=(dose,), source="first US label of Keytruda")

"""Regimens, one file per drug."""

from __future__ import annotations

from .pembrolizumab import pembrolizumab_2mg_per_kg_q3w, pembrolizumab_200mg_q3w, pembrolizumab_400mg_q6w

__all__ = ["pembrolizumab_2mg_per_kg_q3w", "pembrolizumab_200mg_q3w", "pembrolizumab_400mg_q6w"]

"""Whole models, one file each."""

from __future__ import annotations

from .solid_tumour_2d import solid_tumour_2d
from .tumour_microenvironment import tumour_microenvironment

__all__ = ["solid_tumour_2d", "tumour_microenvironment"]

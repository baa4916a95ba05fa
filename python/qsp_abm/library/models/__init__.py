"""Whole models, one file each."""

from __future__ import annotations

from .solid_tumour_2d import solid_tumour_2d

__all__ = ["solid_tumour_2d"]

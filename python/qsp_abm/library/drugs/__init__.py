"""Drugs, one file each."""

from __future__ import annotations

from .pembrolizumab import pembrolizumab

__all__ = ["pembrolizumab"]

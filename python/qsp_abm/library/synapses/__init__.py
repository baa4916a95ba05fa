"""Synapses, one file each."""

from __future__ import annotations

from .pd1 import pd1

__all__ = ["pd1"]

"""Synapses, one file each."""

from __future__ import annotations

from .cd47 import cd47
from .pd1 import pd1

__all__ = ["cd47", "pd1"]

"""Fields, one file each."""

from __future__ import annotations

from .ifng import ifng
from .oxygen import oxygen

__all__ = ["ifng", "oxygen"]

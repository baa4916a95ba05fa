"""Bodies, one file each."""

from __future__ import annotations

from .constant_blood import constant_blood

__all__ = ["constant_blood"]

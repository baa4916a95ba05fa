"""Fields, one file each."""

from __future__ import annotations

from .antibody import antibody
from .arginase import arginase
from .ccl2 import ccl2
from .cxcl10 import cxcl10
from .ifng import ifng
from .il2 import il2
from .il10 import il10
from .il12 import il12
from .nitric_oxide import nitric_oxide
from .oxygen import oxygen
from .tgfb import tgfb
from .vegf import vegf

__all__ = [
    "antibody",
    "arginase",
    "ccl2",
    "cxcl10",
    "ifng",
    "il2",
    "il10",
    "il12",
    "nitric_oxide",
    "oxygen",
    "tgfb",
    "vegf",
]

"""Drugs, one file each."""

from __future__ import annotations

from .atezolizumab import atezolizumab
from .avelumab import avelumab
from .blinatumomab import blinatumomab
from .cabozantinib import cabozantinib
from .cemiplimab import cemiplimab
from .durvalumab import durvalumab
from .elranatamab import elranatamab
from .glofitamab import glofitamab
from .ipilimumab import ipilimumab
from .mosunetuzumab import mosunetuzumab
from .nivolumab import nivolumab
from .pembrolizumab import pembrolizumab
from .target_mediated import target_mediated
from .tarlatamab import tarlatamab
from .teclistamab import teclistamab
from .tocilizumab import tocilizumab

__all__ = [
    "atezolizumab",
    "avelumab",
    "blinatumomab",
    "cabozantinib",
    "cemiplimab",
    "durvalumab",
    "elranatamab",
    "glofitamab",
    "ipilimumab",
    "mosunetuzumab",
    "nivolumab",
    "pembrolizumab",
    "target_mediated",
    "tarlatamab",
    "teclistamab",
    "tocilizumab",
]

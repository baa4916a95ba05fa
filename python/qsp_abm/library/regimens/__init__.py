"""Regimens of the labels, one file per drug."""

from __future__ import annotations

from .atezolizumab import atezolizumab_840mg_q2w, atezolizumab_1200mg_q3w, atezolizumab_1680mg_q4w
from .avelumab import avelumab_800mg_q2w
from .blinatumomab import blinatumomab_first_cycle
from .cabozantinib import cabozantinib_60mg_daily
from .cemiplimab import cemiplimab_350mg_q3w
from .durvalumab import durvalumab_10mg_per_kg_q2w, durvalumab_1500mg_q4w
from .elranatamab import elranatamab_step_up
from .glofitamab import glofitamab_step_up
from .ipilimumab import ipilimumab_3mg_per_kg_q3w_x4
from .mosunetuzumab import mosunetuzumab_step_up
from .nivolumab import nivolumab_240mg_q2w, nivolumab_480mg_q4w
from .nivolumab_ipilimumab import nivolumab_ipilimumab_melanoma, nivolumab_ipilimumab_renal
from .pembrolizumab import pembrolizumab_2mg_per_kg_q3w, pembrolizumab_200mg_q3w, pembrolizumab_400mg_q6w
from .tarlatamab import tarlatamab_step_up
from .teclistamab import teclistamab_step_up
from .tocilizumab import tocilizumab_8mg_per_kg

__all__ = [
    "atezolizumab_840mg_q2w",
    "atezolizumab_1200mg_q3w",
    "atezolizumab_1680mg_q4w",
    "avelumab_800mg_q2w",
    "blinatumomab_first_cycle",
    "cabozantinib_60mg_daily",
    "cemiplimab_350mg_q3w",
    "durvalumab_10mg_per_kg_q2w",
    "durvalumab_1500mg_q4w",
    "elranatamab_step_up",
    "glofitamab_step_up",
    "ipilimumab_3mg_per_kg_q3w_x4",
    "mosunetuzumab_step_up",
    "nivolumab_240mg_q2w",
    "nivolumab_480mg_q4w",
    "nivolumab_ipilimumab_melanoma",
    "nivolumab_ipilimumab_renal",
    "pembrolizumab_2mg_per_kg_q3w",
    "pembrolizumab_200mg_q3w",
    "pembrolizumab_400mg_q6w",
    "tarlatamab_step_up",
    "teclistamab_step_up",
    "tocilizumab_8mg_per_kg",
]

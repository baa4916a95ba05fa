"""Published models as they were published, each with its own numbers: they move only as a whole.

They are checks of code and material for comparison, not the default of anything.
"""

from __future__ import annotations

from .nsclc_gong_2021 import nivolumab_gong_2021, nsclc_gong_2021

__all__ = ["nivolumab_gong_2021", "nsclc_gong_2021"]

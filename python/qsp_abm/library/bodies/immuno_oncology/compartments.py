"""Blood, lymph nodes of the tumour, and constants; the periphery is one well-stirred rest of the body without a volume.

All species are amounts. What is divided by a volume is a concentration, written where it is used.
"""

from __future__ import annotations

from .module import Module

__all__ = ["compartments"]

compartments = Module(
    name="compartments",
    species={},
    antimony="""
node_interstitium := io_node_interstitial_fraction * io_node_volume;
""",
)

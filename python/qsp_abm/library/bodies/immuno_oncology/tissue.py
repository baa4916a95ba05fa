"""What the tissue tells a coupled body; all zero and without effect while the body has its own tumour (``io_alone`` 1).

Numbers of the whole lesion: what a window counts times its scale. Flows are cells per day over the coming step, deaths
and kills apart; ``io_tissue_entry_...`` is what left the blood for the tissue, ``io_tissue_return_...`` what came back.
"""

from __future__ import annotations

from .module import Module

__all__ = ["tissue"]

tissue = Module(name="tissue", species={}, antimony="")

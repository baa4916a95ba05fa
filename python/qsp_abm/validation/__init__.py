"""Checks that the installed package runs on itself: `qsp-abm validate`.

*Verified* is arithmetic: closed forms and other solvers. *Validated* is measured in people or published by others. The two are
never added up. What is expected stands in the TOML files beside, with its source.
"""

from __future__ import annotations

from .check import Check

__all__ = ["Check"]

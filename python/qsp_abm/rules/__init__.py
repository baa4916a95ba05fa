"""Rules: one sentence each. A signal increases or decreases one parameter of one process by a Hill response.

Rules on one parameter combine as in the Cell Behaviour Hypothesis Grammar (Johnson et al.,
Cell 2025): with x_i = (signal / half)^power, the responses of all increasing rules are summed and
saturate together, up = sum x / (1 + sum x), likewise down; the parameter is then
u = base + (limit_up - base) up and finally u + (limit_down - u) down.

`Rule` is one sentence; `Rules` is a table of them in the words of the grammar, read from and written to its CSV files.
"""

from __future__ import annotations

from .report import Report
from .rule import Rule
from .table import Line, Rules

__all__ = ["Line", "Report", "Rule", "Rules"]

"""The patient around the tissue: compartmental ODE models, their drugs and doses.

`description` describes and imports nothing that runs; `ode` wraps the solver; `machine` steps a body through its doses.
"""

from __future__ import annotations

"""The patient around the tissue: compartmental ODE models, their drugs and doses.

`description` describes and imports nothing that runs; `ode` wraps the solver; `machine` steps a body through its doses. A model of
a file runs by itself (`alone`, `plot`) or beside a tissue and drugs (`importing`, `ports`, `assemble`). Many patients:
`population`, `sensitivity`, `fit`.
"""

from __future__ import annotations

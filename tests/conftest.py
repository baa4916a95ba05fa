"""What every test shares: no window is ever opened, and hypothesis chooses the same inputs on every run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["MPLBACKEND"] = "Agg"

settings.register_profile(
    "qsp_abm",
    deadline=None,  # times on shared machines say nothing about correctness
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("qsp_abm")

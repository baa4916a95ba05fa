"""Where long sweeps keep what they have done."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest) -> Path:
    """Folder of results in pytest's cache: an interrupted sweep goes on; ``--cache-clear`` begins anew."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("sections")

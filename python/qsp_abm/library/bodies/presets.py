"""Tumours of the body of immuno-oncology, each by its name; only the numbers of ``immuno_oncology_<name>`` differ."""

from __future__ import annotations

from typing import Any

from ...body.description import Body
from .immuno_oncology import immuno_oncology

__all__ = ["crc", "hcc", "melanoma", "nsclc", "tnbc"]


def nsclc(**settings: Any) -> Body:
    """Return the body with non-small-cell lung cancer; settings as of `immuno_oncology`."""
    return immuno_oncology("nsclc", **settings)


def tnbc(**settings: Any) -> Body:
    """Return the body with triple-negative breast cancer; settings as of `immuno_oncology`."""
    return immuno_oncology("tnbc", **settings)


def hcc(**settings: Any) -> Body:
    """Return the body with hepatocellular carcinoma; settings as of `immuno_oncology`."""
    return immuno_oncology("hcc", **settings)


def crc(**settings: Any) -> Body:
    """Return the body with colorectal carcinoma; settings as of `immuno_oncology`."""
    return immuno_oncology("crc", **settings)


def melanoma(**settings: Any) -> Body:
    """Return the body with melanoma; settings as of `immuno_oncology`. Its numbers are unverified."""
    return immuno_oncology("melanoma", **settings)

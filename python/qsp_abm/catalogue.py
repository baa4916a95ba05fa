"""What the library holds, by kind and name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .errors import ModelError, suggest

__all__ = ["KINDS", "builder", "names"]

KINDS = ("models", "cells", "fields", "synapses", "drugs", "regimens", "bodies", "published")


def names(kind: str) -> list[str]:
    """Return the names of one kind.

    Raises
    ------
    ModelError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise ModelError(f"library: unknown kind '{kind}'{suggest(kind, KINDS)}")
    return sorted(importlib.import_module(f"qsp_abm.library.{kind}").__all__)


def builder(kind: str, name: str) -> Callable[..., Any]:
    """Return the function that builds something.

    Raises
    ------
    ModelError
        For an unknown kind or name.

    Examples
    --------
    >>> builder("drugs", "pembrolizumab")().unit
    'mg'
    """
    if name not in names(kind):
        raise ModelError(f"library.{kind}: unknown name '{name}'{suggest(name, names(kind))}")
    found: Callable[..., Any] = getattr(importlib.import_module(f"qsp_abm.library.{kind}"), name)
    return found

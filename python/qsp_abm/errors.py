"""The two kinds of failure, and the sentence that names the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["ModelError", "SolverError", "suggest"]

_LISTED = 12  # names listed in a message before it is cut


class ModelError(ValueError):
    """What the user described cannot be: an unknown name, a wrong unit, an impossible value."""


class SolverError(RuntimeError):
    """The numerics failed on a valid description."""


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Return the end of an error message: the nearest allowed name, or the list of them.

    Parameters
    ----------
    name
        What was asked for.
    allowed
        The valid names.

    Examples
    --------
    >>> suggest("field.ifgn", ["field.ifng", "field.oxygen"])
    "; did you mean 'field.ifng'?"
    >>> suggest("x", ["mass", "volume"])
    '; allowed: mass, volume'
    """
    names = [str(each) for each in allowed]
    if not names:
        return "; there is none"
    folded: dict[str, str] = {}
    for each in names:
        folded.setdefault(each.casefold(), each)
    near = get_close_matches(str(name).casefold(), list(folded), n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{folded[near[0]]}'?"
    listed = ", ".join(sorted(names)[:_LISTED])
    return f"; allowed: {listed}" + (" ..." if len(names) > _LISTED else "")

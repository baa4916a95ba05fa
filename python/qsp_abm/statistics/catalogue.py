"""Which statistics there are. A statistic is one file of the folder `measures`; its function says so itself, with `statistic`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from ..errors import ModelError, suggest
from .result import Result

__all__ = ["Statistic", "check_options", "find", "measure", "names", "statistic"]

_Function = TypeVar("_Function", bound=Callable[..., Result])
_FOUND: dict[str, Statistic] = {}


@dataclass(frozen=True)
class Statistic:
    """An entry of the catalogue.

    Parameters
    ----------
    name
        Also the name of the function.
    function
        Takes cells and options, returns a Result.
    reference
        DOI of the definition.
    """

    name: str
    function: Callable[..., Result]
    reference: str

    @property
    def sentence(self) -> str:
        """What it is, in one sentence."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]

    @property
    def options(self) -> dict[str, Any]:
        """Its options with their defaults."""
        given = list(inspect.signature(self.function).parameters.values())[1:]
        return {each.name: each.default for each in given}


def statistic(reference: str) -> Callable[[_Function], _Function]:
    """Put a function into the catalogue."""

    def enter(function: _Function) -> _Function:
        _FOUND[function.__name__] = Statistic(function.__name__, function, reference)
        return function

    return enter


@cache
def _catalogue() -> dict[str, Statistic]:
    folder = import_module(f"{__package__}.measures")
    for module in iter_modules(folder.__path__):
        import_module(f"{folder.__name__}.{module.name}")
    return dict(sorted(_FOUND.items()))


def names() -> list[str]:
    """Return the names of all statistics.

    Examples
    --------
    >>> "mixing_score" in names()
    True
    """
    return list(_catalogue())


def find(name: str) -> Statistic:
    """Return an entry.

    Raises
    ------
    ModelError
        For an unknown name.
    """
    if name not in _catalogue():
        raise ModelError(f"statistics: unknown statistic '{name}'{suggest(name, names())}")
    return _catalogue()[name]


def measure(name: str, cells: Any, **options: Any) -> Result:
    """Return a statistic by name.

    Parameters
    ----------
    name
        Such as ``mixing_score``.
    cells
        All that `as_cells` takes.
    options
        Of the statistic.

    Raises
    ------
    ModelError
        For an unknown statistic or option.
    """
    entry = find(name)
    check_options(entry, options)
    return entry.function(cells, **options)


def check_options(entry: Statistic, options: Any) -> None:
    """Refuse an option that the statistic does not have."""
    for option in options:
        if option not in entry.options:
            raise ModelError(f"{entry.name}: no option '{option}'{suggest(option, entry.options)}")

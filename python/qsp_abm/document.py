"""Places in plain tables and lists, by dotted path."""

from __future__ import annotations

from typing import Any

from .errors import ModelError, suggest

__all__ = ["put", "resolve"]


def resolve(document: Any, path: str, what: str) -> tuple[str | int, ...]:
    """Return the keys that lead to a place that exists.

    Parameters
    ----------
    document
        Tables and lists.
    path
        Keys and list positions (from 0) with dots between; a key may hold dots itself.
    what
        What an error names.

    Raises
    ------
    ModelError
        If there is no such place, with the nearest name.

    Examples
    --------
    >>> resolve({"start": [{"cd8.rate": 1}]}, "start.0.cd8.rate", "vary")
    ('start', 0, 'cd8.rate')
    """
    keys: list[str | int] = []
    parts, here = path.split("."), document
    while parts:
        if isinstance(here, list):
            if not parts[0].isdecimal() or int(parts[0]) >= len(here):
                allowed = f"0 to {len(here) - 1}" if here else "none, the list is empty"
                raise ModelError(f"{what}: '{path}': no place '{parts[0]}'; allowed: {allowed}")
            keys.append(int(parts.pop(0)))
        elif isinstance(here, dict):
            joined = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
            key = next((each for each in joined if each in here), None)
            if key is None:
                raise ModelError(f"{what}: '{path}': unknown name '{parts[0]}'{suggest(parts[0], here)}")
            keys.append(key)
            parts = parts[key.count(".") + 1 :]
        else:
            raise ModelError(
                f"{what}: '{path}': '{'.'.join(str(key) for key in keys)}' is a value, it has no '{parts[0]}'"
            )
        here = here[keys[-1]]
    return tuple(keys)


def put(document: Any, keys: tuple[str | int, ...], value: Any) -> None:
    """Set the value at a place."""
    here = document
    for key in keys[:-1]:
        here = here[key]
    here[keys[-1]] = value

"""What a module of the body is: its species and its equations; its numbers stand in a table of its own."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Module"]


class Module(NamedTuple):
    """One part of the body.

    Parameters
    ----------
    name
        Its numbers are the table ``immuno_oncology_<name>``; in the equations each has the prefix ``io_``.
    species
        Id -> unit of the amount.
    antimony
        Rules and reactions in day, L, um^2, cell, nmol and molecule; species and their starts are written by
        `immuno_oncology`.
    """

    name: str
    species: dict[str, str]
    antimony: str

"""One line of a validation: what was expected, what came out."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

__all__ = ["Check"]

Group = Literal["verified", "validated"]


class Check(NamedTuple):
    """One check.

    Parameters
    ----------
    name
        What is compared, with unit and covariates.
    group
        ``verified`` or ``validated``.
    published, ours
        Expected and found.
    tolerance
        Largest relative difference; 0 for a bound that must be reached.
    source
        Where the expected number is from.
    known_miss
        Why this one is known to fail; empty: it should pass.
    """

    name: str
    group: Group
    published: float
    ours: float
    tolerance: float
    source: str
    known_miss: str = ""

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        if self.tolerance == 0.0:
            return self.ours >= self.published
        return abs(self.ours - self.published) <= self.tolerance * abs(self.published)

    def row(self) -> dict[str, Any]:
        """The check as plain values, for JSON."""
        return {
            "check": f"{self.name} (known miss: {self.known_miss})" if self.known_miss else self.name,
            "group": self.group,
            "published": self.published,
            "ours": self.ours,
            "tolerance": self.tolerance,
            "source": self.source,
            "pass": self.passed,
        }

"""Binding equilibria: two partners, and three with one in the middle."""

from __future__ import annotations

import math

from ..errors import ModelError

__all__ = ["pair", "ternary"]

_STEPS = 200  # of halving; 64 exhaust a double


def pair(one: float, other: float, dissociation: float) -> float:
    """Return how much of two partners is bound in equilibrium, in their common unit.

    Parameters
    ----------
    one, other
        Totals, free and bound, such as molecules per um2.
    dissociation
        Dissociation constant, in the same unit.

    Raises
    ------
    ModelError
        For negative totals and a constant that is not above zero.

    Examples
    --------
    >>> round(pair(176.2, 249.6, 14.81), 1)
    152.8
    """
    _check(one, other, dissociation)
    total = one + other + dissociation
    # the smaller root, written without the difference of near numbers
    return 2.0 * one * other / (total + math.sqrt(total * total - 4.0 * one * other)) if one and other else 0.0


def ternary(
    drug: float, effector: float, target: float, to_effector: float, to_target: float, cooperativity: float = 1.0
) -> float:
    """Return the ternary complex effector-drug-target in equilibrium, in the common unit of the totals.

    ``[ABC] = a [A] [B] [C] / (K_A K_C)``, ``[AB] = [A] [B] / K_A``, ``[BC] = [B] [C] / K_C``: with more and more drug the complex
    rises and falls again (hook effect). Free drug is found by bisection of its mass balance, which rises monotonically; the
    targets in between solve a quadratic.

    Parameters
    ----------
    drug, effector, target
        Totals, all complexes included.
    to_effector, to_target
        Dissociation constants of the drug, same unit.
    cooperativity
        How much more tightly the third partner binds; 1: independent.

    Raises
    ------
    ModelError
        For negative totals, and constants that are not above zero.

    References
    ----------
    Douglass et al. 2013, J Am Chem Soc 135:6092.

    Examples
    --------
    >>> f"{ternary(1.0, 1.0, 5.0, to_effector=1.0, to_target=10.0):.5f}"
    '0.12179'
    """
    _check(effector, target, to_effector)
    _check(drug, target, to_target)
    if not cooperativity > 0:
        raise ModelError(f"binding: the cooperativity is {cooperativity:g}; it must be above 0")

    def complexes(free: float) -> tuple[float, float]:
        """Ternary complex, and all drug bound, at a free concentration of the drug."""
        a, c = 1.0 + free / to_effector, 1.0 + free / to_target
        k = cooperativity * free / (to_effector * to_target)  # [ABC] = k [A] [C]
        # [A] = (effector - x) / a and [C] = (target - x) / c give x = k (effector - x) (target - x) / (a c)
        x = pair(effector, target, a * c / k) if k > 0 else 0.0
        one, other = (effector - x) / a, (target - x) / c
        return x, x + one * free / to_effector + other * free / to_target

    low, high = 0.0, drug
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if middle + complexes(middle)[1] > drug:
            high = middle
        else:
            low = middle
    return complexes(0.5 * (low + high))[0]


def _check(one: float, other: float, dissociation: float) -> None:
    if not (one >= 0 and other >= 0):
        raise ModelError(f"binding: totals {one:g} and {other:g}; they must not be below 0")
    if not dissociation > 0:
        raise ModelError(f"binding: the dissociation constant is {dissociation:g}; it must be above 0")

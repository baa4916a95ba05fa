"""A body whose blood does not change."""

from __future__ import annotations

from typing import Any

from ...body.description import Body
from ...parameters import load

__all__ = ["constant_blood"]


def constant_blood(**numbers: Any) -> Body:
    """Return a body that is nothing but blood with constant T-cell densities: no priming, no depletion, no answer to therapy.

    Parameters
    ----------
    numbers
        Replace values of the table ``body``, such as ``cd8="400 cell/uL"``.

    Examples
    --------
    >>> constant_blood(cd8="400 cell/uL").parameters[0].value
    400.0
    """
    return Body(
        name="blood",
        antimony="// constant: T cells of the blood do not answer to therapy here",
        signals={"blood.cd8": ("blood_cd8", "cell/uL"), "blood.treg": ("blood_treg", "cell/uL")},
        parameters=tuple(load("body", numbers).values()),
    )

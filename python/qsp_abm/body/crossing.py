"""When a body gets somewhere: the day of a diagnosis."""

from __future__ import annotations

import numpy as np

from ..errors import ModelError, suggest
from .assemble import assemble
from .description import Body
from .ode import Ode

__all__ = ["first_day"]

LONGEST = 8000  # day
_TOLERANCE = 1e-10  # of the solver


def first_day(body: Body, signal: str, at_least: float, longest: int = LONGEST) -> tuple[int, dict[str, float]]:
    """Run an untreated body to the first whole day on which a signal has reached a value.

    Parameters
    ----------
    body
        Any.
    signal
        Which of its signals.
    at_least
        The value, in the signal's unit.
    longest
        Day to give up on.

    Returns
    -------
    tuple of int and dict
        The day, and all signals on it.

    Raises
    ------
    ModelError
        For an unknown signal, and if it does not get there.

    Examples
    --------
    >>> growing = Body(name="b", antimony="A = 1; A' = 0.01*A;", signals={"A": ("A", "cell")})
    >>> first_day(growing, "A", 2)[0]
    70
    """
    if signal not in body.signals:
        raise ModelError(f"body '{body.name}': unknown signal '{signal}'{suggest(signal, body.signals)}")
    numbers = {body.identifier(each.name): float(each.value) for each in body.parameters}
    names = [identifier for identifier, _ in body.signals.values()]
    place = list(body.signals).index(signal)
    for end in (longest // 4, longest):  # most are found early
        ode = Ode(assemble(body), numbers, relative_tolerance=_TOLERANCE)
        found = ode.through(np.arange(end + 1, dtype=np.float64).tolist(), names)
        late = np.flatnonzero(found[:, place] >= at_least)
        if len(late):
            day = int(late[0])
            return day, dict(zip(body.signals, map(float, found[day]), strict=True))
    raise ModelError(f"body '{body.name}': '{signal}' does not reach {at_least:g} within {longest} days")

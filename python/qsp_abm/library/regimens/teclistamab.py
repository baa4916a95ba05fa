"""Regimens of teclistamab, and what is given again after a delay."""

from __future__ import annotations

from ...doses import Dose, Regimen
from ...dosing.text import regimen

__all__ = ["teclistamab_restarts", "teclistamab_step_up"]

_LABEL = "US label of Tecvayli, section 2"


def teclistamab_step_up() -> Regimen:
    """Return 0.06, 0.3 and 1.5 mg/kg two to four days apart, then 1.5 mg/kg weekly."""
    return regimen("teclistamab", "0.06/0.3/1.5 mg/kg sc on 0, 3, 6 then 1.5 mg/kg sc weekly", source=_LABEL)


def teclistamab_restarts(last: str) -> dict[float, tuple[Dose, ...]]:
    """Return what is given first after a gap (day) since the last dose, for `qsp_abm.dosing.restart_after`.

    Parameters
    ----------
    last
        ``first step`` or ``second step``: which dose the gap follows.

    Examples
    --------
    >>> from qsp_abm.dosing import restart_after
    >>> [dose.amount for dose in restart_after(30.0, teclistamab_restarts("second step"))]
    ['0.06 mg/kg', '0.3 mg/kg']
    """
    both = regimen("teclistamab", "0.06/0.3 mg/kg sc on 0, 3").doses
    if last == "first step":
        return {7.0: both}
    return {7.0: both[1:2], 28.0: both}

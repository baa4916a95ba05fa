"""Processes: what cells do. One verb each; the C++ file of the same name says what exactly happens.

Every rate is per cell. A parameter marked as a behaviour may be the target of a rule (`Rule`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .frozen import Frozen, Quantity

__all__ = [
    "Become",
    "Chemotaxis",
    "Die",
    "Divide",
    "Kill",
    "Leave",
    "Move",
    "Process",
    "Recruit",
    "Secrete",
    "TakeUp",
]


class _Verb(Frozen):
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("name"):
            return given | {"name": cls.default_name(given)}
        return given

    @classmethod
    def default_name(cls, given: dict[str, Any]) -> str:
        return str(cls.model_fields["verb"].default)

    def behaviours(self) -> dict[str, str]:
        """Return the parameters that rules may change, name to unit."""
        return {
            name: mark.unit
            for name, field in type(self).model_fields.items()
            for mark in field.metadata
            if isinstance(mark, Quantity) and mark.behaviour
        }


class Chemotaxis(Frozen):
    """Turning towards higher concentrations of a field.

    A new heading d is drawn with weight exp(sensitivity * (grad u . d) / (u + half)), so that what counts is the relative
    difference along the cell.

    Parameters
    ----------
    field
        Name of the field.
    sensitivity
        um; negative moves away.
    half
        Concentration under which the response fades, in the field's unit.
    """

    field: str
    sensitivity: Annotated[float, Quantity("um")]
    half: float


class Move(_Verb):
    """Hop from voxel to voxel along a heading that persists.

    Parameters
    ----------
    motility
        Long-time motility M: mean squared displacement = 2 n M t in n dimensions, um2/day.
    persistence
        Mean time between turns, day; 0 for a memoryless walk.
    chemotaxis
        Fields that bias each new heading.
    permeability
        Probability that an attempt to enter a voxel succeeds that holds a solid cell of this type or group; 1 for types
        not named. Cells that are solid themselves never enter such a voxel.
    """

    verb: Literal["move"] = "move"
    motility: Annotated[float, Quantity("um^2/day", non_negative=True, behaviour=True)]
    persistence: Annotated[float, Quantity("day", non_negative=True)] = 0.0
    chemotaxis: tuple[Chemotaxis, ...] = ()
    permeability: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}


class Divide(_Verb):
    """Divide; the daughter takes a free neighbouring voxel, or cells are pushed towards one.

    Parameters
    ----------
    rate
        1/day.
    push
        How far away, in voxels, a free voxel may be for the cells in between to be pushed; beyond it the mother waits.
    into
        Type of an unlike daughter, of the same group; None: both are alike.
    fraction
        Part of the divisions that have an unlike daughter; the mother stays what she is.
    """

    verb: Literal["divide"] = "divide"
    rate: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]
    push: Annotated[int, Field(ge=1, le=32)] = 5
    into: str | None = None
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0


class Die(_Verb):
    """Die of one cause; give each cause its own name.

    Parameters
    ----------
    rate
        1/day.
    into
        Type of the remains (in the same group, ``dead=True``), or None: gone at once.
    """

    verb: Literal["die"] = "die"
    rate: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]
    into: str | None = None


class Kill(_Verb):
    """Engage one adjacent target at a time, deliver hits, let go.

    Parameters
    ----------
    targets
        Types or groups that are engaged; solid cells only.
    engage
        Rate of engaging while a target is adjacent, 1/day.
    hit_rate
        Hits delivered while engaged, 1/day.
    detach
        Rate of letting go, 1/day.
    """

    verb: Literal["kill"] = "kill"
    targets: tuple[str, ...]
    engage: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]
    hit_rate: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]
    detach: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]


class Become(_Verb):
    """Turn into another type of the same group.

    Parameters
    ----------
    into
        The type.
    rate
        1/day.
    """

    verb: Literal["become"] = "become"
    into: str
    rate: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]

    @classmethod
    def default_name(cls, given: dict[str, Any]) -> str:
        return f"become_{given.get('into')}"


class Secrete(_Verb):
    """Release molecules into a field of molar unit.

    Parameters
    ----------
    field
        Name of the field.
    rate
        pmol/day (``"10 molecule / s"`` is understood).
    """

    verb: Literal["secrete"] = "secrete"
    field: str
    rate: Annotated[float, Quantity("pmol/day", non_negative=True, behaviour=True)]

    @classmethod
    def default_name(cls, given: dict[str, Any]) -> str:
        return f"secrete_{given.get('field')}"


class TakeUp(_Verb):
    """Take molecules up from a field, or consume them.

    Parameters
    ----------
    field
        Name of the field.
    clearance
        Volume cleared at low concentration, um3/day; with the field's `half_saturation` K the uptake of a cell is
        clearance * K * u / (K + u), without it clearance * u.
    """

    verb: Literal["take_up"] = "take_up"
    field: str
    clearance: Annotated[float, Quantity("um^3/day", non_negative=True, behaviour=True)]

    @classmethod
    def default_name(cls, given: dict[str, Any]) -> str:
        return f"take_up_{given.get('field')}"


class Recruit(_Verb):
    """Enter from blood through vessels: rate = blood density * clearance, through a transit account.

    Parameters
    ----------
    blood
        Body signal that gives the density in blood, cell/uL.
    clearance
        Blood volume from which the window takes these cells, uL/day; None: solved from the start so that entry balances
        what the start loses per day by death and egress (quasi-stationary, printed with the run).
    """

    verb: Literal["recruit"] = "recruit"
    blood: str
    clearance: Annotated[float, Quantity("uL/day", non_negative=True)] | None = None


class Leave(_Verb):
    """Leave through a vessel in the same or a neighbouring voxel.

    Parameters
    ----------
    rate
        1/day, while next to a vessel.
    """

    verb: Literal["leave"] = "leave"
    rate: Annotated[float, Quantity("1/day", non_negative=True, behaviour=True)]


Process = Annotated[
    Move | Divide | Die | Kill | Become | Secrete | TakeUp | Recruit | Leave,
    Field(discriminator="verb"),
]

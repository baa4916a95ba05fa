"""How the tissue acts on the body: what each input of the body is told, at which scale, how often."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field as Setting
from pydantic import model_validator

from . import units
from .errors import ModelError, suggest
from .frozen import Frozen, Quantity

if TYPE_CHECKING:
    from .model import Lattice, Model

__all__ = ["EVENTS", "Coupling", "Happened", "Living", "MeanField", "Source", "VesselSupply", "check_coupling"]

EVENTS = (
    "born",
    "died",
    "killed",
    "died_otherwise",
    "entering",
    "recruited",
    "left",
    "became_in",
    "became_out",
    "moved_out",
)
"""What `Happened` counts; ``died`` of any cause, ``died_otherwise`` of all but killing; ``entering``: what has flowed out of blood, whether it is in the tissue yet or waits for room."""

_WHOLE = 1e-9  # part by which an exchange may miss a whole number of steps


class Living(Frozen):
    """Living cells of some types: scale times those of the lattice, and those outside the window; cell.

    Parameters
    ----------
    types
        Names of types or groups.
    """

    kind: Literal["living"] = "living"
    types: Annotated[tuple[str, ...], Setting(min_length=1)]

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return "cell"


class Happened(Frozen):
    """Events of the last exchange step, times the scale; cell/day.

    Parameters
    ----------
    event
        One of `EVENTS`.
    types
        Names of types or groups.
    """

    kind: Literal["happened"] = "happened"
    event: str
    types: Annotated[tuple[str, ...], Setting(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.event not in EVENTS:
            raise ValueError(f"event: '{self.event}' is unknown{suggest(self.event, EVENTS)}")
        return self

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return "cell/day"


class MeanField(Frozen):
    """Mean of a field over the lattice, in its unit.

    Parameters
    ----------
    field
        Its name.
    """

    kind: Literal["mean_field"] = "mean_field"
    field: str


class VesselSupply(Frozen):
    """What vessels gave to a field, less what they took, in the last exchange step, times the scale; pmol/day.

    Parameters
    ----------
    field
        Its name; a field in a molar unit.
    """

    kind: Literal["vessel_supply"] = "vessel_supply"
    field: str

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return "pmol/day"


Source = Annotated[Living | Happened | MeanField | VesselSupply, Setting(discriminator="kind")]


class Coupling(Frozen):
    """How the tissue acts on the body.

    Over each exchange step the body is integrated with the inputs of the step before: a splitting error of first order in it.

    Parameters
    ----------
    inputs
        Input of the body -> what it is told. Inputs that are not named keep the value of the body's description.
    represents
        ``window``: the lesion is `scale` equal windows; ``lesion``: the lattice is the lesion, the scale is 1.
    scale
        A whole number; fixed for the run.
    lesion
        Volume of the lesion, um^3, instead of `scale`: the scale is its ratio to the volume of the lattice, rounded.
    exchange
        Time between two exchanges, a whole number of steps, day; None: every step.
    smoothing
        Time over which the rates of the window are averaged for the cells that were pushed out of it, day.

    Examples
    --------
    >>> Coupling(inputs={"tumour": Living(types=("tumour",))}, scale=1000).scale
    1000
    """

    inputs: dict[str, Source]
    represents: Literal["window", "lesion"] = "window"
    scale: Annotated[int, Setting(ge=1)] | None = None
    lesion: Annotated[float, Quantity("um^3", positive=True)] | None = None
    exchange: Annotated[float, Quantity("day", positive=True)] | None = None
    smoothing: Annotated[float, Quantity("day", positive=True)] = 1.0

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        given = [name for name in ("scale", "lesion") if getattr(self, name) is not None]
        if self.represents == "lesion" and given:
            raise ValueError(f"{given[0]}: a lattice that represents the lesion has the scale 1; leave it out")
        if self.represents == "window" and len(given) != 1:
            raise ValueError("a window needs its scale, or the volume of the lesion; give one of them")
        return self

    def windows(self, lattice: Lattice) -> int:
        """Return how many windows the lesion is, a whole number.

        Raises
        ------
        ModelError
            If the lesion is smaller than half of the lattice.
        """
        if self.represents == "lesion":
            return 1
        if self.lesion is None:
            return int(self.scale or 1)
        volume = volume_of(lattice)
        found = round(self.lesion / volume)
        if found < 1:
            raise ModelError(f"coupling: a lesion of {self.lesion:g} um^3 is smaller than the lattice, {volume:g} um^3")
        return found


def volume_of(lattice: Lattice) -> float:
    """Return the volume of a lattice, um^3; a section has its thickness."""
    nx, ny, nz = lattice.shape or (1, 1, 1)
    deep = (lattice.thickness or lattice.spacing) if nz == 1 else nz * lattice.spacing
    return float(nx * ny) * lattice.spacing**2 * deep


def check_coupling(model: Model) -> None:
    """Refuse a coupling that does not fit the model.

    Raises
    ------
    ModelError
        For a model without a body, unknown inputs, types and fields, and units that do not fit.
    """
    coupling = model.coupling
    if coupling is None:
        return
    known = {} if model.body is None else model.body.inputs
    for name, source in coupling.inputs.items():
        who = f"coupling: {name}"
        if name not in known:
            body = "the model has no body" if model.body is None else f"body '{model.body.name}' has no such input"
            raise ModelError(f"{who}: {body}{suggest(name, known)}")
        conversion(model, name)
        for each in getattr(source, "types", ()):
            model.types_named(each, who)
    if coupling.represents == "lesion" and model.lattice.shape is not None and model.lattice.shape[2] == 1:
        raise ModelError("coupling: a section cannot represent a lesion; allowed: a lattice of three dimensions")
    if coupling.exchange is not None:
        steps = coupling.exchange / model.dt
        if round(steps) < 1 or abs(steps - round(steps)) > _WHOLE * max(steps, 1):
            raise ModelError(
                f"coupling: exchange of {coupling.exchange * 1440:g} min is no whole number of steps of {model.dt * 1440:g} min"
            )


def conversion(model: Model, name: str) -> float:
    """Return the factor from the unit of a source to that of the input of the body; 1 where the body states none."""
    coupling, body = model.coupling, model.body
    if coupling is None or body is None:
        raise ModelError("coupling: the model has none")
    source, wanted = coupling.inputs[name], body.inputs[name][1]
    if isinstance(source, MeanField | VesselSupply):
        field = next((each for each in model.fields if each.name == source.field), None)
        if field is None:
            known = [each.name for each in model.fields]
            raise ModelError(f"coupling: {name}: unknown field '{source.field}'{suggest(source.field, known)}")
        if isinstance(source, VesselSupply) and not field.molar:
            raise ModelError(f"coupling: {name}: field '{field.name}' is in {field.unit}; allowed: a molar unit")
        own = field.unit if isinstance(source, MeanField) else source.unit
    else:
        own = source.unit
    if not wanted:
        return 1.0
    factor = units.to(f"1 {own}", wanted, f"coupling: {name}")
    if not math.isfinite(factor):
        raise ModelError(f"coupling: {name}: {own} does not convert to {wanted}")
    return factor

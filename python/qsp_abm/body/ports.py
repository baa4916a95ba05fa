"""Where an imported body meets tissue and drugs: what is read of it, what is driven, what doses go into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field as Setting

from ..errors import ModelError
from ..frozen import Frozen, Quantity

__all__ = ["DoseInto", "Drive", "Port", "Read", "from_table", "identifier"]


class Read(Frozen):
    """A signal that cells read and records keep.

    Parameters
    ----------
    quantity
        Id of a species, parameter or compartment of the model, or ``compartment.name``.
    unit
        Of the signal; the number is converted to it if the model declares its units, and taken as it is if not. A species that
        is an amount can be read as a concentration, and the other way round.
    """

    quantity: str
    unit: str = ""


class Drive(Frozen):
    """An input: the tissue sets this quantity, the model no longer does.

    Parameters
    ----------
    quantity
        Id of a species or parameter of the model, or ``compartment.name``.
    unit
        Of the values that it is given; ``cell`` for numbers of cells.
    instead_of
        Reactions of the model that are switched off; a reaction that changes the quantity and is not among them is an error.
    """

    quantity: str
    unit: str = ""
    instead_of: tuple[str, ...] = ()


class DoseInto(Frozen):
    """What a drug is given into; the name of the port is the name of the drug.

    Parameters
    ----------
    quantity
        Id of a species, or ``compartment.name``.
    unit
        Of a dose, ``mg`` or ``cell``.
    molar_mass
        g/mol; to convert mg where the model counts moles.
    duration
        Infusion time of doses that state none; 0: a bolus, which arrives within seconds.
    weight
        Body weight for doses per kg.
    """

    quantity: str
    unit: str = "mg"
    molar_mass: Annotated[float, Quantity("g/mol", positive=True)] | None = None
    duration: Annotated[float, Quantity("day", non_negative=True)] = 0.0
    weight: Annotated[float, Quantity("kg", positive=True)] | None = None


def identifier(name: str) -> str:
    """Return the id that a port has in the model, without the body's prefix."""
    return "port_" + "".join(letter if letter.isalnum() else "_" for letter in name)


Port = Annotated[Read | Drive | DoseInto, Setting(union_mode="left_to_right")]


def from_table(name: str, given: Read | Drive | DoseInto | Mapping[str, Any]) -> Read | Drive | DoseInto:
    """Return a port from its table: ``{read = "T_C", unit = "cell/uL"}``."""
    if not isinstance(given, Mapping):
        return given
    kinds: dict[str, type[Read | Drive | DoseInto]] = {"read": Read, "drive": Drive, "dose_into": DoseInto}
    chosen = [kind for kind in kinds if kind in given]
    if len(chosen) != 1:
        raise ModelError(f"port '{name}': needs one of read, drive and dose_into, with the id of a quantity")
    rest = {key: value for key, value in given.items() if key != chosen[0]}
    return kinds[chosen[0]](quantity=given[chosen[0]], **rest)

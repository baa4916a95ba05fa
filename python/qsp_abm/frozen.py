"""The base of everything that describes: immutable, valid once built, JSON both ways, errors that help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic_core import core_schema

from . import units
from .errors import ModelError, suggest

__all__ = ["Frozen", "Quantity"]


@dataclass(frozen=True)
class Quantity:
    """Marks a float field that is written as text with a unit and kept as a float in that unit.

    Parameters
    ----------
    unit
        The unit inside, such as ``um`` or ``1/day``.
    positive, non_negative
        What is refused.
    behaviour
        Whether rules may change it.
    """

    unit: str
    positive: bool = False
    non_negative: bool = False
    behaviour: bool = False

    def _convert(self, value: object) -> float:
        return units.to(value, self.unit, positive=self.positive, non_negative=self.non_negative)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._convert, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(handler(core)) | {"unit": self.unit}


def _message(kind: str, given: dict[str, Any], error: ValidationError) -> str:
    name = given.get("name")
    lines = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"] if not str(part).startswith("function-"))
        text = one["msg"].removeprefix("Value error, ").replace("value: ", "", 1)
        received = "" if one["type"] in ("value_error", "missing") else f" (received {one['input']!r})"
        lines.append(f"{where}: {text}{received}" if where else f"{text}{received}")
    return "\n".join(f"{kind} '{name}': {line}" if name else f"{kind}: {line}" for line in lines)


class Frozen(BaseModel):
    """An immutable description; a change is a new object (`replace`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ModelError(_message(type(self).__name__, given, error)) from error

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for name in given:
                if name not in cls.model_fields:
                    raise ValueError(f"unknown name '{name}'{suggest(str(name), cls.model_fields)}")
        return given

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.model_dump_json()))  # tables of settings are dictionaries

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated anew."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        for name in changes:
            if name not in given:
                raise ModelError(f"{type(self).__name__}: unknown name '{name}'{suggest(name, given)}")
        return type(self)(**(given | changes))

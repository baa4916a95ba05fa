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


_WORDS = {  # what pydantic says in words of Python, said in words of a file
    "missing": "is missing",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "path_type": "must be the path of a file",
    "too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
}


def _message(kind: str, given: dict[str, Any], error: ValidationError) -> str:
    name = given.get("name")
    lines = []
    for one in _told_once(error.errors()):
        where = ".".join(str(part) for part in one["loc"] if not _internal(part))
        text = _WORDS.get(one["type"]) or one["msg"].removeprefix("Value error, ").replace("value: ", "", 1)
        text = text.replace("Input should be", "must be").replace("String should", "its name must")
        received = "" if one["type"] in ("value_error", "missing") else f" (received {one['input']!r})"
        lines.append(f"{where}: {text}{received}" if where else f"{text}{received}")
    return "\n".join(f"{kind} '{name}': {line}" if name else f"{kind}: {line}" for line in lines)


def _internal(part: int | str) -> bool:
    """Tell whether a part of a place is pydantic's own: a function, a key, or a branch of a union."""
    text = str(part)
    return text.startswith("function-") or text == "[key]" or ("[" in text and text.endswith("]"))


def _told_once(errors: list[Any]) -> list[Any]:
    """Tell of a value that may be of several kinds only what is wrong with it as the kind that it is."""
    unions = {one["loc"][:place] for one in errors for place, part in enumerate(one["loc"]) if "[" in str(part)[1:]}
    kinds = [one for one in errors if one["type"].endswith("_type") and one["loc"][:-1] in unions]
    others = [one for one in errors if one not in kinds]
    for union in unions:
        if not any(one["loc"][: len(union)] == union for one in others):
            mine = [one for one in kinds if one["loc"][:-1] == union]
            words = " or ".join(_WORDS.get(one["type"], one["msg"]).removeprefix("must be ") for one in mine)
            others.append(mine[0] | {"type": "kind", "msg": f"must be {words}", "loc": union})
    return others


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

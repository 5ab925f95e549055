"""Typed fields shared by mandates, mappings, rulebooks and scenarios: YAML scalars arrive as text."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from absalloc.errors import BadInput
from absalloc.predicate import parse_predicate
from absalloc.units import Quantity, quantity, ratio


def _date(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise BadInput("base.date_form", value=value, expected="YYYY-MM-DD") from None


def _quantity(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else quantity(str(value))


def _bool(value: Any) -> bool:
    if value in (True, False):
        return bool(value)
    if value in ("true", "false"):
        return str(value) == "true"
    raise BadInput("base.bool_form", value=value, expected="true, false")


def _predicate(value: Any) -> Any:
    return parse_predicate(value) if isinstance(value, dict) or value is None else value


ISODate = Annotated[date, BeforeValidator(_date)]
Number = Annotated[
    Any,
    BeforeValidator(_quantity),
    PlainSerializer(lambda q: q.text),
    WithJsonSchema(
        {
            "type": "string",
            "description": "a number with its unit: 10%, 400000000 yuan, 120 days, 4 names, AA+",
        }
    ),
]
Flag = Annotated[bool, BeforeValidator(_bool), WithJsonSchema({"enum": [True, False, "true", "false"]})]
Where_ = Annotated[
    Any,
    BeforeValidator(_predicate),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "description": "a predicate: column -> value, list or range; in_set, missing, not, any, all",
        }
    ),
]


class Strict(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True)


def _ratio(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else ratio(str(value))


Share = Annotated[
    Any,
    BeforeValidator(_ratio),
    PlainSerializer(lambda q: q.text),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?[0-9.]+ *(%|bp)$",
            "description": "a ratio with its unit: 12%, 30 bp",
        }
    ),
]

"""Predicates as data: which lines, or which mandates, a rule speaks of. Structured, never code.

A predicate is a mapping whose entries must all hold: ``column: value``, ``column: [values]``,
``column: {min, max, above, below}`` (above and below strict), ``column: {in_list: name}``,
``in_set: name``, ``missing: column``, and ``not``, ``any``, ``all`` of further predicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from absalloc.errors import BadInput

RANGE_KEYS = ("min", "max", "above", "below")


@dataclass(frozen=True)
class OneOf:
    """The column's value is among ``values`` (texts as written in the rule)."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """The column's value lies within bounds: pairs (``min|max|above|below``, bound).

    A bound is text with its unit, ``limit`` (the rule's own dated value) or ``("mandate", "product.end_date")``.
    """

    column: str
    bounds: tuple[tuple[str, str | tuple[str, str]], ...]


@dataclass(frozen=True)
class InList:
    """The column's value is a key of the named list of the mandate, expired entries left out."""

    column: str
    name: str


@dataclass(frozen=True)
class InSet:
    """The line belongs to the rulebook's set of that name."""

    name: str


@dataclass(frozen=True)
class Missing:
    """The column has no value."""

    column: str


@dataclass(frozen=True)
class Not:
    """The inner predicate does not hold."""

    inner: Predicate


@dataclass(frozen=True)
class AllOf:
    """Every part holds; no parts hold for everything."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Predicate, ...]


Predicate = OneOf | Between | InList | InSet | Missing | Not | AllOf | AnyOf


def parse_predicate(data: Any) -> Predicate:
    """Return the predicate written as nested mappings of texts.

    Raises BadInput for anything that is not a mapping, an empty list or range, or an unknown range key.
    """
    if not isinstance(data, dict) or not data:
        raise BadInput("base.predicate_form", value=data)
    parts = tuple(_entry(str(key), value) for key, value in data.items())
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _entry(key: str, value: Any) -> Predicate:
    if key == "not":
        return Not(parse_predicate(value))
    if key in ("any", "all"):
        if not isinstance(value, list) or not value:
            raise BadInput("base.predicate_form", value=value)
        parts = tuple(parse_predicate(item) for item in value)
        return AnyOf(parts) if key == "any" else AllOf(parts)
    if key == "in_set":
        return InSet(str(value))
    if key == "missing":
        return Missing(str(value))
    if isinstance(value, dict):
        return _mapping(key, value)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) for item in values):
        raise BadInput("base.predicate_form", value={key: value})
    return OneOf(key, tuple(values))


def _mapping(key: str, value: dict[str, Any]) -> Predicate:
    if set(value) == {"in_list"}:
        return InList(key, str(value["in_list"]))
    if set(value) & set(RANGE_KEYS):
        bounds = []
        for side, bound in value.items():
            if side not in RANGE_KEYS:
                raise BadInput("base.range_key", value=side, expected=", ".join(RANGE_KEYS), choices=RANGE_KEYS)
            bounds.append((side, _bound(bound)))
        return Between(key, tuple(bounds))
    # A nested mapping is a path into the mandate: product: {operation: closed} is product.operation.
    parts = tuple(_entry(f"{key}.{inner}", item) for inner, item in value.items())
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _bound(value: Any) -> str | tuple[str, str]:
    if isinstance(value, dict) and set(value) == {"mandate"}:
        return ("mandate", str(value["mandate"]))
    if isinstance(value, str):
        return value
    raise BadInput("base.predicate_form", value=value)


def leaves(predicate: Predicate) -> Iterator[OneOf | Between | InList | InSet | Missing]:
    """Yield the tests of a predicate, left to right."""
    if isinstance(predicate, Not):
        yield from leaves(predicate.inner)
    elif isinstance(predicate, AllOf | AnyOf):
        for part in predicate.parts:
            yield from leaves(part)
    else:
        yield predicate


def columns_of(predicate: Predicate) -> set[str]:
    """Return the columns a predicate reads; those behind its sets are not followed."""
    return {leaf.column for leaf in leaves(predicate) if not isinstance(leaf, InSet)}


def narrowed(where: Predicate | None, without: Predicate) -> Predicate:
    """Return ``where`` less what ``without`` names."""
    return Not(without) if where is None else AllOf((where, Not(without)))


def truth(predicate: Predicate, facts: Mapping[str, str | None]) -> bool | None:
    """Return whether a predicate holds of some texts, None where a text it needs is missing (Kleene logic).

    For predicates of values, ``missing``, ``not``, ``any`` and ``all``; raises BadInput for another test.
    """
    if isinstance(predicate, Not):
        inner = truth(predicate.inner, facts)
        return None if inner is None else not inner
    if isinstance(predicate, AllOf | AnyOf):
        ends = isinstance(predicate, AnyOf)
        found = [truth(part, facts) for part in predicate.parts]
        return ends if ends in found else None if None in found else not ends
    if isinstance(predicate, Missing):
        return facts.get(predicate.column) is None
    if not isinstance(predicate, OneOf):
        raise BadInput("base.predicate_form", value=predicate)
    value = facts.get(predicate.column)
    return None if value is None else value in predicate.values

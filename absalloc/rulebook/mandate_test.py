"""Does a mandate satisfy a predicate: true, false, or unknown for want of a key."""

from __future__ import annotations

from datetime import date

from absalloc.mandate.load import LoadedMandate
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves


def satisfies(predicate: Predicate | None, mandate: LoadedMandate) -> bool | None:
    """Return True, False, or None where a key the predicate needs is absent (Kleene logic)."""
    if predicate is None:
        return True
    if isinstance(predicate, AllOf):
        return _all([satisfies(part, mandate) for part in predicate.parts])
    if isinstance(predicate, AnyOf):
        found = _all([_not(satisfies(part, mandate)) for part in predicate.parts])
        return _not(found)
    if isinstance(predicate, Not):
        return _not(satisfies(predicate.inner, mandate))
    return _leaf(predicate, mandate)


def missing_keys(predicate: Predicate | None, mandate: LoadedMandate) -> list[str]:
    """Return the mandate keys a predicate reads and the mandate does not give."""
    if predicate is None:
        return []
    names = [leaf.column for leaf in leaves(predicate) if not isinstance(leaf, InSet)]
    return [name for name in dict.fromkeys(names) if mandate.fact(name) is None]


def _leaf(leaf: OneOf | Between | InList | InSet | Missing, mandate: LoadedMandate) -> bool | None:
    if isinstance(leaf, Missing):
        return mandate.fact(leaf.column) is None
    if isinstance(leaf, InSet | InList):
        return None
    value = mandate.fact(leaf.column)
    if value is None:
        return None
    if isinstance(leaf, OneOf):
        return str(value) in leaf.values
    return _all([_within(value, side, bound) for side, bound in leaf.bounds])


def _within(value: str | date, side: str, bound: str | tuple[str, str]) -> bool | None:
    if not isinstance(value, date) or not isinstance(bound, str):
        return None
    limit = date.fromisoformat(bound)
    return {"min": value >= limit, "max": value <= limit, "above": value > limit, "below": value < limit}[side]


def _all(values: list[bool | None]) -> bool | None:
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value

"""What one run changed of a book as given, in words: no report must look as if the mandate had said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.plan.note import Note
from absalloc.rulebook.limits_set import limits_set
from absalloc.units import exact

if TYPE_CHECKING:
    from absalloc.desk.changes import Changes
    from absalloc.explain.standing import Moved
    from absalloc.plan.make import PlanSettings
    from absalloc.rows import BookState


@dataclass(frozen=True)
class Asked:
    """A book under changes, as the questions of ``absalloc.explain`` take it.

    ``changed``: what differs from the book as given, in words; ``notes``: that, and all else a reader must know.
    """

    state: BookState = field(repr=False)
    settings: PlanSettings
    supply: Mapping[str, float]
    changed: tuple[Note, ...]
    notes: tuple[Note, ...]


def run_notes(given: BookState, now: BookState, wanted: Changes, moved: Moved) -> tuple[Note, ...]:
    """Return a note for all that differs between a book and this run of it: what was ``wanted``, read as ``moved``."""
    found = [Note("limit_set", **item) for item in limits_set(now.rules, given.rules)]
    found += [Note("rule_left_out", rule=name) for name in sorted(moved.off)]
    found += [_supply(name, face) for name, face in sorted(moved.supply.items())]
    found += [Note("price_set", line=name, price=_plain(price)) for name, price in sorted(wanted.prices.items())]
    found += [
        Note("yield_set", line=name, rate=f"{float(100 * exact(rate)):.12g}")
        for name, rate in sorted(moved.yields.items())
    ]
    was, nav = given.mandate.amount("nav"), now.mandate.amount("nav")
    if nav != was:
        found.append(Note("nav_set", now=_yuan(nav), was=_yuan(was)))
    found += [Note("key_set", key=key, value=_written(value)) for key, value in sorted(wanted.mandate.items())]
    return tuple(found)


def _supply(name: str, face: float) -> Note:
    return Note("line_capped", line=name, face=_yuan(face)) if face else Note("line_barred", line=name)


def _plain(value: Any) -> str:
    return f"{float(value):.12g}"


def _yuan(amount: Any) -> str:
    return "–" if amount is None else f"{float(amount):,.2f}"


def _written(value: Any) -> str:
    """Return a value of a mandate's key as one line."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_written(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

"""Which rules of several books cannot hold at once: QuickXplain (Junker, 2004), each answer a solve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

Item = tuple[str, str]
"""(books, as ``1+3``; rule id), or the shared supply."""


def minimal_conflict(items: Sequence[Item], feasible: Callable[[Collection[Item]], bool]) -> tuple[Item, ...]:
    """Return a minimal set of ``items`` that cannot hold together, in their order.

    ``feasible(held)`` says whether a plan keeps these. Empty where none exists even without all of them. What is
    returned was solved: infeasible as it stands, feasible without any one of its members.
    """
    if not feasible(()):
        return ()
    found = set(_explained([], False, list(items), feasible))
    return tuple(item for item in items if item in found)


def _explained(
    held: list[Item], grown: bool, items: list[Item], feasible: Callable[[Collection[Item]], bool]
) -> list[Item]:
    """Return the least of ``items`` that conflicts beside ``held``; ``grown``: ``held`` may conflict by itself."""
    if grown and not feasible(held):
        return []
    if len(items) == 1:
        return items
    half = len(items) // 2
    first, second = items[:half], items[half:]
    late = _explained([*held, *first], True, second, feasible)
    early = _explained([*held, *late], bool(late), first, feasible)
    return [*early, *late]

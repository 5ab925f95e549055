"""Which rules cannot hold together: a set that is infeasible, and feasible without any one of its members."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from absalloc.plan.rule_rows import Terms, label
from absalloc.rows import RowSystem


def find_conflict(
    feasible: Callable[[frozenset[str]], bool], system: RowSystem, terms: Terms, more: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return one minimal set of conflicting rules, by leaving rules out one at a time and solving again.

    ``feasible(skip)`` solves without the rules ``skip``; a rule in a scenario is one of its own,
    and ``more`` names rows that are no rule's. The empty tuple means that the budget, the supply
    or the turnover cap alone cannot be met, whatever the rules.
    """
    names = (*dict.fromkeys(label(block) for block in system.blocks if terms.binds(block)), *more)
    gone: frozenset[str] = frozenset()
    if not feasible(frozenset(names)):
        return ()
    for name in names:
        trial = gone | {name}
        if not feasible(trial):
            gone = trial
    return tuple(name for name in names if name not in gone)

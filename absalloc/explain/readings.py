"""How a rule stands at the answer of the relaxation: its value against its limit, in the group nearest to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.standing import TIGHT, Standing
from absalloc.explain.words import limit_text, ratio
from absalloc.rows import Block
from absalloc.rows.verdict import group_ranges
from absalloc.solve import Outcome

AMOUNTS = ("ratio", "yuan")
HELD = 1.0
"""Yuan of face from which a line counts as held: what is below is the solver's dust."""


@dataclass(frozen=True)
class Reading:
    """A limit of a rule at the answer: ``value`` in the rule's unit, worst case.

    It is None where rows do not tell, and where nothing stands over nothing. ``group`` is the one nearest to the limit,
    ``room`` the yuan left there in the rule's own numerator (negative only where a soft rule gave way or a passive
    breach stays; None for means and counts), ``binding`` whether any group of the rule is at this limit.
    """

    rule: str
    sense: str
    unit: str
    limit: Fraction | None
    value: float | None
    group: str | None
    room: float | None
    binding: bool

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: ratios as decimals, yuan, years, names."""
        value = None if self.value is None or not np.isfinite(self.value) else float(f"{self.value:.12g}")
        return {
            "rule": self.rule,
            "sense": self.sense,
            "unit": self.unit,
            "limit": ratio(self.limit),
            "limit_text": limit_text(self.limit, self.unit, lang),
            "value": value,
            "group": self.group,
            "room_yuan": None if self.room is None else round(self.room, 2),
            "binding": self.binding,
        }


def readings(
    standing: Standing, outcome: Outcome, wanted: Iterable[str] | None, faces: np.ndarray, tight: frozenset[str]
) -> tuple[Reading, ...]:
    """Return the readings of some rules (of all where None) at an answer with a point, its faces and tight rules."""
    x = np.concatenate([faces, np.minimum(faces, standing.model.lines.held)])
    found = []
    for rule in dict.fromkeys(standing.rules if wanted is None else wanted):
        if rule not in standing.code or rule in standing.now.off:
            continue
        for limit in standing.model.rules[rule].limits:
            key = (rule, limit.sense)
            value = standing.now.limits.get(key, limit.value)
            numbers = _numbers(standing, key, x)
            binds = rule in tight and _at_limit(standing, outcome, key)
            found.append(Reading(rule, limit.sense, limit.unit, value, *numbers, binds))
    return tuple(found)


def _at_limit(standing: Standing, outcome: Outcome, key: tuple[str, str]) -> bool:
    """Say whether a tight rule is so at this limit, not only at its other one; True where it has no rows of its own."""
    rows = standing.blocks.get(key)
    if rows is None or outcome.row_activity is None:
        return True
    first = standing.first[key]
    at = outcome.row_activity[first : first + len(rows.upper)]
    return bool(np.any(np.abs(rows.upper - at) <= TIGHT * np.maximum(1.0, np.abs(at))))


def _numbers(standing: Standing, key: tuple[str, str], x: np.ndarray) -> tuple[float | None, str | None, float | None]:
    """Return (value, group, room in yuan) of the group nearest to its limit; nothing over nothing is no value."""
    block = _linear_block(standing, key)
    if block is None:
        return (_names(standing, key, x), None, None)
    part = block.part(np.flatnonzero(block.spoken_of(x)), block.amounts(x) != 0)
    some = np.flatnonzero(~part.empty(x))
    if not len(some):
        return None, None, None
    most = block.sense == "max"
    value, over = group_ranges(part, x)[most][some], part.excess(x)[most][some]
    with np.errstate(invalid="ignore"):
        near = np.nan_to_num(value - part.limit[some], nan=-np.inf)
    at = int(np.argmax(near) if most else np.argmin(near))
    # Rows of means count yuan times years: what is left there is no amount.
    room = float(-over[at] if most else over[at]) if block.unit in AMOUNTS else np.inf
    number, group = float(value[at]), part.groups[some[at]]
    return (number if np.isfinite(number) else None), group, room if np.isfinite(room) else None


def _linear_block(standing: Standing, key: tuple[str, str]) -> Block | None:
    """Return the rows of a limit as it stands now, None where another road leads past the rule or it is not linear."""
    rows = standing.blocks.get(key)
    if rows is not None:
        return rows.block
    for block in standing.model.system.blocks:
        if (block.rule.id, block.sense, block.branch) == (*key, "main") and block.form == "linear":
            other = block.rule.unless is not None or block.rule.kind == "eligibility" or block.loose
            return None if other else block
    return None


def _names(standing: Standing, key: tuple[str, str], x: np.ndarray) -> float | None:
    """Return how many names of a count hold something; None for other special rules."""
    block = _count_block(standing, key)
    if block is None:
        return None
    amount = np.bincount(block.row, weights=np.abs(block.n) * x[block.col], minlength=block.rows)
    return float(np.sum(amount > HELD))


def _count_block(standing: Standing, key: tuple[str, str]) -> Block | None:
    for block in standing.model.system.blocks:
        if (block.rule.id, block.sense) == key and block.form == "count" and block.over is None:
            return None if len(block.own.col) or len(block.shared.col) or block.legs else block
    return None

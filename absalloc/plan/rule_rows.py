"""Rules as rows of a program: the worst admissible numbers, and the branches that a passive breach allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from absalloc.plan.builder import MILLION, Builder, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.trades import Legs, face_terms
from absalloc.rows.system import Block, RowSystem

Key = tuple[str, str, str]
"""(rule id, group or "", sense)"""


Branch = Literal["within", "nothing bought"]
"""The two ways to satisfy a purchase-tested row that is above its limit today."""


@dataclass(frozen=True)
class Terms:
    """What bends the rows of a plan: rules left out, passive breaches that may stay, margins after a failed check."""

    skip: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset({"hard"})
    stay: frozenset[Key] = frozenset()
    no_new: frozenset[Key] = frozenset()
    margins: Mapping[Key, float] = field(default_factory=dict)  # yuan of excess held back
    branches: Mapping[Key, Branch] = field(default_factory=dict)
    fresh: bool = True  # nothing is held, so that a purchase test is a plain row

    def binds(self, block: Block) -> bool:
        """Say whether the rows of a block are constraints of this plan."""
        return block.rule.level in self.levels and block.rule.id not in self.skip


@dataclass(frozen=True)
class Excess:
    """The worst excess of a block as numbers: entries (row, position, value), those of legs kept, and a constant.

    ``excess[r] = constant[r] + Σ value × face + Σ kept value × face kept`` in yuan, turned so that ≤ 0 is right.
    """

    row: np.ndarray
    position: np.ndarray
    value: np.ndarray
    kept_row: np.ndarray
    kept_position: np.ndarray
    kept_value: np.ndarray
    constant: np.ndarray


def worst_excess(block: Block, total: int, offset: int, limit: np.ndarray | None = None) -> Excess:
    """Return the excess of a linear block with every unknown taken at its worst."""
    bound = block.limit if limit is None else limit
    sign = 1.0 if block.sense == "max" else -1.0
    rows, cols, values = [block.row], [block.col], [sign * (block.n - bound[block.row] * block.d)]
    if len(block.own.col):
        rows.append(block.own.row)
        cols.append(block.own.col)
        values.append(sign * block.own.worst(bound[block.own.row], sign))
    for r in range(block.rows) if len(block.shared.col) else ():
        rows.append(np.full(len(block.shared.col), r))
        cols.append(block.shared.col)
        values.append(sign * block.shared.worst(np.full(len(block.shared.col), bound[r]), sign))
    row, col, value = np.concatenate(rows), np.concatenate(cols), np.concatenate(values)
    kept = col >= total
    constant = sign * block.constant(bound, 1 if sign > 0 else 0)
    position = np.where(kept, col - total, col) - offset
    return Excess(row[~kept], position[~kept], value[~kept], row[kept], position[kept], value[kept], constant)


def held_excess(excess: Excess, held: np.ndarray) -> np.ndarray:
    """Return the excess of each row at the faces held, yuan."""
    total = excess.constant.copy()
    total += np.bincount(excess.row, weights=excess.value * held[excess.position], minlength=len(total))
    total += np.bincount(excess.kept_row, weights=excess.kept_value * held[excess.kept_position], minlength=len(total))
    return np.asarray(total)


def undecided_positions(system: RowSystem, terms: Terms, offset: int, n: int) -> np.ndarray:
    """Return True for lines of which some binding rule cannot say how they count: shape (n,)."""
    found = np.zeros(n, dtype=bool)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        for part in (block.own, block.shared):
            col = part.col[part.col < system.positions] - offset
            found[col[(col >= 0) & (col < n)]] = True
    return found


def barred_positions(system: RowSystem, terms: Terms, offset: int, n: int) -> np.ndarray:
    """Return True for lines an eligibility rule keeps from being bought, or that a passive breach bars: shape (n,)."""
    found = np.zeros(n, dtype=bool)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        if block.rule.kind == "eligibility":
            found[block.col - offset] = True
        for r, group in enumerate(block.groups):
            if (block.rule.id, group or "", block.sense) in terms.no_new:
                found[block.col[block.row == r] - offset] = True
    return found


def add_linear(builder: Builder, block: Block, lines: PlanLines, legs: Legs, system: RowSystem, terms: Terms) -> None:
    """Add the rows of a linear block that can bind, each in the branch the law of active and passive allows."""
    offset = system.offsets[block.books[0]]
    limit = block.limit.copy()
    keys: list[Key] = [(block.rule.id, group or "", block.sense) for group in block.groups]
    excess = worst_excess(block, system.positions, offset, limit)
    now = held_excess(excess, lines.held)
    top = _greatest(excess, lines, legs)
    live = np.flatnonzero(now + top > 0)
    order = np.argsort(excess.row, kind="stable")
    starts = np.searchsorted(excess.row[order], np.arange(block.rows + 1))
    for r in live:
        at = order[starts[r] : starts[r + 1]]
        room = -now[r] - terms.margins.get(keys[r], 0.0)
        if keys[r] in terms.stay:
            # An uncured passive breach: no worse than held.
            room = max(room, 0.0)
        cols, data = face_terms(builder, legs, excess.position[at], excess.value[at])
        kept = excess.kept_row == r
        if np.any(kept):
            more, also = _kept_terms(builder, legs, excess.kept_position[kept], excess.kept_value[kept])
            cols, data = np.concatenate([cols, more]), np.concatenate([data, also])
        meaning = RowOf(block.rule.id, block.groups[r], _name(keys[r]))
        if block.rule.tested == "purchase" and now[r] > 0 and not terms.fresh:
            members = np.unique(excess.position[at])
            chosen = terms.branches.get(keys[r])
            if chosen == "nothing bought" or len(members) == 1:
                # One line alone above its limit cannot be bought and end below it.
                _bar(builder, legs, members)
            elif chosen == "within":
                builder.row(meaning, cols, data, -np.inf, room / MILLION)
            else:
                builder.open.append(keys[r])
                _or_nothing_bought(builder, meaning, (cols, data, room, top[r]), members, legs)
        else:
            builder.row(meaning, cols, data, -np.inf, room / MILLION)


def _name(key: Key) -> str:
    rule, group, sense = key
    return " | ".join(part for part in (rule, group, sense) if part)


def _greatest(excess: Excess, lines: PlanLines, legs: Legs) -> np.ndarray:
    """Return the most each row's excess can grow by trades, yuan."""
    up = np.where(legs.buy >= 0, lines.most - lines.held, 0.0)
    down = np.where(legs.sell >= 0, lines.held, 0.0)
    value = excess.value
    grow = np.where(value > 0, value * up[excess.position], -value * down[excess.position])
    total = np.bincount(excess.row, weights=grow, minlength=len(excess.constant))
    fall = np.maximum(-excess.kept_value, 0.0) * down[excess.kept_position]
    return np.asarray(total + np.bincount(excess.kept_row, weights=fall, minlength=len(total)))


def _kept_terms(builder: Builder, legs: Legs, position: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (columns, data) of −Σ value × sold: what is sold is no longer kept."""
    cols, data = face_terms(builder, legs, position, value)
    selling = np.array([builder.columns[c].leg != "buy" for c in cols], dtype=bool)
    return cols[selling], data[selling]


def _bar(builder: Builder, legs: Legs, members: np.ndarray) -> None:
    for column in legs.buy[members]:
        if column >= 0:
            builder.high[column] = 0.0


def _or_nothing_bought(
    builder: Builder, meaning: RowOf, row: tuple[np.ndarray, np.ndarray, float, float], members: np.ndarray, legs: Legs
) -> None:
    """Add "the new ratio is within the limit, or no member is bought" by a switch."""
    cols, data, room, top = row
    on = builder.switch(f"within {meaning.name}")
    slack = max(top - room, 0.0) / MILLION
    builder.row(meaning, np.append(cols, on), np.append(data, slack), -np.inf, room / MILLION + slack)
    for column in legs.buy[members]:
        if column >= 0:
            name = f"{builder.columns[column].name} within {meaning.name}"
            builder.row(
                RowOf(meaning.rule, meaning.group, name), [column, on], [1.0, -builder.high[column]], -np.inf, 0.0
            )

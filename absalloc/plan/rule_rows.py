"""Rules as rows of a program: the worst admissible numbers, and the branches that a passive breach allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from absalloc.plan.lines import PlanLines
from absalloc.plan.soft import Give
from absalloc.plan.trades import Legs
from absalloc.rows.system import Block, RowSystem

Key = tuple[str, str, str]
"""(rule id, with its scenario as ``in_scenario`` writes it; group or ""; sense)"""


WORST_LOSS = "worst-loss"
"""Names the cap on what a scenario may lose, as a rule's id would."""
Branch = Literal["within", "nothing bought"]
"""The two ways to satisfy a purchase-tested row that is above its limit today."""


@dataclass(frozen=True)
class Terms:
    """What bends the rows of a plan: rules left out, passive breaches that may stay, margins after a failed check."""

    skip: frozenset[str] = frozenset()  # labels: of a rule, or of a rule in a scenario
    levels: frozenset[str] = frozenset({"hard"})
    stay: frozenset[Key] = frozenset()
    no_new: frozenset[Key] = frozenset()
    margins: Mapping[Key, float] = field(default_factory=dict)  # yuan of excess held back
    branches: Mapping[Key, Branch] = field(default_factory=dict)
    cure: bool = False
    gives: Mapping[str, Give] = field(default_factory=dict)
    ordered: bool = False
    """Whether redemptions keep the order of sale: left out until a plan is seen to break a rule for want of it."""

    def binds(self, block: Block) -> bool:
        """Say whether the rows of a block are constraints of this plan."""
        return block.rule.level in self.levels and label(block) not in self.skip


def label(block: Block) -> str:
    """Return what names a block's rows: the rule's id, with the scenario where they are those of one."""
    return in_scenario(block.rule.id, block.scenario)


def in_scenario(rule: str, scenario: str | None) -> str:
    """Return the name of a rule's rows in a scenario (None for today's)."""
    return rule if scenario is None else f"{rule} [{scenario}]"


@dataclass(frozen=True)
class Excess:
    """The worst excess of a block as numbers, turned so that ≤ 0 is right; entries are sorted by row.

    ``excess[r] = constant[r] + Σ sell × held`` today, plus ``Σ buy × bought − sell × sold`` by trades, in yuan:
    the two differ where what is kept stands at its book value. ``member``: the line is in the numerator.
    ``moving`` (rows,): under a scenario, yuan of excess per yuan of net assets after it, the constant being that at
    none.
    """

    row: np.ndarray
    position: np.ndarray
    buy: np.ndarray
    sell: np.ndarray
    member: np.ndarray
    constant: np.ndarray
    moving: np.ndarray

    def of_row(self, r: int) -> slice:
        """Return the entries of a row."""
        first, last = np.searchsorted(self.row, [r, r + 1])
        return slice(int(first), int(last))


def worst_excess(block: Block, total: int, offset: int) -> Excess:
    """Return the excess of a linear block with every unknown taken at its worst, that of the limit included."""
    sign = 1.0 if block.sense == "max" else -1.0
    bound = block.limit if sign > 0 else np.where(np.isfinite(block.limit_most), block.limit_most, block.limit)
    rows, cols, values = [block.row], [block.col], [sign * (block.n - bound[block.row] * block.d)]
    members = [np.ones(len(block.row), dtype=bool)]
    if len(block.own.col):
        rows.append(block.own.row)
        cols.append(block.own.col)
        values.append(sign * block.own.worst(bound[block.own.row], sign))
        members.append(block.own.member)
    for r in range(block.rows) if len(block.shared.col) else ():
        rows.append(np.full(len(block.shared.col), r))
        cols.append(block.shared.col)
        values.append(sign * block.shared.worst(np.full(len(block.shared.col), bound[r]), sign))
        members.append(block.shared.member)
    row, col, value, member = (np.concatenate(part) for part in (rows, cols, values, members))
    constant = sign * block.constant(bound, 1 if sign > 0 else 0)
    # A limit nobody knows may be anything: then nothing is proven to keep it.
    endless = np.isinf(block.limit_most) if sign < 0 else np.zeros(block.rows, dtype=bool)
    constant = np.where(endless | np.isnan(constant), np.inf, constant)
    moving = sign * (block.moving[0] - bound * block.moving[1])
    if block.shocks:
        constant = constant - moving * block.shocks[0].base
    return _legged(block, (row, col, value, member), (constant, moving), (total, offset))


def _legged(
    block: Block, entries: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    by_row: tuple[np.ndarray, np.ndarray], columns: tuple[int, int],
) -> Excess:  # fmt: skip
    row, col, value, member = entries
    total, offset = columns
    kept = col >= total
    order = np.argsort(row, kind="stable")
    buy = np.where(kept, 0.0, value)
    sell = np.where(kept, value, 0.0) if block.legs else value
    position = np.where(kept, col - total, col) - offset
    return Excess(row[order], position[order], buy[order], sell[order], member[order], *by_row)


def held_excess(excess: Excess, held: np.ndarray) -> np.ndarray:
    """Return the excess of each row at the faces held, yuan."""
    weights = excess.sell * held[excess.position]
    return np.asarray(excess.constant + np.bincount(excess.row, weights=weights, minlength=len(excess.constant)))


def undecided_positions(system: RowSystem, terms: Terms, offset: int, n: int) -> np.ndarray:
    """Return True for lines of which some binding rule cannot say how they count: shape (n,)."""
    found = np.zeros(n, dtype=bool)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        for part in (block.own, block.shared):
            col = part.col[part.open] % system.positions - offset
            found[col[(col >= 0) & (col < n)]] = True
    return found


def washable_positions(system: RowSystem, terms: Terms, lines: PlanLines) -> np.ndarray:
    """Return True for lines that would count for less if they were sold and bought again: shape (n,).

    Book values make it so; such a trade is none, and the program must not take it for one.
    """
    found = np.zeros(lines.n, dtype=bool)
    for block in system.blocks:
        if not terms.binds(block) or not block.legs or block.form != "linear":
            continue
        excess = worst_excess(block, system.positions, system.offsets[block.books[0]])
        size = len(excess.constant) * lines.n
        place = excess.row * lines.n + excess.position
        gain = np.bincount(place, weights=excess.sell - excess.buy, minlength=size).reshape(-1, lines.n)
        found |= np.any(gain > 0, axis=0) & (lines.held > 0)
    return found


def barred_positions(system: RowSystem, terms: Terms, offset: int, n: int) -> np.ndarray:
    """Return True for lines an eligibility rule keeps from being bought, or that a passive breach bars: shape (n,)."""
    found = np.zeros(n, dtype=bool)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        if block.rule.kind == "eligibility":
            # What a redemption sells to the end is no longer held when the scenario's rule is tested: rows decide.
            paying = [position for shock in block.shocks for position in shock.order.tolist()]
            found[np.setdiff1d(block.col - offset, paying) if paying else block.col - offset] = True
        for r, group in enumerate(block.groups) if terms.no_new else ():
            if (label(block), group or "", block.sense) in terms.no_new:
                found[block.col[block.row == r] % system.positions - offset] = True
                found[block.own.col[(block.own.row == r) & block.own.member] % system.positions - offset] = True
    return found


def row_name(key: Key) -> str:
    """Return the name of a rule's row in the program."""
    rule, group, sense = key
    return " | ".join(part for part in (rule, group, sense) if part)


def greatest_growth(excess: Excess, lines: PlanLines, legs: Legs, buys: np.ndarray) -> np.ndarray:
    """Return the most each row's excess can grow by trades, yuan: by purchases of all lines, or of others than members.

    ``buys``: entries whose purchases count though they are members.
    """
    up = np.where(legs.buy >= 0, lines.most - lines.held, 0.0)[excess.position]
    down = np.where(legs.sell >= 0, lines.held, 0.0)[excess.position]
    counted = buys | ~excess.member
    grow = np.where(counted, np.maximum(excess.buy, 0.0) * up, 0.0) + np.maximum(-excess.sell, 0.0) * down
    after, size = legs.after, len(excess.constant)
    if after is None:
        return np.asarray(np.bincount(excess.row, weights=grow, minlength=size))
    at = excess.position
    sold = np.where(after.kept[at], -excess.sell, -excess.buy) * np.maximum(lines.most, lines.held)[at]
    grow = grow + np.where(after.paid[at] >= 0, np.maximum(sold, 0.0), 0.0)
    most = np.maximum(excess.moving, 0.0) * after.left * after.high
    return np.asarray(np.bincount(excess.row, weights=grow, minlength=size) + most)

"""Rules as rows of a program: the worst admissible numbers, and the branches that a passive breach allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from absalloc.plan.builder import MILLION, Builder, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.soft import Give
from absalloc.plan.trades import Legs, face_terms, trade_terms
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
            found[np.setdiff1d(block.col - offset, paying)] = True
        for r, group in enumerate(block.groups):
            if (label(block), group or "", block.sense) in terms.no_new:
                found[block.col[block.row == r] % system.positions - offset] = True
                found[block.own.col[(block.own.row == r) & block.own.member] % system.positions - offset] = True
    return found


@dataclass(frozen=True)
class Relief:
    """A switch under which rows need not hold: where ``column`` is not ``when``."""

    column: int
    when: int


def add_linear(
    builder: Builder, block: Block, lines: PlanLines, legs: Legs, system: RowSystem, terms: Terms,
    relief: Relief | None = None,
) -> None:  # fmt: skip
    """Add the rows of a linear block that can bind, each in the branch the law of active and passive allows."""
    excess = worst_excess(block, system.positions, system.offsets[block.books[0]])
    now = held_excess(excess, lines.held)
    top = greatest_growth(excess, lines, legs, np.ones(len(excess.row), dtype=bool))
    adder = _Adder(builder, block, lines, legs, terms, relief, _today(block, lines, system))
    # One unit is held back for a strict limit, which no program can write.
    strict = 1.0 if block.strict else 0.0
    for r in np.flatnonzero(now + top + strict > 0):
        adder.add(excess, int(r), float(now[r]) + strict)


def _today(block: Block, lines: PlanLines, system: RowSystem) -> np.ndarray | None:
    """Return the excess of a scenario's rows at what is held, yuan; None for rows of today, whose excess says it."""
    if not block.shocks:
        return None
    x = np.zeros(2 * system.positions)
    at = system.offsets[block.books[0]]
    for start in (at, at + system.positions):
        x[start : start + lines.n] = lines.held
    low, high, _ = block.excess(x)
    return high if block.sense == "max" else -low


@dataclass(frozen=True)
class _Adder:
    builder: Builder
    block: Block
    lines: PlanLines
    legs: Legs
    terms: Terms
    relief: Relief | None
    today: np.ndarray | None

    def add(self, excess: Excess, r: int, now: float) -> None:
        """Add one row; ``now`` is its excess at what is held, yuan (a scenario's: with no net assets left)."""
        block, terms = self.block, self.terms
        key: Key = (label(block), block.groups[r] or "", block.sense)
        at = excess.of_row(r)
        part = Excess(
            np.zeros(at.stop - at.start, dtype=np.int64), excess.position[at], excess.buy[at], excess.sell[at],
            excess.member[at], excess.constant[r : r + 1], excess.moving[r : r + 1],
        )  # fmt: skip
        room = -now - terms.margins.get(key, 0.0)
        if key in terms.stay:
            # An uncured passive breach: no worse than held.
            room = max(room, 0.0 if self.today is None else float(self.today[r]) - now)
        meaning = RowOf(key[0], block.groups[r], row_name(key))
        # A cure brings a share back within its cap; nobody asked to sell what may merely not be bought.
        cured = self.terms.cure and block.rule.kind != "eligibility"
        purchase = block.rule.tested == "purchase" and not cured
        if purchase and not self._bought_only(part, now):
            if self._may_buy(part):
                self._purchase(meaning, part, key, room)
        elif self._holds_none(part, r):
            self._none(meaning, part)
        elif not np.isfinite(room):
            # No portfolio is proven to keep it; ``make`` says so for hard rules, softer ones stay unknown.
            return
        elif block.strict and part.constant[0] == 0:
            self._within_or_empty(meaning, part, room)
        else:
            self._within(meaning, part, room)

    def _bought_only(self, part: Excess, now: float) -> bool:
        """Return whether the row can only be passed by buying its members, so that it is a plain row."""
        sold = greatest_growth(part, self.lines, self.legs, np.zeros(len(part.row), dtype=bool))
        return bool(now + sold[0] <= 0)

    def _may_buy(self, part: Excess) -> bool:
        return bool(np.any(self.legs.buy[part.position[part.member]] >= 0))

    def _holds_none(self, part: Excess, r: int) -> bool:
        """Return whether a group is over its limit before anything is held of it: then nothing may be."""
        block = self.block
        strict = 1.0 if block.strict else 0.0
        grouped = block.rule.by is not None and not any(limit.sense == "min" for limit in block.rule.limits)
        least = part.constant[0]
        if self.legs.after is not None:
            least += min(part.moving[0], 0.0) * self.legs.after.left * self.legs.after.high
        worse = bool(least + strict > 0) and not np.any(np.minimum(part.buy, part.sell) < 0)
        return grouped and worse and block.groups[r] is not None

    def _none(self, meaning: RowOf, part: Excess) -> None:
        position = np.unique(part.position[part.member])
        cols, data = face_terms(self.builder, self.legs, position, np.ones(len(position)))
        room = -float(self.lines.held[position].sum()) / MILLION
        self._row(meaning, cols, data, room)

    def _within(self, meaning: RowOf, part: Excess, room: float) -> None:
        self._row(meaning, *self._terms(part), room / MILLION)

    def _terms(self, part: Excess) -> tuple[np.ndarray, np.ndarray]:
        """Return (columns, data) of what trades, and a scenario's net assets, add to the excess."""
        cols, data = trade_terms(self.builder, self.legs, part.position, part.buy, part.sell)
        after = self.legs.after
        if after is None or part.moving[0] == 0:
            return cols, data
        return np.append(cols, after.assets), np.append(data, part.moving[0] * after.left)

    def _within_or_empty(self, meaning: RowOf, part: Excess, room: float) -> None:
        """Add a strict row that nothing over nothing passes as well: within, or nothing held above and below."""
        some = self.builder.switch(f"holds some {meaning.name}")
        cols, data = self._terms(part)
        slack = max(self._most(cols, data) - room / MILLION, 0.0)
        self._row(meaning, np.append(cols, some), np.append(data, slack), room / MILLION + slack)
        position = np.unique(part.position[(part.buy != 0) | (part.sell != 0)])
        cols, data = face_terms(self.builder, self.legs, position, np.ones(len(position)))
        held = float(self.lines.held[position].sum()) / MILLION
        most = held + self._most(cols, data)
        empty = RowOf(meaning.rule, meaning.group, f"holds {meaning.name}")
        self._row(empty, np.append(cols, some), np.append(data, -most), -held)

    def _row(self, meaning: RowOf, cols: np.ndarray, data: np.ndarray, room: float) -> None:
        """Add ``data·x ≤ room``, let off where the switch says so."""
        if self.relief is not None:
            slack = max(self._most(cols, data) - room, 0.0)
            sign = 1.0 if self.relief.when else -1.0
            cols, data = np.append(cols, self.relief.column), np.append(data, sign * slack)
            room = room + (slack if self.relief.when else 0.0)
        self.builder.row(meaning, cols, data, -np.inf, room)

    def _most(self, cols: np.ndarray, data: np.ndarray) -> float:
        high = np.array([self.builder.high[c] for c in cols])
        return float(np.maximum(data, 0.0) @ high)

    def _purchase(self, meaning: RowOf, part: Excess, key: Key, room: float) -> None:
        """Add "the new ratio is within the limit, or no member is bought", by a switch or in the branch chosen."""
        members = np.unique(part.position[part.member])
        branch = self.terms.branches.get(key)
        if branch == "within":
            self._within(meaning, part, room)
            return
        buys = [int(c) for c in self.legs.buy[members] if c >= 0]
        if branch == "nothing bought" or len(np.unique(part.position)) == 1:
            # One line alone above its limit cannot be bought and end below it.
            for column in buys:
                self._row(self._buys(meaning, column), np.array([column]), np.array([1.0]), 0.0)
            return
        self.builder.open.append(key)
        on = self.builder.switch(f"within {meaning.name}")
        cols, data = self._terms(part)
        slack = max(self._most(cols, data) - room / MILLION, 0.0)
        self._row(meaning, np.append(cols, on), np.append(data, slack), room / MILLION + slack)
        for column in buys:
            self._row(
                self._buys(meaning, column), np.array([column, on]), np.array([1.0, -self.builder.high[column]]), 0.0
            )

    def _buys(self, meaning: RowOf, column: int) -> RowOf:
        name = self.lines.positions.ids[self.builder.columns[column].position]
        return RowOf(meaning.rule, meaning.group, f"buys {name} within {meaning.name}")


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

"""The rows of a linear rule in a program: plain ones at once, and one by one those that a breach or a switch bends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.plan.builder import MILLION, Builder, RowOf, of_book
from absalloc.plan.lines import PlanLines
from absalloc.plan.rule_rows import Excess, Key, Terms, greatest_growth, held_excess, label, row_name, worst_excess
from absalloc.plan.trades import Legs, face_terms, trade_entries, trade_terms
from absalloc.rows.system import Block, RowSystem


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
    live = np.flatnonzero(now + top + strict > 0)
    if not len(live):
        return
    plain = adder.plain(excess, now + strict)[live]
    for rows in np.split(live, np.flatnonzero(plain[1:] != plain[:-1]) + 1):
        if plain[np.searchsorted(live, rows[0])]:
            adder.add_plain(excess, rows, (now + strict)[rows])
        else:
            for r in rows.tolist():
                adder.add(excess, r, float(now[r]) + strict)


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

    def plain(self, excess: Excess, now: np.ndarray) -> np.ndarray:
        """Say of each row whether it is its excess at most 0 and nothing else: shape (rows,)."""
        block, terms = self.block, self.terms
        if self.relief is not None or self.legs.after is not None:
            return np.zeros(block.rows, dtype=bool)
        found = np.isfinite(now)
        if self._tested_at_purchase:
            found &= now + greatest_growth(excess, self.lines, self.legs, np.zeros(len(excess.row), dtype=bool)) <= 0
        if self._grouped:
            under = np.bincount(excess.row, weights=np.minimum(excess.buy, excess.sell) < 0, minlength=block.rows) > 0
            listed = np.array([group is not None for group in block.groups], dtype=bool)
            found &= ~(listed & ~under & (excess.constant + (1.0 if block.strict else 0.0) > 0))
        if block.strict:
            found &= excess.constant != 0
        bent = {key for key in (*terms.stay, *terms.margins) if key[0] == label(block)}
        if bent:
            found &= np.array([self._key(r) not in bent for r in range(block.rows)], dtype=bool)
        return np.asarray(found)

    def add_plain(self, excess: Excess, rows: np.ndarray, now: np.ndarray) -> None:
        """Add plain rows at once; ``now`` is their excess at what is held, yuan."""
        mine = np.flatnonzero(np.isin(excess.row, rows))
        part = excess.position[mine], excess.buy[mine], excess.sell[mine]
        place, cols, data = trade_entries(self.builder, self.legs, *part)
        row = np.searchsorted(rows, excess.row[mine][place])
        order = np.argsort(row, kind="stable")
        name, sense, groups = label(self.block), self.block.sense, self.block.groups
        meanings = [RowOf(name, groups[r], row_name((name, groups[r] or "", sense))) for r in rows.tolist()]
        counts = np.bincount(row, minlength=len(rows))
        self.builder.rows_below(meanings, counts, (cols[order], data[order]), -now / MILLION)

    def _key(self, r: int) -> Key:
        return (label(self.block), self.block.groups[r] or "", self.block.sense)

    @property
    def _tested_at_purchase(self) -> bool:
        """Whether purchases alone are tested; a cure brings a share back within its cap, which nobody asks of a bar."""
        rule = self.block.rule
        return rule.tested == "purchase" and not (self.terms.cure and rule.kind != "eligibility")

    @property
    def _grouped(self) -> bool:
        """Whether the rows are groups of their own under a cap."""
        rule = self.block.rule
        return rule.by is not None and not any(limit.sense == "min" for limit in rule.limits)

    def add(self, excess: Excess, r: int, now: float) -> None:
        """Add one row; ``now`` is its excess at what is held, yuan (a scenario's: with no net assets left)."""
        block, terms = self.block, self.terms
        key = self._key(r)
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
        if self._tested_at_purchase and not self._bought_only(part, now):
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
        least = part.constant[0]
        if self.legs.after is not None:
            least += min(part.moving[0], 0.0) * self.legs.after.left * self.legs.after.high
        worse = bool(least + strict > 0) and not np.any(np.minimum(part.buy, part.sell) < 0)
        return self._grouped and worse and block.groups[r] is not None

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
        bought = self.builder.columns[column]
        name = of_book(bought.book, bought.name.removeprefix("buy "))
        return RowOf(meaning.rule, meaning.group, f"buys {name} within {meaning.name}")

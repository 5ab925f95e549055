"""Counts of names, sums over a threshold and minimum positions as rows with switches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from absalloc.errors import BadInput
from absalloc.plan.builder import MILLION, Builder, ColumnOf, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.rule_rows import Key, Terms, label
from absalloc.plan.trades import Legs, trade_entries, trade_terms
from absalloc.rows.system import Alternatives, Block, RowSystem

UNIT = 100.0
"""Yuan by which an amount passes a bound it must not merely reach; less would be lost in the tolerance of a solver."""


@dataclass(frozen=True)
class Base:
    """What a group's ratio is of, yuan: ``fixed`` plus ``slope`` times a column (-1 for none), at most ``top``.

    The column holds a scenario's net assets in million yuan, never below 0.
    """

    fixed: float
    slope: float = 0.0
    column: int = -1
    top: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether trades move it."""
        return self.column >= 0


@dataclass(frozen=True)
class Amount:
    """A group's amount: (columns, data) of what trades change in million yuan, and yuan held and at most."""

    cols: np.ndarray
    data: np.ndarray
    held: float
    most: float


def add_special(builder: Builder, block: Block, lines: PlanLines, legs: Legs, system: RowSystem, terms: Terms) -> None:
    """Add the rows of a count, threshold or minimum-position block.

    Raises BadInput for what has no rows: a denominator that trades move, a rule on trades or purchases, an alternative.
    """
    if block.rule.of_trade or block.rule.unless is not None or block.rule.tested == "purchase":
        raise BadInput("plan.special_rule", value=block.rule.id, kind=block.rule.kind)
    maker = _Special(builder, block, lines, legs, system, terms)
    {"threshold": maker.threshold, "count": maker.count, "if_held": maker.floors}[block.form]()


@dataclass(frozen=True)
class _Special:
    builder: Builder
    block: Block
    lines: PlanLines
    legs: Legs
    system: RowSystem
    terms: Terms

    @cached_property
    def _plain(self) -> list[Amount] | None:
        """The amounts of all groups at once; None where lines may be in several groups, or count in more ways."""
        block, lines = self.block, self.lines
        if len(block.own.col) or len(block.shared.col):
            return None
        order = np.argsort(block.row, kind="stable")
        row, position, (buy, sell) = block.row[order], *self._sides(block.col[order], block.n[order])
        places, cols, data = trade_entries(self.builder, self.legs, position, buy, sell)
        # Each group's entries in the order in which it would have them alone.
        mine = np.argsort(row[places], kind="stable")
        edges, ends = (np.searchsorted(part, np.arange(block.rows + 1)).tolist() for part in (row, row[places][mine]))
        room, held = np.maximum(lines.most - lines.held, 0.0)[position], lines.held[position]
        found = []
        for r in range(block.rows):
            at, own = slice(edges[r], edges[r + 1]), mine[ends[r] : ends[r + 1]]
            most = float(np.abs(sell[at]) @ held[at]) + float(np.abs(buy[at]) @ room[at])
            found.append(Amount(cols[own], data[own], float(sell[at] @ held[at]), most))
        return found

    def _sides(self, col: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return (positions, (what a yuan bought counts, what a yuan sold does)) of columns of the block."""
        total = self.system.positions
        kept = col >= total
        position = np.where(kept, col - total, col) - self.system.offsets[self.block.books[0]]
        return position, (np.where(kept, 0.0, value), np.where(kept, value, 0.0) if self.block.legs else value)

    def amount(self, r: int, *, sure: bool = False) -> Amount:
        """Return a group's amount with every line that may count at its most; ``sure``: only those that do."""
        if self._plain is not None:
            return self._plain[r]
        block = self.block
        at = block.row == r
        cols, values = [block.col[at]], [block.n[at]]
        for part in (block.own, block.shared):
            here = self._here(part, r)
            cols.append(part.col[here])
            values.append(part.n[here].min(axis=1, initial=np.inf) if sure else part.n[here].max(axis=1, initial=0.0))
        col, value = np.concatenate(cols), np.concatenate(values)
        lines, (position, (buy, sell)) = self.lines, self._sides(col, value)
        terms = trade_terms(self.builder, self.legs, position, buy, sell)
        most = float(np.abs(sell) @ lines.held[position])
        most += float(np.abs(buy) @ np.maximum(lines.most - lines.held, 0.0)[position])
        return Amount(*terms, float(sell @ lines.held[position]), most)

    def _here(self, part: Alternatives, r: int) -> np.ndarray:
        return np.flatnonzero(part.member & ((part.row == r) | (part.row < 0)))

    def denominator(self, r: int, *, most: bool = False) -> Base:
        """Return what a group's ratio is of: at least, or at most. Raises BadInput where it is of what is held."""
        block, after = self.block, self.legs.after
        moved = any(np.any(d != 0) for d in (block.d, block.own.d, block.shared.d)) or bool(block.moving[0])
        found, often = float(block.d0[1 if most else 0][r]), block.moving[1]
        if moved or often < 0 or not np.isfinite(found):
            raise BadInput("plan.threshold_denominator", value=block.rule.id)
        if after is None or not often:
            return Base(found, top=found)
        fixed, slope = found - often * after.base, often * after.left
        return Base(fixed, slope, after.assets, fixed + slope * after.high)

    def against(
        self, meaning: RowOf, terms: tuple[np.ndarray, np.ndarray], share: float, base: Base, ends: tuple[float, float]
    ) -> None:
        """Add ``ends[0] ≤ terms − share × base ≤ ends[1]``, in million yuan."""
        cols, data = terms
        if base.moves and share:
            cols, data = np.append(cols, base.column), np.append(data, -share * base.slope)
        shift = share * base.fixed / MILLION
        self.builder.row(meaning, cols, data, ends[0] + shift, ends[1] + shift)

    def key(self, r: int | None) -> Key:
        """Return the key of a row, or of the whole rule."""
        return (label(self.block), (self.block.groups[r] or "") if r is not None else "", self.block.sense)

    def meaning(self, r: int | None, what: str) -> RowOf:
        """Return what a row means."""
        group = None if r is None else self.block.groups[r]
        name = label(self.block)
        return RowOf(name, group, " | ".join(x for x in (name, group, what) if x))

    def count(self) -> None:
        """Bound the number of groups held, or above ``over``."""
        block = self.block
        least = block.sense == "min"
        switches, always = [], 0
        for r in range(block.rows):
            if least and block.groups[r] == "?":
                continue
            found, base = self.amount(r, sure=least), self._over(r, most=least)
            if not len(found.cols) and not base.moves:
                always += int(found.held > (block.over or 0.0) * base.fixed)
            elif found.most > (block.over or 0.0) * base.fixed:
                switches.append(self._named(r, found, base, least=least))
        limit = float(block.limit_most[0] if least else block.limit[0]) if block.rows else 0.0
        strict = 1.0 if block.strict else 0.0
        bound = limit + strict - always if least else limit - strict - always
        if self.key(None) in self.terms.stay:
            now = sum(self._counts_now(r) for r in range(block.rows)) - always
            bound = min(bound, now) if least else max(bound, now)
        if block.rows and (switches or bound > 0 if least else bound < len(switches)):
            ends = (bound, np.inf) if least else (-np.inf, bound)
            self.builder.row(self.meaning(None, "count"), switches, np.ones(len(switches)), *ends)

    def _over(self, r: int, *, most: bool = False) -> Base:
        """Return what the size that makes a group count is a share of; anything where every size counts."""
        return Base(0.0) if self.block.over is None else self.denominator(r, most=most)

    def _counts_now(self, r: int) -> bool:
        return self.amount(r).held > (self.block.over or 0.0) * self._now(self._over(r))

    def _now(self, base: Base) -> float:
        """Return a base at what is held."""
        if not base.moves:
            return base.fixed
        shock, held = self.block.shocks[0], self.lines.held
        after = self.legs.after
        assets = shock.base + float(shock.gain @ held)
        return base.fixed + base.slope * max(assets, 0.0) if after is not None else base.fixed

    def _named(self, r: int, found: Amount, base: Base, *, least: bool) -> int:
        """Add the switch of a group: on where it counts (``max``), on only where it counts (``min``)."""
        over, meaning = self.block.over or 0.0, self.meaning(r, "held")
        on = self.builder.switch(f"holds {self.block.groups[r]} {label(self.block)}")
        cols = np.append(found.cols, on)
        if least:
            whole = all(self.builder.whole[c] for c in found.cols)
            # Of whole lots the smallest is the least that counts.
            unit = float(np.abs(found.data).min(initial=np.inf)) if whole and not over else UNIT / MILLION
            slack = max(over * base.top / MILLION, 0.0) + unit
            low = unit - found.held / MILLION - slack
            self.against(meaning, (cols, np.append(found.data, -slack)), over, base, (low, np.inf))
        else:
            row = np.append(found.data, -max(found.most - over * base.fixed, 0.0) / MILLION)
            self.against(meaning, (cols, row), over, base, (-np.inf, -found.held / MILLION))
        return on

    def floors(self) -> None:
        """Let each group be nothing, or at least so much."""
        block = self.block
        for r in range(block.rows):
            most, sure = self.amount(r), self.amount(r, sure=True)
            if block.groups[r] == "?" or not len(most.cols):
                continue
            share, base = float(block.limit_most[r]), self.denominator(r, most=True)
            extra = self.terms.margins.get(self.key(r), 0.0) - block.n0[0][r]
            if self.key(r) in self.terms.stay:
                extra = min(share * self._now(base) + extra, sure.held)
                share = 0.0
            on = self._named(r, most, Base(0.0), least=False)
            slack = max(share * base.top + extra, 0.0)
            row, low = np.append(sure.data, -slack / MILLION), (extra - sure.held - slack) / MILLION
            meaning = self.meaning(r, "least")
            self.against(meaning, (np.append(sure.cols, on), row), share, base, (low, np.inf))

    def threshold(self) -> None:
        """Bound Σ of the ratios in the band: a switch opens a group to more than ``over`` and counts it whole."""
        block = self.block
        counted, weights, fixed, now = [], [], 0.0, 0.0
        limit = float(block.limit[0]) if block.rows else 0.0
        for r in range(block.rows):
            found, base = self.amount(r), self.denominator(r)
            today = self._now(base)
            over, top = (block.over or 0.0) * today, np.inf if block.up_to is None else block.up_to * today
            inside = over < found.held <= top
            now += found.held / today if inside else 0.0
            if not len(found.cols) and not base.moves:
                fixed += found.held / today if inside else 0.0
            elif found.most > (block.over or 0.0) * base.fixed:
                counted.append(self._counted(r, found, base))
                weights.append(1.0 / today)
        if not counted and fixed <= limit:
            return
        # Where the amounts move they are those of the whole book, and the same for all groups.
        base = self.denominator(0)
        scale, share = self._now(base), limit - fixed
        if self.key(None) in self.terms.stay:
            share = max(share, now - fixed)
        room = -(1.0 if block.strict else 0.0) - self.terms.margins.get(self.key(None), 0.0)
        terms = np.array(counted, dtype=np.int64), np.array(weights) * scale
        self.against(self.meaning(None, "sum"), terms, share, base, (-np.inf, room / MILLION))

    def _counted(self, r: int, found: Amount, base: Base) -> int:
        """Return the column of what a group counts for; at the bounds of a base that moves the switches have room."""
        block, builder, name = self.block, self.builder, self.meaning(r, "").name
        over, up_to = block.over or 0.0, block.up_to
        on = builder.switch(f"above {name}")
        part = builder.column(ColumnOf("on", -1, 0.0, f"counted {name}"), 0.0, found.most / MILLION)
        row = np.append(found.data, -(found.most - over * base.fixed) / MILLION)
        opened = (np.append(found.cols, on), row)
        self.against(self.meaning(r, "above"), opened, over, base, (-np.inf, -found.held / MILLION))
        # Counted is the whole amount where the switch is on, and nothing where it is off.
        most = over * base.top / MILLION
        cols, data = [*found.cols, part, on], [*found.data, -1.0, most]
        if up_to is not None and found.most > up_to * base.fixed:
            # Above the band a group counts for nothing.
            past = builder.switch(f"past {name}")
            cols, data = [*cols, past], [*data, -found.most / MILLION]
            slack = (max(up_to * base.top, 0.0) + UNIT) / MILLION
            beyond = (np.append(found.cols, past), np.append(found.data, -slack))
            low = (UNIT - found.held) / MILLION - slack
            self.against(self.meaning(r, "past"), beyond, up_to, base, (low, np.inf))
        builder.row(self.meaning(r, "counted"), cols, data, -np.inf, most - found.held / MILLION)
        return part

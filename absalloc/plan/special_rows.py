"""Counts of names, sums over a threshold and minimum positions as rows with switches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.errors import BadInput
from absalloc.plan.builder import MILLION, Builder, ColumnOf, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.rule_rows import Key, Terms
from absalloc.plan.trades import Legs, trade_terms
from absalloc.rows.system import Alternatives, Block, RowSystem

UNIT = 100.0
"""Yuan by which an amount passes a bound it must not merely reach; less would be lost in the tolerance of a solver."""


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

    def amount(self, r: int, *, sure: bool = False) -> Amount:
        """Return a group's amount with every line that may count at its most; ``sure``: only those that do."""
        block = self.block
        at = block.row == r
        cols, values = [block.col[at]], [block.n[at]]
        for part in (block.own, block.shared):
            here = self._here(part, r)
            cols.append(part.col[here])
            values.append(part.n[here].min(axis=1, initial=np.inf) if sure else part.n[here].max(axis=1, initial=0.0))
        col, value = np.concatenate(cols), np.concatenate(values)
        total, lines = self.system.positions, self.lines
        kept = col >= total
        position = np.where(kept, col - total, col) - self.system.offsets[block.books[0]]
        buy, sell = np.where(kept, 0.0, value), (np.where(kept, value, 0.0) if block.legs else value)
        terms = trade_terms(self.builder, self.legs, position, buy, sell)
        most = float(np.abs(sell) @ lines.held[position])
        most += float(np.abs(buy) @ np.maximum(lines.most - lines.held, 0.0)[position])
        return Amount(*terms, float(sell @ lines.held[position]), most)

    def _here(self, part: Alternatives, r: int) -> np.ndarray:
        return np.flatnonzero(part.member & ((part.row == r) | (part.row < 0)))

    def denominator(self, r: int, *, most: bool = False) -> float:
        """Return what a group's ratio is of: at least, or at most. Raises BadInput where trades move it."""
        block = self.block
        moved = any(np.any(d != 0) for d in (block.d, block.own.d, block.shared.d))
        found = float(block.d0[1 if most else 0][r])
        if moved or not np.isfinite(found):
            raise BadInput("plan.threshold_denominator", value=block.rule.id)
        return found

    def key(self, r: int | None) -> Key:
        """Return the key of a row, or of the whole rule."""
        return (self.block.rule.id, (self.block.groups[r] or "") if r is not None else "", self.block.sense)

    def meaning(self, r: int | None, what: str) -> RowOf:
        """Return what a row means."""
        group = None if r is None else self.block.groups[r]
        return RowOf(self.block.rule.id, group, " | ".join(x for x in (self.block.rule.id, group, what) if x))

    def count(self) -> None:
        """Bound the number of groups held, or above ``over``."""
        block = self.block
        least = block.sense == "min"
        switches, always = [], 0
        for r in range(block.rows):
            if least and block.groups[r] == "?":
                continue
            found = self.amount(r, sure=least)
            over = 0.0 if block.over is None else block.over * self.denominator(r, most=least)
            if not len(found.cols):
                always += int(found.held > over)
            elif found.most > over:
                switches.append(self._named(r, found, over, least=least))
        limit = float(block.limit_most[0] if least else block.limit[0]) if block.rows else 0.0
        strict = 1.0 if block.strict else 0.0
        bound = limit + strict - always if least else limit - strict - always
        if self.key(None) in self.terms.stay:
            now = sum(self._counts_now(r) for r in range(block.rows)) - always
            bound = min(bound, now) if least else max(bound, now)
        if block.rows and (switches or bound > 0 if least else bound < len(switches)):
            ends = (bound, np.inf) if least else (-np.inf, bound)
            self.builder.row(self.meaning(None, "count"), switches, np.ones(len(switches)), *ends)

    def _counts_now(self, r: int) -> bool:
        over = 0.0 if self.block.over is None else self.block.over * self.denominator(r)
        return self.amount(r).held > over

    def _named(self, r: int, found: Amount, over: float, *, least: bool) -> int:
        """Add the switch of a group: on where it counts (``max``), on only where it counts (``min``)."""
        on = self.builder.switch(f"holds {self.block.groups[r]} {self.block.rule.id}")
        cols = np.append(found.cols, on)
        if least:
            whole = all(self.builder.whole[c] for c in found.cols)
            # Of whole lots the smallest is the least that counts.
            unit = float(np.abs(found.data).min()) if whole and not over else UNIT / MILLION
            row = np.append(found.data, -(over / MILLION + unit))
            self.builder.row(self.meaning(r, "held"), cols, row, -found.held / MILLION, np.inf)
        else:
            row = np.append(found.data, -max(found.most - over, 0.0) / MILLION)
            self.builder.row(self.meaning(r, "held"), cols, row, -np.inf, (over - found.held) / MILLION)
        return on

    def floors(self) -> None:
        """Let each group be nothing, or at least so much."""
        block = self.block
        for r in range(block.rows):
            most, sure = self.amount(r), self.amount(r, sure=True)
            if block.groups[r] == "?" or not len(most.cols):
                continue
            least = block.limit_most[r] * self.denominator(r, most=True) - block.n0[0][r]
            least += self.terms.margins.get(self.key(r), 0.0)
            if self.key(r) in self.terms.stay:
                least = min(least, sure.held)
            on = self._named(r, most, 0.0, least=False)
            row = np.append(sure.data, -least / MILLION)
            cols = np.append(sure.cols, on)
            self.builder.row(self.meaning(r, "least"), cols, row, -sure.held / MILLION, np.inf)

    def threshold(self) -> None:
        """Bound Σ of the ratios in the band: a switch opens a group to more than ``over`` and counts it whole."""
        block = self.block
        counted, weights, fixed, now = [], [], 0.0, 0.0
        for r in range(block.rows):
            found, base = self.amount(r), self.denominator(r)
            over, top = (block.over or 0.0) * base, np.inf if block.up_to is None else block.up_to * base
            inside = over < found.held <= top
            now += found.held / base if inside else 0.0
            if not len(found.cols):
                fixed += found.held / base if inside else 0.0
            elif found.most > over:
                counted.append(self._counted(r, found, over, top))
                weights.append(1.0 / base)
        if not counted and fixed <= float(block.limit[0] if block.rows else 0.0):
            return
        scale = self.denominator(0)
        room = float(block.limit[0]) - fixed - (1.0 / scale if block.strict else 0.0)
        if self.key(None) in self.terms.stay:
            room = max(room, now - fixed)
        room = room * scale - self.terms.margins.get(self.key(None), 0.0)
        self.builder.row(self.meaning(None, "sum"), counted, np.array(weights) * scale, -np.inf, room / MILLION)

    def _counted(self, r: int, found: Amount, over: float, top: float) -> int:
        builder, name = self.builder, self.meaning(r, "").name
        on = builder.switch(f"above {name}")
        part = builder.column(ColumnOf("on", -1, 0.0, f"counted {name}"), 0.0, found.most / MILLION)
        row = np.append(found.data, -(found.most - over) / MILLION)
        builder.row(self.meaning(r, "above"), np.append(found.cols, on), row, -np.inf, (over - found.held) / MILLION)
        # Counted is the whole amount where the switch is on, and nothing where it is off.
        cols, data = [*found.cols, part, on], [*found.data, -1.0, over / MILLION]
        if found.most > top:
            # Above the band a group counts for nothing.
            past = builder.switch(f"past {name}")
            cols, data = [*cols, past], [*data, -found.most / MILLION]
            beyond = np.append(found.data, -(top + UNIT) / MILLION)
            meaning = self.meaning(r, "past")
            builder.row(meaning, np.append(found.cols, past), beyond, -found.held / MILLION, np.inf)
        builder.row(self.meaning(r, "counted"), cols, data, -np.inf, (over - found.held) / MILLION)
        return part

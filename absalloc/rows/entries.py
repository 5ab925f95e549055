"""The entries of a rule's rows: what each line adds for certain, and the ways in which it may count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from absalloc.rows.constants import constant_numerator
from absalloc.rows.denominators import Ends, Grouped, HoldingsPart, constant_denominator, holdings_parts
from absalloc.rows.groups import UNKNOWN_GROUP, Membership, membership
from absalloc.rows.lines import Mask, Positions, evaluate, exceptions_allowed, selected, without_exceptions
from absalloc.rows.measures import corners, multiplied, needs, read_primitives
from absalloc.rows.system import Alternatives
from absalloc.rulebook.active import ActiveRule


@dataclass(frozen=True)
class Sheet:
    """Everything of a block but its limit; ``row`` is sorted. ``legs``: book values, see ``Block``."""

    groups: tuple[str | None, ...]
    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray
    own: Alternatives
    shared: Alternatives
    n0: Ends
    d0: Ends
    legs: bool


@dataclass(frozen=True)
class Lines:
    """The lines one book brings to a rule: one entry per (line, group); ``row`` -1 where the group is missing."""

    book: Positions
    offset: int
    pos: np.ndarray
    row: np.ndarray
    share: np.ndarray
    sure: np.ndarray  # the line is in, whatever its group


@dataclass(frozen=True)
class Piece:
    """Entries with all their alternatives: ``n, d`` of shape (k, A); ``row`` -1 for all rows."""

    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray
    member: np.ndarray


def sheet(rules: Sequence[ActiveRule], books: Sequence[Positions], offsets: Sequence[int], total: int) -> Sheet:
    """Return the entries of a rule over the books of its scope; ``total`` is the number of position columns.

    ``rules`` are the rule as each book has it: they differ in their exceptions alone.
    """
    rule = rules[0]
    masks = [_counting(own, book) for own, book in zip(rules, books, strict=True)]
    by = None if rule.kind == "eligibility" else rule.by or ("tranche_id" if rule.kind == "count" else None)
    members = [membership(rule, by, book) for book in books]
    index: dict[str, int] = {}
    seen = [_seen(rule, book, mask) for book, mask in zip(books, masks, strict=True)]
    tables = [_labels(member, mask, index, by is not None) for member, mask in zip(members, seen, strict=True)]
    groups: list[str | None] = [*index] if by is not None else [None]
    lost = any(bool(np.any(mask.maybe[m.pos[m.code < 0]])) for m, mask in zip(members, masks, strict=True))
    if lost:
        groups.append(UNKNOWN_GROUP)
    grouped = [Grouped(b, m.pos, t[m.code], m.share) for b, m, t in zip(books, members, tables, strict=True)]
    parts = holdings_parts(rule)
    measure = _measure(rule)
    legs = "book_value" in (measure[0], *(part.measure[0] for part in parts))
    pieces: list[Piece] = []
    for group, mask, offset in zip(grouped, masks, offsets, strict=True):
        live = mask.maybe[group.pos]
        lines = Lines(
            group.book, offset, group.pos[live], group.row[live], group.share[live], mask.sure[group.pos[live]]
        )
        for kept in (False, True) if legs else (False,):
            pieces += _Leg(rule, lines, measure, parts, kept, total, len(groups)).pieces()
    n0 = constant_numerator(rule, groups, books)
    return _split(tuple(groups), pieces, n0, constant_denominator(rule, groups, grouped), legs)


def _measure(rule: ActiveRule) -> tuple[str, ...]:
    if rule.kind == "eligibility":
        return ("market_value",)
    # A name counts once it is held, whatever it is worth.
    return ("face",) if rule.kind == "count" and rule.over is None and rule.if_held is None else rule.measure


def _counting(rule: ActiveRule, book: Positions) -> Mask:
    mask = selected(rule, book, rule.where)
    if rule.kind == "eligibility" and rule.require is not None:
        ok = evaluate(rule.require, rule, book)
        mask = Mask(mask.sure & ~ok.maybe, mask.maybe & ~ok.sure)
    return without_exceptions(rule, book, mask, exceptions_allowed(rule, book.state))


def _seen(rule: ActiveRule, book: Positions, mask: Mask) -> np.ndarray:
    """Return the lines whose groups have a row: those that may count; for a ``min`` all that ``where`` speaks of."""
    if not any(limit.sense == "min" for limit in rule.limits) or rule.kind not in ("share", "average", "capital"):
        return mask.maybe
    inside = np.arange(book.n) < book.rows
    return np.asarray(mask.maybe | (selected(rule, book, rule.where).maybe & inside))


def _labels(member: Membership, seen: np.ndarray, index: dict[str, int], grouped: bool) -> np.ndarray:
    """Return code -> row (-1 last, for missing): the groups of possible members in order of appearance."""
    table = np.full(len(member.words) + 1, -1, dtype=np.int64)
    if not grouped:
        table[0] = 0
        return table
    present = np.unique(member.code[seen[member.pos] & (member.code >= 0)])
    table[present] = [index.setdefault(member.words[code], len(index)) for code in present]
    # A group that only another book has given a row.
    for code in np.flatnonzero(table[:-1] < 0) if len(index) > len(present) else ():
        table[code] = index.get(member.words[code], -1)
    return table


class _Leg:
    """One leg of the lines of one book: all face, or where book values count, what is bought or what is kept."""

    def __init__(
        self, rule: ActiveRule, lines: Lines, measure: tuple[str, ...], parts: list[HoldingsPart],
        kept: bool, total: int, size: int,
    ) -> None:  # fmt: skip
        self.lines, self.parts, self.size = lines, parts, size
        self.average = rule.kind == "average"
        self.masks = [part.mask(rule, lines.book) for part in parts]
        cost = lines.book.state.cost is not None
        self.names = needs(measure, kept=kept, cost=cost)
        self.base = needs(measure[:1], kept=kept, cost=cost) if self.average else self.names
        self.below = [needs(part.measure, kept=kept, cost=cost) for part in parts]
        every = [*self.names, *(name for names in self.below for name in names)]
        self.primitives = read_primitives(lines.book, every, rule)
        self.shift = lines.offset + (total if kept else 0)
        here = np.ones(lines.book.n, dtype=bool)
        if kept:
            here = np.zeros(lines.book.n, dtype=bool)
            here[lines.book.held] = True
        self.here = here

    def pieces(self) -> list[Piece]:
        """Return the entries: numerators of the rule's lines, and the sums over holdings below them."""
        take = self.here[self.lines.pos]
        if not self.parts:
            return self._numerators(np.flatnonzero(take))
        open_ = self._open_below()
        return [
            *self._numerators(np.flatnonzero(take & ~open_[self.lines.pos])),
            *self._joint(np.flatnonzero(take & open_[self.lines.pos])),
            *self._below(open_),
        ]

    def _known(self, names: Sequence[str]) -> np.ndarray:
        known = np.ones(self.lines.book.n, dtype=bool)
        for name in names:
            known &= self.primitives[name].known
        return known

    def _open_below(self) -> np.ndarray:
        """Return the lines whose share of the denominator is not one number, shape (n,)."""
        found = np.zeros(self.lines.book.n, dtype=bool)
        for mask, names in zip(self.masks, self.below, strict=True):
            found |= mask.unsure | (mask.maybe & ~self._known(names))
        return found

    def _numerators(self, at: np.ndarray) -> list[Piece]:
        """Return entries that stand in no sum below, or in one that is certain: one point each, or alternatives."""
        lines = self.lines
        pos, row = lines.pos[at], lines.row[at]
        certain = lines.sure[at] & (row >= 0) & self._known(self.names)[pos]
        found = []
        for chosen, sure in ((certain, True), (~certain, False)):
            index = at[chosen]
            if not len(index):
                continue
            where, share = lines.pos[index], lines.share[index]
            points = [self._low(where)] if sure else corners(self.primitives, self.names, where)
            pairs = [self._pair(point, share) for point in points]
            if not sure:
                inside = lines.sure[index] & (lines.row[index] >= 0)
                pairs.append((np.where(inside, pairs[0][0], 0.0), np.where(inside, pairs[0][1], 0.0)))
            found.append(_piece(lines.row[index], where + self.shift, pairs))
        return found

    def _low(self, where: np.ndarray) -> dict[str, np.ndarray]:
        return {name: self.primitives[name].low[where] for name in self.names}

    def _pair(self, point: Mapping[str, np.ndarray], share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = multiplied(self.names, point, len(share)) * share
        return n, multiplied(self.base, point, len(share)) * share if self.average else np.zeros(len(share))

    def _joint(self, at: np.ndarray) -> list[Piece]:
        """Return entries of lines that stand above and, one way or another, below: the same unknowns in both."""
        if not len(at):
            return []
        pos, row, share, extra, sure, member = self._once_a_row(at)
        pairs = []
        for point in corners(self.primitives, self._everything(), pos):
            whole = multiplied(self.names, point, len(pos))
            for more, counted, *inside in product((True, False), repeat=2 + len(self.parts)):
                n = whole * (share + extra if more else share)
                d = self._sum_below(point, pos, inside)
                pairs.append((n if counted else np.where(sure, n, 0.0), d))
        return [replace(_piece(row, pos + self.shift, pairs), member=member)]

    def _once_a_row(self, at: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return (pos, row, share, extra, sure, member) so that no line stands in a row twice.

        A line a link table gives to some group, and in part to none, is in every row: with its share there, and the
        part of no group may count as well.
        """
        lines = self.lines
        pos, row, share = lines.pos[at], lines.row[at], lines.share[at]
        sure = lines.sure[at] & (row >= 0)
        mixed = np.intersect1d(pos[row >= 0], pos[row < 0])
        plain = ~np.isin(pos, mixed)
        if plain.all():
            return pos, row, share, np.zeros(len(pos)), sure, np.ones(len(pos), dtype=bool)
        whole = [(p, r) for p in mixed for r in range(self.size)]
        named = {(p, r): s for p, r, s in zip(pos, row, share, strict=True)}
        certain = dict(zip(pos, lines.sure[at], strict=True))
        return (
            np.concatenate([pos[plain], [p for p, _ in whole]]).astype(np.int64),
            np.concatenate([row[plain], [r for _, r in whole]]).astype(np.int64),
            np.concatenate([share[plain], [named.get(each, 0.0) for each in whole]]),
            np.concatenate([np.zeros(int(plain.sum())), [named[p, -1] for p, _ in whole]]),
            np.concatenate([sure[plain], [certain[p] for p, _ in whole]]).astype(bool),
            np.concatenate([plain[plain], [each in named or each[1] == self.size - 1 for each in whole]]).astype(bool),
        )

    def _everything(self) -> list[str]:
        return [*self.names, *(name for names in self.below for name in names)]

    def _sum_below(self, point: Mapping[str, np.ndarray], pos: np.ndarray, inside: Sequence[bool]) -> np.ndarray:
        total = np.zeros(len(pos))
        for part, mask, names, most in zip(self.parts, self.masks, self.below, inside, strict=True):
            counts = (mask.maybe if most else mask.sure)[pos]
            total += np.where(counts, part.sign * multiplied(names, point, len(pos)), 0.0)
        return total

    def _below(self, open_: np.ndarray) -> list[Piece]:
        """Return the sums below: certain ones for all rows at once, open ones for the rows where they are not above."""
        everyone = np.flatnonzero(np.logical_or.reduce([mask.maybe for mask in self.masks]) & self.here)
        fixed = everyone[~open_[everyone]]
        names = [name for group in self.below for name in group]
        low = {name: self.primitives[name].low[fixed] for name in names}
        d = self._sum_below(low, fixed, [True] * len(self.parts))
        found = [_piece(np.full(len(fixed), -1), fixed + self.shift, [(np.zeros(len(fixed)), d)], member=False)]
        loose = everyone[open_[everyone]]
        if not len(loose):
            return found
        pairs = []
        for point in corners(self.primitives, names, loose):
            for inside in product((True, False), repeat=len(self.parts)):
                pairs.append((np.zeros(len(loose)), self._sum_below(point, loose, inside)))
        above = np.zeros((len(loose), self.size), dtype=bool)
        place = {int(p): i for i, p in enumerate(loose)}
        for p, row in zip(self.lines.pos, self.lines.row, strict=True):
            if int(p) in place:
                above[place[int(p)], slice(None) if row < 0 else row] = True
        for row in range(self.size):
            take = np.flatnonzero(~above[:, row])
            chosen = [(n[take], d[take]) for n, d in pairs]
            found.append(_piece(np.full(len(take), row), loose[take] + self.shift, chosen, member=False))
        return found


def _piece(
    row: np.ndarray, col: np.ndarray, pairs: Sequence[tuple[np.ndarray, np.ndarray]], *, member: bool = True
) -> Piece:
    n, d = np.column_stack([p[0] for p in pairs]), np.column_stack([p[1] for p in pairs])
    return Piece(row, col, n, d, np.full(len(row), member))


def _stack(pieces: Sequence[Piece]) -> Piece:
    width = max((p.n.shape[1] for p in pieces), default=1)
    if not pieces:
        none, zero = np.zeros(0, dtype=np.int64), np.zeros((0, 1))
        return Piece(none, none, zero, zero, np.zeros(0, dtype=bool))
    return Piece(
        np.concatenate([p.row for p in pieces]).astype(np.int64),
        np.concatenate([p.col for p in pieces]).astype(np.int64),
        np.vstack([_widen(p.n, width) for p in pieces]),
        np.vstack([_widen(p.d, width) for p in pieces]),
        np.concatenate([p.member for p in pieces]),
    )


def _widen(values: np.ndarray, width: int) -> np.ndarray:
    extra = width - values.shape[1]
    return np.column_stack([values, *[values[:, -1:]] * extra]) if extra else values


def _split(groups: tuple[str | None, ...], pieces: Sequence[Piece], n0: Ends, d0: Ends, legs: bool) -> Sheet:
    """Part what is certain from what has alternatives."""
    sure = [p for p in pieces if p.n.shape[1] == 1 and np.all(p.row >= 0)]
    fixed = _stack(sure)
    order = np.argsort(fixed.row, kind="stable")
    rest = _stack([p for p in pieces if not (p.n.shape[1] == 1 and np.all(p.row >= 0))])
    pick = []
    for take in (rest.row >= 0, rest.row < 0):
        pick.append(Alternatives(rest.row[take], rest.col[take], rest.n[take], rest.d[take], rest.member[take]))
    return Sheet(
        groups, fixed.row[order], fixed.col[order], fixed.n[order, 0], fixed.d[order, 0], pick[0], pick[1], n0, d0, legs
    )  # fmt: skip

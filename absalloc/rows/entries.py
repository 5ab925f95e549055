"""The entries of a rule's rows: what each line adds for certain, and the ways in which it may count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.rows.constants import Ends, constants
from absalloc.rows.denominators import Group, Parts, denominator, product
from absalloc.rows.groups import UNKNOWN_GROUP, membership
from absalloc.rows.lines import Mask, Positions, evaluate, selected
from absalloc.rows.measures import Spread, attribute
from absalloc.rows.system import Alternatives
from absalloc.rulebook.active import ActiveRule


@dataclass(frozen=True)
class Sheet:
    """Everything of a block but its limit; ``row`` is sorted."""

    groups: tuple[str | None, ...]
    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray
    own: Alternatives
    shared: Alternatives
    n0: Ends
    d0: Ends


@dataclass(frozen=True)
class Lines:
    """The lines one book brings to a rule: one entry per (line, group, leg); ``code`` -1 where the group is missing.

    ``low, high`` is the measure per yuan of face (of an average: of the denominator, ``worth`` the attribute).
    """

    pos: np.ndarray
    col: np.ndarray
    code: np.ndarray
    words: list[str]
    sure: np.ndarray
    maybe: np.ndarray
    low: np.ndarray
    high: np.ndarray
    worth: Spread | None


def sheet(rule: ActiveRule, books: list[Positions], offsets: list[int], total: int) -> Sheet:
    """Return the entries of a rule over the books of its scope; ``total`` is the number of position columns."""
    found = [_gather(rule, book, offset, total) for book, offset in zip(books, offsets, strict=True)]
    grouped = rule.kind != "eligibility" and (rule.by is not None or rule.kind == "count")
    index: dict[str, int] = {}
    codes = [_label(lines, index, grouped) for lines in found]
    lost = grouped and any(bool(np.any(code == -1)) for code in codes)
    groups: list[str | None] = [*index] if grouped else [None]
    size = len(groups)
    pieces = []
    consts: list[Ends] = []
    for lines, code, book, offset in zip(found, codes, books, offsets, strict=True):
        group = Group(lines.pos, code, [word or "" for word in groups], rule.by == "tranche_id")
        parts = denominator(rule, rule.of, book, group)
        consts.append(parts.const)
        pieces.append(
            _with_line(lines, code, parts, offset, size + lost) if parts.line is not None else _plain(lines, code)
        )
    if lost:
        groups.append(UNKNOWN_GROUP)
    n0, d0 = constants(rule, groups, consts, books)
    return _split(tuple(groups), pieces, n0, d0)


def _gather(rule: ActiveRule, book: Positions, offset: int, total: int) -> Lines:
    mask = selected(rule, book, rule.where)
    if rule.kind == "eligibility" and rule.require is not None:
        ok = evaluate(rule.require, rule, book)
        mask = Mask(mask.sure & ~ok.maybe, mask.maybe & ~ok.sure)
    by = None if rule.kind == "eligibility" else rule.by or ("tranche_id" if rule.kind == "count" else None)
    member = membership(rule, by, book)
    names = rule.measure[:1] if rule.kind == "average" else rule.measure
    measure = product(rule, names, book)
    worth = attribute(book, rule.measure[1], rule) if rule.kind == "average" else None
    live = mask.maybe[member.pos]
    pos, code, share = member.pos[live], member.code[live], member.share[live]
    low, high = measure.low[pos] * share, measure.high[pos] * share
    lines = Lines(
        pos, pos + offset, code, member.words, mask.sure[pos], mask.maybe[pos], low, high,
        None if worth is None else Spread(worth.low[pos], worth.high[pos]),
    )  # fmt: skip
    return _held_legs(lines, book, share, total) if rule.measure[0] == "book_value" and worth is None else lines


def _held_legs(lines: Lines, book: Positions, share: np.ndarray, total: int) -> Lines:
    """Add what a line held counts for beyond a purchase: its book value less its market value, per yuan of face."""
    state = book.state
    held = np.array([book.ids[p] in state.held for p in lines.pos], dtype=bool)
    pos = lines.pos[held]
    low, high = lines.low[held].copy(), lines.high[held].copy()
    for i, p in enumerate(pos):
        name = book.ids[p]
        if name in state.book_value:
            factor = float(state.book_value[name] / state.held[name]) * share[held][i]
            low[i], high[i] = factor - low[i], factor - high[i]
        else:
            ends = (float(v) for v in state.book_unit_range(book.row(int(p))))
            least, most = ends
            low[i], high[i] = least - low[i], most - high[i]
    return Lines(
        np.concatenate([lines.pos, pos]), np.concatenate([lines.col, lines.col[held] + total]),
        np.concatenate([lines.code, lines.code[held]]), lines.words,
        np.concatenate([lines.sure, lines.sure[held]]), np.concatenate([lines.maybe, lines.maybe[held]]),
        np.concatenate([lines.low, low]), np.concatenate([lines.high, high]), None,
    )  # fmt: skip


def _label(lines: Lines, index: dict[str, int], grouped: bool) -> np.ndarray:
    """Return each entry's row: the groups of possible members in order of appearance, -1 where missing."""
    if not grouped:
        return np.zeros(len(lines.code), dtype=np.int64)
    table = np.full(len(lines.words) + 1, -1, dtype=np.int64)
    present = np.unique(lines.code[lines.code >= 0])
    table[present] = [index.setdefault(lines.words[code], len(index)) for code in present]
    return np.asarray(table[lines.code])


@dataclass(frozen=True)
class Piece:
    """Entries with all their alternatives: ``n, d`` of shape (k, A); ``row`` -1 for all rows."""

    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray


def _plain(lines: Lines, code: np.ndarray) -> Piece:
    """Return the entries of a rule whose denominator holds no lines, or only the line itself (an average)."""
    out = np.where(lines.sure & (code >= 0), 1.0, 0.0)
    zero = np.zeros(len(code))
    if lines.worth is None:
        n = np.column_stack([lines.low, lines.high, lines.low * out])
        return Piece(code, lines.col, n, np.zeros_like(n))
    pairs = [(m * a, m) for m in (lines.low, lines.high) for a in (lines.worth.low, lines.worth.high)]
    pairs.append((np.where(out > 0, pairs[0][0], zero), np.where(out > 0, pairs[0][1], zero)))
    return Piece(code, lines.col, np.column_stack([p[0] for p in pairs]), np.column_stack([p[1] for p in pairs]))


def _with_line(lines: Lines, code: np.ndarray, parts: Parts, offset: int, size: int) -> Piece:
    """Return the entries of a rule whose denominator is summed over holdings: every row sees every line below it."""
    assert parts.line is not None
    assert parts.line_mask is not None
    low, high = parts.line.low, parts.line.high
    count = len(low)
    position = np.arange(count)
    pieces = []
    for row in range(size):
        here = (code == row) | (code == -1)
        n_low, n_high = np.zeros(count), np.zeros(count)
        sure, maybe = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        at = lines.pos[here]
        n_low[at], n_high[at] = lines.low[here], lines.high[here]
        sure[at], maybe[at] = lines.sure[here] & (code[here] >= 0), True
        pairs = []
        for m, n_m in ((low, n_low), (high, n_high)):
            for inside in (maybe, sure):
                for below in (parts.line_mask.maybe, parts.line_mask.sure):
                    pairs.append((np.where(inside, n_m, 0.0), np.where(below, m, 0.0)))
        n, d = np.column_stack([p[0] for p in pairs]), np.column_stack([p[1] for p in pairs])
        used = np.any(n != 0, axis=1) | np.any(d != 0, axis=1)
        pieces.append(Piece(np.full(used.sum(), row), position[used] + offset, n[used], d[used]))
    return _stack(pieces)


def _stack(pieces: list[Piece]) -> Piece:
    width = max((p.n.shape[1] for p in pieces), default=1)
    if not pieces:
        return Piece(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((0, 1)), np.zeros((0, 1)))
    return Piece(
        np.concatenate([p.row for p in pieces]).astype(np.int64),
        np.concatenate([p.col for p in pieces]).astype(np.int64),
        np.vstack([_widen(p.n, width) for p in pieces]),
        np.vstack([_widen(p.d, width) for p in pieces]),
    )


def _widen(values: np.ndarray, width: int) -> np.ndarray:
    extra = width - values.shape[1]
    return np.column_stack([values, *[values[:, -1:]] * extra]) if extra else values


def _split(groups: tuple[str | None, ...], pieces: list[Piece], n0: Ends, d0: Ends) -> Sheet:
    """Part what is certain from what has alternatives."""
    every = _stack(pieces)
    fixed = (every.row >= 0) & np.all(every.n == every.n[:, :1], axis=1) & np.all(every.d == every.d[:, :1], axis=1)
    row = every.row[fixed]
    order = np.argsort(row, kind="stable")
    own = ~fixed & (every.row >= 0)
    shared = every.row < 0
    pick = [Alternatives(every.row[take], every.col[take], every.n[take], every.d[take]) for take in (own, shared)]
    return Sheet(
        groups, row[order], every.col[fixed][order], every.n[fixed][order, 0], every.d[fixed][order, 0],
        pick[0], pick[1], n0, d0,
    )  # fmt: skip

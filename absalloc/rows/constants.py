"""The constant parts of a rule's ratio: denominators that no trade moves, and what is held elsewhere."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from absalloc.rows.denominators import amount_value, product, reference_totals
from absalloc.rows.groups import UNKNOWN_GROUP, membership
from absalloc.rows.lines import Positions, selected
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import AmountOf, HoldingsSum, ReferenceTotal, UniverseSum
from absalloc.terms import AMOUNTS
from absalloc.units import exact

Ends = tuple[np.ndarray, np.ndarray]


def constants(
    rule: ActiveRule, groups: list[str | None], consts: list[Ends], books: list[Positions]
) -> tuple[Ends, Ends]:
    """Return (n0, d0), each a least and a greatest value per row."""
    size = len(groups)
    if rule.kind in ("average", "eligibility"):
        zero = np.zeros(size)
        return (zero, zero), (zero, zero)
    if rule.of is None:
        d0: Ends = (np.ones(size), np.ones(size))
    else:
        # A size of the group, a reference total and an amount of the house are the same seen from every book.
        used = consts if rule.of == "nav" else consts[:1] if not _sizes(rule) else consts
        low = sum((c[0] for c in used), np.zeros(len(consts[0][0])))
        high = sum((c[1] for c in used), np.zeros(len(consts[0][0])))
        if _sizes(rule) and len(consts) > 1:
            low = np.maximum.reduce([c[0] for c in consts])
            high = np.minimum.reduce([c[1] for c in consts])
        d0 = _for_unknown(rule, groups, (low, high))
    return _added(rule, groups, books), d0


def _sizes(rule: ActiveRule) -> bool:
    of = rule.of
    return isinstance(of, UniverseSum | ReferenceTotal) or (isinstance(of, str) and of not in AMOUNTS)


def _for_unknown(rule: ActiveRule, groups: list[str | None], d0: Ends) -> Ends:
    low, high = d0
    pad = len(groups) - len(low)
    if not pad:
        return d0
    if _sizes(rule):
        # Of a group nobody can name, only this is known: its size is not negative.
        return np.append(low, 0.0), np.append(high, np.inf)
    if isinstance(rule.of, HoldingsSum):
        return np.append(low, 0.0), np.append(high, 0.0)
    least, most = (low[0], high[0]) if len(low) else (0.0, np.inf)
    return np.append(low, least), np.append(high, most)


def _added(rule: ActiveRule, groups: list[str | None], books: list[Positions]) -> Ends:
    low, high = np.zeros(len(groups)), np.zeros(len(groups))
    for item in rule.plus:
        if isinstance(item, AmountOf):
            value = amount_value(books[0], item, item.amount)
            low += 0.0 if value is None else float(value)
            high += np.inf if value is None else float(value)
        else:
            totals = reference_totals(books[0], item.reference)
            known = [totals.get(group or "") for group in groups]
            low += np.array([0.0 if v is None else float(v) for v in known])
            high += np.array([np.inf if v is None else float(v) for v in known])
    if rule.scope != "portfolio" and not rule.plus:
        outside = _elsewhere(rule, groups, books[0])
        return low + outside[0], high + outside[1]
    return low, high


def _elsewhere(rule: ActiveRule, groups: list[str | None], book: Positions) -> Ends:
    """Return what the mandate says is held outside the books given: nothing, a file, or not said: anything."""
    size = len(groups)
    written = getattr(book.state.mandate.elsewhere, rule.scope, None)
    if written is None:
        return np.zeros(size), np.full(size, np.inf)
    if written == "none":
        return np.zeros(size), np.zeros(size)
    other = Positions(_holding(book.state, written))
    mask = selected(rule, other, rule.where)
    member = membership(rule, rule.by, other)
    measure = product(rule, rule.measure, other)
    face = np.array([float(other.state.held.get(name, 0)) for name in other.ids])
    index = {group or "": i for i, group in enumerate(groups)}
    low, high = np.zeros(size), np.zeros(size)
    for pos, code, share in zip(member.pos, member.code, member.share, strict=True):
        if face[pos] == 0 or not mask.maybe[pos]:
            continue
        word = member.words[code] if code >= 0 else UNKNOWN_GROUP
        rows = [index[word]] if word in index and code >= 0 else list(range(size)) if code < 0 else []
        for row in rows:
            high[row] += measure.high[pos] * share * face[pos]
            low[row] += measure.low[pos] * share * face[pos] if mask.sure[pos] and code >= 0 else 0.0
    return low, high


def _holding(state: BookState, written: str) -> BookState:
    from dataclasses import replace

    from absalloc.universe import load_holdings

    table = load_holdings(state.mandate.path(written)).table
    held: dict[str, Fraction] = {}
    for name, face, worth in zip(table["tranche_id"], table["face"], table["market_value"], strict=True):
        row = state.index.get(name)
        unit = state.unit("market_value", row)[0]
        held[name] = exact(face) if face == face else exact(worth) / unit if unit else exact(worth)
    return replace(state, held=held, before=None)

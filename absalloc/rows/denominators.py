"""Denominators: amounts of the mandate, sizes of a group, reference totals, measures over holdings, signed sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from absalloc.rows.lines import Mask, Positions, selected
from absalloc.rows.measures import Spread, attribute, unit_values
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import AmountOf, Denominator, HoldingsSum, Part, ReferenceTotal, Signed, UniverseSum
from absalloc.terms import AMOUNTS
from absalloc.units import exact

Ends = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Group:
    """The lines a denominator may sum over: position and group code of the rule's possible members, and the labels."""

    pos: np.ndarray
    code: np.ndarray
    words: list[str]
    single: bool  # by tranche_id: the line is the group


@dataclass(frozen=True)
class Parts:
    """What a denominator is made of for one book: a constant range per group, and a measure per position."""

    const: Ends
    line: Spread | None = None
    line_mask: Mask | None = None


def denominator(rule: ActiveRule, of: Denominator | None, positions: Positions, group: Group) -> Parts:
    """Return the parts of the denominator; (1, 1) per group where there is none, so that the ratio is the numerator."""
    if of is None:
        return Parts(_both(group, 1.0))
    if isinstance(of, tuple):
        return _signed(rule, of, positions, group)
    return _one(rule, of, positions, group)


def _signed(rule: ActiveRule, of: tuple[Signed, ...], positions: Positions, group: Group) -> Parts:
    low, high = _both(group, 0.0)
    line_low, line_high = np.zeros(positions.n), np.zeros(positions.n)
    mask: Mask | None = None
    for item in of:
        part = _one(rule, item.part, positions, group)
        a, b = part.const if item.sign > 0 else (-part.const[1], -part.const[0])
        low, high = low + a, high + b
        if part.line is not None and part.line_mask is not None:
            sure = np.where(part.line_mask.maybe, item.sign, 0)
            line_low, line_high = line_low + sure * part.line.low, line_high + sure * part.line.high
            mask = part.line_mask if mask is None else mask | part.line_mask
    return Parts((low, high), Spread(line_low, line_high) if mask is not None else None, mask)


def _one(rule: ActiveRule, of: str | Part, positions: Positions, group: Group) -> Parts:
    if isinstance(of, HoldingsSum):
        names = (of.measure,) if isinstance(of.measure, str) else of.measure
        return Parts(_both(group, 0.0), product(rule, names, positions), selected(rule, positions, of.where))
    if isinstance(of, AmountOf) or (isinstance(of, str) and of in AMOUNTS):
        name = of.amount if isinstance(of, AmountOf) else of
        value = amount_value(positions, of, name)
        return Parts(_both(group, 0.0, np.inf) if value is None else _both(group, float(value)))
    if isinstance(of, ReferenceTotal):
        return Parts(_reference(of, positions, group))
    if isinstance(of, UniverseSum):
        low, _ = _sizes(of.universe, positions, group)
        return Parts((low, np.full(len(group.words), np.inf)))
    return Parts(_deal_size(positions, group) if of == "deal_size" else _sizes(of, positions, group))


def amount_value(positions: Positions, of: str | Part, name: str) -> Fraction | None:
    """Return an amount of the mandate; None where absent, or of another day than the rule asks for."""
    found = positions.state.mandate.amounts.get(name)
    if found is None:
        return None
    if isinstance(of, AmountOf) and of.as_of is not None and found.as_of is not None:
        day, today = found.as_of, positions.state.as_of
        ok = (day.month, day.day) == (12, 31) and day.year == today.year - 1
        if of.as_of == "previous_quarter_end":
            ok = (day.month, day.day) in ((3, 31), (6, 30), (9, 30), (12, 31)) and 0 < (today - day).days <= 92
        if not ok:
            return None
    return Fraction(found.value)


def product(rule: ActiveRule, names: tuple[str, ...], positions: Positions) -> Spread:
    """Return a measure, or measure × attribute, per yuan of original face."""
    first = unit_values(positions, "market_value" if names[0] == "book_value" else names[0])
    if len(names) == 1:
        return first
    second = attribute(positions, names[1], rule)
    corners = np.vstack([a * b for a in (first.low, first.high) for b in (second.low, second.high)])
    return Spread(corners.min(axis=0), corners.max(axis=0))


def _both(group: Group, low: float, high: float | None = None) -> Ends:
    size = len(group.words)
    return np.full(size, low), np.full(size, low if high is None else high)


def _sizes(name: str, positions: Positions, group: Group) -> Ends:
    """Sum a size over the universe's lines of the group: exact for a line on its own, else from below."""
    inside = group.pos < positions.rows
    values = positions.number(name, {})[group.pos]
    known = inside & ~np.isnan(values) & (group.code >= 0)
    low = np.bincount(group.code[known], weights=values[known], minlength=len(group.words))
    high = np.full(len(group.words), np.inf)
    if group.single:
        high[group.code[known]] = low[group.code[known]]
    return low, high


def _deal_size(positions: Positions, group: Group) -> Ends:
    """Return the one value the lines of the group agree on, else anything."""
    values = positions.number("deal_size", {})[group.pos]
    known = ~np.isnan(values) & (group.code >= 0)
    least = np.full(len(group.words), np.inf)
    most = np.full(len(group.words), -np.inf)
    np.minimum.at(least, group.code[known], values[known])
    np.maximum.at(most, group.code[known], values[known])
    agreed = least == most
    return np.where(agreed, least, 0.0), np.where(agreed, least, np.inf)


def _reference(of: ReferenceTotal, positions: Positions, group: Group) -> Ends:
    low, high = _sizes("issue_size", positions, Group(group.pos, group.code, group.words, single=False))
    totals = reference_totals(positions, of.reference)
    for code, word in enumerate(group.words):
        if word in totals:
            low[code] = high[code] = float(totals[word])
    return low, high


def reference_totals(positions: Positions, name: str) -> Mapping[str, Fraction]:
    """Return key -> total in yuan of a reference table of the mandate; empty where it names none."""
    table = positions.state.lists.get(name)
    if table is None:
        return {}
    keys = table["key"] if "key" in table.columns else table.iloc[:, 0]
    pairs = zip(keys, table["total"], strict=True)
    return {str(key): exact(float(total)) for key, total in pairs if total not in (None, "")}

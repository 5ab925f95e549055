"""Rules as rows over cells, sizes of amounts unknown: ``Σ n·x + Σ symbols ≤ limit × (Σ d·x + Σ symbols)``.

Columns are rays: a cell, which groups its line stands in, and which of the measures it has. Of each ``by`` one group
is looked at; every other line stands in groups of its own, on which a rule by group says nothing here. Amounts, totals
and sizes are columns too (``nav`` is not a number but any number), so that what is proven holds for books of any size.
All of it is homogeneous: what is proven needs no bound on the book.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from itertools import product as cartesian
from typing import Literal

import numpy as np

from absalloc.predicate import OneOf, Predicate, leaves
from absalloc.rulebook.active import Limit
from absalloc.rulebook.models import (
    AmountOf,
    By,
    Combined,
    Denominator,
    HoldingsSum,
    Link,
    ReferenceTotal,
    Signed,
    Source,
    Title,
    UniverseSum,
)
from absalloc.study.lint_cells import Cells, Vocabulary, point_size
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact
from absalloc.where import Where

ONE = "one yuan"
LINE = "tranche_id"
PRICE = 10
"""A price is at most 1,000 per 100."""


@dataclass(frozen=True)
class LintRule:
    """A rule to be examined. ``premise`` are its limits at their loosest, ``claim`` at their strictest.

    ``excepted`` leave the numerator: of a premise, unless that would make it stricter. ``whens``: under which
    conditions it has a value; None where it always has one.
    """

    id: str
    title: Title
    source: Source
    document: str
    place: Where
    kind: str
    level: str
    tested: str
    scope: str
    where: Predicate | None
    require: Predicate | None
    by: By | None
    measure: tuple[str, ...]
    of: Denominator | None
    plus: tuple[AmountOf | ReferenceTotal, ...]
    premise: tuple[Limit, ...]
    claim: tuple[Limit, ...]
    excepted: tuple[Predicate, ...]
    sets: dict[str, Predicate] = field(repr=False)
    columns: dict[str, Combined] = field(repr=False)
    applies: Predicate | None = None
    whens: frozenset[Predicate] | None = None
    unless: bool = False
    of_trade: bool = False

    def words(self, limit: Fraction | None = None) -> Vocabulary:
        """Return the vocabulary its tests are read with."""
        return Vocabulary(self.sets, self.columns, limit)


@dataclass(frozen=True)
class Row:
    """One inequality ``sign × (n·x − limit × d·x) + Σ symbols ≤ 0``; ``n`` and ``d`` (rays,) are decimals."""

    rule: str
    n: np.ndarray
    d: np.ndarray
    limit: Fraction
    symbols: dict[str, Fraction]
    sign: int = 1
    strict: bool = False

    @property
    def terms(self) -> np.ndarray:
        """The coefficients of the rays, as floats."""
        return np.asarray(self.sign * (self.n - float(self.limit) * self.d))

    def exactly(self, ray: int) -> Fraction:
        """Return the coefficient of one ray."""
        return self.sign * (exact(self.n[ray]) - self.limit * exact(self.d[ray]))


@dataclass(frozen=True)
class World:
    """The columns: rays of cells, then symbols."""

    cells: Cells
    keys: tuple[str, ...]
    cell: np.ndarray  # (rays,) index into cells
    inside: np.ndarray  # (rays, keys) whether the line stands in the one group of each key
    amounts: dict[str, np.ndarray]  # measure -> (rays,)

    @property
    def rays(self) -> int:
        """How many rays."""
        return len(self.cell)


def make_world(cells: Cells, rules: Sequence[LintRule]) -> World:
    """Return the rays of the cells for the groups and measures that the rules speak of."""
    keys = tuple(dict.fromkeys(key for rule in rules if (key := group_key(rule)) is not None))
    measures = tuple(dict.fromkeys(["market_value", *(m for rule in rules for m in _measures(rule))]))
    standing = _memberships(keys)
    member = np.array(standing, dtype=bool).reshape(len(standing), len(keys))
    rays = _rays(measures)
    unit = np.isin(cells.product, UNIT_PRICE_PRODUCTS)
    # A line whose face is its market value has one ray; the others every corner of what prices and factors allow.
    plain = np.flatnonzero(~unit)
    cell = np.concatenate([np.repeat(plain, len(rays)), np.flatnonzero(unit)])
    table = np.vstack([np.tile(rays, (len(plain), 1)), np.ones((int(unit.sum()), len(measures)))])
    n = len(member)
    return World(
        cells, keys, np.repeat(cell, n), np.tile(member, (len(cell), 1)),
        {name: np.repeat(table[:, i], n) for i, name in enumerate(measures)},
    )  # fmt: skip


def group_key(rule: LintRule) -> str | None:
    """Return what tells a rule's groups apart; None for no group, and for links, which are not examined."""
    if rule.by is None or isinstance(rule.by, Link):
        return None
    names = (rule.by,) if isinstance(rule.by, str) else rule.by
    return " | ".join(rule.words().canonical(name) for name in names)


def _memberships(keys: tuple[str, ...]) -> list[tuple[bool, ...]]:
    """Return in which of the groups a line may stand: a line is in its own groups, a finer group within a coarser."""
    found = []
    for inside in cartesian((False, True), repeat=len(keys)):
        chosen = {key for key, on in zip(keys, inside, strict=True) if on}
        if LINE in chosen and len(chosen) < len(keys):
            continue
        finer = [(a, b) for a, b in combinations(keys, 2)] + [(b, a) for a, b in combinations(keys, 2)]
        if any(a in chosen and b not in chosen and set(b.split(" | ")) < set(a.split(" | ")) for a, b in finer):
            continue
        found.append(inside)
    return found or [()]


def _rays(measures: tuple[str, ...]) -> np.ndarray:
    """Return the corners of what a line's measures may be per yuan of face: factor 0 or 1, price 0 or 1,000."""
    priced = [name for name in measures if name not in ("face", "principal")]
    found = []
    for factor in (0.0, 1.0):
        for prices in cartesian((0.0, float(PRICE)), repeat=len(priced) if factor else 0):
            value = {"face": 1.0, "principal": factor, **dict(zip(priced, prices, strict=False))}
            found.append([value.get(name, 0.0) for name in measures])
    return np.array([row for row in found if any(row)]).reshape(-1, len(measures))


def _measures(rule: LintRule) -> list[str]:
    found = [rule.measure[0]]
    parts = rule.of if isinstance(rule.of, tuple) else (rule.of,)
    for part in parts:
        inner = part.part if isinstance(part, Signed) else part
        if isinstance(inner, HoldingsSum):
            found.append(inner.measure if isinstance(inner.measure, str) else inner.measure[0])
    return found


def rows_of(world: World, rule: LintRule, role: Literal["premise", "claim"]) -> list[Row] | None:
    """Return a rule's rows, loosest as a premise and strictest as a claim; None where it has none that is linear."""
    if isinstance(rule.by, Link) or rule.of_trade or rule.kind not in ("share", "capital", "average", "eligibility"):
        return None
    limits = rule.premise if role == "premise" else rule.claim
    if any(limit.from_list is not None or limit.value is None for limit in limits):
        return None
    if role == "premise" and rule.unless:
        return None
    wide = rule.scope != "portfolio"
    if wide and (role == "claim" or any(limit.sense == "min" for limit in limits) or _sums(rule.of)):
        return None
    if rule.kind == "eligibility":
        return [_eligible(world, rule, limits[0].value if limits else None, role)]
    return [_ratio(world, rule, limit, role) for limit in limits]


def _sums(of: Denominator | None) -> bool:
    parts = of if isinstance(of, tuple) else (of,)
    return any(isinstance(part.part if isinstance(part, Signed) else part, HoldingsSum) for part in parts)


def _eligible(world: World, rule: LintRule, limit: Fraction | None, role: str) -> Row:
    words = rule.words(limit)
    barred = _in(world, rule, words, role) * (world.cells.truth(rule.require, words)[world.cell] == 0)
    terms = barred * world.amounts["market_value"]
    return Row(rule.id, terms, np.zeros(world.rays), Fraction(0), {})


def _in(world: World, rule: LintRule, words: Vocabulary, role: str, *, loosen: bool = True) -> np.ndarray:
    """Return which rays stand in the numerator, in the group looked at: shape (rays,)."""
    where = world.cells.truth(rule.where, words) == 1
    if not _names_owed(rule.where, words):
        where &= ~np.isin(world.cells.product, LIABILITY_PRODUCTS)
    if loosen == (role == "premise"):
        for item in rule.excepted:
            where &= world.cells.truth(item, words) != 1
    found = where[world.cell]
    key = group_key(rule)
    if key is not None:
        found = found & world.inside[:, world.keys.index(key)]
    return np.asarray(found.astype(float))


def _names_owed(where: Predicate | None, words: Vocabulary) -> bool:
    if where is None:
        return False
    named = [leaf.values for leaf in leaves(words.plain(where)) if isinstance(leaf, OneOf) and leaf.column == "product"]
    return any(set(values) & set(LIABILITY_PRODUCTS) for values in named)


def _ratio(world: World, rule: LintRule, limit: Limit, role: str) -> Row:
    assert limit.value is not None
    words = rule.words(limit.value)
    at_most = limit.sense == "max"
    inside = _in(world, rule, words, role, loosen=at_most)
    amount = world.amounts[rule.measure[0]]
    symbols: dict[str, Fraction] = {}
    size = _sizes(world, words.canonical(rule.measure[1])) if len(rule.measure) > 1 else 1.0
    above = inside * amount * size
    named: dict[str, Fraction] = {}
    if rule.kind == "average":
        below = inside * amount
    else:
        below, named = _denominator(world, rule, words)
        for part in rule.plus:
            name = part.amount if isinstance(part, AmountOf) else f"{part.reference} by {group_key(rule)}"
            symbols[name] = symbols.get(name, Fraction(0)) + 1
    for name, share in named.items():
        symbols[name] = symbols.get(name, Fraction(0)) - limit.value * share
    sign = 1 if at_most else -1
    signed = {name: sign * value for name, value in symbols.items()}
    return Row(rule.id, above, below, limit.value, signed, sign, limit.strict)


def _sizes(world: World, name: str) -> np.ndarray:
    return np.asarray(world.cells.by_value(name, point_size)[world.cell])


def _denominator(world: World, rule: LintRule, words: Vocabulary) -> tuple[np.ndarray, dict[str, Fraction]]:
    """Return what holdings put below, per ray, and the symbols."""
    below: np.ndarray = np.zeros(world.rays)
    symbols: dict[str, Fraction] = {}
    parts = rule.of if isinstance(rule.of, tuple) else (rule.of,)
    for part in parts:
        sign = part.sign if isinstance(part, Signed) else 1
        inner = part.part if isinstance(part, Signed) else part
        if isinstance(inner, HoldingsSum):
            below = below + sign * _holdings(world, inner, words)
            continue
        name = _symbol(inner, group_key(rule))
        symbols[name] = symbols.get(name, Fraction(0)) + sign
    return below, symbols


def _symbol(part: object, by: str | None) -> str:
    if part is None:
        return ONE
    if isinstance(part, AmountOf):
        return part.amount if part.as_of is None else f"{part.amount} of {part.as_of}"
    if isinstance(part, UniverseSum):
        return f"{part.universe} by {by}"
    if isinstance(part, ReferenceTotal):
        return f"{part.reference} by {by}"
    return str(part) if str(part) not in ("issue_size", "outstanding", "deal_size") else f"{part} by {by}"


def _holdings(world: World, part: HoldingsSum, words: Vocabulary) -> np.ndarray:
    where = world.cells.truth(part.where, words) == 1
    if not _names_owed(part.where, words):
        where &= ~np.isin(world.cells.product, LIABILITY_PRODUCTS)
    measure = (part.measure,) if isinstance(part.measure, str) else tuple(part.measure)
    size = _sizes(world, words.canonical(measure[1])) if len(measure) > 1 else 1.0
    return np.asarray(where[world.cell].astype(float) * world.amounts[measure[0]] * size)


def balance(world: World) -> Row:
    """Return the one row of the book itself: assets less repo borrowing come to no more than the net asset value."""
    owed = np.isin(world.cells.product, LIABILITY_PRODUCTS)[world.cell]
    terms = world.amounts["market_value"] * np.where(owed, -1.0, 1.0)
    return Row("", terms, np.zeros(world.rays), Fraction(0), {"nav": Fraction(-1)})

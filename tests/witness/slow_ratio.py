"""The arithmetic of the slow checker: one line's part in a group, the excess over a limit, the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

from slow_lines import Truth

Amount = Fraction | float
Pair = tuple[Fraction, Fraction]
ZERO, ONE = Fraction(0), Fraction(1)
UNKNOWN_GROUP = "?"
PRICE_OF = {"market_value": "dirty_price", "clean_value": "clean_price"}


@dataclass(frozen=True)
class Limit:
    sense: str
    value: Fraction
    unit: str
    strict: bool = False
    table: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Held:
    """One line under a rule: in the numerator, out or possible, and every pair (n, d) that may be true of it."""

    code: str
    status: Truth
    pairs: tuple[Pair, ...]
    n: Fraction | None
    d: Fraction | None
    bought: Fraction | None
    groups: tuple[tuple[str | None, Fraction], ...]


def needs(base: str) -> tuple[str, ...]:
    return {"face": (), "principal": ("factor",), "book_value": ("book_value",)}.get(
        base, ("factor", PRICE_OF.get(base, ""))
    )


def measured(at: Mapping[str, Fraction], face: Fraction, measure: list[str]) -> Fraction:
    base, *attributes = measure
    found = at["book_value"] if base == "book_value" else face
    for name in () if base == "book_value" else needs(base):
        found *= at[name] if name == "factor" else at[name] / 100
    for name in attributes:
        found *= at[name]
    return found


def part_of(held: Held, group: str | None, average: bool) -> Held | None:
    """The line as a member of a group, once: what is of the group counts, what is of no known group may."""
    shares = dict(held.groups)
    sure, rest = (ZERO if group == UNKNOWN_GROUP else shares.get(group, ZERO)), shares.get(UNKNOWN_GROUP, ZERO)
    if group not in shares and not rest:
        return None
    pairs = {(n * share, d * share if average else d) for n, d in held.pairs for share in {sure, sure + rest}}
    if group in shares and group != UNKNOWN_GROUP:
        n = None if held.n is None else held.n * sure
        d = held.d if held.d is None or not average else held.d * sure
        return replace(held, pairs=tuple(pairs), n=n, d=d)
    # Nothing of it is known to be in the group.
    return replace(held, status=None, pairs=tuple(pairs), n=ZERO, d=ZERO if average else held.d)


def excess(
    members: list[Held], others: list[Held], n0: tuple[Amount, Amount], d0: tuple[Amount, Amount], limit: Amount
) -> tuple[Amount, Amount]:
    """The least and the greatest n - limit x d."""
    if limit == inf:
        return -inf, -inf
    each = [[n - limit * d for n, d in held.pairs] for held in members]
    each += [[-limit * d for _, d in held.pairs] for held in others]
    below = [limit * d if limit and d else ZERO for d in d0]
    low = sum((min(values) for values in each), ZERO) + n0[0] - below[1]
    return low, sum((max(values) for values in each), ZERO) + n0[1] - below[0]


def judged(
    limit: Limit, least: Amount, most: Amount, members: list[Held], n0: tuple[Amount, Amount], d0: tuple[Amount, Amount]
) -> str:
    worst, best = (most, least) if limit.sense == "max" else (-least, -most)
    nought = n0[1] == 0 and d0 == (0, 0) and all(pair == (ZERO, ZERO) for held in members for pair in held.pairs)
    if worst < 0 or (worst == 0 and (not limit.strict or nought)):
        return "pass"
    return "fail" if best > 0 or (limit.strict and best == 0) else "unknown"


def total(values: list[Fraction | None]) -> Fraction | None:
    return None if None in values else sum((value for value in values if value is not None), ZERO)

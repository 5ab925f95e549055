"""A ratio of a group against its limit: what is proven of ``e = n - limit * d`` whatever the unknowns are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from absalloc.compliance.exact_cells import Cell, Pair
from absalloc.compliance.exact_positions import ONE, ZERO
from absalloc.compliance.finding import Reason, Verdict

Number = Fraction | float
"""A fraction, or plus or minus infinity."""


@dataclass(frozen=True)
class Known:
    """An amount that is not of the holdings: its range, the figure shown for it, and why it is not one number."""

    low: Number = ZERO
    high: Number = ZERO
    reasons: tuple[Reason, ...] = ()

    @property
    def single(self) -> bool:
        """Whether it is one number."""
        return self.low is self.high or self.low == self.high

    @property
    def shown(self) -> Fraction | None:
        """The amount; the proven part where only a positive lower bound is known; else None."""
        if self.single or (self.high == math.inf and self.low > 0):
            return exactly(self.low)
        return None

    def plus(self, other: Known, sign: int = 1) -> Known:
        """Return the sum, or the difference where ``sign`` is -1."""
        low, high = (other.low, other.high) if sign > 0 else (-other.high, -other.low)
        if self.single and other.single:
            value = self.low + low if self.low else low
            return Known(value, value, (*self.reasons, *other.reasons))
        return Known(self.low + low, self.high + high, (*self.reasons, *other.reasons))

    @staticmethod
    def at_least(low: Fraction, *reasons: Reason) -> Known:
        """Return what lies between ``low`` and infinity."""
        return Known(low, math.inf, reasons)

    @staticmethod
    def exactly(value: Fraction) -> Known:
        """Return one number."""
        return Known(value, value)


@dataclass(frozen=True)
class Member:
    """A line of a group: ``share`` of it counts, ``extra`` may as well; not ``sure`` where its group is missing."""

    cell: Cell
    share: Fraction = ONE
    sure: bool = True
    extra: Fraction = ZERO

    @property
    def status(self) -> bool | None:
        """In, out or possible in the group's numerator."""
        return self.cell.status if self.sure or self.cell.status is False else None

    def pairs(self, average: bool) -> tuple[Pair, ...]:
        """Return the alternatives (n, d) of the line in the group."""
        if self.share is ONE and self.extra is ZERO:
            found = self.cell.pairs
        else:
            shares = dict.fromkeys((self.share, self.share + self.extra))
            found = tuple((n * share, d * share if average else d) for share in shares for n, d in self.cell.pairs)
        if self.sure:
            return found
        outside = ((ZERO, ZERO),) if average else tuple((ZERO, d) for d in self.cell.alone)
        return (*found, *outside)

    @property
    def n(self) -> Fraction | None:
        """What the line adds to the numerator: None where it is in and not measured."""
        if self.status is not True:
            return ZERO
        return self.cell.n if self.cell.n is None or self.share is ONE else self.cell.n * self.share


@dataclass
class Ratio:
    """The ratio of one group: its members, the other lines of the denominator, and what is not held."""

    group: str | None
    members: Sequence[Member]
    others: Sequence[Cell] = ()
    n0: Known = field(default_factory=Known)
    d0: Known = field(default_factory=Known)
    average: bool = False

    @cached_property
    def numerator(self) -> Fraction | None:
        """The sum over the lines that are in; None where one has no measure."""
        return total([*(member.n for member in self.members), exactly(self.n0.low)])

    @cached_property
    def denominator(self) -> Fraction | None:
        """The denominator over the lines that are in it; None where it is not known."""
        if self.average:
            inside = (m for m in self.members if m.status is True)
            return total(None if m.cell.d is None else m.cell.d * m.share for m in inside)
        return total([*(m.cell.d for m in self.members), *(c.d for c in self.others), self.d0.shown])

    @property
    def value(self) -> Fraction | None:
        """Numerator over denominator; None where either is not known or the denominator is not positive."""
        n, d = self.numerator, self.denominator
        return None if n is None or d is None or d <= 0 else n / d

    def nought(self, limit: Known, sense: str) -> tuple[bool, bool]:
        """Return whether the ratio is 0/0 wherever it comes nearest a breach, and whether it may be where furthest.

        A strict limit needs to know: 0/0 is no breach of it, though ``n - limit * d`` is then not below nothing.
        """
        if limit.low != limit.high or self.n0.high or self.d0.low or (self.d0.high and not limit.low):
            return False, False
        bound, turn = Fraction(limit.low), 1 if sense == "max" else -1
        choices = [list(m.pairs(self.average)) for m in self.members] + [
            [(ZERO, d) for d in c.alone] for c in self.others
        ]
        nearest, furthest = [], []
        for pairs in choices:
            values = [turn * (n - bound * d) for n, d in pairs]
            nearest.append([pair for pair, value in zip(pairs, values, strict=True) if value == max(values)])
            furthest.append([pair for pair, value in zip(pairs, values, strict=True) if value == min(values)])
        # A denominator from nothing upwards is nothing where a cap is nearest its breach, and a floor furthest from it.
        fixed = not self.d0.high
        return (
            (fixed or sense == "max") and not any(any(pair) for pairs in nearest for pair in pairs),
            (fixed or sense == "min") and all((ZERO, ZERO) in pairs for pairs in furthest),
        )

    @property
    def _empty(self) -> bool:
        """Whether it is 0/0 for certain."""
        parts = (self.n0.low, self.n0.high, self.d0.low, self.d0.high)
        pairs = [pair for member in self.members for pair in member.pairs(self.average)]
        return not any(parts) and not any(map(any, pairs)) and not any(d for cell in self.others for d in cell.alone)

    def excess(self, limit: Known) -> tuple[Number, Number]:
        """Return the least and the greatest ``n - limit * d`` over all that is not known."""
        low, high = self._at(exactly(limit.low))
        if limit.single:
            return low, high
        if limit.high == math.inf:
            # Nothing over nothing is within any limit, said or not.
            return (ZERO, ZERO) if self._empty else (-math.inf, high)
        other = self._at(exactly(limit.high))
        return min(low, other[0]), max(high, other[1])

    def _at(self, limit: Fraction) -> tuple[Number, Number]:
        above, below, loose = ZERO, ZERO, []
        for member in self.members:
            pairs = member.pairs(self.average)
            if len(pairs) == 1:
                n, d = pairs[0]
                above = above + n if above else n
                if d:
                    below = below + d
            else:
                loose.append(pairs)
        low = high = above - limit * below if below else above
        for pairs in loose:
            values = [n - limit * d for n, d in pairs]
            low, high = low + min(values), high + max(values)
        for cell in self.others:
            values = [-limit * d for d in cell.alone]
            low, high = low + min(values), high + max(values)
        if self.d0.single and self.n0.single:
            # Most ratios: the same constant at both ends.
            constant = self.n0.low - _times(limit, self.d0.low)
            return low + constant, (low if high is low else high) + constant
        fixed = sorted((_times(limit, self.d0.low), _times(limit, self.d0.high)))
        return low + self.n0.low - fixed[1], high + self.n0.high - fixed[0]


def exactly(value: Number) -> Fraction:
    """Return a finite number as a fraction; a fraction as it is."""
    return value if isinstance(value, Fraction) else Fraction(value)


def _times(limit: Fraction, amount: Number) -> Number:
    return ZERO if not limit or not amount else limit * amount


def total(values: Iterable[Fraction | None]) -> Fraction | None:
    """Return the sum, None where a part is None."""
    found = ZERO
    for value in values:
        if value is None:
            return None
        # Sums of many nothings and one thing are common: adding fractions costs more than asking.
        if value:
            found = found + value if found else value
    return found


def judge(
    sense: str, excess: tuple[Number, Number], *, strict: bool = False, nought: tuple[bool, bool] = (False, False)
) -> Verdict:
    """Return the verdict on a range of ``n - limit * d``: proven within, proven beyond, or neither."""
    low, high = excess if sense == "max" else (-excess[1], -excess[0])
    if high < 0 or (high == 0 and (not strict or nought[0])):
        return "pass"
    if low > 0 or (strict and low == 0 and not nought[1]):
        return "fail"
    return "unknown"


def proven_breach(sense: str, excess: tuple[Number, Number]) -> Number:
    """Return by how much the limit is passed for certain; not positive where no breach is proven."""
    return excess[0] if sense == "max" else -excess[1]

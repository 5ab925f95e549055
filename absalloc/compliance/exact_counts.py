"""Kinds that look at all groups at once: how many are held or above a share, and what those in a band add up to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from absalloc.compliance.exact_lists import MISSING
from absalloc.compliance.exact_positions import ZERO
from absalloc.compliance.exact_ratio import Known, Member, Number, Ratio, judge, total
from absalloc.compliance.finding import Line, Reason

MOST_SUBSETS = 4096
"""Above this many combinations of open lines a group's ratio is taken as one range, which is wider but sound."""


@dataclass(frozen=True)
class Tally:
    """A count or a sum over groups: its range, the figure over the lines that are in, and its arithmetic."""

    low: Number
    high: Number
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    reasons: tuple[Reason, ...]
    lines: tuple[Line, ...]

    def unsure(self, unsaid: bool) -> Tally:
        """Return the tally where nobody said what is held elsewhere: it may be anything more."""
        return replace(self, high=math.inf) if unsaid else self


def counted(ratios: Mapping[str | None, Ratio], over: Fraction | None) -> Tally:
    """Return how many groups are held, or are above ``over``."""
    low = high = value = 0
    lines: dict[str, Fraction] = {}
    for group, ratio in ratios.items():
        if group == MISSING:
            continue
        sure, may = _held(ratio) if over is None else _above(ratio, over)
        low, high = low + sure, high + may
        shown = sure if over is None else ratio.value is not None and ratio.value > over
        value += shown
        inside = [member for member in ratio.members if member.status is True]
        for member in inside if shown else ():
            lines[member.cell.code] = lines.get(member.cell.code, ZERO) + Fraction(1, len(inside))
    strangers = ratios[MISSING].members if MISSING in ratios else ()
    # Each line of an unknown group may be a group of its own; where no group is known, some group is held.
    high += len(strangers)
    if over is None and not low and any(member.cell.status is True for member in strangers):
        low = 1
    found = tuple(Line(code, part) for code, part in sorted(lines.items(), key=lambda item: (-item[1], item[0])))
    count = Fraction(value)
    return Tally(Fraction(low), Fraction(high), count, count, Fraction(1), _reasons(ratios), found)


def _held(ratio: Ratio) -> tuple[bool, bool]:
    return any(member.status is True for member in ratio.members), any(m.sure for m in ratio.members)


def _above(ratio: Ratio, over: Fraction) -> tuple[bool, bool]:
    verdict = judge("max", ratio.excess(Known.exactly(over)))
    return verdict == "fail", verdict != "pass"


def summed(ratios: Mapping[str | None, Ratio], over: Fraction, up_to: Fraction | None, *, shared: bool) -> Tally:
    """Return the sum of the ratios above ``over`` and at most ``up_to``; ``shared``: one denominator serves all."""
    low: Number = ZERO
    high: Number = ZERO
    values: list[Fraction | None] = []
    numerators: list[Fraction | None] = []
    lines: list[Line] = []
    bottom = None
    for ratio in ratios.values():
        ranges = [_band(each, over, up_to) for each in _ranges(ratio)]
        low, high = low + min(each[0] for each in ranges), high + max(each[1] for each in ranges)
        value, bottom = _figure(ratio), ratio.denominator
        if value is None or (value > over and (up_to is None or value <= up_to)):
            values.append(value)
            numerators.append(ratio.numerator if shared else value)
            divisor = Fraction(1) if shared or not ratio.denominator else ratio.denominator
            lines += [Line(m.cell.code, m.n / divisor) for m in ratio.members if m.status is True and m.n is not None]
    lines.sort(key=lambda line: (-line.contribution, line.tranche_id))
    denominator = bottom if shared else Fraction(1)
    return Tally(low, high, total(values), total(numerators), denominator, _reasons(ratios), tuple(lines))


def _figure(ratio: Ratio) -> Fraction | None:
    """Return the value shown of a group; nothing over nothing adds nothing."""
    return ZERO if ratio.numerator == 0 else ratio.value


def _band(ratio: tuple[Number, Number], over: Fraction, up_to: Fraction | None) -> tuple[Number, Number]:
    """Return the range of what a ratio within a range adds to the sum."""
    top: Number = math.inf if up_to is None else up_to
    low, high = ratio
    if high <= over or low > top:
        return ZERO, ZERO
    inside = low > over and high <= top
    return (low if inside else ZERO), min(high, top)


def _ranges(ratio: Ratio) -> Iterator[tuple[Number, Number]]:
    """Yield the ranges of a ratio, one for each choice of its possible lines as in or out."""
    spans = [list(_spans(member, ratio.average)) for member in ratio.members]
    d_low, d_high = _bottom(ratio)
    if math.prod(len(span) for span in spans) > MOST_SUBSETS:
        spans = [[(min(low for low, _ in span), max(high for _, high in span))] for span in spans]
    for choice in product(*spans):
        low = sum((each[0] for each in choice), ZERO) + ratio.n0.low
        high = sum((each[1] for each in choice), ZERO) + ratio.n0.high
        yield _over(low, d_high), _over(high, d_low)


def _spans(member: Member, average: bool) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield the range of a line that is in, and nothing where it may be out."""
    amounts = [n for n, _ in member.pairs(average)]
    if member.status is not True:
        yield ZERO, ZERO
        amounts = [n for n in amounts if n] or [ZERO]
    if amounts != [ZERO] or member.status is True:
        yield min(amounts), max(amounts)


def _bottom(ratio: Ratio) -> tuple[Number, Number]:
    """Return the range of the denominator, each line on its own."""
    low, high = ratio.d0.low, ratio.d0.high
    for cell in (*(member.cell for member in ratio.members), *ratio.others):
        low, high = low + min(cell.alone), high + max(cell.alone)
    return low, high


def _over(n: Number, d: Number) -> Number:
    if n == 0:
        return ZERO
    if d <= 0:
        return math.inf
    return ZERO if d == math.inf else math.inf if n == math.inf else Fraction(n) / Fraction(d)


def _reasons(ratios: Mapping[str | None, Ratio]) -> tuple[Reason, ...]:
    found = [why for ratio in ratios.values() for why in (*ratio.n0.reasons, *ratio.d0.reasons)]
    return tuple(dict.fromkeys(found))

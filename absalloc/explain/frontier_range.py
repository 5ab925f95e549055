"""The limits a frontier is drawn through, where they are not all named: from the tightest to where it costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from absalloc.errors import BadInput
from absalloc.explain.breakpoints import relaxed_span
from absalloc.explain.model import Model, limit_range, loosening
from absalloc.explain.repairs import step_of
from absalloc.explain.words import limit_text
from absalloc.rulebook.active import ActiveRule, Limit

MOST_POINTS = 200
BEYOND = Fraction(1, 10)
"""How far past the limit that costs nothing a curve goes, as a share of its width, so that it is seen to be flat."""


@dataclass(frozen=True)
class Range:
    """``points`` limits evenly from ``low`` to ``high``, and the limit as written where it lies between.

    An end that is not given is found on the LP relaxation: the tightest limit that leaves a portfolio, and a little
    past the loosest that costs anything (or the limit as written, where that is further out).
    """

    low: Fraction | None = None
    high: Fraction | None = None
    points: int = 12


def values_of(model: Model, rule: ActiveRule, limit: Limit, wanted: Range) -> list[Fraction]:
    """Return the limits of a range, rising, on the grid of their unit. Raises BadInput for a range that is none."""
    if not 2 <= wanted.points <= MOST_POINTS:
        raise BadInput("explain.points", value=wanted.points, expected=f"2 … {MOST_POINTS}")
    low, high = wanted.low, wanted.high
    if low is None or high is None:
        found = reach(model, rule, limit)
        low, high = (found[0] if low is None else low), (found[1] if high is None else high)
    if low >= high:
        raise BadInput(
            "explain.range", value=limit_text(low, limit.unit), expected=limit_text(high, limit.unit), rule=rule.id
        )
    step = step_of(limit)
    inner = [low + step * round((high - low) * k / (wanted.points - 1) / step) for k in range(1, wanted.points - 1)]
    written = [limit.value] if limit.value is not None and low <= limit.value <= high else []
    return sorted({low, high, *written, *(value for value in inner if low < value < high)})


def reach(model: Model, rule: ActiveRule, limit: Limit) -> tuple[Fraction, Fraction]:
    """Return (least, greatest) limit worth drawing; half to twice the limit as written where nothing else is known."""
    assert limit.value is not None
    now, step, most = limit.value, step_of(limit), loosening(rule, limit) > 0
    found = relaxed_span(model, rule, limit)
    ends = [now] + [end for end in (found.free_from, found.feasible_to) if end is not None]
    if found.feasible_to is None and most:
        ends.append(Fraction(0))
    low, high = min(ends), max(ends)
    if low == high:
        low, high = step * round(now / 2 / step), now * 2 or step * 100
    past = max(step, step * round((high - low) * BEYOND / step))
    low, high = (low, high + past) if most else (max(low - past, Fraction(0)), high)
    return _possible(rule, limit, low, high)


def _possible(rule: ActiveRule, limit: Limit, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Return the ends within what there is: grades from the best to the worst, means of shares up to one."""
    least, most = limit_range(limit)
    low, high = max(low, least), high if most is None else min(high, most)
    if limit.unit == "ratio" and rule.kind == "average":
        return low, min(high, max(Fraction(1), limit.value or Fraction(0)))
    return low, high

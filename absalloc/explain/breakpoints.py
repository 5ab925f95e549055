"""Where a limit starts to cost and where it leaves no portfolio; and the rules behind a rule that costs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from absalloc.explain.model import Change, Model
from absalloc.explain.repairs import least_steps, outward, step_of
from absalloc.rulebook.active import ActiveRule, Limit

YUAN = Fraction(1)
"""Less than this a year is no cost."""
DOUBLINGS = 20


@dataclass(frozen=True)
class Span:
    """Where one limit starts to bind and where it stops, on the LP relaxation, right to one ``step``.

    ``binds_from``: the loosest limit that costs carry (None: no limit does); ``feasible_to``: the tightest at which a
    portfolio exists (None: none is too tight).
    """

    binds_from: Fraction | None
    feasible_to: Fraction | None
    step: Fraction


def span(model: Model, rule: ActiveRule, limit: Limit) -> Span:
    """Return where a limit starts and stops to bind, by bisection; all else as it is."""
    assert limit.value is not None
    step, sign = step_of(limit), outward(limit)
    start = limit.value

    def value(steps: int) -> Fraction | None:
        """Return the optimum with the limit so many steps looser (tighter where negative); None where there is none."""
        moved = start + sign * steps * step
        if moved < 0:
            return value(round(-sign * start / step)) if steps > 0 else None
        return model.ceiling(Change.limit(rule.id, limit.sense, moved))

    free = value(2**DOUBLINGS)
    here = value(0)
    if free is None or here is None:
        return Span(None, None, step)
    costs = free - here > YUAN
    if costs:
        steps = least_steps(lambda k: (v := value(k)) is not None and free - v <= YUAN, DOUBLINGS)
    else:
        steps = least_steps(lambda k: (v := value(-k)) is None or free - v > YUAN, DOUBLINGS)
        steps = None if steps is None else -steps
    end = least_steps(lambda k: value(-k) is None, DOUBLINGS)
    binds = None if steps is None else start + sign * steps * step
    tightest = None if end is None else start - sign * (end - 1) * step
    return Span(binds if binds is None or binds >= 0 else None, tightest, step)


def behind(model: Model, rule: str, binding: Iterable[str]) -> tuple[str, ...]:
    """Return the rules that take over from a binding rule: without both, more is gained (LP relaxation)."""
    others = [name for name in sorted(binding) if name != rule]
    return tuple(other for other in others if _gain(model, rule, other) > YUAN)


def _gain(model: Model, rule: str, other: str) -> Fraction:
    """Return what leaving both out gains beyond the better of the two alone, yuan a year."""
    values = [model.ceiling(Change.drop(*names)) for names in ((rule, other), (rule,), (other,))]
    if values[0] is None or values[1] is None or values[2] is None:
        return Fraction(0)
    return values[0] - max(values[1], values[2])

"""Where a limit starts to cost and where it leaves no portfolio: the grid of its limits, and what the LP proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from absalloc.explain.model import Change, Model, limit_range, loosening
from absalloc.explain.optima import YUAN
from absalloc.explain.repairs import least_steps, step_of
from absalloc.rulebook.active import ActiveRule, Limit

DOUBLINGS = 20
FURTHEST = 2**DOUBLINGS
"""Steps to either side of a limit that are looked at, where limits have no end."""


@dataclass(frozen=True)
class Span:
    """Where one limit starts and stops to bind, all else as it is; limits on a grid of ``step``.

    ``binds_from``: the loosest limit that is proven to cost more than a yuan a year. ``free_from``: the tightest at
    which a portfolio earns as much as the best one known with the limit at its loosest, to a yuan. ``feasible_to``: the
    tightest at which there is a portfolio. ``infeasible_from``: the loosest proven to leave none. Neighbours lie a
    step apart; with integers further where the gaps of the solves do not tell. None: no limit on the grid is so.
    """

    binds_from: Fraction | None
    free_from: Fraction | None
    feasible_to: Fraction | None
    infeasible_from: Fraction | None
    step: Fraction


@dataclass(frozen=True)
class Ladder:
    """The limits that are tried: so many steps looser (tighter where negative) than the one written."""

    rule: ActiveRule
    limit: Limit

    @property
    def step(self) -> Fraction:
        """The distance of two limits, in the unit of the limit."""
        return step_of(self.limit)

    @property
    def sign(self) -> int:
        """1 where a greater limit is looser, else -1."""
        return loosening(self.rule, self.limit)

    def at(self, steps: int) -> Fraction:
        """Return the limit so many steps looser."""
        assert self.limit.value is not None
        return self.limit.value + self.sign * steps * self.step

    @property
    def ends(self) -> tuple[int, int]:
        """The tightest and the loosest step; as far as is looked where limits have no end."""
        assert self.limit.value is not None
        least, most = limit_range(self.limit)
        down = int((self.limit.value - least) / self.step)
        up = FURTHEST if most is None else int((most - self.limit.value) / self.step)
        return (-down, up) if self.sign > 0 else (-up, down)

    def change(self, steps: int) -> Change:
        """Return the change to the limit at a step within the ends."""
        return Change.limit(self.rule.id, self.limit.sense, self.at(steps))

    @property
    def off(self) -> Change:
        """The limit at its loosest: what the rule bars at any limit stays barred."""
        return self.change(self.ends[1])

    def span(self, binds: int | None, free: int | None, feasible: int | None, none: int | None) -> Span:
        """Return the span of four steps; a step beyond the ends is no limit."""
        low, high = self.ends
        steps = (binds, free, feasible, none)
        found = [None if k is None or not low <= k <= high or abs(k) == FURTHEST else self.at(k) for k in steps]
        return Span(found[0], found[1], found[2], found[3], self.step)


def relaxed_span(model: Model, rule: ActiveRule, limit: Limit) -> Span:
    """Return where a limit starts and stops to bind in the LP, by bisection to one step."""
    ladder = Ladder(rule, limit)
    low, high = ladder.ends
    free = model.ceiling(ladder.off)
    if free is None:
        return Span(None, None, None, None, ladder.step)
    top = Tops(model, ladder)
    binds = last(lambda k: top.costs(k, free), low, high)
    none = last(top.impossible, low, high)
    ends = [low if last_ is None else last_ + 1 for last_ in (binds, none)]
    # A solve that a limit of time ended proves neither side.
    free_at, some = (k if k > high or top.at(k)[0] == "optimal" else None for k in ends)
    return ladder.span(binds, free_at, some, none)


class Tops:
    """What the LP proves of the limits of a ladder."""

    def __init__(self, model: Model, ladder: Ladder) -> None:
        self.model, self.ladder = model, ladder
        self.known: dict[int, tuple[str, Fraction | None]] = {}

    def at(self, steps: int) -> tuple[str, Fraction | None]:
        """Return (status, what no portfolio beats) at a step."""
        if steps not in self.known:
            self.known[steps] = self.model.top(self.ladder.change(steps))
        return self.known[steps]

    def costs(self, steps: int, free: Fraction) -> bool:
        """Say whether no portfolio at a step comes within a yuan of ``free``: proven."""
        status, top = self.at(steps)
        return status == "infeasible" or (top is not None and free - top > YUAN)

    def impossible(self, steps: int) -> bool:
        """Say whether there is no portfolio at a step: proven."""
        return self.at(steps)[0] == "infeasible"


def last(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """Return the loosest step from ``low`` up to ``high`` at which something still holds that stops once; None: none.

    Searched outwards from the limit as written, step 0, by doubling and halving.
    """
    if holds(0):
        most = least_steps(lambda k: k > high or not holds(k), DOUBLINGS + 1)
        return high if most is None else min(most - 1, high)
    down = least_steps(lambda k: -k < low or holds(-k), DOUBLINGS + 1)
    return None if down is None or -down < low else -down

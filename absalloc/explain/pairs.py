"""Pairs of rules that take over from each other: without both more is gained than without each, added up."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from absalloc.explain.live import Probe
from absalloc.explain.model import Change
from absalloc.explain.optima import YUAN, Optima, Steps, between, worth_of


@dataclass(frozen=True)
class Pair:
    """Two rules that hide each other's cost; all in yuan a year.

    ``alone``: what is gained without the one, and without the other; ``together``: without both; ``more``: what that is
    beyond the two added up. ``low … high`` holds ``more`` as it is of the true optima.
    """

    rules: tuple[str, str]
    alone: tuple[Fraction, Fraction]
    together: Fraction
    more: Fraction
    low: Fraction
    high: Fraction

    @property
    def worth(self) -> str:
        """``gain``: proven to take over from each other; ``within_gap``: the gaps of the solves do not tell."""
        return worth_of(self.low, self.high)


def pairs_of(optima: Optima, rules: Collection[str], steps: Steps) -> tuple[Pair, ...] | None:
    """Return the pairs with a rule of ``rules`` that take over from each other, or may within the gaps, dearest first.

    Of the LP the list is complete to a yuan: its duals say which pairs need not be tried. With integers it is complete
    to twice the slack of a solve: where the LP leaves no more room than that, no plan is made. None where a limit of
    time left a pair without an answer.
    """
    names = tuple(rule.id for rule in optima.model.binding_rules)
    probes = {name: optima.session.probe(Change.drop(name)) for name in names}
    least = 2 * optima.slack if optima.whole else YUAN
    found = []
    for one, other in _may(optima, names, probes, frozenset(rules)):
        steps.take(f"{one} + {other}")
        room = _room(optima, one, other) if optima.whole else None
        if room is not None and room <= least:
            continue
        pair = _pair(optima, one, other)
        if pair is None:
            return None
        if pair.high > least and pair.worth in ("gain", "within_gap"):
            found.append(pair)
    return tuple(sorted(found, key=lambda pair: (-pair.more, pair.rules)))


def _may(
    optima: Optima, names: tuple[str, ...], probes: dict[str, Probe], wanted: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the pairs to be tried: with integers all of them, of the LP those which its duals leave open."""
    for one, other in combinations(names, 2):
        if not wanted & {one, other}:
            continue
        if optima.whole or (other in probes[one].needed and one in probes[other].needed):
            yield one, other


def _room(optima: Optima, one: str, other: str) -> Fraction | None:
    """Return the most that leaving out both can gain beyond each alone, by the LP; None where that is not known."""
    top, base = optima.ceiling(Change.drop(one, other)), optima.base
    alone = [optima.at(Change.drop(name), base.low).low for name in (one, other)]
    if top is None or base.high is None or alone[0] is None or alone[1] is None:
        return None
    return top - alone[0] - alone[1] + base.high


def _pair(optima: Optima, one: str, other: str) -> Pair | None:
    base = optima.base
    first, second = (optima.at(Change.drop(name), base.low) for name in (one, other))
    if base.low is None or first.low is None or second.low is None:
        return None
    both = optima.at(Change.drop(one, other), max(first.low, second.low))
    signs = ((Fraction(1), base), (Fraction(-1), first), (Fraction(-1), second), (Fraction(1), both))
    ends = between(signs)
    if ends is None or both.low is None:
        return None
    alone = (first.low - base.low, second.low - base.low)
    together = both.low - base.low
    return Pair((one, other), alone, together, together - alone[0] - alone[1], *ends)

"""The exact re-check of a plan: today and in every scenario, what it may leave, and what to hold back after a miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.plan.rule_rows import WORST_LOSS, Key, Terms, in_scenario
from absalloc.rows import BookState, Scenario
from absalloc.rows.shock import Redeemed, shocked_book
from absalloc.units import exact


@dataclass(frozen=True)
class Outlook:
    """A plan under one scenario, exact: the book after it, gain, redemption, what it brings to the horizon (yuan).

    ``total_return`` None where the scenario says nothing of returns; ``silent``: lines of unknown return, in no sum.
    """

    scenario: str
    state: BookState = field(repr=False)
    gain: Fraction
    redeemed: Redeemed
    total_return: Fraction | None
    silent: tuple[str, ...]
    findings: tuple[Finding, ...] = field(repr=False)
    sha256: str = ""


def look(plan: BookState, scenario: Scenario) -> Outlook:
    """Return what a scenario makes of a plan, by the same exact rules as a stress of the book.

    Rules tested at purchase are left out: a shock that has not happened bars nothing today.
    """
    state, gain, redeemed = shocked_book(plan, scenario.universes[0], scenario.redemption)
    later = {rule.id for rule in plan.rules.active if rule.tested == "purchase"}
    found = evaluate_exact([state])
    findings = tuple(replace(item, scenario=scenario.name) for item in found if item.rule not in later)
    total, silent = _returns(plan, scenario)
    return Outlook(scenario.name, state, gain, redeemed, total, silent, findings, scenario.sha256)


def _returns(plan: BookState, scenario: Scenario) -> tuple[Fraction | None, tuple[str, ...]]:
    if not scenario.returns:
        return None, ()
    total, silent = Fraction(0), []
    for name, face in plan.held.items():
        row = plan.index.get(name)
        value = np.nan if row is None else float(scenario.returns[0][row])
        if np.isnan(value):
            silent.append(name)
        else:
            total += exact(value) * face
    return total, tuple(silent)


def key_of(item: Finding) -> Key:
    """Return what a finding's row is known by in a program."""
    return (in_scenario(item.rule, item.scenario), item.group or "", item.sense)


def not_allowed(findings: Sequence[Finding], terms: Terms, was: Mapping[Key, Fraction | None]) -> list[Finding]:
    """Return the findings a plan may not leave: fails that bind, but for passive breaches that got no worse."""
    found = []
    for item in findings:
        if item.verdict != "fail" or item.level not in terms.levels:
            continue
        if item.rule in terms.gives or item.rule in terms.skip:
            # It gives way, or was left out.
            continue
        key = key_of(item)
        if key not in terms.stay or _worse(item, was.get(key)):
            found.append(item)
    return found


def _worse(item: Finding, was: Fraction | None) -> bool:
    if was is None or item.value is None:
        return True
    return item.value > was if item.sense == "max" else item.value < was


def carried(state: BookState, held: dict[str, Fraction]) -> dict[str, Fraction]:
    """Return the book values after the trades: what is kept keeps its own, what is bought stands at cost."""
    result = {}
    for name, value in state.book_value.items():
        if name in held:
            kept = min(held[name], state.held[name])
            bought = held[name] - kept
            cost = state.unit("market_value", state.index.get(name))[0]
            result[name] = value * kept / state.held[name] + bought * cost
    return result


def wider(margins: Mapping[Key, float], failed: Sequence[Finding]) -> dict[Key, float]:
    """Hold back a little more of each row that failed: what it missed by, twice, and at least ten yuan."""
    found = dict(margins)
    for item in failed:
        missed = 0.0
        if item.numerator is not None and item.denominator is not None and item.limit is not None:
            missed = abs(float(item.numerator - item.limit * item.denominator))
        found[key_of(item)] = margins.get(key_of(item), 0.0) + max(2 * missed, 10.0)
    return found


def too_low(outlooks: Sequence[Outlook], most: Fraction | None) -> dict[Key, float]:
    """Return by how many yuan each scenario loses more than ``most`` yuan, by the key of its row."""
    if most is None:
        return {}
    lost = [(item.scenario, -(item.total_return or 0) - most) for item in outlooks]
    return {(in_scenario(WORST_LOSS, name), "", "max"): float(over) for name, over in lost if over > 0}

"""The check of books after a shock: exact, confirmed by the scenario's rows at what is held today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from absalloc.compliance.check import confirm, with_cure_dates
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows import BookState, Scenario, compile_rows
from absalloc.rows.shock import shocked_book


def check_shocked(states: Sequence[BookState], scenario: Scenario) -> tuple[Finding, ...]:
    """Return the findings on some books after a shock, marked with its name; exact and confirmed by the rows.

    A shock buys nothing: every breach is passive, and rules tested at purchase are left out. A passive breach may be
    cured only where its rule gives time for that; without it (the 5 % of cash of an open fund) the rule must hold.
    Raises InternalError where the two readings of a rule disagree.
    """
    pairs = zip(states, scenario.universes, strict=True)
    shocked = [shocked_book(state, universe, scenario.redemption)[0] for state, universe in pairs]
    findings = evaluate_exact(shocked)
    confirm(findings, states, compile_rows(states, [scenario]), scenario=scenario.name)
    bought = {rule.id for state in states for rule in state.rules.active if rule.tested == "purchase"}
    found = [replace(item, scenario=scenario.name) for item in findings if item.rule not in bought]
    return with_cure_dates(found, shocked)

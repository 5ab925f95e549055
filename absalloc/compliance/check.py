"""The check: the exact reading, confirmed by the rows, with cure dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from absalloc.compliance.between import Between
from absalloc.compliance.exact import BOOKS, evaluate_exact
from absalloc.compliance.exact_bounds import add_months
from absalloc.compliance.finding import Finding, Reason
from absalloc.compliance.moves import with_moves
from absalloc.errors import InternalError
from absalloc.mandate.calendar import trading_calendar
from absalloc.rows import BookState, RowSystem, compile_rows
from absalloc.rows.verdict import FAIL, PASS, UNKNOWN, verdicts
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import PassiveBreach

_WORDS = {PASS: "pass", FAIL: "fail", UNKNOWN: "unknown"}


def check_books(
    states: Sequence[BookState],
    system: RowSystem | None = None,
    *,
    way: Between | None = None,
    every: bool = False,
) -> tuple[Finding, ...]:
    """Return the findings on some books, exact, each confirmed by the compiled rows.

    ``way``: how the first book came from an earlier one; ratios beyond their limit (``every``: all) are split by what
    moved them. Raises InternalError where the two readings of a rule disagree: no verdict is then given at all.
    """
    findings = evaluate_exact(states)
    confirm(findings, states, system or compile_rows(states))
    if way is not None:
        findings = with_moves(findings, states, way, every=every)
    return with_cure_dates(findings, states)


def with_cure_dates(findings: Sequence[Finding], states: Sequence[BookState]) -> tuple[Finding, ...]:
    """Return the findings, passive breaches with the day by which their rule wants them cured."""
    return tuple(_with_cure(item, states) for item in findings)


def confirm(
    findings: Sequence[Finding], states: Sequence[BookState], system: RowSystem, *, scenario: str | None = None
) -> None:
    """Compare the exact verdicts with those of the rows. Raises InternalError at the first that differ.

    ``states`` are the books before a scenario whose rows are compared.
    """
    x = system.faces(tuple(state.held for state in states), tuple(state.kept for state in states))
    known = {item.key: item for item in findings}
    conditional = {b.rule.id for b in system.blocks if b.branch == "alternative"}
    for block, found in zip(system.blocks, verdicts(system, x), strict=True):
        if block.scenario != scenario or block.rule.tested != "always" or block.rule.id in conditional:
            continue
        book = BOOKS.join(states[number].name for number in block.books)
        labels = [None] if block.form in ("count", "threshold") else list(block.groups)
        for label, code in zip(labels, found, strict=True):
            item = known.get((book, block.rule.id, label or "", block.sense))
            if item is not None and code in _WORDS and _WORDS[int(code)] != item.verdict:
                raise InternalError(
                    "compliance.readings_differ",
                    rule=item.rule,
                    group=item.group,
                    exact=item.verdict,
                    rows=_WORDS[int(code)],
                )


def _with_cure(item: Finding, states: Sequence[BookState]) -> Finding:
    if item.verdict != "fail" or item.cause != "passive":
        return item
    for state in states:
        for rule in state.rules.active:
            if rule.id == item.rule and rule.passive_breach is not None:
                return _cure(item, rule, rule.passive_breach, state)
    return item


def _cure(item: Finding, rule: ActiveRule, breach: PassiveBreach, state: BookState) -> Finding:
    """Add the day by which a passive breach must be cured, on exchange days where the text counts these."""
    if breach.cure is None:
        return item
    start, reason = _start(item, breach, state)
    if start is None:
        return replace(item, reasons=(*item.reasons, Reason(reason)))
    if breach.cure.unit == "months":
        return replace(item, cure_by=add_months(start, int(breach.cure.value)), reasons=(*item.reasons, *_said(reason)))
    days, calendar = int(breach.cure.value), trading_calendar(state.mandate)
    day = calendar.add_trading_days(start, days)
    if day is None:
        counted = calendar.trading_days_between(start, calendar.last) or 0
        left = {"days": days, "start": start, "last": calendar.last, "left": days - counted}
        fields = tuple((key, str(value)) for key, value in left.items())
        return replace(item, reasons=(*item.reasons, *_said(reason), Reason("calendar_ends", fields)))
    return replace(item, cure_by=day, reasons=(*item.reasons, *_said(reason)))


def _said(reason: str) -> tuple[Reason, ...]:
    return (Reason(reason),) if reason else ()


def _start(item: Finding, breach: PassiveBreach, state: BookState) -> tuple[date | None, str]:
    """Return when the clock started: the breach as the holdings say, the rating report, or today for want of both."""
    if breach.clock == "saleable_from":
        return None, "saleable_unknown"
    names = [line.tranche_id for line in item.lines]
    if breach.clock == "rating_date":
        rows = [state.index[name] for name in names if name in state.index]
        dates = state.universe.column("rating_date")[np.array(rows, dtype=np.int64)] if rows else np.array([])
        known = [day for day in dates if not np.isnat(day)]
        return (min(known).astype(object), "") if known else (None, "rating_date_unknown")
    since = [state.breach_since[name] for name in names if name in state.breach_since]
    if since:
        return min(since), ""
    if item.moves is not None and item.moves.verdict == "fail":
        return item.moves.since, "clock_from_before"
    return state.as_of, "clock_from_today"

"""When a rule is tested, what else may hold in its stead, and who caused a breach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from absalloc.compliance.exact_amounts import Amounts, reason
from absalloc.compliance.exact_kinds import Allowed, Assessor, Result
from absalloc.compliance.exact_lines import Lines
from absalloc.compliance.exact_predicates import every
from absalloc.compliance.finding import Reason, Verdict
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule, Limit, dated_value
from absalloc.rulebook.mandate_test import satisfies
from absalloc.rulebook.models import FromList

Tested = tuple[Result, tuple[Reason, ...]]
OPERATION, PERIOD = "product.operation", "product.operation_period"


class LinesOf(Protocol):
    """Gives the lines of a book under a rule, and keeps the sums of the universe between rules."""

    sums: dict[Any, Any]

    def lines(self, state: BookState, rule: ActiveRule) -> Lines:
        """Return the lines."""


def held_to(rule: ActiveRule, states: Sequence[BookState], result: Result) -> Tested:
    """Return the result as the rule's test time sees it, with the reason where that changes anything."""
    if rule.of_trade and any(state.before is None for state in states):
        return replace(result, verdict="unknown", lines=()), (Reason("before_missing"),)
    if result.verdict == "pass" or rule.tested == "always":
        return result, ()
    if rule.tested == "open_days":
        is_open = every(open_day(state) for state in states)
        if is_open is False:
            return replace(result, verdict="pass"), (Reason("not_open_day"),)
        return (result, ()) if is_open else (replace(result, verdict="unknown"), (reason("needs_key", key=PERIOD),))
    return _at_purchase(states, result)


def open_day(state: BookState) -> bool | None:
    """Return whether the product is open on the book's day, None where the mandate does not say."""
    operation, period = state.mandate.fact(OPERATION), state.mandate.fact(PERIOD)
    if operation == "daily_open" or period == "open":
        return True
    return False if "closed" in (operation, period) else None


def _at_purchase(states: Sequence[BookState], result: Result) -> Tested:
    """Return pass where no line that counts was bought: what is too much may then be kept."""
    if any(state.before is None for state in states):
        return replace(result, verdict="unknown"), (Reason("cause_unknown"),)
    bought = [member for member in result.members if member.cell.bought]
    if not bought:
        return replace(result, verdict="pass"), (Reason("not_bought"),)
    if result.verdict == "fail" and not any(member.status is True for member in bought):
        # Only lines that may not count were bought: the breach may be one that was merely kept.
        return replace(result, verdict="unknown"), (Reason("cause_unknown"),)
    return result, ()


# -- cause -------------------------------------------------------------------------------------------------------


def cause(
    rule: ActiveRule, states: Sequence[BookState], result: Result, assessor: Assessor
) -> tuple[Literal["active", "passive"] | None, tuple[Reason, ...]]:
    """Return who caused a breach: nobody (passive) where the book as it was before breaches at least as much."""
    if result.verdict != "fail" or rule.of_trade:
        return None, ()
    if rule.tested == "purchase":
        return "active", ()
    if any(state.before is None for state in states):
        return None, (Reason("cause_unknown"),)
    earlier = next((r for r in assessor.earlier() if (r.group, r.sense) == (result.group, result.sense)), None)
    if earlier is not None and earlier.verdict == "fail" and earlier.breach >= result.breach:
        return "passive", (Reason("passive"),)
    return "active", ()


# -- unless ------------------------------------------------------------------------------------------------------


def alternative_holds(
    call: LinesOf, rule: ActiveRule, states: Sequence[BookState], results: Sequence[Result]
) -> Callable[[Result, tuple[Reason, ...]], Tested] | None:
    """Return how ``unless`` changes a result that does not pass; None for a rule without it, or where all pass."""
    if rule.unless is None or all(result.verdict == "pass" for result in results):
        return None
    verdict = _alternative(call, rule, states)

    def apply(result: Result, reasons: tuple[Reason, ...]) -> Tested:
        if verdict == "pass":
            return replace(result, verdict="pass"), (*reasons, Reason("unless"))
        if verdict == "unknown" and result.verdict == "fail":
            return replace(result, verdict="unknown"), (*reasons, Reason("unless_unknown"))
        return result, reasons

    return apply


def _alternative(call: LinesOf, rule: ActiveRule, states: Sequence[BookState]) -> Verdict:
    limits = _limits(rule, states)
    if not limits:
        return "fail" if limits == () else "unknown"
    other = rule.unless
    assert other is not None
    measure = (other.measure,) if isinstance(other.measure, str) else tuple(other.measure)
    second = replace(
        rule, kind="share", limits=limits, where=other.where, require=None, by=other.by, measure=measure, of=other.of,
        plus=(), exceptions=(), over=None, up_to=None, if_held=None, tested="always", unless=None,
    )  # fmt: skip
    books = [call.lines(state, second) for state in states]
    verdicts = {r.verdict for r in Assessor(books, Amounts(books, {}), Allowed(({},) * len(books))).results()}
    return "fail" if "fail" in verdicts else "unknown" if "unknown" in verdicts else "pass"


def _limits(rule: ActiveRule, states: Sequence[BookState]) -> tuple[Limit, ...] | None:
    """Return the alternative's limits on the day; None where a key the mandate lacks decides which holds."""
    found: list[Limit] = []
    other: Any = rule.unless
    sides: tuple[tuple[Literal["max", "min"], Any], ...] = (("max", other.max), ("min", other.min))
    for sense, written in sides:
        if isinstance(written, FromList):
            found.append(Limit(sense, None, written.absent.unit, from_list=written))
        elif written:
            mandate, day = states[0].mandate, states[0].as_of
            if any(satisfies(item.when, mandate) is None for item in written):
                return None
            value = dated_value(written, mandate, day)
            if value is not None:
                found.append(Limit(sense, value.value.value, value.value.unit, strict=value.strict))
    return tuple(found)

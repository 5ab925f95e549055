"""The exact checker: rule x table in fractions, line by line, as ``docs/semantics.md`` says.

It is the second reading of every rule: it shares no matrix with ``rows``, so that an error of one shows as a
difference between the two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any

from absalloc.compliance.exact_amounts import Amounts, reason
from absalloc.compliance.exact_kinds import Allowed, Assessor, Result
from absalloc.compliance.exact_lines import Lines
from absalloc.compliance.exact_positions import Held
from absalloc.compliance.exact_table import Table
from absalloc.compliance.exact_tests import LinesOf, alternative_holds, cause, held_to
from absalloc.compliance.finding import Excepted, Finding, Reason
from absalloc.predicate import Predicate
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule, InactiveRule
from absalloc.rulebook.joint import joint_rules
from absalloc.rulebook.mandate_test import missing_keys, satisfies
from absalloc.rulebook.models import FromList

BOOKS = " + "
"""Joins the names of the books of one finding of a rule over several."""
MOST_NAMED = 5


@dataclass
class Call:
    """What one evaluation keeps between rules: what books hold, sums of the universe."""

    held: dict[int, Held] = field(default_factory=dict)
    sums: dict[Any, Any] = field(default_factory=dict)

    def lines(self, state: BookState, rule: ActiveRule) -> Lines:
        """Return the lines of a book under a rule."""
        # What is held keeps its book alive, so that the id of that stays its own.
        if id(state) not in self.held:
            self.held[id(state)] = Held(state)
        return Lines(Table.of(state.universe), rule, self.held[id(state)])


def evaluate_exact(
    states: Sequence[BookState], *, rules: Collection[str] | None = None, call: Call | None = None
) -> tuple[Finding, ...]:
    """Return the findings of all rules on all books, exact; by book, rule as written, group, bound.

    A rule whose scope is wider than the portfolio is evaluated once over all books of one manager that have
    it; its findings stand at the first of them and name them all. ``rules`` restricts to short or full ids;
    ``call`` keeps what was read of one universe and its mandate's tables for the next evaluation.
    ``cure_by`` is not filled. Raises BadInput where books of one joint rule disagree on an amount, a limit or
    what is held elsewhere, and for lists, references and holdings files that cannot be read.
    """
    # Books come and go between evaluations, sums of their universe stay.
    call, found, done = Call(sums={} if call is None else call.sums), [], set()
    books = [(state.name, state.mandate.manager, state.rules.active) for state in states]
    for number, state in enumerate(states):
        for rule in _ordered(state, rules):
            if isinstance(rule, InactiveRule):
                found += [_needs_key(state, rule)] if rule.status == "needs_key" else []
            elif (number, rule.id) not in done:
                joint = joint_rules(rule, number, books)
                done |= {(member, own.id) for member, own in joint}
                found += _findings(call, rule, [(states[member], own) for member, own in joint])
    return tuple(found)


def _ordered(state: BookState, wanted: Collection[str] | None) -> Iterator[ActiveRule | InactiveRule]:
    """Yield a book's rules in the order of its rulebooks and files."""
    by_id: dict[str, ActiveRule | InactiveRule] = {rule.id: rule for rule in state.rules.active}
    by_id.update({rule.id: rule for rule in state.rules.inactive})
    order = [f"{book.id}/{name}" for book in state.rules.books for name in book.rules]
    for full in dict.fromkeys([*order, *by_id]):
        if full in by_id and (wanted is None or full in wanted or full.partition("/")[2] in wanted):
            yield by_id[full]


def _findings(call: Call, rule: ActiveRule, joint: Sequence[tuple[BookState, ActiveRule]]) -> Iterator[Finding]:
    states = [state for state, _ in joint]
    assessor, keys = assessor_of(call, rule, joint)
    books, amounts = assessor.books, assessor.amounts
    results = assessor.results()
    unsaid = tuple(_unsaid(rule, books))
    unless = alternative_holds(call, rule, states, results)
    for result in results:
        tested, test = held_to(rule, states, result)
        if unless is not None and tested.verdict != "pass":
            tested, test = unless(tested, test)
        why = (*test, *_reasons(rule, amounts, result), *unsaid, *_exceptions_used(result), *keys)
        active, passive = cause(rule, states, tested, assessor)
        yield _finding(rule, states, tested, active, (*why, *passive))


def assessor_of(
    call: LinesOf, rule: ActiveRule, joint: Sequence[tuple[BookState, ActiveRule]]
) -> tuple[Assessor, tuple[Reason, ...]]:
    """Return the assessor of a rule over (book, its version of the rule), and what the mandates do not say."""
    if rule.kind == "count" and rule.by is None:
        rule = changed(rule, by="tranche_id")  # each line is a group of its own
    # Each book's own exceptions: a plan that is exempt takes out its lines, not those of another.
    books = [call.lines(state, changed(rule, exceptions=own.exceptions)) for state, own in joint]
    allowed, keys = _exceptions(joint)
    return Assessor(books, Amounts(books, call.sums), allowed), keys


def _exceptions(joint: Sequence[tuple[BookState, ActiveRule]]) -> tuple[Allowed, tuple[Reason, ...]]:
    """Return what each mandate allows of its exceptions, None where a key it lacks decides."""
    found: list[dict[str, bool | None]] = []
    away: dict[str, bool | None] = {}
    keys: list[str] = []
    for state, rule in joint:
        written = next((book for book in state.rules.books if rule.id.startswith(f"{book.id}/")), None)
        items = () if written is None else written.rules[rule.short].exceptions
        found.append({item.id: satisfies(item.when, state.mandate) for item in items})
        # What a mandate is allowed says nothing of the books that hold the lines elsewhere.
        away.update({item.id: item.when is None for item in items})
        for item in items:
            keys += missing_keys(item.when, state.mandate) if found[-1][item.id] is None else []
    return Allowed(tuple(found), away), tuple(reason("needs_key", key=key) for key in dict.fromkeys(keys))


def _reasons(rule: ActiveRule, amounts: Amounts, result: Result) -> Iterator[Reason]:
    """Yield why a result is what it is, the lines it rests on first."""
    if not result.members:
        nothing = rule.where is not None and not amounts.selects()
        idle = "none_against" if rule.kind == "eligibility" else "nothing_held"
        yield Reason("selects_nothing" if nothing else idle)
    unclear = [m for m in result.members if m.status is None or m.extra or (m.status is True and m.n is None)]
    strangers = sorted({m.cell.code for m in unclear if not m.cell.known})
    if strangers:
        yield reason("not_in_universe", n=len(strangers), what=_named(strangers))
    known = {m.cell.code: m for m in unclear if m.cell.known}
    if known:
        lacking = {name for m in known.values() for name in m.cell.lacking}
        lacking |= {name for m in known.values() if m.extra or not m.sure for name in _by(rule)}
        yield reason("unknown_lines", n=len(known), what=", ".join(sorted(lacking)), lines=_named(sorted(known)))
    yield from result.reasons


def _unsaid(rule: ActiveRule, books: Sequence[Lines]) -> Iterator[Reason]:
    """Yield the keys and lists that a rule asks for and no mandate gives."""
    keys: set[str] = set()
    lists: set[str] = set()
    for predicate in _predicates(rule):
        for book in books:
            found = book.unknown_keys(predicate)
            keys, lists = keys | found[0], lists | found[1]
    yield from (reason("needs_key", key=key) for key in sorted(keys))
    yield from (reason("list_missing", name=name) for name in sorted(lists))


def _exceptions_used(result: Result) -> Iterator[Reason]:
    yield from (reason("exception", id=name, n=len(lines)) for name, lines in _taken(result).items())


def _taken(result: Result) -> dict[str, list[str]]:
    """Return exception -> the lines it took out of a result."""
    taken: dict[str, list[str]] = {}
    for cell in result.excepted:
        for name in cell.excepted:
            taken.setdefault(name, []).append(cell.code)
    return taken


def _excepted(rule: ActiveRule, states: Sequence[BookState], result: Result) -> tuple[Excepted, ...]:
    if not result.excepted:
        return ()
    written = next((b.rules[rule.short] for s in states for b in s.rules.books if rule.id.startswith(f"{b.id}/")), None)
    titles = {} if written is None else {item.id: item.title for item in written.exceptions}
    return tuple(Excepted(name, titles.get(name), tuple(codes)) for name, codes in _taken(result).items())


def _predicates(rule: ActiveRule) -> tuple[Predicate | None, ...]:
    return (rule.where, rule.require, *(predicate for _, predicate in rule.exceptions))


def _by(rule: ActiveRule) -> tuple[str, ...]:
    if rule.by is None:
        return ()
    return (rule.by,) if isinstance(rule.by, str) else rule.by if isinstance(rule.by, tuple) else (rule.by.link,)


def _named(codes: Sequence[str]) -> str:
    more = " …" if len(codes) > MOST_NAMED else ""
    return ", ".join(codes[:MOST_NAMED]) + more


def _finding(
    rule: ActiveRule, states: Sequence[BookState], result: Result, cause_: Any, reasons: Sequence[Reason]
) -> Finding:
    return Finding(
        book=BOOKS.join(state.name for state in states), rule=rule.id, group=result.group, sense=result.sense,
        unit=result.unit, verdict=result.verdict, value=result.value, limit=result.limit, level=rule.level,
        title=rule.title, source=rule.source, numerator=result.numerator, denominator=result.denominator,
        strict=result.strict, headroom=result.headroom, reading=", ".join(rule.readings) or None, cause=cause_,
        reasons=tuple(dict.fromkeys(reasons)), lines=result.lines, exceptions=_excepted(rule, states, result),
        document=rule.document, place=str(rule.place),
    )  # fmt: skip


def _needs_key(state: BookState, rule: InactiveRule) -> Finding:
    """Return the finding of a rule of which it is not known whether, or with which limit, it binds."""
    name, _, short = rule.id.partition("/")
    book = next(book for book in state.rules.books if book.id == name)
    written = book.rules[short]
    limit = written.max or written.min
    values = [limit.absent] if isinstance(limit, FromList) else [item.value for item in limit or ()]
    return Finding(
        book=state.name, rule=rule.id, group=None, sense="max" if written.max or not written.min else "min",
        unit=values[0].unit if values else "yuan", verdict="unknown", value=None, limit=None, level=rule.level,
        title=rule.title, source=rule.source, reasons=(Reason("needs_key", tuple(sorted(rule.fields.items()))),),
        document=book.book.sources[rule.source.document].title, place=str(book.where(short)),
    )  # fmt: skip

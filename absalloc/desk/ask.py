"""The questions a desk asks: optimise, rebalance, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.compliance.check import check_books
from absalloc.compliance.result import Findings
from absalloc.desk.book import Book, Prepared, prepare
from absalloc.errors import BadInput, NotBuilt
from absalloc.mandate import LoadedMandate
from absalloc.plan.note import Note
from absalloc.rows import BookState, Scenario
from absalloc.rulebook.active import Override, full_id, resolve
from absalloc.rulebook.joint import counterpart
from absalloc.units import exact
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.desk.reported import Plan
    from absalloc.plan.make import PlanSettings

SCREEN = "desk"
"""The rulebook of what a desk never buys by default; added to every plan, switched off rule by rule."""


def optimise(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any = None,
    *,
    scenarios: Sequence[Scenario] = (),
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the best portfolio the mandate's rules allow, from what it holds (nothing by default).

    ``overrides`` maps ``RULE.limit`` to a limit with its unit (``{"originator-share.limit": "12%"}``, or 0.12).
    Raises BadInput for input that cannot be used; infeasible and stopped are answers, not errors.
    """
    settings = _settings(backend=solver, max_turnover=turnover_cap(mandate, None), time_limit=time_limit)
    return _plan(Book(universe, mandate, holdings), settings, scenarios, as_of=as_of, overrides=overrides, before=None)


def rebalance(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    before: Any = None,
    max_turnover: Fraction | float | str | None = None,
    cure: bool = False,
    scenarios: Sequence[Scenario] = (),
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the trades from ``holdings`` to the best portfolio, costs paid in cash.

    ``before`` (holdings or a Book) shows which breaches are passive: these may stay, no worse, unless
    ``cure``, which brings caps on purchases back too; without a turnover cap its trades are the least that comply.
    """
    earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
    settings = _settings(
        backend=solver, max_turnover=turnover_cap(mandate, max_turnover), cure=cure, time_limit=time_limit
    )
    book = Book(universe, mandate, holdings)
    return _plan(book, settings, scenarios, as_of=as_of, overrides=overrides, before=earlier)


def check(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    others: Sequence[Book] = (),
    before: Any = None,
    trades: Any = None,
    scenarios: Sequence[Scenario] = (),
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    readings: Mapping[str, str] | None = None,
    only_verified: bool = False,
) -> Findings:
    """Return the verdict of every rule on a book, with value, limit, headroom, article and lines.

    ``others`` are the further books that rules over several portfolios see. ``before`` (holdings or a Book) or
    ``trades`` (a file with date, tranche_id, side, face, price) tells active from passive breaches.
    Raises BadInput for input that cannot be used, InternalError where two readings of a rule disagree.
    """
    if scenarios:
        raise NotBuilt("base.not_built", value="scenarios", hint="stress scenarios")
    settings = {"as_of": as_of, "overrides": overrides, "readings": readings, "only_verified": only_verified}
    earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
    first = prepare(Book(universe, mandate, holdings), before=earlier, **settings)  # type: ignore[arg-type]
    if trades is not None:
        first = replace(first, state=before_trades(first.state, trades))
    rest = [_beside(first.state, other, overrides or {}, readings, only_verified=only_verified) for other in others]
    states = [first.state, *[item.state for item in rest]]
    findings = check_books(states)
    return Findings(
        findings,
        tuple(rule for state in states for rule in state.rules.inactive),
        first.state.as_of.isoformat(),
        tuple(state.name for state in states),
        {"universe_sha256": universe.sha256, "rulebook_sha256": first.state.rules.sha256},
        tuple(dict.fromkeys((*first.notes, *[note for item in rest for note in item.notes], *_apart(states)))),
        tuple(states),
    )


def _beside(
    first: BookState, other: Book, overrides: Mapping[str, Override], readings: Any, *, only_verified: bool
) -> Prepared:
    """Return a further book under the readings of the first, and its limits where it has the same rule."""
    shared = {}
    if overrides:
        theirs = resolve(other.mandate, first.as_of, readings=readings).active
        mine = {rule.id: rule for rule in first.rules.active}
        for name, value in overrides.items():
            rule = mine.get(full_id(first.rules.books, name.rpartition(".")[0])) if "target/" not in name else None
            match = None if rule is None else counterpart(rule, theirs)
            if match is not None:
                shared[f"{match.id}.limit"] = value
    return prepare(other, as_of=first.as_of, overrides=shared, readings=readings, only_verified=only_verified)


def _apart(states: Sequence[BookState]) -> list[Note]:
    """Say which books rules over several books do not add to the first one's: those of another manager."""
    first = states[0]
    apart = [state.name for state in states[1:] if state.mandate.manager != first.mandate.manager]
    if not apart or all(rule.scope == "portfolio" for rule in first.rules.active):
        return []
    return [Note("other_manager", book=first.name, manager=first.mandate.manager or "—", others=", ".join(apart))]


def before_trades(state: BookState, trades: Any) -> BookState:
    """Return the book with ``before`` set to what it held before ``trades`` (a path or Trades)."""
    from absalloc.universe import load_trades

    table = (load_trades(trades) if isinstance(trades, str | Path) else trades).table
    before = dict(state.held)
    for name, side, face in zip(table["tranche_id"], table["side"], table["face"], strict=True):
        change = exact(float(face)) if side == "buy" else -exact(float(face))
        before[name] = before.get(name, Fraction(0)) - change
        if before[name] < 0:
            raise BadInput("desk.trades_exceed", value=name, held=str(float(state.held.get(name, Fraction(0)))))
    return replace(state, before={name: face for name, face in before.items() if face > 0})


def _settings(**how: Any) -> PlanSettings:
    # Imported late: a check has no use for solvers, and should not wait for them.
    from absalloc.plan.make import PlanSettings

    return PlanSettings(**how)


def _plan(book: Book, settings: PlanSettings, scenarios: Sequence[Scenario], **how: Any) -> Plan:
    if scenarios:
        raise NotBuilt("base.not_built", value="scenarios", hint="stress scenarios")
    from absalloc.desk.reported import Plan
    from absalloc.plan.make import make_plan

    ready = prepare(book, extra=(SCREEN,), **how)
    state = own_terms(ready.state)
    return Plan(make_plan(state, settings), ready.notes, settings)


def own_terms(state: BookState) -> BookState:
    """Let the mandate's own least remaining term stand in for the desk's."""
    term = state.mandate.trading.min_term
    if term is None:
        return state
    name = f"{SCREEN}/minimum-term"
    rules = tuple(
        replace(r, limits=tuple(replace(item, value=term.value, unit=term.unit) for item in r.limits))
        if r.id == name
        else r
        for r in state.rules.active
    )
    return replace(state, rules=replace(state.rules, active=rules))


def turnover_cap(mandate: LoadedMandate, wanted: Fraction | float | str | None) -> Fraction | None:
    """Return the most that is traded, a share of NAV: what is wanted, else the mandate's. Raises BadInput."""
    if wanted is None:
        cap = mandate.trading.max_turnover
        return None if cap is None else Fraction(cap.value)
    if isinstance(wanted, str):
        from absalloc.units import ratio

        return ratio(wanted).value
    return exact(float(wanted)) if isinstance(wanted, float) else Fraction(wanted)

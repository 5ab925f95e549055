"""The questions a desk asks, composed of the stages: optimise, check, rebalance. No finance of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absalloc.compliance.check import check_books
from absalloc.compliance.result import Findings
from absalloc.errors import BadInput, NotBuilt
from absalloc.mandate import LoadedMandate
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.note import Note
from absalloc.plan.result import Plan
from absalloc.rows import BookState, Scenario
from absalloc.rulebook.active import resolve
from absalloc.rulebook.targets import with_targets
from absalloc.units import exact, tidy

if TYPE_CHECKING:
    from absalloc.cashflow import Valued
from absalloc.universe import Holdings, Universe, derive, load_holdings, load_list

SCREEN = "desk"
"""The rulebook of what a desk never buys by default; added to every plan, switched off rule by rule."""


@dataclass(frozen=True)
class Book:
    """What a user holds: a universe, a mandate and holdings (a file, a table, or None for nothing)."""

    universe: Universe
    mandate: LoadedMandate
    holdings: str | Path | Holdings | pd.DataFrame | None = None


@dataclass(frozen=True)
class Prepared:
    """A book made ready for its rules, and what had to be assumed on the way."""

    state: BookState
    notes: tuple[Note, ...]
    labels: Mapping[str, str | np.ndarray]


def prepare(
    book: Book,
    *,
    as_of: date | None = None,
    overrides: Mapping[str, str] | None = None,
    before: Book | None = None,
    extra: tuple[str, ...] = (),
    readings: Mapping[str, str] | None = None,
    only_verified: bool = False,
) -> Prepared:
    """Return a book valued, weighed and under its rules.

    ``as_of`` beats the mandate's day, which beats the day of the data. Raises BadInput where no day is
    given anywhere, and for holdings, lists or overrides that cannot be used.
    """
    mandate, universe = book.mandate, book.universe
    day = as_of or mandate.as_of or universe.data_date
    if day is None:
        raise BadInput("desk.no_date", where=mandate.document.where("as_of"))
    notes = _dates(day, universe)
    facts, assumed = assume_ratings(derive(universe, day), mandate)
    if assumed:
        notes.append(
            Note("rating_assumed", lines=len(assumed), grades=_assumed_text(mandate), bought=mandate.assume.buy)
        )
    valued, more = _value(facts, mandate, day)
    rules = with_targets(resolve(mandate, day, overrides=overrides, extra=extra, readings=readings), mandate, overrides)
    if only_verified:
        sure = tuple(r for r in rules.active if r.source.confidence == "text_seen")
        notes.append(Note("only_verified", left_out=len(rules.active) - len(sure)))
        rules = replace(rules, active=sure)
    if any(_reads(rule, "trading_days_to_maturity") for rule in rules.active):
        from absalloc.universe.calendar import with_trading_days

        valued = with_trading_days(valued, day)
    holdings = read_holdings(book.holdings)
    state = BookState(mandate, rules, valued, day, {}, lists=_lists(mandate), assumed=assumed)
    held, book_value, since = _held(state, holdings)
    earlier = None if before is None else _held(state, read_holdings(before.holdings))[0]
    state = replace(state, held=held, before=earlier, book_value=book_value, breach_since=since)
    notes += more + _holding_notes(state)
    return Prepared(state, tuple(notes), valued.labels)


def optimise(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any = None,
    *,
    scenarios: Sequence[Scenario] = (),
    as_of: date | None = None,
    overrides: Mapping[str, str] | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the best portfolio the mandate's rules allow, from what it holds (nothing by default).

    ``overrides`` maps ``RULE.limit`` to a quantity with its unit (``{"originator-share.limit": "12%"}``).
    Raises BadInput for input that cannot be used; infeasible and stopped are answers, not errors.
    """
    settings = PlanSettings(backend=solver, max_turnover=_turnover(mandate, None), time_limit=time_limit)
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
    overrides: Mapping[str, str] | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the trades from ``holdings`` to the best portfolio, costs paid in cash.

    ``before`` (holdings or a Book) shows which breaches are passive: these may stay, no worse, unless
    ``cure``. With ``cure`` and no turnover cap the trades are the least that comply.
    """
    earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
    settings = PlanSettings(
        backend=solver, max_turnover=_turnover(mandate, max_turnover), cure=cure, time_limit=time_limit
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
    overrides: Mapping[str, str] | None = None,
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
    rest = [prepare(other, as_of=first.state.as_of) for other in others]
    states = [first.state, *[item.state for item in rest]]
    findings = check_books(states)
    return Findings(
        findings,
        tuple(rule for state in states for rule in state.rules.inactive),
        first.state.as_of.isoformat(),
        tuple(state.name for state in states),
        {"universe_sha256": universe.sha256, "rulebook_sha256": first.state.rules.sha256},
        (*first.notes, *[note for item in rest for note in item.notes]),
    )


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


def _plan(book: Book, settings: PlanSettings, scenarios: Sequence[Scenario], **how: Any) -> Plan:
    if scenarios:
        raise NotBuilt("base.not_built", value="scenarios", hint="stress scenarios")
    ready = prepare(book, extra=(SCREEN,), **how)
    state = _own_terms(ready.state)
    return Plan(make_plan(state, settings), ready.notes, settings)


def _own_terms(state: BookState) -> BookState:
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


def _turnover(mandate: LoadedMandate, wanted: Fraction | float | str | None) -> Fraction | None:
    if wanted is None:
        cap = mandate.trading.max_turnover
        return None if cap is None else Fraction(cap.value)
    if isinstance(wanted, str):
        from absalloc.units import ratio

        return ratio(wanted).value
    return exact(float(wanted)) if isinstance(wanted, float) else Fraction(wanted)


def _dates(day: date, universe: Universe) -> list[Note]:
    if universe.data_date is not None and universe.data_date != day:
        return [Note("data_date", day=day, data=universe.data_date)]
    return []


def assume_ratings(universe: Universe, mandate: LoadedMandate) -> tuple[Universe, frozenset[str]]:
    """Return the universe with the mandate's assumed ratings on ABS lines that have none, and which lines these are."""
    wanted = mandate.assume.rating
    if not wanted:
        return universe, frozenset()
    table = universe.table
    rated = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        if name.startswith("rating.") or name == "implied_rating":
            rated |= np.array([bool(value) for value in table[name]], dtype=bool)
    grades = np.array([wanted.get(s) for s in table["seniority"]], dtype=object)
    take = ~rated & np.array([grade is not None for grade in grades], dtype=bool)
    old = table["rating.any"] if "rating.any" in table.columns else pd.Series([None] * len(table), dtype=object)
    values = old.to_numpy(dtype=object).copy()
    values[take] = grades[take]
    label = np.full(len(table), "missing", dtype=object)
    given = universe.labels.get("rating.any")
    label[:] = given if given is not None else "missing"
    label[take] = "assumed"
    filled = universe.replace(
        table=table.assign(**{"rating.any": pd.Series(values, dtype=object)}),
        labels={**universe.labels, "rating.any": label},
    )
    return filled, frozenset(table["tranche_id"][take])


def _assumed_text(mandate: LoadedMandate) -> str:
    return ", ".join(f"{seniority} {grade}" for seniority, grade in mandate.assume.rating.items())


def _value(universe: Universe, mandate: LoadedMandate, day: date) -> tuple[Universe, list[Note]]:
    from absalloc.capital import weigh
    from absalloc.cashflow import load_curves, value_universe

    curves = load_curves(mandate.path(mandate.curves), as_of=day) if mandate.curves else None
    valued = value_universe(universe, day, curves=curves)
    notes: list[Note] = []
    sources, counts = np.unique([s or "none" for s in valued.yield_source], return_counts=True)
    found = {str(s): int(c) for s, c in zip(sources, counts, strict=True)}
    for source in ("model", "primary", "coupon", "none"):
        if found.get(source):
            notes.append(Note(f"yield_{source}", lines=found[source]))
    result = valued.universe
    if mandate.objective.kind == "horizon_income":
        result = _with_horizon(valued, mandate)
    return weigh(result, day, regime=mandate.capital.regime), notes


def _with_horizon(valued: Valued, mandate: LoadedMandate) -> Universe:
    from absalloc.cashflow import horizon_rate

    wanted = mandate.objective
    if wanted.reinvest_rate is None:
        raise BadInput("plan.capital_key", where=mandate.document.where("objective"), value="objective.reinvest_rate")
    rates = horizon_rate(valued, wanted.horizon_months, float(wanted.reinvest_rate.value))
    table = valued.universe.table.assign(horizon_rate=[tidy(rate, 10) if rate == rate else rate for rate in rates])
    return valued.universe.replace(table=table, labels={**valued.universe.labels, "horizon_rate": "derived"})


def _reads(rule: Any, column: str) -> bool:
    from absalloc.predicate import columns_of

    parts = [rule.where, rule.require, *[where for _, where in rule.exceptions], *rule.sets.values()]
    return any(column in columns_of(part) for part in parts if part is not None)


def _lists(mandate: LoadedMandate) -> dict[str, pd.DataFrame]:
    return {name: load_list(mandate.path(path)) for name, path in mandate.reference.items()}


def read_holdings(holdings: Any) -> Holdings | pd.DataFrame | None:
    """Return holdings of a path, a Holdings or a table with ``tranche_id`` and ``face`` or ``market_value``."""
    return load_holdings(holdings) if isinstance(holdings, str | Path) else holdings


def _held(
    state: BookState, holdings: Holdings | pd.DataFrame | None
) -> tuple[dict[str, Fraction], dict[str, Fraction], dict[str, date]]:
    """Return the exact face, book value and start of breach per line held."""
    held: dict[str, Fraction] = {}
    values: dict[str, Fraction] = {}
    since: dict[str, date] = {}
    if holdings is None:
        return held, values, since
    table = holdings if isinstance(holdings, pd.DataFrame) else holdings.table
    for record in table.to_dict("records"):
        name = str(record["tranche_id"])
        face = _exact_face(state, name, record)
        if face == 0:
            continue
        held[name] = face
        if _number(record.get("book_value")) is not None:
            values[name] = exact(float(record["book_value"]))
        start = record.get("breach_since")
        if start is not None and not pd.isna(start):
            since[name] = pd.Timestamp(start).date()
    return held, values, since


def _exact_face(state: BookState, name: str, record: Mapping[Any, Any]) -> Fraction:
    face = _number(record.get("face"))
    if face is not None:
        return exact(face)
    worth = exact(float(record["market_value"]))
    low, high = state.unit("market_value", state.index.get(name))
    if low == high and low > 0:
        return worth / low
    # A market value with no price to divide by: taken at par, so that the line still counts.
    return worth


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _holding_notes(state: BookState) -> list[Note]:
    outside = [name for name in state.held if name not in state.index]
    return [Note("outside_universe", lines=len(outside), names=", ".join(outside[:5]))] if outside else []

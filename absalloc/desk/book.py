"""A book made ready for its rules: facts derived, valued and weighed, rules resolved, holdings exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.mandate.calendar import trading_calendar
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.rulebook.active import Override, Rules, resolve
from absalloc.rulebook.limits_set import limits_set
from absalloc.rulebook.soft import softened
from absalloc.rulebook.targets import with_targets
from absalloc.rulebook.verified import only_verified as verified_only
from absalloc.units import exact, tidy

if TYPE_CHECKING:
    from absalloc.cashflow import Valued
from absalloc.terms import LIABILITY_PRODUCTS
from absalloc.universe import Holdings, Source, Universe, derive, load_holdings, load_list

SCREEN = "desk"
"""The rulebook of what a desk never buys by default; added to every plan, switched off rule by rule."""
NAV_TOLERANCE = 1000
"""Yuan by which assets less repo may differ from NAV before it is said."""


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
    overrides: Mapping[str, Override] | None = None,
    before: Book | None = None,
    extra: tuple[str, ...] = (),
    readings: Mapping[str, str] | None = None,
    only_verified: bool = False,
    rules_day: date | None = None,
) -> Prepared:
    """Return a book valued, weighed and under its rules.

    ``as_of`` beats the mandate's day, which beats the day of the data. ``rules_day`` is the day whose rules and
    risk weights hold, by default the same. Raises BadInput where no day is
    given anywhere, and for holdings, lists or overrides that cannot be used.
    """
    mandate, universe = book.mandate, book.universe
    day = as_of or mandate.as_of or universe.data_date
    if day is None:
        raise BadInput("desk.no_date", where=mandate.document.where("as_of"))
    notes = [*_dates(day, universe), *_universe_notes(universe)]
    facts, assumed = assume_ratings(derive(universe, day), mandate)
    if assumed:
        notes.append(
            Note("rating_assumed", lines=len(assumed), grades=_assumed_text(mandate), bought=mandate.assume.buy)
        )
    law = rules_day or day
    how: dict[str, Any] = {"extra": extra, "readings": readings}
    rules = _rules(mandate, law, overrides, how)
    if overrides:
        written = _rules(mandate, law, None, how)
        notes[:0] = [Note("limit_set", **found) for found in limits_set(rules, written)]
    rules = softened(rules, mandate)
    valued, more = _value(facts, mandate, day, law)
    notes += [Note("after_verified", **found) for found in rules.warnings]
    if only_verified:
        rules, names = verified_only(rules, overrides or ())
        notes.append(Note("only_verified", left_out=len(names), rules=", ".join(names) or "–"))
    if any(_reads(rule, "trading_days_to_maturity") for rule in rules.active):
        from absalloc.universe.calendar import with_trading_days

        valued = with_trading_days(valued, day, trading_calendar(mandate))
    holdings = read_holdings(book.holdings)
    state = BookState(mandate, rules, valued, day, {}, lists=_lists(mandate), assumed=assumed)
    held, book_value, since = _held(state, holdings)
    earlier, more_files = _held_before(state, before, book)
    files = (*_files(holdings), *more_files)
    state = replace(state, held=held, before=earlier, book_value=book_value, breach_since=since, files=files)
    notes += more + _holding_notes(state)
    return Prepared(state, tuple(notes), valued.labels)


def _rules(
    mandate: LoadedMandate, law: date, overrides: Mapping[str, Override] | None, how: Mapping[str, Any]
) -> Rules:
    rules = with_targets(resolve(mandate, law, overrides=overrides, **how), mandate, overrides)
    return own_terms(rules, mandate, overrides or ())


def own_terms(rules: Rules, mandate: LoadedMandate, overridden: Iterable[str]) -> Rules:
    """Let the mandate's own least remaining term stand in for the desk's, where none is set for this run."""
    term, name = mandate.trading.min_term, f"{SCREEN}/minimum-term"
    if term is None or {f"{name}.limit", f"{name.partition('/')[2]}.limit"}.intersection(overridden):
        return rules
    active = tuple(
        replace(r, limits=tuple(replace(item, value=term.value, unit=term.unit) for item in r.limits))
        if r.id == name
        else r
        for r in rules.active
    )
    return replace(rules, active=active)


def _dates(day: date, universe: Universe) -> list[Note]:
    if universe.data_date is not None and universe.data_date != day:
        return [Note("data_date", day=day, data=universe.data_date)]
    return []


def _universe_notes(universe: Universe) -> list[Note]:
    """Say how many things in the files were wrong: an answer never looks as if it had seen rows that were left out."""
    if not universe.failures:
        return []
    dropped = sum(1 for failure in universe.failures if not failure.kept)
    return [Note("universe_failures", failures=len(universe.failures), dropped=dropped)]


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


def _value(universe: Universe, mandate: LoadedMandate, day: date, law: date) -> tuple[Universe, list[Note]]:
    from absalloc.capital import weigh
    from absalloc.capital.tables import regime_at
    from absalloc.cashflow import load_curves, value_universe

    curves = load_curves(mandate.path(mandate.curves), as_of=day) if mandate.curves else None
    valued = value_universe(universe, day, curves=curves)
    notes: list[Note] = []
    known = np.isfinite(valued.yield_)
    named = [s or ("unsaid" if ok else "none") for s, ok in zip(valued.yield_source, known, strict=True)]
    sources, counts = np.unique(named, return_counts=True)
    found = {str(s): int(c) for s, c in zip(sources, counts, strict=True)}
    for source in ("model", "primary", "coupon", "unsaid", "none"):
        if found.get(source):
            notes.append(Note(f"yield_{source}", lines=found[source]))
    result = valued.universe
    if mandate.objective.kind == "horizon_income":
        result = _with_horizon(valued, mandate)
    return weigh(result, day, regime=regime_at(law, mandate.capital.regime), choices=mandate.capital.choices), notes


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


def _held_before(
    state: BookState, before: Book | None, book: Book
) -> tuple[dict[str, Fraction] | None, tuple[Source, ...]]:
    """Return the face held before and its file; market values are divided by the prices of the day they are of."""
    if before is None:
        return None, ()
    holdings = read_holdings(before.holdings)
    if before.universe is book.universe:
        return _held(state, holdings)[0], _files(holdings)
    return dict(prepare(replace(before, holdings=holdings)).state.held), _files(holdings)


def _files(holdings: Holdings | pd.DataFrame | None) -> tuple[Source, ...]:
    return (holdings.source,) if isinstance(holdings, Holdings) else ()


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
    notes = [Note("outside_universe", lines=len(outside), names=", ".join(outside[:5]))] if outside else []
    nav = state.mandate.amount("nav")
    if nav is None or not state.held or outside:
        return notes
    total = Fraction(0)
    for name, face in state.held.items():
        row = state.index[name]
        low, high = state.unit("market_value", row)
        if low != high:
            return notes
        total += -face * low if state.product[row] in LIABILITY_PRODUCTS else face * low
    if abs(total - nav) > NAV_TOLERANCE:
        words = {
            "total": round(float(total), 2),
            "nav": round(float(nav), 2),
            "difference": round(float(nav - total), 2),
        }
        notes.append(Note("nav_differs", **words))
    return notes

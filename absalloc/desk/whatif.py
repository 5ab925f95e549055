"""What if, for a desk: a book kept warm, asked in the words of a mandate, answered at once and then by a plan."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absalloc.desk.book import Book
from absalloc.desk.studies import Case, planning
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.rulebook.active import Override
from absalloc.terms import UNIT_PRICE_PRODUCTS
from absalloc.units import exact, quantity
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.desk.reported import Plan
    from absalloc.explain.standing import Moved
    from absalloc.explain.whatif import Live, Session, Versions

Number = float | int | str | Fraction


@dataclass(frozen=True)
class Changes:
    """What differs from the book as given; nothing by default. All of it is said anew with each question.

    ``limits``: ``RULE`` or ``RULE.max``, ``RULE.min`` (targets are rules: ``target/duration.max``) to a limit with its
    unit (``"12%"``) or a number in the rule's own. ``off``: rules left out. ``yields``: tranche to the annual yield it
    earns, its price, life and spread as they are. ``prices``: tranche to a clean price per 100 of remaining face; what
    follows from a price is valued again. ``supply``: tranche to the most face that may be bought, 0 for none.
    ``nav``: the net asset value, yuan.
    """

    limits: Mapping[str, Number] = field(default_factory=dict)
    off: Iterable[str] = ()
    yields: Mapping[str, Number] = field(default_factory=dict)
    prices: Mapping[str, Number] = field(default_factory=dict)
    supply: Mapping[str, Number] = field(default_factory=dict)
    nav: Number | None = None


class WhatIf:
    """A book kept warm for questions. Safe for several threads; two of them share nothing.

    >>> desk = aa.WhatIf(universe, mandate)                                     # doctest: +SKIP
    >>> live = desk.ask(aa.Changes(limits={"originator-share": "12%"}))         # doctest: +SKIP
    >>> live.gain, live.binding, live.changed                                   # doctest: +SKIP
    >>> plan = desk.plan(aa.Changes(limits={"originator-share": "12%"}))        # doctest: +SKIP

    Raises BadInput as ``optimise`` does.
    """

    def __init__(
        self,
        universe: Universe,
        mandate: LoadedMandate,
        holdings: Any = None,
        *,
        as_of: date | None = None,
        overrides: Mapping[str, Override] | None = None,
        time_limit: float | None = None,
        max_turnover: Fraction | float | str | None = None,
    ) -> None:
        self._how: dict[str, Any] = {
            "as_of": as_of, "overrides": overrides, "time_limit": time_limit, "max_turnover": max_turnover
        }  # fmt: skip
        self._book = Book(universe, mandate, holdings)
        self._case = self._prepared(self._book)
        self._lock, self._versions = threading.Lock(), _versions()
        self._first = self._current = self._session(self._case)
        self._key: tuple[Any, ...] = ((), None)
        self._pinned: Live | None = None

    @property
    def case(self) -> Case:
        """The book as ``optimise`` sees it, and what was assumed."""
        return self._case

    @property
    def latest(self) -> int:
        """The version of the newest question."""
        return self._versions.latest

    def ask(self, changes: Changes | None = None, *, version: int | None = None, every: bool = False) -> Live:
        """Return the proven answer of the LP relaxation under ``changes``, compared with the pinned one.

        ``version`` rises from question to question; of those that wait, only the newest is solved, the others come back
        ``superseded``. ``every``: readings of all rules, not only of those whose limits moved. Limits, rules, yields
        and supply take about a millisecond; prices and NAV value the book again first.
        Raises BadInput for an unknown rule or line, a limit without its unit, and a number that is none.
        """
        wanted = changes or Changes()
        moved = self._moved(wanted)
        number = self._versions.next(version)
        return self._at(wanted).ask(moved, version=number, every=every)

    def pin(self, changes: Changes | None = None) -> Live:
        """Answer ``changes`` and compare all later answers with it; the book as given, where none are given."""
        found = self.ask(changes)
        with self._lock:
            self._pinned = found
            for session in {id(s): s for s in (self._first, self._current)}.values():
                session.pin(found)
        return found

    def plan(
        self, changes: Changes | None = None, *, time_limit: float | None = None, gap: float | None = None
    ) -> Plan:
        """Return the plan under ``changes`` that ``optimise`` would make: whole lots, re-checked exactly, with proof.

        It runs beside questions; ``time_limit`` in seconds and the relative ``gap`` replace those of the book.
        """
        from absalloc.desk.reported import Plan

        wanted = changes or Changes()
        moved = self._moved(wanted)
        session = self._at(wanted)
        settings = session.settings
        settings = settings if time_limit is None else replace(settings, time_limit=time_limit)
        settings = settings if gap is None else replace(settings, mip_gap=gap)
        return Plan(session.plan(moved, settings), self._case.notes, settings, None, session.state(moved), moved.supply)

    def _moved(self, wanted: Changes) -> Moved:
        from absalloc.explain.standing import Moved

        model = self._first.given
        limits = {}
        for name, value in wanted.limits.items():
            rule, sense, limit = self._limit(name, value)
            limits[rule, sense] = limit
        off = frozenset(model.rule(name).id for name in wanted.off)
        for name in (*wanted.yields, *wanted.supply, *wanted.prices):
            if name not in model.state.index:
                raise BadInput("explain.unknown_tranche", value=name, choices=model.positions.ids)
        yields = {name: _number(value, "ratio", f"yields.{name}") for name, value in wanted.yields.items()}
        supply = {name: _number(value, "yuan", f"supply.{name}") for name, value in wanted.supply.items()}
        for name, face in supply.items():
            if face < 0:
                raise BadInput("explain.not_positive", value=f"{name} {face}")
        if yields and model.objective.kind == "horizon_income":
            raise BadInput("explain.yield_horizon", value=", ".join(yields))
        return Moved(limits, off, yields, supply)

    def _limit(self, name: str, value: Number) -> tuple[str, str, Fraction]:
        model = self._first.given
        head, dot, sense = name.rpartition(".")
        named = dot and sense in ("max", "min", "limit")
        rule = model.rule(head if named else name)
        open_ = [x for x in rule.limits if x.value is not None and rule.kind != "eligibility"]
        fit = [x for x in open_ if not named or sense in ("limit", x.sense)]
        if len(fit) != 1:
            raise BadInput("explain.no_limit", value=name, choices=[f"{rule.id}.{x.sense}" for x in open_])
        limit = exact_number(value, fit[0].unit, rule.id)
        if limit < 0:
            raise BadInput("explain.not_positive", value=f"{name} {value}")
        return rule.id, fit[0].sense, limit

    def _at(self, wanted: Changes) -> Session:
        """Return the session of the prices and NAV asked for: that of the book, or one made for them and kept."""
        prices = tuple(sorted((n, _number(v, "price", f"prices.{n}")) for n, v in wanted.prices.items()))
        nav = None if wanted.nav is None else exact_number(wanted.nav, "yuan", "nav")
        key = (prices, nav)
        if key == ((), None):
            return self._first
        with self._lock:
            if key != self._key:
                book = self._book
                if prices:
                    book = replace(book, universe=priced(book.universe, dict(prices)))
                if nav is not None:
                    book = replace(book, mandate=with_nav(book.mandate, nav))
                self._current = self._session(self._prepared(book))
                self._current.pin(self._pinned or self._first.pinned())
                self._key = key
            return self._current

    def _prepared(self, book: Book) -> Case:
        return planning(book, **self._how)

    def _session(self, case: Case) -> Session:
        from absalloc.explain.whatif import Session

        return Session(case.state, case.settings, self._versions)


def _versions() -> Versions:
    from absalloc.explain.whatif import Versions

    return Versions()


def priced(universe: Universe, prices: Mapping[str, float]) -> Universe:
    """Return the universe with clean prices per 100 of remaining face; the yields of these lines follow from them."""
    table, index = universe.table, universe.index()
    price, rate = (np.asarray(table[name], dtype=float).copy() for name in ("clean_price", "yield"))
    for name, value in prices.items():
        if not 0 < value <= 1000:
            raise BadInput("explain.price_range", value=value, line=name)
        if table["product"][index[name]] in UNIT_PRICE_PRODUCTS:
            raise BadInput("explain.price_flat", value=name)
        # A yield of the file would win over the price.
        price[index[name]], rate[index[name]] = value, np.nan
    return universe.replace(
        table=table.assign(**{"clean_price": pd.Series(price, dtype=float), "yield": pd.Series(rate, dtype=float)})
    )


def with_nav(mandate: LoadedMandate, nav: Fraction) -> LoadedMandate:
    """Return the mandate with another net asset value. Raises BadInput where it has none, or it is not above nil."""
    if nav <= 0:
        raise BadInput("explain.not_positive", value=f"nav {nav}")
    if "nav" not in mandate.amounts:
        raise BadInput("explain.no_nav", value=mandate.name)
    amounts = {**mandate.amounts, "nav": mandate.amounts["nav"].model_copy(update={"value": nav})}
    return replace(mandate, model=mandate.model.model_copy(update={"amounts": amounts}))


def exact_number(value: Number, unit: str, name: str) -> Fraction:
    """Return a quantity with its unit, or a number in ``unit``. Raises BadInput for another unit, NaN and infinity."""
    if isinstance(value, str) and unit != "price":
        found = quantity(value)
        if found.unit != unit:
            raise BadInput("rulebook.limit_unit", value=value, rule=name, expected=unit)
        return found.value
    try:
        return exact(value) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, TypeError, ArithmeticError) as error:
        raise BadInput("explain.not_a_number", value=value, name=name) from error


def _number(value: Number, unit: str, name: str) -> float:
    return float(exact_number(value, unit, name))

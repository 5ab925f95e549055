"""What if, for a desk: a book kept warm, asked in the words of a mandate, answered at once and then by a plan."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from absalloc.desk.book import Book, prepare
from absalloc.desk.changes import (
    Changes,
    as_number,
    exact_number,
    moved_limit,
    moved_rules,
    priced,
    with_nav,
)
from absalloc.desk.run_notes import Asked, run_notes
from absalloc.desk.studies import Case, planning, stressed
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate, with_keys
from absalloc.universe import Universe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absalloc.desk.reported import Plan
    from absalloc.desk.studied import StressedBook
    from absalloc.explain.live import Live
    from absalloc.explain.standing import Moved
    from absalloc.explain.whatif import Session, Versions
    from absalloc.rows import BookState
    from absalloc.rulebook.active import Override

_NOTHING: tuple[Any, ...] = ((), None, "[]")
"""What a session is made for: no other prices, no other NAV, no other key of the mandate."""


class _Made(NamedTuple):
    case: Case
    session: Session


class WhatIf:
    """A book kept warm for questions. Safe for several threads; two of them share nothing.

    >>> desk = aa.WhatIf(universe, mandate)                                     # doctest: +SKIP
    >>> live = desk.ask(aa.Changes(limits={"originator-share": "12%"}))         # doctest: +SKIP
    >>> live.gain, live.binding, live.changed                                   # doctest: +SKIP
    >>> plan = desk.plan(aa.Changes(limits={"originator-share": "12%"}))        # doctest: +SKIP

    With ``holdings`` each answer is a trade from there, costs paid and ``max_turnover`` kept; ``before`` shows which
    breaches are passive. Both as for ``rebalance``. Raises BadInput as that does.
    """

    def __init__(
        self,
        universe: Universe,
        mandate: LoadedMandate,
        holdings: Any = None,
        *,
        before: Any = None,
        as_of: date | None = None,
        overrides: Mapping[str, Override] | None = None,
        time_limit: float | None = None,
        max_turnover: Fraction | float | str | None = None,
    ) -> None:
        earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
        self._law: dict[str, Any] = {"as_of": as_of, "overrides": overrides}
        self._how: dict[str, Any] = {
            **self._law, "time_limit": time_limit, "max_turnover": max_turnover, "before": earlier
        }  # fmt: skip
        self._book = Book(universe, mandate, holdings)
        self._lock, self._versions = threading.Lock(), _versions()
        self._first = self._current = self._make(self._book)
        self._key = _NOTHING
        self._pinned: Live | None = None

    @property
    def case(self) -> Case:
        """The book as ``optimise`` sees it, and what was assumed."""
        return self._first.case

    @property
    def latest(self) -> int:
        """The version of the newest question."""
        return self._versions.latest

    def ask(self, changes: Changes | None = None, *, version: int | None = None, every: bool = False) -> Live:
        """Return the proven answer of the LP relaxation under ``changes``, compared with the pinned one.

        ``version`` rises from question to question; of those that wait, only the newest is solved, the others come back
        ``superseded``. ``every``: readings of all rules, not only of those whose limits moved. Limits, rules, yields
        and supply take about a millisecond; prices, NAV and the mandate's keys value the book again first.
        Raises BadInput for an unknown rule or line, a limit without its unit, and a number that is none.
        """
        wanted = changes or Changes()
        number = self._versions.next(version)
        made = self._at(wanted, number)
        if made is None:
            from absalloc.explain.live import Live

            return Live(number, "superseded")
        return made.session.ask(_moved(made.session, wanted), version=number, every=every)

    @property
    def pinned(self) -> bool:
        """Whether an answer was pinned; else answers are compared with the book as given."""
        return self._pinned is not None

    def pin(self, changes: Changes | None = None) -> Live:
        """Answer ``changes`` and compare all later answers with it; the book as given, where none are given."""
        found = self.ask(changes, version=self.latest)
        while found.status == "superseded":
            found = self.ask(changes, version=self.latest)
        with self._lock:
            self._pinned = found
            for made in (self._first, self._current):
                made.session.pin(found)
        return found

    def plan(
        self, changes: Changes | None = None, *, time_limit: float | None = None, gap: float | None = None
    ) -> Plan:
        """Return the plan under ``changes`` that ``optimise`` would make: whole lots, re-checked exactly, with proof.

        It runs beside questions; ``time_limit`` in seconds and the relative ``gap`` replace those of the book.
        """
        from absalloc.desk.reported import Plan

        wanted = changes or Changes()
        session = self._of(wanted).session
        moved, asked = _moved(session, wanted), self.asked(wanted)
        settings = asked.settings
        settings = settings if time_limit is None else replace(settings, time_limit=time_limit)
        settings = settings if gap is None else replace(settings, mip_gap=gap)
        return Plan(session.plan(moved, settings), asked.notes, settings, None, asked.state, moved.supply)

    def asked(self, changes: Changes | None = None) -> Asked:
        """Return the book under ``changes`` for ``absalloc.explain``: ``prices(a.state, a.settings, supply=a.supply)``.

        Raises BadInput as ``ask`` does.
        """
        wanted = changes or Changes()
        case, session = self._of(wanted)
        moved = _moved(session, wanted)
        state = session.state(moved)
        changed = run_notes(self.case.state, state, wanted, moved)
        return Asked(state, session.settings, moved.supply, changed, (*changed, *case.notes))

    def mandate(self, changes: Changes) -> LoadedMandate:
        """Return the mandate under ``changes``. Raises BadInput for a key or a value it cannot have."""
        found = self._book.mandate
        found = with_keys(found, changes.mandate) if changes.mandate else found
        return found if changes.nav is None else with_nav(found, exact_number(changes.nav, "yuan", "nav"))

    def case_of(self, changes: Changes) -> Case:
        """Return the book under the prices, NAV and keys of ``changes``, its limits and rules as written."""
        return self._of(changes).case

    def state(self, changes: Changes) -> BookState:
        """Return the book under ``changes``; supply apart, which no state has. Raises BadInput as ``ask`` does."""
        session = self._of(changes).session
        return session.state(_moved(session, changes))

    def stress(
        self, scenarios: Any, changes: Changes | None = None, *, version: int | None = None
    ) -> StressedBook | None:
        """Return the answer under ``changes`` after each scenario, held to the limits and rules of ``changes``.

        None where there is no answer, or a newer question than ``version`` came. Raises BadInput as ``stress_test``.
        """
        wanted = changes or Changes()
        live = self.ask(wanted, version=version)
        if live.value is None:
            return None
        return self.stress_held(scenarios, live.holdings, wanted)

    def stress_held(self, scenarios: Any, held: Mapping[str, float], changes: Changes | None = None) -> StressedBook:
        """Return holdings (yuan of face) after each scenario, held to the limits and rules of ``changes``."""
        wanted = changes or Changes()
        moved = _moved(self._of(wanted).session, wanted)
        table = pd.DataFrame({"tranche_id": list(held), "face": [round(x, 2) for x in held.values()]})
        ready = prepare(replace(self._changed(wanted), holdings=table), **self._law)
        rules = replace(ready.state.rules, active=tuple(moved_rules(ready.state.rules.active, moved)))
        return stressed([replace(ready, state=replace(ready.state, rules=rules))], scenarios)

    def _of(self, wanted: Changes) -> _Made:
        found = self._at(wanted, None)
        assert found is not None
        return found

    def _at(self, wanted: Changes, number: int | None) -> _Made | None:
        """Return what stands for the prices, NAV and keys asked for: that of the book, or one made for them and kept.

        None where a newer question than ``number`` has come while this one waited: nothing is made for it.
        """
        prices = tuple(sorted((n, as_number(v, "price", f"prices.{n}")) for n, v in wanted.prices.items()))
        nav = None if wanted.nav is None else exact_number(wanted.nav, "yuan", "nav")
        key = (prices, nav, repr(sorted(wanted.mandate.items())))
        if key == _NOTHING:
            return self._first
        with self._lock:
            if number is not None and number < self._versions.latest:
                return None
            if key != self._key:
                made = self._make(self._changed(wanted))
                made.session.pin(self._pinned or self._first.session.pinned())
                self._current, self._key = made, key
            return self._current

    def _changed(self, wanted: Changes) -> Book:
        """Return the book at the prices of ``wanted`` and under its mandate."""
        book = replace(self._book, mandate=self.mandate(wanted))
        if not wanted.prices:
            return book
        prices = {name: as_number(value, "price", f"prices.{name}") for name, value in wanted.prices.items()}
        return replace(book, universe=priced(book.universe, prices))

    def _make(self, book: Book) -> _Made:
        from absalloc.explain.whatif import Session

        case = planning(book, **self._how)
        return _Made(case, Session(case.state, case.settings, self._versions))


def _moved(session: Session, wanted: Changes) -> Moved:
    from absalloc.explain.standing import Moved

    model = session.given
    limits = {}
    for name, value in wanted.limits.items():
        rule, sense, limit = moved_limit(model, name, value)
        limits[rule, sense] = limit
    off = frozenset(model.rule(name).id for name in wanted.off)
    for name in (*wanted.yields, *wanted.supply, *wanted.prices):
        if name not in model.state.index:
            raise BadInput("explain.unknown_tranche", value=name, choices=model.positions.ids)
    yields = {name: as_number(value, "ratio", f"yields.{name}") for name, value in wanted.yields.items()}
    supply = {name: as_number(value, "yuan", f"supply.{name}") for name, value in wanted.supply.items()}
    for name, face in supply.items():
        if face < 0:
            raise BadInput("explain.not_positive", value=f"{name} {face}")
    if yields and model.objective.kind == "horizon_income":
        raise BadInput("explain.yield_horizon", value=", ".join(yields))
    return Moved(limits, off, yields, supply)


def _versions() -> Versions:
    from absalloc.explain.whatif import Versions

    return Versions()

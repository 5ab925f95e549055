"""The question whether a book complies: this book, further books, the book before and the trades between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from absalloc.compliance.between import Between, between
from absalloc.compliance.check import check_books
from absalloc.compliance.many import ManyChecker, ManyFindings
from absalloc.compliance.result import Findings
from absalloc.compliance.shocked import check_shocked
from absalloc.desk.book import Book, Prepared, prepare
from absalloc.desk.scenarios import row_scenarios, scenario_notes
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.plan.note import Note
from absalloc.plan.weights import weight_notes
from absalloc.rows import BookState
from absalloc.rulebook.active import Override, full_id, resolve
from absalloc.rulebook.joint import counterpart
from absalloc.units import exact
from absalloc.universe import Universe
from absalloc.where import Where

Prepare = Callable[[Book, date], Prepared]
NAMED = 5
"""How many lines a note names."""


def check(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    others: Sequence[Book] = (),
    before: Any = None,
    trades: Any = None,
    scenarios: Any = (),
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    readings: Mapping[str, str] | None = None,
    only_verified: bool = False,
    moves: bool = False,
) -> Findings:
    """Return the verdict of every rule on a book, with value, limit, headroom, article and lines.

    ``others`` are the further books that rules over several portfolios see. ``before`` (holdings or a Book) and
    ``trades`` (a file with date, tranche_id, side, face, price) tell active from passive breaches: the ratios beyond
    their limit, with ``moves`` all, are split by what moved them. Either alone will do: without trades every change
    of face is one, without the book before there were only the trades. ``scenarios`` (shipped names, paths, Scenarios):
    the findings in each of them stand behind those of today, marked with its name, and count.
    Raises BadInput for input that cannot be used, InternalError where two readings of a rule disagree.
    """
    book = Book(universe, mandate, holdings)
    how: dict[str, Any] = {"readings": readings, "only_verified": only_verified}
    first = prepare(book, as_of=as_of, overrides=overrides, **how)
    rest = [beside(first.state, other, first.state.as_of, overrides or {}, **how) for other in others]
    table = None if trades is None else _trades(trades)
    earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
    way = _way(first.state, book, earlier, table, lambda e, day: beside(first.state, e, day, overrides or {}, **how))
    if way is not None:
        first = replace(first, state=way.after)
    states = [first.state, *[item.state for item in rest]]
    notes = [
        *first.notes,
        *[note for item in rest for note in item.notes],
        *_apart(states),
        *_unexplained(way),
        *_unpriced(way),
        *weight_notes(states),
    ]
    shocks = row_scenarios(states, scenarios)
    notes += scenario_notes(states, shocks)
    shocked = [item for shock in shocks for item in check_shocked(states, shock)]
    return Findings(
        (*check_books(states, way=way, every=moves), *shocked),
        tuple(rule for state in states for rule in state.rules.inactive),
        first.state.as_of.isoformat(),
        tuple(state.name for state in states),
        {"universe_sha256": universe.sha256, "rulebook_sha256": first.state.rules.sha256},
        tuple(dict.fromkeys(notes)),
        tuple(states),
    )


def check_many(
    universe: Universe,
    mandate: LoadedMandate,
    portfolios: Any,
    *,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    readings: Mapping[str, str] | None = None,
) -> ManyFindings:
    """Return the verdicts of many portfolios under the rules of one mandate, each as if it were the book.

    ``portfolios``: a table with ``portfolio``, ``tranche_id`` and ``face`` (yuan), or a matrix of faces, shape
    (portfolios, lines of the universe). Amounts (NAV …) are the mandate's for all. Floats decide where a bound on
    their rounding proves the verdict, the exact checker elsewhere. Raises BadInput as ``check`` does.
    """
    return many_checker(universe, mandate, as_of=as_of, overrides=overrides, readings=readings).check(portfolios)


def many_checker(
    universe: Universe,
    mandate: LoadedMandate,
    *,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    readings: Mapping[str, str] | None = None,
) -> ManyChecker:
    """Return the rules of a mandate compiled once, for any number of calls of its ``check``. Raises BadInput."""
    ready = prepare(Book(universe, mandate), as_of=as_of, overrides=overrides, readings=readings)
    return ManyChecker(ready.state)


def _trades(trades: Any) -> Any:
    """Return the table of a path, of Trades, or a table."""
    from absalloc.universe import load_trades

    read = load_trades(trades) if isinstance(trades, str | Path) else trades
    if hasattr(read, "source"):
        read.table.attrs.update(file=read.source.file, source=read.source)
    return getattr(read, "table", read)


def _way(state: BookState, book: Book, earlier: Book | None, trades: Any, prepared: Prepare) -> Between | None:
    """Return how the book came from the one before, its ``after`` knowing what was held then; None for no news."""
    if earlier is None and trades is None:
        return None
    if earlier is None:
        before = _undone(state, trades)
        way = between(before, replace(state, before=before.held), trades)
        if way.cash is not None:
            # Nothing but trades is known of, so that nothing else moved cash.
            held = {**before.held, way.cash: state.held.get(way.cash, Fraction(0)) - way.settled}
            way = replace(way, before=replace(before, held=held))
    else:
        before = _earlier(state, book, earlier, prepared)
        _within(trades, before.as_of, state.as_of)
        way = between(before, replace(state, before=before.held), trades)
    done = [] if trades is None or "source" not in trades.attrs else [trades.attrs["source"]]
    files = tuple(dict.fromkeys((*state.files, *way.before.files, *done)))
    return replace(way, after=replace(way.after, untraded=way.untraded, files=files))


def _earlier(state: BookState, book: Book, earlier: Book, prepared: Prepare) -> BookState:
    """Return the book before on its own day: its mandate's, or with the same mandate that of its data."""
    same = earlier.mandate is book.mandate
    if same and earlier.universe is book.universe:
        found = prepared(earlier, state.as_of).state
        return replace(state, held=found.held, book_value=found.book_value, files=found.files)
    day = (earlier.universe.data_date if same else earlier.mandate.as_of) or earlier.universe.data_date or state.as_of
    if day > state.as_of:
        raise BadInput("desk.before_later", value=day, expected=state.as_of)
    return prepared(earlier, day).state


def _undone(state: BookState, trades: Any) -> BookState:
    """Return the book as it was before ``trades``. Raises BadInput where they bought more than is held."""
    before = dict(state.held)
    for name, side, face in zip(trades["tranche_id"], trades["side"], trades["face"], strict=True):
        change = exact(float(face)) if side == "buy" else -exact(float(face))
        before[name] = before.get(name, Fraction(0)) - change
    for name, face in before.items():
        if face < 0:
            raise BadInput("desk.trades_exceed", value=name, held=str(float(state.held.get(name, Fraction(0)))))
    return replace(state, held={name: face for name, face in before.items() if face > 0})


def _within(trades: Any, first: date, last: date) -> None:
    """Refuse trades that were not done between the two books."""
    if trades is None or "date" not in trades:
        return
    for row, day in enumerate(trades["date"]):
        done = day if isinstance(day, date) and not hasattr(day, "date") else day.date()
        if not first <= done <= last:
            line = int(trades["line"].iloc[row]) if "line" in trades else None
            where = Where(trades.attrs.get("file"), line, "date")
            raise BadInput("desk.trade_day", where=where, value=done, expected=f"{first} … {last}")


def _unexplained(way: Between | None) -> list[Note]:
    """Say which holdings the book before and the trades do not add up to."""
    if way is None or not way.known or not way.unexplained:
        return []
    left = way.unexplained
    named = ", ".join(f"{name} {float(face):+,.2f}" for name, face in list(left.items())[:NAMED])
    return [Note("unexplained", lines=len(left), names=named + (" …" if len(left) > NAMED else ""))]


def _unpriced(way: Between | None) -> list[Note]:
    """Say which trades settle at nothing because nobody knows their price."""
    if way is None or not way.unpriced or way.cash is None:
        return []
    named = ", ".join(way.unpriced[:NAMED]) + (" …" if len(way.unpriced) > NAMED else "")
    return [Note("unpriced_trades", lines=len(way.unpriced), names=named, cash=way.cash)]


def beside(first: BookState, other: Book, day: date, overrides: Mapping[str, Override], **how: Any) -> Prepared:
    """Return another book on ``day`` under the readings of the first, and its limits where it has the same rule."""
    shared = {}
    if overrides:
        theirs = resolve(other.mandate, day, readings=how["readings"]).active
        mine = {rule.id: rule for rule in first.rules.active}
        for name, value in overrides.items():
            rule = mine.get(full_id(first.rules.books, name.rpartition(".")[0])) if "target/" not in name else None
            match = None if rule is None else counterpart(rule, theirs)
            if match is not None:
                shared[f"{match.id}.limit"] = value
    return prepare(other, as_of=day, overrides=shared, **how)


def _apart(states: Sequence[BookState]) -> list[Note]:
    """Say which books rules over several books do not add to the first one's: those of another manager."""
    first = states[0]
    apart = [state.name for state in states[1:] if state.mandate.manager != first.mandate.manager]
    if not apart or all(rule.scope == "portfolio" for rule in first.rules.active):
        return []
    return [Note("other_manager", book=first.name, manager=first.mandate.manager or "—", others=", ".join(apart))]

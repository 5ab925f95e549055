"""The parts of a ratio that no holding gives: amounts, sizes of the universe, totals, what is held elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from absalloc.compliance.exact_cells import HoldingsPart
from absalloc.compliance.exact_lines import Lines
from absalloc.compliance.exact_lists import MISSING, totals
from absalloc.compliance.exact_positions import ONE, ZERO, Position
from absalloc.compliance.exact_predicates import as_text
from absalloc.compliance.exact_ratio import Known
from absalloc.compliance.finding import Reason
from absalloc.errors import BadInput
from absalloc.rows.shock import MOVING_AMOUNTS
from absalloc.rows.state import BookState
from absalloc.rulebook.models import AmountOf, HoldingsSum, Link, ReferenceTotal, Signed, UniverseSum
from absalloc.terms import AMOUNTS
from absalloc.units import exact

Part = str | AmountOf | UniverseSum | ReferenceTotal | HoldingsSum


def reason(code: str, **fields: object) -> Reason:
    """Return a reason with its fields as text."""
    return Reason(code, tuple((key, str(value)) for key, value in fields.items()))


def signed_parts(of: Any) -> list[tuple[int, Part]]:
    """Return a denominator as parts with their signs."""
    if of is None:
        return []
    if isinstance(of, tuple):
        return [(item.sign, item.part) if isinstance(item, Signed) else (1, item) for item in of]
    return [(of.sign, of.part)] if isinstance(of, Signed) else [(1, of)]


def holdings_parts(of: Any) -> tuple[HoldingsPart, ...]:
    """Return those parts of a denominator that are sums over holdings."""
    found = []
    for sign, part in signed_parts(of):
        if isinstance(part, HoldingsSum):
            measure = (part.measure,) if isinstance(part.measure, str) else tuple(part.measure)
            found.append(HoldingsPart(sign, measure, part.where))
    return tuple(found)


def varies(of: Any) -> bool:
    """Return whether a denominator is another one for each group."""
    return any(
        isinstance(part, UniverseSum | ReferenceTotal) or (isinstance(part, str) and part not in AMOUNTS)
        for _, part in signed_parts(of)
    )


class Amounts:
    """The amounts of one rule over the books it is tested on; ``sums`` keeps the universe's groups between rules."""

    def __init__(self, books: Sequence[Lines], sums: dict[Any, Any]) -> None:
        self.books, self.rule, self._sums = books, books[0].rule, sums
        self._selected: dict[int, set[int]] = {}
        self._amounts: dict[tuple[str, str | None], Known] = {}

    # -- denominators ---------------------------------------------------------------------------------------

    def denominator(self, group: str | None) -> Known:
        """Return what a group's denominator has beside sums over holdings; 1 for a rule without one."""
        if self.rule.of is None or any(limit.unit == "yuan" for limit in self.rule.limits):
            return Known.exactly(ONE)
        found = Known()
        for sign, part in signed_parts(self.rule.of):
            if not isinstance(part, HoldingsSum):
                found = found.plus(self._part(part, group), sign)
        return found

    def _part(self, part: Part, group: str | None) -> Known:
        if isinstance(part, AmountOf):
            return self.amount(part.amount, part.as_of)
        if isinstance(part, ReferenceTotal):
            known = self._reference(part.reference, group)
            if known is not None:
                return Known.exactly(known)
            low = self._size("issue_size", group, selected=True)
            return Known.at_least(low, reason("denominator_lower_bound", what=part.reference))
        if isinstance(part, UniverseSum):
            return self._bound(part.universe, group)
        if isinstance(part, HoldingsSum) or part in AMOUNTS:
            return self.amount(str(part), None)
        return self._own(part, group)

    def amount(self, name: str, day: str | None) -> Known:
        """Return an amount of the mandates, which must agree; missing, or of another day, anything from 0.

        In a scenario an amount of several books is the one they agree on before it, moved by all their gains.
        """
        if (name, day) not in self._amounts:
            self._amounts[name, day] = self._amount(name, day)
        return self._amounts[name, day]

    def _amount(self, name: str, day: str | None) -> Known:
        found = {book.state.name: self._before(book.state, name) for book in self.books}
        given = {value for value in found.values() if value is not None}
        if len(given) > 1:
            raise BadInput("compliance.amounts_differ", value=name, rule=self.rule.id, books=", ".join(found))
        if not given:
            return Known.at_least(ZERO, reason("amount_missing", name=name))
        wanted = None if day is None else previous_end(self.books[0].state.as_of, day)
        for book in self.books:
            written = book.state.mandate.amounts.get(name)
            have = None if written is None else written.as_of
            if wanted is not None and have is not None and have != wanted:
                return Known.at_least(ZERO, reason("amount_of_other_day", name=name, have=have, need=wanted))
        moved = sum((book.state.moved for book in self.books), ZERO) if self._shared(name) else ZERO
        return Known.exactly(max(given.pop() + moved, ZERO))

    def _shared(self, name: str) -> bool:
        return len(self.books) > 1 and name in MOVING_AMOUNTS

    def _before(self, state: BookState, name: str) -> Fraction | None:
        """Return the amount that books must agree on: before a scenario, for it moves each by its own gains."""
        mandate = state.unmoved if self._shared(name) and state.unmoved is not None else state.mandate
        return mandate.amount(name)

    def _own(self, size: str, group: str | None) -> Known:
        """Return ``issue_size``, ``outstanding`` or ``deal_size`` of a group."""
        if group != MISSING:
            values = self._values(size, group)
            if size == "deal_size" or self.rule.by == "tranche_id":
                if len(values) == 1:
                    return Known.exactly(exact(values.pop()))
                return Known.at_least(ZERO, reason("size_unknown", what=size, group=group))
        return self._bound(size, group)

    def _bound(self, size: str, group: str | None) -> Known:
        return Known.at_least(self._size(size, group), reason("denominator_lower_bound", what=size))

    def _values(self, size: str, group: str | None) -> set[float]:
        found = set()
        for book in self.books:
            column = book.table.column(size)
            found |= {column[row] for row, _ in self._rows(book, group) if column[row] is not None}
        return found

    def _size(self, size: str, group: str | None, *, selected: bool = False) -> Fraction:
        """Return the sum over the universe's lines of a group: what is proven of it, the most of any book's file."""
        if group == MISSING:
            return ZERO
        return max(self._sum(book, size, group, selected) for book in self.books)

    def _sum(self, book: Lines, size: str, group: str | None, selected: bool) -> Fraction:
        column, deals = book.table.column(size), book.table.column("deal_id")
        chosen = self._chosen(book) if selected else None
        found, seen = ZERO, set()
        for row, share in self._rows(book, group):
            if column[row] is None or (chosen is not None and row not in chosen):
                continue
            if size == "deal_size":
                # A deal counts once; one without a name may be any of the others.
                if deals[row] is None or deals[row] in seen:
                    continue
                seen.add(deals[row])
            found += exact(column[row]) * share
        return found

    def _chosen(self, book: Lines) -> set[int]:
        if id(book) not in self._selected:
            self._selected[id(book)] = {row for row, state in book.selected_rows() if state is True}
        return self._selected[id(book)]

    def _rows(self, book: Lines, group: str | None) -> Sequence[tuple[int, Fraction]]:
        by = self.rule.by
        columns = self.rule.columns
        named = tuple(map(str, (by,) if isinstance(by, str) else () if by is None or isinstance(by, Link) else by))
        # Links are read from the book's lists; all else from the universe alone, whose table keeps it.
        kept = self._sums if isinstance(by, Link) else book.table.grouped
        key = (id(book.table), by if isinstance(by, Link) else named, *(repr(columns.get(name)) for name in named))
        if key not in kept:
            kept[key] = _grouped(book)
        found: dict[str | None, list[tuple[int, Fraction]]] = kept[key]
        return found.get(group, ())

    def groups(self) -> set[str]:
        """Return the groups of the universe's lines that the rule may count."""
        found = set()
        for book in self.books:
            codes = book.table.column("tranche_id")
            for row, _ in book.selected_rows():
                found |= {group for group, _ in book.groups(row, codes[row]) if group not in (None, MISSING)}
        return {str(group) for group in found}

    def selects(self) -> bool:
        """Return whether any line of the universe may be counted by the rule."""
        return any(self._any_row(book) for book in self.books)

    def _any_row(self, book: Lines) -> bool:
        # The predicate stays alive with its rule, the table with the sums: their ids name them.
        key = ("selects", id(book.table), id(book.rule.where), id(book.rule.sets), book.state.name)
        if key not in self._sums:
            self._sums[key] = (next(book.selected_rows(), None) is not None, book.rule, book.table)
        return bool(self._sums[key][0])

    # -- numerators -----------------------------------------------------------------------------------------

    def numerator(self, group: str | None) -> Known:
        """Return what a group's numerator has beside holdings: ``plus``, or what nothing was said about."""
        found = Known()
        for part in self.rule.plus:
            if isinstance(part, AmountOf):
                found = found.plus(self.amount(part.amount, part.as_of))
                continue
            known = self._reference(part.reference, group)
            missing = reason("reference_missing", name=part.reference, group=group or "")
            found = found.plus(Known.at_least(ZERO, missing) if known is None else Known.exactly(known))
        if self.wide and self.elsewhere is None:
            found = found.plus(Known.at_least(ZERO, reason("elsewhere_unknown", scope=self.rule.scope)))
        return found

    @property
    def wide(self) -> bool:
        """Whether what is held elsewhere counts and ``plus`` does not already say how much."""
        return self.rule.scope != "portfolio" and not self.rule.plus

    @property
    def elsewhere(self) -> str | None:
        """``none``, a path, or None where no mandate says what is held elsewhere. Raises BadInput on disagreement."""
        said = {book.state.name: getattr(book.state.mandate.elsewhere, self.rule.scope) for book in self.books}
        given = {value for value in said.values() if value is not None}
        if len(given) > 1:
            raise BadInput(
                "compliance.elsewhere_differs", value=self.rule.scope, rule=self.rule.id, books=", ".join(said)
            )
        return given.pop() if given else None

    def away(self) -> list[Position]:
        """Return the lines held elsewhere, as the first book's universe knows them. Raises BadInput for a bad file."""
        if not self.wide or self.elsewhere in (None, "none"):
            return []
        book = next(b for b in self.books if getattr(b.state.mandate.elsewhere, self.rule.scope) is not None)
        path = book.state.mandate.path(str(self.elsewhere))
        if path not in self._sums:
            from absalloc.universe import load_holdings

            self._sums[path] = load_holdings(path).table
        return list(_away(self._sums[path], self.books[0]))

    def _reference(self, name: str, group: str | None) -> Fraction | None:
        found = set()
        for book in self.books:
            key = ("totals", book.state.name, name)
            if key not in self._sums:
                self._sums[key] = totals(book.state, name)
            if group in self._sums[key]:
                found.add(self._sums[key][group])
        if len(found) > 1:
            names = ", ".join(book.state.name for book in self.books)
            raise BadInput("compliance.amounts_differ", value=f"{name}: {group}", rule=self.rule.id, books=names)
        return found.pop() if found else None


def _grouped(book: Lines) -> dict[str | None, list[tuple[int, Fraction]]]:
    found: dict[str | None, list[tuple[int, Fraction]]] = {}
    by, codes = book.rule.by, book.table.column("tranche_id")
    if isinstance(by, str) and by not in book.rule.columns:
        # The column as it stands, without asking line by line.
        for row, value in enumerate(book.table.column(by)):
            group = MISSING if value is None or value == "" else as_text(value)
            found.setdefault(group, []).append((row, ONE))
        return found
    for row, code in enumerate(codes):
        for name, share in book.groups(row, code):
            found.setdefault(name, []).append((row, share))
    return found


def _away(table: Any, book: Lines) -> Iterator[Position]:
    for code, face, value in zip(table["tranche_id"], table["face"], table["market_value"], strict=True):
        row = book.state.index.get(code)
        if face == face:
            yield Position(code, row, exact(face), away=True)
            continue
        amount = exact(value) if value == value else None
        low, high = book.state.unit("market_value", row)
        known = amount is not None and low == high and low > 0
        yield Position(code, row, amount / low if known and amount is not None else None, away=True, value=amount)


def previous_end(day: date, which: str) -> date:
    """Return the last day of the year, or of the quarter, before the one of ``day``."""
    first = date(day.year, 1, 1) if which == "previous_year_end" else date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return first - timedelta(days=1)

"""Whether a predicate holds for a line: True, False or None (unknown). ``docs/semantics.md`` is the definition.

A predicate becomes a function once and is asked of every line; each column's test is asked of each value once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from absalloc.compliance.exact_bounds import Bounds
from absalloc.compliance.exact_lists import names_on
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.terms import IMPLIED_GRADES, LIABILITY_PRODUCTS, RATING_GRADES
from absalloc.units import exact

GRADES = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES}
NOT_RATED = ""
Leaf = OneOf | Between | InList | Missing
Read = Callable[[int | None, str], Any]
Test = Callable[[int | None, str], bool | None]
"""Of a line, by its row and code: a value of it, whether something holds for it."""


def every(values: Iterable[bool | None]) -> bool | None:
    """Kleene's and."""
    known: bool | None = True
    for value in values:
        if value is False:
            return False
        known = None if value is None else known
    return known


def negate(value: bool | None) -> bool | None:
    """Kleene's not."""
    return None if value is None else not value


class Predicates:
    """The predicates of one rule for the lines of one book. ``reader`` reads a column, ``kind`` says what it holds."""

    def __init__(
        self, state: BookState, rule: ActiveRule, reader: Callable[[str], Read], kind: Callable[[str], str]
    ) -> None:
        self.state, self.rule, self._reader, self._kind = state, rule, reader, kind
        self._bounds = Bounds(state, rule)
        self._lists: dict[str, frozenset[str] | None] = {}
        self._tests: dict[int, Test] = {}
        self._counters: dict[int, Test] = {}

    def test(self, predicate: Predicate) -> Test:
        """Return what asks a predicate of a line; the rule keeps its predicates, so that their ids name them."""
        if id(predicate) not in self._tests:
            self._tests[id(predicate)] = self._test(predicate)
        return self._tests[id(predicate)]

    def _test(self, predicate: Predicate) -> Test:
        if isinstance(predicate, AllOf):
            return _joined([self.test(part) for part in predicate.parts], decides=False)
        if isinstance(predicate, AnyOf):
            return _joined([self.test(part) for part in predicate.parts], decides=True)
        if isinstance(predicate, Not):
            inner = self.test(predicate.inner)
            return lambda row, code: negate(inner(row, code))
        if isinstance(predicate, InSet):
            return self.test(self.rule.sets[predicate.name])
        return self._asked(predicate)

    def _asked(self, leaf: Leaf) -> Test:
        """Return what asks one column of a line: of each value once."""
        read = self._reader(leaf.column)
        known: dict[Any, bool | None] = {}

        def asked(row: int | None, code: str) -> bool | None:
            value = read(row, code)
            if value not in known:
                known[value] = self._holds(leaf, value)
            return known[value]

        return asked

    def _holds(self, leaf: Leaf, value: Any) -> bool | None:
        if isinstance(leaf, Missing):
            return value is None or value == NOT_RATED
        if value is None:
            return None
        if isinstance(leaf, InList):
            names = self.names(leaf.name)
            return None if names is None else as_text(value) in names
        return self._one_of(leaf, value) if isinstance(leaf, OneOf) else self._between(leaf, value)

    def counter(self, predicate: Predicate | None) -> Test:
        """Return what asks whether a line counts."""
        if id(predicate) not in self._counters:
            self._counters[id(predicate)] = self._counter(predicate)
        return self._counters[id(predicate)]

    def _counter(self, predicate: Predicate | None) -> Test:
        test: Test = (lambda row, code: True) if predicate is None else self.test(predicate)
        if self._names_repo(predicate):
            return test
        read = self._reader("product")

        def counted(row: int | None, code: str) -> bool | None:
            found = test(row, code)
            if found is False:
                return False
            product = read(row, code)
            return None if product is None else False if product in LIABILITY_PRODUCTS else found

        return counted

    def names(self, name: str) -> frozenset[str] | None:
        """Return the unexpired keys of a list, None where the mandate names no such list."""
        if name not in self._lists:
            self._lists[name] = names_on(self.state, name)
        return self._lists[name]

    def _one_of(self, test: OneOf, value: Any) -> bool | None:
        if isinstance(value, float):
            wanted = (self._bounds.number(test.column, self._kind(test.column), text) for text in test.values)
            return exact(value) in wanted
        return as_text(value) in test.values

    def _between(self, test: Between, value: Any) -> bool | None:
        kind = self._kind(test.column)
        if kind in GRADES:
            if value == NOT_RATED:
                return False
            if value not in GRADES[kind]:
                return None
            # At least as good is a smaller step, so the scale is turned round.
            value = -GRADES[kind][value]
        elif isinstance(value, float):
            value = exact(value)
        return every(self._side(side, value, self._bounds.of(test.column, kind, side, b)) for side, b in test.bounds)

    @staticmethod
    def _side(side: str, value: Any, bound: Any) -> bool | None:
        if bound is None:
            return None
        if side in ("min", "above"):
            return bool(value >= bound) if side == "min" else bool(value > bound)
        return bool(value <= bound) if side == "max" else bool(value < bound)

    def tests(self, predicate: Predicate | None) -> Iterator[Leaf]:
        """Yield the tests of a predicate, those of its sets included."""
        for leaf in () if predicate is None else leaves(predicate):
            if isinstance(leaf, InSet):
                yield from self.tests(self.rule.sets[leaf.name])
            else:
                yield leaf

    def _names_repo(self, predicate: Predicate | None) -> bool:
        return any(
            isinstance(leaf, OneOf) and leaf.column == "product" and set(leaf.values) & set(LIABILITY_PRODUCTS)
            for leaf in self.tests(predicate)
        )


def _joined(parts: Sequence[Test], *, decides: bool) -> Test:
    """Return Kleene's and (``decides`` False) or or (True) of tests: one that is ``decides`` decides."""

    def joined(row: int | None, code: str) -> bool | None:
        known: bool | None = not decides
        for part in parts:
            found = part(row, code)
            if found is decides:
                return decides
            known = None if found is None else known
        return known

    return joined


def as_text(value: Any) -> str:
    """Return a value as rules and lists write it: true, 2025-06-30, AAA."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        number = exact(value)
        return str(number.numerator) if number.denominator == 1 else repr(value)
    return str(value)

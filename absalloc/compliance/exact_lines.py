"""One line under one rule: what is known of it, whether a predicate holds for it, which groups it belongs to.

Every answer is True, False or None (unknown). ``docs/semantics.md`` is the definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from absalloc.compliance.exact_bounds import Bounds
from absalloc.compliance.exact_lists import MISSING, linked_groups, names_on
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import Combined, Link
from absalloc.terms import IMPLIED_GRADES, LIABILITY_PRODUCTS, RATING_GRADES
from absalloc.terms import column as term
from absalloc.units import exact

GRADES = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES}
NOT_RATED = ""
COMPOSITE = " | "
"""Joins the parts of a group named by several columns."""


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


class Table:
    """The universe of one book as plain Python values, a column at a time; None is missing."""

    def __init__(self, state: BookState) -> None:
        self.state = state
        self._columns: dict[str, list[Any]] = {}
        self.ranges: dict[tuple[str, int | None], tuple[Fraction, Fraction]] = {}
        self.units: dict[tuple[str, int | None], tuple[Fraction, tuple[Fraction, ...]]] = {}

    def column(self, name: str) -> list[Any]:
        """Return a column: texts, bools, floats or dates, None where missing."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> list[Any]:
        universe = self.state.universe
        if name not in universe.table.columns:
            return [None] * len(universe.table)
        # A number that is not itself is NaN; dates come back as dates, NaT as None.
        return [None if value is None or value != value else value for value in universe.column(name).tolist()]

    def expand(self, name: str) -> list[str]:
        """Return the columns ``rating.*`` stands for, or the one named."""
        if not name.endswith(".*"):
            return [name]
        return sorted(str(c) for c in self.state.universe.table.columns if str(c).startswith(name[:-1]))


class Lines:
    """The lines of one book as one rule sees them. ``row`` is None for a line that is not in the universe."""

    def __init__(self, table: Table, rule: ActiveRule, state: BookState) -> None:
        self.table, self.state, self.rule = table, state, rule
        self._bounds = Bounds(self.state, rule)
        self._lists: dict[str, frozenset[str] | None] = {}
        self._repo: dict[int, bool] = {}
        self._links: dict[str, list[tuple[str, Fraction]]] | None = None
        if isinstance(rule.by, Link):
            self._links = linked_groups(self.state, rule.by) or {}

    # -- values ---------------------------------------------------------------------------------------------

    def value(self, name: str, row: int | None, code: str) -> Any:
        """Return a column's value for a line, combined columns included; None where missing."""
        if name == "tranche_id":
            return code
        combined = self.rule.columns.get(name)
        if row is None:
            # Only its code is known: a combined column that falls back to it has that.
            return code if combined is not None and "tranche_id" in self.inputs(name) else None
        return self.table.column(name)[row] if combined is None else self._combine(name, combined, row)

    def kind(self, name: str) -> str:
        """Return the vocabulary kind of a column; a combined one is of its inputs' kind."""
        combined = self.rule.columns.get(name)
        if combined is not None:
            name = next(iter(combined.inputs or (name,))).replace(".*", ".any")
        found = term(name)
        return "text" if found is None else found.kind

    def _combine(self, name: str, combined: Combined, row: int) -> Any:
        names = [each for part in combined.inputs for each in self.table.expand(part)]
        given = [value for value in (self.table.column(each)[row] for each in names) if value is not None]
        rated = [value for value in given if value != NOT_RATED]
        if not rated:
            return NOT_RATED if given else None
        if combined.first_of is not None:
            return rated[0]
        scale = GRADES.get(self.kind(name))
        if scale is None:
            return min(rated) if combined.take == "lowest" else max(rated)
        # Short-term grades stand on another scale: they speak only where no long-term one does.
        ranked = [value for value in rated if value in scale] or rated[:1]
        choose = max if combined.take == "lowest" else min
        return choose(ranked, key=lambda value: scale.get(value, 0))

    # -- predicates -----------------------------------------------------------------------------------------

    def truth(self, predicate: Predicate | None, row: int | None, code: str) -> bool | None:
        """Return whether a predicate holds for a line."""
        if predicate is None:
            return True
        if isinstance(predicate, AllOf):
            return every(self.truth(part, row, code) for part in predicate.parts)
        if isinstance(predicate, AnyOf):
            return negate(every(negate(self.truth(part, row, code)) for part in predicate.parts))
        if isinstance(predicate, Not):
            return negate(self.truth(predicate.inner, row, code))
        if isinstance(predicate, InSet):
            return self.truth(self.rule.sets[predicate.name], row, code)
        value = self.value(predicate.column, row, code)
        if isinstance(predicate, Missing):
            return value is None or value == NOT_RATED
        if value is None:
            return None
        if isinstance(predicate, InList):
            names = self.names(predicate.name)
            return None if names is None else as_text(value) in names
        if isinstance(predicate, OneOf):
            return self._one_of(predicate, value)
        return self._between(predicate, value)

    def counts(self, predicate: Predicate | None, row: int | None, code: str) -> bool | None:
        """Return whether a line counts: the predicate holds, and it is an asset or the predicate names repo."""
        found = self.truth(predicate, row, code)
        if found is False or self._names_repo(predicate):
            return found
        product = self.value("product", row, code)
        if product is None:
            return None
        return False if product in LIABILITY_PRODUCTS else found

    def names(self, name: str) -> frozenset[str] | None:
        """Return the unexpired keys of a list, None where the mandate names no such list."""
        if name not in self._lists:
            self._lists[name] = names_on(self.state, name)
        return self._lists[name]

    def _one_of(self, test: OneOf, value: Any) -> bool | None:
        if isinstance(value, float):
            wanted = (self._bounds.number(test.column, self.kind(test.column), text) for text in test.values)
            return exact(value) in wanted
        return as_text(value) in test.values

    def _between(self, test: Between, value: Any) -> bool | None:
        kind = self.kind(test.column)
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

    def tests(self, predicate: Predicate | None) -> Iterator[OneOf | Between | InList | Missing]:
        """Yield the tests of a predicate, those of its sets included."""
        for leaf in () if predicate is None else leaves(predicate):
            if isinstance(leaf, InSet):
                yield from self.tests(self.rule.sets[leaf.name])
            else:
                yield leaf

    def _names_repo(self, predicate: Predicate | None) -> bool:
        if id(predicate) not in self._repo:
            self._repo[id(predicate)] = any(
                isinstance(leaf, OneOf) and leaf.column == "product" and set(leaf.values) & set(LIABILITY_PRODUCTS)
                for leaf in self.tests(predicate)
            )
        return self._repo[id(predicate)]

    def lacking(self, predicate: Predicate | None, row: int | None, code: str) -> set[str]:
        """Return the columns a predicate reads that the line has no value for."""
        names = {leaf.column for leaf in self.tests(predicate)}
        return {name for name in names if self.value(name, row, code) is None}

    def unknown_keys(self, predicate: Predicate | None) -> tuple[set[str], set[str]]:
        """Return (mandate keys, lists) that a predicate needs and the mandate does not give."""
        keys, lists = set(), set()
        for leaf in self.tests(predicate):
            if isinstance(leaf, InList) and self.names(leaf.name) is None:
                lists.add(leaf.name)
            if isinstance(leaf, Between):
                paths = (bound[1] for _, bound in leaf.bounds if isinstance(bound, tuple))
                keys |= {path for path in paths if self.state.mandate.fact(path) is None}
        return keys, lists

    # -- groups ---------------------------------------------------------------------------------------------

    def groups(self, row: int | None, code: str) -> list[tuple[str | None, Fraction]]:
        """Return the groups of a line with the share of it that counts; ``?`` where the group is missing."""
        by = self.rule.by
        if by is None:
            return [(None, Fraction(1))]
        if isinstance(by, Link):
            return list((self._links or {}).get(code) or [(MISSING, Fraction(1))])
        names = (by,) if isinstance(by, str) else by
        parts = [self.value(name, row, code) for name in names]
        if any(part is None or part == NOT_RATED for part in parts):
            return [(MISSING, Fraction(1))]
        return [(COMPOSITE.join(as_text(part) for part in parts), Fraction(1))]

    # -- all rows of the universe ---------------------------------------------------------------------------

    def selected_rows(self) -> Iterator[tuple[int, bool | None]]:
        """Yield (row, whether the rule's ``where`` counts it) for the rows that are not out."""
        names = sorted({n for leaf in self.tests(self.rule.where) for n in self.inputs(leaf.column)} | {"product"})
        codes = self.table.column("tranche_id")
        seen: dict[tuple[Any, ...], bool | None] = {}
        for row, facts in enumerate(zip(*(self.table.column(name) for name in names), strict=True)):
            if facts not in seen:
                seen[facts] = self.counts(self.rule.where, row, codes[row])
            if seen[facts] is not False:
                yield row, seen[facts]

    def inputs(self, name: str) -> list[str]:
        """Return the columns of the table a combined column is made from, or the column itself."""
        combined = self.rule.columns.get(name)
        if combined is None:
            return [name]
        return [each for part in combined.inputs for each in self.table.expand(part)]


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

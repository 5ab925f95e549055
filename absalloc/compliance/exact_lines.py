"""One line under one rule: what is known of it, whether a predicate holds for it, which groups it belongs to.

Every answer is True, False or None (unknown). ``docs/semantics.md`` is the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from absalloc.compliance.exact_lists import MISSING, linked_groups
from absalloc.compliance.exact_positions import ONE, Held
from absalloc.compliance.exact_predicates import GRADES, NOT_RATED, Predicates, Read, as_text
from absalloc.compliance.exact_table import Table
from absalloc.predicate import Between, InList, Predicate
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import Combined, Link
from absalloc.terms import column as term

COMPOSITE = " | "
"""Joins the parts of a group named by several columns."""


class Lines:
    """The lines of one book as one rule sees them. ``row`` is None for a line that is not in the universe."""

    def __init__(self, table: Table, rule: ActiveRule, held: Held) -> None:
        self.table, self.rule, self.held, self.state = table, rule, held, held.state
        self._readers: dict[str, Read] = {}
        self.predicates = Predicates(held.state, rule, self.reader, self.kind)
        self._links: dict[str, list[tuple[str, Fraction]]] | None = None
        if isinstance(rule.by, Link):
            self._links = linked_groups(self.state, rule.by) or {}

    # -- values ---------------------------------------------------------------------------------------------

    def value(self, name: str, row: int | None, code: str) -> Any:
        """Return a column's value for a line, combined columns included; None where missing."""
        return self.reader(name)(row, code)

    def reader(self, name: str) -> Read:
        """Return what reads a column of a line, as ``value`` does."""
        if name not in self._readers:
            self._readers[name] = self._reader(name)
        return self._readers[name]

    def _reader(self, name: str) -> Read:
        if name == "tranche_id":
            return lambda row, code: code
        combined = self.rule.columns.get(name)
        if combined is None:
            column = self.table.column(name)
            return lambda row, code: None if row is None else column[row]
        made = self._combination(name, combined)
        # Only its code is known: a combined column that falls back to it has that.
        falls_back = "tranche_id" in self.inputs(name)
        return lambda row, code: made(row) if row is not None else code if falls_back else None

    def kind(self, name: str) -> str:
        """Return the vocabulary kind of a column; a combined one is of its inputs' kind."""
        combined = self.rule.columns.get(name)
        if combined is not None:
            name = next(iter(combined.inputs or (name,))).replace(".*", ".any")
        found = term(name)
        return "text" if found is None else found.kind

    def _combination(self, name: str, combined: Combined) -> Callable[[int], Any]:
        columns = [self.table.column(each) for each in self.inputs(name)]
        scale = GRADES.get(self.kind(name))

        def made(row: int) -> Any:
            given = [value for value in (column[row] for column in columns) if value is not None]
            rated = [value for value in given if value != NOT_RATED]
            if not rated:
                return NOT_RATED if given else None
            if combined.first_of is not None:
                return rated[0]
            if scale is None:
                return min(rated) if combined.take == "lowest" else max(rated)
            # Short-term grades stand on another scale: they speak only where no long-term one does.
            ranked = [value for value in rated if value in scale] or rated[:1]
            choose = max if combined.take == "lowest" else min
            return choose(ranked, key=lambda value: scale.get(value, 0))

        return made

    # -- predicates -----------------------------------------------------------------------------------------

    def lacking(self, predicate: Predicate | None, row: int | None, code: str) -> set[str]:
        """Return the columns a predicate reads that the line has no value for."""
        names = {leaf.column for leaf in self.predicates.tests(predicate)}
        return {name for name in names if self.value(name, row, code) is None}

    def unknown_keys(self, predicate: Predicate | None) -> tuple[set[str], set[str]]:
        """Return (mandate keys, lists) that a predicate needs and the mandate does not give."""
        keys, lists = set(), set()
        for leaf in self.predicates.tests(predicate):
            if isinstance(leaf, InList) and self.predicates.names(leaf.name) is None:
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
            return [(None, ONE)]
        if isinstance(by, Link):
            return list((self._links or {}).get(code) or [(MISSING, ONE)])
        names = (by,) if isinstance(by, str) else by
        parts = [self.value(name, row, code) for name in names]
        if any(part is None or part == NOT_RATED for part in parts):
            return [(MISSING, ONE)]
        return [(COMPOSITE.join(as_text(part) for part in parts), ONE)]

    # -- all rows of the universe ---------------------------------------------------------------------------

    def selected_rows(self) -> Iterator[tuple[int, bool | None]]:
        """Yield (row, whether the rule's ``where`` counts it) for the rows that are not out."""
        tests = self.predicates.tests(self.rule.where)
        names = sorted({name for leaf in tests for name in self.inputs(leaf.column)} | {"product"})
        codes, counts = self.table.column("tranche_id"), self.predicates.counter(self.rule.where)
        seen: dict[tuple[Any, ...], bool | None] = {}
        for row, facts in enumerate(zip(*(self.table.column(name) for name in names), strict=True)):
            if facts not in seen:
                seen[facts] = counts(row, codes[row])
            if seen[facts] is not False:
                yield row, seen[facts]

    def inputs(self, name: str) -> list[str]:
        """Return the columns of the table a combined column is made from, or the column itself."""
        combined = self.rule.columns.get(name)
        if combined is None:
            return [name]
        return [each for part in combined.inputs for each in self.table.expand(part)]

"""Every name a rulebook uses is known: columns, values, sets, documents, measures, amounts, units, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from absalloc.errors import BadInput
from absalloc.mandate.models import Product
from absalloc.predicate import Between, InList, InSet, Missing, OneOf, Predicate, leaves
from absalloc.rulebook.models import AmountOf, Book, Dated, FromList, HoldingsSum, Rule, Signed
from absalloc.terms import (
    AMOUNTS,
    COLUMNS,
    IMPLIED_GRADES,
    INSTITUTIONS,
    MEASURES,
    RATING_GRADES,
    SHORT_GRADES,
    Column,
    column,
)
from absalloc.units import quantity
from absalloc.yamlpos import Document

SIZE_COLUMNS = ("issue_size", "outstanding", "deal_size")
_MANDATE_HEADS = ("institution", "product", "facts", "reference", "manager", "name")
WIDE_MARKS = r"[，、；]"
_UNITLESS = ("years", "days", "count", "price")


def check_book(book: Book, document: Document) -> None:
    """Check all names of a rulebook. Raises BadInput at the line of the first that is not known."""
    for name in book.names:
        if name not in (*book.sets, *book.columns):
            raise BadInput(
                "rulebook.unknown_name",
                where=document.where("names", name),
                value=name,
                choices=(*book.sets, *book.columns),
            )
    for name, inner in book.sets.items():
        _Check(book, document, name, ("sets", name)).predicate(inner, ("sets", name))
    for index, rule in enumerate(book.rules):
        _Check(book, document, rule.id, ("rules", index)).rule(rule)


class _Check:
    """The checks of one rule; ``path`` is its place in the document."""

    def __init__(self, book: Book, document: Document, name: str, path: tuple[str | int, ...]) -> None:
        self.book, self.document, self.name, self.path = book, document, name, path

    def fail(
        self,
        code: str,
        path: tuple[str | int, ...],
        value: object,
        expected: Iterable[str] = (),
        **fields: object,
    ) -> BadInput:
        names = list(expected)
        return BadInput(
            code,
            where=self.document.where(*path),
            value=value,
            expected=", ".join(names) or "–",
            choices=names or None,
            rule=self.name,
            **fields,
        )

    def rule(self, rule: Rule) -> None:
        if rule.source.document not in self.book.sources:
            raise self.fail(
                "rulebook.unknown_source",
                (*self.path, "source", "document"),
                rule.source.document,
                self.book.sources,
            )
        for key in ("applies", "where", "require"):
            inner = getattr(rule, key)
            if inner is not None:
                self.predicate(inner, (*self.path, key), mandate=key == "applies")
        for index, item in enumerate(rule.exceptions):
            self.predicate(item.where, (*self.path, "exceptions", index, "where"))
            if item.when is not None:
                self.predicate(item.when, (*self.path, "exceptions", index, "when"), mandate=True)
        self.defaults(rule)
        for index, reading in enumerate(rule.readings):
            if reading.where is not None:
                self.predicate(reading.where, (*self.path, "readings", index, "where"))
            if reading.without is not None:
                self.predicate(reading.without, (*self.path, "readings", index, "without"))
            self.parts(reading.by, reading.measure, reading.of, (*self.path, "readings", index))
        if rule.unless is not None:
            if rule.unless.where is not None:
                self.predicate(rule.unless.where, (*self.path, "unless", "where"))
            self.parts(rule.unless.by, rule.unless.measure, rule.unless.of, (*self.path, "unless"))
        self.parts(rule.by, rule.measure, rule.of, self.path)
        for part in rule.plus:
            self.denominator(part, (*self.path, "plus"))
        for side in ("max", "min"):
            self.limit(rule, side)

    def defaults(self, rule: Rule) -> None:
        """One reading of a switch is the default at most, and no reading stands twice."""
        seen: set[tuple[str, str]] = set()
        for index, reading in enumerate(rule.readings):
            for mark in (
                (reading.switch, reading.id),
                *([(reading.switch, "default: true")] if reading.default else []),
            ):
                if mark in seen:
                    path = (*self.path, "readings", index)
                    raise self.fail("rulebook.reading_twice", path, mark[1], switch=reading.switch)
                seen.add(mark)

    def parts(self, by: object, measure: object, of: object, path: tuple[str | int, ...]) -> None:
        names = [by] if isinstance(by, str) else list(by) if isinstance(by, tuple) else []
        for name in names:
            self.column_named(str(name), (*path, "by"))
        if measure is not None:
            self.measure(measure, (*path, "measure"))
        if of is not None:
            self.denominator(of, (*path, "of"))

    def measure(self, measure: object, path: tuple[str | int, ...]) -> None:
        first, *rest = [measure] if isinstance(measure, str) else list(measure)  # type: ignore[call-overload]
        if first not in MEASURES:
            raise self.fail("rulebook.unknown_measure", path, first, MEASURES)
        for name in rest:
            self.column_named(name, path)

    def denominator(self, of: object, path: tuple[str | int, ...]) -> None:
        if isinstance(of, tuple):
            for part in of:
                self.denominator(part.part if isinstance(part, Signed) else part, path)
        elif isinstance(of, str) and of not in AMOUNTS and of not in SIZE_COLUMNS:
            raise self.fail("rulebook.unknown_amount", path, of, (*AMOUNTS, *SIZE_COLUMNS))
        elif isinstance(of, AmountOf) and of.amount not in AMOUNTS:
            raise self.fail("rulebook.unknown_amount", path, of.amount, AMOUNTS)
        elif isinstance(of, HoldingsSum):
            self.measure(of.measure, path)
            if of.where is not None:
                self.predicate(of.where, path)

    def column_named(self, name: str, path: tuple[str | int, ...]) -> Column:
        if name in self.book.columns:
            combined = self.book.columns[name]
            inputs = combined.inputs
            found = column(inputs[0].replace(".*", ".any")) if inputs else None
        else:
            found = column(name)
        if found is None:
            raise self.fail("rulebook.unknown_column", path, name, [*COLUMNS, *self.book.columns])
        return found

    def predicate(self, inner: Predicate, path: tuple[str | int, ...], *, mandate: bool = False) -> None:
        for leaf in leaves(inner):
            if isinstance(leaf, InSet):
                if leaf.name not in self.book.sets:
                    raise self.fail("rulebook.unknown_set", path, leaf.name, self.book.sets)
            elif mandate:
                self.mandate_key(leaf, path)
            else:
                self.leaf(leaf, path)

    def mandate_key(self, leaf: OneOf | Between | InList | Missing, path: tuple[str | int, ...]) -> None:
        head, _, rest = leaf.column.partition(".")
        if head not in _MANDATE_HEADS or (head == "product" and rest not in Product.model_fields):
            raise self.fail(
                "rulebook.unknown_mandate_key",
                (*path, *leaf.column.split(".")),
                leaf.column,
                [f"product.{k}" for k in Product.model_fields],
            )
        if head == "institution" and isinstance(leaf, OneOf):
            for value in leaf.values:
                if value not in INSTITUTIONS:
                    raise self.fail(
                        "rulebook.unknown_value",
                        (*path, "institution"),
                        value,
                        INSTITUTIONS,
                        column="institution",
                    )

    def leaf(self, leaf: OneOf | Between | InList | Missing, path: tuple[str | int, ...]) -> None:
        found = self.column_named(leaf.column, (*path, leaf.column))
        if isinstance(leaf, OneOf):
            allowed = _values(found)
            for value in leaf.values:
                if allowed and re.search(WIDE_MARKS, value):
                    raise BadInput(
                        "rulebook.wide_separator", where=self.document.where(*path, leaf.column), value=value,
                        expected=f"[{re.sub(WIDE_MARKS, ', ', value)}]", rule=self.name,
                    )  # fmt: skip
                if allowed and value not in allowed:
                    raise self.fail("rulebook.unknown_value", (*path, leaf.column), value, allowed, column=leaf.column)
        elif isinstance(leaf, Between):
            for _, bound in leaf.bounds:
                if isinstance(bound, str) and bound != "limit":
                    self.bound(leaf.column, found, bound, (*path, leaf.column))

    def bound(self, name: str, found: Column, bound: str, path: tuple[str | int, ...]) -> None:
        grades = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES, "short_rating": SHORT_GRADES}
        if found.kind in grades:
            if bound not in grades[found.kind]:
                raise self.fail("rulebook.unknown_value", path, bound, grades[found.kind], column=name)
            return
        if found.kind == "date":
            return
        bare = bound.replace(".", "", 1).lstrip("-").isdigit()
        if bare and found.kind in _UNITLESS:
            return
        expected = {"rate": "%", "money": "yuan", "years": "years", "days": "days"}.get(found.kind, "a number")
        units = {
            "rate": ("ratio",),
            "money": ("yuan",),
            "years": ("years", "months"),
            "days": ("days", "months", "years"),
        }
        if bare or quantity(bound, self.document.where(*path)).unit not in units.get(found.kind, ()):
            raise self.fail("rulebook.bound_unit", path, bound, (expected,), column=name)

    def limit(self, rule: Rule, side: str) -> None:
        values = getattr(rule, side)
        if values is None:
            return
        path = (*self.path, side)
        allowed = _limit_units(rule, self.book)
        written = [values.absent] if isinstance(values, FromList) else [item.value for item in values]
        for value in written:
            if value.unit not in allowed and not (isinstance(values, FromList) and value.unit == "yuan"):
                raise self.fail("rulebook.limit_unit", path, value.text, allowed)
        if isinstance(values, FromList):
            return
        if rule.kind == "eligibility" and any(item.strict for item in values):
            raise self.fail("rulebook.strict_eligibility", path, rule.id, ("above", "below"))
        conditions: dict[Predicate | None, list[Dated]] = {}
        for index, item in enumerate(values):
            if item.when is not None:
                self.predicate(item.when, (*path, index, "when"), mandate=True)
            conditions.setdefault(item.when, []).append(item)
        for same in conditions.values():
            self.dates(rule, same, path)

    def dates(self, rule: Rule, values: list[Dated], path: tuple[str | int, ...]) -> None:
        """Values under one condition follow each other without overlap or gap."""
        ordered = sorted(values, key=lambda item: item.from_ or self.book.modelled.from_)
        for first, second in pairwise(ordered):
            start = second.from_ or self.book.modelled.from_
            if first.to is not None and first.to >= start:
                raise self.fail("rulebook.dates_overlap", path, rule.id, first=first.from_, second=start)
            if first.from_ == second.from_:
                raise self.fail("rulebook.dates_overlap", path, rule.id, first=first.from_, second=start)
            if first.to is not None and first.to + timedelta(days=1) < start:
                raise self.fail("rulebook.dates_gap", path, rule.id, first=first.to, second=start)


def _values(found: Column) -> tuple[str, ...]:
    if found.kind == "bool":
        return ("true", "false")
    if found.kind == "rating":
        return tuple(RATING_GRADES)
    if found.kind == "implied":
        return tuple(IMPLIED_GRADES)
    return found.values


def _limit_units(rule: Rule, book: Book) -> tuple[str, ...]:
    if rule.kind == "count":
        return ("count",)
    if rule.kind == "average":
        combined = book.columns.get(rule.measure[1])
        inputs = combined.inputs if combined else None
        found = column(inputs[0].replace(".*", ".any") if inputs else rule.measure[1])
        kind = found.kind if found else "rating"
        return {
            "rate": ("ratio",),
            "years": ("years",),
            "days": ("days",),
            "rating": ("grade",),
            "implied": ("grade",),
        }.get(kind, ("ratio",))
    if rule.kind == "eligibility":
        return ("ratio", "yuan", "years", "days", "months", "grade")
    return ("ratio",) if rule.of is not None else ("yuan",)

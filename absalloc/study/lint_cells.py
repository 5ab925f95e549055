"""Every kind of line that some rules can tell apart, as cells: one for each way their tests can come out.

A cell is a product and, of the columns the rules test on it, a value in each range that the bounds cut out; tests
that cannot be taken apart (lists, dates of the mandate) are free to be true or false. Combinations that no market has
are among them: what is proven for all cells is proven for all lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from itertools import product as cartesian
from typing import Any

import numpy as np

from absalloc.errors import BadInput
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rulebook.models import Combined
from absalloc.terms import IMPLIED_GRADES, PRODUCTS, RATING_GRADES, SHORT_GRADES, Column, column
from absalloc.units import quantity

MOST_CELLS = 400_000
GRADES = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES, "short_rating": SHORT_GRADES}
WHOLE = ("days", "count", *GRADES)
OTHER = "\0other"
"""A value of a text column that no rule names."""
NOT_RATED = "\0not rated"
"""A rating stated to be none: it meets no test, and counts as missing."""
Truth = np.ndarray
"""1 true, 0 false, 0.5 unknown: "and" is the least, "or" the greatest, "not" the rest to 1."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The sets and combined columns of one rulebook, and what ``limit`` stands for in a test."""

    sets: Mapping[str, Predicate]
    columns: Mapping[str, Combined]
    limit: Fraction | None = None

    def plain(self, predicate: Predicate) -> Predicate:
        """Return a predicate with its sets written out and its columns by their canonical names.

        Who stands on which list is anybody's guess, so a set that asks lists stays a set, free as a whole.
        """
        if isinstance(predicate, InSet):
            inner = self.written_out(predicate)
            return predicate if any(isinstance(leaf, InList) for leaf in leaves(inner)) else inner
        if isinstance(predicate, Not):
            return Not(self.plain(predicate.inner))
        if isinstance(predicate, AllOf | AnyOf):
            return type(predicate)(tuple(self.plain(part) for part in predicate.parts))
        return replace(predicate, column=self.canonical(predicate.column))

    def written_out(self, predicate: Predicate) -> Predicate:
        """Return a predicate with every set written out: what tells two sets of one name apart."""
        if isinstance(predicate, InSet):
            return self.written_out(self.sets[predicate.name])
        if isinstance(predicate, Not):
            return Not(self.written_out(predicate.inner))
        if isinstance(predicate, AllOf | AnyOf):
            return type(predicate)(tuple(self.written_out(part) for part in predicate.parts))
        return replace(predicate, column=self.canonical(predicate.column))

    def canonical(self, name: str) -> str:
        """Return a column's name; of a combined one what it is made of, which another rulebook may say otherwise."""
        found = self.columns.get(name)
        if found is None:
            return name
        return f"{found.take or 'first'} of {', '.join(found.inputs)}"

    def about(self, name: str) -> Column | None:
        """Return what is known of a column, by its canonical name too; of a combined one by its first input."""
        inner = self.columns.get(name)
        if inner is not None:
            name = self.canonical(name)
        head, of, inputs = name.partition(" of ")
        return column((inputs.split(", ")[0] if of else head).replace(".*", ".any"))

    def number(self, leaf: Between, bound: Any) -> Fraction | None:
        """Return a bound on the column's own scale, None where only the day or the mandate decides it."""
        if isinstance(bound, tuple):
            return None
        about = self.about(leaf.column)
        kind = "" if about is None else about.kind
        if bound == "limit":
            return self.limit
        if kind in GRADES:
            return Fraction(GRADES[kind][bound]) if bound in GRADES[kind] else None
        try:
            found = Fraction(bound) if bound.replace(".", "", 1).lstrip("-").isdigit() else None
            if found is not None:
                return found
            said = quantity(bound)
        except (BadInput, ValueError):
            return None
        wanted = {"rate": "ratio", "money": "yuan", "years": "years", "days": "days"}.get(kind)
        return said.value if said.unit == wanted else None

    def sides(self, leaf: Between) -> list[tuple[str, Fraction]] | None:
        """Return the bounds as numbers, turned so that a grade at least as good is a step at most as high."""
        about = self.about(leaf.column)
        graded = about is not None and about.kind in GRADES
        turned = {"min": "max", "max": "min", "above": "below", "below": "above"}
        found = [(turned[side] if graded else side, self.number(leaf, bound)) for side, bound in leaf.bounds]
        known = [(side, value) for side, value in found if value is not None]
        return known if len(known) == len(found) else None


@dataclass(frozen=True)
class Cells:
    """All cells: the product of each, and per column its values; None where missing, or not read of the product.

    A test on a column that the cells were not made for raises KeyError: it would look as if it came out.
    """

    product: np.ndarray
    values: Mapping[str, np.ndarray]
    free: Mapping[Any, np.ndarray]

    def __len__(self) -> int:
        return len(self.product)

    def truth(self, predicate: Predicate | None, words: Vocabulary) -> Truth:
        """Return how a predicate comes out on each cell: shape (cells,)."""
        if predicate is None:
            return np.ones(len(self))
        inner = words.plain(predicate)
        return self._truth(inner, words)

    def _truth(self, inner: Predicate, words: Vocabulary) -> Truth:
        if isinstance(inner, Not):
            return 1.0 - self._truth(inner.inner, words)
        if isinstance(inner, AllOf | AnyOf):
            parts = [self._truth(part, words) for part in inner.parts]
            return np.asarray(np.min(parts, axis=0) if isinstance(inner, AllOf) else np.max(parts, axis=0))
        if isinstance(inner, Missing):
            return self.by_value(inner.column, lambda value: float(value is None or value == NOT_RATED))
        key = free_key(inner, words)
        if key is not None:
            return np.asarray(self.free[key].astype(float))
        assert isinstance(inner, OneOf | Between)
        if inner.column == "product" and isinstance(inner, OneOf):
            return np.asarray(np.isin(self.product, inner.values).astype(float))
        found = self._one_of(inner, words) if isinstance(inner, OneOf) else self._between(inner, words)
        return np.asarray(np.where(self._missing(inner.column), 0.5, found))

    def take(self, rows: np.ndarray) -> Cells:
        """Return some of the cells."""
        return Cells(
            self.product[rows], {name: found[rows] for name, found in self.values.items()},
            {key: found[rows] for key, found in self.free.items()},
        )  # fmt: skip

    @cached_property
    def _coded(self) -> dict[str, tuple[np.ndarray, list[Any]]]:
        """Return per column the number of each cell's value, and the values: tests are made once a value."""
        return {name: _codes(found) for name, found in self.values.items()}

    def by_value(self, name: str, test: Callable[[Any], float]) -> Truth:
        """Return ``test`` of each cell's value of a column, made once for each value."""
        codes, values = self._coded[name]
        return np.asarray(np.array([test(value) for value in values], dtype=float)[codes])

    def _missing(self, name: str) -> np.ndarray:
        return np.asarray(self.by_value(name, lambda value: float(value is None)) == 1)

    def _one_of(self, inner: OneOf, words: Vocabulary) -> Truth:
        wanted = {_value(text, words.about(inner.column)) for text in inner.values}
        return self.by_value(inner.column, lambda value: float(value in wanted))

    def _between(self, inner: Between, words: Vocabulary) -> Truth:
        sides = words.sides(inner) or []
        return self.by_value(inner.column, lambda value: float(isinstance(value, Point) and _within(value.at, sides)))


def _within(at: Fraction, sides: Sequence[tuple[str, Fraction]]) -> bool:
    tests = {"min": at.__ge__, "max": at.__le__, "above": at.__gt__, "below": at.__lt__}
    return all(tests[side](bound) for side, bound in sides)


def _codes(found: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    numbers: dict[Any, int] = {}
    codes = np.array([numbers.setdefault(value, len(numbers)) for value in found], dtype=np.int64)
    return codes, list(numbers)


@dataclass(frozen=True)
class Point:
    """A number of a cell: ``at`` decides the tests, ``size`` is what an average adds up (the end of its range)."""

    at: Fraction
    size: Fraction


def free_key(leaf: Predicate, words: Vocabulary) -> Any:
    """Return what a test is told apart by where it is simply true or false of a line, None where it is taken apart."""
    if isinstance(leaf, OneOf | Missing):
        return None
    if isinstance(leaf, Between):
        return leaf if words.sides(leaf) is None else None
    return words.written_out(leaf) if isinstance(leaf, InSet) else leaf


def _value(text: str, about: Column | None) -> Any:
    if about is not None and about.kind in GRADES and text in GRADES[about.kind]:
        step = Fraction(GRADES[about.kind][text])
        return Point(step, step)
    return text


Tests = Sequence[tuple[Predicate, Vocabulary]]
Sizes = Sequence[tuple[str, Vocabulary]]


def make_cells(tests: Tests, sizes: Sizes) -> Cells:
    """Return the cells of some tests; ``sizes`` are columns that averages add up.

    Columns that no test reads together are varied apart, each by what its tests make of it, and put together then.
    Raises BadInput where there are more than 400,000: the rules are then to be examined a rulebook at a time.
    """
    plain = [(words.plain(predicate), words) for predicate, words in tests]
    domains = _domains(plain, sizes)
    kinds: list[str] = []
    rows: list[dict[Any, Any]] = []
    for kind in PRODUCTS:
        parts = [_varied(kind, part, domains) for part in _parts(kind, plain, sizes)]
        size = int(np.prod([len(part) for part in parts], dtype=float))
        if len(rows) + size > MOST_CELLS:
            raise BadInput("study.lint_too_many", value=len(rows) + size, expected=MOST_CELLS)
        for chosen in cartesian(*parts):
            kinds.append(kind)
            rows.append({name: value for part in chosen for name, value in part.items()})
    return _cells(kinds, rows, domains)


def _cells(kinds: Sequence[str], rows: Sequence[Mapping[Any, Any]], names: Iterable[Any]) -> Cells:
    listed = list(names)
    values = {name: _array([row.get(name) for row in rows]) for name in listed if isinstance(name, str)}
    free = {name: np.array([bool(r.get(name)) for r in rows]) for name in listed if not isinstance(name, str)}
    return Cells(_array(list(kinds)), values, free)


@dataclass
class _Part:
    """Columns and free tests that are read together on one product, and what reads them."""

    names: dict[Any, None]
    tests: list[tuple[Predicate, Vocabulary]]
    sizes: list[tuple[str, Vocabulary]]


def _parts(kind: str, tests: Tests, sizes: Sizes) -> list[_Part]:
    """Return the parts that what the rules read of a product falls into."""
    found = [_Part({words.canonical(name): None}, [], [(words.canonical(name), words)]) for name, words in sizes]
    for predicate, words in tests:
        settled = _settled(predicate, kind)
        if not isinstance(settled, bool):
            found.append(_Part(dict.fromkeys(_left(settled, words)), [(settled, words)], []))
    apart: list[_Part] = []
    for part in found:
        for other in [each for each in apart if each.names.keys() & part.names.keys()]:
            apart.remove(other)
            part = _Part({**other.names, **part.names}, [*other.tests, *part.tests], [*other.sizes, *part.sizes])
        apart.append(part)
    return apart


def _varied(kind: str, part: _Part, domains: Mapping[Any, list[Any]]) -> list[dict[Any, Any]]:
    """Return one choice of a part's columns for each way that what reads them can come out."""
    names = list(part.names)
    size = int(np.prod([len(domains[name]) for name in names], dtype=float))
    if size > MOST_CELLS:
        raise BadInput("study.lint_too_many", value=size, expected=MOST_CELLS)
    rows = [dict(zip(names, values, strict=True)) for values in cartesian(*(domains[name] for name in names))]
    cells = _cells([kind] * len(rows), rows, names)
    marks = [cells.truth(predicate, words) for predicate, words in part.tests]
    marks += [cells.by_value(name, point_size) for name, _ in part.sizes]
    _, kept = np.unique(np.array(marks), axis=1, return_index=True)
    return [rows[i] for i in sorted(kept)]


def point_size(value: Any) -> float:
    """Return what an average adds up of a value; nothing where there is none."""
    return float(value.size) if isinstance(value, Point) else 0.0


def _array(values: list[Any]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _settled(inner: Predicate, kind: str) -> Predicate | bool:
    """Return what is left of a predicate once the product is known."""
    if isinstance(inner, OneOf) and inner.column == "product":
        return kind in inner.values
    if isinstance(inner, Not):
        found = _settled(inner.inner, kind)
        return (not found) if isinstance(found, bool) else Not(found)
    if isinstance(inner, AllOf | AnyOf):
        ends = isinstance(inner, AnyOf)  # what decides the whole: one true of any, one false of all
        parts = [_settled(part, kind) for part in inner.parts]
        if any(part is ends for part in parts):
            return ends
        kept = tuple(part for part in parts if not isinstance(part, bool))
        return (AnyOf if ends else AllOf)(kept) if kept else not ends
    return inner


def _left(settled: Predicate | bool, words: Vocabulary) -> Iterator[Any]:
    """Yield the columns and free tests that still matter."""
    if isinstance(settled, bool):
        return
    for leaf in leaves(settled):
        key = free_key(leaf, words)
        yield getattr(leaf, "column", "") if key is None else key


def _domains(tests: Tests, sizes: Sizes) -> dict[Any, list[Any]]:
    """Return column or free test -> the values that rules can tell apart."""
    named: dict[str, list[Any]] = {}
    cuts: dict[str, set[Fraction]] = {}
    about: dict[str, Column | None] = {}
    found: dict[Any, list[Any]] = {}
    for predicate, words in tests:
        for leaf in leaves(predicate):
            key = free_key(leaf, words)
            if key is not None:
                found[key] = [False, True]
                continue
            name = str(getattr(leaf, "column", ""))
            about.setdefault(name, words.about(name))
            if isinstance(leaf, Missing):
                named.setdefault(name, []).append(None)
            elif isinstance(leaf, OneOf):
                named.setdefault(name, []).extend(_value(text, about[name]) for text in leaf.values)
            elif isinstance(leaf, Between):
                cuts.setdefault(name, set()).update(value for _, value in words.sides(leaf) or [])
    for written, words in sizes:
        name = words.canonical(written)
        about.setdefault(name, words.about(written))
        cuts.setdefault(name, set())
    for name in dict.fromkeys([*named, *cuts]):
        if name != "product":
            found[name] = _values(named.get(name, []), cuts.get(name), about[name])
    return found


def _values(named: list[Any], cuts: set[Fraction] | None, about: Column | None) -> list[Any]:
    found = list(dict.fromkeys(named))
    if cuts is not None or any(isinstance(value, Point) for value in found):
        bounds = (cuts or set()) | {value.at for value in found if isinstance(value, Point)}
        graded = about is not None and about.kind in GRADES
        return [*([None] if None in found else []), *([NOT_RATED] if graded else []), *_points(bounds, about)]
    if about is not None and about.kind == "bool":
        return [*([None] if None in found else []), "true", "false"]
    return [*found, OTHER]


def _points(cuts: set[Fraction], about: Column | None) -> list[Point]:
    """Return a point in each range that the cuts make, sized at both ends of the range."""
    kind = "" if about is None else about.kind
    low, high = (Fraction(1), Fraction(len(GRADES[kind]))) if kind in GRADES else (Fraction(0), Fraction(10**15))
    if about is not None and kind not in GRADES:
        low = Fraction(str(about.low))
        high = Fraction(str(about.high)) if about.high != float("inf") else high
    ends = sorted({low, high, *(cut for cut in cuts if low <= cut <= high)})
    step = Fraction(1) if kind in WHOLE else None
    found = [Point(end, end) for end in ends]
    for first, second in pairwise(ends):
        if step is None:
            middle = (first + second) / 2
            found += [Point(middle, first), Point(middle, second)]
        else:
            inside = [value for value in (first + step, second - step) if first < value < second]
            found += [Point(value, value) for value in dict.fromkeys(inside)]
    return found

"""What one line adds to a numerator and a denominator: every alternative that what is missing leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from absalloc.compliance.exact_lines import Lines
from absalloc.compliance.exact_positions import ONE, ZERO, Position
from absalloc.compliance.exact_predicates import GRADES, every, negate
from absalloc.predicate import Predicate
from absalloc.rows.state import PRICE_RANGE
from absalloc.terms import IMPLIED_GRADES, RATING_GRADES, UNIT_PRICE_PRODUCTS
from absalloc.units import exact

Pair = tuple[Fraction, Fraction]
HUNDRED = Fraction(100)
NO_BOUND = Fraction(10**15)
"""Stands for the value of a line whose face is not known."""
_PRIMITIVES = {
    "face": (),
    "principal": ("factor",),
    "clean_value": ("factor", "clean_price"),
    "market_value": ("factor", "dirty_price"),
    "book_value": ("book",),
}


@dataclass(frozen=True)
class HoldingsPart:
    """A part of a denominator that sums a measure over holdings, with its sign."""

    sign: int
    measure: tuple[str, ...]
    where: Predicate | None


@dataclass(frozen=True)
class Cell:
    """A line's place in a ratio: ``status`` in, out (False) or possible (None) in the numerator.

    ``pairs`` are the alternatives (n, d); ``alone`` those of d where the line is in no numerator; ``n`` and
    ``d`` what it adds where it is in and measured, None where it is in but its measure is missing.
    """

    book: str
    code: str
    status: bool | None
    pairs: tuple[Pair, ...]
    alone: tuple[Fraction, ...]
    n: Fraction | None
    d: Fraction | None
    lacking: frozenset[str]
    known: bool
    bought: Fraction | None
    excepted: tuple[str, ...] = ()
    away: bool = False


class Measurer:
    """Measures positions of one book under one rule."""

    def __init__(self, lines: Lines, parts: Sequence[HoldingsPart], exceptions: Mapping[str, bool | None]) -> None:
        self.lines, self.state, self.rule, self.parts = lines, lines.state, lines.rule, parts
        ask = lines.predicates
        self._counts, self._inside = ask.counter(self.rule.where), [ask.counter(part.where) for part in parts]
        self._require = None if self.rule.require is None else ask.test(self.rule.require)
        self._exceptions = [(n, ask.test(out), exceptions.get(n, True)) for n, out in self.rule.exceptions]
        self.average = self.rule.kind == "average"
        self.measure = ("market_value",) if self.rule.kind == "eligibility" else self.rule.measure

    def cell(self, held: Position) -> Cell | None:
        """Return what a position adds; None where it stands in no part of the rule and no exception took it out."""
        status, excepted = self._status(held)
        # What is held elsewhere joins the numerator only.
        inside = [] if held.away else [counts(held.row, held.code) for counts in self._inside]
        if status is False and not inside:
            if not excepted:
                return None  # most lines of most rules
            return Cell(
                self.state.name, held.code, False, ((ZERO, ZERO),), (ZERO,), ZERO, ZERO, frozenset(),
                held.row is not None, ZERO, excepted, held.away,
            )  # fmt: skip
        if status is not None and None not in inside:
            certain = self._certain(held, status, inside)
            if certain is not None:
                return Cell(
                    self.state.name, held.code, status, (certain,), certain[1:], *certain, frozenset(),
                    held.row is not None, self._bought(held), excepted, held.away,
                )  # fmt: skip
        return self._open_cell(held, status, inside, excepted)

    def _certain(self, held: Position, status: bool, inside: list[bool | None]) -> Pair | None:
        """Return what the line adds to (n, d); None where a fact that matters is missing."""
        n = self._sure(held, self.measure) if status else ZERO
        if n is None:
            return None
        if self.average:
            d = self._sure(held, self.measure[:1]) if status else ZERO
            return None if d is None else (n, d)
        d = ZERO
        for part, counts in self._zip(held, inside):
            amount = self._sure(held, part.measure) if counts else ZERO
            if amount is None:
                return None
            if amount:
                d += part.sign * amount
        return n, d

    def _sure(self, held: Position, measure: Sequence[str]) -> Fraction | None:
        """Return a measure of a position every fact of which is known, else None."""
        base, *rest = measure
        if base not in held.amounts:
            held.amounts[base] = self._base(held, base)
        amount = held.amounts[base]
        for name in rest:
            if amount is None:
                return None
            low, high = self._attribute(held, name)
            amount = amount * low if low is high or low == high else None
        return amount

    def _base(self, held: Position, base: str) -> Fraction | None:
        if self._vague(held, base):
            return None
        point: dict[str, Fraction] = {}
        for name in _PRIMITIVES[base]:
            low, high = self._range(held, name)
            if low is not high and low != high:
                return None
            point[name] = low
        return self._measured(held, (base,), point)

    def _open_cell(
        self, held: Position, status: bool | None, inside: list[bool | None], excepted: tuple[str, ...]
    ) -> Cell:  # fmt: skip
        """Return what a position adds in every way that what is missing leaves open."""
        ranges = self._ranges(held, status, inside)
        # Asked by identity first: a fact that is known is one object, and comparing fractions is slow.
        free = {name: b for name, b in ranges.items() if b[0] is not b[1] and b[0] != b[1]}
        open_ = free or status is None or None in inside or self._vague(held)
        n, d = self._shown(held, status, inside, ranges, free)
        if open_ or n is None or d is None:
            pairs = tuple(dict.fromkeys(self._pairs(held, status, inside, ranges, free)))
        else:
            pairs = ((n, d),)
        return Cell(
            self.state.name, held.code, status, pairs, tuple(dict.fromkeys(pair[1] for pair in pairs)), n, d,
            frozenset(self._lacking(held, status, free)), held.row is not None, self._bought(held), excepted, held.away,
        )  # fmt: skip

    def _shown(
        self,
        held: Position,
        status: bool | None,
        inside: list[bool | None],
        ranges: dict[str, Pair],
        free: dict[str, Pair],
    ) -> tuple[Fraction | None, Fraction | None]:
        """Return what the line adds to (n, d) where it is in; None where it is in and not measured."""
        open_ = free.keys()
        point = {name: bounds[0] for name, bounds in ranges.items()}
        n: Fraction | None = ZERO
        if status is True:
            known = not self._vague(held) and not open_ & set(self._needs(self.measure))
            n = self._n(held, point, True) if known else None
        unclear = any(s is True and open_ & set(self._needs(p.measure)) for p, s in self._zip(held, inside))
        if unclear or (self.average and status is True and open_ & set(self._needs(self.measure[:1]))):
            return n, None
        return n, self._d(held, point, [s is True for s in inside], status is True)

    def _vague(self, held: Position, base: str | None = None) -> bool:
        """Return whether not even the amount held is known in a measure, the rule's where none is named."""
        return held.face is None and (held.value is None or (base or self.measure[0]) != "market_value")

    def _own(self, held: Position) -> Sequence[HoldingsPart]:
        return () if held.away else self.parts

    def _zip(self, held: Position, inside: list[bool | None]) -> Iterator[tuple[HoldingsPart, bool | None]]:
        return zip(self._own(held), inside, strict=True)

    def _status(self, held: Position) -> tuple[bool | None, tuple[str, ...]]:
        found = self._counts(held.row, held.code)
        if self.rule.kind == "eligibility":
            met = True if self._require is None else self._require(held.row, held.code)
            found = every([found, negate(met)])
        if found is False:
            return False, ()
        taken = []
        for name, excepted, allowed in self._exceptions:
            out = every([excepted(held.row, held.code), allowed])
            if out is True:
                taken.append(name)
            found = every([found, negate(out)])
        return found, tuple(taken)

    @staticmethod
    def _needs(measure: Sequence[str]) -> tuple[str, ...]:
        return (*_PRIMITIVES[measure[0]], *(f"column {name}" for name in measure[1:]))

    def _ranges(self, held: Position, status: bool | None, inside: list[bool | None]) -> dict[str, Pair]:
        names = set() if status is False else set(self._needs(self.measure))
        for part, state in self._zip(held, inside):
            names |= set() if state is False else set(self._needs(part.measure))
        return {name: self._range(held, name) for name in sorted(names)}

    def _range(self, held: Position, name: str) -> Pair:
        if name.startswith("column "):
            return self._attribute(held, name.removeprefix("column "))
        if name == "book":
            return self._book(held)
        if held.row is not None and self.state.product[held.row] in UNIT_PRICE_PRODUCTS:
            # One for all four measures: factor 1, prices 100.
            return (ONE, ONE) if name == "factor" else (HUNDRED, HUNDRED)
        return self._fact(name, held.row)

    def _fact(self, name: str, row: int | None) -> Pair:
        known = self.lines.table.ranges
        if (name, row) not in known:
            known[name, row] = self.state.attribute(name, row)
        return known[name, row]

    def _attribute(self, held: Position, name: str) -> Pair:
        kind = self.lines.kind(name)
        if kind in GRADES:
            step = GRADES[kind].get(self.lines.value(name, held.row, held.code))
            worst = len(RATING_GRADES) if kind == "rating" else max(IMPLIED_GRADES.values())
            return (ONE, Fraction(worst)) if step is None else (Fraction(step), Fraction(step))
        if name not in self.rule.columns and kind != "bool":
            return self._fact(name, held.row)
        value = self.lines.value(name, held.row, held.code)
        if value is not None:
            return (exact(float(value)),) * 2
        if kind == "bool":
            return ZERO, ONE
        ends = [self.state.attribute(each, None) for each in self.lines.inputs(name)]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def _book(self, held: Position) -> Pair:
        """Return the range of the whole position's book value."""
        if held.face is None:
            return ZERO, ZERO  # the amount itself is open
        if held.row is not None and self.state.product[held.row] in UNIT_PRICE_PRODUCTS:
            return held.face, held.face
        state, now = self.state, self.state.held.get(held.code, ZERO)
        written = None if held.away else state.book_value.get(held.code)
        if written is not None and now:
            return (written * held.face / now,) * 2
        bought = ZERO if held.before or held.away else min(held.face, state.bought(held.code) or ZERO)
        low, high = state.unit("market_value", held.row)
        factor = state.unit("principal", held.row)
        kept = held.face - bought
        unknown = (kept * factor[0] * PRICE_RANGE[0] / 100, kept * factor[1] * PRICE_RANGE[1] / 100)
        return bought * low + unknown[0], bought * high + unknown[1]

    def _pairs(
        self,
        held: Position,
        status: bool | None,
        inside: list[bool | None],
        ranges: dict[str, Pair],
        free: dict[str, Pair],
    ) -> Iterator[Pair]:
        choices = [(True, False) if state is None else (state,) for state in (status, *inside)]
        for corner in product(*free.values()):
            point = {**{name: bounds[0] for name, bounds in ranges.items()}, **dict(zip(free, corner, strict=True))}
            for counted, *sums in product(*choices):
                for unknown in (ZERO, ONE) if self._vague(held) else (ONE,):
                    n, d = self._n(held, point, counted), self._d(held, point, sums, counted)
                    yield n * unknown, d * unknown

    def _n(self, held: Position, point: Mapping[str, Fraction], counted: bool) -> Fraction:
        return self._measured(held, self.measure, point) if counted else ZERO

    def _d(self, held: Position, point: Mapping[str, Fraction], sums: Sequence[bool], counted: bool) -> Fraction:
        if self.average:
            return self._measured(held, self.measure[:1], point) if counted else ZERO
        signed = (
            part.sign * self._measured(held, part.measure, point)
            for part, counts in zip(self._own(held), sums, strict=True)
            if counts
        )
        return sum(signed, ZERO)

    def _measured(self, held: Position, measure: Sequence[str], point: Mapping[str, Fraction]) -> Fraction:
        base, *rest = measure
        if held.value is not None and base == "market_value":
            amount = held.value
        elif held.face is None:
            amount = NO_BOUND
        elif base == "book_value":
            amount = point["book"]
        else:
            amount = held.face * self._unit(base, held.row, point)
        for name in rest:
            amount *= point[f"column {name}"]
        return amount

    def _unit(self, base: str, row: int | None, point: Mapping[str, Fraction]) -> Fraction:
        """Return a measure per yuan of face at a point; kept for a row while its facts are the same objects."""
        names = _PRIMITIVES[base]
        known = self.lines.table.units.get((base, row))
        if known is not None and all(point[name] is value for name, value in zip(names, known[1], strict=True)):
            return known[0]
        unit = ONE
        for name in names:
            unit *= point[name] if name == "factor" else point[name] / 100
        self.lines.table.units[base, row] = unit, tuple(point[name] for name in names)
        return unit

    def _bought(self, held: Position) -> Fraction | None:
        return ZERO if held.away else self.state.bought(held.code)

    def _lacking(self, held: Position, status: bool | None, free: Mapping[str, Pair]) -> Iterator[str]:
        if status is not False:
            yield from (name.removeprefix("column ") for name in free)
        if status is None:
            for predicate in (self.rule.where, self.rule.require, *(p for _, p in self.rule.exceptions)):
                yield from self.lines.lacking(predicate, held.row, held.code)

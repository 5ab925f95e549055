"""The kinds of rules: from the lines of the books to one result per group and bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from absalloc.compliance.exact_amounts import Amounts, holdings_parts, reason, varies
from absalloc.compliance.exact_bounds import grade_step
from absalloc.compliance.exact_cells import Cell, Measurer
from absalloc.compliance.exact_counts import Tally, counted, summed
from absalloc.compliance.exact_lines import Lines
from absalloc.compliance.exact_lists import MISSING, listed_limits
from absalloc.compliance.exact_positions import ZERO
from absalloc.compliance.exact_ratio import Known, Member, Number, Ratio, judge, proven_breach
from absalloc.compliance.finding import Line, Reason, Verdict
from absalloc.rulebook.active import Limit

PER_GROUP = ("share", "average", "capital")
"""Kinds that give a finding per group."""
Groups = dict[str | None, list[Member]]
Cells = Sequence[tuple[Lines, Cell, int | None]]


@dataclass(frozen=True)
class Result:
    """One bound of a rule on one group, before it is asked when the rule is tested."""

    group: str | None
    sense: Literal["max", "min"]
    unit: str
    strict: bool
    verdict: Verdict
    breach: Number
    value: Fraction | None
    limit: Fraction | None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    headroom: Fraction | None = None
    reasons: tuple[Reason, ...] = ()
    lines: tuple[Line, ...] = ()
    members: tuple[Member, ...] = field(default=(), repr=False)
    excepted: tuple[Cell, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Allowed:
    """Exception -> whether it may be used (None: not known), a mapping for each book and one for lines elsewhere."""

    books: tuple[Mapping[str, bool | None], ...]
    away: Mapping[str, bool | None] = field(default_factory=dict)


def _none_lost(results: list[Result], excepted: Cells) -> list[Result]:
    """Return the results, the first with the excepted lines too whose own group counts nothing and has no result."""
    named = {id(cell) for result in results for cell in result.excepted}
    lost = tuple(cell for _, cell, _ in excepted if id(cell) not in named)
    if not lost or not results:
        return results
    return [replace(results[0], excepted=(*results[0].excepted, *lost)), *results[1:]]


class Assessor:
    """One rule on one or more books, as held now or as held before."""

    def __init__(self, books: Sequence[Lines], amounts: Amounts, allowed: Allowed) -> None:
        self.books, self.rule, self.amounts = books, books[0].rule, amounts
        self._allowed = allowed
        self.also: frozenset[str] = frozenset()
        """Groups to judge even where nothing of them is held."""
        self._earlier: list[Result] | None = None
        absolute = any(limit.unit == "yuan" for limit in self.rule.limits)
        own = self.rule.kind in ("average", "eligibility")
        self.parts = () if own or absolute else holdings_parts(self.rule.of)

    def results(self, *, before: bool = False) -> list[Result]:
        """Return a result for each group and bound, by group and then bound."""
        cells = self._cells(before)
        excepted = [(book, cell, row) for book, cell, row in cells if cell.excepted]
        found = [self._with_excepted(result, excepted) for result in self._kind(cells)]
        return _none_lost(found, excepted)

    def earlier(self) -> list[Result]:
        """Return the results of the book as it was before, at today's prices, amounts and rules."""
        if self._earlier is None:
            self._earlier = self.results(before=True)
        return self._earlier

    def _kind(self, cells: Cells) -> Iterator[Result]:
        if self.rule.kind == "eligibility":
            yield self._eligibility(cells)
            return
        kinds = {"count": self._counts, "threshold_sum": self._sums}
        yield from kinds.get(self.rule.kind, self._shares)(self._groups(cells), cells)

    def _with_excepted(self, result: Result, excepted: Cells) -> Result:
        """Return the result with the lines an exception took out of it."""
        if not excepted:
            return result
        named = result.group is not None
        own = [c for book, c, row in excepted if not named or result.group in dict(book.groups(row, c.code))]
        return replace(result, excepted=tuple(own))

    # -- lines and groups -----------------------------------------------------------------------------------

    def _cells(self, before: bool) -> list[tuple[Lines, Cell, int | None]]:
        found = []
        for book, exceptions in zip(self.books, self._allowed.books, strict=True):
            measurer = Measurer(book, self.parts, exceptions)
            positions = book.held
            held = positions.traded if self.rule.of_trade else positions.before if before else positions.now
            found += [(book, cell, each.row) for each in held if (cell := measurer.cell(each)) is not None]
        elsewhere = Measurer(self.books[0], self.parts, self._allowed.away)
        away = self.amounts.away()
        found += [(self.books[0], cell, each.row) for each in away if (cell := elsewhere.cell(each)) is not None]
        return found

    def _groups(self, cells: Cells) -> Groups:
        groups: Groups = {}
        if self.rule.by is None:
            return {None: [Member(cell) for _, cell, _ in cells if cell.status is not False]}
        missing: list[Member] = []
        for book, cell, row in cells:
            if cell.status is False:
                continue
            for group, share in book.groups(row, cell.code):
                if group == MISSING:
                    missing.append(Member(cell, share, sure=False))
                else:
                    groups.setdefault(group, []).append(Member(cell, share))
        if self.rule.kind in PER_GROUP and any(limit.sense == "min" for limit in self.rule.limits):
            for group in self.amounts.groups():
                groups.setdefault(group, [])
        for group in self.also - {MISSING}:
            groups.setdefault(group, [])
        if missing:
            groups = {**{group: _with_missing(own, missing) for group, own in groups.items()}, MISSING: missing}
        return dict(sorted(groups.items(), key=lambda item: (item[0] == MISSING, item[0] or "")))

    def ratios(self, groups: Groups, cells: Cells) -> dict[str | None, Ratio]:
        """Return the ratio of every group."""
        average = self.rule.kind == "average"
        everyone = [] if average or not self.parts else [cell for _, cell, _ in cells]
        settled = sum((cell.alone[0] for cell in everyone if len(cell.alone) == 1), ZERO)
        open_ = [cell for cell in everyone if len(cell.alone) > 1]
        found = {}
        for group, members in groups.items():
            inside = {id(member.cell): member.cell for member in members}
            own = sum((cell.alone[0] for cell in inside.values() if len(cell.alone) == 1), ZERO) if self.parts else ZERO
            d0 = Known() if average else self.amounts.denominator(group)
            d0 = d0.plus(Known.exactly(settled - own)) if self.parts and not average else d0
            others = [cell for cell in open_ if id(cell) not in inside]
            found[group] = Ratio(group, members, others, self.amounts.numerator(group), d0, average)
        return found

    # -- kinds ----------------------------------------------------------------------------------------------

    def _shares(self, groups: Groups, cells: Cells) -> Iterator[Result]:
        own = [ratio for ratio in self.ratios(groups, cells).values() if not _others_alone(ratio)]
        if not own:
            yield from (self._vacuous(limit) for limit in self.rule.limits)
        for ratio in own:
            for limit in self.rule.limits:
                yield self._share(ratio, limit)

    def _share(self, ratio: Ratio, limit: Limit) -> Result:
        known = self.limit(limit, ratio.group)
        if ratio.average and ratio.n0.high == math.inf:
            # Lines elsewhere that nobody named can move a mean anywhere.
            excess: tuple[Number, Number] = (-math.inf, math.inf)
        else:
            excess = ratio.excess(known)
        nought = ratio.nought(known, limit.sense) if limit.strict else (False, False)
        bound = known.shown if known.single else None
        n, d, value = ratio.numerator, ratio.denominator, ratio.value
        headroom = None
        if bound is not None and self.rule.kind == "average":
            headroom = None if value is None else (bound - value if limit.sense == "max" else value - bound)
        elif bound is not None and n is not None and d is not None:
            headroom = bound * d - n if limit.sense == "max" else n - bound * d
        return Result(
            ratio.group, limit.sense, limit.unit, limit.strict,
            judge(limit.sense, excess, strict=limit.strict, nought=nought),
            proven_breach(limit.sense, excess), value, bound, n, d, headroom,
            (*ratio.n0.reasons, *ratio.d0.reasons, *known.reasons), lines_in(ratio.members), tuple(ratio.members),
        )  # fmt: skip

    def _vacuous(self, limit: Limit) -> Result:
        return Result(
            None, limit.sense, limit.unit, limit.strict, "pass", ZERO, None,
            limit.value, numerator=ZERO if limit.sense == "max" else None,
        )  # fmt: skip

    def _eligibility(self, cells: Cells) -> Result:
        members = tuple(Member(cell) for _, cell, _ in cells if cell.status is not False)
        ratio = Ratio(None, members, n0=self.amounts.numerator(None), d0=Known.exactly(Fraction(1)))
        excess = ratio.excess(Known())
        return Result(
            None, "max", "yuan", False, judge("max", excess), excess[0], ratio.numerator, ZERO, ratio.numerator,
            Fraction(1), None, ratio.n0.reasons, lines_in(members), members,
        )  # fmt: skip

    def _counts(self, groups: Groups, cells: Cells) -> Iterator[Result]:
        if self.rule.if_held is not None:
            yield from self._floors(groups, cells)
        if not self.rule.limits:
            return
        found = counted(self.ratios(groups, cells), self.rule.over)
        for limit in self.rule.limits:
            yield self._whole(found.unsure(self._unsaid), limit, groups)

    def _sums(self, groups: Groups, cells: Cells) -> Iterator[Result]:
        found = summed(
            self.ratios(groups, cells), self.rule.over or ZERO, self.rule.up_to, shared=not varies(self.rule.of)
        )
        for limit in self.rule.limits:
            yield self._whole(found.unsure(self._unsaid), limit, groups)

    @property
    def _unsaid(self) -> bool:
        return self.amounts.wide and self.amounts.elsewhere is None

    def _whole(self, found: Tally, limit: Limit, groups: Groups) -> Result:
        known = self.limit(limit, None)
        excess = (found.low - known.high, found.high - known.low)
        bound = known.shown if known.single else None
        headroom = None
        if bound is not None and found.value is not None:
            headroom = bound - found.value if limit.sense == "max" else found.value - bound
        unique = {id(m.cell): m for members in groups.values() for m in members}
        return Result(
            None, limit.sense, limit.unit, limit.strict, judge(limit.sense, excess, strict=limit.strict),
            proven_breach(limit.sense, excess), found.value, bound, found.numerator, found.denominator, headroom,
            (*found.reasons, *known.reasons), found.lines, tuple(unique.values()),
        )  # fmt: skip

    def _floors(self, groups: Groups, cells: Cells) -> Iterator[Result]:
        floor = Limit("min", self.rule.if_held, "ratio" if self.rule.of is not None else "yuan")
        if not groups:
            yield self._vacuous(floor)
        for group, ratio in self.ratios(groups, cells).items():
            if group == MISSING or _others_alone(ratio):
                continue
            result = self._share(ratio, floor)
            yield replace(result, verdict=_if_held(ratio, floor, result.verdict))

    # -- limits ---------------------------------------------------------------------------------------------

    def limit(self, limit: Limit, group: str | None) -> Known:
        """Return a limit for a group; a range where a list that is not there, or a name not known, decides."""
        if limit.from_list is None:
            assert limit.value is not None
            if self.rule.kind == "average" and limit.unit == "grade":
                step = grade_step(limit, self.books[0].kind(self.rule.measure[1]))
                return Known.at_least(ZERO) if step is None else Known.exactly(Fraction(step))
            return Known.exactly(limit.value)
        values: set[Fraction | None] = set()
        absent = limit.from_list.absent.value
        for book in self.books:
            listed = listed_limits(book.state, limit.from_list)
            if listed is None:
                return Known.at_least(ZERO, reason("list_missing", name=limit.from_list.list))
            values |= {*listed.values(), absent} if group == MISSING else {listed.get(group or "", absent)}
        if None in values:
            return Known.at_least(ZERO, reason("list_blank", name=limit.from_list.list, group=group or ""))
        numbers = [value for value in values if value is not None]
        return Known(min(numbers), max(numbers))


def _with_missing(members: list[Member], missing: list[Member]) -> list[Member]:
    """Return a group with the lines that may be in it; one that is in for a part stands once, its rest may count."""
    rest = {id(member.cell): member.share for member in missing}
    named = {id(member.cell) for member in members}
    own = [replace(item, extra=rest[id(item.cell)]) if id(item.cell) in rest else item for item in members]
    return own + [member for member in missing if id(member.cell) not in named]


def _others_alone(ratio: Ratio) -> bool:
    """Return whether only others hold a name, which is then no business of these books."""
    return ratio.group is not None and bool(ratio.members) and all(member.cell.away for member in ratio.members)


def _if_held(ratio: Ratio, floor: Limit, verdict: Verdict) -> Verdict:
    """Return the verdict of a floor that binds only where something is held: not holding it is always allowed."""
    if verdict == "pass" or any(member.status is True for member in ratio.members):
        return verdict
    alone = [replace(ratio, members=(Member(m.cell, m.share),), others=(*ratio.others,)) for m in ratio.members]
    each = [
        replace(r, members=tuple(_inside(m) for m in r.members)).excess(Known.exactly(floor.value or ZERO))
        for r in alone
    ]
    return "pass" if all(low >= 0 for low, _ in each) else "unknown"


def _inside(member: Member) -> Member:
    held = tuple(pair for pair in member.cell.pairs if pair[0])
    return Member(replace(member.cell, pairs=held or member.cell.pairs), member.share)


def lines_in(members: Sequence[Member]) -> tuple[Line, ...]:
    """Return the lines that are in and measured, largest first."""
    found: dict[str, Fraction] = {}
    for member in members:
        amount = member.n if member.status is True else None
        if amount is not None:
            code = member.cell.code
            found[code] = found[code] + amount if code in found else amount
    if len(found) == 1:
        return tuple(Line(code, amount) for code, amount in found.items())
    # Sorted by name first: the second sort keeps that order where amounts are equal.
    ordered = sorted(sorted(found.items()), key=lambda item: item[1], reverse=True)
    return tuple(Line(code, amount) for code, amount in ordered)

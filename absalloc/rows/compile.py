"""Rules × books × scenarios → rows. One pass a rule; nothing here knows a solver or a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from absalloc.errors import BadInput
from absalloc.rows.constants import elsewhere
from absalloc.rows.entries import Sheet, sheet
from absalloc.rows.limits import limit_values
from absalloc.rows.lines import Positions
from absalloc.rows.shock import Shock, moving_parts, shock_of
from absalloc.rows.state import BookState
from absalloc.rows.system import Block, RowSystem
from absalloc.rulebook.active import ActiveRule, Limit, dated_value
from absalloc.rulebook.joint import counterpart, joint_rules
from absalloc.rulebook.mandate_test import satisfies
from absalloc.rulebook.models import Alternative, FromList
from absalloc.universe import Universe


@dataclass(frozen=True)
class Scenario:
    """A named shock of some books: their universes with other prices, ratings and lives, and a share of NAV redeemed.

    ``returns``: what each row of each universe brings to the horizon, yuan per yuan of original face, NaN where that
    is not known; none where nobody asks for losses. ``sha256``: of what the scenario was read from. ``idle``: its
    shocks that strike no line of any book, as ``spreads[1]``.
    """

    name: str
    universes: tuple[Universe, ...]
    redemption: Fraction = Fraction(0)
    returns: tuple[np.ndarray, ...] = ()
    sha256: str = ""
    idle: tuple[str, ...] = ()

    def books(self, states: Sequence[BookState]) -> list[BookState]:
        """Return the books at the stressed numbers; what they hold and their amounts are those before the shock."""
        pairs = zip(states, self.universes, strict=True)
        return [replace(state, universe=universe, cost=state.universe) for state, universe in pairs]


def compile_rows(books: Sequence[BookState], scenarios: Sequence[Scenario] = ()) -> RowSystem:
    """Return the rows of all rules of the books, and again of each scenario.

    Columns are (book, position). A rule whose scope is wider than the portfolio gives one set of rows over all
    books of that scope under the same manager. Purchase-tested rules get no scenario rows: a shock that has not
    happened bars nothing today. Raises BadInput for two books of one name.
    """
    names = [book.name for book in books]
    for name in names:
        if names.count(name) > 1:
            files = [book.mandate.file for book in books if book.name == name]
            raise BadInput("mandate.duplicate_name", value=name, first=files[0], second=files[1])
    base = [Positions(book) for book in books]
    offsets = tuple(int(o) for o in np.cumsum([0, *[p.n for p in base]])[:-1])
    blocks: list[Block] = _compile(base, offsets, None)
    moves: list[tuple[str, tuple[Shock, ...]]] = []
    for scenario in scenarios:
        shocked = [Positions(book) for book in scenario.books(books)]
        shocks = tuple(
            shock_of(old, new, offset, scenario.redemption)
            for old, new, offset in zip(base, shocked, offsets, strict=True)
        )
        moves.append((scenario.name, shocks))
        found = _compile(shocked, offsets, scenario.name)
        blocks += [_moving(block, shocked, shocks) for block in found if block.rule.tested != "purchase"]
    sizes, ids = tuple(p.n for p in base), tuple(tuple(p.ids) for p in base)
    return RowSystem(tuple(blocks), offsets, sizes, ids, tuple(moves))


def _moving(block: Block, books: Sequence[Positions], shocks: Sequence[Shock]) -> Block:
    """Return a scenario's block with what its shock moves."""
    moving = moving_parts(block.rule, tuple(books[number] for number in block.books))
    return replace(block, shocks=tuple(shocks[number] for number in block.books), moving=moving)


def _compile(books: list[Positions], offsets: tuple[int, ...], scenario: str | None) -> list[Block]:
    blocks: list[Block] = []
    done: set[tuple[int, str]] = set()
    known = [(book.state.name, book.state.mandate.manager, book.state.rules.active) for book in books]
    for number, book in enumerate(books):
        for rule in book.state.rules.active:
            if (number, rule.id) in done:
                continue
            joint = joint_rules(rule, number, known)
            done |= {(member, own.id) for member, own in joint}
            blocks += compile_rule(rule, tuple(member for member, _ in joint), books, offsets, scenario)
    return blocks


def compile_rule(
    rule: ActiveRule, members: tuple[int, ...], books: list[Positions], offsets: tuple[int, ...], scenario: str | None
) -> list[Block]:
    """Return the blocks of one rule: one a sense, and those of its ``unless`` alternative behind them."""
    limits = rule.limits or ((Limit("max", None, "yuan"),) if rule.kind == "eligibility" else ())
    if rule.if_held is not None:
        limits = (*limits, Limit("min", rule.if_held, "yuan"))
    place = _Place(members, tuple(books[m] for m in members), scenario)
    entries = _entries(_own(rule, place), place, books, offsets)
    found = [_block(rule, limit, place, entries) for limit in limits]
    if rule.unless is not None:
        other = alternative_rule(rule, rule.unless, books[members[0]].state)
        entries = _entries((other,) * len(members), place, books, offsets)
        found += [replace(_block(other, limit, place, entries), branch="alternative") for limit in other.limits]
    return found


@dataclass(frozen=True)
class _Place:
    """The books of one rule, and the scenario they stand in."""

    members: tuple[int, ...]
    books: tuple[Positions, ...]
    scenario: str | None


def _own(rule: ActiveRule, place: _Place) -> tuple[ActiveRule, ...]:
    """Return the rule as each book has it: with its own exceptions."""
    found = [counterpart(rule, book.state.rules.active) or rule for book in place.books]
    return tuple(replace(rule, id=each.id, exceptions=each.exceptions) for each in found)


def _entries(rules: tuple[ActiveRule, ...], place: _Place, books: list[Positions], offsets: tuple[int, ...]) -> Sheet:
    return sheet(rules, place.books, [offsets[m] for m in place.members], sum(book.n for book in books))


def alternative_rule(rule: ActiveRule, other: Alternative, state: BookState) -> ActiveRule:
    """Return the ``unless`` branch as a rule of its own, under the same id, with its limits of the day."""
    limits = []
    sides: tuple[tuple[Literal["max", "min"], Any], ...] = (("max", other.max), ("min", other.min))
    for sense, written in sides:
        if isinstance(written, FromList):
            limits.append(Limit(sense, None, written.absent.unit, from_list=written))
        elif written and any(satisfies(item.when, state.mandate) is None for item in written):
            limits.append(Limit(sense, None, written[-1].value.unit))
        elif written:
            value = dated_value(written, state.mandate, state.as_of)
            if value is not None:
                limits.append(Limit(sense, value.value.value, value.value.unit, strict=value.strict))
    measure = (other.measure,) if isinstance(other.measure, str) else tuple(other.measure)
    return replace(
        rule, kind="share", where=other.where, by=other.by, measure=measure, of=other.of, limits=tuple(limits),
        unless=None, exceptions=(), require=None, plus=(), over=None, up_to=None, if_held=None, tested="always",
    )  # fmt: skip


def _block(rule: ActiveRule, limit: Limit, place: _Place, found: Sheet) -> Block:
    form: Any = {"count": "count", "threshold_sum": "threshold"}.get(rule.kind, "linear")
    if rule.if_held is not None and limit.value == rule.if_held:
        form = "if_held"
    eligible = rule.kind == "eligibility"
    zero = np.zeros(len(found.groups))
    low, high = (zero, zero) if eligible else limit_values(rule, limit, found.groups, place.books)
    away = elsewhere(rule, place.books)
    # Of lines elsewhere a share needs only their sum; names, means and bands would need each of them.
    loose = rule.of_trade or (away != "none" and form != "linear") or (
        away not in (None, "none") and rule.kind in ("average", "eligibility")
    )  # fmt: skip
    return Block(
        rule=rule, books=place.members, sense="max" if eligible else limit.sense,
        unit="yuan" if eligible else limit.unit,
        strict=limit.strict and not eligible, form=form,
        branch="main", scenario=place.scenario,
        groups=found.groups, limit=low,
        row=found.row, col=found.col, n=found.n, d=found.d, own=found.own, shared=found.shared,
        n0=found.n0, d0=found.d0,
        over=None if rule.over is None else float(rule.over), up_to=None if rule.up_to is None else float(rule.up_to),
        limit_exact=None if eligible else limit.value, limit_most=high, legs=found.legs, loose=loose,
    )  # fmt: skip

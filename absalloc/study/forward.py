"""Forward compliance: the book as it runs off, month by month, and the first month a rule breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from absalloc.compliance.exact import BOOKS, evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows import BookState
from absalloc.stress import Stressed
from absalloc.stress.runoff import RunOff, run_off
from absalloc.study.shocked import weighed_again, with_amounts, worth
from absalloc.terms import UNIT_PRICE_PRODUCTS
from absalloc.units import exact


@dataclass(frozen=True)
class Breach:
    """A rule that holds today and first fails ``month`` months on, on ``day``."""

    month: int
    day: date
    finding: Finding


@dataclass(frozen=True)
class Forward:
    """``breaches``: by first month, then rule and group. ``months`` looked at; ``cash_line`` took the payments.

    Without a line of cash held or in the universe (``cash_line`` None) payments count in net assets alone.
    """

    months: int
    breaches: tuple[Breach, ...]
    cash_line: str | None

    @property
    def first(self) -> Breach | None:
        """The first breach, None where every rule holds throughout."""
        return self.breaches[0] if self.breaches else None


def forward_compliance(
    state: BookState, stressed: Stressed, months: int, *, levels: Sequence[str] = ("hard", "soft")
) -> Forward:
    """Return when the rules of a book first break as it runs off after a shock, as ``forward_books`` does."""
    return forward_books([state], [stressed], months, levels=levels)[0]


def forward_books(
    states: Sequence[BookState],
    stressed: Sequence[Stressed],
    months: int,
    *,
    levels: Sequence[str] = ("hard", "soft"),
) -> tuple[Forward, ...]:
    """Return for each book when its rules first break as all of them run off after a shock.

    ``states`` are the books after the shock; rules over several books see all of them. Payments go to cash and earn
    nothing, nothing is bought, the rules are those of the first day; net assets move by what the lines earn. A rule
    that fails on the first day is no forward breach.
    """
    today = {item.key for item in evaluate_exact(states) if item.verdict == "fail"}
    cash = [_cash_line(state) for state in states]
    found: dict[tuple[str, str, str, str], Breach] = {}
    for month in range(1, months + 1):
        ran = {id(item): run_off(item, month) for item in stressed}
        later = [_later(book, ran[id(item)], line) for book, item, line in zip(states, stressed, cash, strict=True)]
        for item in evaluate_exact(later):
            if item.verdict == "fail" and item.level in levels and item.key not in today and item.key not in found:
                found[item.key] = Breach(month, later[0].as_of, item)
    order = sorted(found.values(), key=lambda b: (b.month, b.finding.level != "hard", b.finding.key))
    return tuple(
        Forward(months, tuple(b for b in order if state.name in b.finding.book.split(BOOKS)), line)
        for state, line in zip(states, cash, strict=True)
    )


def _cash_line(state: BookState) -> str | None:
    names = [name for name, row in state.index.items() if state.product[row] == "cash"]
    held = [name for name in names if name in state.held]
    return min(held) if held else min(names, default=None)


def _later(state: BookState, ran: RunOff, cash: str | None) -> BookState:
    """Return the book some months on: matured lines gone, payments in cash, net assets moved by the earnings."""
    held: dict[str, Fraction] = {}
    received = Fraction(0)
    for name, face in state.held.items():
        row = state.index.get(name)
        if row is None or state.product[row] in UNIT_PRICE_PRODUCTS:
            held[name] = face
            continue
        factor, high = state.attribute("factor", row)
        if factor == high:
            received += face * factor * exact(float(ran.paid[row])) / 100
        if ran.left[row] > 0 or factor != high:
            held[name] = face
    if cash is not None and received:
        held[cash] = held.get(cash, Fraction(0)) + received
    universe = weighed_again(replace(state, as_of=ran.day), ran.universe)
    before, after = worth(state, state.universe, state.held), worth(state, universe, held)
    earned = _known(after.values()) - _known(before.values()) + (received if cash is None else 0)
    mandate, moved = with_amounts(state.mandate, earned), state.moved + earned
    return replace(
        state, universe=universe, as_of=ran.day, held=held, before=dict(held), mandate=mandate, moved=moved
    )  # fmt: skip


def _known(values: Iterable[Fraction | None]) -> Fraction:
    return sum((value for value in values if value is not None), Fraction(0))

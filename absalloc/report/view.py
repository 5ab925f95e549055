"""What a report shows of the book beside the verdicts: its lines, what they pay and when, the words of its rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from absalloc.terms import ABS_PRODUCTS, UNIT_PRICE_PRODUCTS

if TYPE_CHECKING:
    from absalloc.rows import BookState
    from absalloc.universe import Source

FUNDS = ("public_fund_open", "public_fund_interval", "public_fund_closed", "money_market_fund")
"""Those whose reports list their ABS (证监基金字〔2006〕93号, items 17 and 18)."""
TOP = 10
YEARS = 10
"""Payments are shown by quarter for this calendar year and the next, then by year, after so many years together."""


@dataclass(frozen=True)
class Payment:
    """What the lines held pay in one period, yuan: ``2025 Q3``, ``2028``, or ``2036+``."""

    period: str
    interest: float
    principal: float


@dataclass(frozen=True)
class BookView:
    """One book as plain data; ``lines`` as the holdings of a plan, ``quotes`` the words behind each rule id."""

    name: str
    institution: str
    lines: tuple[dict[str, Any], ...]
    payments: tuple[Payment, ...]
    quotes: Mapping[str, str]
    readings: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """The words of each reading in use, by language; by rule id and ``switch=reading``."""
    rulebooks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The titles of the rulebooks in use, by language; by the id of the rulebook."""
    files: tuple[Source, ...] = ()
    """The files of the holdings, of those before and of the trades between, where they were files."""
    unscheduled: tuple[str, ...] = ()
    """Lines held, money and repo apart, of which no payment is known: they are missing from ``payments``."""

    @property
    def disclosed(self) -> tuple[dict[str, Any], ...]:
        """The ABS held, largest first, with ``rank`` and ``top_ten``; empty where no notice asks for the list.

        The 2006 notice asks funds for all ABS in annual and semi-annual reports and for the ten largest by share of NAV
        in quarterly ones. A line whose value is unknown has no rank, and ``top_ten`` is None where it depends on that.
        """
        if self.institution not in FUNDS:
            return ()
        held = [line for line in self.lines if line["product"] in ABS_PRODUCTS]
        known = sorted((line for line in held if line["market_value"] is not None), key=_largest)
        unknown = [line for line in held if line["market_value"] is None]
        ranked = [
            {**line, "rank": rank, "top_ten": _in_top(rank, len(unknown))} for rank, line in enumerate(known, start=1)
        ]
        return (*ranked, *({**line, "rank": None, "top_ten": None} for line in unknown))


def _largest(line: Mapping[str, Any]) -> tuple[float, str]:
    return -line["market_value"], line["tranche_id"]


def _in_top(rank: int, unknown: int) -> bool | None:
    if rank > TOP:
        return False
    return True if rank + unknown <= TOP else None


def view_of(state: BookState, others: Sequence[BookState] = ()) -> BookView:
    """Return what a report shows of a book; the words of the rules of ``others``, checked beside it, are there too."""
    from absalloc.plan.holdings import held_lines

    paid, unscheduled = _paid(state)
    rules = [rule for book in (*others, state) for rule in book.rules.active]
    return BookView(
        name=state.name,
        institution=state.mandate.institution,
        lines=tuple(line.as_json() for line in held_lines(state)),
        payments=paid,
        quotes={rule.id: rule.source.quote for rule in rules if rule.source.quote},
        readings={
            (rule.id, code): {"en": title.en, "zh": title.zh}
            for rule in rules
            for code, title in zip(rule.readings, rule.read_as, strict=True)
            if title is not None
        },
        rulebooks={
            book.id: {"en": book.book.title.en, "zh": book.book.title.zh}
            for book in state.rules.books
            if book.book.title is not None
        },
        files=tuple(dict.fromkeys(item for book in (state, *others) for item in book.files)),
        unscheduled=unscheduled,
    )


def payments(state: BookState) -> tuple[Payment, ...]:
    """Return what the lines held still pay, on the basis they are valued on; ``BookView.unscheduled`` are not in it.

    Floating coupons are held, speeds and calls are those of the valuation; repo and cash are left out.
    """
    return _paid(state)[0]


def _paid(state: BookState) -> tuple[tuple[Payment, ...], tuple[str, ...]]:
    """Return the payments of the lines held, and the lines whose payments or factor nobody knows."""
    import numpy as np

    from absalloc.cashflow.facts import Notes, line_facts
    from absalloc.cashflow.schedules import FACE, build_flows
    from absalloc.cashflow.settings import ValuationSettings

    rows_of = {name: state.index[name] for name in state.held if name in state.index}
    rows = {row: state.held[name] for name, row in rows_of.items()}
    size = len(state.universe.table)
    flows = build_flows(line_facts(state.universe, state.as_of, ValuationSettings(), Notes(size)))
    kept = np.zeros(size, dtype=bool)
    kept[list(rows)] = True
    flows = flows.take(kept)
    factor = np.asarray(state.universe.column("factor"), float)
    known = (flows.payments() > 0) & np.isfinite(factor)
    flows = flows.take(known)
    principal = np.zeros(size)
    for row, face in rows.items():
        principal[row] = float(face) * factor[row] if known[row] else 0.0
    scale = principal[flows.line] / FACE
    labels = [_period(day, state.as_of.year) for day in flows.dates.tolist()]
    missing = tuple(
        name
        for name in state.held
        if name not in rows_of or not (known[rows_of[name]] or state.product[rows_of[name]] in UNIT_PRICE_PRODUCTS)
    )
    return _by_period(labels, flows.interest * scale, flows.principal * scale), missing


def _period(day: date, first: int) -> tuple[int, str]:
    """Return a sort key and a label: quarters of the ``first`` year and the next, then years, then everything after."""
    if day.year <= first + 1:
        quarter = (day.month - 1) // 3 + 1
        return day.year * 4 + quarter, f"{day.year} Q{quarter}"
    if day.year < first + YEARS:
        return day.year * 4 + 1, str(day.year)
    return (first + YEARS) * 4 + 1, f"{first + YEARS}+"


def _by_period(labels: Sequence[tuple[int, str]], interest: Any, principal: Any) -> tuple[Payment, ...]:
    parts: dict[tuple[int, str], tuple[list[float], list[float]]] = {}
    for label, paid, repaid in zip(labels, interest.tolist(), principal.tolist(), strict=True):
        found = parts.setdefault(label, ([], []))
        found[0].append(paid)
        found[1].append(repaid)
    return tuple(
        Payment(text, round(math.fsum(parts[order, text][0]), 2), round(math.fsum(parts[order, text][1]), 2))
        for order, text in sorted(parts)
    )

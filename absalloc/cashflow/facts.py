"""The facts of every line as arrays, and the assumptions made where a fact is absent.

An assumption is a short code ``topic:value:why`` kept beside the line; ``assumption_text`` words it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from absalloc.cashflow.arrays import choose, is_none
from absalloc.cashflow.settings import ValuationSettings
from absalloc.messages import render
from absalloc.terms import ABS_PRODUCTS, UNIT_PRICE_PRODUCTS

if TYPE_CHECKING:
    from absalloc.universe import Universe

DAYS_A_YEAR = 365.0


class Notes:
    """The assumption codes of each line, in the order they were made."""

    def __init__(self, count: int) -> None:
        self._codes: list[list[str]] = [[] for _ in range(count)]

    def add(self, where: np.ndarray, code: str | np.ndarray) -> None:
        """Add ``code`` (one text, or one a line) to the lines where ``where`` is true."""
        for row in np.flatnonzero(where).tolist():
            self._codes[row].append(code if isinstance(code, str) else str(code[row]))

    def freeze(self) -> tuple[tuple[str, ...], ...]:
        """Return the codes of every line."""
        return tuple(map(tuple, self._codes))


def assumption_text(code: str, lang: str = "en") -> str:
    """Return an assumption code in words. Raises KeyError for a topic that no catalogue holds."""
    topic, _, rest = code.partition(":")
    value, _, why = rest.partition(":")
    return render(f"cashflow.assume_{topic}", lang, value=value, why=why or "-")


@dataclass(frozen=True)
class Facts:
    """Arrays of one entry a line: dates are datetime64[D] (NaT unknown), rates decimals (NaN unknown).

    ``end`` is the date the schedule runs to on the chosen basis (put or maturity), ``maturity`` the
    expected maturity. ``schedulable`` lines have cash flows; ``unit`` lines are worth 100 by definition.
    Speeds that change by month: ``survival`` (vectors, months + 1) is the share not prepaid after each month,
    ``survival_row`` the vector of each line, -1 for its constant ``cpr``.
    """

    as_of: np.datetime64
    tranche_id: np.ndarray
    product: np.ndarray
    repayment: np.ndarray
    day_count: np.ndarray
    coupon: np.ndarray
    factor: np.ndarray
    issue_date: np.ndarray
    maturity: np.ndarray
    put: np.ndarray
    end: np.ndarray
    frequency: np.ndarray
    cpr: np.ndarray
    call_share: np.ndarray
    unit: np.ndarray
    schedulable: np.ndarray
    survival: np.ndarray | None = None
    survival_row: np.ndarray | None = None

    def at_maturity(self) -> Facts:
        """Return the extension case: the lines that have a put, on schedules that run to maturity."""
        longer = self.schedulable & ~np.isnat(self.put) & (self.maturity > self.as_of)
        return replace(self, end=self.maturity, schedulable=longer)


def _dates(universe: Universe, name: str) -> np.ndarray:
    return np.asarray(universe.column(name)).astype("datetime64[D]")


def _numbers(universe: Universe, name: str) -> np.ndarray:
    if name not in universe.table.columns:
        return np.full(len(universe.table), np.nan)
    return np.asarray(universe.column(name), float)


def _maturity(universe: Universe, as_of: np.datetime64, notes: Notes) -> np.ndarray:
    maturity = _dates(universe, "expected_maturity")
    term = _numbers(universe, "remaining_term")
    use = np.isnat(maturity) & np.isfinite(term)
    days = np.rint(np.where(use, term, 0.0) * DAYS_A_YEAR).astype(np.int64)
    notes.add(use, "maturity:remaining_term")
    return np.where(use, as_of + days.astype("timedelta64[D]"), maturity)


def _repayment(universe: Universe, product: np.ndarray, factor: np.ndarray, notes: Notes) -> np.ndarray:
    """Repayment form: the file's; else pass-through for credit ABS, scheduled where some is repaid, bullet."""
    given = np.asarray(universe.column("repayment"), object)
    absent = is_none(given)
    is_abs = np.isin(product.astype(str), ABS_PRODUCTS)
    pool, paid = absent & (product == "credit_abs"), absent & is_abs & (product != "credit_abs") & (factor < 1.0)
    rest = absent & is_abs & ~pool & ~paid
    form = choose(absent, "bullet", given)
    form[pool], form[paid] = "pass_through", "scheduled"
    notes.add(pool, "repayment:pass_through:credit_abs")
    notes.add(paid, "repayment:scheduled:factor_below_1")
    notes.add(rest, "repayment:bullet:default")
    return form


def _speeds(universe: Universe, form: np.ndarray, settings: ValuationSettings, notes: Notes) -> np.ndarray:
    """Annual CPR by line: a base speed for pass-through credit ABS of a known asset type, else 0."""
    cpr = np.zeros(form.size)
    kinds = np.asarray(universe.column("asset_type"), object)
    pool = (form == "pass_through") & (np.asarray(universe.column("product"), object) == "credit_abs")
    chosen = {kind: _speed_of(str(kind).casefold(), settings) for kind in set(kinds[pool].tolist())}
    for kind, speed in chosen.items():
        lines = pool & (kinds == kind)
        cpr[lines] = speed[1]
        notes.add(lines, f"cpr:{speed[1]:.6g}:{speed[0]}")
    notes.add((form == "pass_through") & ~pool, "cpr:0:not_credit_abs")
    return cpr


def _speed_of(kind: str, settings: ValuationSettings) -> tuple[str, float]:
    for default in settings.cpr:
        if any(word in kind for word in default.words):
            return default.name, default.cpr
    return "no_base_speed", 0.0


def _call(
    universe: Universe, form: np.ndarray, factor: np.ndarray, settings: ValuationSettings, notes: Notes
) -> np.ndarray:
    """Clean-up call share by line; 0 where none applies or the factor is already at or below it."""
    given = _numbers(universe, "call_share")
    pool = form == "pass_through"
    share = np.where(np.isfinite(given), given, settings.call_share) * pool
    notes.add(pool & ~np.isfinite(given) & (share > 0), f"call:{settings.call_share:.6g}:default")
    passed = pool & (share > 0) & (factor <= share)
    notes.add(passed, "call:passed")
    notes.add(pool & (share > 0) & ~passed & ~np.isfinite(factor), "factor:1:missing")
    return np.where(passed, 0.0, share)


def _end(
    universe: Universe, maturity: np.ndarray, put: np.ndarray, settings: ValuationSettings, notes: Notes
) -> np.ndarray:
    basis = np.asarray(universe.column("yield_basis"), object)
    has_put = ~np.isnat(put)
    silent = has_put & (basis != "put") & (basis != "maturity")
    notes.add(silent, f"basis:{settings.basis}:default")
    to_put = has_put & ((basis == "put") | (silent & (settings.basis == "put")))
    return np.where(to_put, put, maturity)


def line_facts(universe: Universe, as_of: date, settings: ValuationSettings, notes: Notes) -> Facts:
    """Return the facts of every line of ``universe`` on ``as_of``, adding each assumption to ``notes``."""
    today = np.datetime64(as_of, "D")
    product = np.asarray(universe.column("product"), object)
    factor, coupon = _numbers(universe, "factor"), _numbers(universe, "coupon")
    maturity = _maturity(universe, today, notes)
    put = _dates(universe, "next_put")
    put = np.where((put > today) & ~(put >= maturity), put, np.datetime64("NaT"))
    form = _repayment(universe, product, factor, notes)
    unit = np.isin(product.astype(str), UNIT_PRICE_PRODUCTS)
    end = _end(universe, maturity, put, settings, notes)
    live = ~unit & (product != "fund")
    schedulable = live & (end > today)
    notes.add(live & np.isnat(end), "maturity:missing")
    notes.add(live & (end <= today), "maturity:past")
    notes.add(schedulable & ~np.isfinite(coupon), "coupon:missing")
    notes.add(schedulable & (np.asarray(universe.column("rate_type"), object) == "floating"), "floating:coupon_held")
    counts = np.array([settings.day_count.get(kind, "ACT/365F") for kind in product.tolist()], object)
    frequency = np.array([settings.frequency.get(kind, 1) for kind in form.tolist()], np.int64)
    for name in sorted(set(counts[schedulable].tolist())):
        notes.add(schedulable & (counts == name), f"day_count:{name}")
    for kind, number in settings.frequency.items():
        notes.add(schedulable & (form == kind), f"frequency:{number}:{kind}")
    untabled = schedulable & ~np.isin(np.asarray(universe.column("tranche_id"), str), list(settings.tables))
    notes.add(schedulable & ~untabled, "schedule:given_table")
    notes.add(untabled & (form == "scheduled"), "schedule:equal_principal")
    notes.add(untabled & (form == "pass_through"), "schedule:level_pay_at_coupon")
    return Facts(
        as_of=today, tranche_id=np.asarray(universe.column("tranche_id"), object), product=product, repayment=form,
        day_count=counts, coupon=coupon, factor=factor, issue_date=_dates(universe, "issue_date"),
        maturity=maturity, put=put, end=end, frequency=frequency, cpr=_speeds(universe, form, settings, notes),
        call_share=_call(universe, form, factor, settings, notes), unit=unit, schedulable=schedulable,
    )  # fmt: skip

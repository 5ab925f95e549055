"""A book under a scenario: value, return in parts that add up, lives, and the rules that break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from absalloc.cashflow import CurveSet, ValuationSettings
from absalloc.compliance.check import with_cure_dates
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding, shown
from absalloc.compliance.result import finding_json
from absalloc.rows import BookState
from absalloc.rows import Scenario as RowScenario
from absalloc.stress import Scenario, Stressed, note_text, stress_universe
from absalloc.stress.result import PARTS, PRICE_PARTS
from absalloc.study.break_even import break_even_spread
from absalloc.study.forward import Breach, Forward, forward_books
from absalloc.study.payments import payments_json
from absalloc.study.shocked import Redeemed, after_shock, mean, per_hundred, weighed_again, worth
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact

MEANS = ("wal", "modified_duration", "yield")
DRIFT = ("wal_before", "wal_after", "duration_before", "duration_after")
_BRIEF = ("rule", "title", "group", "level", "value", "limit", "sense", "unit")


@dataclass(frozen=True)
class BookStress:
    """One book under one scenario; yuan exact.

    ``value``, ``nav``: before and after (net of liabilities; NAV after the redemption). ``parts``: change in value by
    cause, rate, spread, life, loss, which add up to ``gain``; then carry to the horizon. ``means``: (before, after) of
    the ABS sleeve by market value. ``findings``: after the shock, with ``before_findings`` beside them.
    ``unknown``: lines whose value is not known and that stand in none of the sums.
    """

    state: BookState = field(repr=False)
    after: BookState = field(repr=False)
    stressed: Stressed = field(repr=False)
    value: tuple[Fraction, Fraction]
    nav: tuple[Fraction | None, Fraction | None]
    gain: Fraction
    parts: dict[str, Fraction]
    redeemed: Redeemed
    means: dict[str, tuple[float | None, float | None]]
    lines: pd.DataFrame = field(repr=False)
    before_findings: tuple[Finding, ...] = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)
    forward: Forward | None
    break_even: float | None
    unknown: tuple[str, ...]

    @property
    def total_return(self) -> Fraction:
        """Gain plus carry to the horizon, in yuan."""
        return self.gain + self.parts["carry"]

    @property
    def changed(self) -> tuple[tuple[Finding, str | None], ...]:
        """Findings whose verdict the scenario changes, with the verdict before (None where the rule had no finding)."""
        old = {item.key: item.verdict for item in self.before_findings}
        return tuple((item, old.get(item.key)) for item in self.findings if old.get(item.key) != item.verdict)

    @property
    def breaks(self) -> Breach | None:
        """The first hard rule to break that holds today: month 0 for the shock itself, then as the book runs off."""
        old = {item.key: item.verdict for item in self.before_findings}
        at_once = (f for f in self.findings if f.level == "hard" and f.verdict == "fail" and old.get(f.key) != "fail")
        first = next(at_once, None)
        if first is not None:
            return Breach(0, self.state.as_of, first)
        later = () if self.forward is None else self.forward.breaches
        return next((item for item in later if item.finding.level == "hard"), None)

    @property
    def compliant(self) -> bool | None:
        """True where every hard rule passes after the shock, False where one fails, None where one is undecided."""
        hard = [item.verdict for item in self.findings if item.level == "hard"]
        return False if "fail" in hard else None if "unknown" in hard else True

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return this book under this scenario as plain data: one of those in an ``absalloc.stress/1`` document."""
        scenario = self.stressed.scenario
        return {
            "book": self.state.name,
            "as_of": self.state.as_of.isoformat(),
            "scenario": {
                "name": scenario.name,
                "title": getattr(scenario.title, lang),
                "sources": [source.model_dump() for source in scenario.sources],
                "sha256": scenario.sha256,
                "horizon_months": scenario.horizon,
            },
            "value": _pair(self.value, "yuan"),
            "nav": _pair(self.nav, "yuan"),
            "gain": shown(self.gain, "yuan"),
            "parts": {name: shown(part, "yuan") for name, part in self.parts.items()},
            "total_return": shown(self.total_return, "yuan"),
            "redemption": {
                "share": shown(scenario.redemption, "ratio"),
                # Without net assets a share of them is no amount: nothing was paid out, and null says so.
                "asked": None if scenario.redemption and self.nav[0] is None else shown(self.redeemed.asked, "yuan"),
                "sold": {name: shown(value, "yuan") for name, value in self.redeemed.sold.items()},
                "unpaid": shown(self.redeemed.unpaid, "yuan"),
            },
            "sleeve": {name: {"before": pair[0], "after": pair[1]} for name, pair in self.means.items()},
            "compliant": self.compliant,
            "changed": [{**finding_json(item, lang), "before": old} for item, old in self.changed],
            "findings": [finding_json(item, lang) for item in self.findings],
            "breaks": _breach(self.breaks, lang),
            "first_breach": _breach(None if self.forward is None else self.forward.first, lang),
            "breaches": [
                {"month": b.month, "date": b.day.isoformat(), **{k: finding_json(b.finding, lang)[k] for k in _BRIEF}}
                for b in (() if self.forward is None else self.forward.breaches)
            ],
            "payments": payments_json(self.state, self.stressed),
            "break_even_spread": self.break_even,
            "unknown_lines": list(self.unknown),
            "idle_shocks": list(self.stressed.idle),
            "notes": _notes(self.stressed, self.state, lang),
            "lines": self.lines.astype(object).where(self.lines.notna(), None).to_dict("records"),
        }


def _pair(pair: tuple[Fraction | None, Fraction | None], unit: str) -> dict[str, float | None]:
    return {"before": shown(pair[0], unit), "after": shown(pair[1], unit)}


def _breach(first: Breach | None, lang: str) -> dict[str, Any] | None:
    if first is None:
        return None
    return {**finding_json(first.finding, lang), "month": first.month, "date": first.day.isoformat()}


def _notes(stressed: Stressed, state: BookState, lang: str) -> list[dict[str, Any]]:
    """Return the notes on the lines held, in words, each with its count."""
    counts: dict[str, int] = {}
    for name in state.held:
        for code in stressed.notes[state.index[name]] if name in state.index else ():
            counts[code] = counts.get(code, 0) + 1
    return [{"code": code, "lines": n, "text": note_text(code, lang)} for code, n in sorted(counts.items())]


def stress_books(
    states: Sequence[BookState],
    scenario: Scenario,
    *,
    curves: CurveSet | None = None,
    settings: ValuationSettings | None = None,
    forward_months: int | None = None,
) -> tuple[BookStress, ...]:
    """Return each book under a scenario; rules over several books see all of them after the shock.

    ``curves``: as on the books' day (see ``stress_universe``). ``forward_months``: how far the run-off is followed, by
    default the scenario's horizon, 0 for not at all. Raises BadInput as ``stress_universe`` and the checker do.
    """
    results: dict[int, Stressed] = {}
    for state in states:
        if id(state.universe) not in results:
            results[id(state.universe)] = stress_universe(
                state.universe, scenario, state.as_of, curves=curves, settings=settings
            )
    shocked = [after_shock(state, results[id(state.universe)]) for state in states]
    # What is held is taken as given on both sides: else a breach whose cause is not known today would seem to change.
    before = evaluate_exact([replace(state, before=dict(state.held)) for state in states])
    moved = [item[0] for item in shocked]
    after = [replace(item, scenario=scenario.name) for item in with_cure_dates(evaluate_exact(moved), moved)]
    months = (scenario.horizon or 0) if forward_months is None else forward_months
    runs = [results[id(state.universe)] for state in states]
    forward = forward_books(moved, runs, months) if months else (None,) * len(states)
    found = (before, tuple(after))
    return tuple(
        _one(state, shock, run, found, (curves, settings, ahead))
        for state, shock, run, ahead in zip(states, shocked, runs, forward, strict=True)
    )


def stress_book(state: BookState, scenario: Scenario, **how: Any) -> BookStress:
    """Return one book under a scenario; ``how`` as for ``stress_books``."""
    return stress_books([state], scenario, **how)[0]


def row_scenario(states: Sequence[BookState], scenario: Scenario, **how: Any) -> RowScenario:
    """Return the scenario as ``compile_rows`` and ``make_plan`` take it: stressed universes, returns and redemption.

    ``how``: ``curves`` and ``settings`` as for ``stress_universe``.
    """
    found = [stress_universe(state.universe, scenario, state.as_of, **how) for state in states]
    universes = tuple(weighed_again(state, item.universe) for state, item in zip(states, found, strict=True))
    returns = tuple(unit_returns(state, item) for state, item in zip(states, found, strict=True))
    idle = tuple(shock for shock in found[0].idle if all(shock in item.idle for item in found))
    return RowScenario(scenario.name, universes, scenario.redemption, returns, scenario.sha256, idle)


def unit_returns(state: BookState, stressed: Stressed) -> np.ndarray:
    """Return what each row brings to the horizon, yuan per yuan of original face; NaN where it has no value.

    The same sums as in ``stress_book``: price change and carry, what is owed negative, repo at the mandate's rate.
    """
    flat = np.isin(state.product.astype(str), UNIT_PRICE_PRODUCTS)
    owed = np.isin(state.product.astype(str), LIABILITY_PRODUCTS)
    factor = np.where(flat, 1.0, np.asarray(state.universe.column("factor"), float))
    found = np.where(owed, -1.0, 1.0) * factor * stressed.total / 100.0
    if state.mandate.repo is not None:
        rate = float(state.mandate.repo.rate.value) * (stressed.horizon or 0) / 12.0
        found = np.where(owed & np.isnan(np.asarray(state.universe.column("yield"), float)), -rate, found)
    return np.asarray(found)


def _one(
    state: BookState,
    shock: tuple[BookState, Fraction, Redeemed],
    stressed: Stressed,
    findings: tuple[Sequence[Finding], Sequence[Finding]],
    how: tuple[CurveSet | None, ValuationSettings | None, Forward | None],
) -> BookStress:
    after, gain, redeemed = shock
    curves, settings, forward = how
    lines, parts, unknown = _lines(state, after, stressed)
    values = [_known(worth(state, u, state.held).values()) for u in (state.universe, after.universe)]
    horizon = stressed.scenario.horizon or 12
    even = None
    if curves is not None and "government" in curves:
        even = break_even_spread(state, months=horizon, curves=curves, settings=settings)
    whole = replace(after, held=state.held)
    return BookStress(
        state=state, after=after, stressed=stressed, value=(values[0], values[1]),
        nav=(state.mandate.amount("nav"), after.mandate.amount("nav")), gain=gain, parts=parts, redeemed=redeemed,
        means={name: (mean(state, name, ABS_PRODUCTS), mean(whole, name, ABS_PRODUCTS)) for name in MEANS},
        lines=lines, before_findings=tuple(f for f in findings[0] if state.name in f.book.split(" + ")),
        findings=tuple(f for f in findings[1] if state.name in f.book.split(" + ")),
        forward=forward, break_even=even, unknown=unknown,
    )  # fmt: skip


def _known(values: Any) -> Fraction:
    return sum((value for value in values if value is not None), Fraction(0))


def _repo(state: BookState, name: str, stressed: Stressed) -> dict[str, Fraction]:
    """Return the cost of repo borrowing to the horizon at the mandate's rate, where the line itself has none."""
    row, repo = state.index[name], state.mandate.repo
    given = float(state.universe.column("yield")[row])
    if state.product[row] not in LIABILITY_PRODUCTS or given == given or repo is None:
        return {}
    return {"carry": -state.held[name] * repo.rate.value * Fraction(stressed.horizon or 0, 12)}


def _drift(state: BookState, after: BookState, row: int) -> dict[str, float | None]:
    """Return life and duration of a line before and after, years; None where not known."""
    found: dict[str, float | None] = {}
    for short, column in (("wal", "wal"), ("duration", "modified_duration")):
        for when, book in (("before", state), ("after", after)):
            value = float(book.universe.column(column)[row])
            found[f"{short}_{when}"] = None if np.isnan(value) else value
    return found


def _lines(
    state: BookState, after: BookState, stressed: Stressed
) -> tuple[pd.DataFrame, dict[str, Fraction], tuple[str, ...]]:
    """Return the table of lines held (yuan), the parts summed exactly, and the lines of unknown value."""
    before, later = worth(state, state.universe, state.held), worth(state, after.universe, state.held)
    parts = dict.fromkeys(PARTS, Fraction(0))
    rows: list[dict[str, Any]] = []
    unknown: list[str] = []
    for name in state.held:
        scale = per_hundred(state, name)
        if scale is None or before[name] is None or later[name] is None:
            unknown.append(name)
            continue
        row = state.index[name]
        own = {part: scale * exact(float(stressed.parts[part][row])) for part in PARTS} | _repo(state, name, stressed)
        for part in PARTS:
            parts[part] += own[part]
        rows.append(
            {"tranche_id": name, "face": shown(state.held[name], "yuan"), "value_before": shown(before[name], "yuan"),
             "value_after": shown(later[name], "yuan"), **{part: shown(own[part], "yuan") for part in PARTS},
             "total": shown(sum(own.values(), Fraction(0)), "yuan"), **_drift(state, after, row)}
        )  # fmt: skip
    columns = ["tranche_id", "face", "value_before", "value_after", *PRICE_PARTS, "carry", "total", *DRIFT]
    return pd.DataFrame(rows, columns=columns), parts, tuple(unknown)

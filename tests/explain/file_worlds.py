"""Small worlds as a user writes them: real files of a market, a rulebook of one's own, a mandate and holdings.

And every portfolio of whole lots they allow, judged by the exact checker alone and valued by arithmetic of this page:
what the explain stage says is held against that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import yaml

import absalloc as aa
from absalloc.compliance.exact import evaluate_exact
from absalloc.desk.studies import Case, planning
from absalloc.plan.make import PlanSettings
from absalloc.plan.recheck import carried
from absalloc.rows import BookState

LOT = 10_000_000
NAV = 100_000_000
ABS = {"product": ["enterprise_abs"]}
UNITS = {
    "yield": "yield (%)", "risk_weight": "risk_weight (%)", "attachment": "attachment (%)", "factor": "factor (%)",
    "issue_size": "issue_size (yuan)", "outstanding": "outstanding (yuan)", "face": "face (yuan)",
    "coupon": "coupon (%)",
}  # fmt: skip
CASH = {"tranche_id": "CASH", "name": "cash", "product": "cash"}


class _Plain(yaml.SafeDumper):
    """YAML without anchors, as rulebooks are written."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def line(name: str, rate: float, **facts: Any) -> dict[str, Any]:
    """Return a row of the market file: a senior enterprise ABS of 30 million at par, unless said otherwise."""
    made = {
        "tranche_id": name, "name": name, "deal_id": f"deal of {name}", "originator": "甲", "product": "enterprise_abs",
        "market": "exchange", "placement": "public", "seniority": "senior", "asset_type": "leasing", "npl": "false",
        "issue_size": 3 * LOT, "attachment": 10, "factor": 100, "clean_price": 100, "dirty_price": 100, "yield": rate,
        "yield_source": "valuation", "issue_date": "2024-01-01", "expected_maturity": "2028-01-01",
        "legal_maturity": "2030-01-01", "rating.any": "AAA", "wal": 2, "modified_duration": 1.9, "risk_weight": 20,
    }  # fmt: skip
    made |= facts
    return {**made, "outstanding": made["issue_size"], "dirty_price": made["clean_price"]}


def rule(name: str, **keys: Any) -> dict[str, Any]:
    """Return a rule of the institution's own book."""
    source = {"document": "house", "article": "1", "ref": "house", "confidence": "text_seen"}
    return {"id": name, "title": {"en": name, "zh": name}, "source": source, "level": "hard", **keys}


def share(name: str, top: str, **keys: Any) -> dict[str, Any]:
    """Return a cap on a share of NAV."""
    return rule(name, kind="share", measure="market_value", max=top, **{"where": ABS, "of": "nav", **keys})


def fund(**keys: Any) -> dict[str, Any]:
    """Return the mandate of a fund of 100 million that trades in lots of ten."""
    base = {"name": "F", "institution": "public_fund_open", "amounts": {"nav": NAV}, "mode": "strategic"}
    return {
        **base,
        "rulebooks": ["own.yaml"],
        "as_of": "2025-06-30",
        "trading": {"lot": LOT},
        "unknown": "worst",
        **keys,
    }


def bank(amount: int = 8 * LOT, how: str = "at_most", **keys: Any) -> dict[str, Any]:
    """Return the mandate of a bank that invests an amount."""
    base = fund(portfolio={"invest": {"amount": amount, "how": how}}, amounts={"tier1_capital": NAV})
    return {**base, "name": "B", "institution": "bank_own_book", **keys}


@dataclass(frozen=True)
class Files:
    """A world on disk, and how it is planned."""

    universe: aa.Universe
    mandate: Any
    holdings: str | None

    @cached_property
    def case(self) -> Case:
        """The book as ``optimise`` sees it, planned to the last yuan."""
        made = planning(aa.Book(self.universe, self.mandate, self.holdings))
        return replace(made, settings=replace(made.settings, mip_gap=1e-9))

    @property
    def state(self) -> BookState:
        """The book."""
        return self.case.state

    @property
    def settings(self) -> PlanSettings:
        """How it is planned."""
        return self.case.settings


def written(
    folder: Path, lines: list[dict[str, Any]], rules: list[dict[str, Any]], mandate: dict[str, Any],
    holdings: dict[str, int] | None = None,
) -> Files:  # fmt: skip
    """Write a world and read it again as a user would."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(lines).rename(columns=UNITS).to_csv(folder / "market.csv", index=False)
    book = {"rulebook": "own", "modelled": {"from": "2020-01-01", "verified_until": "2027-12-31"}}
    book |= {"sources": {"house": {"title": "guideline"}}, "rules": rules or [share("wide", "100%")]}
    for name, document in (("own", book), ("mandate", mandate)):
        text = yaml.dump(document, Dumper=_Plain, allow_unicode=True, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    path = None
    if holdings is not None:
        path = str(folder / "holdings.csv")
        pd.DataFrame([{"tranche_id": n, "face": f} for n, f in holdings.items()]).rename(columns=UNITS).to_csv(
            path, index=False
        )
    universe = aa.load_universe(str(folder / "market.csv"))
    assert not universe.failures
    return Files(universe, aa.load_mandate(str(folder / "mandate.yaml")), path)


def some_rule(rng: Random, number: int) -> dict[str, Any]:
    """Return a rule that may bind."""
    top = rng.choice(["10%", "20%", "25%", "30%", "40%", "50%"])
    of = rng.choice(["nav", "nav", {"measure": "market_value"}, {"measure": "market_value", "where": ABS}])
    good = {**ABS, "rating.any": {"min": rng.choice(["AAA", "AA+"])}}
    years = rng.choice(["1.5 years", "2 years", "2.5 years"])
    mean = {"kind": "average", "where": ABS, "measure": ["market_value", "wal"]}
    own = {"kind": "share", "measure": "market_value"}
    forms: list[dict[str, Any]] = [
        {**own, "by": "originator", "where": ABS, "of": of, "max": top},
        {**own, "where": {**ABS, "originator": rng.choice("甲乙")}, "of": of, "max": top},
        {**own, "where": good, "of": of, "min": rng.choice(["10%", "20%", "30%"])},
        {
            **own,
            "where": ABS,
            "measure": ["market_value", "risk_weight"],
            "of": "nav",
            "max": rng.choice(["8%", "20%"]),
        },
        {**own, "where": ABS, "of": "nav", "max": "40%", "tested": rng.choice(["always", "purchase"])},
        {**own, "where": ABS, "of": "nav", "min": rng.choice(["30%", "50%", "70%"])},
        {"kind": "eligibility", "where": ABS, "require": {"rating.any": {"min": "limit"}}, "min": "AA+"},
        {**mean, "max": years},
        {**mean, "min": "1.5 years"},
        {**mean, "measure": ["market_value", "rating.any"], "min": "AA+"},
        {"kind": "count", "where": ABS, "by": "originator", "max": rng.choice(["1 names", "2 names"])},
        {"kind": "count", "where": ABS, "by": "tranche_id", "min": rng.choice(["2 names", "3 names"])},
        {"kind": "count", "where": ABS, "by": "originator", "measure": "face", "if_held": "20000000 yuan"},
        {**own, "by": "deal_id", "where": ABS, "max": rng.choice(["20000000 yuan", "30000000 yuan"])},
        {**own, "by": "tranche_id", "where": ABS, "measure": "face", "of": "issue_size", "max": "50%"},
    ]
    return rule(f"r{number}", **rng.choice(forms))


def world(folder: Path, seed: int) -> Files:
    """Return a random world: a fund or a bank, from cash or rebalancing with costs and a cap on turnover."""
    rng = Random(seed)
    lines = [
        line(
            name, rng.choice([1.9, 2.1, 2.3, 2.5, 2.7, 3.0, 3.3]), originator=rng.choice("甲乙丙"),
            wal=rng.choice([1, 2, 3]), deal_id=rng.choice("PQR"), risk_weight=rng.choice([20, 35, 100]),
            issue_size=rng.choice([1, 2, 3]) * LOT, clean_price=rng.choice([100, 100, 99.25, 101.5]),
            **{"rating.any": rng.choice(["AAA", "AAA", "AA+", "AA"])},
        )
        for name in "ABCDE"[: rng.choice([3, 4, 4])]
    ]  # fmt: skip
    rules = [some_rule(rng, number) for number in range(rng.randint(2, 4))]
    trading: dict[str, Any] = {"lot": LOT, "cost_bp": rng.choice([0, 3, 20])}
    trading |= {"min_ticket": 2 * LOT} if rng.random() < 0.2 else {}
    trading |= {"max_names": rng.choice([2, 3])} if rng.random() < 0.3 else {}
    keys: dict[str, Any] = {"funding": {"rate": "1.6%"}} if rng.random() < 0.4 else {}
    if rng.random() < 0.3:
        keys["targets"] = {"wal": {"of": "sleeve", rng.choice(["max", "min"]): rng.choice([1.5, 2, 2.5])}}
    if rng.random() < 0.25:
        keys |= {"objective": {"kind": "carry_after_capital"}, "capital": {"ratio": "10.5%", "hurdle": "10%"}}
    held = {x["tranche_id"]: min(rng.choice([1, 2]) * LOT, x["issue_size"]) for x in lines if rng.random() < 0.6}
    holdings = held if held and rng.random() < 0.5 else None
    if holdings and rng.random() < 0.4:
        trading["max_turnover"] = rng.choice(["10%", "25%", "40%"])
    if rng.random() < 0.6:
        lines.append(CASH)
        if holdings:
            price = {x["tranche_id"]: x.get("clean_price", 0) for x in lines}
            holdings = {**holdings, "CASH": NAV - int(sum(f * price[n] / 100 for n, f in holdings.items()))}
        return written(folder, lines, rules, fund(trading=trading, **keys), holdings)
    rules = [{**item, "of": "tier1_capital"} if item.get("of") == "nav" else item for item in rules]
    how = rng.choice(["at_most", "at_most", "exactly"])
    return written(folder, lines, rules, bank(rng.choice([5, 8, 10]) * LOT, how, trading=trading, **keys), holdings)


@dataclass(frozen=True)
class Portfolio:
    """One portfolio: faces, what it earns a year net of costs, and the hard rules it does not pass."""

    faces: dict[str, Fraction]
    value: Fraction
    failed: frozenset[str]


class Brute:
    """Every portfolio of a world."""

    def __init__(self, files: Files) -> None:
        self.files, self.state = files, files.state
        table, mandate = self.state.universe.table, files.mandate
        names = list(table["tranche_id"])
        self.cash = "CASH" if "CASH" in names else None
        self.lines = [name for name in names if name != "CASH"]
        self.size = {n: int(table["issue_size"][self.state.index[n]]) for n in self.lines}
        self.worth = {n: self.state.unit("market_value", self.state.index[n])[0] for n in names}
        self.bp = Fraction(mandate.trading.cost_bp or 0) / 10_000
        self.invest = mandate.portfolio.invest
        self.total = Fraction(self.invest.amount) if self.invest is not None else Fraction(NAV)
        fund_ = mandate.funding
        self.money = Fraction(0) if fund_ is None else Fraction(fund_.rate.value)
        self.earns = {n: self._earns(n) for n in self.lines}
        self.hard = frozenset(r.id for r in self.state.rules.active if r.level == "hard")

    def _earns(self, name: str) -> Fraction:
        row, capital = self.state.index[name], self.files.mandate.capital
        table = self.state.universe.table
        earned = Fraction(str(table["yield"][row])) - self.money
        if self.files.mandate.objective.kind == "carry_after_capital":
            weight = Fraction(str(table["risk_weight"][row]))
            earned -= weight * Fraction(capital.ratio.value) * (Fraction(capital.hurdle.value) - self.money)
        return earned

    def levels(self, name: str) -> list[Fraction]:
        """Return the faces of a line that whole lots reach, with the ticket of a purchase."""
        held, ticket = self.state.held.get(name, Fraction(0)), self.files.mandate.trading.min_ticket or 0
        up = [held + k * LOT for k in range(1, 10) if held + k * LOT <= self.size[name] and k * LOT >= ticket]
        return [held, *up, *[held - k * LOT for k in range(1, 10) if held - k * LOT >= 0]]

    def _made(self) -> Iterator[Portfolio]:
        cap = self.files.settings.max_turnover
        for chosen in itertools.product(*[self.levels(name) for name in self.lines]):
            faces = {name: face for name, face in zip(self.lines, chosen, strict=True) if face}
            pairs = zip(self.lines, chosen, strict=True)
            traded = sum(abs(face - self.state.held.get(n, Fraction(0))) * self.worth[n] for n, face in pairs)
            value = sum((f * self.worth[n] for n, f in faces.items()), Fraction(0))
            earned = sum((f * self.worth[n] * self.earns[n] for n, f in faces.items()), Fraction(0)) - traded * self.bp
            other = {"turnover"} if cap is not None and traded > cap * self.total else set()
            if self.invest is None:
                left = self.total - value - traded * self.bp
                if left < 0:
                    continue
                faces |= {"CASH": left} if left else {}
                earned -= left * self.money
            elif value > self.total:
                continue
            elif self.invest.how == "exactly" and value < self.total - LOT:
                other |= {"budget"}
            yield Portfolio(faces, earned, (self.failing(faces) & self.hard) | other)

    @cached_property
    def every(self) -> tuple[Portfolio, ...]:
        """All portfolios that the cash of the book can pay for."""
        return tuple(self._made())

    @property
    def good(self) -> list[Portfolio]:
        """Those that comply."""
        return [made for made in self.every if not made.failed]

    def after(self, faces: dict[str, Fraction], state: BookState | None = None) -> BookState:
        """Return the book after the trades."""
        opening = replace(state or self.state, before=dict(self.state.held))
        return replace(opening, held=faces, book_value=carried(opening, faces))

    def failing(
        self, faces: dict[str, Fraction], rules: set[str] | None = None, state: BookState | None = None
    ) -> frozenset[str]:
        """Return the rules that the exact checker does not pass."""
        found = evaluate_exact([self.after(faces, state)], rules=rules)
        return frozenset(item.rule for item in found if item.verdict != "pass")

    def best(
        self, without: frozenset[str] = frozenset(), moved: tuple[str, str, Fraction] | None = None
    ) -> Fraction | None:
        """Return the most that is earned without some rules, or with one limit moved; None: there is no portfolio."""
        state = None if moved is None else self.at(moved)
        free = without | ({moved[0]} if moved else set())
        top: Fraction | None = None
        for made in self.every:
            if not made.failed <= free or (top is not None and made.value <= top):
                continue
            if moved is None or not self.failing(made.faces, {moved[0]}, state):
                top = made.value
        return top

    def at(self, moved: tuple[str, str, Fraction]) -> BookState:
        """Return the book with one limit moved."""
        name, sense, value = moved
        active = [
            replace(r, limits=tuple(replace(x, value=value) if x.sense == sense else x for x in r.limits))
            if r.id == name
            else r
            for r in self.state.rules.active
        ]
        return replace(self.state, rules=replace(self.state.rules, active=tuple(active)))

"""Books of odd amounts from a seed: hundreds of yuan or billions, to the fen, with and without lots, tickets, repo."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.plan.make import Answer, PlanSettings
from absalloc.rows import BookState

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "rows"))
from plan_worlds import plan_rule
from rows_worlds import DAY, rulebook

SIZES = (1e3, 5e4, 1e5, 1e6, 1e8, 3e9)


def fen(rng: Random, value: float) -> str:
    """Return an amount to the fen, or in whole yuan."""
    return f"{value:.2f}" if rng.random() < 0.6 else str(int(value) or 1)


def odd_book(seed: int) -> tuple[BookState, PlanSettings]:
    """Return a book and how to plan it."""
    rng = Random(seed)
    nav = rng.choice(SIZES) * rng.choice([1, rng.uniform(0.3, 3)])
    lines = [_line(rng, i, nav) for i in range(rng.randint(2, 7))]
    held = any("face" in line for line in lines)
    kind = rng.choice(["cash", "cash", "cash", "at_most", "exactly"])
    mandate: dict[str, Any] = {
        "name": "w", "institution": "public_fund_open", "rulebooks": ["w"], "amounts": {"nav": fen(rng, nav)},
        "mode": "strategic", "unknown": "worst", "trading": _trading(rng, nav),
    }  # fmt: skip
    if kind == "cash":
        lines += _money(rng, mandate, nav - sum(float(line.get("face", 0)) for line in lines))
    else:
        mandate["portfolio"] = {"invest": {"amount": fen(rng, nav * rng.choice([1, 0.8])), "how": kind}}
    rules = [_scoped(plan_rule(rng, number), nav) for number in range(rng.randint(1, 3))]
    cap = Fraction(rng.choice([5, 10, 30]), 100) if held and rng.random() < 0.5 else None
    state = book_of(lines, mandate_of(mandate), DAY, books=(rulebook(rules),))
    return state, PlanSettings(max_turnover=cap, cure=held and rng.random() < 0.2)


def _line(rng: Random, number: int, nav: float) -> dict[str, str]:
    line = {
        "tranche_id": f"T{number}", "product": "credit_abs", "originator": rng.choice("甲乙"),
        "deal_id": rng.choice("PQ"), "seniority": rng.choice(["senior", "mezzanine"]),
        "issue_size": fen(rng, nav * rng.choice([0.3, 0.4, rng.random()])),
        "factor": rng.choice(["1", "1", "0.5", "0.3337"]), "dirty_price": rng.choice(["100", "101.2345", "98.7654"]),
        "risk_weight": rng.choice(["0.2", "1"]), "wal": rng.choice(["0.5", "1", "2", "3"]),
        "rating.any": rng.choice(["AAA", "AA+", "AA"]), "yield": rng.choice(["0.02", "0.031", "0.045", "0.0277"]),
    }  # fmt: skip
    if rng.random() < 0.5:
        line["face"] = fen(rng, nav * rng.uniform(0, 0.3))
        if rng.random() < 0.4:
            line["book_value"] = fen(rng, nav * rng.uniform(0, 0.3))
    return line


def _trading(rng: Random, nav: float) -> dict[str, str]:
    found = {"cost_bp": rng.choice(["3", "12.5"])} if rng.random() < 0.5 else {}
    if rng.random() < 0.3:
        found["lot"] = str(max(int(nav / 10), 1))
    if rng.random() < 0.3:
        found["min_ticket"] = str(int(nav * 0.05) or 1)
    return found


def _money(rng: Random, mandate: dict[str, Any], left: float) -> list[dict[str, str]]:
    cash = {"tranche_id": "CASH", "product": "cash", "yield": "0.005"}
    if rng.random() < 0.7:
        cash["face"] = fen(rng, max(left, 1))
    if rng.random() < 0.5:
        return [cash]
    mandate["repo"] = {"rate": "1.6%", "max": rng.choice(["40%", "13.37%"])}
    return [cash, {"tranche_id": "REPO", "product": "repo"}]


def _scoped(rule: dict[str, Any], nav: float) -> dict[str, Any]:
    """Return a rule of this size of book that leaves cash and repo alone."""
    for key in ("max", "min", "if_held"):
        if isinstance(rule.get(key), str) and rule[key].endswith("yuan"):
            rule[key] = f"{max(1, int(float(rule[key].split()[0]) / 1e8 * nav))} yuan"
    return {"where": {"product": "credit_abs"}, **rule}


def broken(state: BookState, settings: PlanSettings, answer: Answer) -> list[str]:
    """Return what a plan breaks of its money, its turnover, its supply, its tickets and its repo, in fractions."""
    mandate, after = state.mandate, answer.faces or {}
    nav, invest = Fraction(mandate.amount("nav") or 0), mandate.portfolio.invest
    found, assets, traded = [], Fraction(0), Fraction(0)
    for name in {**state.held, **after}:
        row = state.index[name]
        worth, product = state.unit("market_value", row)[0], state.product[row]
        change = after.get(name, Fraction(0)) - state.held.get(name, Fraction(0))
        assets += after.get(name, Fraction(0)) * worth * (-1 if product == "repo" else 1)
        if product == "credit_abs":
            traded += abs(change) * worth
            supply = max(Fraction(str(state.universe.table["issue_size"][row])), state.held.get(name, Fraction(0)))
            found += [f"supply {name}"] if after.get(name, 0) > supply else []
            found += [f"ticket {name}"] if 0 < change < (mandate.trading.min_ticket or 0) else []
        elif product == "repo" and mandate.repo is not None and mandate.repo.max is not None:
            found += ["repo"] if after.get(name, 0) > mandate.repo.max.value * nav else []
    if settings.max_turnover is not None and traded > settings.max_turnover * nav:
        found.append("turnover")
    fees = traded * Fraction(mandate.trading.cost_bp or 0) / 10_000
    if invest is None and not 0 <= nav - fees - assets <= Fraction(1, 100):
        found.append("nav")
    if invest is not None and assets > Fraction(invest.amount):
        found.append("invest")
    return found + [f"short of {name}" for name, face in after.items() if face < 0]

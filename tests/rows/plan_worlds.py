"""Small worlds of whole lots, for which the best portfolio is found by trying every one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

from rows_worlds import DAY, rulebook

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.exact import evaluate_exact
from absalloc.plan.recheck import carried
from absalloc.rows import BookState

LOT = 10_000_000
NAV = 100_000_000


def plan_rule(rng: Random, number: int) -> dict[str, Any]:
    """Return a rule that may bind in a book of ten lots."""
    by = rng.choice([None, "originator", "tranche_id", "deal_id"])
    where = rng.choice([None, None, {"seniority": "senior"}, {"originator": "甲"}, {"rating.any": {"min": "AA+"}}])
    of = rng.choice(["nav", "nav", {"measure": "market_value"}, {"measure": "face", "where": {"seniority": "senior"}}])
    percent = rng.choice(["10%", "20%", "30%", "40%", "50%"])
    strict = [{"value": percent, "strict": "true"}] if rng.random() < 0.2 else percent
    measure = rng.choice(["market_value", "face", "book_value", ["market_value", "risk_weight"]])
    share = {"kind": "share", "by": by, "where": where, "of": of, "measure": measure}
    forms: list[dict[str, Any]] = [
        {**share, "max": strict},
        {**share, "max": strict},
        {**share, "max": strict, "tested": "purchase"},
        {**share, "min": rng.choice(["5%", "10%"]), "by": None},
        {**share, "max": percent, "unless": {"by": "originator", "of": "nav", "max": rng.choice(["10%", "30%"])}},
        {"kind": "share", "by": by, "where": where, "max": rng.choice(["20000000 yuan", "30000000 yuan"])},
        {
            "kind": "average",
            "measure": ["market_value", "wal"],
            "where": where,
            rng.choice(["max", "min"]): rng.choice(["1 years", "2 years"]),
        },
        {"kind": "average", "measure": ["face", "rating.any"], "min": "AA+"},
        {
            "kind": "count",
            "by": rng.choice([None, "originator"]),
            "where": where,
            "max": rng.choice(["1 names", "2 names"]),
        },
        {"kind": "count", "by": rng.choice([None, "originator"]), "min": rng.choice(["2 names", "3 names"])},
        {"kind": "count", "by": "originator", "of": "nav", "over": percent, rng.choice(["max", "min"]): "1 names"},
        {"kind": "count", "by": rng.choice([None, "originator"]), "measure": "face", "if_held": "20000000 yuan"},
        {"kind": "threshold_sum", "by": "originator", "of": "nav", "over": rng.choice(["10%", "20%"]), "max": percent},
        {"kind": "threshold_sum", "by": "tranche_id", "of": "nav", "over": "10%", "up_to": "20%", "max": percent},
        {
            "kind": "eligibility",
            "require": {"rating.any": {"min": "AA+"}},
            "tested": rng.choice(["always", "purchase"]),
        },
    ]
    rule = rng.choice(forms)
    rule |= {
        "id": f"r{number}",
        "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
    }
    return {key: value for key, value in rule.items() if value is not None}


def plan_book(seed: int, *, held: bool, gaps: float = 0.0, unknown: str = "worst") -> BookState:
    """Return a book of three lines in lots of ten million, and three to five rules."""
    rng = Random(seed)
    lines = []
    for i in range(3):
        facts = {
            "product": "credit_abs",
            "originator": rng.choice("甲乙"),
            "deal_id": rng.choice("PQ"),
            "seniority": rng.choice(["senior", "mezzanine"]),
            "issue_size": str(rng.choice([3, 4]) * LOT),
            "factor": rng.choice(["1", "1", "0.5"]),
            "dirty_price": rng.choice(["100", "100", "98.7654"]),
            "risk_weight": rng.choice(["0.2", "1"]),
            "wal": rng.choice(["0.5", "1", "2", "3"]),
            "rating.any": rng.choice(["AAA", "AA+", "AA"]),
            "yield": rng.choice(["0.02", "0.031", "0.045", "0.0277"]),
        }
        line = {k: v for k, v in facts.items() if k in ("product", "yield", "issue_size") or rng.random() >= gaps}
        line["tranche_id"] = f"T{i}"
        if held and rng.random() < 0.7:
            line["face"] = str(rng.choice([LOT, 2 * LOT, 3 * LOT, 15_000_000]))
            if rng.random() < 0.4:
                line["book_value"] = str(rng.choice([9_000_000, 20_000_000]))
        lines.append(line)
    mandate = {
        "name": "w",
        "institution": "public_fund_open",
        "rulebooks": ["w"],
        "amounts": {"nav": str(NAV)},
        "portfolio": {"invest": {"amount": str(rng.choice([50, 80, 100]) * 1_000_000), "how": "at_most"}},
        "trading": {"lot": str(LOT)},
        "mode": "strategic",
        "unknown": unknown,
    }
    book = rulebook([plan_rule(rng, number) for number in range(rng.randint(2, 5))])
    return book_of(lines, mandate_of(mandate), DAY, books=(book,))


def portfolios(state: BookState) -> Iterator[dict[str, Fraction]]:
    """Yield every portfolio within the budget that whole lots bought, or whole lots and the odd rest sold, can make."""
    levels = []
    for name, row in state.index.items():
        held = state.held.get(name, Fraction(0))
        size = Fraction(int(state.universe.table["issue_size"][row]))
        rest = held % LOT
        # What there is of a line bounds what is bought of it; an odd rest is sold, never bought.
        most = max(size - held, 0) // LOT
        found = [held + LOT * k for k in range(-9, int(most) + 1)] + [held - rest - LOT * k for k in range(10)]
        levels.append([(name, face) for face in dict.fromkeys(found) if face >= 0])
    budget = Fraction(state.mandate.portfolio.invest.amount)
    for chosen in itertools.product(*levels):
        faces = {name: face for name, face in chosen if face}
        if sum(state.unit("market_value", state.index[n])[0] * f for n, f in faces.items()) <= budget:
            yield faces


def after(state: BookState, faces: dict[str, Fraction]) -> BookState:
    """Return the book after the trades to ``faces``, book values carried on."""
    opening = replace(state, before=dict(state.held))
    return replace(opening, held=faces, book_value=carried(opening, faces))


def carry(state: BookState, faces: dict[str, Fraction]) -> float:
    """Return the yuan a year a portfolio earns."""
    rates = state.universe.table["yield"]
    return float(
        sum(
            float(state.unit("market_value", state.index[n])[0]) * float(f) * rates[state.index[n]]
            for n, f in faces.items()
        )
    )


def complies(state: BookState, faces: dict[str, Fraction], rules: tuple[str, ...] | None = None) -> bool:
    """Return whether the exact checker passes every hard rule, or those named."""
    return all(
        item.verdict == "pass" for item in evaluate_exact([after(state, faces)], rules=rules) if item.level == "hard"
    )

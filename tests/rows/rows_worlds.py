"""Random worlds: rulebooks of every kind, mandates with gaps, universes with gaps, books on round numbers.

Faces, prices and amounts are round, so that ratios meet their limits exactly much of the time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.rows import BookState
from absalloc.rulebook.load import Rulebook, _build
from absalloc.yamlpos import parse_yaml

DAY = date(2025, 12, 8)
COLUMNS = {
    "lowest": {"from": ["rating.any", "rating.lianhe"], "take": "lowest"},
    "best": {"from": ["rating.any", "rating.lianhe"], "take": "highest"},
    "obligor": {"first_of": ["core_debtor", "originator"]},
    "years": {"from": ["wal", "modified_duration"], "take": "highest"},
}
SETS = {"narrow": {"any": [{"seniority": "mezzanine"}, {"lgfv": "true"}]}}
PRODUCTS = ("credit_abs", "enterprise_abs", "abn", "government", "cash", "repo", "reverse_repo")


def some_where(rng: Random, depth: int = 1) -> Any:
    """Return a predicate as a rulebook writes it."""
    plain: list[Any] = [
        {"product": ["credit_abs", "abn"]},
        {"product": "repo"},
        {"product": ["cash", "government", "repo"]},
        {"seniority": "senior"},
        {"rating.any": {"min": "AA+"}},
        {"lowest": {"min": "AA"}},
        {"lowest": ["AAA", "AA+"]},
        {"best": {"below": "AA+"}},
        {"missing": "lowest"},
        {"missing": "originator"},
        {"implied_rating": {"min": "AA"}},
        {"implied_rating": ["AAA", "AA+"]},
        {"wal": {"max": "3"}},
        {"wal": {"above": "1", "max": "3"}},
        {"remaining_term": {"max": "2 years"}},
        {"days_to_maturity": {"max": "6 months"}},
        {"lgfv": "true"},
        {"expected_maturity": {"max": {"mandate": "product.end_date"}}},
        {"clean_price": {"below": "100"}},
        {"originator": {"in_list": "approved"}},
        {"originator": {"in_list": "nowhere"}},
        {"in_set": "narrow"},
        {"rating.any": ["AAA"]},
        {"years": {"min": "1"}},
        {"missing": "wal"},
        {"expected_maturity": {"min": "2026-06-30"}},
        {"obligor": ["甲", "乙"]},
        {"risk_weight": ["0.2", "1"]},
        {"missing": "rating.any"},
        {"best": "AAA"},
    ]
    pick = rng.random()
    if depth and pick < 0.12:
        return {"not": some_where(rng, 0)}
    if depth and pick < 0.2:
        return {"any": [some_where(rng, 0), some_where(rng, 0)]}
    if depth and pick < 0.28:
        return {"all": [some_where(rng, 0), some_where(rng, 0)]}
    return rng.choice(plain)


def some_of(rng: Random) -> Any:
    """Return a denominator."""
    return rng.choice(
        [
            "nav",
            "nav",
            "nav",
            "total_assets",
            "net_capital",
            "issue_size",
            "outstanding",
            "deal_size",
            {"amount": "audited_total_assets", "as_of": "previous_year_end"},
            {"amount": "prior_quarter_total_assets", "as_of": "previous_quarter_end"},
            {"universe": "issue_size"},
            {"universe": "outstanding"},
            {"universe": "deal_size"},
            {"reference": "totals"},
            {"measure": "market_value"},
            {"measure": "market_value", "where": some_where(rng)},
            {"measure": ["market_value", "risk_weight"]},
            {"measure": "book_value"},
            [{"of": "nav"}, {"sign": "-1", "of": "total_assets"}, {"of": "total_assets"}],
            [{"measure": "market_value"}, {"sign": "-1", "measure": "market_value", "where": {"product": "repo"}}],
            [{"of": "nav"}, {"sign": "-1", "measure": "market_value", "where": some_where(rng)}],
        ]
    )


BY = (
    None,
    "tranche_id",
    "originator",
    "obligor",
    ["originator", "seniority"],
    ["deal_id", "rating.any"],
    "lowest",
    "lgfv",
    "expected_maturity",
    "rating.any",
    {"link": "exposure", "group": "client", "weight": "share"},
    {"link": "exposure", "group": "client"},
    {"link": "unknown", "group": "client"},
    "deal_id",
)
MEASURES = (
    "market_value",
    "market_value",
    "face",
    "principal",
    "clean_value",
    "book_value",
    ["market_value", "risk_weight"],
    ["face", "haircut"],
    ["book_value", "risk_weight"],
)


def _bounds(rng: Random, percent: Sequence[str]) -> dict[str, Any]:
    strict = rng.random() < 0.2
    found: dict[str, Any] = {}
    side = rng.choice(["max", "max", "min"])
    value = rng.choice(percent)
    found[side] = [{"value": value, "strict": "true"}] if strict else value
    if side == "min" and value.endswith(("%", "yuan")) and rng.random() < 0.3:
        found["max"] = "100%" if value.endswith("%") else "1000000000 yuan"
    return found


def _share(rng: Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"measure": rng.choice(MEASURES), "by": rng.choice(BY)}
    if rng.random() < 0.2:
        rule |= _bounds(rng, ["0 yuan", "50000000 yuan", "100000000 yuan"])
    elif rng.random() < 0.15:
        rule["by"] = rng.choice(["originator", "tranche_id", "obligor"])
        column, absent = rng.choice([("limit", "0 yuan"), ("share", "0%")])
        rule[rng.choice(["max", "max", "min"])] = {
            "list": rng.choice(["limits", "limits", "nowhere"]),
            "column": column,
            "expires": "expiry",
            "absent": absent,
        }
        if column == "share":
            rule["of"] = some_of(rng)
    else:
        rule |= {"of": some_of(rng), **_bounds(rng, ["0%", "5%", "10%", "20%", "25%", "50%", "100%", "140%"])}
    if isinstance(rule["by"], dict) and "measure" in str(rule.get("of")):
        # A line linked to one group twice stands twice in the exact checker's sum over holdings.
        rule["of"] = "nav"
    if rng.random() < 0.2:
        rule["plus"] = rng.choice(
            [{"amount": "nonstandard_elsewhere"}, {"amount": "rwa_budget"}, {"reference": "totals"}]
        )
    if rng.random() < 0.2:
        rule["unless"] = {"by": "originator", "of": "nav", **_bounds(rng, ["5%", "20%"])}
    return rule


def _average(rng: Random) -> dict[str, Any]:
    column, values = rng.choice(
        [
            ("wal", ["1 years", "2 years", "3 years"]),
            ("modified_duration", ["1 years", "2.5 years"]),
            ("lowest", ["AA+", "AA"]),
            ("rating.any", ["AA+", "AAA"]),
            ("implied_rating", ["AA+", "AA"]),
            ("days_to_maturity", ["397 days", "120 days"]),
        ]
    )
    limit = {"min": rng.choice(values)} if values[0][0] == "A" else _bounds(rng, values)
    return {
        "measure": [rng.choice(["market_value", "face", "principal"]), column],
        "by": rng.choice([None, None, "originator"]),
        **limit,
    }


def _count(rng: Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"by": rng.choice(BY)}
    pick = rng.random()
    if pick < 0.3:
        return rule | {
            "if_held": rng.choice(["10000000 yuan", "50000000 yuan"]),
            "measure": rng.choice(["face", "market_value"]),
        }
    if pick < 0.6:
        rule |= {"of": rng.choice(["nav", "total_assets", "net_capital"]), "over": rng.choice(["0%", "5%", "10%"])}
    return rule | {rng.choice(["max", "max", "min"]): f"{rng.randint(0, 5)} names"}


def _threshold(rng: Random) -> dict[str, Any]:
    rule = {
        "by": rng.choice(BY),
        "of": rng.choice(["nav", "total_assets", "net_capital"]),
        "over": rng.choice(["5%", "10%"]),
    }
    if rng.random() < 0.5:
        rule["up_to"] = rng.choice(["10%", "20%"])
    return rule | {"max": rng.choice(["0%", "10%", "40%", "45%"])}


def _eligibility(rng: Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"require": some_where(rng)}
    if rng.random() < 0.3:
        rule |= rng.choice(
            [
                {"require": {"days_to_maturity": {"max": "limit"}}, "max": "397 days"},
                {"require": {"lowest": {"min": "limit"}}, "min": "AA+"},
                {"require": {"implied_rating": {"min": "limit"}}, "min": "AA+"},
                {"require": {"remaining_term": {"max": "limit"}}, "max": "18 months"},
            ]
        )
    return rule


def some_rule(rng: Random, number: int) -> dict[str, Any]:
    """Return a rule of a random kind as a rulebook writes it."""
    kind = rng.choice(
        ["share", "share", "share", "share", "average", "eligibility", "count", "threshold_sum", "capital"]
    )
    rule: dict[str, Any] = {
        "id": f"r{number}",
        "kind": kind,
        "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
    }
    makers = {
        "share": _share,
        "average": _average,
        "eligibility": _eligibility,
        "count": _count,
        "threshold_sum": _threshold,
    }
    if kind == "capital":
        rule |= {"measure": ["market_value", "risk_weight"], "of": rng.choice(["nav", "net_capital"]), "max": "10%"}
    else:
        rule |= makers[kind](rng)
    if rng.random() < 0.6:
        rule["where"] = some_where(rng)
    if rng.random() < 0.2:
        rule["exceptions"] = [{"id": "e", "where": some_where(rng)}]
        if rng.random() < 0.4:
            rule["exceptions"][0]["when"] = {"product": {"offering": "private"}}
    if rng.random() < 0.15:
        rule["scope"] = "manager_funds"
    return {key: value for key, value in rule.items() if value is not None}


def rulebook(rules: Sequence[dict[str, Any]], name: str = "w", columns: Any = None) -> Rulebook:
    """Return a rulebook of rules written as data."""
    data = {
        "rulebook": name,
        "modelled": {"from": "2020-01-01", "verified_until": "2030-01-01"},
        "sources": {"d": {"title": "x"}},
        "columns": columns or COLUMNS,
        "sets": SETS if columns is None else {},
        "rules": list(rules),
    }
    return _build(parse_yaml(json.dumps(data, ensure_ascii=False, indent=1), f"{name}.yaml"), name)


def some_line(rng: Random, code: str, gaps: float) -> dict[str, Any]:
    """Return a line of the universe; each fact is missing with probability ``gaps``."""
    size = rng.choice([100, 200, 400, 500]) * 1_000_000
    facts: dict[str, Any] = {
        "product": rng.choice(PRODUCTS),
        "originator": rng.choice("甲乙丙"),
        "core_debtor": rng.choice(["甲", "丁", None]),
        "deal_id": rng.choice("PQ"),
        "seniority": rng.choice(["senior", "mezzanine", "subordinated"]),
        "issue_size": size,
        "outstanding": size // 2,
        "deal_size": 500_000_000,
        "factor": rng.choice(["1", "0.5", "0.37"]),
        "clean_price": rng.choice(["100", "99.5", "101.23"]),
        "dirty_price": rng.choice(["100", "100", "101", "98.7654"]),
        "risk_weight": rng.choice(["0.2", "1", "12.5"]),
        "haircut": rng.choice(["0.1", "0.25"]),
        "wal": rng.choice(["0.5", "1", "2", "3", "4.25"]),
        "modified_duration": rng.choice(["0.5", "1", "2.5", "3"]),
        "rating.any": rng.choice(["AAA", "AA+", "AA", "NR", "A-1"]),
        "rating.lianhe": rng.choice(["AAA", "AA", "NR", None]),
        "implied_rating": rng.choice(["AAA", "AA+", "AA(2)", "NR"]),
        "lgfv": rng.choice(["true", "false"]),
        "expected_maturity": rng.choice(["2026-06-08", "2026-06-30", "2028-12-31"]),
    }
    return {"tranche_id": code} | {k: str(v) for k, v in facts.items() if v is not None and rng.random() >= gaps}


def some_lines(rng: Random, count: int, gaps: float) -> list[dict[str, Any]]:
    """Return lines, most of them held in round amounts, some a yuan off; one may be outside the universe."""
    lines = []
    for i in range(count):
        line = some_line(rng, f"T{i}", gaps)
        if rng.random() < 0.7:
            face = rng.choice([10, 20, 50, 50, 100, 100, 200]) * 1_000_000
            line["face"] = str(face + rng.choice([0, 0, 0, 0, 1, -1]))
            if rng.random() < 0.3:
                line["book_value"] = str(rng.choice([5, 10, 50, 100]) * 1_000_000)
        lines.append(line)
    if rng.random() < gaps:
        lines.append({"tranche_id": "OUT", "face": "50000000", "in_universe": "false"})
    return lines


def some_mandate(rng: Random, gaps: float, name: str = "w") -> dict[str, Any]:
    """Return a mandate; each amount and fact is missing with probability ``gaps``."""
    amounts: dict[str, Any] = {
        "nav": "1000000000",
        "total_assets": rng.choice(["1000000000", "1400000000"]),
        "nonstandard_elsewhere": "50000000",
        "audited_total_assets": {"value": "1000000000", "as_of": rng.choice(["2024-12-31", "2023-12-31"])},
        "prior_quarter_total_assets": {"value": "1000000000", "as_of": rng.choice(["2025-09-30", "2025-12-08"])},
    }
    product = {"end_date": "2026-06-30", "offering": rng.choice(["private", "public"])}
    mandate: dict[str, Any] = {
        "name": name,
        "institution": "public_fund_open",
        "rulebooks": ["w"],
        "manager": "M",
        "amounts": {k: v for k, v in amounts.items() if rng.random() >= gaps},
        "product": {k: v for k, v in product.items() if rng.random() >= gaps},
    }
    if rng.random() >= gaps:
        mandate["elsewhere"] = {"manager_funds": "none"}
    return mandate


def some_lists(rng: Random) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of a mandate: names with limits and expiries, totals, look-through."""
    days = ["2025-12-07", "2025-12-08", "2026-12-31", ""]
    limits = [
        {
            "key": key,
            "limit": rng.choice(["50000000", "100000000", "100000000 yuan", ""]),
            "share": rng.choice(["5%", "10%"]),
            "expiry": rng.choice(days),
        }
        for key in ("甲", "乙", "T0", "T1")
    ]
    links = [
        {"tranche_id": f"T{i}", "client": rng.choice(["c1", "c2", ""]), "share": rng.choice(["0.5", "0.25", "1", ""])}
        for i in (0, 0, 1, 2, 3)
    ]
    return {
        "limits": limits,
        "exposure": links,
        "approved": [{"key": key, "expiry": rng.choice(days)} for key in ("甲", "丙")],
        "totals": [{"key": key, "total": rng.choice(["1000000000", "500000000", ""])} for key in ("甲", "c1")],
    }


def some_books(seed: int, *, rules: int = 60, lines: int = 8, gaps: float = 0.1, books: int = 1) -> list[BookState]:
    """Return books of one rulebook under one manager, over one universe; the first book's lists serve all."""
    rng = Random(seed)
    book = rulebook([some_rule(rng, number) for number in range(rules)])
    lists = some_lists(rng)
    drawn = some_lines(rng, lines, gaps)
    states: list[BookState] = []
    mandate = some_mandate(rng, gaps)
    for number in range(books):
        own = [dict(line) for line in drawn]
        if number:
            for line in own:
                line.pop("face", None)
                line.pop("book_value", None)
                if line.get("in_universe") is None and rng.random() < 0.5:
                    line["face"] = str(rng.choice([10, 50, 100]) * 1_000_000)
            own = [line for line in own if line.get("in_universe") is None]
        data = {**mandate, "name": f"w{number}"}
        states.append(book_of(own, mandate_of(data), DAY, books=(book,), lists=lists))
    return states


def untimed(state: BookState) -> BookState:
    """Return the book with every rule tested always and without its alternative: what single rows speak of."""
    active = tuple(replace(rule, tested="always", unless=None) for rule in state.rules.active)
    return replace(state, rules=replace(state.rules, active=active))


def with_face(state: BookState, name: str, face: Fraction) -> BookState:
    """Return the book with another face of one line."""
    held = {key: value for key, value in {**state.held, name: face}.items() if value > 0}
    return replace(state, held=held)

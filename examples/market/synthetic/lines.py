"""From deals to lines of market.csv: names, codes, parties, quotes, repo terms."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from synthetic.deals import Deal, Row
from synthetic.schedule import value

Line = dict[str, Any]
_WORD = {"senior": "优先", "mezzanine": "中间", "subordinated": "次级"}
_OWN_DEBTOR = (
    "receivables",
    "supply_chain",
    "factoring",
    "cmbs",
    "quasi_reit",
    "trust_beneficial_rights",
    "fee_rights",
)


def to_lines(deals: list[Deal], weights: np.ndarray, rng: np.random.Generator) -> list[Line]:
    """Return one dict a tranche, in vocabulary names (rates in percent, money in yuan)."""
    found: list[Line] = []
    for deal, weight in zip(deals, weights, strict=True):
        venue = ".IB" if deal.product in ("credit_abs", "abn") else (".SH" if rng.random() < 0.7 else ".SZ")
        supporter = _supporter(deal)
        for row in deal.rows:
            found.append(_line(deal, row, float(weight), f"SYN{100001 + len(found)}{venue}", supporter))
    return found


def _supporter(deal: Deal) -> str | None:
    if deal.cls.support == "none":
        return None
    return (
        deal.owner.group
        if deal.owner.group[3:5] not in deal.owner.name or deal.cls.support == "guarantee"
        else deal.owner.name
    )


def _line(deal: Deal, row: Row, weight: float, code: str, supporter: str | None) -> Line:
    cls, interbank = deal.cls, code.endswith(".IB")
    senior = row["kind"] == "senior"
    debtor = deal.owner.name if cls.key in _OWN_DEBTOR else None
    class_name = f"{_WORD[row['kind']]}{row['i'] if senior else ''}"
    line: Line = {
        "tranche_id": code,
        "name": f"{deal.issued:%y}{deal.owner.name.removeprefix('SYN')}SYN{deal.number:03d}{class_name}",
        "deal_id": f"SYN-{deal.number:05d}", "product": deal.product,
        "market": "interbank" if interbank else "exchange",
        "placement": "private" if row["private"] else "public",
        "asset_type": cls.key, "originator": deal.originator.name, "core_debtor": debtor,
        "support_party": supporter, "support_type": cls.support if supporter else "none",
        "ultimate_group": deal.owner.group, "region": deal.owner.region, "lgfv": deal.lgfv,
        "manager": deal.manager.name, "seniority": row["kind"],
        "attachment": row["attachment"], "detachment": row["detachment"],
        "issue_size": row["issue_size"], "outstanding": round(row["issue_size"] * row["factor"], 2),
        "factor": round(100 * row["factor"], 4), "deal_size": row["deal_size"], "coupon": row["coupon"],
        "rate_type": "fixed", "repayment": row["repayment"], "issue_date": deal.issued,
        "expected_maturity": row["expected_maturity"], "legal_maturity": row["legal_maturity"],
        "next_put": row["next_put"], "call_share": 10.0 if cls.repayment == "pass_through" else None,
        "rating_date": _rating_date(deal, row), "implied_rating": row["implied"],
        "clean_price": row.get("clean_price"), "yield": row["yield"], "yield_source": row.get("yield_source"),
        "yield_basis": row["basis"] if row["yield"] is not None else None, "wal": row["wal"],
        "modified_duration": row.get("modified_duration"), "stc": row["stc"], "npl": cls.key == "npl",
        "market_restricted": False, "sample_weight": weight, "_accrued": row.get("accrued", 0.0),
        "_terms": row.get("terms"),
    }  # fmt: skip
    for agency, grade in row["ratings"].items():
        line[f"rating.{agency}"] = f"{grade}sf"
    return line | repo_terms(line) | tickets(interbank)


def _rating_date(deal: Deal, row: Row) -> date | None:
    if not row["ratings"]:
        return None
    return deal.issued if deal.issued >= date(2025, 5, 1) else date(2025, 6, 27 - deal.number % 20)


def repo_terms(line: Line) -> Line:
    """Return whether repo accepts the line and at what haircut (percent): senior ABS 8 to 15, lower classes none."""
    best = line["implied_rating"] in ("AAA+", "AAA", "AAA-", "AA+")
    if line["seniority"] != "senior" or not best:
        return {"pledgeable": False, "haircut": None}
    base = 8.0 if line["product"] == "credit_abs" else 10.0
    return {
        "pledgeable": True,
        "haircut": base + {"AAA": 0.0, "AAA-": 2.0, "AA+": 5.0}.get(line["implied_rating"], 0.0),
    }


def tickets(interbank: bool) -> Line:
    """Return lot and least trade in yuan of original face, the conventions of README.md."""
    return {"lot": 10_000, "min_ticket": 100_000} if interbank else {"lot": 100_000, "min_ticket": 1_000_000}


def add_quotes(lines: list[Line], rng: np.random.Generator, count: int) -> None:
    """Put about ``count`` offers on living priced lines; every primary line is offered at its issue price."""
    open_ = [
        i for i, line in enumerate(lines) if line["clean_price"] is not None and line["product"] != "insurance_plan"
    ]
    primary = [i for i in open_ if lines[i]["yield_source"] == "primary"][: count // 3]
    urban = [i for i in open_ if lines[i]["lgfv"] and i not in primary][::3]
    rest = [i for i in open_ if i not in primary and i not in urban]
    drawn = rng.permutation(len(rest))[: max(count - len(primary) - len(urban), 0)]
    for i in sorted([*primary, *urban, *(rest[k] for k in drawn)]):
        line = lines[i]
        room = int(line["issue_size"] * rng.uniform(0.05, 0.3))
        line["available_face"] = (
            max(room // 10_000_000, 1) * 10_000_000 if line["issue_size"] >= 20_000_000 else line["issue_size"] // 2
        )
        line["quote_side"] = "offer"
        line["quote_basis"] = "remaining"
        line["quote_source"] = (
            "primary" if line["yield_source"] == "primary" else ("own" if rng.random() < 0.1 else "dealer")
        )
        line["quote_price"] = _offer(line, float(rng.uniform(-0.02, 0.05)))


def _offer(line: Line, cheaper: float) -> float:
    """Return the clean price of an offer ``cheaper`` percent above the line's yield."""
    if line["yield_source"] == "primary":
        return float(line["clean_price"])
    found = value(line["_terms"], (line["yield"] + cheaper) / 100)
    return round(found.clean, 4)

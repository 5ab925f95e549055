"""Books of every institution over one universe: held lines scaled, others added, facts and keys taken away."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from absalloc.compliance.case_books import mandate_of
from absalloc.rows import BookState
from absalloc.rulebook.active import resolve
from absalloc.universe import Universe

BOOKS = {
    "public_fund_open": ["public-fund-open", "house"],
    "public_fund_interval": ["public-fund-interval", "house"],
    "public_fund_closed": ["public-fund-closed", "house"],
    "money_market_fund": ["money-market-fund", "house"],
    "bank_own_book": ["bank-own-book", "house", "desk"],
    "wealth_product": ["wealth-open", "wealth-closed", "house"],
    "cash_management": ["cash-management", "house"],
    "private_plan": ["private-plan", "house"],
    "insurer": ["insurer", "house"],
    "insurance_product": ["insurance-product", "house", "desk"],
    "annuity": ["annuity", "house"],
    "trust": ["trust", "house"],
}
"""Institution -> the rulebooks of its mandate."""
FACTS = {
    "contract_rating_floor": ("silent", "AA", "AAA"), "bond_fund": ("true", "false"),
    "abs_counts_as_bond": ("true", "false"), "pools": ("unidentified", "granular"),
    "product_type": ("fixed_income", "mixed"), "top10_holders": ("over_50", "over_20", "at_most_20"),
    "plan": ("collective", "single"), "opens": ("several_a_quarter", "other"), "pension": ("annuity", "basic"),
    "investors": ("professional_10mn", "other"), "index_plan": ("true", "false"), "abs_rating_floor": ("AA+",),
    "internal_rating_floor": ("AA-",), "implied_rating_floor": ("AA", "AA(2)"), "below_aaa_cap": ("used",),
}  # fmt: skip
PRODUCT = {
    "issuer": ("bank", "wealth_company"), "offering": ("public", "private"),
    "operation": ("daily_open", "periodic_open", "closed"), "operation_period": ("open", "closed"),
    "end_date": ("2030-06-30",), "next_open_day": ("2027-06-30",), "single_investor": ("true", "false"),
    "graded": ("true", "false"),
}  # fmt: skip
READINGS = {
    "abn": ("counts", "excluded"), "size": ("issued", "outstanding"), "same_tranche": ("code", "grade"),
    "same_asset": ("tranche", "deal"), "originator": ("nominal", "economic"),
    "insurance_plan": ("restricted", "free"),
}  # fmt: skip
SCOPES = ("manager_funds", "manager_plans", "products_public", "products_all", "bank", "insurer")
HOLES = (
    "rating.any", "originator", "core_debtor", "deal_id", "factor", "dirty_price", "issue_size", "expected_maturity",
    "days_to_maturity", "product", "seniority", "npl", "risk_weight", "market", "nonstandard", "outstanding",
    "largest_asset",
)  # fmt: skip
"""Facts taken away from some lines."""


def disturbed(universe: Universe, day: date, base: Mapping[str, Fraction], institution: str, seed: int) -> tuple[
    BookState, dict[str, Any]
]:  # fmt: skip
    """Return a disturbed book of an institution, and its mandate as the plain texts of a file."""
    draw = random.Random(f"{institution} {seed}")
    codes = sorted(universe.table["tranche_id"])
    held = {code: face * draw.choice((1, 1, 3, Fraction(1, 7))) for code, face in base.items() if draw.random() < 0.8}
    held |= {code: Fraction(draw.randrange(1, 900) * 100_000) for code in draw.sample(codes, min(25, len(codes)))}
    if seed % 2:
        held |= {f"STRANGER{n}": Fraction(draw.randrange(1, 50) * 100_000) for n in range(2)}
    before = {code: face * draw.choice((0, 1, 1, 2)) for code, face in held.items()}
    before |= {code: Fraction(10_000_000) for code in draw.sample(codes, 3)}
    total = sum(held.values())
    raw = _mandate(draw, institution, day, total)
    tables = _tables(draw, universe, list(held))
    raw["reference"] = {name: f"{name}.csv" for name in sorted(tables)}
    mandate = mandate_of(raw)
    state = BookState(
        mandate, resolve(mandate, day), _with_holes(draw, universe, list(held)), day, held,
        before=before if draw.random() < 0.7 else None,
        book_value={code: held[code] * 99 / 100 for code in held if draw.random() < 0.7}, lists=tables,
    )  # fmt: skip
    return state, raw


def _mandate(draw: random.Random, institution: str, day: date, total: Fraction) -> dict[str, Any]:
    def some(options: Mapping[str, tuple[str, ...]], keep: float) -> dict[str, str]:
        return {name: draw.choice(values) for name, values in options.items() if draw.random() < keep}

    amounts: dict[str, Any] = {
        name: str(int(total * draw.choice((1, 2, 10))))
        for name in ("nav", "total_assets", "net_capital", "tier1_capital", "wealth_products_nav", "total_wealth_nav",
                     "nonstandard_elsewhere", "collective_trust_balance", "trust_net_assets", "rwa_budget")
        if draw.random() < 0.9
    }  # fmt: skip
    quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - pd.Timedelta(days=1)
    amounts["prior_quarter_total_assets"] = {"value": str(int(total * 4)), "as_of": str(quarter)[:10]}
    amounts["audited_total_assets"] = {"value": str(int(total * 9)), "as_of": f"{day.year - draw.choice((1, 2))}-12-31"}
    return {
        "name": "book", "institution": institution, "manager": "M", "rulebooks": BOOKS[institution], "amounts": amounts,
        "drafts": "true", "facts": some(FACTS, 0.8), "product": some(PRODUCT, 0.8), "readings": some(READINGS, 0.4),
        "elsewhere": {scope: "none" for scope in SCOPES if draw.random() < 0.8},
    }  # fmt: skip


def _tables(draw: random.Random, universe: Universe, held: list[str]) -> dict[str, pd.DataFrame]:
    table = universe.table
    named = {
        column: sorted({str(value) for value in table[column] if isinstance(value, str) and value})
        for column in ("originator", "deal_id", "issuer")
    }
    names = list(dict.fromkeys([*named["originator"][:40], *named["issuer"][:20], "nobody"]))
    listed = draw.sample(names, min(4, len(names)))
    live = [{"name": name, "expiry": draw.choice(("", "2099-12-31", "2001-01-01"))} for name in listed]
    limits = [{"name": name, "limit": str(draw.randrange(1, 90) * 1_000_000), "expiry": ""} for name in names]
    clients, shares = ("", "甲", "乙", "anonymous"), ("", "0.3", "0.7")
    links = [
        {"tranche_id": code, "client": draw.choice(clients), "share": draw.choice(shares)}
        for code in held
        for _ in range(draw.randrange(4))
    ]
    found: dict[str, list[dict[str, str]]] = {
        "originator_totals": [{"name": name, "total": "9000000000"} for name in names[::2]],
        "approved": limits, "prohibited": live, "restricted": live, "related_parties": live, "own_bank": live,
        "eligible_originators": live, "exposure": links, "special_products": [{"code": code} for code in held[:2]],
        "own_deals": [{"deal": name} for name in [*named["deal_id"][:3], "none"]],
    }  # fmt: skip
    kept = {name: rows for name, rows in found.items() if rows and draw.random() < 0.7}
    return {name: pd.DataFrame(rows, dtype=object) for name, rows in kept.items()}


def _with_holes(draw: random.Random, universe: Universe, held: list[str]) -> Universe:
    table = universe.table.copy()
    rows = [row for row, code in enumerate(table["tranche_id"]) if code in set(held)]
    for name in HOLES:
        if name not in table.columns:
            continue
        values = table[name].to_numpy(copy=True)
        hole = np.nan if values.dtype.kind == "f" else np.datetime64("NaT") if values.dtype.kind == "M" else None
        for row in rows:
            if draw.random() < 0.06:
                values[row] = hole
        table[name] = pd.Series(values, index=table.index)
    return universe.replace(table=table)

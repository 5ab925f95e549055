"""The program of each shipped rulebook over a tiny universe, as LP text: a change of meaning shows as a difference.

``ABSALLOC_GOLDEN=1 pytest tests/rows/test_rows_golden.py`` writes the files anew, to be read before they are committed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from rows_worlds import DAY

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.plan.lines import plan_lines
from absalloc.plan.make import budget_of
from absalloc.plan.objective import objective
from absalloc.plan.program import Program, build_program
from absalloc.plan.rule_rows import Terms
from absalloc.rows import BookState, compile_rows
from absalloc.rows.lines import Positions
from absalloc.rulebook import shipped_rulebooks
from absalloc.terms import SCOPES

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "rows"
INSTITUTIONS = {
    "public-fund-open": "public_fund_open",
    "public-fund-interval": "public_fund_interval",
    "bank-own-book": "bank_own_book",
    "wealth-closed": "wealth_product",
    "house": "public_fund_open",
    "desk": "public_fund_open",
    "public-fund-closed": "public_fund_closed",
    "money-market-fund": "money_market_fund",
    "wealth-open": "wealth_product",
    "cash-management": "cash_management",
    "private-plan": "private_plan",
    "insurer": "insurer",
    "insurance-product": "insurance_product",
    "annuity": "annuity",
    "trust": "trust",
}
FACTS = {
    "public-fund-closed": {"bond_fund": "true", "abs_counts_as_bond": "true"},
    "money-market-fund": {"top10_holders": "over_50"},
    "wealth-open": {"product_type": "fixed_income"},
    "private-plan": {"plan": "collective", "opens": "several_a_quarter", "product_type": "fixed_income"},
    "insurance-product": {"product_type": "fixed_income"},
    "annuity": {"pension": "annuity", "abs_rating_floor": "AA+"},
}
"""What a rulebook asks of its mandate beside the floor of the contract."""
AMOUNTS = {
    "wealth-open": {"wealth_products_nav": "9000000000", "nonstandard_elsewhere": "0"},
    "private-plan": {"total_wealth_nav": "9000000000", "nonstandard_elsewhere": "0"},
    "insurance-product": {"total_wealth_nav": "9000000000", "nonstandard_elsewhere": "0"},
    "insurer": {"prior_quarter_total_assets": "3000000000", "total_assets": "3000000000"},
    "trust": {"collective_trust_balance": "9000000000", "trust_net_assets": "2000000000", "nonstandard_elsewhere": "0"},
}
PRODUCTS = {
    "public-fund-closed": {"operation": "closed"},
    "wealth-open": {"issuer": "wealth_company", "next_open_day": "2027-12-31"},
    "private-plan": {"offering": "private", "graded": "false"},
}


def tiny(book: str) -> BookState:
    """Return a book of four lines under one shipped rulebook; two are held, one of them too much of."""
    base = {
        "market": "interbank", "placement": "public", "asset_type": "auto loans", "issue_size": "500000000",
        "outstanding": "400000000",
        "deal_size": "900000000", "factor": "0.8", "clean_price": "100", "dirty_price": "101",
        "yield": "0.03", "wal": "1.5", "modified_duration": "1.4", "risk_weight": "0.2", "rate_type": "fixed",
        "expected_maturity": "2027-06-30", "legal_maturity": "2029-06-30", "issue_date": "2025-01-10", "npl": "false",
        "market_restricted": "false", "lgfv": "false",
        "pledgeable": "true",
    }  # fmt: skip
    lines = [
        {"tranche_id": "A1", "product": "credit_abs", "seniority": "senior", "rating.any": "AAA", "originator": "甲"},
        {
            "tranche_id": "A2",
            "product": "credit_abs",
            "seniority": "subordinated",
            "originator": "甲",
            "rating.any": "NR",
        },
        {
            "tranche_id": "B1",
            "product": "enterprise_abs",
            "seniority": "senior",
            "rating.any": "AA+",
            "originator": "乙",
        },
        {"tranche_id": "G", "product": "government", "issuer": "国", "rating.any": "AAA"},
    ]
    faces = {"A1": "100000000", "B1": "20000000"}
    drawn = [
        {**base, "deal_id": line["tranche_id"][0], **line}
        | ({"face": faces[line["tranche_id"]]} if line["tranche_id"] in faces else {})
        for line in lines
    ]
    mandate = mandate_of(
        {
            "name": "tiny", "institution": INSTITUTIONS[book], "rulebooks": [book], "manager": "M",
            "amounts": {
                "nav": "1000000000", "net_capital": "2000000000", "tier1_capital": "1500000000",
                **AMOUNTS.get(book, {}),
            },
            "elsewhere": dict.fromkeys(SCOPES[1:], "none"), "drafts": "true",
            "product": {
                "offering": "public", "operation": "daily_open", "end_date": "2027-12-31", **PRODUCTS.get(book, {}),
            },
            "facts": {"contract_rating_floor": "AA+", **FACTS.get(book, {})}, "mode": "strategic", "unknown": "worst",
        }
    )  # fmt: skip
    return book_of(drawn, mandate, DAY)


def text(program: Program) -> str:
    """Return a program as LP text with its names: one row a line, coefficients as the shortest decimals."""
    problem, builder = program.problem, program.builder
    out = ["minimise"]
    out += [f"  {cost:+.12g} {c.name}" for c, cost in zip(builder.columns, problem.c, strict=True) if cost]
    out.append("subject to")
    for r, meaning in enumerate(builder.rows):
        span = slice(problem.A.indptr[r], problem.A.indptr[r + 1])
        cells = zip(problem.A.indices[span], problem.A.data[span], strict=True)
        terms = " ".join(f"{value:+.12g} {builder.columns[c].name}" for c, value in cells)
        out.append(f"  [{meaning.name}] {problem.row_lower[r]:.12g} <= {terms} <= {problem.row_upper[r]:.12g}")
    out.append("bounds")
    for c, column in enumerate(builder.columns):
        kind = " whole" if builder.whole[c] else ""
        out.append(f"  {problem.col_lower[c]:.12g} <= {column.name} <= {problem.col_upper[c]:.12g}{kind}")
    return "\n".join([*out, "end", ""])


def test_every_shipped_rulebook_is_here() -> None:
    assert sorted(INSTITUTIONS) == sorted(shipped_rulebooks())
    assert sorted(path.stem for path in GOLDEN.glob("*.lp")) == sorted(INSTITUTIONS)


@pytest.mark.parametrize("book", sorted(INSTITUTIONS))
def test_rows_are_as_committed(book: str) -> None:
    state = tiny(book)
    opening = replace(state, before=dict(state.held))
    lines = plan_lines(Positions(opening), budget_of(opening))
    system = compile_rows([opening])
    found = text(build_program(system, lines, objective(lines), Terms(), max_turnover=None, least_change=False))
    path = GOLDEN / f"{book}.lp"
    if os.environ.get("ABSALLOC_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"rows of {book} changed; read, then ABSALLOC_GOLDEN=1"

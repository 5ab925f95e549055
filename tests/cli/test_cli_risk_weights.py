"""Which approach a risk weight rests on, line by line, where something reads it; and a plan under two laws."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.check import check_books
from absalloc.compliance.weights import LineWeight, counted, weights_held
from absalloc.desk import check
from absalloc.messages import LANGUAGES
from absalloc.rulebook.active import resolve
from absalloc.universe import load_universe

DAY = date(2025, 6, 30)
LINE = {
    "product": "credit_abs", "market": "interbank", "seniority": "senior", "deal_id": "D", "originator": "A",
    "factor": "1", "clean_price": "100", "dirty_price": "100", "attachment": "0.2", "detachment": "1",
}  # fmt: skip
BANK = {
    "name": "bank", "institution": "bank_own_book", "rulebooks": ["bank-own-book"],
    "amounts": {"tier1_capital": "20000000000", "rwa_budget": "100000000"},
    "portfolio": {"invest": {"amount": "3000000000"}}, "facts": {"pools": "granular"}, "elsewhere": {"bank": "none"},
}  # fmt: skip


DECIMALS = ("attachment", "detachment", "pool_weight", "pool_delinquent", "risk_weight", "factor")
HEADERS = {name: f"{name} (decimal)" for name in DECIMALS}


def checked(folder: Path, lines: list[dict[str, str]], data: dict[str, Any]) -> Any:
    """Return the check of a book of the lines, one million of face each, read from a file."""
    plain = [{k: v for k, v in {**LINE, **line}.items() if k != "dirty_price"} for line in lines]
    table = pd.DataFrame(plain).rename(columns=HEADERS)
    table.to_csv(folder / "u.csv", index=False)
    held = pd.DataFrame({"tranche_id": [line["tranche_id"] for line in lines], "face": [1e6] * len(lines)})
    return check(load_universe(folder / "u.csv", strict=True), mandate_of(data), held, as_of=DAY)


LINES = [
    {"tranche_id": "RATED", "rating.ccxi": "AAA", "legal_maturity": "2028-06-29"},
    {"tranche_id": "POOL", "pool_weight": "1", "pool_delinquent": "0"},
    {"tranche_id": "BLIND", "pool_weight": "1"},
    {"tranche_id": "OPEN"},
    {"tranche_id": "GIVEN", "risk_weight": "0.5"},
]


def test_each_line_held_says_its_approach_and_why_in_both_languages(tmp_path: Path) -> None:
    found = checked(tmp_path, LINES, BANK)
    lines = {line.tranche_id: line for line in found.risk_weights}
    assert list(lines) == [line["tranche_id"] for line in LINES]
    assert (lines["RATED"].weight, lines["RATED"].basis) == (0.17, "derived:sec_erba")
    # KSA 8 %, W 0, from 20 % up: the reference's vector.
    assert abs((lines["POOL"].weight or 0) - 0.278900) < 5e-7
    assert (lines["BLIND"].weight, lines["BLIND"].why) == (12.5, "capital.why_status_unknown")
    assert (lines["OPEN"].weight, lines["OPEN"].basis) == (None, "missing:rating")
    assert lines["GIVEN"].weight == 0.5
    for lang in LANGUAGES:
        document = found.to_json(lang)
        assert [item["tranche_id"] for item in document["risk_weights"]] == list(lines)
        assert all(item["why"] for item in document["risk_weights"])
        told = {"en": "china_cell_check: pending", "zh": "逐格核对未完成"}[lang]
        [said] = [text for text in document["assumptions"] if told in text]
        assert "sec_sa 2" in said
        assert "missing:rating 1" in said


def test_nothing_is_said_where_nothing_reads_weights(tmp_path: Path) -> None:
    fund = {
        "name": "fund", "institution": "public_fund_closed", "rulebooks": ["house"], "amounts": {"nav": "1000000000"},
    }  # fmt: skip
    found = checked(tmp_path, LINES, fund)
    assert found.to_json()["risk_weights"] == []
    assert not any("china_cell_check" in text for text in found.to_json()["assumptions"])


def test_counts_go_by_approach_most_first() -> None:
    lines = [LineWeight("b", "t", None, basis, "x") for basis in ("derived:sec_sa", "file", "derived:sec_sa")]
    assert counted(lines) == "sec_sa 2, file 1"
    state = book_of([{**LINE, "tranche_id": "A", "face": "1", "in_universe": "false"}], mandate_of(BANK), DAY)
    assert [line.basis for line in weights_held([state])] == ["missing:weight"]


def test_a_daily_open_plan_may_take_the_rules_of_public_funds_beside_its_own() -> None:
    """2023 No. 2 art. 24(2): such plans apply the rules of public funds as well."""
    data = {
        "name": "plan", "institution": "private_plan", "rulebooks": ["private-plan", "public-fund-open"],
        "amounts": {"nav": "1000000000", "total_wealth_nav": "9000000000", "nonstandard_elsewhere": "0"},
        "facts": {"plan": "collective", "contract_rating_floor": "silent", "opens": "daily"}, "manager": "M",
        "product": {"operation": "daily_open", "offering": "private", "graded": "false"},
        "elsewhere": {"manager_plans": "none", "manager_funds": "none"},
    }  # fmt: skip
    mandate = mandate_of(data)
    active = {rule.id for rule in resolve(mandate, DAY).active}
    assert {"private-plan/liquidity-restricted-share-daily", "public-fund-open/abs-share"} <= active
    assert {"public-fund-open/originator-share", "public-fund-open/liquidity-restricted-share"} <= active
    assert "private-plan/liquidity-restricted-share" not in active
    line = {**LINE, "tranche_id": "T", "rating.ccxi": "AAA", "issue_size": "5000000000", "face": "210000000"}
    findings = check_books([book_of([line], mandate, DAY)])
    verdicts = {item.rule: item.verdict for item in findings if item.value is not None}
    assert verdicts["public-fund-open/abs-share"] == "fail"  # 21 % of NAV
    assert verdicts["private-plan/asset-share"] == "pass"  # 25 % for one asset

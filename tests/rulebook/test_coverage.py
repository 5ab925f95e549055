"""Nothing of the reference table is forgotten, and what is encoded has its figures, units, scope and clock."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from absalloc.errors import BadInput
from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.coverage import coverage, read_coverage
from absalloc.rulebook.models import Rule
from absalloc.units import quantity
from absalloc.yamlpos import parse_yaml

RULES: dict[str, Rule] = {
    f"{book}/{rule.id}": rule for book in shipped_rulebooks() for rule in find_rulebook(book).rules.values()
}
ENTRIES = {entry.ref: entry for entry in coverage().entries}
ID = re.compile(r"[A-Z0-9]+(-[A-Z0-9.]+)+( / [A-Z0-9]+(-[A-Z0-9.]+)+)*")


def rows_of(text: str) -> list[str]:
    """Return every id of the tables and of the machine list, and every topic of the table of practice."""
    found: list[str] = []
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line
            if "broker own book" in line:  # a paragraph without ids
                found.append("9. broker own book")
        if line.startswith("|"):
            first = line.strip().strip("|").split("|")[0].strip()
            practice = section.startswith("## 14") and first not in ("topic", "") and not first.startswith("-")
            if ID.fullmatch(first) or practice:
                found.append(first)
    return list(dict.fromkeys([*found, *(row["id"] for row in machine_list(text))]))


def machine_list(text: str) -> list[dict[str, str]]:
    """Return the rows of section 11."""
    block = text.split("## 11.")[1].split("```csv\n")[1].split("```")[0]
    return list(csv.DictReader(io.StringIO(block)))


def rules_of(ref: str) -> dict[str, Rule]:
    """Return the rules that name a row, or carry it."""
    named = {name: rule for name, rule in RULES.items() if rule.source.ref == ref}
    return named or {name: RULES[name] for name in (ENTRIES[ref].carried_by if ref in ENTRIES else ())}


@pytest.fixture(scope="module")
def regulations(shared: Path) -> str:
    return (shared / "reference" / "regulations.md").read_text(encoding="utf-8")


@pytest.mark.real
def test_every_row_of_the_reference_has_a_fate(regulations: str) -> None:
    rows = rows_of(regulations)
    assert len(rows) > 95
    named = {rule.source.ref for rule in RULES.values()}
    assert [row for row in rows if row not in named and row not in ENTRIES] == []
    assert [ref for ref in ENTRIES if ref not in rows] == [], "the register names rows that do not exist"
    assert [ref for ref, entry in ENTRIES.items() if entry.left_out and ref in named] == []


def test_the_register_names_rules_that_exist() -> None:
    assert [name for entry in ENTRIES.values() for name in entry.carried_by if name not in RULES] == []
    for entry in ENTRIES.values():
        assert re.search(r"[一-鿿]", entry.why.zh), entry.ref


UNITS: dict[str, set[object]] = {
    "of_tranche_size": {"issue_size"}, "of_issue_size": {"issue_size"}, "of_asset_size": {"issue_size"},
    "of_security_market_value": {"outstanding"},  # market value over market value: the price cancels
    "of_nav": {"nav"}, "of_product_net_assets": {"nav"}, "of_portfolio_nav": {"nav"}, "total_to_net_assets": {"nav"},
    "of_wmp_net_assets": {"wealth_products_nav"}, "of_all_plan_net_assets": {"total_wealth_nav"},
    "of_all_portfolio_product_net_assets": {"total_wealth_nav"},
    "of_tier1_net": {"tier1_capital"}, "of_net_capital": {"net_capital"}, "of_bank_net_capital": {"net_capital"},
    "of_bank_total_assets_prior_year": {"audited_total_assets"},
    "of_prior_qe_total_assets": {"prior_quarter_total_assets"},
    "of_originator_abs_total": {"originator_totals"},
    "rating": {None}, "days": {None}, "CNY_mn": {None},
}  # fmt: skip
SCOPES = {
    "FUND": "portfolio", "MGR_FUNDS": "manager_funds", "MGR_PLANS": "manager_plans", "BANK_BS": "bank",
    "BANK_WMP_ALL": "products_all", "BANK_WMP_PUB": "products_public", "WMP": "portfolio", "WMP_PUBLIC": "portfolio",
    "PLAN": "portfolio", "INSURER": "insurer", "PORTFOLIO": "portfolio",
}  # fmt: skip
OWN_SCOPES = {
    "BK-CREDITABS-40": "portfolio",  # one bank's own book is the book
    "IAM-NSD-35": "products_all",  # the portfolio products of one manager
}
CLOCKS = {
    "trading_days": "breach", "trading_days_after_saleable": "saleable_from", "trading_days_after_tradable":
    "saleable_from", "calendar_months_from_rating_report": "rating_date",
}  # fmt: skip
SECOND_FIGURES = {"annuity/debt-share-of-issue": "5%"}  # of the same row: "other standard debt: 5 %"


def figure(row: dict[str, str]) -> str:
    """Return a limit of the machine list as a rulebook writes it."""
    if row["unit"] == "rating":
        return row["limit"]
    if row["unit"] == "days":
        return f"{row['limit']} days"
    if row["unit"] == "CNY_mn":
        return f"{int(row['limit']) * 1_000_000} yuan"
    return f"{Decimal(row['limit']) * 100:f}%"


def values_of(rule: Rule, sense: str) -> set[Fraction]:
    written = getattr(rule, sense)
    return {item.value.value for item in written} if isinstance(written, tuple) else set()


def denominator(rule: Rule) -> object:
    of = rule.of
    return getattr(of, "amount", getattr(of, "reference", of))


@pytest.mark.real
def test_figures_units_scopes_and_clocks_are_those_of_the_machine_list(regulations: str) -> None:
    rows = machine_list(regulations)
    assert len(rows) >= 46
    for row in rows:
        found = rules_of(row["id"])
        if ENTRIES.get(row["id"]) and ENTRIES[row["id"]].left_out:
            continue
        assert found, row["id"]
        sense = "min" if row["op"] == ">=" else "max"
        for name, rule in found.items():
            about = f"{row['id']} in {name}"
            wanted = quantity(SECOND_FIGURES.get(name, figure(row))).value
            assert wanted in values_of(rule, sense), about
            assert rule.source.article_confirmed is False or "?" not in row["article"], about
            if rule.kind == "share":
                assert denominator(rule) in UNITS[row["unit"]], about
            scope = OWN_SCOPES.get(row["id"], SCOPES[row["scope"]])
            assert rule.scope == scope, about
            assert (rule.tested != "always") or row["test"] != "ACTIVE", about
            _clock(rule, row, about)


def _clock(rule: Rule, row: dict[str, str], about: str) -> None:
    days = row["cure_days"].rstrip("?")
    breach = rule.passive_breach
    if not days:
        assert breach is None or breach.cure is None or row["cure_type"] in ("", "none"), about
        return
    assert breach is not None, about
    assert breach.cure is not None, about
    assert breach.cure.value == int(days), about
    assert breach.clock == CLOCKS[row["cure_type"]], about


def test_a_draft_binds_nobody_who_did_not_ask_for_it() -> None:
    drafts = [(name, rule) for name, rule in RULES.items() if rule.source.document.endswith("-draft")]
    assert len(drafts) == 4
    assert [name for name, rule in drafts if rule.status != "draft"] == []
    assert [name for name, rule in RULES.items() if rule.status == "draft"] == [name for name, _ in drafts]


def test_a_forgotten_row_is_seen() -> None:
    text = (
        "## 1. x\n| id | a |\n|---|---|\n| AB-C-1 | x |\n## 11. m\n```csv\nid,limit\nZZ-9,1\n```\n"
        "## 14. p\n| topic |\n|---|\n| Odd thing | y |\n"
    )
    assert rows_of(text) == ["AB-C-1", "Odd thing", "ZZ-9"]
    row = {"unit": "of_nav", "limit": "0.10"}
    assert quantity(figure(row)).value == Fraction(1, 10)
    assert figure({"unit": "CNY_mn", "limit": "30000"}) == "30000000000 yuan"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {ref: A, why: {en: x, zh: y}}", "either carried_by or left_out"),
        ("- {ref: A, carried_by: [b/c], left_out: not_abs, why: {en: x, zh: y}}", "either carried_by or left_out"),
        ("- {ref: A, left_out: laziness, why: {en: x, zh: y}}", "laziness"),
    ],
)
def test_a_row_has_one_fate(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_coverage(parse_yaml(f"coverage: x\nentries:\n  {text}\n", "c.yaml"))


def test_a_row_stands_once() -> None:
    one = "  - {ref: A, left_out: not_abs, why: {en: x, zh: y}}\n"
    with pytest.raises(BadInput, match="twice") as error:
        read_coverage(parse_yaml(f"coverage: x\nentries:\n{one}{one}", "c.yaml"))
    assert error.value.where.line == 4

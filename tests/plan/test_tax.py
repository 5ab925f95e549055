"""VAT as dated data: its cases, its readings and dates, bad tables, and the part of the objective."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.result import Plan
from absalloc.plan.tax import Tax, tax_of
from absalloc.rulebook.tax import read_tax, tax_readings, tax_schema, tax_table
from absalloc.terms import INSTITUTIONS
from absalloc.yamlpos import parse_yaml

FOLDER = Path(__file__).resolve().parents[2] / "constraints"
FILE = yaml.safe_load((FOLDER / "tax.cases.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = FILE["cases"]


def texts(values: dict[str, Any]) -> dict[str, Any]:
    """Write the scalars of a line as the loader reads them; null takes a default away."""
    spelled = {True: "true", False: "false"}
    return {k: spelled.get(v, str(v)) if not isinstance(v, int | float) or isinstance(v, bool) else str(v)
            for k, v in values.items() if v is not None}  # fmt: skip


def tax(case: dict[str, Any]) -> Tax:
    setting = {**FILE["defaults"], **case}
    surcharges = setting.get("surcharges")
    data: dict[str, Any] = {
        "name": "case", "institution": setting["institution"], "rulebooks": ["house"],
        "amounts": {"nav": "1000000000", "tier1_capital": "1000000000"}, "readings": setting.get("readings", {}),
        "tax": {} if surcharges is None else {"surcharges": surcharges},
    }  # fmt: skip
    lines = [texts({**FILE["defaults"]["line"], **line}) for line in case["lines"]]
    day = setting["as_of"]
    return tax_of(book_of(lines, mandate_of(data), day))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    found, expect = tax(case), case["expect"]
    if "tax" in expect:
        assert found.yuan == Fraction(str(expect["tax"]))
    else:
        assert found.yuan is None
        assert expect["unknown"] == (found.terms if isinstance(found.terms, str) else "lines")
    assert all(found.note().text(lang) for lang in LANGUAGES)


def test_every_row_reading_and_rate_has_cases_that_pay_and_that_do_not() -> None:
    shown = {case.get("shows", "") for case in CASES}
    assert {f"reading:{switch}={id_}" for switch, ids in tax_readings().items() for id_ in ids} <= shown
    assert {rate.institutions[0] for rate in tax_table().rates} <= {
        c.get("institution", "public_fund_open") for c in CASES
    }
    days = {(case.get("as_of"), line.get("issue_date")) for case in CASES for line in case["lines"]}
    for rate in tax_table().rates:
        assert {rate.from_, date.fromordinal(rate.from_.toordinal() - 1)} <= {day for day, _ in days}
    assert {date(2025, 8, 7), date(2025, 8, 9)} <= {issued for _, issued in days}


def test_the_table_is_dated_sourced_and_says_how_sure_it_is() -> None:
    table = tax_table()
    for item in (*table.rates, *table.interest):
        assert item.source.ref == "VAT"
        assert item.source.confidence == "secondary"
        assert not item.source.article_confirmed
    named = [name for rate in table.rates for name in rate.institutions]
    assert sorted({*INSTITUTIONS} - {*named}) == ["annuity", "insurer"]


def test_the_committed_schema_is_current_and_accepts_the_table() -> None:
    again = "python -m absalloc.rulebook.tax > constraints/tax.schema.json"
    written = json.loads((FOLDER / "tax.schema.json").read_text(encoding="utf-8"))
    assert written == tax_schema(), again
    data = json.loads(json.dumps(yaml.safe_load((FOLDER / "tax.yaml").read_text(encoding="utf-8")), default=str))
    assert list(jsonschema.Draft202012Validator(written).iter_errors(data)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: 3%", "rate: 3", "needs its %|unit|%"),
        ("institutions: [bank_own_book]", "institutions: [bank_own_boook]", "bank_own_book"),
        ("institutions: [bank_own_book]", "institutions: [trust]", "one institution on one day"),
        ("seniority: senior}", "seniority: seniour}", "senior"),
        ("seniority: senior}", "seniorty: senior}", "seniorty"),
        ("    taxed: false\n", "", "either taxed, or readings"),
        ("default: true, ", "", "either taxed, or readings"),
        ("switch: vat, id: exempt", "switch: vatt, id: exempt", "vat"),
        ("document: mof-sta-2016-140", "document: mof-2016", "mof-sta-2016-140"),
    ],
)
def test_a_bad_table_is_one_clear_error_with_its_line(old: str, new: str, message: str) -> None:
    text = (FOLDER / "tax.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput, match=message) as error:
        read_tax(parse_yaml(text.replace(old, new, 1), "tax.yaml"))
    assert error.value.where.line


def test_an_unknown_reading_of_vat_is_refused_where_rules_are_resolved() -> None:
    from absalloc.rulebook.active import resolve

    data = {"name": "m", "institution": "public_fund_open", "rulebooks": ["house"], "amounts": {"nav": "1"}}
    with pytest.raises(BadInput, match=r"exempt"):
        resolve(mandate_of({**data, "readings": {"vat": "exemptt"}}), date(2025, 12, 31))
    assert resolve(mandate_of({**data, "readings": {"vat": "exempt"}}), date(2025, 12, 31)).active


def planned(parts: list[str]) -> Any:
    """Return the plan of a closed fund of 100 million that may buy one taxed and one exempt government bond."""
    mandate = mandate_of(
        {
            "name": "fund", "institution": "public_fund_closed", "rulebooks": ["house"], "mode": "strategic",
            "amounts": {"nav": "100000000"}, "objective": {"parts": parts},
        }
    )  # fmt: skip
    plain = {"product": "government", "market": "interbank", "factor": "1", "clean_price": "100", "dirty_price": "100"}
    dates = {"expected_maturity": "2029-06-30", "issue_size": "60000000", "coupon": "2.06%"}
    lines = [
        {**plain, **dates, "tranche_id": "OLD", "issue_date": "2024-01-02", "yield": "2%"},
        {**plain, **dates, "tranche_id": "NEW", "issue_date": "2025-09-01", "yield": "2.1%"},
        {**plain, "product": "cash", "tranche_id": "CASH", "face": "100000000"},
    ]
    return Plan(make_plan(book_of(lines, mandate, date(2026, 6, 30)), PlanSettings()))


def test_the_part_stands_beside_the_plan_is_asked_for_and_changes_nothing() -> None:
    plain, asked = planned([]).to_json(), planned(["tax"]).to_json()
    assert plain["trades"] == asked["trades"]
    assert {item["tranche_id"]: item["face"] for item in asked["holdings"]} == {"NEW": 60e6, "OLD": 40e6}
    for key in ("carry_yuan", "carry_rate", "on_nav"):
        assert plain["objective"][key] == asked["objective"][key]
    assert "tax" not in plain["objective"]["parts"]
    # 60 million x 2.06 % x 3 / 103; the older line is exempt.
    assert asked["objective"]["parts"]["tax"] == 36000.0
    assert not any("VAT" in text for text in plain["assumptions"])
    [said] = [text for text in asked["assumptions"] if "VAT" in text]
    assert "3%" in said
    assert "secondary" in said

"""``absalloc rules diff``: two days for a book, against a check and a plan that no date decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Run = Callable[..., Any]
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "absalloc.rules-diff-1.json"
DAYS = ["--from", "2023-12-31", "--to", "2024-01-01"]


@pytest.fixture(scope="module")
def bank(market: Path) -> list[object]:
    return [
        "--mandate",
        market / "city-bank.yaml",
        "--holdings",
        market / "city-bank-holdings.csv",
        "-u",
        market / "market.csv",
    ]


def valid(document: Any) -> Any:
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    return document


def regime(market: Path, folder: Path, name: str) -> Path:
    """Return the bank's mandate with its capital rules named, so that no date decides."""
    text = (market / "city-bank.yaml").read_text(encoding="utf-8").replace("regime: by_date", f"regime: {name}")
    for file in ("originator_totals.csv", "city-bank-own-bank.csv", "curves.csv"):
        text = text.replace(file, str(market / file))
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_day_the_capital_rules_changed(run: Run, market: Path, bank: list[object], tmp_path: Path) -> None:
    found = run("rules", "diff", *DAYS, *bank, "--json")
    document = valid(found.document)
    assert found.code == 0
    assert {item["rule"] for item in document["changes"]} == {
        "bank-own-book/rwa-budget",
        "bank-own-book/risk-weight-max",
    }
    assert document["as_of"] == "2025-06-30"
    for side, name in (("before", "cbrc-2012"), ("after", "nfra-2023")):
        # The same two questions, asked of a mandate that names its capital rules.
        mandate = regime(market, tmp_path, name)
        plan = run("optimise", mandate, "-u", market / "market.csv", "--json").document
        assert document["optimum"][side]["carry_yuan"] == plan["objective"]["carry_yuan"]
        assert document["capital"][side] == name
        check = run("check", mandate, market / "city-bank-holdings.csv", "-u", market / "market.csv", "--json").document
        [value] = [f["value"] for f in check["findings"] if f["rule"] == "bank-own-book/rwa-budget"]
        [moved] = document["verdicts"]["moved"]
        assert moved["rule"] == "bank-own-book/rwa-budget"
        assert moved[side]["value"] == value
    change = document["optimum"]["change"]
    plans = [document["optimum"][side]["carry_yuan"] for side in ("before", "after")]
    assert change["carry_yuan"] == pytest.approx(plans[1] - plans[0], abs=0.011)
    assert change["on_nav"] == pytest.approx(change["carry_yuan"] / 3e9, abs=1e-11)
    # AAA weighs 20 % in the table of 2012 whatever the maturity.
    assert document["weights"]
    assert {item["before"] for item in document["weights"]} == {0.2}
    # What the lines add up to is what the rule's numerator moves by.
    assets = sum(item["market_value"] * (item["after"] - item["before"]) for item in document["weights"])
    assert assets == pytest.approx(560e6 * (moved["after"]["value"] - moved["before"]["value"]), abs=1.0)


def test_a_hard_rule_that_newly_fails_is_an_answer_too(run: Run, market: Path, bank: list[object]) -> None:
    found = run("rules", "diff", *DAYS, *bank, "--set", "rwa-budget.limit=92%", "--json")
    reverse = valid(found.document)["verdicts"]
    assert found.code == 0
    [flip] = [item for item in reverse["moved"] if item["flips"]]
    assert (flip["rule"], flip["before"]["verdict"], flip["after"]["verdict"]) == (
        "bank-own-book/rwa-budget",
        "fail",
        "pass",
    )
    assert reverse["compliant"] == {"before": False, "after": True}


def test_a_rule_that_begins_speaks_only_afterwards(run: Run, market: Path) -> None:
    fund = ["--mandate", market / "bond-fund-open.yaml", "--holdings", market / "bond-fund-open-holdings.csv"]
    words = ["rules", "diff", "--from", "2017-09-30", "--to", "2017-10-01", *fund, "-u", market / "market.csv"]
    document = valid(run(*words, "--json").document)
    assert [(c["rule"], c["what"], c["binds"]) for c in document["changes"]] == [
        ("public-fund-open/liquidity-restricted-share", "begins", True)
    ]
    [moved] = document["verdicts"]["moved"]
    assert moved["rule"] == "public-fund-open/liquidity-restricted-share"
    assert moved["before"] is None
    assert moved["after"]["limit"] == 0.15
    assert document["capital"] == {"before": "cbrc-2012", "after": "cbrc-2012", "lines": document["capital"]["lines"]}
    assert document["weights"] == []


@pytest.mark.parametrize(("lang", "said"), [("en", "-1,935,648.04 yuan, -6.45 bp"), ("zh", "-1,935,648.04 元")])
def test_it_reads(run: Run, bank: list[object], lang: str, said: str) -> None:
    found = run("rules", "diff", *DAYS, *bank, "--lang", lang)
    assert found.code == 0
    assert said in found.out.splitlines()[-1]
    assert ("table of 2012" if lang == "en" else "2012年权重表") in found.out
    assert len(run("rules", "diff", *DAYS, *bank, "--lang", lang, "--quiet").out.splitlines()) == 1


def test_without_a_mandate_the_books_as_written(run: Run) -> None:
    document = valid(run("rules", "diff", "--from", "2014-01-01", "--to", "2024-01-01", "--json").document)
    assert document["verdicts"] is document["optimum"] is document["weights"] is document["inputs"] is None
    days = [item["day"] for item in document["changes"]]
    assert days == sorted(days)
    assert any("annuity" in note and "2015-08-17" in note for note in document["assumptions"])
    one = run("rules", "diff", "--from", "2014-01-01", "--to", "2024-01-01", "--rulebook", "annuity", "--json").document
    assert {item["rule"].partition("/")[0] for item in one["changes"]} == {"annuity"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "2024-01-01", "--to", "2023-12-31"], "2023-12-31 is before 2024-01-01"),
        (["--from", "1.1.2024", "--to", "2024-01-02"], "--from: '1.1.2024' is not a date"),
        ([*DAYS, "--holdings", "x.csv"], "--holdings says something of --mandate"),
        ([*DAYS, "--rulebook", "banks"], "There is no rulebook 'banks'"),
        (["--from", "2024-01-01"], "'--to' is missing"),
    ],
)
def test_bad_input(run: Run, words: list[str], said: str) -> None:
    found = run("rules", "diff", *words)
    assert found.code == 2
    assert said in found.err


def test_a_day_before_the_mandates_rulebook(run: Run, bank: list[object]) -> None:
    found = run("rules", "diff", "--from", "2011-01-01", "--to", "2024-01-01", *bank)
    assert found.code == 2
    assert "modelled from" in found.err

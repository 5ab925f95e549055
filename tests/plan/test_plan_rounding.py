"""Whole yuan, whole lots and cash to the fen: books of every size end in a certified plan or a clear statement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from odd_books import DAY, book_of, broken, mandate_of, odd_book, rulebook

import absalloc as aa
from absalloc.plan.certificate import verify_certificate
from absalloc.plan.make import Answer, PlanSettings, make_plan
from absalloc.plan.proof import certificate_of
from absalloc.rows import BookState

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@pytest.mark.parametrize("block", range(4))
def test_books_of_odd_amounts_are_certified_and_keep_what_is_no_rule(block: int) -> None:
    certified = 0
    for seed in range(3000 + 25 * block, 3025 + 25 * block):
        state, settings = odd_book(seed)
        answer = make_plan(state, settings, conflict=False)
        tiny = answer.reason is not None and answer.reason.code == "rounding_gap"
        assert answer.status in ("optimal", "infeasible") or tiny, (seed, answer.reason)
        if answer.faces is None:
            continue
        made = certificate_of(answer, settings)
        assert made is not None, seed
        assert verify_certificate(made).ok, seed
        assert not broken(state, settings, answer), seed
        certified += 1
    assert certified >= 8


def book(lines: list[dict[str, str]], **mandate: Any) -> BookState:
    """Return a book of lines at par that yield 3 % where they do not say, under a rule that never binds."""
    base = {"product": "credit_abs", "issue_size": "100000000", "factor": "1", "dirty_price": "100", "yield": "0.03"}
    rule = {
        "id": "r", "kind": "share", "of": "nav", "max": "1000%", "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
    }  # fmt: skip
    whole = {
        "name": "w", "institution": "public_fund_open", "rulebooks": ["w"], "mode": "strategic", "unknown": "worst",
        **mandate,
    }  # fmt: skip
    return book_of([{**base, **line} for line in lines], mandate_of(whole), DAY, books=(rulebook([rule]),))


def planned(state: BookState, settings: PlanSettings | None = None) -> Answer:
    settings = settings or PlanSettings()
    answer = make_plan(state, settings)
    assert answer.faces is not None, answer.reason
    assert verify_certificate(certificate_of(answer, settings) or {}).ok
    assert not broken(state, settings, answer)
    return answer


def test_a_ticket_is_not_made_up_by_selling_the_same_line() -> None:
    # Trades cost nothing and 5 more of T0 would be best; a purchase is at least 30.
    lines = [
        {"tranche_id": "T0", "face": "60", "issue_size": "65", "yield": "0.05"},
        {"tranche_id": "CASH", "product": "cash", "yield": "0.01", "face": "40"},
    ]
    answer = planned(book(lines, amounts={"nav": "100"}, trading={"min_ticket": "30"}))
    assert answer.faces == {"T0": 60, "CASH": 40}


def test_repo_stays_below_a_cap_that_is_no_whole_yuan() -> None:
    # A third of 100 yuan is 33.33…, borrowed at 1 % for 3 %.
    lines = [{"tranche_id": "T0"}, {"tranche_id": "REPO", "product": "repo"}, {"tranche_id": "CASH", "product": "cash"}]
    answer = planned(book(lines, amounts={"nav": "1000000.07"}, repo={"rate": "1%", "max": "33.3333333%"}))
    assert answer.faces is not None
    assert answer.faces["REPO"] == 333_333


def test_an_odd_rest_to_the_fen_is_sold_as_it_is() -> None:
    lines = [
        {"tranche_id": "T0", "face": "24269470.51", "yield": "0.01"},
        {"tranche_id": "T1", "yield": "0.04"},
        {"tranche_id": "CASH", "product": "cash", "yield": "0.02", "face": "75730529.49"},
    ]
    answer = planned(book(lines, amounts={"nav": "100000000"}, trading={"lot": "100000"}))
    assert answer.faces == {"T1": 100_000_000}


def test_the_promise_is_that_of_the_rounded_plan() -> None:
    # Nine thirds of a yuan are lost of about three hundred: far more than one part in ten thousand.
    lines = [
        {"tranche_id": f"T{i}", "dirty_price": "97.77", "yield": f"0.03{i}", "issue_size": "33.9"} for i in range(9)
    ] + [{"tranche_id": "CASH", "product": "cash"}]
    state = book(lines, amounts={"nav": "300"})
    answer = make_plan(state, PlanSettings())
    assert answer.status == "stopped"
    assert answer.faces is not None
    assert answer.reason is not None
    assert "Rounded to whole yuan" in answer.reason.text("en")
    assert "取整" in answer.reason.text("zh")
    assert certificate_of(answer, PlanSettings()) is not None
    # With a promise this amount can keep it is the best.
    assert planned(state, PlanSettings(mip_gap=0.05)).status == "optimal"


@pytest.mark.parametrize("nav", [50_000, 100_000, 1_000_000, 10_000_000_000_000])
@pytest.mark.parametrize("name", ["bond-fund-open", "wealth-closed-18m"])
def test_funds_of_the_market_that_are_tiny_or_vast(name: str, nav: int, tmp_path: Path) -> None:
    found = yaml.safe_load((MARKET / f"{name}.yaml").read_text(encoding="utf-8"))
    old = found["amounts"]["nav"]["value"]
    for amount in found["amounts"].values():
        amount["value"] = max(int(amount["value"] * nav / old), 1)
    for file in (*found["reference"].values(), found["curves"]):
        (tmp_path / file).write_bytes((MARKET / file).read_bytes())
    (tmp_path / "fund.yaml").write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
    plan = aa.optimise(aa.load_universe(MARKET / "market.csv"), aa.load_mandate(tmp_path / "fund.yaml"))
    assert plan.status in ("optimal", "infeasible")
    assert (plan.certificate is None) == (plan.status == "infeasible")

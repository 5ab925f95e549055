"""The knobs of the page: none is missing, the engine is asked what they say, and they move in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash")

import absalloc as aa
from absalloc.mandate import with_keys
from absalloc.web.page.desks import SHIPPED
from absalloc.web.page.knobs import changes_of, knobs_of, repaired, told_changes

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
FUND = "target/duration.max"


@cache
def universe() -> aa.Universe:
    return aa.load_universe(MARKET / "market.csv")


@cache
def desk(book: str = "bond-fund-open") -> aa.WhatIf:
    return aa.WhatIf(universe(), aa.load_mandate(MARKET / f"{book}.yaml"))


def said(**values: Any) -> dict[str, Any]:
    return {"values": values, "off": [], "barred": []}


@pytest.mark.parametrize("book", SHIPPED)
def test_every_limit_and_target_has_a_knob(book: str) -> None:
    names = [knob.name.removesuffix(":grade") for knob in knobs_of(desk(book), "en")]
    assert len(names) == len(set(names))
    rules = desk(book).case.state.rules.active
    wanted = {f"{r.id}.{limit.sense}" for r in rules for limit in r.limits if limit.value is not None}
    assert wanted <= set(names)
    mandate = desk(book).case.state.mandate
    money = {f"mandate/amounts.{name}.value" for name in mandate.amounts} | {"mandate/funding.rate"}
    assert money <= set(names)
    # Each target of the mandate's own language: there as a rule, or to be set.
    for end in ("duration.max", "duration.min", "wal.max", "wal.min", "cash.max", "sectors.credit.min", "rating.min"):
        rule = "target/rating.max" if end == "rating.min" else f"target/{end.replace('sectors.', 'sector-')}"
        assert (rule in names) != (f"mandate/targets.{end}" in names), end


def test_as_given_nothing_is_asked_differently() -> None:
    for book in SHIPPED:
        given = {knob.name: knob.held for knob in knobs_of(desk(book), "zh")}
        assert changes_of(desk(book), said(**given)) == aa.Changes(off=(), supply={})
        assert told_changes(desk(book), said(**given), "en") == []


def test_fields_are_asked_exactly_as_they_are_written() -> None:
    values = {
        "mandate/funding.rate": 1.65, "mandate/amounts.nav.value": 4321.5, "mandate/repo.max": 12.5,
        "mandate/targets.rating.min:grade": "2", "mandate/targets.sectors.credit.min": 3,
        "mandate/trading.max_names": 60, "target/duration.max": 2.05, "desk/minimum-term.min": 120,
        "public-fund-open/abs-rating-floor.min:grade": "3",
    }  # fmt: skip
    asked = changes_of(desk(), said(**values))
    assert asked.mandate == {
        "funding": {"rate": "1.65%"}, "amounts.nav.value": "4321500000.00 yuan", "repo.max": "12.5%",
        "targets.rating.min": "AA+", "targets.sectors.credit.min": "3%", "trading.max_names": "60",
    }  # fmt: skip
    assert asked.limits == {
        "target/duration.max": Fraction(205, 100), "desk/minimum-term.min": Fraction(120),
        "public-fund-open/abs-rating-floor.min": Fraction(3),
    }  # fmt: skip
    mandate = desk().mandate(asked)
    assert (mandate.amount("nav"), mandate.funding.rate.value) == (Fraction(4_321_500_000), Fraction(165, 10_000))
    assert desk().ask(asked).status == "optimal"
    assert told_changes(desk(), said(**{"mandate/targets.rating.min:grade": "2"}), "en") == [
        "Rating of each line\u00a0≥ AA+"
    ]


def test_a_rule_that_waits_for_a_key_can_be_left_out() -> None:
    mandate = with_keys(aa.load_mandate(MARKET / "bond-fund-open.yaml"), {"rulebooks": ["bank-own-book"]})
    here = aa.WhatIf(universe(), mandate)
    waiting = [rule.id for rule in here.case.state.rules.inactive if rule.status == "needs_key"]
    assert waiting
    assert here.ask().status == "stopped"
    asked = changes_of(here, {**said(), "off": waiting})
    assert set(asked.mandate) == {f"off.{name}" for name in waiting}
    found = {rule.id: rule.status for rule in here.case_of(asked).state.rules.inactive}
    assert {found[name] for name in waiting} == {"off"}


def test_a_repair_names_the_knob_it_moves() -> None:
    grade = {"rule": "target/rating", "sense": "max", "unit": "grade", "limit": 3}
    assert repaired(grade) == ("target/rating.max:grade", "3")
    share = {"rule": "house/group-share", "sense": "max", "unit": "ratio", "limit": 0.0500001}
    assert repaired(share) == ("house/group-share.max", "5.0001")


# -- in a browser ------------------------------------------------------------------------------------------------------

pytest.importorskip("playwright")

from web_pages import WAIT, Opened, shot, until  # noqa: E402


def expected(changes: aa.Changes, rulebooks: list[str] | None = None) -> str:
    """The carry that the engine itself gives, as the page writes it."""
    from absalloc.report.words import shown

    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    here = aa.WhatIf(universe(), with_keys(mandate, {"rulebooks": rulebooks})) if rulebooks else desk()
    return shown(here.ask(changes).value, "yuan", "en")


def typed(opened: Opened, knob: str, value: str) -> None:
    opened.knob(knob).fill(value)
    opened.knob(knob).press("Tab")


def shows(opened: Opened, carry: str) -> None:
    until(lambda: opened.carry() == carry)


@pytest.mark.browser
def test_funding_nav_a_new_target_and_a_grade_are_moved_and_undone(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    first = opened.carry()
    typed(opened, "mandate/funding.rate", "1.6")
    funding = {"funding": {"rate": "1.6%"}}
    shows(opened, expected(aa.Changes(mandate=funding)))
    typed(opened, "mandate/amounts.nav.value", "4000")
    shows(opened, expected(aa.Changes(mandate=funding, nav=4_000_000_000)))
    page.get_by_role("button", name="Undo").click()
    until(lambda: opened.knob("mandate/amounts.nav.value").input_value() == "5,000 mn")
    page.get_by_role("button", name="Targets the mandate does not set").click()
    typed(opened, "mandate/targets.wal.max", "2")
    wal = {**funding, "targets.wal.max": "2"}
    shows(opened, expected(aa.Changes(mandate=wal)))
    slider = page.locator('[id*=\'"knob":"mandate/targets.rating.min:grade","part":"slider"\'] [role="slider"]')
    slider.focus()
    page.keyboard.press("Home")
    until(lambda: opened.knob("mandate/targets.rating.min:grade").input_value() == "AAA")
    shows(opened, expected(aa.Changes(mandate={**wal, "targets.rating.min": "AAA"})))
    assert "Target: weighted average life" in page.locator("#wi-rules").inner_text()
    shot(page, "what-if-money")
    page.get_by_role("button", name="As given").click()
    shows(opened, first)
    assert opened.errors == []


@pytest.mark.browser
def test_rulebooks_are_chosen_and_stay_over_a_reload(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    chosen = page.locator(".mantine-MultiSelect-root").first
    until(lambda: "Limits an institution sets itself" in chosen.inner_text())
    page.locator("#wi-books").click()
    page.get_by_role("option", name="Limits an institution sets itself").click()
    page.keyboard.press("Escape")
    shows(opened, expected(aa.Changes(), ["public-fund-open"]))
    typed(opened, FUND, "2")
    moved = expected(aa.Changes(limits={FUND: "2 years"}), ["public-fund-open"])
    shows(opened, moved)
    page.reload()
    page.wait_for_selector("#wi-tiles .tile", timeout=WAIT)
    shows(opened, moved)
    assert "Limits an institution" not in chosen.inner_text()
    assert opened.errors == []


@pytest.mark.browser
def test_a_question_that_was_overtaken_is_asked_again(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    told = page.locator("#wi-told").inner_text()
    page.evaluate("window.dash_clientside.set_props('wi-missed', {data: 1})")
    until(lambda: page.locator("#wi-told").inner_text() not in ("", told))
    assert opened.errors == []


@pytest.mark.browser
def test_an_earlier_book_decides_what_was_bought_and_what_drifted(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    page.get_by_role("tab", name="Check").click()
    told = page.locator("#ck-told")
    until(lambda: "1 unknown" in told.inner_text())
    assert "Earlier book" in told.inner_text()
    page.locator("#ck-before-shipped").click()
    until(lambda: "Used: bond-fund-open-holdings-before.csv" in page.locator("#ck-before-said").inner_text())
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    files = [MARKET / f"bond-fund-open-holdings{end}.csv" for end in ("", "-before")]
    found = aa.check(universe(), mandate, files[0], before=files[1]).to_json("en")
    assert found["n_unknown"] == 0
    until(lambda: f"{found['n_proven']} rules proven, 0 unknown" in told.inner_text())
    shot(page, "check-earlier")
    page.locator("#ck-text").fill("what,else\n1,2\n")
    page.locator("#ck-before-use").click()
    until(lambda: "tranche_id" in told.inner_text())
    assert "Used: bond-fund-open-holdings-before.csv" in page.locator("#ck-before-said").inner_text()
    page.locator("#ck-before-none").click()
    until(lambda: "1 unknown" in told.inner_text())
    page.locator("#ck-book").click()
    page.get_by_role("option", name="SYN城市银行").click()
    until(lambda: "SYN城市银行" in told.inner_text())
    page.locator("#ck-before-shipped").click()
    until(lambda: "city-bank-holdings-before.csv" in told.inner_text())
    assert opened.errors == []

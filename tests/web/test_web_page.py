"""The page in a real browser: each part's main path, two tabs, fast fingers, a restart, no other host, languages."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from web_pages import WAIT, Opened, free_port, serving, shot, until

pytestmark = pytest.mark.browser
FUND = "target/duration.max"


def expected(limit: str) -> str:
    """The carry that the engine itself gives, as the page writes it."""
    import absalloc as aa
    from absalloc.report.words import shown

    market = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
    desk = aa.WhatIf(aa.load_universe(market / "market.csv"), aa.load_mandate(market / "bond-fund-open.yaml"))
    return shown(desk.ask(aa.Changes(limits={FUND: limit})).value, "yuan", "en")


def test_a_limit_is_moved_and_undone_and_pinned(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    first = opened.carry()
    opened.knob(FUND).fill("2")
    opened.knob(FUND).press("Tab")
    until(lambda: opened.carry() == expected("2 years"))
    page.wait_for_selector("#wi-plan .notice", timeout=WAIT)
    until(lambda: "In whole lots" in page.locator("#wi-plan").inner_text())
    page.get_by_role("button", name="Pin this variant").click()
    page.wait_for_selector("#wi-pins .ag-row", timeout=WAIT)
    assert "modified duration\u00a0≤ 2 y" in page.locator("#wi-pins").inner_text()
    shot(page, "what-if-en")
    page.get_by_role("button", name="Undo").click()
    until(lambda: opened.carry() == first)
    assert opened.outside == []
    assert opened.errors == []


def test_an_infeasible_wish_names_the_conflict_and_offers_repairs(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    first = opened.carry()
    opened.knob("target/duration.min").fill("30")
    opened.knob("target/duration.min").press("Tab")
    until(lambda: "No portfolio meets all of this" in page.locator("#wi-told").inner_text())
    until(lambda: "target/duration" in page.locator("#wi-repairs").inner_text())
    shot(page, "infeasible")
    page.locator("#wi-repairs button").first.click()
    page.wait_for_selector("#wi-tiles .tile", timeout=WAIT)
    assert float(opened.knob("target/duration.min").input_value().removesuffix(" y")) <= 3.5
    until(
        lambda: (
            "In whole lots" in page.locator("#wi-plan").inner_text() and not page.locator("#wi-repairs button").count()
        )
    )
    page.get_by_role("button", name="As given").click()
    until(lambda: opened.carry() == first)


def test_two_tabs_never_see_each_other(server: str, tab: Callable[[], Opened]) -> None:
    one, two = tab(), tab()
    one.go(server)
    two.go(server)
    other = two.carry()
    one.knob(FUND).fill("1.5")
    one.knob(FUND).press("Tab")
    until(lambda: one.carry() == expected("1.5 years"))
    assert (two.carry(), two.knob(FUND).input_value()) == (other, "3.5 y")
    two.knob(FUND).fill("3")
    two.knob(FUND).press("Tab")
    until(lambda: two.carry() == expected("3 years"))
    assert one.carry() == expected("1.5 years")


def test_fast_fingers_never_end_on_a_stale_answer(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    slider = page.locator(f'[id*=\'"knob":"{FUND}","part":"slider"\'] [role="slider"]')
    for burst in range(12):
        slider.focus()
        for _ in range(8):
            page.keyboard.press("ArrowLeft" if burst % 3 else "ArrowRight")
            time.sleep(0.03)
        until(lambda: opened.knob(FUND).input_value() == f"{float(slider.get_attribute('aria-valuenow') or 0):g} y")
        wanted = expected(f"{float(slider.get_attribute('aria-valuenow') or 0):g} years")
        until(lambda wanted=wanted: opened.carry() == wanted)
    assert opened.errors == []


def test_a_restart_of_the_server_loses_nothing(tab: Callable[[], Opened]) -> None:
    port = free_port()
    opened = tab()
    with serving(port) as address:
        opened.go(address)
        opened.knob(FUND).fill("2.5")
        opened.knob(FUND).press("Tab")
        until(lambda: opened.carry() == expected("2.5 years"))
    with serving(port):
        assert opened.knob(FUND).input_value() == "2.5 y"
        opened.knob("target/duration.min").fill("0.9")
        opened.knob("target/duration.min").press("Tab")
        until(lambda: opened.carry() == expected("2.5 years"))


@pytest.mark.parametrize(("lang", "head", "verdict"), [("en", "Verdicts", "pass"), ("zh", "检查结果", "通过")])
def test_a_book_is_checked_edited_and_its_memo_taken(
    server: str, tab: Callable[[], Opened], lang: str, head: str, verdict: str, tmp_path: Path
) -> None:
    words = {
        "en": ("Check", "Use what is pasted", "Memo to sign", "complies"),
        "zh": ("合规检查", "使用粘贴内容", "待签备忘录", "合规"),
    }[lang]
    opened = tab()
    page = opened.go(f"{server}/?lang={lang}")
    page.get_by_role("tab", name=words[0]).click()
    page.wait_for_selector("#ck-rules .ag-row", timeout=WAIT)
    assert head in page.locator("main").inner_text()
    page.locator("#ck-text").fill("tranche_id,面额（万元）\nSYN250005.IB,30000\nSYN100250.SZ,100\n")
    page.get_by_role("button", name=words[1]).click()
    until(lambda: page.locator("#ck-held .ag-center-cols-container .ag-row").count() == 2)
    assert "300,000,000.00" in page.locator("#ck-held").inner_text()
    until(lambda: verdict in page.locator("#ck-rules").inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name=words[2]).click()
    memo = tmp_path / "memo.html"
    download.value.save_as(memo)
    assert "SYN100250.SZ" in memo.read_text(encoding="utf-8")
    shot(page, f"check-{lang}")
    assert opened.outside == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing was pasted"),
        ("tranche_id,face\nA,1\nA,2\n", "A"),
        ("what,else\n1,2\n", "tranche_id"),
        ("<script>alert(1)</script>,face\n<img src=x onerror=alert(1)>,5\n", "tranche_id"),
        ("tranche_id,face\n=cmd|' /C calc'!A0,-5\n", "-5"),
    ],
)
def test_a_bad_paste_gets_a_message_and_harms_nothing(
    server: str, tab: Callable[[], Opened], text: str, said: str
) -> None:
    opened = tab()
    page = opened.go(server)
    page.get_by_role("tab", name="Check").click()
    page.wait_for_selector("#ck-rules .ag-row", timeout=WAIT)
    # Rows of data: those drawn come one by one.
    rows = page.locator("#ck-held [aria-rowcount]").first
    until(lambda: int(rows.get_attribute("aria-rowcount") or 0) > 1)
    before = rows.get_attribute("aria-rowcount")
    page.locator("#ck-text").fill(text)
    page.get_by_role("button", name="Use what is pasted").click()
    until(lambda: said in page.locator("#ck-told").inner_text())
    assert rows.get_attribute("aria-rowcount") == before
    assert "/tmp" not in page.locator("#ck-told").inner_text()
    assert opened.errors == []


def test_trades_are_proposed_and_the_order_file_taken(server: str, tab: Callable[[], Opened], tmp_path: Path) -> None:
    opened = tab()
    page = opened.go(server)
    page.get_by_role("tab", name="Rebalance").click()
    page.get_by_role("button", name="Propose trades").click()
    page.wait_for_selector("#rb-trades .ag-row", timeout=WAIT)
    # A cap of 10 % on trades in securities; repo and cash, which pay for them, are not counted.
    share = page.locator("#rb-tiles .tile", has_text="securities traded").locator("dd").inner_text()
    assert 9.9 < float(share.rpartition("·")[2].strip().removesuffix("%")) <= 10.0
    with page.expect_download() as download:
        page.get_by_role("button", name="Order file").click()
    download.value.save_as(tmp_path / "trades.csv")
    lines = (tmp_path / "trades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "date,tranche_id,side,face,market_value,cost"
    assert len(lines) > 3
    shot(page, "rebalance")


def test_sectors_are_compared_and_rules_read(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(f"{server}/?lang=zh")
    page.get_by_role("tab", name="规则").click()
    page.wait_for_selector("#ru-list .ag-row", timeout=WAIT)
    page.locator("#ru-list .ag-row").first.click()
    page.wait_for_selector("#ru-rule h3", timeout=WAIT)
    page.get_by_role("button", name="比较两日").click()
    until(lambda: "cbrc-2012" in page.locator("#ru-changes").inner_text())
    shot(page, "rules-zh")
    page.get_by_role("tab", name="板块比较").click()
    page.get_by_role("button", name="比较").last.click()
    page.wait_for_selector("#cp-sectors .ag-row", timeout=WAIT * 3)
    assert page.locator("#cp-sectors .ag-center-cols-container .ag-row").count() == 3
    shot(page, "compare-zh")
    assert opened.outside == []
    assert opened.errors == []

"""Why, and the files of a plan, in a real browser: against the engine itself, in both languages, never stale."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from web_pages import WAIT, Opened, shot, until

import absalloc as aa
from absalloc.web.page.desks import mandate_of, universe

pytestmark = pytest.mark.browser
FUND = "target/duration.max"
ROWS = ".ag-center-cols-container .ag-row"


@pytest.fixture(scope="module")
def desk() -> aa.WhatIf:
    return aa.WhatIf(universe(), mandate_of("bond-fund-open"))


def moved(opened: Opened, server: str, lang: str, years: str) -> Any:
    """Open the page, move the duration limit, and look at Why."""
    page = opened.go(f"{server}/?lang={lang}")
    first = opened.carry()
    opened.knob(FUND).fill(years)
    opened.knob(FUND).press("Tab")
    until(lambda: opened.carry() != first)
    return page


def why(page: Any) -> None:
    page.get_by_role("tab").nth(1).click()
    page.wait_for_selector(f"#wy-prices {ROWS}", timeout=WAIT)
    page.wait_for_selector("#wy-curve .scatterlayer .point", timeout=WAIT)


def cell(page: Any, table: str, row: int, column: str) -> str:
    return str(page.locator(f'#{table} {ROWS}[row-index="{row}"] [col-id="{column}"]').inner_text())


def test_prices_and_the_curve_are_those_of_the_engine(server: str, tab: Callable[[], Opened], desk: aa.WhatIf) -> None:
    from absalloc.explain import Range, frontier, prices

    opened = tab()
    page = moved(opened, server, "en", "2")
    why(page)
    assert "target/duration is held to 2 years in place of 3.5 years" in page.locator("#wy-about").inner_text()
    asked = desk.asked(aa.Changes(limits={FUND: "2 years"}))
    dear = prices(asked.state, asked.settings, lp=True).to_json()["prices"][0]
    assert cell(page, "wy-prices", 0, "title") == dear["title"]
    assert cell(page, "wy-prices", 0, "gone_yuan") == f"{dear['removed']['gain_yuan']:,.0f}"
    assert cell(page, "wy-prices", 0, "gone_bp") == f"{dear['removed']['gain_bp']:,.2f}"
    assert page.locator("#wy-prices-chart .bars path").count() >= 6
    curve = frontier(asked.state, asked.settings, "target/duration", Range(), sense="max", lp=True)
    assert cell(page, "wy-points-table", 0, "carry") == f"{float(curve.points[0].value or 0):,.0f}"
    assert page.locator("#wy-turns li").count() == len(curve.turns) > 0
    assert page.locator("#wy-curve .scatterlayer .point").count() == len(curve.points) + len(curve.turns)
    page.locator(
        f'#wy-prices {ROWS}[row-id="public-fund-open/liquidity-restricted-share.max"] [col-id="limit"]'
    ).click()
    until(lambda: "Liquidity-restricted" in page.locator("#wy-curve-told").inner_text())
    page.locator("#wy-from").fill("10")
    page.locator("#wy-to").fill("20")
    page.locator("#wy-to").press("Tab")
    until(lambda: cell(page, "wy-points-table", 0, "limit") == "10%")
    one = frontier(asked.state, asked.settings, "liquidity-restricted-share", [Fraction(1, 10)], lp=True).points[0]
    assert cell(page, "wy-points-table", 0, "carry") == f"{float(one.value or 0):,.0f}"
    shot(page, "why-en")
    page.locator("#wy-from").fill("30")
    page.locator("#wy-from").press("Tab")
    until(lambda: "no range" in page.locator("#wy-curve-told").inner_text())
    assert page.locator(f"#wy-points-table {ROWS}").count() == 0
    assert (opened.errors, opened.outside) == ([], [])


def test_one_line_and_near_best_portfolios_in_chinese(server: str, tab: Callable[[], Opened], desk: aa.WhatIf) -> None:
    opened = tab()
    page = opened.go(f"{server}/?lang=zh")
    why(page)
    plan = desk.plan(time_limit=20)
    held = max((line for line in plan.holdings if line.tranche_id.startswith("SYN100")), key=lambda line: line.face)
    page.locator("#wy-line").fill(held.tranche_id)
    page.get_by_role("option").first.click()
    until(
        lambda: f"方案持有 {held.tranche_id} 面额 {float(held.face):,.0f}" in page.locator("#wy-line-told").inner_text()
    )
    assert "不持有它" in page.locator("#wy-line-told").inner_text()
    page.locator("#wy-menu-go").click()
    page.wait_for_selector(f'#wy-menu {ROWS}[row-index="2"]', timeout=WAIT)
    carry = float(cell(page, "wy-menu", 0, "carry").replace(",", ""))
    cost = sum(trade.cost for trade in plan.trades)
    assert carry == pytest.approx(float(plan.carry.yuan - cost), abs=1)
    assert page.locator("#wy-menu-moves table").count() == 4
    shot(page, "why-zh")
    page.get_by_role("tab").nth(0).click()
    opened.knob(FUND).fill("2")
    opened.knob(FUND).press("Tab")
    until(lambda: "2 年" in opened.knob(FUND).input_value())
    page.get_by_role("tab").nth(1).click()
    until(lambda: "请按" in page.locator("#wy-menu-told").inner_text())
    assert page.locator(f"#wy-menu {ROWS}").count() == 0, "portfolios of another question are gone"
    assert opened.errors == []


def test_where_there_is_no_portfolio_nothing_is_priced(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    opened.knob("target/duration.min").fill("30")
    opened.knob("target/duration.min").press("Tab")
    until(lambda: "No portfolio meets all of this" in page.locator("#wi-told").inner_text())
    page.get_by_role("tab").nth(1).click()
    until(lambda: "No portfolio meets all of this" in page.locator("#wy-prices-told").inner_text())
    until(lambda: "No portfolio meets all of this" in page.locator("#wy-about").inner_text())
    assert page.locator(f"#wy-prices {ROWS}").count() == 0
    assert page.locator("#wy-prices-chart .bars path").count() == 0
    shot(page, "why-infeasible")
    assert opened.errors == []


def test_fast_choices_end_on_the_last_one(server: str, tab: Callable[[], Opened], desk: aa.WhatIf) -> None:
    from absalloc.explain import Range, frontier

    opened = tab()
    page = opened.go(server)
    why(page)
    points = page.locator("#wy-points")
    for number in (40, 7, 33, 5, 21, 3):
        points.fill(str(number))
        page.wait_for_timeout(30)
    points.press("Tab")
    page.locator('label:has-text("Whole lots")').first.click()
    page.wait_for_timeout(400)
    page.locator('label:has-text("Linear program")').first.click()
    until(lambda: "linear program" in page.locator("#wy-prices-told").inner_text())
    page.wait_for_timeout(1500)
    assert "linear program" in page.locator("#wy-prices-told").inner_text()
    curve = frontier(desk.case.state, desk.case.settings, "target/duration", Range(points=3), sense="max", lp=True)
    assert page.locator("#wy-curve .scatterlayer .point").count() == len(curve.points) + len(curve.turns)
    assert opened.errors == []


def test_the_files_of_the_plan_as_it_stands(server: str, tab: Callable[[], Opened], desk: aa.WhatIf) -> None:
    from absalloc.report.folder import plan_files
    from absalloc.report.pdf import can_print, pdf_of

    opened = tab()
    page = moved(opened, server, "zh", "2")
    with page.expect_download(timeout=WAIT) as loading:
        page.get_by_role("button", name="全部文件").click()
    found = zipfile.ZipFile(io.BytesIO(Path(loading.value.path()).read_bytes()))
    assert loading.value.suggested_filename == "bond-fund-open-2025-06-30.zip"
    plan = desk.plan(aa.Changes(limits={FUND: "2 years"}), time_limit=20)
    made = plan_files(plan, plan.to_json("zh"), "zh")
    assert sorted(found.namelist()) == sorted(made)
    for name in ("holdings.csv", "trades.csv", "findings.csv", "certificate.json"):
        content = made[name]
        assert found.read(name) == (content.encode() if isinstance(content, str) else content), name
    document = json.loads(found.read("plan.json"))
    assert "target/duration 的限额为 2年，原为 3.5年" in document["assumptions"][0]
    assert "原为 3.5年" in found.read("memo.html").decode(), "what is signed says that the run is not the mandate"
    with page.expect_download(timeout=WAIT) as loading:
        page.get_by_role("button", name="报告", exact=True).click()
    assert Path(loading.value.path()).read_bytes() == found.read("report.html")
    if can_print():
        with page.expect_download(timeout=WAIT) as loading:
            page.get_by_role("button", name="备忘录（PDF）").click()
        printed = Path(loading.value.path()).read_bytes()
        assert printed == pdf_of(found.read("memo.html").decode())
    else:
        assert "未提供 PDF" in page.locator("#wi-files").inner_text()
    assert opened.errors == []

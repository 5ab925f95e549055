"""The page as people use it: edited cells, files of every kind, keyboard alone, reload, two screens, both languages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

import pandas as pd
import xlsxwriter
from axe_playwright_python.sync_playwright import Axe
from web_pages import WAIT, Opened, shot, until

pytestmark = pytest.mark.browser
FUND = "target/duration.max"
TABS = ("what-if", "why", "check", "rebalance", "compare", "rules")
ROWS = "#ck-held .ag-center-cols-container .ag-row"
HEADERS = ["证券代码", "持仓面额（万元）"]


def workbook(rows: list[list[Any]], sheet: str = "持仓") -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        page = book.add_worksheet(sheet)
        for place, row in enumerate(rows):
            page.write_row(place, 0, row)
    return target.getvalue()


def bomb() -> bytes:
    """A workbook of some kilobytes whose one sheet is 300 MB."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([HEADERS]))) as given, zipfile.ZipFile(target, "w", 8) as made:
        for item in given.namelist():
            if item != "xl/worksheets/sheet1.xml":
                made.writestr(item, given.read(item))
        with made.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(300):
                sheet.write(b" " * 1_000_000)
    return target.getvalue()


def send(page: Any, name: str, content: bytes) -> None:
    page.set_input_files(
        "#ck-file input[type=file]", {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def checking(opened: Opened, server: str, lang: str = "en") -> Any:
    page = opened.go(f"{server}/?lang={lang}")
    page.get_by_role("tab").nth(TABS.index("check")).click()
    page.wait_for_selector("#ck-rules .ag-row", timeout=WAIT)
    return page


def test_an_edited_cell_changes_the_verdicts(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = checking(opened, server)
    page.locator("#ck-text").fill("tranche_id,face\nSYN250005.IB,30000000\nSYN100250.SZ,1000000\n")
    page.get_by_role("button", name="Use what is pasted").click()
    until(lambda: page.locator(ROWS).count() == 2)
    until(lambda: "ABS of one originator" not in page.locator("#ck-told").inner_text())
    cell = page.locator(f'{ROWS}:nth-child(2) [col-id="face"]')
    cell.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("900000000")
    page.keyboard.press("Enter")
    until(lambda: "ABS of one originator" in page.locator("#ck-told").inner_text())
    assert "does NOT comply" in page.locator("#ck-told").inner_text()
    assert "FAIL" in page.locator(f"{ROWS}:nth-child(2)").inner_text()
    cell.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("-5")
    page.keyboard.press("Enter")
    until(lambda: "Row 2 (SYN100250.SZ): -5 is no amount" in page.locator("#ck-told").inner_text())
    assert opened.errors == []


def test_a_workbook_with_chinese_headers_is_read(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = checking(opened, server, "zh")
    send(page, "../..\\我的 持仓.xlsx", workbook([HEADERS, ["SYN250005.IB", 30000], ["SYN100250.SZ", 100.5]]))
    until(lambda: page.locator(ROWS).count() == 2)
    assert "300,000,000.00" in page.locator("#ck-held").inner_text()
    assert "1,005,000.00" in page.locator("#ck-held").inner_text()
    until(lambda: page.locator("#ck-rules .ag-row").count() > 5)
    assert opened.errors == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_files_of_a_check_are_those_of_the_command(server: str, tab: Callable[[], Opened], lang: str) -> None:
    import absalloc as aa
    from absalloc.report.folder import check_files
    from absalloc.report.pdf import can_print, pdf_of
    from absalloc.web.page import desks

    universe, mandate = desks.universe(), desks.mandate_of("bond-fund-open")
    opened = tab()
    page = checking(opened, server, lang)
    held = "tranche_id,face\nSYN250005.IB,30000000\nSYN100250.SZ,1000000\n"
    page.locator("#ck-text").fill(held)
    page.locator("#ck-use").click()
    until(lambda: page.locator(ROWS).count() == 2)
    assert "SYN国债05" in page.locator(ROWS).first.inner_text(), "a line by its name, not its code alone"
    found = aa.check(universe, mandate, pd.read_csv(io.StringIO(held)))
    made = check_files(found, found.to_json(lang), lang, asked=(mandate, universe, None))
    words = {
        "en": {"report.html": "Report", "report.xlsx": "Workbook (XLSX)", "report.pdf": "Report (PDF)"},
        "zh": {"report.html": "报告", "report.xlsx": "工作簿（XLSX）", "report.pdf": "报告（PDF）"},
    }[lang]
    for name, label in words.items():
        button = page.locator("#ck-files").get_by_role("button", name=label, exact=True)
        if name == "report.pdf" and not can_print():
            assert button.count() == 0
            continue
        with page.expect_download(timeout=WAIT) as loading:
            button.click()
        assert loading.value.suggested_filename == name
        expected = made[name] if name in made else pdf_of(str(made["report.html"]))
        got = Path(loading.value.path()).read_bytes()
        assert got == (expected.encode() if isinstance(expected, str) else expected), name
        page.wait_for_selector("#ck-files:enabled", timeout=WAIT)
    assert opened.errors == []


BAD: list[tuple[str, Callable[[], bytes], tuple[str, ...]]] = [
    ("empty.csv", lambda: b"", ("empty.csv",)),
    ("large.csv", lambda: b"a" * 50_000_000, ("large.csv", "5 MB")),
    ("sheet.xlsx", lambda: workbook([["日期", "备注"], ["2025-06-30", "x"]], "说明"), ("sheet.xlsx", "tranche_id")),
    ("formula.csv", lambda: b"tranche_id,face\nSYN250005.IB,=1+1\n", ("formula.csv", "=1+1")),
    ("bomb.xlsx", bomb, ("bomb.xlsx", "unpacks to more than 200 MB")),
    ("broken.xlsx", lambda: b"PK\x03\x04 not a workbook", ("broken.xlsx",)),
    ("../../../../etc/passwd", lambda: b"root", ("passwd", ".csv, .xlsx")),
    ("cells.csv", lambda: b"<b>x</b>,face\n<img src=x onerror=alert(1)>,5\n", ("cells.csv", "tranche_id")),
    ("macro.exe", lambda: b"MZ", ("macro.exe", ".csv, .xlsx")),
]


def test_a_bad_file_gets_a_message_and_harms_nothing(server: str, tab: Callable[[], Opened], tmp_path: Path) -> None:
    opened = tab()
    page = checking(opened, server)
    # Rows of data: those drawn come one by one.
    rows = page.locator("#ck-held [aria-rowcount]").first
    until(lambda: int(rows.get_attribute("aria-rowcount") or 0) > 1)
    before = rows.get_attribute("aria-rowcount")
    told = page.locator("#ck-told")
    for name, content, said in BAD:
        if len(content()) > 1_000_000:  # the pipe to the browser is not for so much: it reads the file itself
            (tmp_path / name).write_bytes(content())
            page.set_input_files("#ck-file input[type=file]", tmp_path / name)
        else:
            send(page, name, content())
        until(lambda said=said: all(part in told.inner_text() for part in said))
        assert "/tmp" not in told.inner_text()
        assert "Traceback" not in told.inner_text()
        assert rows.get_attribute("aria-rowcount") == before
    assert page.locator("#ck-told img, #ck-told b").count() == 0
    assert opened.errors == []


def test_the_keyboard_is_enough(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    first = opened.carry()

    def reach(selector: str, most: int = 60) -> None:
        for _ in range(most):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached")

    reach(f'[id*=\'"knob":"{FUND}","part":"slider"\'] [role="slider"]')
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    until(lambda: opened.carry() != first)
    page.keyboard.press("Home")
    page.evaluate("document.activeElement.blur()")
    page.locator("#language").focus()
    reach("#wi-reset")
    page.keyboard.press("Enter")
    until(lambda: opened.carry() == first)
    reach("#wi-pin")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wi-pins .ag-center-cols-container .ag-row", timeout=WAIT)
    page.locator("#language").focus()
    reach('[role="tab"]')
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#wy-prices .ag-row", timeout=WAIT)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#ck-rules .ag-row", timeout=WAIT)
    page.wait_for_selector("#ck-file input[aria-label]", state="attached", timeout=WAIT)
    until(lambda: "rules proven" in page.locator("#ck-told").inner_text())
    choosers: list[Any] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))

    def asked_for_a_file() -> bool:
        # The field loads its own script late and is then drawn anew, which can swallow a key pressed just before.
        reach(".upload")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1_000)
        return bool(choosers)

    until(asked_for_a_file)
    assert opened.errors == []


def test_beside_an_error_nothing_of_the_answer_before_is_left(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    until(lambda: "In whole lots" in page.locator("#wi-plan").inner_text())
    first = opened.carry()
    nav = opened.knob("mandate/amounts.nav.value")
    nav.fill("0")
    nav.press("Tab")
    until(lambda: "nav" in page.locator("#wi-told .notice").inner_text())
    until(lambda: page.locator("#wi-plan").inner_text() == "")
    assert page.locator("#wi-tiles .tile, #wi-held .ag-center-cols-container .ag-row").count() == 0
    page.locator("#wi-files").get_by_role("button", name="Memo to sign", exact=True).click()
    until(lambda: "no answer to make files of" in page.locator("#wi-files-told").inner_text())
    shot(page, "error")
    nav.fill("")
    nav.press("Tab")
    page.wait_for_selector("#wi-tiles .tile", timeout=WAIT)
    until(lambda: opened.carry() == first)
    assert nav.get_attribute("placeholder") == "as given: 5,000 mn", "an empty field is as given, and says so"
    assert "against the book as given" in page.locator("#wi-tiles").inner_text()
    assert opened.errors == []


def test_a_reload_and_another_language_keep_what_was_typed(server: str, tab: Callable[[], Opened]) -> None:
    opened = tab()
    page = opened.go(server)
    first = opened.carry()
    opened.knob(FUND).fill("2")
    opened.knob(FUND).press("Tab")
    until(lambda: opened.carry() != first)
    moved = opened.carry()
    page.get_by_role("tab", name="Check").click()
    page.locator("#ck-text").fill("tranche_id,face\nSYN250005.IB,1000000\n")
    page.get_by_role("button", name="Use what is pasted").click()
    until(lambda: page.locator(ROWS).count() == 1)
    page.reload()
    page.wait_for_selector("#wi-tiles .tile", state="attached", timeout=WAIT)
    until(lambda: page.locator(ROWS).count() == 1)
    page.get_by_role("tab", name="What if").click()
    until(lambda: (opened.knob(FUND).input_value(), opened.carry()) == ("2 y", moved))
    page.locator("#language").click()
    page.wait_for_selector('main[lang="zh-CN"] #wi-tiles .tile', timeout=WAIT)
    until(lambda: opened.knob(FUND).input_value() == "2 年")
    page.get_by_role("button", name="恢复原样").click()
    until(lambda: opened.knob(FUND).input_value() == "3.5 年")
    page.locator("#language").click()
    page.wait_for_selector('main[lang="en"] #wi-tiles .tile', timeout=WAIT)
    until(lambda: opened.carry() == first)
    assert opened.errors == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_serious(chromium: Any, server: str, lang: str) -> None:
    # The policy of the page would not let the test's own script in.
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True)
    try:
        page = Opened(context.new_page()).go(f"{server}/?lang={lang}")
        page.wait_for_selector("#wi-rules .ag-row", timeout=WAIT)
        found = []
        for place, name in enumerate(TABS):
            page.get_by_role("tab").nth(place).click()
            if name == "why":
                page.wait_for_selector("#wy-curve .scatterlayer .point", timeout=WAIT)
            page.wait_for_timeout(700)
            found += [
                (name, item["id"], item["nodes"][0]["html"])
                for item in Axe().run(page).response["violations"]
                if item["impact"] in ("serious", "critical")
            ]
        assert found == []
        page.evaluate("document.querySelector('#cp-go').textContent = ''")
        assert Axe().run(page).response["violations"], "axe sees a button without a name"
    finally:
        context.close()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (2560, 1440)])
def test_nothing_is_cut_off_at_the_sides(chromium: Any, server: str, width: int, height: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": height})
    try:
        page = Opened(context.new_page()).go(server)
        page.wait_for_selector("#wi-rules .ag-row", timeout=WAIT)
        for place, name in enumerate(TABS):
            page.get_by_role("tab").nth(place).click()
            page.wait_for_timeout(500)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, name
            cut = "e => [...e].filter(h => h.offsetParent && h.scrollWidth > h.clientWidth + 1).map(h => h.textContent)"
            assert page.locator(".ag-header-cell-text").evaluate_all(cut) == [], name
            shot(page, f"{name}-{width}x{height}")
    finally:
        context.close()


def test_sectors_are_compared_under_one_scenario(server: str, tab: Callable[[], Opened], tmp_path: Path) -> None:
    opened = tab()
    page = opened.go(server)
    page.get_by_role("tab", name="Compare").click()
    page.locator("#cp-scenario").click()
    page.get_by_role("option", name="All yields up by 50 bp").click()
    page.locator("#cp-go").click()
    page.wait_for_selector("#cp-sectors .ag-center-cols-container .ag-row", timeout=WAIT * 3)
    drivers = page.locator("#cp-drivers li").all_inner_texts()
    assert len(drivers) == 3
    assert {said.partition("ABS ")[2] for said in drivers} == {"All yields up by 50 bp"}
    assert page.locator("#cp-chart .bars path").count() >= 6
    shot(page, "compare-scenario")
    assert opened.errors == []

"""The pages people sign are valid HTML to the parser of the standard (html5lib) and to HTML Tidy, with no network."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import html5lib
import pytest
import pytidyhtml5 as tidy

import absalloc as aa
from absalloc.report import plan_html, write_check_folder

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
FINE = re.compile(r"trimming empty <\w+>|Info: ")
"""What Tidy says of empty elements (bars drawn by their width) is no matter of validity."""


@pytest.fixture(scope="module", params=["en", "zh"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    lang = str(request.param)
    universe = aa.load_universe(MARKET / "market.csv")
    plan = aa.optimise(universe, aa.load_mandate(MARKET / "city-bank.yaml"))
    fund = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    checked = aa.check(universe, fund, str(MARKET / "bond-fund-open-holdings.csv"))
    folder = tmp_path_factory.mktemp(lang)
    write_check_folder(checked, checked.to_json(lang), folder, lang, asked=(fund, universe, "h.csv"))
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    return {**found, "plan": plan_html(plan, plan.to_json(lang), lang)}


def complaints(text: str) -> list[str]:
    """Return what both validators have against a page."""
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(text)
    # Tidy knows no SVG: what stands in a chart is left to the parser, but for names that are given twice.
    _, told = tidy.tidy_document(re.sub(r"(<svg\b[^>]*>).*?</svg>", r"\1</svg>", text, flags=re.DOTALL))
    lines = [line for line in told.splitlines() if line.startswith("line ")]
    return [*(str(error) for error in parser.errors), *(line for line in lines if not FINE.search(line)), *_twice(text)]


def _twice(text: str) -> list[str]:
    names = Counter(re.findall(r'\sid="([^"]*)"', text))
    return [f"id {name} is given {n} times" for name, n in names.items() if n > 1]


def test_the_pages_are_valid(pages: dict[str, str]) -> None:
    assert set(pages) >= {"report.html", "memo.html", "plan"}
    assert {name: complaints(text) for name, text in pages.items()} == {name: [] for name in pages}


def test_a_broken_page_is_seen(pages: dict[str, str]) -> None:
    page = pages["plan"]
    assert complaints(page.replace("</table>", "", 1))
    assert complaints(page.replace("<h1", '<h1 nosuch="1"', 1))
    twice = page.replace("</body>", '<p id="twice">a</p><p id="twice">b</p></body>', 1)
    assert any("twice" in line for line in complaints(twice))

"""The odd ends of the meaning, in a rulebook of one's own, against the slow checker: three readings, one answer."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from slow_checker import SlowBook, check
from witness_books import differences, fast, lines_of

from absalloc.compliance.case_books import mandate_of, universe_of
from absalloc.rows import BookState
from absalloc.rulebook import load_rulebook
from absalloc.rulebook.active import resolve
from absalloc.yamlpos import parse_yaml

DAY = pd.Timestamp("2025-06-30").date()
BOOK = """\
rulebook: odd
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {house: {title: Guideline}}
columns: {reset_or_maturity: {first_of: [days_to_reset, days_to_maturity]}}
rules:
  - id: looked-through
    kind: share
    title: {en: Looked through, zh: 穿透}
    source: {document: house, article: "1", ref: house, confidence: text_seen}
    by: {link: exposure, group: client, weight: share}
    of: {measure: market_value}
    max: 30%
  - id: looked-through-of-nav
    kind: share
    title: {en: Looked through of NAV, zh: 穿透占净值}
    source: {document: house, article: "1", ref: house, confidence: text_seen}
    by: {link: exposure, group: client, weight: share}
    of: nav
    max: 30%
  - id: excepted
    kind: share
    title: {en: Excepted, zh: 除外}
    source: {document: house, article: "2", ref: house, confidence: text_seen}
    of: nav
    max: 50%
    exceptions:
      - {id: closed-product, where: {product: abn}, when: {product: {operation: closed}}}
      - {id: listed, where: {market: exchange}}
  - id: mean
    kind: average
    title: {en: Mean, zh: 平均}
    source: {document: house, article: "3", ref: house, confidence: text_seen}
    measure: [market_value, reset_or_maturity]
    max: 120 days
"""


def book(folder: Path, lines: list[dict[str, str]], **more: Any) -> tuple[BookState, SlowBook, Any]:
    """Return a book for the package and the same for the slow checker, with the rules."""
    path = folder / "odd.yaml"
    path.write_text(BOOK, encoding="utf-8")
    raw = {
        "name": "book", "institution": "public_fund_open", "manager": "M", "rulebooks": [str(path)],
        "amounts": {"nav": "1000"}, **more.get("mandate", {}),
    }  # fmt: skip
    universe = universe_of([{k: v for k, v in line.items() if k != "face"} for line in lines], DAY)
    held = {line["tranche_id"]: Fraction(line["face"]) for line in lines}
    links = more.get("links", [])
    tables = {"exposure": pd.DataFrame(links, dtype=object)} if links else {}
    mandate = mandate_of(raw)
    rules = resolve(mandate, DAY, books=(load_rulebook(path),))
    state = BookState(mandate, rules, universe, DAY, held, lists=tables)
    rows = [{key: value or None for key, value in row.items()} for row in links]
    plain = SlowBook(raw, DAY, lines_of(state), held, lists={"exposure": rows} if links else {})
    return state, plain, parse_yaml(BOOK).data


def line(code: str, face: str, **facts: str) -> dict[str, str]:
    known = {"product": "enterprise_abs", "market": "interbank", "factor": "1", "dirty_price": "100"}
    return {"tranche_id": code, "face": face, **known, "days_to_maturity": "100", **facts}


def said(folder: Path, lines: list[dict[str, str]], **more: Any) -> dict[Any, Any]:
    """Return what all three readings say."""
    state, plain, rules = book(folder, lines, **more)
    found = check(rules, plain)
    assert differences(found, fast(state)) == []
    return {(rule.partition("/")[2], group): said for (rule, group, _), said in found.items()}


def link(code: str, client: str, share: str) -> dict[str, str]:
    return {"tranche_id": code, "client": client, "share": share}


def test_a_line_named_twice_counts_once_below(tmp_path: Path) -> None:
    """A: 0.1 + 0.2 of 600 is 180 of the 1,000 held, not of 1,600."""
    links = [link("T1", "A", "0.1"), link("T1", "A", "0.2"), link("T1", "C", "0.7"), link("T2", "B", "1")]
    found = said(tmp_path, [line("T1", "600"), line("T2", "400")], links=links)
    assert (found["looked-through", "A"].verdict, found["looked-through", "A"].value) == ("pass", Fraction(18, 100))
    assert (found["looked-through", "B"].verdict, found["looked-through", "B"].value) == ("fail", Fraction(40, 100))


def test_a_share_of_no_known_client_may_be_anyones(tmp_path: Path) -> None:
    """B is 200 for sure and 500 at most: its limit of 300 is not proven; A, with nothing else open, is."""
    links = [link("T1", "B", "0.4"), link("T1", "", "0.6"), link("T2", "A", "1")]
    found = said(tmp_path, [line("T1", "500"), line("T2", "500")], links=links)
    assert (found["looked-through", "B"].verdict, found["looked-through", "B"].value) == ("unknown", Fraction(20, 100))
    assert found["looked-through", "A"].verdict == "fail"
    assert found["looked-through", "?"].verdict == "pass"


def test_an_exception_nobody_decides_makes_its_lines_possible(tmp_path: Path) -> None:
    """300 count for sure; 400 of ABN are out in a closed product only; what is listed is out in any case."""
    lines = [line("T1", "300"), line("T2", "400", product="abn"), line("T3", "900", market="exchange")]
    open_ = said(tmp_path, lines)["excepted", None]
    assert (open_.verdict, open_.value) == ("unknown", Fraction(30, 100))
    closed = said(tmp_path, lines, mandate={"product": {"operation": "closed"}})["excepted", None]
    assert (closed.verdict, closed.value) == ("pass", Fraction(30, 100))
    daily = said(tmp_path, lines, mandate={"product": {"operation": "daily_open"}})["excepted", None]
    assert (daily.verdict, daily.value) == ("fail", Fraction(70, 100))
    # Below the limit with them, nobody needs to decide.
    few = [line("T1", "300"), line("T2", "200", product="abn")]
    assert said(tmp_path, few)["excepted", None].verdict == "pass"


@pytest.mark.parametrize(("face", "verdict"), [("1", "pass"), ("1000000", "unknown")])
def test_a_term_nobody_knows_is_at_most_a_hundred_years(tmp_path: Path, face: str, verdict: str) -> None:
    """One yuan of 36,500 days beside ten million of 100 days moves the mean by less than a day."""
    lines = [line("T1", "10000000"), {**line("T2", face), "days_to_maturity": ""}]
    found = said(tmp_path, [{k: v for k, v in each.items() if v} for each in lines])["mean", None]
    assert (found.verdict, found.value) == (verdict, None)


def test_the_rules_are_those_of_the_file() -> None:
    assert parse_yaml(BOOK).data == yaml.load(BOOK, Loader=yaml.BaseLoader)


@pytest.mark.parametrize("seed", range(60))
def test_any_table_of_links(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    codes = [f"T{n}" for n in range(draw.randrange(1, 6))]
    lines = [line(code, str(draw.randrange(1, 500)), product=draw.choice(("abn", "enterprise_abs"))) for code in codes]
    links = [
        link(code, draw.choice(("A", "B", "")), draw.choice(("0.2", "0.5", "1", "")))
        for code in codes
        for _ in range(draw.randrange(4))
    ]
    for each in lines:
        if draw.random() < 0.15:
            del each["dirty_price"]
    assert said(tmp_path, lines, links=links)

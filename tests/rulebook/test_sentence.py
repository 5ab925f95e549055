"""Every shipped rule reads as a sentence in both languages, and says its own limit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from absalloc.rulebook import Rulebook, find_rulebook, load_rulebook, shipped_rulebooks
from absalloc.rulebook.models import FromList, Rule
from absalloc.rulebook.sentence import sentence

HERE = Path(__file__).resolve().parent
BOOKS = [find_rulebook(name) for name in shipped_rulebooks()] + [
    load_rulebook(path) for path in sorted((HERE.parent / "rulebooks").glob("*.yaml"))
]
ALL = [(book, rule) for book in BOOKS for rule in book.rules.values()]
IDS = [f"{book.id}/{rule.id}" for book, rule in ALL]


@pytest.mark.parametrize(("book", "rule"), ALL, ids=IDS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_reads(book: Rulebook, rule: Rule, lang: str) -> None:
    said = sentence(rule, lang, book.book)
    assert said == said.strip()
    assert said.endswith("." if lang == "en" else "。")
    for mark in ("{", "}", "None", "Fraction", "Between", "  ", "()", "（）", "..", "。。"):
        assert mark not in said, said
    chinese = re.findall(r"[一-鿿]", said)
    if lang == "zh":
        assert len(chinese) > 10, said
        words = re.sub(r"“[^”]*”", "", said)
        assert not re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", words), said
    elif "asset type" not in said:
        assert chinese == [], said


@pytest.mark.parametrize(("book", "rule"), ALL, ids=IDS)
def test_it_says_every_limit(book: Rulebook, rule: Rule) -> None:
    said = sentence(rule, "en", book.book)
    for side in (rule.max, rule.min):
        if isinstance(side, FromList):
            assert f"'{side.list}'" in said
        for item in () if side is None or isinstance(side, FromList) else side:
            assert item.value.text in said
            assert item.from_ is None or str(item.from_) in said


@pytest.mark.parametrize(("book", "rule"), ALL, ids=IDS)
def test_it_reads_without_its_book(book: Rulebook, rule: Rule) -> None:
    assert "{" not in sentence(rule, "zh") + sentence(rule, "en")


@pytest.mark.parametrize(
    ("book", "rule", "lang", "words"),
    [
        (
            "public-fund-open", "originator-share", "en",
            "Market value of credit ABS, enterprise ABS or ABN, for each originator: at most 10% of net asset value "
            "from 2006-05-14. A breach nobody traded into is cured within 10 trading days.",
        ),
        (
            "public-fund-open", "originator-share", "zh",
            "信贷ABS、企业ABS或ABN的市值，按原始权益人分别计算：自2006-05-14起不超过资产净值的10%。被动超标应在10个交易日内调整。",
        ),
        (
            "wealth-closed", "nonstandard-share", "zh",
            "资产（属于非标准化债权类资产）的市值，合计，合并机构全部产品，加其他产品的非标余额：不超过全部理财产品净资产的35%。",
        ),
        ("bank-own-book", "risk-weight-max", "en", "Asset-backed securities must satisfy: risk weight at most 20%."),
        (
            "public-fund-interval", "leverage", "zh",
            "全部资产的市值，合计：运作期为开放期时自2014-08-08起不超过资产净值的140%；"
            "运作期为封闭时自2014-08-08起不超过资产净值的200%。被动超标应在10个交易日内调整。",
        ),
    ],
)  # fmt: skip
def test_some_sentences_word_for_word(book: str, rule: str, lang: str, words: str) -> None:
    loaded = find_rulebook(book)
    assert sentence(loaded.rules[rule], lang, loaded.book) == words


def written(extra: str) -> Rule:
    from absalloc.rulebook.models import Book
    from absalloc.yamlpos import parse_yaml, validate

    head = (
        "rulebook: mine\nmodelled: {from: 2020-01-01, verified_until: 2030-12-31}\nsources: {law: {title: A}}\n"
        "rules:\n  - id: r\n    title: {en: R, zh: 规}\n"
        '    source: {document: law, article: "1", ref: X, confidence: text_seen}\n'
    )
    book: Book = validate(Book, parse_yaml(head + extra))
    return book.rules[0]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (
            "    kind: average\n    where: {product: abn}\n    max: 3 years\n"
            "    measure: [market_value, modified_duration]\n",
            "Mean modified duration of ABN, weighted by market value, in total: at most 3 years.",
        ),
        (
            "    kind: count\n    by: originator\n    of: nav\n    over: 5%\n    max: 4 names\n",
            "Number of names by originator among all assets, counting those above 5% of net asset value: "
            "at most 4 names.",
        ),
        (
            "    kind: count\n    if_held: 10000000 yuan\n    of_trade: true\n    by: tranche_id\n",
            "Number of names by line among all assets, in total: each one held is at least 10000000 yuan.",
        ),
        (
            "    kind: share\n    of: [{of: total_assets}, {sign: -1, measure: market_value, where: {product: cash}}]\n"
            "    min: 5%\n    level: warn\n    status: draft\n    tested: open_days\n",
            "Market value of all assets, in total: at least 5% of total assets minus market value of cash. "
            "Tested on open days. It only warns. It is a draft.",
        ),
        (
            "    kind: share\n    of: {universe: issue_size}\n    by: [deal_id, seniority]\n"
            "    measure: face\n    max: 25%\n"
            "    unless: {by: issuer, of: nav, max: 50%}\n",
            "Face of all assets, for each deal, class: at most 25% of the sum of the issue in the market file. "
            "Or else: market value of all assets, for each issuer: at most 50% of net asset value.",
        ),
    ],
)
def test_the_other_kinds(extra: str, words: str) -> None:
    assert sentence(written(extra)) == words
    assert "{" not in sentence(written(extra), "zh")

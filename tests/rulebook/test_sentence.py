"""Every shipped rule reads as a sentence in both languages, and says its own limit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from absalloc.rulebook import Rulebook, find_rulebook, load_rulebook, shipped_rulebooks
from absalloc.rulebook.formula import definitions, formula, with_readings
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
    said = re.sub(r"(?<=\d),(?=\d{3})", "", sentence(rule, "en", book.book))  # 30,000,000,000 is the file's 30000000000
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
            "Number of names by line among all assets, in total: each one held is at least 10,000,000 yuan.",
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


@pytest.mark.parametrize(
    ("where", "en", "zh"),
    [
        ("{not: {rating.any: {min: AAA}}}", "rating by any below AAA", "债项评级评级低于AAA"),
        ("{not: {missing: npl}, npl: true}", "non-performing", "属于不良资产"),
        (
            "{not: {all: [{missing: rating.any}, {missing: yield}]}}",
            "rating by any known or yield known",
            "或收益率已知",
        ),
        (
            "{not: {any: [{product: cash}, {region: 北京}]}}",
            "other than cash and province is not 北京",
            "且省份不是北京",
        ),
        ("{not: {days_to_maturity: {max: 9}}}", "days to maturity above 9 days", "剩余天数高于9天"),
        ("{not: {not: {product: abn}}}", "ABN", "ABN"),
        ("{not: {originator: {in_list: bad}}}", "originator not on the list 'bad'", "原始权益人不在名单“bad”中"),
        ("{expected_maturity: {max: 2026-01-01}}", "expected maturity not later than 2026-01-01", "不晚于2026-01-01"),
        (
            "{any: [{product: cash}, {product: [deposit, repo], days_to_maturity: {max: 9}}]}",
            "cash, or deposits or repo borrowing (days to maturity at most 9 days)",
            "现金，或存款或正回购（剩余天数不超过9天）",
        ),
        (
            "{npl: true, seniority: [senior, mezzanine]}",
            "non-performing and (class is senior or mezzanine)",
            "且（档次为",
        ),
    ],
)
def test_a_denial_is_said_of_the_thing_denied(where: str, en: str, zh: str) -> None:
    rule = written(f"    kind: eligibility\n    require: {where}\n")
    assert en in sentence(rule)
    assert zh in sentence(rule, "zh")
    assert "not (" not in sentence(rule)


@pytest.mark.parametrize(
    ("book", "rule", "said"),
    [
        (
            "public-fund-open", "originator-share",
            "Σ market value [credit ABS, enterprise ABS or ABN] ÷ net asset value ≤ 10% [2006-05-14…]",
        ),
        (
            "bank-own-book", "large-exposure-report",
            "Σ market value [asset-backed securities and credit bonds] ÷ net tier-1 capital < 2.5% [2018-07-01…]",
        ),
        ("bank-own-book", "risk-weight-max", "each of asset-backed securities: risk weight ≤ 20%"),
        (
            "cash-management", "average-life",
            "Σ market value × days to maturity [all assets] ÷ Σ market value [all assets] ≤ 240 days",
        ),
        ("trust", "asset-cap", "Σ market value [all assets] ≤ 30,000,000,000 yuan [2025-10-31…]"),
        (
            "public-fund-interval", "leverage",
            "Σ market value [all assets] ÷ net asset value ≤ 140% [2014-08-08…, the operation period is open]; "
            "≤ 200% [2014-08-08…, the operation period is closed]",
        ),
    ],
)  # fmt: skip
def test_formulas_word_for_word(book: str, rule: str, said: str) -> None:
    loaded = find_rulebook(book)
    assert formula(loaded.rules[rule], "en", loaded.book).text == said


@pytest.mark.parametrize(("book", "rule"), ALL, ids=IDS)
def test_formula_and_definitions_are_whole_in_both_languages(book: Rulebook, rule: Rule) -> None:
    english, chinese = (formula(rule, lang, book.book) for lang in ("en", "zh"))
    assert len(english.bounds) == len(chinese.bounds)
    assert (english.denominator is None) == (chinese.denominator is None)
    assert "{" not in english.text + chinese.text
    assert len(definitions(rule, "en", book.book)) == len(definitions(rule, "zh", book.book))
    for side, sign in ((rule.max, ("≤", "<")), (rule.min, ("≥", ">"))):
        values = [] if side is None or isinstance(side, FromList) else [item.value.text for item in side]
        found = [item["value"].replace(",", "") for item in english.bounds if item["sign"] in sign]
        assert [value for value in found if value in values] == values


def test_what_a_name_means_is_said() -> None:
    book = find_rulebook("bank-own-book")
    assert definitions(book.rules["single-client"], "en", book.book) == {
        "asset-backed securities and credit bonds": "credit ABS, enterprise ABS, ABN, insurance plans or credit bonds",
        "client (core debtor, issuer or the deal itself)": "the first given of core debtor, issuer, deal",
    }


def test_a_reading_reads_as_the_rule_it_makes() -> None:
    book = find_rulebook("public-fund-open")
    rule = book.rules["originator-share"]
    said = {r.id: sentence(with_readings(rule, [r]), "en", book.book) for r in rule.readings}
    default = sentence(rule, "en", book.book)
    assert said == {
        "counts": default,
        "nominal": default,
        "excluded": default.replace("credit ABS, enterprise ABS or ABN", "credit ABS or enterprise ABS"),
        "economic": default.replace("each originator", "each core debtor or originator"),
    }

"""What a rulebook file may not say: one message with file, line, value and the nearest valid thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from absalloc.errors import BadInput
from absalloc.rulebook import find_rulebook, load_rulebook, shipped_rulebooks

GOOD = """\
rulebook: mine
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {law: {title: A law}}
columns:
  rating: {from: [rating.ccxi], take: lowest}
sets:
  abs: {product: [credit_abs, abn]}
rules:
  - id: first
    kind: share
    title: {en: First, zh: 第一}
    source: {document: law, article: "1", ref: X, confidence: text_seen}
    where: {in_set: abs}
    by: originator
    of: nav
    max: 10%
  - id: second
    kind: eligibility
    title: {en: Second, zh: 第二}
    source: {document: law, article: "2", ref: Y, confidence: unverified}
    where: {product: abn}
    require: {rating: {min: AA+}}
"""
TWO_UNDER_ONE_CONDITION = "    max: [{value: 10%, when: {facts: {a: b}}}, {value: 12%, when: {facts: {a: b}}}]"
TWO_DEFAULTS = """\
    max: 10%
    readings:
      - {switch: abn, id: a, default: true}
      - {switch: abn, id: b, default: true}"""
TWO_VALUES = "    max: [{{from: 2020-01-01, to: 2022-06-30, value: 10%}}, {{from: {day}, value: 12%}}]"
STRICT_ELIGIBILITY = """\
    require: {rating: {min: limit}}
    min: [{value: AA+, strict: true}]"""
TWICE_FROM_ONE_DAY = "    max: [{from: 2021-01-01, value: 10%}, {from: 2021-01-01, value: 12%}]"


def load(tmp_path: Path, text: str, name: str = "mine.yaml") -> BadInput:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=name) as caught:
        load_rulebook(path)
    assert caught.value.exit_code == 2
    for lang in ("en", "zh"):
        assert name in caught.value.text(lang)
    return caught.value


def swap(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_the_good_one_loads(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    book = load_rulebook(path)
    assert list(book.rules) == ["first", "second"]
    assert book.where("second").line == 17
    assert book.id == "mine"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        # keys and values that are not known, with the nearest one
        (
            "    kind: share",
            "    kind: share\n    mesure: face",
            11,
            "'mesure' is not known.*nearest valid one is 'measure'",
        ),
        ("rulebook: mine", "rulebook: mine\nrule: []", 2, "'rule' is not known.*nearest valid one is 'rules'"),
        ("    kind: share", "    kind: shares", 10, "'share'"),
        ("    by: originator", "    by: originater", 14, "'originater'.*nearest valid one is 'originator'"),
        ("{product: abn}", "{produkt: abn}", 21, "'produkt'.*nearest valid one is 'product'"),
        ("{product: abn}", "{product: abm}", 21, "'abm' is not a value of 'product'.*nearest valid one is 'abn'"),
        ("{in_set: abs}", "{in_set: ab}", 13, "the set 'ab'.*nearest valid one is 'abs'"),
        ("    of: nav", "    of: navv", 15, "'navv'.*nearest valid one is 'nav'"),
        (
            "    of: nav",
            "    of: nav\n    measure: market_vale",
            16,
            "'market_vale'.*nearest valid one is 'market_value'",
        ),
        ("{rating: {min: AA+}}", "{rating: {min: AA++}}", 22, "'AA\\+\\+' is not a value of 'rating'"),
        ("{rating: {min: AA+}}", "{rating: {minimum: AA+}}", 22, "'rating.minimum'"),
        ('document: law, article: "1"', 'document: low, article: "1"', 12, "'low'.*nearest valid one is 'law'"),
        ("    of: nav", "    of: nav\n    applies: {produkt: {operation: closed}}", 16, "'produkt.operation'"),
        ("    of: nav", "    of: nav\n    applies: {institution: bank}", 16, "'bank' is not a value of 'institution'"),
        ("    of: nav", "    of: nav\n    plus: {amount: navv}", 16, "'navv'.*nearest valid one is 'nav'"),
        ("    of: nav", "    of: nav\n    readings: [{switch: abm, id: counts}]", 16, "no reading switch 'abm'"),
        ("sets:", "names: {bas: {en: a, zh: 甲}}\nsets:", 6, "'bas'.*nearest valid one is 'abs'"),
        # numbers without the unit that is meant
        ("    max: 10%", "    max: 12", 16, "'12' needs a unit: write 12%"),
        ("    max: 10%", "    max: 0.1", 16, "'0.1' needs a unit: write 0.1%"),
        ("    max: 10%", "    max: 12 days", 16, "'12 days' needs ratio"),
        ("    max: 10%", "    max: 10 percents", 16, "percents"),
        ("    max: 10%", "    max: [{from: 2020-13-01, value: 10%}]", 16, "'2020-13-01' is not a date"),
        ("    max: 10%", "    max: .nan", 16, "'.nan' is not a number"),
        ("{product: abn}", "{risk_weight: {max: 20}}", 21, "'20' of 'risk_weight' needs %"),
        ("{product: abn}", "{issue_size: {min: 5}}", 21, "'5' of 'issue_size' needs yuan"),
        # what is written twice, or not at all
        ("  - id: second", "  - id: first", 17, "'first' stands twice.*first on line 9"),
        ("    of: nav", "    of: nav\n    of: nav", 16, "'of' stands twice"),
        ("rulebook: mine", "rulebook: yours", 1, "calls itself 'yours' but its file is 'mine'"),
        ("    require: {rating: {min: AA+}}\n", "", 17, "'second' of kind eligibility lacks a part"),
        ("    max: 10%\n", "", 9, "'first' of kind share lacks a part"),
        ("    title: {en: First, zh: 第一}", "    title: {en: First}", 11, "zh"),
        ("    where: {in_set: abs}", "    where: {}", 13, "not a predicate"),
        ("    where: {in_set: abs}", "    where:", 13, "'where' has no value"),
        ("    max: 10%", TWO_UNDER_ONE_CONDITION, 16, "hold on the same day"),
        ("    max: 10%", "    max: [{value: 10%, when: {fact: {a: b}}}]", 16, "'fact.a'"),
        ("    max: 10%", TWO_DEFAULTS, 19, "'default: true' of 'abn' stands twice"),
        ("    require: {rating: {min: AA+}}", STRICT_ELIGIBILITY, 23, "strict says nothing"),
        # dates that do not follow each other
        (
            "    max: 10%",
            TWO_VALUES.format(day="2022-06-30"),
            16,
            "2020-01-01 and from 2022-06-30 hold on the same day",
        ),
        ("    max: 10%", TWO_VALUES.format(day="2022-07-02"), 16, "no value holds between 2022-06-30 and 2022-07-02"),
        ("    max: 10%", TWICE_FROM_ONE_DAY, 16, "hold on the same day"),
        # YAML that is more than data
        ("    of: nav", "    of: &x nav", 15, "Anchors and aliases"),
        ("    of: nav", "    of: *x", 15, "Anchors and aliases|not valid YAML"),
        ("    of: nav", "    of: !!python/object:os.system nav", 15, ""),
        ("    of: nav", "    of: [nav", 15, "never closed"),
    ],
)
def test_it_says_what_is_wrong_and_where(tmp_path: Path, old: str, new: str, line: int | None, words: str) -> None:
    error = load(tmp_path, swap(old, new))
    assert re.search(words, error.text()), error.text()
    if line is not None:
        assert error.where.line == line, error.text()


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{n}: &{n} [*{m}, *{m}]" for m, n in zip("abcdefgh", "bcdefghi", strict=True))
    assert "Anchors and aliases" in load(tmp_path, bomb).text()


def test_a_deep_nest_is_refused(tmp_path: Path) -> None:
    load(tmp_path, "rules: " + "[" * 5000 + "]" * 5000)


@pytest.mark.parametrize("raw", [b"", b"\x00\x01\x02\xff\xfe" * 50, b"- a\n- b\n", b"\xff\xfe\x00rulebook"])
def test_what_is_not_a_rulebook_at_all(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=r"mine\.yaml"):
        load_rulebook(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        load_rulebook(tmp_path / "mine.yaml")


def test_an_unknown_rulebook_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="nearest valid one is 'bank-own-book'"):
        find_rulebook("bank-ownbook")


def test_the_shipped_ones_are_all_there() -> None:
    expected = {"bank-own-book", "desk", "house", "public-fund-interval", "public-fund-open", "wealth-closed"}
    assert expected <= set(shipped_rulebooks())
    for name in shipped_rulebooks():
        assert find_rulebook(name).rules


def test_the_four_limits_the_owner_named_exist_by_name() -> None:
    where = {
        "nonstandard-share": ("public-fund-open", "public-fund-interval", "wealth-closed"),
        "tranche-of-nav-1pct": ("house",),
        "risk-weight-max": ("bank-own-book",),
        "rwa-budget": ("bank-own-book",),
        "liquidity-restricted-share": ("public-fund-open", "public-fund-interval"),
    }
    for rule, books in where.items():
        for book in books:
            assert rule in find_rulebook(book).rules, f"{book}/{rule}"


def test_without_is_taken_out_of_whatever_the_other_reading_makes_of_the_filter() -> None:
    """Two disputes over one filter: the four pairs of answers, in either order of writing."""
    from datetime import date

    from absalloc.compliance.case_books import book_of, mandate_of
    from absalloc.compliance.exact import evaluate_exact
    from absalloc.rulebook.load import _build
    from absalloc.yamlpos import parse_yaml

    first = (
        "{switch: abn, id: counts, default: true}",
        "{switch: abn, id: excluded, where: {product: [credit_abs, insurance_plan]}}",
    )
    second = (
        "{switch: insurance_plan, id: restricted, default: true}",
        "{switch: insurance_plan, id: free, without: {product: insurance_plan}}",
    )
    wanted = {
        ("counts", "restricted"): 7, ("counts", "free"): 3, ("excluded", "restricted"): 5, ("excluded", "free"): 1,
    }  # fmt: skip
    for readings in ((*first, *second), (*second, *first)):
        text = (
            "rulebook: two\nmodelled: {from: 2020-01-01, verified_until: 2030-01-01}\nsources: {d: {title: t}}\n"
            "rules:\n"
            "  - id: r\n    kind: share\n    title: {en: x, zh: x}\n"
            "    source: {document: d, article: '1', ref: X, confidence: secondary}\n"
            "    where: {product: [credit_abs, abn, insurance_plan]}\n    max: 100 yuan\n    readings:\n"
        ) + "".join(f"      - {reading}\n" for reading in readings)
        book = _build(parse_yaml(text, "two.yaml"), "two")
        for (abn, plan), total in wanted.items():
            data = {"name": "m", "institution": "trust", "rulebooks": ["two"], "amounts": {"nav": "100"}}
            mandate = mandate_of({**data, "readings": {"abn": abn, "insurance_plan": plan}})
            plain = {"factor": "1", "clean_price": "100", "dirty_price": "100"}
            lines = [
                {**plain, "tranche_id": product, "product": product, "face": face}
                for product, face in (("credit_abs", "1"), ("abn", "2"), ("insurance_plan", "4"))
            ]
            [found] = evaluate_exact([book_of(lines, mandate, date(2025, 6, 30), books=(book,))])
            assert found.value == total, (abn, plan)


@pytest.mark.parametrize(
    ("was", "now", "code", "line", "said"),
    [
        # A misspelt second column would silently not count: AAA where the other agency says AA.
        ("from: [rating.ccxi]", "from: [rating.ccxi, rating.lianh]", "rulebook.column_part", 5, "rating.lianhe"),
        (
            "{from: [rating.ccxi], take: lowest}",
            "{first_of: [core_debtor, isuer]}",
            "rulebook.column_part",
            5,
            "issuer",
        ),
        ("rating: {from: [rating.ccxi]", "originator: {from: [rating.ccxi]", "rulebook.column_taken", 5, "originator"),
        (
            "{from: [rating.ccxi], take: lowest}",
            "{first_of: [originator, coupon]}",
            "rulebook.column_kinds",
            5,
            "(rate)",
        ),
        ("{from: [rating.ccxi], take: lowest}", "{first_of: []}", "rulebook.combined_form", 5, "first_of"),
        (", take: lowest}", ", take: lowest, first_of: [issuer]}", "rulebook.combined_form", 5, "first_of"),
        ("{product: [credit_abs, abn]}", "{in_set: abs}", "rulebook.set_cycle", 7, "abs → abs"),
        (
            "  abs: {product: [credit_abs, abn]}",
            "  abs: {any: [{in_set: b}, {product: abn}]}\n  b: {not: {in_set: abs}}",
            "rulebook.set_cycle",
            7,
            "abs → b → abs",
        ),
    ],
)
def test_what_a_rulebook_defines_is_made_of_what_is_known(
    tmp_path: Path, was: str, now: str, code: str, line: int, said: str
) -> None:
    assert was in GOOD
    error = load(tmp_path, GOOD.replace(was, now))
    assert (error.code, error.where.line) == (code, line)
    assert said in error.text("en")


def test_sets_that_double_are_refused(tmp_path: Path) -> None:
    sets = ["  abs: {product: [credit_abs, abn]}", "  s0: {in_set: abs}"]
    sets += [f"  s{k}: {{any: [{{in_set: s{k - 1}}}, {{in_set: s{k - 1}}}]}}" for k in range(1, 60)]
    error = load(tmp_path, GOOD.replace("  abs: {product: [credit_abs, abn]}", "\n".join(sets)))
    assert (error.code, error.value) == (
        "rulebook.set_large",
        "s12",
    )  # s(k) is 2^(k+2) − 2 tests: 8,190 of s11, 16,382 of s12

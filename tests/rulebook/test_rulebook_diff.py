"""What changed between two days: against the dates of the laws, and against what resolve says on either side."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from absalloc.errors import BadInput
from absalloc.rulebook import Rulebook, find_rulebook, load_rulebook, shipped_rulebooks
from absalloc.rulebook.diff import Change, diff, reads_weights

MINE = """\
rulebook: mine
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {law: {title: A law}}
sets: {heavy: {risk_weight: {above: 100%}}}
rules:
  - id: changes
    kind: share
    title: {en: Changes, zh: 变}
    source: {document: law, article: "1", ref: X, confidence: text_seen}
    of: nav
    max: [{from: 2020-01-01, to: 2021-06-30, value: 10%}, {from: 2021-07-01, value: 8%}]
  - id: comes-and-goes
    kind: share
    title: {en: Comes and goes, zh: 来去}
    source: {document: law, article: "2", ref: X, confidence: text_seen}
    from: 2021-01-01
    to: 2021-12-31
    of: nav
    max: 5%
  - id: one-of-two
    kind: share
    status: draft
    title: {en: One of two, zh: 其一}
    source: {document: law, article: "3", ref: X, confidence: text_seen}
    of: nav
    max:
      - {value: 20%}
      - {from: 2022-03-01, value: 15%, when: {product: {operation: daily_open}}}
      - {from: 2022-09-01, value: 15%, strict: true, when: {product: {operation: daily_open}}}
  - id: weights-by-a-set
    kind: eligibility
    title: {en: Weights, zh: 权重}
    source: {document: law, article: "4", ref: X, confidence: text_seen}
    require: {not: {in_set: heavy}}
"""


@pytest.fixture
def mine(tmp_path: Path) -> Rulebook:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return load_rulebook(path)


def short(changes: tuple[Change, ...]) -> list[tuple[str, str, str, str | None, str | None]]:
    return [(str(c.day), c.rule.partition("/")[2], c.what, c.before, c.after) for c in changes]


def test_every_change_on_its_day(mine: Rulebook) -> None:
    assert short(diff([mine], date(2020, 1, 1), date(2030, 1, 1))) == [
        ("2021-01-01", "comes-and-goes", "begins", None, None),
        ("2021-07-01", "changes", "value", "10%", "8%"),
        ("2022-01-01", "comes-and-goes", "ends", None, None),
        ("2022-03-01", "one-of-two", "value", None, "15%"),
        ("2022-09-01", "one-of-two", "value", "15%", "15% (strict)"),
        ("2024-01-01", "weights-by-a-set", "weights", "cbrc-2012", "nfra-2023"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        ("2021-06-30", "2021-07-01", 1),  # the day itself is told
        ("2021-07-01", "2021-12-31", 0),  # the day before was told already
        ("2021-06-29", "2021-06-30", 0),
        ("2021-07-01", "2021-07-01", 0),
    ],
)
def test_after_the_first_day_and_on_the_second(mine: Rulebook, first: str, second: str, n: int) -> None:
    assert len(diff([mine], date.fromisoformat(first), date.fromisoformat(second))) == n


def test_parts_of_a_time_add_up(mine: Rulebook) -> None:
    first, last = date(2020, 1, 1), date(2025, 1, 1)
    whole = diff([mine], first, last)
    for middle in (date(2021, 7, 1), date(2022, 1, 1), date(2023, 5, 5)):
        assert diff([mine], first, middle) + diff([mine], middle, last) == whole


def test_a_regime_that_is_named_does_not_change(mine: Rulebook) -> None:
    assert diff([mine], date(2023, 12, 31), date(2024, 1, 1), regime="cbrc-2012") == ()


def test_capital_rules_changed_on_2024_01_01() -> None:
    books = [find_rulebook(name) for name in shipped_rulebooks()]
    found = diff(books, date(2023, 12, 31), date(2024, 1, 1))
    assert {c.rule for c in found} == {"bank-own-book/rwa-budget", "bank-own-book/risk-weight-max"}
    assert {(c.what, c.before, c.after) for c in found} == {("weights", "cbrc-2012", "nfra-2023")}


def test_the_liquidity_rule_of_2017() -> None:
    found = diff([find_rulebook("public-fund-open")], date(2017, 9, 30), date(2017, 10, 1))
    assert short(found) == [("2017-10-01", "liquidity-restricted-share", "begins", None, None)]
    assert found[0].text() == (
        "2017-10-01: 'public-fund-open/liquidity-restricted-share' begins (Liquidity-restricted assets, share of NAV)"
    )


@pytest.mark.parametrize("name", shipped_rulebooks())
def test_nothing_else_changes_while_nothing_is_told(name: str) -> None:
    """On every day without a change the rules and values written are those of the day before."""
    book = find_rulebook(name)
    first, last = book.book.modelled.from_, book.book.modelled.verified_until
    told = {(c.rule.partition("/")[2], c.day) for c in diff([book], first, last)}
    for rule in book.rules.values():
        written = [rule, *(v for side in (rule.max, rule.min) if isinstance(side, tuple) for v in side)]
        edges = {item.from_ for item in written if item.from_}
        edges |= {item.to + timedelta(days=1) for item in written if item.to}
        edges = {day for day in edges if first < day <= last}
        weights = {date(2024, 1, 1)} if reads_weights(rule, book) else set()
        assert {day for rid, day in told if rid == rule.id} == edges | weights, rule.id


def test_it_reads_in_both_languages(mine: Rulebook) -> None:
    value, draft = (diff([mine], date(2020, 1, 1), date(2030, 1, 1))[n] for n in (1, 3))
    assert value.text() == "2021-07-01: 'mine/changes' goes from 10% to 8% (Changes)"
    assert value.text("zh") == "2021-07-01：“mine/changes”由10%改为8%（变）"
    assert draft.text() == (
        "2022-03-01: 'mine/one-of-two' goes from no value to 15% (One of two), "
        "where the product's operation is daily open [draft]"
    )
    assert draft.text("zh").endswith("适用于运作方式为每日开放〔征求意见稿〕")


def test_days_the_wrong_way_round(mine: Rulebook) -> None:
    with pytest.raises(BadInput, match="2021-01-01 is before 2022-01-01"):
        diff([mine], date(2022, 1, 1), date(2021, 1, 1))


def test_a_day_before_the_rulebook_is_modelled(mine: Rulebook) -> None:
    with pytest.raises(BadInput, match="'mine' is modelled from 2020-01-01"):
        diff([mine], date(2019, 12, 31), date(2021, 1, 1))

"""A disputed word is one switch through every document that has it: no rule with the word lacks the reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from absalloc.predicate import InSet, OneOf, leaves
from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.load import Rulebook
from absalloc.rulebook.models import Rule
from absalloc.rulebook.tax import tax_readings
from absalloc.terms import READING_SWITCHES

RULES = [(find_rulebook(book), rule) for book in shipped_rulebooks() for rule in find_rulebook(book).rules.values()]
ABS_ALONE = ("csrc-2006-93", "csrc-2015-120", "csrc-2017-12", "cbirc-2021-14", "cbirc-2021-20", "circ-2014-13")
"""Documents that say 资产支持证券 and do not name the notes (票据); 2023 No. 2 and 2020 No. 95 name both."""
NOTES_ARE_NAMED = {
    # Beside ABS these name bonds or 非金融企业债务融资工具, which a note is either way.
    "money-market-fund/remaining-term", "cash-management/remaining-term",
    # One obligor's bonds and products of any kind: no word for ABS.
    "insurer/single-entity",
}  # fmt: skip


def full(book: Rulebook, rule: Rule) -> str:
    return f"{book.id}/{rule.id}"


def products(book: Rulebook, rule: Rule) -> Iterator[str]:
    """Yield the products a rule's numerator names, those of its sets among them."""
    todo = [] if rule.where is None else [rule.where]
    for predicate in todo:
        for leaf in leaves(predicate):
            if isinstance(leaf, InSet):
                todo.append(book.book.sets[leaf.name])
            elif isinstance(leaf, OneOf) and leaf.column == "product":
                yield from leaf.values


def lacking(switch: str, wanted: set[str], names: Iterator[str] | list[str]) -> list[str]:
    """Return the rules of ``names`` that do not have all ``wanted`` readings of a switch."""
    rules = {full(book, rule): rule for book, rule in RULES}
    return [name for name in names if {r.id for r in rules[name].readings if r.switch == switch} != wanted]


def test_whether_notes_count_is_asked_wherever_the_law_says_abs_alone() -> None:
    asked = [
        full(book, rule)
        for book, rule in RULES
        if rule.source.document in ABS_ALONE and "abn" in products(book, rule) and "credit_abs" in products(book, rule)
    ]
    assert len(asked) > 25
    assert set(asked) >= NOTES_ARE_NAMED
    assert lacking("abn", {"counts", "excluded"}, [name for name in asked if name not in NOTES_ARE_NAMED]) == []


def test_whether_insurance_plans_are_restricted_is_asked_of_every_liquidity_clause() -> None:
    asked = [full(book, rule) for book, rule in RULES if rule.id.startswith("liquidity-restricted-share")]
    assert len(asked) == 7
    assert lacking("insurance_plan", {"restricted", "free"}, asked) == []


@pytest.mark.parametrize(
    ("word", "switch", "wanted", "least"),
    [
        ("原始权益人", "originator", {"nominal", "economic"}, 10),
        ("同一资产", "same_asset", {"tranche", "deal"}, 2),
        ("同一非标准化债权类资产", "same_asset", {"tranche", "deal"}, 1),
        ("指同一信用级别", "same_tranche", {"code", "grade"}, 4),
        ("资产支持证券规模", "size", {"issued", "outstanding"}, 4),
        ("合计规模", "size", {"issued", "outstanding"}, 4),
    ],
)
def test_a_quote_with_the_word_has_the_reading(word: str, switch: str, wanted: set[str], least: int) -> None:
    def said(rule: Rule) -> bool:
        words = [rule.source.quote or "", rule.title.zh if rule.source.quote is None else ""]
        return any(word in text for text in words)

    named = [
        full(book, rule)
        for book, rule in RULES
        # Two rules that add no ABS of an originator up quote the words for another figure of their sentence.
        if said(rule) and not (switch == "originator" and rule.by is None)
    ]
    assert len(named) >= least
    assert lacking(switch, wanted, named) == []


def test_no_two_readings_of_one_rule_change_the_same_thing() -> None:
    """The last one read would win, silently."""
    for book, rule in RULES:
        touched: dict[str, str] = {}
        for reading in rule.readings:
            for key in ("where", "by", "measure", "of"):
                if getattr(reading, key) is not None:
                    assert touched.setdefault(key, reading.switch) == reading.switch, full(book, rule)


def test_each_switch_is_used_has_one_default_and_the_same_names_everywhere() -> None:
    names: dict[str, set[tuple[str, ...]]] = {}
    for book, rule in RULES:
        for switch in {r.switch for r in rule.readings}:
            own = [r for r in rule.readings if r.switch == switch]
            assert [r.default for r in own].count(True) == 1, full(book, rule)
            names.setdefault(switch, set()).add(tuple(sorted(r.id for r in own)))
    for switch, ids in tax_readings().items():
        names.setdefault(switch, set()).add(tuple(sorted(ids)))
    assert set(names) == set(READING_SWITCHES)
    assert {switch: len(found) for switch, found in names.items() if len(found) > 1} == {}
